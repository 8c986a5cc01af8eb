internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// Where the rotations of a log leave what they put away, and the names that it has there.
struct RotationHome {
    let folder: FilePath
    /// The name of the file that is the log now.
    let name: FileName
    /// The log's own name, where it is a link in the same folder.
    let linkName: FileName?
    /// Whether the log is a link. Then its files may have numbers or dates, and the link leads to the last one of them.
    let isLink: Bool
    /// Whose files alone may be read through the link; `nil` = everybody's, as whoever made it may read them anyway.
    let onlyOwner: UInt32?

    /// The log's own folder, but where the log is a link into another one: rotation renames the file and not the link.
    init(of log: FilePath) {
        let (target, owner) = Self.target(of: log)
        folder = (target ?? log).folder
        name = FileName(of: target ?? log)
        isLink = target != nil
        onlyOwner = owner.flatMap { $0 == 0 || $0 == geteuid() ? nil : $0 }
        linkName = target?.folder.lexicallyNormalized() == log.folder.lexicallyNormalized() ? FileName(of: log) : nil
    }

    /// What a link leads to, and whose it is. Where the log has no file for the moment, it still tells where it comes.
    private static func target(of log: FilePath) -> (path: FilePath?, owner: UInt32?) {
        guard let status = try? Files.status(log, followingLinks: false), status.type == .symbolicLink,
            let target = try? Files.linkTarget(log)
        else { return (nil, nil) }
        return (log.folder.pushing(target).lexicallyNormalized(), status.rawValue.st_uid)
    }
}

/// A log and what rotations left of it in its folder, at one moment.
struct RotationFolder {
    let path: FilePath
    /// The number of each of these files.
    let inodes: [FileName: UInt64]
    /// What rotations of the log left, the oldest first. Where a generation is there both packed and not, as during
    /// the packing, only the unpacked one counts; and of two ways of naming, the one that was used last.
    let inOrder: [RotatedName]
    let snapshot: FolderSnapshot
    private let logName: FileName
    /// Files that the link may have led to before, by their names, the oldest first. Nothing else tells that it did, so
    /// only those count that lie between one that it is known to have led to and the present one.
    private let siblings: [RotatedName]

    /// The number of the file that has the log's name.
    var logInode: UInt64? { inodes[logName] }

    /// Looks at what a folder has of a log.
    init(of home: RotationHome, in snapshot: FolderSnapshot) {
        path = home.folder
        logName = home.name
        self.snapshot = snapshot
        var inodes: [FileName: UInt64] = [:]
        var modified: [FileName: Int64] = [:]
        var rotated: [RotatedName] = []
        var siblings: [RotatedName] = []
        let series = home.isLink ? NameSeries(home.name) : nil
        for name in Self.candidates(home, series, in: snapshot) {
            let rotatedName =
                RotatedName(name, of: logName) ?? series.flatMap { RotatedName(name, in: $0) }
                ?? home.linkName.flatMap { RotatedName(name, of: $0) }
            guard name == logName || rotatedName != nil else { continue }
            // The log itself may be a link; rotation renames files.
            guard let status = try? Files.status(path.appending(name), followingLinks: name == logName),
                status.type == .regular
            else { continue }
            if let owner = home.onlyOwner, status.rawValue.st_uid != owner { continue }
            inodes[name] = UInt64(status.rawValue.st_ino)
            modified[name] = status.rawValue.st_mtim.nanoseconds
            guard name != logName, name != home.linkName, var rotatedName else { continue }
            if case .written = rotatedName.age { rotatedName.age = .written(status.rawValue.st_mtim.nanoseconds) }
            switch rotatedName.age {
            case .series(let numbers):
                if series.map({ numbers.lexicographicallyPrecedes($0.last) }) ?? false { siblings.append(rotatedName) }
            default: rotated.append(rotatedName)
            }
        }
        self.inodes = inodes
        inOrder = Self.ordered(rotated, modified)
        self.siblings = Self.ordered(siblings, modified)
    }

    /// What rotations of a log put away last; unknown where its folder cannot be listed.
    static func newestRotated(of log: FilePath, in folders: FolderSnapshots) -> FilePosition.Predecessor {
        let home = RotationHome(of: log)
        let snapshot = try? folders.snapshot(of: home.folder)
        return snapshot.map { RotationFolder(of: home, in: $0).predecessor(of: nil) } ?? .unknown
    }

    /// Names that may be those of rotated files.
    private static func candidates(
        _ home: RotationHome, _ series: NameSeries?, in snapshot: FolderSnapshot
    ) -> Set<FileName> {
        var names = Set(snapshot.names(beginningWith: home.name.stem))
        if let linkName = home.linkName { names.formUnion(snapshot.names(beginningWith: linkName.stem)) }
        if let series { names.formUnion(snapshot.names(beginningWith: series.beginning)) }
        if let beginning = RotatedName.otherBeginning(of: home.name) {
            names.formUnion(snapshot.names(beginningWith: beginning))
        }
        return names
    }

    private static func ordered(_ rotated: [RotatedName], _ modified: [FileName: Int64]) -> [RotatedName] {
        guard let newest = rotated.max(by: { modified[$0.name] ?? 0 < modified[$1.name] ?? 0 }) else { return [] }
        var byAge: [RotatedName.Age: RotatedName] = [:]
        for name in rotated where newest.isNewer(than: name) != nil {
            if byAge[name.age] == nil || name.packing == .none { byAge[name.age] = name }
        }
        return byAge.values.sorted { $1.isNewer(than: $0) == true }
    }

    /// What was written after a file, the oldest first; `nil` where its name does not tell.
    func written(after place: (name: RotatedName?, file: LogFile)) -> [RotatedName]? {
        guard let name = place.name else { return nil }
        guard case .series = name.age else { return rotated(after: name) }
        return siblings.drop { $0 != name }.dropFirst() + inOrder
    }

    /// Opens a file, which is missing if it is not the one any more that was listed.
    func open(_ name: RotatedName) throws(LogFailure) -> LogFile {
        if name.packing == .other { throw LogFailure(path.appending(name.name), .packed) }
        return try open(name.name, isGzip: name.packing == .gzip)
    }

    private func open(_ name: FileName, isGzip: Bool) throws(LogFailure) -> LogFile {
        let path = path.appending(name)
        let file = try LogFile(path, isGzip: isGzip)
        if let inode = inodes[name], file.inode != inode { throw LogFailure(path, .missing) }
        return file
    }

    /// The file that a position is in: the same inode under whatever name, or else a copy under a rotated name.
    /// Files that cannot be read are not it.
    func place(of position: FilePosition) -> (name: RotatedName?, file: LogFile)? {
        for name in siblings + inOrder where inodes[name.name] == position.inode {
            if let file = try? open(name), (try? file.isFile(of: position)) == true { return (name, file) }
        }
        for name in (siblings + inOrder).reversed() {
            if let file = try? open(name), (try? file.isCopy(of: position)) == true { return (name, file) }
        }
        // Whoever renames it may give it another name. The number alone may be that of another log by now, which may begin
        // as this one does; so names that rotation gives come first.
        for name in snapshot.names(ofInode: position.inode) where name != logName {
            if let file = try? open(name, isGzip: RotatedName.isGzip(name)), (try? file.isFile(of: position)) == true {
                return (nil, file)
            }
        }
        // What was written between copytruncate's copy and its truncation may have been read: the copy is shorter then. The
        // log is the same file, emptied, or the position is in that copy already, while the log was empty; else this would
        // take any file with the same first bytes.
        for name in inOrder.reversed() {
            if let file = try? open(name), [logInode, file.inode].contains(position.inode),
                (try? file.isShorterCopy(of: position)) == true
            {
                return (name, file)
            }
        }
        return nil
    }

    /// The newest of the rotated files that begin with certain bytes.
    func newest(beginningWith head: Fingerprint) -> RotatedName? {
        inOrder.last { name in (try? open(name)).flatMap { try? $0.begins(with: head) } ?? false }
    }

    /// What was rotated after a file, the oldest first.
    func rotated(after place: RotatedName) -> [RotatedName] {
        Array(inOrder.drop { $0 != place }.dropFirst())
    }

    /// What was rotated before a file and holds something.
    ///
    /// - Parameter name: The rotated file; `nil` stands for the log itself.
    func predecessor(of name: RotatedName?) -> FilePosition.Predecessor {
        for older in inOrder.prefix(while: { $0 != name }).reversed() {
            guard let head = (try? open(older)).flatMap({ try? $0.head() }) else { return .unknown }
            if head.length > 0 { return .file(head) }
        }
        return .none
    }
}

extension FilePath {
    /// The folder that holds what the path leads to.
    var folder: FilePath {
        let above = removingLastComponent()
        return above.isEmpty ? "." : above
    }
}
