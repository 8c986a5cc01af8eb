internal import SystemFiles
internal import SystemPackage

/// The way through a configuration's files, from each to those that it includes: what was read, and what kept the rest from it.
struct IncludeWalk: Sendable, Hashable {
    /// Bounds that no configuration that people write comes near.
    struct Limits: Sendable, Hashable {
        /// How many bytes one file has.
        let file: Int
        /// How many files there are in all, those that are read again counted again.
        let files: Int
        /// How deep includes nest; the main file is 0 deep.
        let depth: Int
    }

    /// What is at the path that somebody includes.
    enum Place: Sendable, Hashable {
        case file([UInt8])
        case folder
    }

    /// Every file that was read, each once.
    private(set) var files: [FilePath] = []
    /// What keeps the rest from being read, as sentences.
    private(set) var obstacles: [String] = []
    /// Whether a bound was reached, after which nothing more is read.
    private(set) var isOver = false

    private let limits: Limits
    private var count = 0

    init(_ limits: Limits) { self.limits = limits }

    /// Reads a file; `nil` where it cannot be read, which is noted, or where the walk is over.
    mutating func read(_ path: FilePath, on host: AuditedHost, depth: Int) -> Place? {
        if isOver { return nil }
        count += 1
        guard depth <= limits.depth, count <= limits.files else {
            note("\(path): too many files are included")
            isOver = true
            return nil
        }
        do throws(SystemError) {
            let bytes = try Files.read(host.path(path), limit: limits.file)
            if !files.contains(path) { files.append(path) }
            return .file(bytes)
        } catch {
            if error.code == .isDirectory { return .folder }
            note("\(path): \(error.code)")
            return nil
        }
    }

    /// The files of a path with wildcards, in the order of their names; a folder that cannot be listed is noted.
    mutating func matches(of pattern: FilePath, on host: AuditedHost) -> [FilePath] {
        let found = HostGlob.files(pattern, on: host)
        if let unreadable = found.unreadable { note("\(unreadable): its files cannot be listed by this user") }
        return found.files
    }

    /// Notes what keeps a part from being read, as a sentence.
    mutating func note(_ obstacle: String) { obstacles.append(obstacle) }
}
