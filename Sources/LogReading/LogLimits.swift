/// How much one reading of a source may bring or cost. What is beyond a limit is not lost: it is read the next time.
public struct LogLimits: Sendable, Hashable {
    /// The most bytes of matching lines.
    public var bytes: Int
    /// The most matching lines.
    public var lines: Int
    /// The most bytes that are searched.
    public var searchedBytes: Int64
    /// The longest line in bytes without its end; a longer one is searched and handed on up to here, with
    /// ``cutMark`` after it. Never more than ``bytes`` leave room for.
    public var lineLength: Int
    /// After how many seconds without a write a last line that has no end is taken for finished.
    public var patience: Int64

    /// What ends a line that was cut.
    public static let cutMark = " [line cut here: too long]\n"

    /// The limits, with the usual ones as defaults.
    public init(
        bytes: Int = 8 << 20, lines: Int = 100_000, searchedBytes: Int64 = 4 << 30, lineLength: Int = 256 << 10,
        patience: Int64 = 3600
    ) {
        self.bytes = max(bytes, Self.cutMark.utf8.count + 1)
        self.lines = max(lines, 1)
        self.searchedBytes = max(searchedBytes, 1)
        self.lineLength = min(max(lineLength, 1), self.bytes - Self.cutMark.utf8.count)
        self.patience = max(patience, 0)
    }
}
