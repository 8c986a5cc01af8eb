internal import Digests
internal import Glibc
internal import Synchronization
internal import SystemFiles
internal import SystemPackage

/// What watched files were like when somebody last said that all is well, kept in the state folder.
struct FileBaseline: Sendable, Hashable {
    /// What a file was like.
    struct Entry: Sendable, Hashable {
        /// The SHA-256 digest of its bytes as hexadecimal digits; ``absent`` where there was no file, ``unread`` where it
        /// was not readable.
        var content: String
        /// The mode of its permissions, with the set-user and set-group bits.
        var mode: UInt32 = 0
        /// Its owner.
        var user: UInt32 = 0
        /// Its group.
        var group: UInt32 = 0

        static let absent = "absent"
        static let unread = "unread"
    }

    /// The files of each check, by the check's identifier and the path on the host.
    private(set) var checks: [String: [String: Entry]] = [:]
    /// When the files of each check were remembered, in seconds since 1970.
    private(set) var times: [String: Int64] = [:]

    /// The files that a check remembered; `nil` where it never did.
    func entries(of check: String) -> [String: Entry]? { checks[check] }

    /// Remembers what the files of a check are like.
    mutating func remember(_ entries: [String: Entry], of check: String, at time: Int64) {
        checks[check] = entries
        times[check] = time
    }
}

// MARK: its text

extension FileBaseline {
    private static let heading = "# pandora-agent integrity 1"

    /// The form in which it is kept: a heading, and for each check a line with its time, then a line for each file:
    /// content, mode, user, group and path, in an order of its own.
    var text: String {
        var text = Self.heading + "\n"
        for (check, entries) in checks.sorted(by: { $0.key < $1.key }) {
            text += "check \(check) \(times[check] ?? 0)\n"
            for (path, entry) in entries.sorted(by: { $0.key < $1.key }) {
                let mode = String(entry.mode, radix: 8)
                text += "\(entry.content) \(mode) \(entry.user) \(entry.group) \(Self.escaped(path))\n"
            }
        }
        return text
    }

    /// Reads what ``text`` wrote; `nil` for everything else: half a baseline would hide changes.
    init?(text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst() == Self.heading[...], lines.popLast()?.isEmpty == true else { return nil }
        var check: String?
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
            if words.count == 3, words[0] == "check", let time = Int64(words[2]) {
                check = String(words[1])
                checks[String(words[1])] = [:]
                times[String(words[1])] = time
                continue
            }
            guard let check, words.count == 5, let mode = UInt32(words[1], radix: 8), let user = UInt32(words[2]),
                let group = UInt32(words[3]), let path = Self.unescaped(words[4])
            else { return nil }
            checks[check]?[path] = Entry(content: String(words[0]), mode: mode, user: user, group: group)
        }
    }

    /// A path in one line: control characters and `%` as `%` with two hexadecimal digits.
    private static func escaped(_ path: String) -> String {
        var text: [UInt8] = []
        for byte in path.utf8 {
            if byte < 0x20 || byte == UInt8(ascii: "%") {
                text += "%\([byte].hexadecimal)".utf8
            } else {
                text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: the host

extension FileBaseline {
    /// The largest file that is watched.
    private static let largestFile = 64 << 20

    /// What a file of the host is like now.
    static func look(at path: FilePath, on host: AuditedHost) -> Entry {
        let place = host.path(path)
        do throws(SystemError) {
            let status = try Files.status(place)
            var entry = Entry(
                content: Entry.unread, mode: UInt32(status.rawValue.st_mode & 0o7777),
                user: status.userID.rawValue, group: status.groupID.rawValue)
            guard status.type == .regular, status.size <= largestFile else { return entry }
            if let digest = try? digest(of: place) { entry.content = digest }
            return entry
        } catch {
            return Entry(content: error.code == .noSuchFileOrDirectory ? Entry.absent : Entry.unread)
        }
    }

    private static func digest(of path: FilePath) throws(SystemError) -> String {
        let file = try OpenFile(path, options: .nonBlocking)
        var stream = DigestStream(.sha256)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer)
            if count == 0 { break }
            stream.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return stream.finish().hexadecimal
    }

    /// What is different, as phrases; empty where nothing is, as far as can be seen.
    static func differences(_ before: Entry, _ now: Entry) -> [String] {
        if before.content == now.content, before.content == Entry.absent { return [] }
        if now.content == Entry.absent { return ["is gone"] }
        if before.content == Entry.absent { return ["is new"] }
        var differences: [String] = []
        if before.content != now.content, before.content != Entry.unread, now.content != Entry.unread {
            differences.append("has another content")
        }
        // A file that could not even be inspected has no mode.
        if before.mode != now.mode, before.mode != 0, now.mode != 0 {
            differences.append(
                "has the mode \(String(now.mode, radix: 8)), not \(String(before.mode, radix: 8))")
        }
        if (before.user, before.group) != (now.user, now.group), before.mode != 0, now.mode != 0 {
            differences.append("belongs to \(now.user):\(now.group), not to \(before.user):\(before.group)")
        }
        return differences
    }
}

extension FileBaseline {
    /// What is kept in a state folder.
    enum Stored: Sendable, Hashable {
        case none
        case baseline(FileBaseline)
        /// It is there and cannot be used; the phrase says why.
        case unusable(String)
    }

    private static let limit = 16 << 20

    /// Reads the baseline of a state folder.
    static func stored(at path: FilePath) -> Stored {
        do throws(SystemError) {
            let bytes = try Files.read(path, limit: limit)
            guard let baseline = FileBaseline(text: String(decoding: bytes, as: UTF8.self)) else {
                return .unusable("\(path) is damaged")
            }
            return .baseline(baseline)
        } catch {
            return error.code == .noSuchFileOrDirectory ? .none : .unusable(error.description)
        }
    }
}

extension AuditedHost {
    /// Where the baseline is; `nil` where nothing may be remembered.
    var baselineFile: FilePath? { settings.baselineFile ?? stateFolder?.appending("audit/integrity") }

    /// Keeps a changed baseline: everybody who may enter the folder may read it, so that the one that root took serves the
    /// agent's user too.
    func keep(_ baseline: FileBaseline, at file: FilePath) throws(SystemError) {
        try Files.makeFolder(file.removingLastComponent())
        try Files.replace(file, with: baseline.text.utf8, permissions: [.ownerReadWrite, .groupRead, .otherRead])
        memory.baseline.withLock { $0 = .baseline(baseline) }
    }

    /// The baseline; its file is read once.
    func baseline(at file: FilePath) -> FileBaseline.Stored {
        memory.baseline.withLock { known in
            let stored = known ?? FileBaseline.stored(at: file)
            known = stored
            return stored
        }
    }
}
