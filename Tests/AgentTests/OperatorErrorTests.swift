import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("What an operator does wrong is named, and ends with the right status")
struct OperatorErrorTests {
    @Test("A local.conf that --local names must be there")
    func missingLocal() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 1"))
            for command in ["run", "check", "status", "modules"] {
                let result = await agent.run(command, "--local", "\(folder)/mistyped.conf")
                #expect(result.status == 2, "\(command)")
                #expect(result.complaint.contains("mistyped.conf, which --local names, cannot be found"), "\(command)")
            }
            #expect(try agent.delivered().isEmpty)
            #expect(await agent.run("run").status == 0)
        }
    }

    @Test("--stdout leaves the state folder alone, also where the log cannot be written")
    func standardOutputOnly() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "")
            let configuration = "agent_name unit\nlogfile /nonexistent/agent.log\n" + module("a", "module_exec echo 1")
            try Files.replace(agent.configuration, with: configuration.utf8)
            let result = await agent.run("run", "--stdout")
            #expect(result.status == 0)
            #expect(result.text.contains("<name><![CDATA[a]]></name>"))
            #expect(!Files.exists(agent.state))
        }
    }

    @Test("An agent_name_cmd that prints NUL costs its answer, and no command")
    func nulName() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, "agent_name_cmd printf 'a\\000b\\n'\n" + module("a", "module_exec echo 1"))
            #expect(await agent.run("run").status == 0)
            #expect(try await agent.received().map(\.text) == ["1"])
            #expect(try agent.logText().contains("agent_name_cmd: the command printed a NUL byte"))
        }
    }

    @Test("An agent_name_cmd that hangs is cut at the end of the interval")
    func hangingName() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, "interval 1\nagent_name_cmd sleep 300\n" + module("a", "module_exec echo 1"))
            _ = await agent.run("run")
            #expect(try agent.logText().contains("agent_name_cmd: the command did not end within"))
        }
    }

    @Test(
        "An answer that nobody gets is a failure",
        arguments: [
            "run --summary", "run --stdout", "status", "check", "modules", "spool list", "plugin --list", "doctor",
        ])
    func fullDevice(command: String) async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 1"))
            let words = command.split(separator: " ").map(String.init)
            let shell = "exec \"$0\" \"$@\" > /dev/full"
            let result = await AgentUnderTest.run(
                "/bin/sh",
                ["-c", shell, AgentUnderTest.program.string]
                    + (command.hasPrefix("plugin") ? words : agent.words(words)))
            #expect(result.status == 1)
            #expect(result.complaint.contains("No space left on device"))
        }
    }

    @Test("A server_path that is missing, a file or read-only is named itself")
    func serverPath() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "")
            let file = folder.appending("file")
            try Files.create(file, "".utf8)
            for (path, reason) in [
                ("\(folder)/missing", "cannot be used: "), (file.string, "is not a folder"),
                ("/proc/self", "no file can be put"),
            ] {
                try agent.configure(
                    module("a", "module_exec echo 1"), transfer: "transfer_mode local\nserver_path \(path)")
                let result = await agent.run("run", "--summary")
                #expect(result.status == 3)
                #expect(result.text.contains("server_path \(path)"), "\(result.text)")
                #expect(result.text.contains(reason), "\(result.text)")
                #expect(!result.text.contains(".part"))
            }
        }
    }

    @Test("A state folder that cannot be made points to --state")
    func stateFolder() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 1"))
            let result = await AgentUnderTest.run(
                AgentUnderTest.program,
                ["run", "--conf", agent.configuration.string, "--state", "/proc/nonexistent/state"])
            #expect(result.status == 1)
            #expect(result.complaint.contains("name another one with --state"))
        }
    }

    @Test("A module that --module names and nobody configured is an error, and nothing runs")
    func unknownModule() async throws {
        try await withTemporaryFolder { folder in
            let trace = folder.appending("ran")
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec touch \(trace); echo 1"))
            let result = await agent.run("run", "--module", "a", "--module", "b")
            #expect(result.status == 2)
            #expect(result.complaint.contains("there is no module 'b'"))
            #expect(!Files.exists(trace))
            #expect(try agent.delivered().isEmpty)
        }
    }

    @Test("A password in the command of a plugin without a name is in no log and no list")
    func passwordInCommand() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "module_plugin sh -c 'exit 3' x --password Geheim-1")
            let summary = await agent.run("run", "--summary", "-v")
            for command in ["modules", "check"] {
                let result = await agent.run(command)
                #expect(!(result.text + result.complaint).contains("Geheim"), "\(command)")
            }
            #expect(summary.text.contains("--password ***"))
            #expect(!(summary.text + summary.complaint).contains("Geheim"))
            #expect(try !agent.logText().contains("Geheim"))
        }
    }

    @Test(
        "A signal to a run kills what it started, commits nothing, and ends it", arguments: [SIGTERM, SIGINT, SIGHUP])
    func signal(_ number: Int32) async throws {
        try await withTemporaryFolder { folder in
            let started = folder.appending("started")
            let agent = try AgentUnderTest(
                in: folder,
                module("a", "module_exec echo $$ > \(started).new; mv \(started).new \(started); sleep 300 & wait"))
            // A shell without job control has SIGINT ignored in what it starts in the background; Python has not.
            let script = """
                import subprocess, sys
                process = subprocess.Popen(sys.argv[2:])
                open(sys.argv[1] + '/pid', 'w').write(str(process.pid))
                print('ended', 128 - process.wait())
                """
            let task = Task {
                await AgentUnderTest.run(
                    "/usr/bin/python3",
                    ["-c", script, folder.string, AgentUnderTest.program.string] + agent.words(["run"]))
            }
            try await waitUntil { Files.exists(started) }
            let pid = try processIdentifier(folder.appending("pid"))
            let command = try processIdentifier(started)
            kill(pid, number)
            #expect(await task.value.text == "ended \(128 + number)\n")
            try await waitUntil { kill(-command, 0) != 0 && errno == ESRCH }
            #expect(try agent.delivered().isEmpty)
            #expect(try Files.names(in: agent.outbox).isEmpty)
            // The state folder is free again.
            try agent.configure(module("a", "module_exec echo 1"))
            #expect(await agent.run("run").status == 0)
        }
    }

    @Test("What whoever started a run wants ignored stays ignored")
    func ignoredSignal() async throws {
        try await withTemporaryFolder { folder in
            let started = folder.appending("started")
            let agent = try AgentUnderTest(
                in: folder,
                module("a", "module_exec echo > \(started); while ! test -e \(folder)/go; do sleep 0.01; done; echo 1"))
            let script = "trap '' HUP; \"$0\" \"$@\" & echo $! > \(folder)/pid; wait $!; echo \"ended $?\""
            let task = Task {
                await AgentUnderTest.run(
                    "/bin/bash", ["-c", script, AgentUnderTest.program.string] + agent.words(["run"]))
            }
            try await waitUntil { Files.exists(started) }
            kill(try processIdentifier(folder.appending("pid")), SIGHUP)
            try Files.create(folder.appending("go"), "".utf8)
            #expect(await task.value.text == "ended 0\n")
            #expect(try agent.delivered().count == 1)
        }
    }

    @Test("A service whose configuration cannot be used when it starts ends with status 2")
    func unusableAtStart() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "")
            try Files.remove(agent.configuration)
            let result = await agent.run("daemon")
            #expect(result.status == 2)
            #expect(result.complaint.contains("\(agent.configuration)"))
        }
    }
}

private func processIdentifier(_ file: FilePath) throws -> pid_t {
    try #require(pid_t(String(decoding: try Files.read(file, limit: 20), as: UTF8.self).filter(\.isNumber)))
}
