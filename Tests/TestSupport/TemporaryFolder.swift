import Glibc
import SystemFiles
public import SystemPackage

/// Runs `body` with a fresh folder (mode 0700), which is removed afterwards with all that is in it.
public func withTemporaryFolder<Result>(_ body: (FilePath) throws -> Result) rethrows -> Result {
    let folder = makeTemporaryFolder()
    defer { removeTree(folder) }
    return try body(folder)
}

/// The same with a folder in memory, where the system has one, for tests that sync files thousands of times.
public func withTemporaryFolderInMemory<Result>(_ body: (FilePath) throws -> Result) rethrows -> Result {
    let folder = makeTemporaryFolder(in: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : temporaryFolderOfSystem)
    defer { removeTree(folder) }
    return try body(folder)
}

/// The same for asynchronous tests.
public func withTemporaryFolderInMemory<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (FilePath) async throws -> Result
) async rethrows -> Result {
    let folder = makeTemporaryFolder(in: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : temporaryFolderOfSystem)
    defer { removeTree(folder) }
    return try await body(folder)
}

/// The same for asynchronous tests.
public func withTemporaryFolder<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (FilePath) async throws -> Result
) async rethrows -> Result {
    let folder = makeTemporaryFolder()
    defer { removeTree(folder) }
    return try await body(folder)
}

private var temporaryFolderOfSystem: String {
    getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
}

private func makeTemporaryFolder(in base: String = temporaryFolderOfSystem) -> FilePath {
    var template = Array("\(base)/pandora-agent-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { fatalError("cannot make a folder under \(base)") }
    return FilePath(String(cString: made))
}

/// Removes a file or a folder with all below it; links are removed, not followed.
public func removeTree(_ path: FilePath) {
    guard let status = try? Files.status(path, followingLinks: false) else { return }
    if status.type == .directory {
        for name in (try? Files.names(in: path)) ?? [] { removeTree(path.appending(name)) }
        rmdir(path.string)
    } else {
        unlink(path.string)
    }
}

extension FilePath {
    /// Makes a symbolic link at `place` that leads to this path.
    public func makeLink(at place: FilePath) throws {
        guard symlink(string, place.string) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Sets the mode (chmod(2)).
    public func changeMode(_ mode: UInt32) throws {
        guard chmod(string, mode) == 0 else { throw Errno(rawValue: errno) }
    }
}
