internal import Digests
internal import SystemFiles
public import SystemPackage

/// `plugin_manifest`: the digests of the plugins that may run, as sha256sum(1) writes them.
///
/// What is checked is what runs: the bytes whose digest was found in the manifest are kept in a folder that nobody but the
/// agent's user can write, and run from there.
public struct PluginManifest: Sendable {
    /// Why a plugin does not run, or the manifest cannot be used, as a sentence.
    public struct Refusal: Error, Sendable, CustomStringConvertible {
        /// The sentence.
        public let description: String
    }

    private let file: FilePath
    private let copies: FilePath?
    private let searchPath: [FilePath]
    /// SHA-256 in hexadecimal digits, by path.
    private let digests: [FilePath: String]

    /// The largest plugin.
    private static let largestPlugin = 64 << 20

    /// Reads a manifest.
    ///
    /// - Parameters:
    ///   - file: The manifest; relative paths in it are below its folder.
    ///   - copies: The folder for what was checked; `nil` = nothing is to run.
    ///   - path: The PATH of commands.
    public init(_ file: FilePath, copies: FilePath?, path: String) throws(Refusal) {
        self.file = file
        self.copies = copies
        searchPath = path.split(separator: ":").map { FilePath(String($0)) }
        do throws(SystemError) {
            digests = Self.parse(try Files.read(file, limit: 16 << 20), in: file.removingLastComponent())
        } catch {
            throw Refusal(description: "plugin_manifest: \(error)")
        }
    }

    /// Lines of a digest, a space, a space or an asterisk, and a path. A backslash in front of the line means that `\\` and
    /// `\n` in the path stand for a backslash and a line end. Other lines list nothing.
    static func parse(_ bytes: [UInt8], in folder: FilePath) -> [FilePath: String] {
        var digests: [FilePath: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let isEscaped = line.hasPrefix("\\")
            let digest = line.dropFirst(isEscaped ? 1 : 0).prefix(64)
            let rest = line[digest.endIndex...]
            guard digest.utf8.count == 64, digest.allSatisfy(\.isHexDigit), rest.hasPrefix("  ") || rest.hasPrefix(" *")
            else { continue }
            var name = String(rest.dropFirst(2))
            if isEscaped {
                name = name.split(separator: "\\\\", omittingEmptySubsequences: false)
                    .map { $0.replacing("\\n", with: "\n") }.joined(separator: "\\")
            }
            digests[realPath(folder.pushing(FilePath(name)))] = digest.lowercased()
        }
        return digests
    }

    private static func realPath(_ path: FilePath) -> FilePath {
        (try? Files.realPath(path)) ?? path.lexicallyNormalized()
    }

    /// The command of a plugin with its program replaced by what was checked; that of a built-in plugin as it is.
    public func checked(_ command: String) throws(Refusal) -> String {
        guard let words = ShellWords.split(command), let name = words.first else {
            throw Refusal(
                description:
                    "plugin_manifest: it needs a shell, so what would run cannot be told: give it as a program with "
                    + "arguments")
        }
        guard BuiltInPlugins.all.contains(where: { $0.name == name }) else {
            return try line(words, from: 0)
        }
        // Built in as well, and runs what it is told to.
        guard name == NagiosPlugin.name, words.count > 2 else { return command }
        if words.count > 3 { return try line(words, from: 2) }
        guard let inner = ShellWords.split(words[2]), !inner.isEmpty else {
            throw Refusal(description: "plugin_manifest: it needs a shell, so what would run cannot be told")
        }
        return try line(Array(words.prefix(2)) + inner, from: 2)
    }

    private func line(_ words: [String], from index: Int) throws(Refusal) -> String {
        var words = words
        words[index] = try copy(of: words[index]).string
        return words.map { "'" + $0.replacing("'", with: #"'\''"#) + "'" }.joined(separator: " ")
    }

    /// The program of a name or path, which has to be listed as it is now.
    private func copy(of program: String) throws(Refusal) -> FilePath {
        guard !program.contains("/") || program.hasPrefix("/") else {
            throw Refusal(description: "plugin_manifest: \(program) is no absolute path")
        }
        let candidates = program.hasPrefix("/") ? [FilePath(program)] : searchPath.map { $0.appending(program) }
        guard let found = candidates.first(where: { (try? Files.status($0))?.type == .regular }) else {
            throw Refusal(description: "plugin_manifest: there is no program \(program)")
        }
        let path = Self.realPath(found)
        guard let listed = digests[path] else {
            throw Refusal(description: "plugin_manifest: \(path) is not listed in \(file): it does not run")
        }
        do {
            let bytes = try Files.read(path, limit: Self.largestPlugin)
            guard Digest.sha256(bytes).hexadecimal == listed else {
                throw Refusal(description: "plugin_manifest: \(path) is not as \(file) lists it: it does not run")
            }
            guard let copies else { return path }
            return try Self.keep(
                bytes, as: copies.appending(listed).appending(path.lastComponent?.string ?? "plugin"))
        } catch let error as SystemError {
            throw Refusal(description: "plugin_manifest: \(error)")
        } catch {
            throw Refusal(description: "\(error)")
        }
    }

    /// Keeps bytes as a program, in a folder that has their digest for a name.
    private static func keep(_ bytes: [UInt8], as copy: FilePath) throws(SystemError) -> FilePath {
        if let kept = try? Files.read(copy, limit: largestPlugin), kept == bytes { return copy }
        try Files.makeFolder(copy.removingLastComponent())
        try Files.replace(copy, with: bytes, permissions: [.ownerRead, .ownerWrite, .ownerExecute])
        return copy
    }
}
