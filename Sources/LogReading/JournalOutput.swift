/// What a journalctl printed that was run with ``JournalQuery/arguments(from:firstRun:)``.
public struct JournalOutput: Sendable {
    /// How it ended.
    public enum End: Sendable, Hashable {
        /// With all that there is.
        case whole
        /// At a limit, at which it was cut. An entry that is larger than that by itself would not be whole the next time
        /// either.
        case atLimit
        /// Before its time, as journalctl failed or was killed.
        case early
    }

    /// Its standard output, which may end within an entry.
    public let bytes: [UInt8]
    /// How it ended.
    public let end: End

    /// What was printed, and how that ended.
    public init(_ bytes: [UInt8], end: End = .whole) {
        self.bytes = bytes
        self.end = end
    }
}
