internal import Glibc
internal import SystemFiles
public import SystemPackage

/// That a log of a wildcard has another name now.
public struct LogMove: Sendable, Hashable {
    /// The name under which it was read before.
    public let from: FilePath
    /// The one under which it is read now.
    public let to: FilePath
}

/// A log that a source names, perhaps by several names.
struct NamedLog {
    /// The name under which it is read: one that is no link, if there is one, and the first of these.
    private(set) var path: FilePath
    /// What is known of the file; `nil` where there is none, or it was not looked at.
    let status: Stat?
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

    private static func isLink(_ path: FilePath) -> Bool {
        (try? Files.status(path, followingLinks: false))?.type == .symbolicLink
    }

    fileprivate var identity: Identity? {
        guard let status, status.type == .regular else { return nil }
        return Identity(device: UInt64(status.rawValue.st_dev), inode: UInt64(status.rawValue.st_ino))
    }

    /// Where the file was left under one of its names; or else the log of its name, whatever file that was.
    private func position(among known: [FilePath: FilePosition]) -> FilePosition? {
        if otherNames.isEmpty { return known[path] }
        let ofFile = ([path] + otherNames).lazy.compactMap { known[$0] }.first { Identity(of: $0) == identity }
        return ofFile ?? known[path]
    }

    /// Where a file is to be read from.
    struct Start {
        /// `nil` the first time.
        let position: FilePosition?
    }

    /// Where the file is to be read from; `nil` where nothing is new in it.
    func positionToRead(in files: inout [FilePath: FilePosition]) -> Start? {
        let known = position(among: files)
        guard let known, LogFile.isUntouched(status, since: known) else { return Start(position: known) }
        for name in otherNames { files[name] = known }
        return nil
    }

    /// The files by name, beginning with the one after the one that had its turn last.
    static func all(_ paths: [FilePath], after last: FilePath?) -> [NamedLog] {
        if let path = paths.first, paths.count == 1 { return [NamedLog(path: path, status: try? Files.status(path))] }
        let sorted = paths.map { (path: $0, bytes: $0.bytes) }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        var logs: [NamedLog] = []
        var places: [Identity: Int] = [:]
        var hasLinks = false
        logs.reserveCapacity(sorted.count)
        places.reserveCapacity(sorted.count)
        for path in sorted.lazy.map(\.path) {
            let log = NamedLog(path: path, status: try? Files.status(path))
            if let identity = log.identity {
                if let place = places[identity] {
                    logs[place].add(path)
                    hasLinks = true
                    continue
                }
                places[identity] = logs.count
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

    /// Which file it is, as far as its numbers tell.
    fileprivate struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64

        init(device: UInt64, inode: UInt64) {
            self.device = device
            self.inode = inode
        }

        init(of position: FilePosition) { self.init(device: position.device, inode: position.inode) }
    }
}

extension LogPosition {
    /// A file of a wildcard that has another name of its own now, which no rotation would give it, is no new log: it goes on
    /// there from where it was left, and its old name begins anew.
    ///
    /// - Returns: The names, and what was lost where a file took the name of another one.
    mutating func moveRenamed(to logs: [NamedLog]) -> (moves: [LogMove], notes: [LogNote]) {
        // As nearly always, each has the name that it had, and there are no others.
        let isSame = logs.allSatisfy { log in
            files[log.path].map { NamedLog.Identity(of: $0) == log.identity } ?? false
        }
        if isSame, files.count == logs.reduce(0, { $0 + 1 + $1.otherNames.count }) { return ([], []) }
        var names: [NamedLog.Identity: NamedLog] = [:]
        var present: [FilePath: NamedLog.Identity] = [:]
        names.reserveCapacity(logs.count)
        present.reserveCapacity(logs.count)
        for log in logs {
            guard let identity = log.identity else { continue }
            names[identity] = log
            for name in [log.path] + log.otherNames { present[name] = identity }
        }
        var taken: Set<FilePath> = []
        var moves: [LogMove] = []
        var notes: [LogNote] = []
        let known = files
        /// What now has the file of a position.
        func holder(of position: FilePosition) -> NamedLog? {
            guard let log = names[NamedLog.Identity(of: position)], let file = try? LogFile(log.path) else {
                return nil
            }
            return (try? file.isFile(of: position)) == true ? log : nil
        }
        for (old, position) in known where position.size > 0 {
            let identity = NamedLog.Identity(of: position)
            guard present[old] != identity, let log = holder(of: position) else { continue }
            moves.append(LogMove(from: old, to: log.path))
            if !taken.contains(old) { files[old] = .nothingYet(after: position.predecessor) }
            let replaced = known[log.path]
            if let replaced, NamedLog.Identity(of: replaced) == identity { continue }
            files[log.path] = position
            taken.insert(log.path)
            if let replaced, replaced.size > replaced.offset, holder(of: replaced) == nil {
                notes.append(.missed(log.path, bytes: replaced.size - replaced.offset))
            }
        }
        return (moves, notes)
    }
}
