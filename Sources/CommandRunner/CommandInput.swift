internal import Glibc
internal import SystemPackage

/// What a command reads, in a file without a name (tmpfile(3)): unlike a pipe it needs nobody who writes while the command
/// runs, and raises no signal when the command ends before it has read all.
struct CommandInput {
    /// Open for reading at the first byte; whoever starts the command closes it.
    let descriptor: FileDescriptor

    /// Where the file has its bytes (P_tmpdir of stdio.h).
    static let folder = "/tmp"

    /// `nil` where the bytes cannot be stored.
    init?(_ bytes: [UInt8]) {
        guard let stream = tmpfile() else { return nil }
        defer { fclose(stream) }
        let copy = fcntl(fileno(stream), F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return nil }
        descriptor = FileDescriptor(rawValue: copy)
        do {
            try descriptor.writeAll(bytes)
            try descriptor.seek(offset: 0, from: .start)
        } catch {
            close(copy)
            return nil
        }
    }
}
