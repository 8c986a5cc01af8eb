internal import Glibc
public import SystemPackage

/// An advisory lock on a file (flock(2)), held as long as the value lives; the kernel drops it when the process ends,
/// however it ends.
public struct FileLock: ~Copyable, Sendable {
    private let file: OpenFile

    /// Takes the lock, or returns `nil` at once where another process has it. The file is made if it is missing.
    public init?(_ path: FilePath) throws(SystemError) {
        let file = try OpenFile(path, .readWrite, options: [.create, .noFollow])
        do throws(SystemError) {
            try systemCall("lock", path.string) { flock(file.descriptor.rawValue, LOCK_EX | LOCK_NB) }
        } catch {
            if error.code == .wouldBlock { return nil }
            throw error
        }
        self.file = file
    }

    deinit {
        // Closing is not enough: a command that is being started holds the open file until its exec, and so the lock.
        _ = flock(file.descriptor.rawValue, LOCK_UN)
    }
}
