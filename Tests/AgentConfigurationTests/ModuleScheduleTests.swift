import Testing

@testable import AgentConfiguration

@Suite struct ModuleScheduleTests {
    private func schedule(_ lines: String) throws -> ModuleSchedule? {
        try module("module_name n\nmodule_exec true\n\(lines)")?.schedule
    }

    @Test func `Without a schedule a module runs at every cycle`() throws {
        #expect(try schedule("") == ModuleSchedule())
        #expect(ModuleSchedule().everyCycles == 1)
    }

    @Test func `module_interval counts cycles`() throws {
        #expect(try schedule("module_interval 12")?.everyCycles == 12)
        #expect(try schedule("module_interval 0")?.everyCycles == 1)
    }

    @Test(arguments: [
        ("90", 90), ("90s", 90), ("5m", 300), ("2h", 7200), ("7d", 604_800), ("1D", 86400),
    ])
    func `module_absoluteinterval takes units`(_ text: String, _ seconds: Int) throws {
        #expect(try schedule("module_absoluteinterval \(text)")?.absoluteInterval == .every(.seconds(seconds)))
    }

    @Test(arguments: ["0", "-5", "5w", "m", "", "1.5h", "9999999999999999999d", "twice"])
    func `A wrong module_absoluteinterval has no effect`(_ text: String) throws {
        let configuration = try load(
            "module_begin\nmodule_name n\nmodule_exec true\nmodule_absoluteinterval \(text)\nmodule_end\n")
        #expect(configuration.modules.first?.schedule == ModuleSchedule())
        #expect(configuration.diagnostics.map(\.severity) == [.error])
    }

    @Test(arguments: [
        ("generic_data", "async_data"), ("generic_data_inc", "async_data"), ("generic_data_inc_abs", "async_data"),
        ("generic_proc", "async_proc"), ("generic_data_string", "async_string"), ("async_string", "async_string"),
        ("log", "log"),
    ])
    func `A module that runs once is asynchronous`(_ type: String, _ becomes: String) throws {
        let module = try module(
            "module_name n\nmodule_exec true\nmodule_absoluteinterval once\nmodule_type \(type)")
        #expect(module?.schedule.absoluteInterval == .once)
        #expect(module?.type.name == becomes)
    }

    @Test func `A crontab has five fields of numbers, ranges and stars`() throws {
        let crontab = try #require(try schedule("module_crontab  0-10  22-3 1 * 5-7")?.crontab)
        #expect(crontab.text == "0-10 22-3 1 * 5-7")
        #expect(crontab.minute == .range(0, 10))
        #expect(crontab.day == .range(1, 1))
        #expect(crontab.month == .any)
        for hour in 0...23 { #expect(crontab.hour.contains(hour) == (hour >= 22 || hour <= 3)) }
        for weekday in 0...6 {
            #expect(
                crontab.contains(minute: 10, hour: 0, day: 1, month: 6, weekday: weekday)
                    == [0, 5, 6].contains(weekday))
        }
        #expect(try schedule("module_crontab * * * * *\nmodule_cron_interval 60")?.cronInterval == 60)
    }

    @Test(arguments: [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
        "*/5 * * * *", "1,2 * * * *", "1- * * * *", "-1 * * * *", "1-2-3 * * * *", "a * * * *",
    ])
    func `A module whose crontab is wrong is skipped`(_ text: String) throws {
        let configuration = try load(
            "module_begin\nmodule_name n\nmodule_exec true\nmodule_crontab \(text)\nmodule_end\n")
        #expect(configuration.modules.isEmpty)
        #expect(configuration.diagnostics.first?.text.hasSuffix("the module is skipped") == true)
    }

    static let conditions: [(String, Condition)] = [
        ("> 5", .greater(5)), (">5", .greater(5)), ("< -0.5", .less(-0.5)), ("= 1e3", .equal(1000)),
        ("== 2", .equal(2)), ("!= 0", .notEqual(0)), ("(3, 8)", .between(3, 8)), ("( 3 ,8 )", .between(3, 8)),
        ("=~ fail.*d", .matches("fail.*d")),
    ]

    @Test(arguments: conditions) func `Conditions and their commands`(_ text: String, _ condition: Condition) throws {
        let module = try #require(
            try module(
                "module_name n\nmodule_exec true\nmodule_condition \(text) echo a  b\nmodule_precondition \(text) cat /x\n"
                    + "module_intensive_condition \(text)"))
        #expect(module.conditions == [CommandCondition(condition: condition, command: "echo a  b")])
        #expect(module.preconditions == [CommandCondition(condition: condition, command: "cat /x")])
        #expect(module.intensiveConditions == [condition])
    }

    @Test func `Intervals exclude their ends, and comparisons are what they say`() {
        let values: [Double] = [2, 3, 5, 8, 9]
        #expect(values.map { Condition.between(3, 8).holds(for: $0) } == [false, false, true, false, false])
        #expect(values.map { Condition.greater(5).holds(for: $0) } == [false, false, false, true, true])
        #expect(values.map { Condition.less(5).holds(for: $0) } == [true, true, false, false, false])
        #expect(values.map { Condition.equal(5).holds(for: $0) } == [false, false, true, false, false])
        #expect(values.map { Condition.notEqual(5).holds(for: $0) } == [true, true, false, true, true])
        #expect(Condition.matches("5").holds(for: 5) == nil)
    }

    @Test func `Conditions add up, and a regular expression without a command may hold spaces`() throws {
        let module = try module(
            "module_name n\nmodule_exec true\nmodule_condition > 1 a\nmodule_condition > 2 b\n"
                + "module_intensive_condition =~ two words")
        #expect(module?.conditions.map(\.command) == ["a", "b"])
        #expect(module?.intensiveConditions == [.matches("two words")])
    }

    @Test(arguments: [
        "", "5 cmd", "> five cmd", "> 5", "(1, 2", "(1) cmd", "(1, 2, 3) cmd", "(a, b) cmd", "=~", "!5 c",
    ])
    func `A wrong precondition skips the module, a wrong condition only itself`(_ text: String) throws {
        let precondition = try load(
            "module_begin\nmodule_name n\nmodule_exec true\nmodule_precondition \(text)\nmodule_end\n")
        #expect(precondition.modules.isEmpty)
        #expect(precondition.diagnostics.map(\.severity) == [.error])
        let condition = try load(
            "module_begin\nmodule_name n\nmodule_exec true\nmodule_condition \(text)\nmodule_end\n")
        #expect(condition.modules.first?.conditions == [])
        #expect(condition.diagnostics.map(\.severity) == [.error])
    }

    @Test func `module_timeout and module_save`() throws {
        let module = try module("module_name n\nmodule_exec true\nmodule_timeout 15\nmodule_save _n1")
        #expect(module?.timeout == .seconds(15))
        #expect(module?.savesAs == "_n1")
        #expect(try variable("1n") == nil)
        #expect(try variable("a-b") == nil)
        #expect(try variable("é") == nil)
        #expect(try variable("") == nil)
    }

    private func variable(_ name: String) throws -> String? {
        try module("module_name n\nmodule_exec true\nmodule_save \(name)")?.savesAs
    }
}
