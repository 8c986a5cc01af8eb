/// What the loop needs of the world, so that it can be tried over simulated months.
protocol LoopWorld {
    /// The time of a clock that nobody sets and that never goes back.
    var now: Duration { get }
    /// Waits for a time, or for something that comes first.
    mutating func wait(until time: Duration) async -> LoopEvent
    /// Runs a cycle.
    ///
    /// - Returns: How it ended, and the settings from then on; `nil` where the configuration could not be read.
    mutating func run(_ kind: CycleKind) async -> (ending: CycleEnding, settings: LoopSettings?)
    /// Puts a sentence into the log.
    func warn(_ sentence: String)
}

/// What ends the waiting for the next cycle.
enum LoopEvent: Sendable, Hashable {
    /// Its time has come.
    case due
    /// Somebody wants a full cycle now, with the configuration as it is.
    case reload
    /// Somebody wants the loop to end.
    case end
}

/// The loop: a cycle at every interval, until it is told to end. One runs at a time; what became due meanwhile is passed
/// over, and named: full cycles each time, intensive ones once, until a whole interval goes by without.
struct CycleLoop<World: LoopWorld> {
    private(set) var world: World
    private var settings: LoopSettings

    /// - Parameter settings: Those that hold until a cycle has read others.
    init(_ world: World, settings: LoopSettings) {
        self.world = world
        self.settings = settings
    }

    /// Runs until the end.
    ///
    /// - Returns: How the last cycle ended.
    mutating func run() async -> CycleEnding {
        let rhythm = LoopRhythm(start: world.now)
        var ending = CycleEnding.done
        var due = rhythm.first(settings)
        var isFirst = true
        var intensiveOverruns = IntensiveOverruns()
        while true {
            let kind: CycleKind
            switch await world.wait(until: due.time) {
            case .due: kind = due.kind
            case .reload: kind = .full
            case .end: return ending
            }
            let began = world.now
            let result = await world.run(kind)
            ending = result.ending
            settings = result.settings ?? settings
            if settings.runsOnce { return ending }
            let now = world.now
            due = isFirst ? rhythm.second(settings, after: now) : rhythm.next(settings, after: now)
            isFirst = false
            let missed = rhythm.fullCycles(settings, after: began, until: now)
            if kind == .full {
                intensiveOverruns.fullCycleEnded()
            } else if missed == 0, let interval = settings.intensiveInterval, now - began >= interval,
                intensiveOverruns.isNewOne()
            {
                world.warn(
                    "an intensive cycle took \((now - began).text), intensive_interval is \(interval.text): those that "
                        + "were due meanwhile are left out")
            }
            guard missed > 0 else { continue }
            if kind == .intensive {
                world.warn("an intensive cycle took \((now - began).text): the full one that was due meanwhile is late")
                due = DueCycle(time: now, kind: .full)
            } else if now - began >= settings.interval {
                world.warn(
                    "the cycle took \((now - began).text), the interval is \(settings.interval.text): \(missed) "
                        + "\(missed == 1 ? "cycle is" : "cycles are") left out")
            }
        }
    }
}

/// Which overruns of intensive cycles are news: they come every few seconds, and the first says it all.
private struct IntensiveOverruns {
    private var isNamed = false
    private var isAnySinceFullCycle = false

    mutating func fullCycleEnded() {
        if !isAnySinceFullCycle { isNamed = false }
        isAnySinceFullCycle = false
    }

    mutating func isNewOne() -> Bool {
        defer { isNamed = true }
        isAnySinceFullCycle = true
        return !isNamed
    }
}
