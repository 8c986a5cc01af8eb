internal import Glibc
internal import Synchronization
internal import SystemFiles

/// Tells when searching has taken more work than one cycle can give to one log, so that the rest has to wait.
///
/// What is done between searches, such as looking for files, does not count.
struct WorkWatch: Sendable {
    /// What is allowed in any case, and for each byte that was searched, in nanoseconds of the processor. Ordinary patterns
    /// come forward ten times as fast, also without machine code.
    private static let initialWork: Int64 = 2_000_000_000
    private static let workOfByte: Int64 = 250
    /// After how many lines the clock is looked at, which costs as much as the search of a line.
    static let linesBetweenLooks = 64

    /// What searching has taken before the last begin, in nanoseconds of the processor.
    private var taken: Int64 = 0
    /// `nil` between searches.
    private var begin: Int64?
    private var linesSinceLook = 0
    private var effort: Int64 = 0
    /// How many bytes were searched by now.
    var searchedBytes: Int64 = 0
    /// The pattern that was searched for when it was too much.
    private(set) var exhaustingPattern: String?
    /// Whether it is too much.
    var isExhausted: Bool { exhaustingPattern != nil }

    /// Searching begins, perhaps on another thread than the last time.
    mutating func start() {
        if begin == nil { begin = Self.processorTime }
    }

    /// Searching ends.
    mutating func stop() {
        if let begin { taken += Self.processorTime - begin }
        begin = nil
    }

    /// Looks whether it is so after some more searches.
    ///
    /// - Parameter lines: Of how many lines.
    mutating func look(at matcher: borrowing PatternMatcher, afterLines lines: Int = 1) {
        linesSinceLook += lines
        guard linesSinceLook >= Self.linesBetweenLooks || matcher.effort.nanoseconds != effort else { return }
        linesSinceLook = 0
        effort = matcher.effort.nanoseconds
        let (allowed, isEndless) = searchedBytes.multipliedReportingOverflow(by: Self.workOfByte)
        let now = Self.processorTime
        guard !isEndless, taken + now - (begin ?? now) - Self.initialWork > allowed else { return }
        exhaustingPattern = exhaustingPattern ?? matcher.pattern.text
    }

    /// What this thread has had of the processor, in nanoseconds.
    static var processorTime: Int64 { timespec.now(of: CLOCK_THREAD_CPUTIME_ID).nanoseconds }
}

/// The work of all searches of a reader, one after the other.
final class SearchWork: Sendable {
    private let watch = Mutex(WorkWatch())

    /// What they have taken by now.
    var taken: WorkWatch {
        get { watch.withLock(\.self) }
        set { watch.withLock { $0 = newValue } }
    }
}
