import Testing

@testable import Agent

/// A world of the loop whose clock a test turns.
private struct SimulatedWorld: LoopWorld {
    /// A cycle as it ran.
    struct Ran: Equatable {
        let kind: CycleKind
        let began: Duration
        let ended: Duration
    }

    var now = Duration.seconds(12_345)
    let end: Duration
    /// When somebody asks for a cycle, in order.
    var reloads: [Duration] = []
    /// The settings that a cycle reads at a time; `nil` = the configuration cannot be read.
    var settings: @Sendable (Duration) -> LoopSettings?
    /// How long a cycle takes.
    var duration: @Sendable (CycleKind, Int) -> Duration
    private(set) var ran: [Ran] = []
    private let log = Log()

    final class Log: @unchecked Sendable {
        var sentences: [String] = []
    }

    var warnings: [String] { log.sentences }

    init(
        lasting: Duration, settings: @escaping @Sendable (Duration) -> LoopSettings?,
        duration: @escaping @Sendable (CycleKind, Int) -> Duration
    ) {
        end = .seconds(12_345) + lasting
        self.settings = settings
        self.duration = duration
    }

    mutating func wait(until time: Duration) async -> LoopEvent {
        if let reload = reloads.first, reload <= max(time, now) {
            reloads.removeFirst()
            now = max(now, reload)
            return .reload
        }
        now = max(now, time)
        return now > end ? .end : .due
    }

    mutating func run(_ kind: CycleKind) async -> (ending: CycleEnding, settings: LoopSettings?) {
        let began = now
        now += duration(kind, ran.count)
        ran.append(Ran(kind: kind, began: began, ended: now))
        return (.done, settings(now))
    }

    func warn(_ sentence: String) { log.sentences.append(sentence) }
}

private func simulate(
    _ world: SimulatedWorld, _ settings: LoopSettings
) async -> (ran: [SimulatedWorld.Ran], warnings: [String]) {
    var loop = CycleLoop(world, settings: settings)
    _ = await loop.run()
    return (loop.world.ran, loop.world.warnings)
}

private let start = Duration.seconds(12_345)
private let quarter = Duration.seconds(91 * 86400)

/// A number that looks random and is always the same for a seed.
private func mixed(_ seed: Int) -> UInt64 {
    var value = UInt64(truncatingIfNeeded: seed) &+ 0x9E37_79B9_7F4A_7C15
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
}

@Suite("The loop, over simulated months")
struct LoopTests {
    @Test("Cycles of any length below the interval leave every start on one grid")
    func noDrift() async {
        let settings = LoopSettings(interval: .seconds(300), share: 40_000)
        let world = SimulatedWorld(lasting: quarter, settings: { _ in settings }) { _, number in
            .milliseconds(Int64(mixed(number) % 299_000))
        }
        let (ran, warnings) = await simulate(world, settings)
        let offset = Duration.nanoseconds(300_000_000_000 / 65536 * 40_000)
        #expect(ran.count >= 91 * 288)
        for (index, cycle) in ran.dropFirst().enumerated() {
            let position = cycle.began - (start + offset)
            #expect(position == .seconds(300) * (index + Int(ran[1].began >= start + .seconds(300) ? 1 : 0)))
        }
        #expect(warnings.isEmpty)
    }

    @Test(
        "A cycle that takes longer than the interval is named, what it left no room for is left out, nothing is stacked"
    )
    func overrun() async {
        let settings = LoopSettings(interval: .seconds(60), share: 1234)
        let world = SimulatedWorld(lasting: .seconds(30 * 86400), settings: { _ in settings }) { _, number in
            .seconds(Int64(mixed(number) % 400))
        }
        let (ran, warnings) = await simulate(world, settings)
        let phase = (ran[1].began - start).components
        for (earlier, later) in zip(ran.dropFirst(), ran.dropFirst(2)) {
            #expect(later.began > earlier.ended)
            #expect(later.began - earlier.ended <= .seconds(60))
            let distance = (later.began - start).components
            #expect((distance.seconds - phase.seconds) % 60 == 0 && distance.attoseconds == phase.attoseconds)
        }
        let long = ran.filter { $0.ended - $0.began >= .seconds(60) }
        #expect(!long.isEmpty && warnings.count == long.count)
        let third = ran.dropFirst().first { $0.ended - $0.began >= .seconds(120) }
        let length = (third.map { $0.ended - $0.began } ?? .zero).text
        #expect(warnings.contains { $0.hasPrefix("the cycle took \(length), the interval is 60.000 s: ") })
    }

    @Test("A reload runs a full cycle at once and leaves the grid where it was")
    func reload() async {
        let settings = LoopSettings(interval: .seconds(3600))
        var world = SimulatedWorld(lasting: .seconds(86400), settings: { _ in settings }) { _, _ in .seconds(5) }
        world.reloads = [start + .seconds(4000), start + .seconds(4001), start + .seconds(50_000)]
        let (ran, warnings) = await simulate(world, settings)
        let seconds = ran.map { ($0.began - start).components.seconds }
        #expect(Array(seconds.prefix(6)) == [0, 3600, 4000, 4005, 7200, 10800])
        #expect(seconds.contains(50_000) && seconds.last == 86400)
        #expect(warnings.isEmpty)
    }

    @Test("A new interval counts from the cycle that read it, an unreadable configuration changes nothing")
    func changedInterval() async {
        let before = LoopSettings(interval: .seconds(3600))
        let after = LoopSettings(interval: .seconds(600))
        let world = SimulatedWorld(
            lasting: .seconds(20_000),
            settings: { now in
                switch now {
                case ...(start + .seconds(7200)): before
                case ...(start + .seconds(11_000)): after
                default: nil
                }
            }
        ) { _, _ in .seconds(1) }
        let seconds = await simulate(world, before).ran.map { ($0.began - start).components.seconds }
        #expect(Array(seconds.prefix(5)) == [0, 3600, 7200, 7800, 8400])
        #expect(zip(seconds.dropFirst(2), seconds.dropFirst(3)).allSatisfy { $1 - $0 == 600 })
        #expect(seconds.last == 19_800)
    }

    @Test("Intensive cycles fill the time between full ones, and a full one that they delay comes late, not never")
    func intensive() async {
        let settings = LoopSettings(interval: .seconds(300), intensiveInterval: .seconds(70))
        let world = SimulatedWorld(lasting: .seconds(86400), settings: { _ in settings }) { kind, number in
            // One of a hundred intensive cycles hangs.
            .seconds(kind == .intensive && mixed(number) % 100 == 0 ? 100 : 1)
        }
        let (ran, warnings) = await simulate(world, settings)
        let full = ran.filter { $0.kind == .full }
        #expect(full.count == 1 + 86400 / 300)
        let late = zip(full.indices, full).filter { $1.began - start != .seconds(300) * $0 }
        #expect(late.allSatisfy { $1.began - start - .seconds(300) * $0 <= .seconds(100) })
        let lateWarnings = warnings.filter { $0.contains("the full one that was due meanwhile is late") }
        #expect(!late.isEmpty && lateWarnings.count == late.count)
        #expect(Array(ran.prefix(6).map(\.kind)) == [.full, .intensive, .intensive, .intensive, .intensive, .full])
        #expect(zip(ran, ran.dropFirst()).allSatisfy { $1.began >= $0.ended })
    }

    @Test("Intensive cycles that take longer than their interval are named once, and again after one that was in time")
    func intensiveOverrun() async {
        let settings = LoopSettings(interval: .seconds(100), intensiveInterval: .seconds(10))
        let world = SimulatedWorld(lasting: .seconds(5400), settings: { _ in settings }) { kind, number in
            kind == .intensive && (number < 60 || number > 250) ? .seconds(25) : .seconds(1)
        }
        let (ran, warnings) = await simulate(world, settings)
        #expect(ran.count > 300)
        #expect(
            warnings.filter { !$0.contains("is late") }
                == [String](
                    repeating:
                        "an intensive cycle took 25.000 s, intensive_interval is 10.000 s: those that were due meanwhile are "
                        + "left out", count: 2))
    }

    @Test("A host that slept runs one cycle, not those that it slept through")
    func sleep() async {
        struct Sleeper: LoopWorld {
            var now = Duration.zero
            var began: [Duration] = []
            mutating func wait(until time: Duration) async -> LoopEvent {
                // The tenth wait lasts a night.
                now = max(now, time) + (began.count == 10 ? .seconds(8 * 3600 + 7) : .zero)
                return began.count == 20 ? .end : .due
            }
            mutating func run(_ kind: CycleKind) async -> (ending: CycleEnding, settings: LoopSettings?) {
                began.append(now)
                now += .seconds(1)
                return (.done, nil)
            }
            func warn(_ sentence: String) { Issue.record("\(sentence)") }
        }
        var loop = CycleLoop(Sleeper(), settings: LoopSettings(interval: .seconds(300)))
        _ = await loop.run()
        let steps = zip(loop.world.began, loop.world.began.dropFirst()).map { ($1 - $0).components.seconds }
        #expect(steps.filter { $0 == 300 }.count == 17)
        let night: Int64 = 300 + 8 * 3600 + 7
        #expect(steps.filter { $0 > 3600 } == [night])
        #expect(steps.filter { $0 < 300 } == [293])
    }

    @Test("cron_mode is one cycle after its delay, and the end of the loop is the ending of the last cycle")
    func once() async {
        var settings = LoopSettings(interval: .seconds(300), share: 65_000)
        settings.runsOnce = true
        settings.delay = .seconds(40)
        let read = settings
        let ran = await simulate(
            SimulatedWorld(lasting: quarter, settings: { _ in read }) { _, _ in .seconds(1) }, settings
        ).ran
        #expect(ran.map { $0.began - start } == [.seconds(40)])
    }

    @Test("A thousand hosts started at one moment reach the server neither at once nor ever after in one second")
    func spread() {
        let rhythm = LoopRhythm(start: .zero)
        var first: [Int64: Int] = [:]
        var later: [Int64: Int] = [:]
        for number in 0..<1000 {
            let share = LoopSettings.share(of: "\nhost\(number).example.org")
            let settings = LoopSettings(interval: .seconds(300), share: share)
            let begin = rhythm.first(settings).time
            #expect(begin < LoopRhythm.longestFirstWait)
            first[begin.components.seconds, default: 0] += 1
            let second = rhythm.second(settings, after: begin).time
            #expect((.seconds(150) ... .seconds(450)).contains(second - begin))
            later[rhythm.next(settings, after: .seconds(900)).time.components.seconds, default: 0] += 1
        }
        #expect(first.count == 10 && (first.values.max() ?? 1000) < 150)
        #expect(later.count > 250 && (later.values.max() ?? 1000) < 15)
    }
}
