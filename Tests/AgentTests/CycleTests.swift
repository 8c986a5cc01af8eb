import CommandRunner
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("A cycle, end to end")
struct CycleTests {
    @Test("Modules arrive in the order of the configuration, whatever their duration")
    func order() async throws {
        try await withTemporaryFolder { folder in
            let modules = (0..<12).map { number in
                module(
                    "m\(number)", "module_type generic_data_string",
                    "module_exec sleep 0.\(9 - number % 9); echo \(number)")
            }
            let agent = try AgentUnderTest(in: folder, "agent_threads 4\n" + modules.joined(separator: "\n"))
            let result = await agent.run("run")
            #expect(result.status == 0)
            #expect(result.output.isEmpty && result.errorOutput.isEmpty)
            #expect(try await agent.received().map(\.text) == (0..<12).map { "\($0)" })
        }
    }

    @Test("A module finds what the one before it wrote")
    func oneAfterTheOther() async throws {
        try await withTemporaryFolder { folder in
            let modules = (1...6).map { number in
                module(
                    "m\(number)", "module_type generic_data_string",
                    "module_exec sleep 0.1; echo \(number) >> \(folder)/written; echo $(cat \(folder)/written)")
            }
            let agent = try AgentUnderTest(in: folder, modules.joined(separator: "\n"))
            #expect(await agent.run("run").status == 0)
            #expect(
                try await agent.received().map(\.text) == ["1", "1 2", "1 2 3", "1 2 3 4", "1 2 3 4 5", "1 2 3 4 5 6"])
        }
    }

    @Test("One that takes long is not waited for, also where a later one saves its value", arguments: [1, 3])
    func notWaitedFor(slowCount: Int) async throws {
        try await withTemporaryFolder { folder in
            // Those that wait end at what the last one writes.
            let slow = (1...slowCount).map { number in
                module(
                    "slow \(number)", "module_exec while [ ! -e \(folder)/last ]; do sleep 0.02; done; echo \(number)")
            }
            let agent = try AgentUnderTest(
                in: folder,
                ([
                    "interval 10"
                ] + slow + [
                    module("saves", "module_exec echo 7", "module_save VALUE"),
                    module("last", "module_exec touch \(folder)/last; echo $VALUE"),
                ]).joined(separator: "\n"))
            #expect(await agent.run("run").status == 0)
            #expect(
                try await agent.received().map(\.text) == (1...slowCount).map { "\($0)" } + ["7", "7"])
        }
    }

    @Test("agent_threads says how many run side by side, and nothing waits for the one before it")
    func threads() async throws {
        try await withTemporaryFolder { folder in
            let modules = ["a", "b", "c"].map { name in
                module(
                    name,
                    "module_exec touch \(folder)/\(name); while [ $(ls \(folder)/[abc] | wc -l) -lt 3 ]; do sleep 0.02; "
                        + "done; echo 1")
            }
            let agent = try AgentUnderTest(in: folder, "agent_threads 3\n" + modules.joined(separator: "\n"))
            #expect(await agent.run("run").status == 0)
            #expect(try await agent.received().map(\.name) == ["a", "b", "c"])
            for name in ["a", "b", "c"] { try Files.remove(folder.appending(name)) }
            try agent.configure(
                "agent_threads 1\ninterval 1\n"
                    + module("a", "module_exec while [ ! -e \(folder)/b ]; do sleep 0.02; done; echo 1") + "\n"
                    + module("b", "module_exec touch \(folder)/b; echo 1"))
            #expect(await agent.run("run").status == 0)
            #expect(try await agent.received().map(\.name) == ["a", "b", "c", "b"])
        }
    }

    @Test("Several lines are one value, one line loses its end, and the shell's status decides")
    func values() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                [
                    module("lines", "module_type generic_data_string", "module_exec printf 'a\\nb\\n'"),
                    module("one", "module_type generic_data", "module_exec echo ' 7 '"),
                    module("fails", "module_exec echo 1; exit 3"),
                    module("silent", "module_exec true"),
                ].joined(separator: "\n"))
            #expect(await agent.run("run").status == 0)
            let received = try await agent.received()
            #expect(received.map(\.name) == ["lines", "one"])
            #expect(received.map(\.text) == ["a\nb", "7"])
            #expect(try agent.logText().contains("module 'fails': the command exited with status 3"))
        }
    }

    @Test("A saved value is in the environment of later modules, beside the agent's own variables")
    func environment() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                [
                    module("first", "module_exec echo 42", "module_save ANSWER"),
                    module(
                        "second", "module_type generic_data_string",
                        "module_exec echo \"$ANSWER $PANDORA_AGENT $PANDORA_HOME $LC_ALL $SECRET\""),
                ].joined(separator: "\n"))
            _ = await agent.run("run", environment: ["SECRET": "leaked"])
            #expect(try await agent.received().last?.text == "42 unit \(folder) C.UTF-8 ")
        }
    }

    @Test("A configuration that is named from the working folder is an absolute path to commands")
    func relativePath() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                module("a", "module_type generic_data_string", "module_exec cd /; echo $PANDORA_HOME; ours"))
            try Files.makeFolder(folder.appending("plugins"))
            let program = folder.appending("plugins/ours")
            try Files.create(program, "#!/bin/sh\necho found\n".utf8)
            try program.changeMode(0o755)
            let script = "cd '\(folder)' && '\(AgentUnderTest.program)' run --conf ./pandora_agent.conf --state state"
            #expect(await AgentUnderTest.run("/bin/sh", ["-c", script]).status == 0)
            #expect(try await agent.received().map(\.text) == ["\(folder)\nfound"])
            #expect(Files.exists(agent.state.appending("positions")))
        }
    }

    @Test("Native modules give numbers that are possible")
    func nativeModules() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                [
                    module("cpu", "module_cpuusage all"), module("memory", "module_freememory"),
                    module("memory share", "module_freepercentmemory"), module("disk", "module_freedisk /"),
                    module("disk share", "module_freepercentdisk /"),
                    module("disk use", "module_occupiedpercentdisk /"),
                    module("process", "module_type generic_proc", "module_proc pandora-agent"),
                    module("no process", "module_type generic_proc", "module_proc no-such-process-\u{2603}"),
                    module("service", "module_type generic_proc", "module_service no-such-service"),
                    module("process cpu", "module_cpuproc pandora-agent"),
                    module("process memory", "module_memproc pandora-agent"),
                ].joined(separator: "\n"))
            #expect(await agent.run("run").status == 0)
            let received = try await agent.received()
            let values = Dictionary(uniqueKeysWithValues: received.map { ($0.name, Double($0.text) ?? -1) })
            #expect(received.count == 11)
            for name in ["cpu", "memory share", "disk share", "disk use"] {
                #expect((0...100).contains(values[name] ?? -1), "\(name)")
            }
            #expect(abs((values["disk share"] ?? 0) + (values["disk use"] ?? 0) - 100) < 0.1)
            #expect((values["memory"] ?? 0) > 1 && (values["disk"] ?? 0) > 1)
            #expect(values["process"] == 1 && values["no process"] == 0 && values["service"] == 0)
            #expect((values["process memory"] ?? 0) > 1)
        }
    }

    @Test("Nothing due sends nothing, until a sign of life is")
    func emptyFile() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec true"))
            _ = await agent.run("run")
            #expect(try agent.delivered().count == 1)
            _ = await agent.run("run")
            #expect(try agent.delivered().count == 1)
        }
    }

    @Test("What the server did not take goes out at the next cycle, oldest first")
    func waiting() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 1"))
            removeTree(agent.server)
            for _ in 0..<3 {
                let result = await agent.run("run")
                #expect(result.status == 3)
                #expect(result.complaint.contains("the files wait in the spool"))
            }
            let waiting = try Files.names(in: agent.outbox).filter { $0.extension == "data" }
            #expect(waiting.count == 3)
            try Files.makeFolder(agent.server)
            #expect(await agent.run("run").status == 0)
            #expect(try agent.delivered().count == 4)
            let order = try agent.logText().split(separator: "\n").filter { $0.contains("info: sent ") }
                .compactMap { $0.split(separator: " ").first { $0.hasSuffix(".data,") } }
            #expect(order == order.sorted() && order.count == 4)
        }
    }

    @Test("A second agent on the same state folder says so and ends with status 4")
    func twoAgents() async throws {
        try await withTemporaryFolder { folder in
            let gate = folder.appending("gate")
            let agent = try AgentUnderTest(
                in: folder, module("a", "module_exec while [ ! -e \(gate) ]; do sleep 0.02; done; echo 1"))
            async let first = agent.run("run")
            while !Files.exists(agent.state.appending("lock")) { await Task.yield() }
            var second = await agent.run("run", "-q")
            // The lock file is made a moment before the lock is held.
            while second.status != 4, !Files.exists(gate) { second = await agent.run("run", "-q") }
            try Files.create(gate, [])
            #expect(second.status == 4)
            #expect(await first.status == 0)
        }
    }

    @Test("A module that runs a single time waits for its precondition")
    func onceWithPrecondition() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                module(
                    "a", "module_absoluteinterval once", "module_precondition = 1 cat \(folder)/gate",
                    "module_exec echo 7"))
            try Files.replace(folder.appending("gate"), with: "0\n".utf8)
            _ = await agent.run("run")
            #expect(try await agent.received().isEmpty)
            try Files.replace(folder.appending("gate"), with: "1\n".utf8)
            for _ in 0..<2 { _ = await agent.run("run") }
            #expect(try await agent.received().map(\.text) == ["7"])
        }
    }

    @Test("--stdout prints the data file and touches nothing")
    func standardOutput() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 1"))
            let result = await agent.run("run", "--stdout")
            #expect(result.status == 0)
            #expect(result.text.hasPrefix("<?xml version='1.0' encoding='UTF-8'?>\n<agent_data "))
            #expect(!Files.exists(agent.state))
            #expect(try agent.delivered().isEmpty)
        }
    }

    @Test("--module runs that one alone")
    func oneModule() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, module("a", "module_exec echo 1") + "\n" + module("b", "module_exec echo 2"))
            #expect(await agent.run("run", "--module", "b").status == 0)
            #expect(try await agent.received().map(\.name) == ["b"])
        }
    }

    @Test("A configuration that cannot be read ends with status 2 and says which")
    func missingConfiguration() async throws {
        await withTemporaryFolder { folder in
            let result = await AgentUnderTest.run(
                AgentUnderTest.program, ["run", "--conf", folder.appending("none.conf").string])
            #expect(result.status == 2)
            #expect(result.complaint.contains("cannot open \(folder)/none.conf: No such file or directory"))
        }
    }

    @Test("The inventory holds the host's packages, as dpkg-query lists them, and comes once in its days")
    func inventory() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "module_plugin inventory 1 users software")
            // Somebody may install a package meanwhile.
            var installed: Set<String>
            repeat {
                removeTree(agent.state)
                for file in try agent.delivered() { try Files.remove(file) }
                installed = await installedPackages()
                _ = await agent.run("run")
            } while await installedPackages() != installed
            let software = try #require(try await agent.received().first { $0.name == "Software" })
            let rows = software.text.split(separator: "\n")
            #expect(Set(rows.map { $0.split(separator: ";").prefix(2).joined(separator: ";") }) == installed)
            #expect(rows.count == installed.count)
            _ = await agent.run("run")
            #expect(try await agent.received().count { $0.name == "Software" } == 1)
        }
    }

    private func installedPackages() async -> Set<String> {
        let query = await AgentUnderTest.run(
            "/usr/bin/dpkg-query", ["-W", "-f", "${db:Status-Status} ${Package};${Version}\n"])
        let marked = query.text.split(separator: "\n").filter { $0.hasPrefix("installed ") }
        return Set(marked.map { String($0.dropFirst("installed ".count)) })
    }
}
