/// When a failed transfer is tried again: after pauses that grow, so that a server in trouble is left alone, and that
/// differ by chance, so that many clients do not come back together.
public struct RetryPolicy: Sendable, Hashable {
    /// How many times a file is tried again after the first try.
    public var retries: Int
    /// The pause before the first retry, before chance shortens it. Each further one is twice as long.
    public var firstPause: Duration
    /// No pause is longer.
    public var longestPause: Duration
    /// The part of a pause that chance may take off, 0 to 1.
    public var jitter: Double
    /// No retry starts later than this after the first try started.
    public var budget: Duration

    /// A policy; the defaults keep to half a minute.
    public init(
        retries: Int = 3, firstPause: Duration = .seconds(1), longestPause: Duration = .seconds(60),
        jitter: Double = 0.5, budget: Duration = .seconds(30)
    ) {
        self.retries = retries
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.jitter = jitter
        self.budget = budget
    }

    /// One try and no other.
    public static let never = RetryPolicy(retries: 0)

    /// How long to wait before the next try.
    ///
    /// - Parameters:
    ///   - failures: The tries that have failed, at least 1.
    ///   - elapsed: The time since the first try started.
    ///   - chance: A number from 0 to 1.
    /// - Returns: `nil` to give up.
    public func pause(afterFailures failures: Int, elapsed: Duration, chance: Double) -> Duration? {
        if failures < 1 || failures > retries { return nil }
        var pause = min(firstPause, longestPause)
        for _ in 1..<failures where pause < longestPause { pause = min(pause * 2, longestPause) }
        let part = 1 - jitter * chance
        // Also of no number, which a duration must not meet.
        if part >= 0, part <= 1 { pause = pause * part }
        return elapsed + pause <= budget ? pause : nil
    }
}
