import Testing

@testable import AgentConfiguration

@Suite struct ModuleTokenTests {
    static let attributes = [
        "module_description d": "description", "module_min 1": "min", "module_max 2": "max",
        "module_postprocess 0.001": "post_process", "module_min_warning 1": "min_warning",
        "module_max_warning 2": "max_warning", "module_min_critical 3": "min_critical",
        "module_max_critical 4": "max_critical", "module_str_warning w.*": "str_warning",
        "module_str_critical c.*": "str_critical", "module_warning_inverse 1": "warning_inverse",
        "module_critical_inverse 1": "critical_inverse", "module_unit %": "unit", "module_group g": "module_group",
        "module_custom_id 7": "custom_id", "module_tags a,b": "tags", "module_quiet 1": "quiet",
        "module_min_ff_event 1": "min_ff_event", "module_min_ff_event_normal 1": "min_ff_event_normal",
        "module_min_ff_event_warning 1": "min_ff_event_warning",
        "module_min_ff_event_critical 1": "min_ff_event_critical", "module_ff_type 1": "ff_type",
        "module_ff_timeout 5": "ff_timeout", "module_each_ff 1": "each_ff",
        "module_ff_interval 5": "module_ff_interval",
        "module_alert_template t": "alert_template", "module_critical_instructions c": "critical_instructions",
        "module_warning_instructions w": "warning_instructions",
        "module_unknown_instructions u": "unknown_instructions",
        "module_parent p": "module_parent", "module_parent_unlink 1": "module_parent_unlink",
    ]

    @Test(arguments: attributes) func `Each attribute goes into the data file under its element`(
        _ line: String, _ element: String
    ) throws {
        let type = line.hasPrefix("module_str") ? "generic_data_string" : "generic_data"
        let configuration = try load(
            "module_begin\nmodule_name n\nmodule_type \(type)\n\(line)\nmodule_exec true\nmodule_end\n")
        let value = String(line.drop { $0 != " " }.dropFirst())
        #expect(configuration.modules.first?.attributes.map { [$0.element, $0.text] } == [[element, value]])
        #expect(configuration.findings.isEmpty)
    }

    @Test func `No attribute is left out of the rows above, and they keep the order of the data file`() throws {
        let tokens = ModuleToken.all.filter { if case .attribute = $0.role { true } else { false } }
        #expect(Set(tokens.map(\.name)) == Set(Self.attributes.keys.map { String($0.prefix { $0 != " " }) }))
        let lines = tokens.reversed().map { "\($0.name) 1" }.joined(separator: "\n")
        let module = try #require(try module("module_name n\nmodule_exec true\n\(lines)"))
        #expect(
            module.attributes.map(\.element)
                == tokens.map(\.element))
    }

    @Test func `A later attribute replaces an earlier one, and one without a value is none`() throws {
        let module = try module("module_name n\nmodule_exec true\nmodule_unit a\nmodule_unit b\nmodule_tags")
        #expect(module?.attributes.map { [$0.element, $0.text] } == [["unit", "b"]])
    }

    @Test(arguments: [
        "generic_data", "generic_proc", "generic_data_string", "generic_data_inc", "generic_data_inc_abs", "async_data",
        "async_proc", "async_string", "log", "web_data", "web_content_string",
    ])
    func `Types are passed through`(_ type: String) throws {
        let configuration = try load("module_begin\nmodule_name n\nmodule_type \(type)\nmodule_exec true\nmodule_end\n")
        #expect(configuration.modules.first?.type.name == type)
        #expect(configuration.findings.isEmpty)
    }

    @Test func `A module without a type is generic_data, and an unknown type is named with the nearest`() throws {
        #expect(try module("module_name n\nmodule_exec true")?.type == .genericData)
        let empty = try load("module_begin\nmodule_name n\nmodule_type\nmodule_exec true\nmodule_end")
        #expect(empty.modules.first?.type == .genericData)
        #expect(empty.findings == ["3:1: warning: module_type: no value, expected a type; the line has no effect"])
        let wrong = try load("module_begin\nmodule_name n\nmodule_type generic_dta\nmodule_exec true\nmodule_end")
        #expect(wrong.findings == ["3:1: warning: unknown module type 'generic_dta': did you mean 'generic_data'?"])
        let upper = try load("module_begin\nmodule_name n\nmodule_type Async_Data\nmodule_exec true\nmodule_end")
        #expect(upper.modules.first?.type.name == "async_data")
        #expect(upper.findings == ["3:1: warning: the server knows types in lower case only: 'async_data' is used"])
    }

    static let sources: [(String, ModuleSource)] = [
        ("module_exec ls | wc -l # all", .command("ls | wc -l # all")),
        ("module_plugin df /", .plugin("df /")),
        ("module_cpuusage all", .cpuUsage(core: nil)), ("module_cpuusage", .cpuUsage(core: nil)),
        ("module_cpuusage 0", .cpuUsage(core: 0)),
        ("module_proc sshd", .processRunning("sshd")), ("module_service ssh", .serviceRunning("ssh")),
        ("module_cpuproc sshd", .processCPU("sshd")), ("module_memproc sshd", .processMemory("sshd")),
        ("module_freedisk /", .freeDisk(mount: "/")), ("module_freepercentdisk /", .freePercentDisk(mount: "/")),
        ("module_occupiedpercentdisk /", .occupiedPercentDisk(mount: "/")),
        ("module_freememory", .freeMemory), ("module_freepercentmemory", .freePercentMemory),
        (
            "module_regexp /var/log/x\nmodule_pattern a.*",
            .logPattern(file: "/var/log/x", pattern: "a.*", fromStart: false)
        ),
        (
            "module_pattern a\nmodule_noseekeof 1\nmodule_regexp /x",
            .logPattern(file: "/x", pattern: "a", fromStart: true)
        ),
        ("module_port 22\nmodule_tcpcheck localhost", .tcpCheck(host: "localhost", port: 22)),
        ("module_ping localhost", .ping(host: "localhost", count: 1, timeout: .seconds(1))),
        (
            "module_ping h\nmodule_ping_count 3\nmodule_ping_timeout 250",
            .ping(host: "h", count: 3, timeout: .milliseconds(250))
        ),
    ]

    @Test(arguments: sources) func `Each source`(_ lines: String, _ source: ModuleSource) throws {
        let configuration = try load("module_begin\nmodule_name n\n\(lines)\nmodule_end\n")
        #expect(configuration.modules.map(\.source) == [source])
        #expect(configuration.findings.isEmpty)
    }

    @Test func `No source is left out of the rows above`() {
        let lines = Self.sources.map(\.0).joined(separator: "\n").split(separator: "\n")
        let tested = Set(lines.map { String($0.prefix { $0 != " " }) })
        for token in ModuleToken.all {
            switch token.role {
            case .source, .detail: #expect(tested.contains(token.name), "\(token.name)")
            default: break
            }
        }
    }

    @Test(arguments: [
        ("module_exec", "3:12: error: module_exec: no value, expected a value; the module is skipped"),
        (
            "module_cpuusage x",
            "3:17: error: module_cpuusage: 'x', expected all, or the number of a core; the module is skipped"
        ),
        (
            "module_cpuusage -1",
            "3:17: error: module_cpuusage: '-1', expected all, or the number of a core; the module is skipped"
        ),
        ("module_regexp /x", "3:1: error: module_regexp needs a module_pattern; the module is skipped"),
        ("module_tcpcheck h", "3:1: error: module_tcpcheck needs a module_port; the module is skipped"),
        (
            "module_tcpcheck h\nmodule_port 0",
            "4:13: error: module_port: '0', expected a whole number from 1 to 65535; the module is skipped"
        ),
        (
            "module_unit %",
            "1:1: warning: module 'n' is skipped: it has nothing to run (module_exec, module_plugin …)"
        ),
    ])
    func `A module that cannot run is skipped and says why`(_ lines: String, _ finding: String) throws {
        let configuration = try load("module_begin\nmodule_name n\n\(lines)\nmodule_end\n")
        #expect(configuration.modules.isEmpty)
        #expect(configuration.skippedModules.map(\.name) == ["n"])
        #expect(configuration.findings == [finding])
    }

    @Test(arguments: [
        "module_min x", "module_max 1,5", "module_postprocess 1/10", "module_min_warning low",
        "module_max_critical 1e999",
        "module_min_ff_event -1", "module_ff_timeout 5m", "module_quiet maybe", "module_critical_inverse 2",
    ])
    func `An attribute that the server cannot use is named, and sent as it is`(_ line: String) throws {
        let configuration = try load("module_begin\nmodule_name n\nmodule_exec x\n\(line)\nmodule_end\n")
        let words = line.split(separator: " ")
        #expect(configuration.modules.first?.attributes.map(\.text) == [String(words[1])])
        #expect(configuration.findings.count == 1)
        let start = "4:\(words[0].utf8.count + 2): warning: \(words[0]): '\(words[1])', expected "
        #expect(configuration.findings.first?.hasPrefix(start) == true)
        #expect(configuration.findings.first?.hasSuffix("; the server gets it as it is") == true)
    }

    static let limits: [(String, [String])] = [
        ("module_min_warning 5\nmodule_max_warning 9", []), ("module_min_warning 5\nmodule_max_warning 0", []),
        ("module_min_warning 5\nmodule_max_warning 5", []), ("module_min_critical 5", []),
        (
            "module_min_warning 5\nmodule_max_warning 4",
            [
                "4:1: warning: module_max_warning is below module_min_warning: the state is never warning; 0 stands for no end"
            ]
        ),
        (
            "module_max_critical -1\nmodule_min_critical 0",
            [
                "3:1: warning: module_max_critical is below module_min_critical: the state is never critical; 0 stands for no end"
            ]
        ),
        ("module_min_warning 5\nmodule_max_warning 4\nmodule_warning_inverse 1", []),
        ("module_min 5\nmodule_max 4", ["4:1: warning: module_max is below module_min: the server accepts no value"]),
        (
            "module_str_critical x",
            ["3:1: warning: module_str_critical counts for text, and the values of generic_data are numbers"]
        ),
        (
            "module_type async_string\nmodule_min_warning 1",
            ["4:1: warning: module_min_warning counts for numbers, and the values of async_string are text"]
        ),
        ("module_type log\nmodule_str_warning x", []),
    ]

    @Test(arguments: limits) func `Limits that can never be met are named`(_ lines: String, _ findings: [String]) throws
    {
        let configuration = try load("module_begin\nmodule_name n\n\(lines)\nmodule_exec x\nmodule_end\n")
        #expect(configuration.findings == findings)
        #expect(configuration.modules.count == 1)
    }

    @Test func `Only a plugin may go without a name`() throws {
        let configuration = try load("module_begin\nmodule_exec true\nmodule_end\nmodule_plugin df\n")
        #expect(configuration.modules.map(\.source) == [.plugin("df")])
        #expect(configuration.findings == ["1:1: warning: this module is skipped: it has no module_name"])
    }

    @Test func `A disabled module is skipped without complaint, whatever else is wrong with it`() throws {
        let configuration = try load("module_begin\nmodule_name n\nmodule_disabled 1\nmodule_end\n")
        #expect(configuration.modules.isEmpty)
        #expect(configuration.skippedModules.map(\.reason) == ["module_disabled 1"])
        #expect(configuration.findings.isEmpty)
        #expect(try module("module_name n\nmodule_disabled 0\nmodule_exec true") != nil)
    }

    @Test(arguments: ModuleToken.all.filter { $0.support == .windowsOnly }.map(\.name))
    func `What the Windows agent alone knows is named and the module skipped`(_ token: String) throws {
        let configuration = try load("module_begin\nmodule_name n\nmodule_exec true\n\(token) x\nmodule_end\n")
        #expect(configuration.modules.isEmpty)
        #expect(
            configuration.findings == [
                "4:1: warning: module 'n' is skipped: '\(token)' exists in the Windows agent only"
            ])
    }

    @Test(arguments: ["module_proc_cmd", "module_freedisk_cmd"])
    func `Replacements of native probes have no effect and are named`(_ token: String) throws {
        let configuration = try load("module_begin\nmodule_name n\nmodule_proc x\n\(token) y\nmodule_end\n")
        #expect(configuration.modules.map(\.source) == [.processRunning("x")])
        #expect(configuration.findings == ["4:1: warning: '\(token)' has no effect: probes are native"])
    }

    @Test func `Of two sources the later counts`() throws {
        let configuration = try load("module_begin\nmodule_name n\nmodule_exec a\nmodule_proc b\nmodule_end\n")
        #expect(configuration.modules.map(\.source) == [.processRunning("b")])
        #expect(configuration.findings == ["4:1: warning: 'module_proc' replaces the 'module_exec' above it"])
    }
}
