/// What a journalctl printed that was run with ``JournalQuery/arguments(from:firstRun:start:)``.
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
    /// Where it begins, if there is a position.
    public let start: JournalQuery.Start
    /// How it ended.
    public let end: End

    /// What was printed, and how that began and ended.
    public init(_ bytes: [UInt8], start: JournalQuery.Start = .atLast, end: End = .whole) {
        self.bytes = bytes
        self.start = start
        self.end = end
    }

    /// Whether a limit cut it before it came to a whole entry after the one that was handed on last, so large is that.
    /// Then journalctl is to be run again, with the start ``JournalQuery/Start/afterLast``.
    ///
    /// - Parameter position: From where it was asked for.
    public func isFilledByLast(of position: LogPosition?) -> Bool {
        guard end == .atLimit, start == .atLast, let last = position?.lastEntry else { return false }
        var parser = JournalExportParser(bytes)
        let first = parser.next() ?? parser.unfinished
        guard let first, first.place.namesSameEntry(as: last) else { return false }
        return parser.next() == nil
    }
}
