import Testing

@testable import AgentConfiguration

/// What can be read of a module and yet has no effect.
@Suite struct ModuleFindingTests {
    private func findings(_ lines: String) throws -> [String] {
        try load("module_begin\nmodule_name n\n\(lines)\nmodule_end\n").findings
    }

    static let ranges: [(String, [String])] = [
        ("module_min 0\nmodule_max 10\nmodule_min_critical 10\nmodule_max_critical 60", []),
        (
            "module_min 0\nmodule_max 10\nmodule_min_critical 50\nmodule_max_critical 60",
            ["5:1: warning: module_min_critical is above module_max: the state is never critical"]
        ),
        ("module_min 0\nmodule_max 10\nmodule_min_critical 50\nmodule_critical_inverse 1", []),
        (
            "module_max_warning -1\nmodule_min 0",
            ["3:1: warning: module_max_warning is below module_min: the state is never warning"]
        ),
        ("module_max_warning 0\nmodule_min 5", []), ("module_min 0\nmodule_max 0\nmodule_min_warning 5", []),
        // What the server compares is another number than what it limits.
        ("module_max 10\nmodule_postprocess 100\nmodule_min_warning 50", []),
        ("module_type generic_data_inc\nmodule_max 10\nmodule_min_warning 50", []),
        (
            "module_type generic_proc\nmodule_min_warning 2",
            ["4:1: warning: values of generic_proc are 0 and 1, and neither is in the range of warning"]
        ),
        (
            "module_type async_proc\nmodule_min_critical 0.2\nmodule_max_critical 0.8",
            ["4:1: warning: values of async_proc are 0 and 1, and neither is in the range of critical"]
        ),
        ("module_type generic_proc\nmodule_min_critical 0\nmodule_max_critical 0.5", []),
        ("module_type generic_proc\nmodule_min_critical 0\nmodule_max_critical 0", []),
        ("module_type generic_proc\nmodule_min_critical 1", []),
    ]

    @Test(arguments: ranges) func `Ranges that no value falls into are named`(_ lines: String, _ expected: [String])
        throws
    {
        #expect(try findings("\(lines)\nmodule_exec x") == expected)
    }

    @Test func `Details of another source have no effect`() throws {
        let details = "module_pattern a\nmodule_noseekeof 1\nmodule_port 1\nmodule_ping_count 1\nmodule_ping_timeout 1"
        #expect(
            try findings("module_exec x\n\(details)") == [
                "4:1: warning: 'module_pattern' has no effect without module_regexp",
                "5:1: warning: 'module_noseekeof' has no effect without module_regexp",
                "6:1: warning: 'module_port' has no effect without module_tcpcheck",
                "7:1: warning: 'module_ping_count' has no effect without module_ping",
                "8:1: warning: 'module_ping_timeout' has no effect without module_ping",
            ])
        #expect(try findings("module_ping h\nmodule_ping_count 1\nmodule_ping_timeout 1") == [])
    }

    @Test func `What would dress the value of a plugin has no effect, and is named once`() throws {
        let effective = "module_interval 2\nmodule_timeout 5\nmodule_precondition > 1 x\nmodule_crontab * * * * *"
        #expect(try findings("module_plugin x\n\(effective)") == [])
        #expect(
            try findings("module_plugin x\nmodule_unit %") == [
                "4:1: warning: of a plugin module_unit has no effect: what it prints says all of its modules"
            ])
        #expect(
            try findings("module_plugin x\nmodule_unit %\nmodule_type generic_proc\nmodule_unit %\nmodule_quiet 1") == [
                "4:1: warning: of a plugin module_unit, module_type, module_quiet have no effect: what it prints says all of "
                    + "its modules"
            ])
    }

    @Test(arguments: ["* * 31 2 *", "* * 30 2 *", "* * 31 4 *", "0 0 31 9 1"])
    func `A crontab that no day meets is named`(_ crontab: String) throws {
        #expect(
            try findings("module_exec x\nmodule_crontab \(crontab)") == [
                "4:16: warning: module_crontab: there is no such day in any year, and the module never runs"
            ])
    }

    @Test(arguments: ["* * 29 2 *", "* * 28-31 2 *", "* * 31 4-5 *", "* * 31 * *", "* * * 2 *", "* * 31-1 2 *"])
    func `A crontab that some day meets is not`(_ crontab: String) throws {
        #expect(try findings("module_exec x\nmodule_crontab \(crontab)") == [])
    }

    @Test func `The lines that are judged on a host keep their places`() throws {
        let found = try module(
            "module_name n\nmodule_exec x\nmodule_condition > a\n  module_condition  > 1 a\nmodule_user u\n"
                + "module_condition < 1 b\nmodule_str_warning x")
        let module = try #require(found)
        func places(_ token: String) -> [String] { module.positions(of: token).map { "\($0.line):\($0.column)" } }
        #expect(places("module_condition") == ["5:21", "7:18"])
        #expect(places("module_user") == ["6:13"])
        #expect(places("module_str_warning") == ["8:20"])
        #expect(places("module_precondition") == [])
        let log = try #require(
            try AgentConfigurationTests.module(
                "module_name n\nmodule_pattern a\nmodule_regexp /x\nmodule_pattern  b\nmodule_port 1"))
        #expect(log.positions(of: "module_pattern").map { "\($0.line):\($0.column)" } == ["5:17"])
        #expect(log.lines.count == 1)
        #expect(try AgentConfigurationTests.module("module_name n\nmodule_exec x\nmodule_unit %")?.lines == [])
    }
}
