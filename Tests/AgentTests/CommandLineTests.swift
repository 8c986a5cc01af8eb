import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("The command line")
struct CommandLineTests {
    @Test("lock, status and unlock: the flag is a file with its reason, and status says where it was set")
    func lockAndUnlock() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 1"))
            #expect(await agent.run("status").text.contains("read-only: no\n"))
            #expect(await agent.run("lock", "change freeze").status == 0)
            let flag = folder.appending("read_only")
            #expect(try Files.status(flag).permissions == [.ownerRead, .groupRead, .otherRead])
            #expect(await agent.run("lock").text.contains("already read-only"))
            #expect(await agent.run("status").text.contains("read-only: yes: file \(flag) (change freeze)\n"))
            #expect(await agent.run("run").status == 0)
            let status = await agent.run("status").text
            #expect(status.contains("s ago, done: 1 modules, 0 failed; 1 files committed, 1 delivered"))
            #expect(await agent.run("unlock").status == 0)
            #expect(!Files.exists(flag))
            try agent.configure("read_only 1")
            #expect(
                await agent.run("unlock").text.contains("read-only: yes: read_only 1 at \(agent.configuration):5:1"))
            #expect(await agent.run("status", "--read-only").text.contains("option --read-only"))
        }
    }

    @Test("check prints file:line:column, and its status tells warnings from errors")
    func check() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 1"))
            #expect(await agent.run("check").status == 0)
            #expect(await agent.run("check", "--strict").status == 0)
            try agent.configure(module("a", "module_exec echo 1", "module_proc_cmd ps"))
            #expect(await agent.run("check").status == 0)
            #expect(await agent.run("check", "--strict").status == 1)
            try agent.configure("intervall 300")
            let result = await agent.run("check")
            #expect(result.status == 1)
            #expect(
                result.text.contains(
                    "\(agent.configuration):5:1: error: unknown token 'intervall': did you mean 'interval'?"))
            let json = await agent.run("check", "--format", "json")
            let parsed = await AgentUnderTest.run(
                "/usr/bin/env",
                [
                    "python3", "-c", "import json,sys; print(json.loads(sys.argv[1])['diagnostics'][0]['line'])",
                    json.text,
                ])
            #expect(parsed.text == "5\n")
        }
    }

    @Test("Wrong usage ends with status 2 and says how it is right")
    func usage() async throws {
        for words in [["run", "--unknown"], ["nonsense"], ["plugin"], ["plugin", "nonsense"]] {
            let result = await AgentUnderTest.run(AgentUnderTest.program, words, environment: ["HOME": "/tmp"])
            #expect(result.status == 2, "\(words)")
            #expect(!result.errorOutput.isEmpty && result.output.isEmpty)
        }
        #expect(await AgentUnderTest.run(AgentUnderTest.program, ["--version"]).text == "0.1.0\n")
    }

    @Test("A plugin as a program gives what it gives inside the agent, and keeps its position where --state says")
    func pluginProgram() async throws {
        try await withTemporaryFolder { folder in
            let lines = folder.appending("lines")
            try Files.create(lines, "old\n".utf8)
            let agent = try AgentUnderTest(in: folder, "module_plugin grep_log_module \(lines) 'A Name' 'new|<'")
            func plugin() async -> CommandResult {
                await AgentUnderTest.run(
                    AgentUnderTest.program,
                    ["plugin", "--state", "\(folder)/plugin", "grep_log_module", lines.string, "A Name", "new|<"])
            }
            #expect(await plugin().output.isEmpty)
            _ = await agent.run("run")
            try OpenFile(lines, .writeOnly, options: .append).write("new one\nother\nNEW two\n<a>\n".utf8)
            let alone = await plugin()
            _ = await agent.run("run")
            let file = try #require(try agent.delivered().last)
            let document = String(decoding: try Files.read(file, limit: 1 << 20), as: UTF8.self)
            #expect(alone.status == 0 && alone.text.hasPrefix("<log_module>\n"))
            #expect(document.contains(alone.text))
            #expect(try await agent.received().last?.text == "new one\nNEW two\n<a>\n")
            #expect(await plugin().output.isEmpty)
        }
    }

    @Test("A plugin whose output cannot be written reads the same lines again the next time")
    func pluginWithoutReader() async throws {
        try await withTemporaryFolder { folder in
            let lines = folder.appending("lines")
            try Files.create(lines, [])
            let call = "'\(AgentUnderTest.program)' plugin --state '\(folder)/s' grep_log_module '\(lines)' N '.*'"
            _ = await AgentUnderTest.run("/bin/sh", ["-c", call])
            try Files.replace(lines, with: "one\n".utf8)
            let full = await AgentUnderTest.run("/bin/sh", ["-c", "\(call) > /dev/full"])
            #expect(full.status == 1)
            #expect(full.complaint.contains("cannot write the output: No space left on device"))
            #expect(await AgentUnderTest.run("/bin/sh", ["-c", call]).text.contains("<data>"))
        }
    }

    @Test("Plugins that run side by side on one state folder wait for each other")
    func pluginsSideBySide() async throws {
        await withTemporaryFolder { folder in
            let results = await withTaskGroup(of: CommandResult.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        await AgentUnderTest.run(
                            AgentUnderTest.program,
                            ["plugin", "--state", folder.string, "inventory", "0", number % 2 == 0 ? "kernel" : "ip"])
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.allSatisfy { $0.status == 0 && $0.text.contains("<inventory_module>") })
        }
    }

    @Test("The loop runs a cycle at once on SIGHUP, and ends with its commit on SIGTERM")
    func loop() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "interval 3600\n" + module("a", "module_exec echo 1"))
            let pidFile = folder.appending("pid")
            let script = """
                '\(AgentUnderTest.program)' \(agent.words(["daemon"]).joined(separator: " ")) & echo $! > '\(pidFile).new'
                mv '\(pidFile).new' '\(pidFile)'; wait $!
                """
            let daemon = Task { await AgentUnderTest.run("/bin/sh", ["-c", script]) }
            try await waitUntil { try agent.delivered().count == 1 && Files.exists(pidFile) }
            let pid = try #require(
                pid_t(String(decoding: try Files.read(pidFile, limit: 20), as: UTF8.self).filter(\.isNumber)))
            // The signal may come before the loop waits again; it is kept until then.
            #expect(kill(pid, SIGHUP) == 0)
            try await waitUntil { try agent.delivered().count == 2 }
            #expect(kill(pid, SIGTERM) == 0)
            let result = await daemon.value
            #expect(result.status == 0, "\(result.complaint)")
            #expect(try agent.delivered().count == 2)
        }
    }

    @Test("Called as pandora_agent with a folder, cron_mode 1 makes it one cycle")
    func predecessor() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "cron_mode 1\n" + module("a", "module_exec echo 1"))
            let link = folder.appending("pandora_agent")
            try AgentUnderTest.program.makeLink(at: link)
            // This command line has no word for the state folder: it is the system's, and here one of the test's own.
            let script = "mount -t tmpfs tmpfs /var/lib && '\(link)' '\(folder)' && ls /var/lib"
            let result = await AgentUnderTest.run("/usr/bin/unshare", ["-rm", "/bin/sh", "-c", script])
            #expect(result.status == 0, "\(result.complaint)")
            #expect(result.text == "pandora-agent\n")
            #expect(try agent.delivered().count == 1)
        }
    }

    @Test("As root, a configuration that others can write is refused; local.conf always is")
    func foreignConfiguration() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 1"))
            try Files.create(folder.appending("local.conf"), "strict_permissions 1\n".utf8)
            try agent.configuration.changeMode(0o666)
            let result = await agent.run("run")
            #expect(result.status == 2)
            #expect(result.complaint.contains("pandora_agent.conf can be written by everybody"))
            try Files.replace(folder.appending("local.conf"), with: "strict_permissions 0\n".utf8)
            #expect(await agent.run("run").status == 0)
            try folder.appending("local.conf").changeMode(0o622)
            #expect(await agent.run("run").status == 2)
        }
    }

    @Test("The local policy decides which commands run")
    func commandRules() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                module("fine", "module_exec echo 1") + "\n" + module("denied", "module_exec cat /etc/shadow"))
            try Files.create(folder.appending("local.conf"), "allow_command echo *\n".utf8)
            _ = await agent.run("run")
            #expect(try await agent.received().map(\.name) == ["fine"])
            #expect(try agent.logText().contains("the local policy does not allow the command 'cat /etc/shadow'"))
        }
    }

    @Test(
        "An ordinary user's cycle collects what the user may read, and names the rest",
        .enabled(if: geteuid() == 0, "only root can become another user"))
    func ordinaryUser() async throws {
        try await withTemporaryFolder { folder in
            let secret = folder.appending("secret.log")
            try Files.create(secret, "x\n".utf8)
            let agent = try AgentUnderTest(
                in: folder,
                "module_plugin grep_log_module \(secret) Secret \\.*\nmodule_plugin inventory 0 software users\n"
                    + module("a", "module_exec id -u"))
            try folder.changeMode(0o777)
            try agent.server.changeMode(0o777)
            try agent.configuration.changeMode(0o644)
            try Files.makeFolder(agent.state)
            try Files.remove(agent.log, missingIsFine: true)
            chown(agent.state.string, 65534, 65534)
            // The program may lie where this user cannot go.
            let copy = folder.appending("pandora-agent")
            let script =
                "cp '\(AgentUnderTest.program)' '\(copy)' && chmod 755 '\(copy)' && exec setpriv --reuid=65534 "
                + "--regid=65534 --clear-groups '\(copy)' \(agent.words(["run"]).joined(separator: " "))"
            let result = await AgentUnderTest.run("/bin/sh", ["-c", script])
            #expect(result.status == 0, "\(result.complaint)")
            let received = try await agent.received()
            #expect(received.contains { $0.name == "Software" && $0.value.count > 1000 })
            #expect(received.last?.text == "65534")
            let log = try agent.logText()
            #expect(log.contains("\(secret)") && log.contains("ermission denied"))
            #expect(log.contains("shadow"))
        }
    }
}
