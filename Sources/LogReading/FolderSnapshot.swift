internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// The names in a folder at one moment.
///
/// A glob may have ten thousand logs in one folder; to list it for each of them would cost the square of that.
final class FolderSnapshot {
    let path: FilePath
    /// Sorted by their bytes.
    let names: [FileName]
    /// When the folder was changed last before it was listed, in nanoseconds since 1970 (st_mtim).
    private let changed: Int64
    /// When it was listed.
    private let taken: Int64
    private var inodes: [UInt64: [FileName]]?

    /// How much older than the listing a change has to be for its time to tell it from the next one: file systems keep
    /// times by the kernel's ticks, of 10 ms at most.
    private static let settlingTime: Int64 = 100_000_000

    /// Lists a folder.
    init(of path: FilePath) throws(SystemError) {
        self.path = path
        taken = timespec.now(of: CLOCK_REALTIME).nanoseconds
        changed = try Files.status(path).rawValue.st_mtim.nanoseconds
        names = try Files.names(in: path).map { FileName($0) }
    }

    /// Whether nothing was made, renamed or removed in the folder since, as far as its time can tell for certain.
    var isCertainlyTrue: Bool {
        guard taken - changed > Self.settlingTime, let status = try? Files.status(path) else { return false }
        return status.rawValue.st_mtim.nanoseconds == changed
    }

    /// The names that begin with some bytes.
    func names(beginningWith bytes: ArraySlice<UInt8>) -> ArraySlice<FileName> {
        let start = names.partitioningIndex { !$0.bytes.lexicographicallyPrecedes(bytes) }
        return names[start...].prefix { $0.bytes.starts(with: bytes) }
    }

    /// The names of regular files that have a number.
    func names(ofInode inode: UInt64) -> [FileName] {
        if inodes == nil {
            var found: [UInt64: [FileName]] = [:]
            for name in names {
                guard let status = try? Files.status(path.appending(name), followingLinks: false),
                    status.type == .regular
                else { continue }
                found[UInt64(status.rawValue.st_ino), default: []].append(name)
            }
            inodes = found
        }
        return inodes?[inode] ?? []
    }
}

/// The folders that one reading looks at, each of which is listed once while it stays as it is.
final class FolderSnapshots {
    private var known: [FilePath: FolderSnapshot] = [:]

    /// The names in a folder, perhaps as they were a moment ago.
    func snapshot(of folder: FilePath) throws(SystemError) -> FolderSnapshot {
        if let snapshot = known[folder] { return snapshot }
        let snapshot = try FolderSnapshot(of: folder)
        known[folder] = snapshot
        return snapshot
    }

    /// Has a folder listed anew the next time.
    func forget(_ folder: FilePath) {
        known[folder] = nil
    }
}
