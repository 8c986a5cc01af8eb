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
    /// Whether there are more files than can be open at once; they are for the next reading.
    var isCut = false
    /// The file of the position, where its name does not tell what was rotated after it.
    var placeOfNoOrder: FilePath?
    /// Why nothing could be looked for.
    var obstacle: LogFailure?

    /// Leaves out all that was written after the position's file.
    mutating func endAtPlace() {
        later = []
        unreadable = []
        isCut = false
        placeOfNoOrder = nil
    }

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
        let namesAfterPlace = place.flatMap { folder.written(after: $0) }
        let names: [RotatedName] =
            if place != nil {
                namesAfterPlace ?? []
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
        if let place, namesAfterPlace == nil, current != nil { chain.placeOfNoOrder = place.file.path }
        for name in names {
            do throws(LogFailure) {
                chain.later.append(try folder.open(name))
                if chain.later.count < Self.mostFiles { continue }
                // What holds nothing may still be written to, but must not keep the next files from being seen.
                guard let empty = chain.later.firstIndex(where: { $0.size == 0 }) else {
                    chain.isCut = true
                    break
                }
                chain.later.remove(at: empty)
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
        if let current, !chain.isCut { chain.later.append(current) }
        return chain
    }

    /// How many files are open at once.
    private static let mostFiles = 100

    /// How many bytes before the position have to be the same for another file to be a copy of the log under its own name.
    private static let shortestProof = 64
}
