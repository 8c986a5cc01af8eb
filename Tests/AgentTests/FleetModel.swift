import Tentacle
import TestSupport

@testable import Agent

/// A model of many agents and one server: what the server sees when they all report to it. No sockets and no clock; the
/// agents' times and pauses are those of the real `LoopRhythm` and `RetryPolicy`.
///
/// The server is Tentacle's as the specification of the protocol has it: ten connections at a time, and a backlog in
/// which the next ones wait. One that finds the backlog full is refused.
struct FleetModel {
    /// What makes an agent begin a cycle.
    enum Start {
        /// cron, at every full interval; hosts' clocks differ by a second.
        case cron
        /// cron with `run --spread`.
        case spreadCron(Duration)
        /// The agent's own loop, begun on all hosts at the same moment.
        case loop
    }

    /// When a refused connection is tried again.
    enum Retry {
        /// Every second, as scripts do it.
        case everySecond
        case policy(RetryPolicy)
    }

    /// What the server saw in a second.
    struct Second {
        var accepted = 0
        var refused = 0
    }

    struct Outcome {
        /// By the seconds of the run.
        var seconds: [Second]
        /// How long data files waited from their cycle to the end of their delivery, sorted, in seconds.
        var delays: [Double] = []
        var filesMade = 0

        var attempts: Int { seconds.reduce(0) { $0 + $1.accepted + $1.refused } }
        var refused: Int { seconds.reduce(0) { $0 + $1.refused } }
        var busiestSecond: Int { seconds.map { $0.accepted + $0.refused }.max() ?? 0 }

        /// The delay that a part of the files does not exceed.
        func delay(ofPart part: Double) -> Double {
            delays.isEmpty ? .infinity : delays[min(delays.count - 1, Int(part * Double(delays.count)))]
        }
    }

    var agents = 10_000
    var interval = 300
    var length = 900
    var slots = 10
    var backlog = 128
    var start = Start.loop
    var retry = Retry.policy(RetryPolicy())
    /// When the server is away.
    var outage = 0..<0

    /// Runs the model; the same seed gives the same run.
    func run(seed: UInt64) -> Outcome {
        var run = Run(model: self, seed: seed)
        return run.run()
    }
}

extension FleetModel {
    fileprivate enum Event {
        case cycle
        case attempt(failures: Int, since: Double)
        case served
    }

    fileprivate struct Run {
        let model: FleetModel
        var random: SeededGenerator
        var outcome: Outcome
        var queue = EventQueue<(agent: Int, event: Event)>()
        /// When the files were made that an agent has waiting.
        var waiting: [[Double]]
        /// Whether a cycle of an agent is sending; then no other begins.
        var isSending: [Bool]
        var busySlots = 0
        var backlog: [Int] = []
        let settings: [LoopSettings]
        let rhythm = LoopRhythm(start: .zero)

        init(model: FleetModel, seed: UInt64) {
            self.model = model
            random = SeededGenerator(seed: seed)
            outcome = Outcome(seconds: Array(repeating: Second(), count: model.length))
            waiting = Array(repeating: [], count: model.agents)
            isSending = Array(repeating: false, count: model.agents)
            settings = (0..<model.agents).map {
                LoopSettings(interval: .seconds(model.interval), share: LoopSettings.share(of: "\nhost-\($0)"))
            }
        }

        mutating func run() -> Outcome {
            for agent in 0..<model.agents { planFirst(agent) }
            while let (time, (agent, event)) = queue.next(), time < Double(model.length) {
                switch event {
                case .cycle: cycle(agent, time)
                case .attempt(let failures, let since): attempt(agent, time, failures: failures, since: since)
                case .served: served(agent, time)
                }
            }
            outcome.delays.sort()
            return outcome
        }

        private mutating func planFirst(_ agent: Int) {
            switch model.start {
            case .cron:
                queue.add((agent, .cycle), at: Double.random(in: 0..<1, using: &random))
            case .spreadCron(let spread):
                let part = StartSpread.delay(upTo: spread, hostName: "host-\(agent)") / .seconds(1)
                queue.add((agent, .cycle), at: part + Double.random(in: 0..<1, using: &random))
            case .loop:
                queue.add((agent, .cycle), at: rhythm.first(settings[agent]).time / .seconds(1))
            }
        }

        private mutating func planNext(_ agent: Int, _ time: Double) {
            guard case .loop = model.start else { return queue.add((agent, .cycle), at: time + Double(model.interval)) }
            // A cycle is over when the next one is looked for; and a time in seconds may lie a hair before its grid point.
            let now = Duration.seconds(time) + .milliseconds(100)
            let isFirst = rhythm.first(settings[agent]).time >= now - .seconds(1)
            let due = isFirst ? rhythm.second(settings[agent], after: now) : rhythm.next(settings[agent], after: now)
            queue.add((agent, .cycle), at: due.time / .seconds(1))
        }

        private mutating func cycle(_ agent: Int, _ time: Double) {
            planNext(agent, time)
            waiting[agent].append(time)
            outcome.filesMade += 1
            if isSending[agent] { return }
            isSending[agent] = true
            attempt(agent, time, failures: 0, since: time)
        }

        private mutating func attempt(_ agent: Int, _ time: Double, failures: Int, since: Double) {
            let isAway = model.outage.contains(Int(time))
            if !isAway, busySlots < model.slots {
                outcome.seconds[Int(time)].accepted += 1
                serve(agent, time)
            } else if !isAway, backlog.count < model.backlog {
                outcome.seconds[Int(time)].accepted += 1
                backlog.append(agent)
            } else {
                outcome.seconds[Int(time)].refused += 1
                tryAgain(agent, time, failures: failures + 1, since: since)
            }
        }

        private mutating func tryAgain(_ agent: Int, _ time: Double, failures: Int, since: Double) {
            let pause: Double?
            switch model.retry {
            case .everySecond: pause = time - since < 30 ? 1 : nil
            case .policy(let policy):
                pause =
                    policy.pause(
                        afterFailures: failures, elapsed: .seconds(time - since),
                        chance: Double.random(in: 0..<1, using: &random)
                    ).map { $0 / .seconds(1) }
            }
            guard let pause else {
                // The files stay for the next cycle.
                isSending[agent] = false
                return
            }
            queue.add((agent, .attempt(failures: failures, since: since)), at: time + pause)
        }

        /// A connection costs a handshake, and some time for each file.
        private mutating func serve(_ agent: Int, _ time: Double) {
            busySlots += 1
            let mean = 0.06 + 0.04 * Double(waiting[agent].count)
            queue.add((agent, .served), at: time + mean * Double.random(in: 0.5..<1.5, using: &random))
        }

        private mutating func served(_ agent: Int, _ time: Double) {
            outcome.delays += waiting[agent].map { time - $0 }
            waiting[agent] = []
            isSending[agent] = false
            busySlots -= 1
            if !backlog.isEmpty { serve(backlog.removeFirst(), time) }
        }
    }
}

/// What is to happen, earliest first; at the same time, what was added first.
private struct EventQueue<Element> {
    private var heap: [(time: Double, number: Int, element: Element)] = []
    private var count = 0

    mutating func add(_ element: Element, at time: Double) {
        heap.append((time, count, element))
        count += 1
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (time: Double, element: Element)? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, smallest) {
                smallest = child
            }
            if smallest == parent { break }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
        return (first.time, first.element)
    }

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        (heap[one].time, heap[one].number) < (heap[other].time, heap[other].number)
    }
}
