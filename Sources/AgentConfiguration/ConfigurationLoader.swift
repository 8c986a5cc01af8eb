internal import Glibc
internal import SystemFiles
public import SystemPackage
internal import TextEncodings

/// Reads a configuration from its files: the main one, what it includes, and the host's own local.conf.
public struct ConfigurationLoader: Sendable {
    /// The largest file that is read, and the most that all included files hold together, in bytes.
    public static let largestFile = 64 << 20
    /// How many files one configuration may include, nested ones counted.
    public static let mostIncludes = 1000
    /// How deep included files may include others.
    public static let deepestInclude = 16

    /// Reads a file whole, or throws an error whose description is a sentence.
    private let read: @Sendable (FilePath) throws -> [UInt8]
    /// The paths that match a shell wildcard pattern, sorted.
    private let expand: @Sendable (FilePath) -> [FilePath]

    /// A loader that reads the host's files.
    public init() {
        self.init(
            read: Self.readFile,
            expand: Self.glob)
    }

    /// A loader of other files, for tests.
    public init(
        read: @escaping @Sendable (FilePath) throws -> [UInt8], expand: @escaping @Sendable (FilePath) -> [FilePath]
    ) {
        self.read = read
        self.expand = expand
    }

    /// Reads a configuration.
    ///
    /// - Parameters:
    ///   - main: pandora_agent.conf.
    ///   - contents: What the main file would hold; `nil` = what it holds.
    ///   - local: local.conf, which need not exist.
    ///   - readOnlyOption: Whether the command line asked for read-only.
    /// - Throws: ``ConfigurationUnusable`` where the main file cannot be read, or local.conf is there and cannot be: to
    ///   run without the host's own decisions would be to run against them.
    public func load(
        main: FilePath, contents: [UInt8]? = nil, local: FilePath? = nil, readOnlyOption: Bool = false
    ) throws(ConfigurationUnusable) -> Configuration {
        let mainBytes: [UInt8]
        if let contents { mainBytes = contents } else { mainBytes = try bytes(of: main) }
        let mainFile = RawConfiguration(mainBytes, file: main)
        var builder = ConfigurationBuilder(main: main)
        let encoding = mainFile.namedEncoding
        var reader = IncludeReader(loader: self, encoding: encoding, stack: [main])
        let included = reader.read(includesOf: mainFile)
        builder.take(diagnostics: reader.diagnostics)
        for file in included { builder.take(included: file) }
        builder.take(main: mainFile)
        if let local, let localBytes = try optionalBytes(of: local) {
            builder.take(local: RawConfiguration(localBytes, file: local, encoding: encoding))
        }
        if let flag = readOnlyFlag(beside: main) { builder.addReadOnly(flag) }
        if readOnlyOption { builder.addReadOnly(.option) }
        return builder.finish()
    }

    /// Reads what decides about the process itself, before anything is done with the rest: the general tokens of the main
    /// file, and local.conf. No other file is opened, and there are no modules.
    ///
    /// Little memory is touched, as a process that is forked after it shares that, and each page would be copied when it is
    /// used again.
    ///
    /// - Throws: ``ConfigurationUnusable``, as ``load(main:contents:local:readOnlyOption:)``.
    public static func loadGeneral(main: FilePath, local: FilePath) throws(ConfigurationUnusable) -> Configuration {
        var builder = ConfigurationBuilder(main: main)
        let mainFile = RawConfiguration(try usable { try generalPart(of: main) }, file: main)
        builder.take(main: mainFile)
        if let bytes = try usable({ try ifThere { try generalPart(of: local) } }) {
            builder.take(local: RawConfiguration(bytes, file: local, encoding: mainFile.namedEncoding))
        }
        return builder.finish()
    }

    /// The file that says by being there, readable or not, that the agent is read-only.
    private func readOnlyFlag(beside main: FilePath) -> ReadOnlySource? {
        let path = main.removingLastComponent().appending("read_only")
        do {
            let line = try read(path).prefix { $0 != UInt8(ascii: "\n") }.prefix(200)
            return .file(path, reason: String(decoding: line, as: UTF8.self))
        } catch let error as SystemError where error.code == .noSuchFileOrDirectory {
            return nil
        } catch {
            return .file(path, reason: "")
        }
    }

    private func bytes(of path: FilePath) throws(ConfigurationUnusable) -> [UInt8] {
        try Self.usable { try read(path) }
    }

    private func optionalBytes(of path: FilePath) throws(ConfigurationUnusable) -> [UInt8]? {
        try Self.usable { try Self.ifThere { try read(path) } }
    }

    private static func usable<Result>(_ read: () throws -> Result) throws(ConfigurationUnusable) -> Result {
        do {
            return try read()
        } catch {
            throw ConfigurationUnusable("the configuration cannot be used: \(error)")
        }
    }

    private static func ifThere<Result>(_ read: () throws -> Result) throws -> Result? {
        do {
            return try read()
        } catch let error as SystemError where error.code == .noSuchFileOrDirectory {
            return nil
        }
    }

    @Sendable private static func readFile(_ path: FilePath) throws -> [UInt8] {
        let (bytes, isTruncated) = try open(path).readToEnd(limit: largestFile)
        if isTruncated { throw SystemError("read", path.string, .fileTooLarge) }
        return bytes
    }

    private static func generalPart(of path: FilePath) throws -> [UInt8] {
        var part = GeneralPart()
        var count = 0
        try open(path).forEachPiece { piece throws(SystemError) in
            count += piece.count
            if count > largestFile { throw SystemError("read", path.string, .fileTooLarge) }
            piece.withUnsafeBytes { part.take($0) }
        }
        part.finish()
        return part.bytes
    }

    /// Opens a regular file: a FIFO, for example, would pass for an empty one, and so for no decision at all.
    private static func open(_ path: FilePath) throws -> OpenFile {
        if let status = try? Files.status(path, followingLinks: false), status.type == .symbolicLink,
            !Files.exists(path)
        {
            throw ConfigurationUnusable("\(path) is a link that leads nowhere")
        }
        let file = try OpenFile(path, options: .nonBlocking)
        guard try file.status().type == .regular else { throw ConfigurationUnusable("\(path) is not a regular file") }
        return file
    }

    @Sendable private static func glob(_ pattern: FilePath) -> [FilePath] {
        var result = glob_t()
        defer { globfree(&result) }
        guard pattern.withPlatformString({ Glibc.glob($0, 0, nil, &result) }) == 0 else { return [] }
        return (0..<Int(result.gl_pathc)).compactMap { index in
            result.gl_pathv[index].map { FilePath(platformString: $0) }
        }
    }

    /// Follows `include` lines, depth first, so that what a file includes stands before its own modules.
    private struct IncludeReader {
        let loader: ConfigurationLoader
        let encoding: TextEncoding?
        var stack: [FilePath]
        var count = 0
        var byteCount = 0
        var diagnostics = DiagnosticLog()

        init(loader: ConfigurationLoader, encoding: TextEncoding?, stack: [FilePath]) {
            self.loader = loader
            self.encoding = encoding
            self.stack = stack.map { $0.lexicallyNormalized() }
        }

        mutating func read(includesOf file: RawConfiguration) -> [RawConfiguration] {
            var files: [RawConfiguration] = []
            for setting in file.general where setting.token == "include" && !setting.value.isEmpty {
                let position = file.position(setting)
                // FilePath keeps the pattern where it is absolute.
                let pattern = file.file.removingLastComponent().pushing(FilePath(setting.value))
                let paths = loader.expand(pattern)
                if paths.isEmpty {
                    diagnostics.report(.warning, at: position, "no file matches '\(pattern)'")
                }
                for path in paths {
                    switch read(path.lexicallyNormalized()) {
                    case .success(let found): files += found
                    case .failure(let refusal): diagnostics.report(.error, at: position, refusal.sentence)
                    }
                }
            }
            return files
        }

        /// Why a file is left out, as a sentence.
        private struct Refusal: Error {
            let sentence: String
        }

        private mutating func read(_ path: FilePath) -> Result<[RawConfiguration], Refusal> {
            func refusal(_ reason: String) -> Result<[RawConfiguration], Refusal> {
                .failure(Refusal(sentence: "'\(path)' is left out: \(reason)"))
            }
            if stack.contains(path) { return refusal("it includes itself") }
            // A link to a folder above gives one file ever longer names.
            guard stack.count <= ConfigurationLoader.deepestInclude else {
                return refusal("files include each other more than \(ConfigurationLoader.deepestInclude) deep")
            }
            guard count < ConfigurationLoader.mostIncludes else {
                return refusal("more than \(ConfigurationLoader.mostIncludes) included files")
            }
            count += 1
            let bytes: [UInt8]
            do {
                bytes = try loader.read(path)
            } catch {
                return refusal("\(error)")
            }
            byteCount += bytes.count
            guard byteCount <= ConfigurationLoader.largestFile else {
                return refusal("the included files hold more than \(ConfigurationLoader.largestFile) bytes")
            }
            let file = RawConfiguration(bytes, file: path, encoding: encoding ?? .utf8)
            stack.append(path)
            defer { stack.removeLast() }
            return .success(read(includesOf: file) + [file])
        }
    }
}
