internal import CCommandLauncher
internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// Bytes for another process in a file without a name (memfd_create(2)): unlike a pipe it needs nobody who writes while the
/// other reads, and raises no signal when that ends before it has read all; unlike a file in a folder, nobody finds it.
enum MemoryFile {
    private static let name = "a file in memory"

    /// - Returns: The file, open at its first byte.
    /// - Throws: ``SystemError`` where the bytes cannot be stored.
    static func open(_ bytes: [UInt8]) throws(SystemError) -> OpenFile {
        let descriptor = try systemCall("make", name) { command_launcher_file() }
        let file = OpenFile(taking: FileDescriptor(rawValue: descriptor), path: FilePath(name))
        try file.write(bytes)
        try systemCall("read", name) { lseek(descriptor, 0, SEEK_SET) }
        return file
    }
}
