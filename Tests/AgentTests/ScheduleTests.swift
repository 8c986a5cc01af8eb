import AgentConfiguration
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Agent

/// A host's clock and committed state, with cycles run on it.
private struct SimulatedHost {
    let modules: [ModuleDefinition]
    var zone = LocalTime { _ in 0 }
    var state: [String: String] = [:]
    var lastCycle: Int64?
    var cycle = 0
    /// The times at which each module ran.
    var runs: [String: [Int64]] = [:]

    init(_ schedules: [String: String], zone: LocalTime = LocalTime { _ in 0 }) throws {
        let text = schedules.sorted { $0.key < $1.key }.map {
            "module_begin\nmodule_name \($0.key)\nmodule_exec true\n\($0.value)\nmodule_end\n"
        }.joined()
        modules = try withTemporaryFolder { folder in
            try Files.create(folder.appending("pandora_agent.conf"), text.utf8)
            return try ConfigurationLoader().load(main: folder.appending("pandora_agent.conf")).modules
        }
        self.zone = zone
    }

    /// Runs a cycle and commits it.
    mutating func runCycle(at now: Int64, force: Bool = false) {
        let moment = CyclePlan.Moment(now: now, cycle: cycle, lastCycle: lastCycle)
        let plan = CyclePlan(modules, at: moment, state: state, force: force, in: zone)
        for module in plan.due { runs[module.name, default: []].append(now) }
        state.merge(plan.stateChanges()) { $1 }
        cycle &+= 1
        lastCycle = now
    }

    mutating func runCycles(from start: Int64, through end: Int64, every interval: Int64) {
        for now in stride(from: start, through: end, by: Int(interval)) { runCycle(at: now) }
    }

    func runs(of name: String) -> [Int64] { runs[name] ?? [] }
}

private let hour: Int64 = 3600
private let day: Int64 = 86400
/// 2026-01-01 00:00:00 UTC, a Thursday.
private let newYear: Int64 = 1_767_225_600

/// Central European time in 2026: forward on 29 March, back on 25 October, both at 01:00 UTC.
private let forward: Int64 = 1_774_746_000
private let back: Int64 = 1_792_890_000
private let centralEurope = LocalTime { (forward..<back).contains($0) ? 7200 : 3600 }

@Suite struct IntervalTests {
    @Test func `A module without a schedule runs at every cycle, and module_interval N at every Nth`() throws {
        var host = try SimulatedHost(["all": "", "third": "module_interval 3"])
        host.runCycles(from: newYear, through: newYear + 9 * 300, every: 300)
        #expect(host.runs(of: "all").count == 10)
        #expect(host.runs(of: "third") == [0, 3, 6, 9].map { newYear + $0 * 300 })
    }

    @Test func `Once is once ever, also after a restart with the committed state`() throws {
        var host = try SimulatedHost(["once": "module_absoluteinterval once"])
        host.runCycles(from: newYear, through: newYear + 90 * day, every: hour)
        #expect(host.runs(of: "once") == [newYear])
        host.runCycle(at: newYear - 400 * day)
        #expect(host.runs(of: "once").count == 1)
    }

    @Test func `Through three months each day has its run, whatever the unevenness of the cycles`() throws {
        let lateness: [Int64] = [0, 3, 1, 0, 2, 3, 0]
        var host = try SimulatedHost(["daily": "module_absoluteinterval 1d", "five": "module_absoluteinterval 5m"])
        for cycle in 0..<(90 * 288) {
            host.runCycle(at: newYear + Int64(cycle) * 300 + lateness[cycle % lateness.count])
        }
        #expect(host.runs(of: "daily").count == 90)
        // A first cycle that came late may make one early cycle too early; never more than that.
        #expect(host.runs(of: "five").count >= 90 * 288 - 10)
        for (earlier, later) in zip(host.runs(of: "daily"), host.runs(of: "daily").dropFirst()) {
            #expect((day - 5...day + 305).contains(later - earlier))
        }
    }

    @Test func `A host that was off runs what it missed once, and counts from there`() throws {
        var host = try SimulatedHost(["daily": "module_absoluteinterval 1d"])
        host.runCycle(at: newYear)
        host.runCycles(from: newYear + 10 * day + 7 * hour, through: newYear + 12 * day, every: hour)
        #expect(host.runs(of: "daily") == [newYear, newYear + 10 * day + 7 * hour, newYear + 11 * day + 7 * hour])
    }

    @Test func `A clock that is set back runs the module and counts from the new time`() throws {
        var host = try SimulatedHost(["daily": "module_absoluteinterval 1d"])
        host.runCycle(at: newYear + 365 * day)
        host.runCycles(from: newYear, through: newYear + 2 * day, every: hour)
        #expect(host.runs(of: "daily") == [newYear + 365 * day, newYear, newYear + day, newYear + 2 * day])
    }

    @Test func `A clock that is set forward by years runs the module once`() throws {
        var host = try SimulatedHost(["daily": "module_absoluteinterval 1d"])
        host.runCycle(at: newYear)
        host.runCycles(from: newYear + 3650 * day, through: newYear + 3650 * day + 23 * hour, every: hour)
        #expect(host.runs(of: "daily") == [newYear, newYear + 3650 * day])
    }

    @Test func `Plugins without a name, and modules of one name, remember their own times`() throws {
        let modules = try withTemporaryFolder { folder in
            let path = folder.appending("pandora_agent.conf")
            let text = [("module_plugin a", "1h"), ("module_plugin b", "1d"), ("module_plugin a", "2h")].map {
                "module_begin\n\($0.0)\nmodule_absoluteinterval \($0.1)\nmodule_end\n"
            }.joined()
            try Files.create(path, text.utf8)
            return try ConfigurationLoader().load(main: path).modules
        }
        var state: [String: String] = [:]
        var counts = [0, 0, 0]
        for cycle in 0..<49 {
            let moment = CyclePlan.Moment(
                now: newYear + Int64(cycle) * hour, cycle: cycle,
                lastCycle: cycle == 0 ? nil : newYear + Int64(cycle - 1) * hour)
            let plan = CyclePlan(modules, at: moment, state: state, force: false)
            for (index, module) in modules.enumerated() where plan.due.contains(where: { $0.definition == module }) {
                counts[index] += 1
            }
            state.merge(plan.stateChanges()) { $1 }
        }
        #expect(counts == [49, 3, 25])
    }

    @Test func `Force runs everything, and counts as a run`() throws {
        var host = try SimulatedHost(["once": "module_absoluteinterval once", "cron": "module_crontab 0 3 * * *"])
        host.runCycle(at: newYear + hour, force: true)
        host.runCycle(at: newYear + 2 * hour)
        #expect(host.runs(of: "once").count == 1)
        #expect(host.runs(of: "cron").count == 1)
    }

    @Test(arguments: [
        "", "x", "-1", "9223372036854775807", "-9223372036854775808", "99999999999999999999",
        "00000000000000000000000000", "ffffffffffffffffffffffffff", "ffffffffffffffffffffffffffff",
        "ffffffffffffffff0000000000" + "0000000000000000ffffffffff", "FFFFFFFFFFFFFFFF0000000000",
    ])
    func `A damaged state runs the module rather than stops it`(_ value: String) throws {
        var host = try SimulatedHost(["daily": "module_absoluteinterval 1d"])
        host.state[RunTimes.stateKey] = value
        host.lastCycle = Int64(value)
        host.cycle = Int(value) ?? 0
        host.runCycle(at: newYear)
        #expect(host.runs(of: "daily") == [newYear])
        #expect(RunTimes(in: host.state)["daily"] == newYear)
    }
}

@Suite struct CrontabScheduleTests {
    private func runs(
        _ crontab: String, from start: Int64, through end: Int64, every interval: Int64 = 300,
        zone: LocalTime = LocalTime { _ in 0 }
    ) throws -> [Int64] {
        var host = try SimulatedHost(["m": "module_crontab \(crontab)"], zone: zone)
        host.runCycles(from: start, through: end, every: interval)
        return host.runs(of: "m")
    }

    @Test func `A time that no cycle falls into is answered by the next cycle, once`() throws {
        // Cycles at minutes 1, 6, 11 …; the schedule says minute 3.
        let runs = try runs("3 5 * * *", from: newYear + 60, through: newYear + 60 * day)
        #expect(runs == (0..<60).map { newYear + $0 * day + 5 * hour + 6 * 60 })
    }

    @Test func `Cycles within one minute do not run it twice`() throws {
        let runs = try runs("3 5 * * *", from: newYear, through: newYear + 2 * day, every: 10)
        #expect(runs == [0, 1].map { newYear + $0 * day + 5 * hour + 3 * 60 })
    }

    @Test func `The first cycle runs it only at its minute`() throws {
        #expect(try runs("0 0 * * *", from: newYear + 59, through: newYear + 59) == [newYear + 59])
        #expect(try runs("0 0 * * *", from: newYear + 60, through: newYear + 60) == [])
    }

    @Test func `Every field is local time, ranges wrap, and all fields must hold`() throws {
        // Thursday 1 January 2026; 22:00 to 01:59 on Fridays and Saturdays in January.
        let runs = try runs("0 22-1 * 1 5-6", from: newYear, through: newYear + 59 * day, every: 60)
        let expected = stride(from: newYear, to: newYear + 31 * day, by: Int(hour)).filter { time in
            let days = (time - newYear) / day
            return [5, 6].contains((days + 4) % 7) && [22, 23, 0, 1].contains((time - newYear) / hour % 24)
        }
        #expect(runs == expected)
        let ahead = try self.runs("0 0 1 * *", from: newYear, through: newYear + 40 * day, zone: centralEurope)
        #expect(ahead == [newYear + 31 * day - hour])
    }

    @Test func `Sunday is 0 and 7`() throws {
        let zero = try runs("0 12 * * 0", from: newYear, through: newYear + 90 * day)
        #expect(try zero == runs("0 12 * * 7", from: newYear, through: newYear + 90 * day))
        #expect(zero.count == 13)
        #expect(zero.first == newYear + 3 * day + 12 * hour)
    }

    @Test func `A time that the change to summer time skips runs right after it`() throws {
        let runs = try runs(
            "30 2 * * *", from: forward - day, through: forward + 20 * hour, zone: centralEurope)
        #expect(runs == [forward - day + 1800, forward])
    }

    @Test func `A time that the change from summer time repeats runs the first time alone`() throws {
        let runs = try runs("30 2 * * *", from: back - 2 * hour, through: back + 2 * day, zone: centralEurope)
        #expect(runs == [back - 1800, back + day + 1800])
    }

    @Test func `Schedules of every hour go by elapsed time over both changes`() throws {
        for change in [forward, back] {
            let runs = try runs("15 * * * *", from: change - 5 * hour, through: change + 5 * hour, zone: centralEurope)
            #expect(runs == (-5..<5).map { change + Int64($0) * hour + 900 })
        }
    }

    @Test func `Through a year of summer and winter time a daily schedule runs once a day`() throws {
        for time in ["30 2", "0 3", "59 1", "0 2", "0 0", "45 23"] {
            let start = newYear - hour
            let runs = try runs(
                "\(time) * * *", from: start, through: start + 365 * day - 900, every: 900, zone: centralEurope)
            #expect(runs.count == 365, "\(time)")
            let days = Set(runs.map { ($0 + Int64(centralEurope.offset($0))) / day })
            #expect(days.count >= 364, "\(time)")
        }
    }

    @Test func `After a day without cycles what is older than a day is not made up`() throws {
        var host = try SimulatedHost(["m": "module_crontab 0 12 1 * *"])
        host.runCycle(at: newYear)
        host.runCycle(at: newYear + 2 * day)
        #expect(host.runs(of: "m") == [])
        var prompt = try SimulatedHost(["m": "module_crontab 0 12 1 * *"])
        prompt.runCycle(at: newYear)
        prompt.runCycle(at: newYear + day)
        #expect(prompt.runs(of: "m") == [newYear + day])
    }

    @Test func `Clocks that jump neither silence a schedule nor run it at other times`() throws {
        var host = try SimulatedHost(["m": "module_crontab 0 12 * * *"])
        host.runCycle(at: newYear + 13 * hour)
        // Back by years: only the present minute is looked at.
        host.runCycle(at: newYear - 3650 * day + 13 * hour)
        #expect(host.runs(of: "m") == [])
        host.runCycles(from: newYear - 3650 * day + 13 * hour + 300, through: newYear - 3648 * day, every: 300)
        #expect(host.runs(of: "m") == [newYear - 3649 * day + 12 * hour])
        // Forward by years: what fell into the last day runs once.
        host.runCycle(at: newYear + 3650 * day + 13 * hour)
        #expect(host.runs(of: "m").last == newYear + 3650 * day + 13 * hour)
        #expect(host.runs(of: "m").count == 2)
    }

    @Test func `The present minute is never missed when the clock goes back into it`() throws {
        var host = try SimulatedHost(["m": "module_crontab 0 12 * * *"])
        host.runCycle(at: newYear + 15 * hour)
        host.runCycle(at: newYear + 12 * hour + 30)
        #expect(host.runs(of: "m") == [newYear + 12 * hour + 30])
    }

    @Test func `The system's own time zone is used where none is given`() {
        let minutes = ElapsedMinutes(after: nil, until: newYear, in: .system)
        let offset = Int64(LocalTime.system.offset(newYear))
        #expect(minutes.all.map(\.hour) == [Int(((newYear + offset) % day + day) % day / hour)])
    }
}
