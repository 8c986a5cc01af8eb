import AgentConfiguration
import Modules
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Agent

@Suite("The list of modules")
struct ModulesCommandTests {
    @Test("It tells kind, next time, last value and duration; what is skipped is told too")
    func list() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                [
                    module("number one", "module_exec echo 42"),
                    module("broken", "module_exec echo oops >&2; exit 3"),
                    module("silent", "module_exec true", "module_interval 5"),
                    module("disk", "module_freedisk /", "module_absoluteinterval once"),
                    module("off", "module_exec echo 1", "module_disabled 1"),
                    module("quick", "module_exec echo 5", "module_intensive_condition > 3"),
                ].joined(separator: "\n"))
            let before = await agent.run("modules")
            #expect(before.status == 0)
            #expect(before.text.contains("NAME") && before.text.contains("never ran"))
            #expect(!Files.exists(agent.state))
            #expect(await agent.run("run").status == 0)
            let lines = await agent.run("modules").text.split(separator: "\n").map(String.init)
            func line(_ name: String) -> String { lines.first { $0.hasPrefix(name) } ?? "" }
            #expect(line("number one").contains("module_exec") && line("number one").contains(" 42 ("))
            #expect(line("broken").contains("failed: the command exited with status 3: oops"))
            #expect(line("silent").contains("no data"))
            #expect(line("disk").contains("module_freedisk") && line("disk").contains("never again"))
            #expect(line("off").contains("skipped") && line("off").contains("module_disabled 1"))
            #expect(line("quick").contains("intensive"))
            let json = await agent.run("modules", "--format", "json").text
            let program = """
                import json,sys
                all = {m['name']: m for m in json.loads(sys.argv[1])['modules']}
                one = all['number one']
                print(one['last']['text'], one['kind'], one['next'] > one['last']['time'], all['disk']['next'], \
                all['silent']['next'] - one['next'], all['broken']['last']['result'])
                """
            let parsed = await AgentUnderTest.run("/usr/bin/env", ["python3", "-c", program, json])
            #expect(parsed.text == "42 module_exec True None 1200 failed\n", "\(parsed.complaint)")
        }
    }

    @Test("--run runs one module, tells value, status, standard error and duration, and remembers nothing")
    func trial() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                module("a b", "module_exec echo 7; echo first >&2; echo second >&2", "module_unit s") + "\n"
                    + module("bad", "module_exec echo broken >&2; exit 9"))
            let result = await agent.run("modules", "a b", "--run")
            #expect(result.status == 0)
            for part in ["value: 7\n", "exit status: 0\n", "standard error:\nfirst\nsecond\n", " ms\n", "<unit>"] {
                #expect(result.text.contains(part), "\(part) in \(result.text)")
            }
            #expect(!Files.exists(agent.state))
            let bad = await agent.run("modules", "bad", "--run", "--format", "json")
            #expect(bad.status == 1)
            #expect(bad.text.contains("\"exit_status\":9") && bad.text.contains("\"standard_error\":\"broken\\n\""))
            let none = await agent.run("modules", "none", "--run")
            #expect(none.status == 1 && none.complaint.contains("module 'none' is not in the configuration"))
            #expect(await agent.run("modules", "--run").status == 2)
        }
    }

    @Test("--run obeys the local rules for commands")
    func rules() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec touch \(folder)/made"))
            try Files.create(folder.appending("local.conf"), "deny_command touch *\n".utf8)
            let result = await agent.run("modules", "a", "--run")
            #expect(result.status == 1 && result.text.contains("the local policy does not allow"))
            #expect(!Files.exists(folder.appending("made")))
        }
    }

    @Test("The history keeps what other cycles left, whatever names and values hold, and survives damage")
    func history() throws {
        try withTemporaryFolder { folder in
            let names = ["plain", "with space", "line\nend", "100%", "ünï%20"]
            func collected(_ name: String, _ value: String) throws -> CollectedModule {
                let text = "module_begin\nmodule_name x\nmodule_exec y\nmodule_end"
                var definition = try #require(try modules(text).first)
                definition.name = name
                var outcome = ModuleOutcome()
                outcome.value = value
                let planned = PlannedModule(definition: definition, stateKey: name, reporting: .always)
                return CollectedModule(planned: planned, outcome: outcome, duration: .milliseconds(12))
            }
            ModuleHistory.add(try names.map { try collected($0, "value of \($0)") }, at: 100, in: folder)
            ModuleHistory.add([try collected("plain", String(repeating: "é", count: 1000))], at: 200, in: folder)
            let runs = ModuleHistory.read(in: folder)
            #expect(Set(runs.keys) == Set(names))
            for name in names.dropFirst() { #expect(runs[name]?.text == "value of \(name)" && runs[name]?.time == 100) }
            #expect(runs["plain"]?.text == String(repeating: "é", count: 100) && runs["plain"]?.milliseconds == 12)
            let file = folder.appending("modules")
            let bytes = try Files.read(file, limit: 1 << 20)
            for _ in 0..<500 {
                var damaged = bytes
                for _ in 0..<10 { damaged[Int.random(in: damaged.indices)] = UInt8.random(in: 0...255) }
                try Files.replace(file, with: damaged.prefix(Int.random(in: 0...damaged.count)))
                #expect(ModuleHistory.read(in: folder).count <= names.count + 20)
            }
        }
    }
}
