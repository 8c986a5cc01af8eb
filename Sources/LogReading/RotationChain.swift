internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// The files that continue a position, in the order in which they were written: the rotated file that it is in, those
/// that were rotated after it, and the one that has the log's name now.
struct RotationChain {
    /// The file that the position is in; `nil` if it is gone.
    var place: LogFile?
    /// What was written after it.
    var later: [LogFile]
    /// What was rotated before the first of all these.
    var predecessor: FilePosition.Predecessor
    /// Why some of what was written after it cannot be read.
    var unreadable: [LogFailure] = []
    /// Why nothing could be looked for.
    var obstacle: LogFailure?

    /// Looks for a position's file in the folder of the log.
    ///
    /// Where it is gone, what was rotated after its predecessor was not read either. And where the predecessor is gone
    /// too, then so is all that is older, and what is left was written later.
    ///
    /// A log without a rotated file that begins and ends, up to the position, as the log did, is a copy that took its
    /// place, as editors make it.
    ///
    /// - Parameters:
    ///   - current: The file that has the log's name.
    ///   - folders: What is known of folders; may be of a moment ago.
    /// - Returns: `nil` where the folder kept changing during the search, so that the order is not certain.
    static func find(
        _ position: FilePosition, of log: FilePath, current: LogFile?, in folders: FolderSnapshots
    ) throws(SystemError) -> RotationChain? {
        let home = RotationHome(of: log)
        let folder: RotationFolder
        do throws(SystemError) {
            folder = try RotationFolder(of: home, in: folders.snapshot(of: home.folder))
        } catch {
            guard error.code == .permissionDenied, let current else { throw error }
            return RotationChain(
                later: [current], predecessor: .unknown, obstacle: LogFailure(home.folder, .folderCannotBeListed))
        }
        // A rotation that happened since the log was opened makes it one of the rotated files.
        guard folder.logInode == current?.inode else {
            folders.forget(home.folder)
            return nil
        }
        // An inode alone does not tell whether the log was copied and emptied before it was renamed.
        let hasContent = position.size > 0 || position.predecessor == .unknown
        let place = hasContent ? folder.place(of: position) : nil
        if place == nil, position.tail.length >= Self.shortestProof, let current, try current.isCopy(of: position) {
            return RotationChain(place: current, later: [], predecessor: position.predecessor)
        }
        let names: [RotatedName] =
            if let place {
                place.name.map(folder.rotated(after:)) ?? []
            } else {
                switch position.predecessor {
                case .unknown: []
                case .none: folder.inOrder
                case .file(let head): folder.newest(beginningWith: head).map(folder.rotated(after:)) ?? folder.inOrder
                }
            }
        var chain = RotationChain(
            place: place?.file, later: [],
            predecessor: place == nil ? folder.predecessor(of: names.first) : position.predecessor)
        for name in names {
            do throws(LogFailure) {
                chain.later.append(try folder.open(name))
            } catch {
                if error.reason == .missing {
                    folders.forget(home.folder)
                    return nil
                }
                chain.unreadable.append(error)
            }
        }
        if !folder.snapshot.isCertainlyTrue {
            folders.forget(home.folder)
            guard try RotationFolder(of: home, in: folders.snapshot(of: home.folder)).inodes == folder.inodes else {
                return nil
            }
        }
        if let current { chain.later.append(current) }
        return chain
    }

    /// How many bytes before the position have to be the same for another file to be a copy of the log under its own name.
    private static let shortestProof = 64
}

/// Where the rotations of a log leave what they put away, and the name that it has there.
struct RotationHome {
    let folder: FilePath
    let name: FileName

    /// The log's own folder, but where the log is a link into another one: rotation renames the file and not the link.
    init(of log: FilePath) {
        let own = log.folder
        let linked = Self.target(of: log, in: own)
        folder = linked?.folder ?? own
        name = FileName(of: linked ?? log)
    }

    /// What a link to another folder holds. Where the log has no file for the moment, it still tells where it comes.
    private static func target(of log: FilePath, in folder: FilePath) -> FilePath? {
        guard let status = try? Files.status(log, followingLinks: false), status.type == .symbolicLink,
            let target = try? Files.linkTarget(log)
        else { return nil }
        let path = folder.pushing(target).lexicallyNormalized()
        return path.folder == folder.lexicallyNormalized() ? nil : path
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

    /// The number of the file that has the log's name.
    var logInode: UInt64? { inodes[logName] }

    /// Looks at what a folder has of a log.
    init(of home: RotationHome, in snapshot: FolderSnapshot) {
        path = home.folder
        logName = home.name
        self.snapshot = snapshot
        var inodes: [FileName: UInt64] = [:]
        var rotated: [(name: RotatedName, modified: Int64)] = []
        for name in snapshot.names(beginningWith: logName.stem) {
            let rotatedName = RotatedName(name, of: logName)
            guard name == logName || rotatedName != nil else { continue }
            // The log itself may be a link; rotation renames files.
            guard let status = try? Files.status(path.appending(name), followingLinks: name == logName),
                status.type == .regular
            else { continue }
            inodes[name] = UInt64(status.rawValue.st_ino)
            if let rotatedName { rotated.append((rotatedName, Int64(status.rawValue.st_mtim.tv_sec))) }
        }
        self.inodes = inodes
        self.inOrder = Self.ordered(rotated)
    }

    private static func ordered(_ rotated: [(name: RotatedName, modified: Int64)]) -> [RotatedName] {
        guard let newest = rotated.max(by: { $0.modified < $1.modified })?.name else { return [] }
        var byAge: [RotatedName.Age: RotatedName] = [:]
        for (name, _) in rotated where newest.isNewer(than: name) != nil {
            if byAge[name.age] == nil || name.packing == .none { byAge[name.age] = name }
        }
        return byAge.values.sorted { $1.isNewer(than: $0) == true }
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
        for name in inOrder where inodes[name.name] == position.inode {
            if let file = try? open(name), (try? file.isFile(of: position)) == true { return (name, file) }
        }
        for name in inOrder.reversed() {
            if let file = try? open(name), (try? file.isCopy(of: position)) == true { return (name, file) }
        }
        // Whoever renames it may give it another name. The number alone may be that of another log by now, which may begin
        // as this one does; so names that rotation gives come first.
        for name in snapshot.names(ofInode: position.inode) where name != logName {
            let rotated = RotatedName(name, of: logName)
            if let file = try? open(name, isGzip: rotated?.packing == .gzip), (try? file.isFile(of: position)) == true {
                return (rotated.flatMap { inOrder.contains($0) ? $0 : nil }, file)
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
        inOrder.filter { $0.isNewer(than: place) == true }
    }

    /// What was rotated before a file and holds something.
    ///
    /// - Parameter name: The rotated file; `nil` stands for the log itself.
    func predecessor(of name: RotatedName?) -> FilePosition.Predecessor {
        for older in inOrder.reversed() where name?.isNewer(than: older) ?? true {
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
