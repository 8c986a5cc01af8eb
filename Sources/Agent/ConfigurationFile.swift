internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// A configuration as lines of bytes, for changes that leave all else as it is: comments, line ends, and what is not
/// UTF-8.
struct ConfigurationText: Sendable, Hashable {
    private var lines: [[UInt8]]

    init(_ bytes: [UInt8]) {
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        // The last line's end is no line of its own.
        if lines.last?.isEmpty == true { lines.removeLast() }
    }

    var bytes: [UInt8] { lines.reduce(into: []) { $0 += $1 + [UInt8(ascii: "\n")] } }

    /// The value of a token's last line; `nil` where there is none, or it is empty.
    func value(of token: String) -> String? {
        guard let line = lines.last(where: { Self.token(of: $0) == token }) else { return nil }
        let text = String(decoding: line, as: UTF8.self)
        let value = text.drop(while: \.isWhitespace).dropFirst(token.count).drop(while: \.isWhitespace)
        return value.lastIndex { !$0.isWhitespace }.map { String(value[...$0]) }
    }

    /// Removes every line of some tokens.
    mutating func remove(_ tokens: Set<String>) {
        lines.removeAll { Self.token(of: $0).map(tokens.contains) ?? false }
    }

    /// Sets a token: its first line is replaced, further ones go, and where there is none, one is put in front, where it
    /// is certain to stand outside a module.
    mutating func set(_ token: String, to value: String) {
        let first = lines.firstIndex { Self.token(of: $0) == token }
        let ending: [UInt8] = lines.first?.last == UInt8(ascii: "\r") ? [UInt8(ascii: "\r")] : []
        let line = Array("\(token) \(value)".utf8) + ending
        guard let first else { return lines.insert(line, at: Self.isMarked(lines.first) ? 1 : 0) }
        lines[first] = line
        let later = lines[(first + 1)...].filter { Self.token(of: $0) != token }
        lines.replaceSubrange((first + 1)..., with: later)
    }

    // A byte order mark must stay in front of all.
    private static func isMarked(_ line: [UInt8]?) -> Bool { line?.starts(with: [0xEF, 0xBB, 0xBF]) == true }

    private static func token(of line: [UInt8]) -> String? {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let word = line.drop(while: isSpace).prefix { !isSpace($0) }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }
}

/// The file of a configuration, for changes that whoever reads it sees as one step.
struct ConfigurationFile: Sendable {
    /// The file itself; links to it stay.
    let path: FilePath
    private let status: Stat

    /// As large as the configurations that are read.
    private static let limit = 64 << 20

    init(_ path: FilePath) throws(SystemError) {
        self.path = try Files.realPath(path)
        status = try Files.status(self.path)
    }

    func read() throws(SystemError) -> ConfigurationText { ConfigurationText(try bytes()) }

    /// What it holds, byte for byte.
    func bytes() throws(SystemError) -> [UInt8] { try Files.read(path, limit: Self.limit) }

    /// Replaces the contents; owner, group and mode stay.
    func replace(with text: ConfigurationText) throws(SystemError) {
        try replace(with: text.bytes)
    }

    /// Replaces the contents byte for byte; owner, group and mode stay.
    func replace(with bytes: [UInt8]) throws(SystemError) {
        let beside = try write(bytes, beside: path)
        do throws(SystemError) {
            try Files.rename(beside, to: path)
        } catch {
            try? Files.remove(beside)
            throw error
        }
        try Files.syncFolder(path.removingLastComponent())
    }

    /// Makes another file with the owner, group and mode of this one.
    ///
    /// - Throws: ``SystemError``; `EEXIST` where the name is taken.
    func make(_ other: FilePath, with text: ConfigurationText) throws(SystemError) {
        let beside = try write(text.bytes, beside: other)
        defer { try? Files.remove(beside, missingIsFine: true) }
        // A second name, unlike a new one, never takes the place of a file that somebody made meanwhile.
        try systemCall("make", other.string) {
            beside.withPlatformString { beside in other.withPlatformString { link(beside, $0) } }
        }
        let folder = other.removingLastComponent()
        try Files.syncFolder(folder.isEmpty ? "." : folder)
    }

    private func write(_ bytes: [UInt8], beside target: FilePath) throws(SystemError) -> FilePath {
        let beside = target.removingLastComponent().appending(".\(target.lastComponent?.string ?? "").new")
        try Files.remove(beside, missingIsFine: true)
        let file = try OpenFile(beside, .writeOnly, options: [.create, .exclusiveCreate, .noFollow])
        do throws(SystemError) {
            try file.write(bytes)
            // The owner first: a change of it may clear bits of the mode.
            let now = try file.status()
            if now.userID != status.userID || now.groupID != status.groupID {
                try systemCall("give away", beside.string) {
                    fchown(file.descriptor.rawValue, status.userID.rawValue, status.groupID.rawValue)
                }
            }
            try systemCall("set the mode of", beside.string) {
                fchmod(file.descriptor.rawValue, status.permissions.rawValue)
            }
            try file.sync()
        } catch {
            try? Files.remove(beside)
            throw error
        }
        return beside
    }
}
