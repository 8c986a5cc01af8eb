internal import Glibc

/// What each process of a command may take of the host (setrlimit(2)).
public struct ResourceLimits: Sendable, Hashable {
    /// A resource that can be limited.
    public enum Resource: String, Sendable, Hashable, CaseIterable {
        /// Bytes of a core dump, which may hold secrets.
        case core
        /// Bytes of address space.
        case memory
        /// Seconds of a processor's time.
        case cpu
        /// Processes of its user, others than the command's own counted; nothing for root.
        case processes
        /// Open files.
        case files
        /// Bytes of a file that it writes.
        case fileSize = "file_size"

        /// Its number for the kernel.
        var number: UInt32 {
            switch self {
            case .core: UInt32(RLIMIT_CORE.rawValue)
            case .memory: UInt32(RLIMIT_AS.rawValue)
            case .cpu: UInt32(RLIMIT_CPU.rawValue)
            case .processes: UInt32(__RLIMIT_NPROC.rawValue)
            case .files: UInt32(RLIMIT_NOFILE.rawValue)
            case .fileSize: UInt32(RLIMIT_FSIZE.rawValue)
            }
        }
    }

    /// The limits, soft and hard at once; what is not named is as the agent was started with.
    public var values: [Resource: UInt64]

    /// No core dumps, and the limits given.
    public init(_ values: [Resource: UInt64] = [:]) {
        self.values = [.core: 0].merging(values) { $1 }
    }
}
