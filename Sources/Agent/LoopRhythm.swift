internal import AgentConfiguration
internal import Digests

/// What the loop takes from a configuration.
struct LoopSettings: Sendable, Hashable {
    /// Time between two full cycles.
    var interval: Duration
    /// Time between two intensive cycles; `nil` where no module wants any.
    var intensiveInterval: Duration?
    /// Time before the first cycle.
    var delay = Duration.zero
    /// Whether one cycle is all.
    var runsOnce = false
    /// The host's share of every interval, from 0 to 65535.
    var share: UInt16 = 0

    /// The settings of a configuration.
    ///
    /// - Parameter hostName: Tells hosts apart that one tool gave the same configuration.
    init(_ configuration: Configuration, hostName: String) {
        let general = configuration.general
        interval = general.interval
        if let intensive = general.intensiveInterval, intensive < general.interval,
            configuration.modules.contains(where: { !$0.intensiveConditions.isEmpty })
        {
            intensiveInterval = intensive
        }
        delay = general.delayedStartup
        runsOnce = general.runsOnce
        // Not agent_name_cmd: no command needs to run before the first cycle.
        share = Self.share(of: "\(general.agentName ?? "")\n\(hostName)")
    }

    /// Settings by themselves.
    init(interval: Duration, intensiveInterval: Duration? = nil, share: UInt16 = 0) {
        self.interval = interval
        self.intensiveInterval = intensiveInterval
        self.share = share
    }

    /// A number that is always the same for a name, and spreads names evenly.
    static func share(of name: String) -> UInt16 {
        Digest.sha256(name).prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
    }
}

/// A cycle to come.
struct DueCycle: Sendable, Hashable {
    /// When, on the loop's clock.
    let time: Duration
    /// What it runs.
    let kind: CycleKind
}

/// When the loop's cycles are due: on a grid of the interval that begins when the agent does.
///
/// The grid does not move, so nothing drifts however long cycles take, and what is due next depends on nothing but the
/// time: a grid point that passed while a cycle ran is passed over.
///
/// Hosts that are started at the same moment must not reach the server at the same moment. A host's share of the interval,
/// which is a digest of its name, moves its grid; and the first cycle, which somebody may be waiting for, comes before the
/// grid, spread over ``longestFirstWait`` at most.
struct LoopRhythm: Sendable {
    /// When the agent began, on the loop's clock.
    let start: Duration

    /// The most that a host waits for its first cycle beyond `delayed_startup`.
    static let longestFirstWait = Duration.seconds(10)

    /// The first cycle.
    func first(_ settings: LoopSettings) -> DueCycle {
        // A cycle that cron starts is alone, and spread by cron.
        let spread = settings.runsOnce ? .zero : min(settings.interval / 10, Self.longestFirstWait)
        return DueCycle(time: start + settings.delay + Self.part(settings.share, of: spread), kind: .full)
    }

    /// The cycle after the first. A full one comes no earlier than half an interval after it: two close together tell
    /// the server nothing.
    func second(_ settings: LoopSettings, after now: Duration) -> DueCycle {
        let settled = first(settings).time + settings.interval / 2
        return next(settings, after: now, fullNotBefore: max(now, settled))
    }

    /// The first cycle whose time is after `now`.
    func next(_ settings: LoopSettings, after now: Duration) -> DueCycle {
        next(settings, after: now, fullNotBefore: now)
    }

    /// How many full cycles were due in a time, the end of it included.
    func fullCycles(_ settings: LoopSettings, after earlier: Duration, until later: Duration) -> Int64 {
        let origin = origin(settings)
        return Self.steps(of: settings.interval, from: origin, to: later)
            - Self.steps(of: settings.interval, from: origin, to: earlier)
    }

    private func next(_ settings: LoopSettings, after now: Duration, fullNotBefore: Duration) -> DueCycle {
        let origin = origin(settings)
        let full = Self.point(on: settings.interval, from: origin, after: fullNotBefore)
        if let interval = settings.intensiveInterval {
            let intensive = Self.point(on: interval, from: origin, after: now)
            if intensive < full { return DueCycle(time: intensive, kind: .intensive) }
        }
        return DueCycle(time: full, kind: .full)
    }

    private func origin(_ settings: LoopSettings) -> Duration {
        start + settings.delay + Self.part(settings.share, of: settings.interval)
    }

    private static func point(on interval: Duration, from origin: Duration, after now: Duration) -> Duration {
        origin + .nanoseconds((steps(of: interval, from: origin, to: now) + 1) * interval.wholeNanoseconds)
    }

    /// How many whole intervals lie between two times, rounded down.
    private static func steps(of interval: Duration, from origin: Duration, to time: Duration) -> Int64 {
        let (quotient, remainder) = (time - origin).wholeNanoseconds
            .quotientAndRemainder(dividingBy: max(1, interval.wholeNanoseconds))
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// What a host's share is of a time.
    static func part(_ share: UInt16, of whole: Duration) -> Duration {
        .nanoseconds(whole.wholeNanoseconds / 65536 * Int64(share))
    }
}

extension Duration {
    // Whole numbers, because a quotient of floating point numbers may fall on either side of a grid point. Enough for
    // 292 years.
    fileprivate var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return Int64(clamping: Int128(seconds) * 1_000_000_000 + Int128(attoseconds / 1_000_000_000))
    }
}
