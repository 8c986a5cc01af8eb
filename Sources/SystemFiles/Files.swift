internal import Glibc
public import SystemPackage

/// Whole-file operations by path. Each makes the system calls that its name says and no others.
public enum Files {
    /// What stat(2) says of what a path leads to, or lstat(2) of the path itself.
    public static func status(_ path: FilePath, followingLinks: Bool = true) throws(SystemError) -> Stat {
        var result = stat()
        try systemCall("inspect", path.string) {
            path.withPlatformString { followingLinks ? stat($0, &result) : lstat($0, &result) }
        }
        return Stat(rawValue: result)
    }

    /// Whether the path leads to something.
    public static func exists(_ path: FilePath) -> Bool {
        (try? status(path)) != nil
    }

    /// How many bytes ordinary users can still write on the file system of a path (statvfs(3)).
    public static func availableBytes(at path: FilePath) throws(SystemError) -> Int64 {
        var answer = statvfs()
        try systemCall("inspect the file system of", path.string) {
            path.withPlatformString { statvfs($0, &answer) }
        }
        let (bytes, isOverflow) = UInt64(answer.f_bavail).multipliedReportingOverflow(by: UInt64(answer.f_frsize))
        return isOverflow ? .max : Int64(clamping: bytes)
    }

    /// The bytes of a file, which must not hold more than `limit`.
    ///
    /// A FIFO or a device is opened without waiting for a writer.
    ///
    /// - Throws: ``SystemError``; `EFBIG` where the file holds more.
    public static func read(_ path: FilePath, limit: Int) throws(SystemError) -> [UInt8] {
        let file = try OpenFile(path, options: .nonBlocking)
        let (bytes, isTruncated) = try file.readToEnd(limit: limit)
        if isTruncated { throw SystemError("read", path.string, .fileTooLarge) }
        return bytes
    }

    /// The names in a folder, without `.` and `..`, sorted by their bytes.
    public static func names(in folder: FilePath) throws(SystemError) -> [FilePath.Component] {
        guard let stream = folder.withPlatformString({ opendir($0) }) else {
            throw SystemError("list", folder.string, Errno(rawValue: Glibc.errno))
        }
        defer { closedir(stream) }
        var names: [FilePath.Component] = []
        Glibc.errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CInterop.PlatformChar.self, capacity: 256) {
                    FilePath(platformString: $0)
                }
            }
            if let component = name.components.first, component.kind == .regular { names.append(component) }
            Glibc.errno = 0
        }
        if Glibc.errno != 0 { throw SystemError("list", folder.string, Errno(rawValue: Glibc.errno)) }
        // A component makes its bytes anew each time.
        return names.map { name in
            (
                name: name,
                bytes: name.withPlatformString { UnsafeRawBufferPointer(start: $0, count: strlen($0)).map(\.self) }
            )
        }
        .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        .map(\.name)
    }

    /// Makes a folder and those above it that are missing.
    ///
    /// - Parameter permissions: The mode of each folder that is made.
    public static func makeFolder(
        _ path: FilePath, permissions: FilePermissions = .ownerReadWriteExecute
    ) throws(SystemError) {
        do throws(SystemError) {
            try makeOneFolder(path, permissions)
        } catch {
            let above = path.removingLastComponent()
            guard error.code == .noSuchFileOrDirectory, !above.isEmpty, above != path else { throw error }
            try makeFolder(above, permissions: permissions)
            // Where folders can be neither made nor found, as in /proc, a second refusal is the answer.
            try makeOneFolder(path, permissions)
        }
    }

    /// Makes a folder in one that is there; nothing happens where it is there already, whoever made it.
    private static func makeOneFolder(_ path: FilePath, _ permissions: FilePermissions) throws(SystemError) {
        do throws(SystemError) {
            try systemCall("make the folder", path.string) {
                path.withPlatformString { mkdir($0, permissions.rawValue) }
            }
        } catch {
            guard error.code == .fileExists, try status(path).type == .directory else { throw error }
        }
    }

    /// Renames a file over whatever has the new name (rename(2)), which is one step for everybody who looks.
    public static func rename(_ old: FilePath, to new: FilePath) throws(SystemError) {
        try systemCall("rename", "\(old.string) to \(new.string)") {
            old.withPlatformString { old in new.withPlatformString { Glibc.rename(old, $0) } }
        }
    }

    /// Removes a name (unlink(2)).
    ///
    /// - Parameter missingIsFine: Whether a name that is not there counts as removed.
    public static func remove(_ path: FilePath, missingIsFine: Bool = false) throws(SystemError) {
        do throws(SystemError) {
            try systemCall("remove", path.string) { path.withPlatformString { unlink($0) } }
        } catch {
            if !(missingIsFine && error.code == .noSuchFileOrDirectory) { throw error }
        }
    }

    /// Waits until the names in a folder are on the disk, which a rename alone does not do (fsync(2) of the folder).
    public static func syncFolder(_ path: FilePath) throws(SystemError) {
        try OpenFile(path, options: .directory).sync()
    }

    /// Writes a new file and waits until it is on the disk.
    ///
    /// - Throws: ``SystemError``; `EEXIST` where the name is taken, also by a link that leads nowhere.
    public static func create(
        _ path: FilePath, _ bytes: some Sequence<UInt8>, permissions: FilePermissions = .ownerReadWrite
    ) throws(SystemError) {
        let file = try OpenFile(
            path, .writeOnly, options: [.create, .exclusiveCreate, .noFollow], permissions: permissions)
        try file.write(bytes)
        try file.sync()
    }

    /// Replaces a file's contents in one step: whoever reads it, and whatever is left after a crash, is the old file or
    /// the new one.
    ///
    /// The new contents are written beside it as `.NAME.new`, synced and renamed over it, and the folder is synced.
    public static func replace(
        _ path: FilePath, with bytes: some Sequence<UInt8>, permissions: FilePermissions = .ownerReadWrite
    ) throws(SystemError) {
        let folder = path.removingLastComponent()
        let beside = folder.appending(".\(path.lastComponent?.string ?? "").new")
        try remove(beside, missingIsFine: true)
        try create(beside, bytes, permissions: permissions)
        try rename(beside, to: path)
        try syncFolder(folder.isEmpty ? "." : folder)
    }
}
