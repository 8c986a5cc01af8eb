import AgentConfiguration
import DataFile
import Modules
import SystemPackage
import Testing

@testable import Agent

/// The modules of a configuration, without a file.
func modules(_ text: String) throws -> [ModuleDefinition] {
    let configuration = try ConfigurationLoader(read: { _ in Array(text.utf8) }, expand: { _ in [] }).load(
        main: "/a.conf")
    // A crontab of chance may be one that no day meets.
    #expect(configuration.diagnostics.filter { $0.severity == .error }.map(\.description) == [])
    return configuration.modules
}

@Suite("The plan of a cycle")
struct PlanTests {
    /// A host over time: cycles are committed, or not, and the clock may be set.
    private struct Host {
        let modules: [ModuleDefinition]
        var state: [String: String] = [:]
        var wall: Int64

        /// Runs a cycle whose modules all have one value.
        mutating func cycle(_ kind: CycleKind = .full, value: String = "0", commits: Bool = true) -> [String] {
            let plan = CyclePlan(
                modules, at: CyclePlan.Moment(now: wall, state: state, kind: kind), state: state, force: false)
            var changes = plan.stateChanges()
            var told: [String] = []
            for module in plan.due {
                var outcome = ModuleOutcome()
                outcome.value = value
                outcome.stateChanges = ["position": String(wall)]
                let (reported, isReported) = module.reported(outcome)
                if isReported { told.append(module.definition.name) }
                changes.merge(reported.stateChanges) { $1 }
            }
            guard commits else { return told }
            state.merge(changes) { $1 }
            if kind == .full {
                state[StateKey.cycle] = String((state[StateKey.cycle].flatMap(Int.init) ?? 0) + 1)
                state[StateKey.lastCycleTime] = String(wall)
            }
            return told
        }
    }

    @Test("An intensive module tells a change of match at once, and else keeps to its own interval")
    func changeOfMatch() throws {
        var host = Host(
            modules: try modules(
                """
                module_begin
                module_name m
                module_exec x
                module_interval 3
                module_intensive_condition > 5
                module_intensive_condition < 100
                module_end
                module_begin
                module_name plain
                module_exec x
                module_end
                """), wall: 1_700_000_000)
        #expect(host.cycle() == ["m", "plain"])
        #expect(host.cycle(.intensive) == [])
        #expect(host.cycle(.intensive, value: "7") == ["m"])
        #expect(host.cycle(.intensive, value: "8") == [])
        #expect(host.cycle(value: "9") == ["plain"])
        // Both conditions must hold.
        #expect(host.cycle(.intensive, value: "100") == ["m"])
        #expect(host.cycle(.intensive, value: "3") == [])
        #expect(host.cycle(value: "4") == ["plain"])
        #expect(host.cycle(value: "4") == ["m", "plain"])
        #expect(host.cycle(value: "50") == ["m", "plain"])
    }

    @Test("What was not committed is told again, and what is not told is not committed")
    func commitDecides() throws {
        var host = Host(
            modules: try modules(
                "module_begin\nmodule_name m\nmodule_exec x\nmodule_intensive_condition > 5\nmodule_end"), wall: 100)
        _ = host.cycle()
        #expect(host.state["position"] == "100")
        host.wall = 110
        #expect(host.cycle(.intensive, value: "6", commits: false) == ["m"])
        host.wall = 120
        #expect(host.cycle(.intensive, value: "6") == ["m"])
        host.wall = 130
        #expect(host.cycle(.intensive, value: "6") == [])
        #expect(host.state["position"] == "120")
    }

    @Test("A module without a value neither begins nor ceases to match")
    func noValue() throws {
        let module = try #require(
            try modules("module_begin\nmodule_name m\nmodule_exec x\nmodule_intensive_condition > 5\nmodule_end").first)
        let planned = PlannedModule(definition: module, stateKey: "m", reporting: .changeOfMatch(from: true))
        let (outcome, isReported) = planned.reported(ModuleOutcome(failure: "broken"))
        #expect(isReported && outcome.failures == ["broken"] && outcome.stateChanges.isEmpty)
    }

    @Test("Absolute intervals hold over months in which the clock jumps both ways, and are never silent for longer")
    func clockJumps() throws {
        var host = Host(
            modules: try modules(
                """
                module_begin
                module_name hourly
                module_exec x
                module_absoluteinterval 1h
                module_end
                module_begin
                module_name once
                module_exec x
                module_absoluteinterval once
                module_end
                """), wall: 1_700_000_000)
        var random = SystemRandomNumberGenerator()
        var onceCount = 0
        var silence: Int64 = 0
        var jumps: [Int64] = []
        for cycle in 0..<(90 * 288) {
            // A jump of a day to a year, about once a day.
            if cycle > 0, Int.random(in: 0..<288, using: &random) == 0 {
                let length = Int64.random(in: 86_400...31_536_000, using: &random)
                let jump = Bool.random(using: &random) ? length : -length
                jumps.append(jump)
                host.wall += jump
            }
            let told = host.cycle()
            if told.contains("once") { onceCount += 1 }
            silence = told.contains("hourly") ? 0 : silence + 300
            try #require(silence < 3600, "silent after jumps \(jumps)")
            host.wall += 300
        }
        #expect(onceCount == 1 && !jumps.isEmpty)
    }

    @Test("Without jumps an hourly module runs each hour, and one of three cycles in each third")
    func regular() throws {
        var host = Host(
            modules: try modules(
                """
                module_begin
                module_name hourly
                module_exec x
                module_absoluteinterval 60m
                module_end
                module_begin
                module_name third
                module_exec x
                module_interval 3
                module_end
                """), wall: 1_700_000_000)
        var counts: [String: Int] = [:]
        for _ in 0..<(30 * 288) {
            for name in host.cycle() { counts[name, default: 0] += 1 }
            host.wall += 300
        }
        #expect(counts == ["hourly": 30 * 24, "third": 30 * 96])
    }

    @Test("What the list of modules says is next is when the plan runs it")
    func nextRun() throws {
        let all = try modules(
            [
                "module_interval 1", "module_interval 7", "module_absoluteinterval 1000",
                "module_absoluteinterval once",
                "module_crontab 7 * * * *", "module_crontab * 3-5 * * *", "module_crontab 0 4 1 1 *",
                "module_crontab 30 2 30 2 *",
            ].map { "module_begin\nmodule_name \($0)\nmodule_exec x\n\($0)\nmodule_end" }.joined(separator: "\n"))
        var host = Host(modules: all, wall: 1_700_000_000)
        var expected: [String: NextRun] = [:]
        for _ in 0..<(3 * 288) {
            let told = Set(host.cycle())
            for (module, key) in zip(all, CyclePlan.stateKeys(of: all)) {
                if let next = expected[module.name] {
                    let isExpected: Bool =
                        switch next {
                        case .from(let time): time <= host.wall
                        case .never: false
                        }
                    #expect(told.contains(module.name) == isExpected, "\(module.name) at \(host.wall), said \(next)")
                }
                let lastRun = key.flatMap { CyclePlan.lastRun($0, in: RunTimes(in: host.state)) }
                expected[module.name] = NextRun(
                    module.schedule, lastRun: lastRun, at: CyclePlan.Moment(now: host.wall, state: host.state),
                    interval: 300)
            }
            host.wall += 300
        }
        #expect(expected["module_absoluteinterval once"] == .never)
        #expect(expected["module_crontab 30 2 30 2 *"] == .never)
    }
}
