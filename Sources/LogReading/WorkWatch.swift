internal import Glibc
internal import SystemFiles

/// Tells when searching has taken more work than one cycle can give to one log, so that the rest has to wait.
struct WorkWatch {
    /// What is allowed in any case, and for each byte that was searched, in nanoseconds of the processor. Ordinary patterns
    /// come forward ten times as fast, also without machine code.
    private static let initialWork: Int64 = 2_000_000_000
    private static let workOfByte: Int64 = 250
    /// After how many lines the clock is looked at, which costs as much as the search of a line.
    static let linesBetweenLooks = 64

    private var begin = Self.processorTime
    private var linesSinceLook = 0
    private var effort: Int64 = 0
    /// How many bytes were searched by now.
    var searchedBytes: Int64 = 0
    /// Whether that is so.
    private(set) var isExhausted = false

    /// Leaves out what was done between the last search and the next one, such as looking for files.
    ///
    /// - Parameter pause: When the last search ended, by ``processorTime``.
    mutating func leaveOut(since pause: Int64) { begin += Self.processorTime - pause }

    /// Looks whether it is so after some more searches.
    ///
    /// - Parameter lines: Of how many lines.
    mutating func look(at matcher: borrowing PatternMatcher, afterLines lines: Int = 1) {
        linesSinceLook += lines
        guard linesSinceLook >= Self.linesBetweenLooks || matcher.effort.nanoseconds != effort else { return }
        linesSinceLook = 0
        effort = matcher.effort.nanoseconds
        let (allowed, isEndless) = searchedBytes.multipliedReportingOverflow(by: Self.workOfByte)
        isExhausted = !isEndless && Self.processorTime - begin - Self.initialWork > allowed
    }

    /// What this thread has had of the processor, in nanoseconds.
    static var processorTime: Int64 { timespec.now(of: CLOCK_THREAD_CPUTIME_ID).nanoseconds }
}
