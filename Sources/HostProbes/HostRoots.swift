public import SystemPackage

/// The folders in which the probes look for the system, so that they can be pointed at another tree than the one that
/// runs.
public struct HostRoots: Sendable, Hashable {
    /// The root of the file system: `var`, `usr`, `run` and `lib` are looked for below it.
    public var top: FilePath
    /// Where proc(5) is mounted.
    public var proc: FilePath
    /// Where sysfs(5) is mounted.
    public var sys: FilePath
    /// The folder of the host's configuration.
    public var etc: FilePath

    /// The system that runs.
    public static let system = HostRoots()

    /// The roots below one folder, or the given ones in their place.
    public init(top: FilePath = "/", proc: FilePath? = nil, sys: FilePath? = nil, etc: FilePath? = nil) {
        self.top = top
        self.proc = proc ?? top.appending("proc")
        self.sys = sys ?? top.appending("sys")
        self.etc = etc ?? top.appending("etc")
    }

    /// Whether these are the roots of the system that runs, for what only a system call can tell.
    public var isRunningSystem: Bool { self == .system }
}
