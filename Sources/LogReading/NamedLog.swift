internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// A log that a source names, perhaps by several names.
struct NamedLog {
    /// The name under which it is read: one that is no link, if there is one, and the first of these.
    private(set) var path: FilePath
    /// What is known of the file; `nil` where there is none, or it was not looked at.
    let status: Stat?
    /// Whether it is a rotated file that is read to its end by itself.
    var isPast = false
    /// Other names of the same file, which is read once.
    private(set) var otherNames: [FilePath] = []

    private init(path: FilePath, status: Stat?) {
        self.path = path
        self.status = status
    }

    /// Takes one more name of the file.
    ///
    /// A link is no log where its file has a name of its own: to what it led before is a log of its own, too, and will be
    /// read as that.
    private mutating func add(_ name: FilePath) {
        if Self.isLink(path), !Self.isLink(name) {
            otherNames.append(path)
            path = name
        } else {
            otherNames.append(name)
        }
    }

    static func isLink(_ path: FilePath) -> Bool {
        (try? Files.status(path, followingLinks: false))?.type == .symbolicLink
    }

    /// `nil` where it is no file.
    var numbers: FileNumbers? {
        guard let status, status.type == .regular else { return nil }
        return FileNumbers(device: UInt64(status.rawValue.st_dev), inode: UInt64(status.rawValue.st_ino))
    }

    /// Where the file was left under one of its names; or else the log of its name, whatever file that was.
    private func position(among known: [FilePath: FilePosition]) -> FilePosition? {
        if otherNames.isEmpty { return known[path] }
        let ofFile = ([path] + otherNames).lazy.compactMap { known[$0] }.first { FileNumbers(of: $0) == numbers }
        return ofFile ?? known[path]
    }

    /// What is to be done with the file.
    enum Reading {
        /// Nothing is new in it.
        case none
        /// It is read from where it was left; from `nil` the first time.
        case from(FilePosition?)
    }

    /// Where the file is to be read from.
    func reading(in files: inout [FilePath: FilePosition]) -> Reading {
        let known = position(among: files)
        guard let known, LogFile.isUntouched(status, since: known) else { return .from(known) }
        for name in otherNames { files[name] = known }
        return .none
    }

    /// The files by name, beginning with the one after the one that had its turn last.
    static func all(_ paths: [FilePath], after last: FilePath?) -> [NamedLog] {
        if let path = paths.first, paths.count == 1 { return [NamedLog(path: path, status: try? Files.status(path))] }
        let sorted = paths.map { (path: $0, bytes: $0.bytes) }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        var logs: [NamedLog] = []
        var places: [FileNumbers: Int] = [:]
        var hasLinks = false
        logs.reserveCapacity(sorted.count)
        places.reserveCapacity(sorted.count)
        for path in sorted.lazy.map(\.path) {
            let log = NamedLog(path: path, status: try? Files.status(path))
            if let numbers = log.numbers {
                if let place = places[numbers] {
                    logs[place].add(path)
                    hasLinks = true
                    continue
                }
                places[numbers] = logs.count
            }
            logs.append(log)
        }
        if hasLinks { logs.sort { $0.path.bytes.lexicographicallyPrecedes($1.path.bytes) } }
        let next = last.flatMap { last in
            let bytes = last.bytes
            return logs.firstIndex { bytes.lexicographicallyPrecedes($0.path.bytes) }
        }
        return Array(logs[(next ?? 0)...] + logs[..<(next ?? 0)])
    }
}

/// The numbers of a file. Once it is deleted, another one may have them.
struct FileNumbers: Hashable {
    let device: UInt64
    let inode: UInt64

    init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }

    init(of position: FilePosition) { self.init(device: position.device, inode: position.inode) }
}
