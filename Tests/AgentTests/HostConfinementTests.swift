import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// What the program gives up before it works. The tests run as root, as the program does where it has something to give up.
@Suite("Confinement of the process")
struct HostConfinementTests {
    private static let stateModule = module("state", "module_type generic_data_string", "module_exec \(states)")
    /// Ids, capabilities and flags of the command's own process, of the one that starts commands, and of every thread of
    /// the agent.
    private static let states =
        "cat /proc/self/status /proc/$PPID/status /proc/$(ps -o ppid= -p $PPID | tr -d ' ')/task/*/status | grep -E '^(Uid|Gid|Groups|CapEff|CapBnd|CapAmb|NoNewPrivs):'"

    /// An agent whose folder its user may enter, and that delivers into a folder of that user.
    private func agent(in folder: FilePath, _ text: String) throws -> AgentUnderTest {
        try #require(geteuid() == 0, "these tests need root")
        let agent = try AgentUnderTest(in: folder, text)
        try folder.changeMode(0o755)
        try agent.server.changeMode(0o777)
        try agent.configuration.changeMode(0o644)
        return agent
    }

    private func states(_ agent: AgentUnderTest) async throws -> [String] {
        let text = try #require(try await agent.received().first { $0.name == "state" }).text
        return text.split(whereSeparator: \.isNewline).map {
            $0.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
    }

    @Test(
        "pandora_user: every thread and every command has the user's ids and groups alone, nothing of root's, for good")
    func drop() async throws {
        try await withTemporaryFolder { folder in
            let agent = try agent(in: folder, "pandora_user nobody\n\(Self.stateModule)")
            let run = await agent.run("run")
            #expect(run.status == 0, "\(run.complaint)")
            let states = try await states(agent)
            #expect(states.count >= 21)
            for state in states {
                let words = state.split(separator: " ")
                let isAsExpected =
                    switch words.first {
                    case "Uid:", "Gid:": words.count == 5 && words.dropFirst().allSatisfy { $0 == "65534" }
                    case "Groups:": words.dropFirst() == ["65534"]
                    case "NoNewPrivs:": words.last == "1"
                    default: words.last == "0000000000000000"
                    }
                #expect(isAsExpected, "\(state)")
            }
            #expect(await agent.run("status").text.contains("\nuser: nobody\n"))
            #expect(try Files.status(agent.state).userID.rawValue == 65534)
        }
    }

    @Test("keep_capabilities leaves the agent reading of all files, and its commands not")
    func keptCapability() async throws {
        try await withTemporaryFolder { folder in
            let secret = folder.appending("secret.log")
            try Files.create(secret, "line\n".utf8, permissions: [])
            let agent = try agent(
                in: folder,
                "pandora_user nobody\nmodule_plugin grep_log_module \(secret) lines '.*'\n"
                    + module("command", "module_type generic_data_string", "module_exec cat \(secret) 2>&1; true"))
            try Files.create(folder.appending("local.conf"), "keep_capabilities dac_read_search\n".utf8)
            #expect(await agent.run("run").status == 0)
            try OpenFile(secret, .writeOnly, options: .append).write("of root\n".utf8)
            #expect(await agent.run("run").status == 0)
            let received = try await agent.received()
            #expect(received.contains { $0.text == "of root\n" })
            #expect(received.last { $0.name == "command" }?.text.contains("Permission denied") == true)
            #expect(await agent.run("status").text.contains("user: nobody, with CAP_DAC_READ_SEARCH\n"))
        }
    }

    @Test("Root becomes nobody whom others could name, and does not go on as root")
    func foreignFiles() async throws {
        try await withTemporaryFolder { folder in
            let agent = try agent(in: folder, "pandora_user nobody\n\(Self.stateModule)")
            try agent.configuration.changeMode(0o666)
            let open = await agent.run("run")
            #expect(open.status == 2)
            #expect(open.complaint.contains("\(agent.configuration) can be written by everybody"))
            try agent.configuration.changeMode(0o600)
            try Files.create(folder.appending("local.conf"), "keep_capabilities dac_read_search\n".utf8)
            #expect(chown("\(folder)/local.conf", 65534, 65534) == 0)
            let foreign = await agent.run("run")
            #expect(foreign.status == 2)
            #expect(foreign.complaint.contains("belongs to user 65534"))
            #expect(try agent.delivered().isEmpty)
        }
    }

    @Test("A user that is not there, and a state folder of somebody else, end the program")
    func impossible() async throws {
        try await withTemporaryFolder { folder in
            let agent = try agent(in: folder, "pandora_user surely-nobody\n\(Self.stateModule)")
            let missing = await agent.run("run")
            #expect(missing.status == 2)
            #expect(missing.complaint.contains("pandora_user: there is no user 'surely-nobody'"))
            try Files.makeFolder(agent.state)
            try agent.configure("pandora_user nobody")
            let foreign = await agent.run("run")
            #expect(foreign.status == 2)
            #expect(foreign.complaint.contains("(chown -R nobody \(agent.state))"))
        }
    }

    /// Programs that try to listen and tell what came of it.
    private static let listeners = [
        "python3 -c 'import socket; socket.socket().listen()'",
        "python3 -c 'import socket; s = socket.socket(socket.AF_INET6); s.bind((\"::1\", 0)); s.listen()'",
        "python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.bind(\"\\0name of a test\"); s.listen()'",
        "setsid python3 -c 'import socket; socket.socket().accept()'",
    ]

    @Test("Nothing that the agent starts can listen or accept, as root and as a user, and the log says who tried")
    func listening() async throws {
        for user in ["root", "nobody"] {
            try await withTemporaryFolder { folder in
                let modules = Self.listeners.enumerated().map {
                    module(
                        "m\($0.offset)", "module_type generic_data_string", "module_exec \($0.element) 2>&1 | tail -n 1"
                    )
                }
                let agent = try agent(in: folder, "pandora_user \(user)\n\(modules.joined(separator: "\n"))")
                let run = await agent.run("run")
                #expect(run.status == 0)
                let received = try await agent.received()
                #expect(received.count == Self.listeners.count)
                for module in received {
                    #expect(module.text == "PermissionError: [Errno 13] Permission denied", "\(module.name) as \(user)")
                }
                let tries = run.complaint.split(separator: "\n").filter { $0.contains("'python3' tried to listen") }
                #expect(tries.count == Self.listeners.count)
                let status = await agent.run("status").text
                #expect(status.contains("listening: refused by the kernel (seccomp); tries are in the log\n"))
                #expect(status.contains("tried to listen for connections and was refused"))
            }
        }
    }

    @Test("deny_listen 0 in local.conf, and there alone, lets commands listen, and status says so")
    func listeningAllowed() async throws {
        try await withTemporaryFolder { folder in
            let listener = module(
                "l", "module_type generic_data_string", "module_exec \(Self.listeners[0]) && echo listens")
            let agent = try agent(in: folder, "deny_listen 0\n\(listener)")
            _ = await agent.run("run")
            #expect(await agent.run("status").text.contains("listening: refused by the kernel"))
            try Files.create(folder.appending("local.conf"), "deny_listen 0\n".utf8)
            #expect(await agent.run("run").status == 0)
            #expect(try await agent.received().last?.text == "listens")
            #expect(await agent.run("status").text.contains("listening: not refused by the kernel: deny_listen 0\n"))
        }
    }

    @Test("A command that kills its parent costs the cycle, and ends the service with an error")
    func killedLauncher() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, "interval 3600\n" + module("k", "module_exec kill -9 $PPID; sleep 1000"))
            let run = await agent.run("run")
            #expect(run.status == 1)
            #expect(run.complaint.contains("the process that starts the agent's commands was killed"))
            #expect(await agent.run("daemon").status == 1)
            #expect(try agent.delivered().isEmpty)
            try agent.configure(module("k", "module_exec echo 1"))
            #expect(await agent.run("run").status == 0)
        }
    }

    @Test("Root uses no included file that others could write, and no configuration behind a link of theirs")
    func foreignIncludes() async throws {
        try await withTemporaryFolder { folder in
            let included = folder.appending("more.conf")
            let agent = try agent(in: folder, "include \(included)")
            try Files.create(included, "\(Self.stateModule)\n".utf8)
            #expect(await agent.run("run").status == 0)
            try included.changeMode(0o666)
            let open = await agent.run("run")
            #expect(open.status == 2)
            #expect(open.complaint.contains("\(included) is not used: \(included) can be written by everybody"))
            try included.changeMode(0o600)
            let way = folder.appending("way")
            try Files.makeFolder(way)
            try way.changeMode(0o777)
            try agent.configuration.makeLink(at: way.appending("pandora_agent.conf"))
            let linked = await AgentUnderTest.run(
                AgentUnderTest.program, ["run", "--conf", way.string, "--state", agent.state.string])
            #expect(linked.status == 2)
            #expect(linked.complaint.contains("\(way) can be written by everybody"))
        }
    }

    @Test("A command ends with the agent, however that ends")
    func killedAgent() async throws {
        try await withTemporaryFolder { folder in
            let marks = folder.appending("marks")
            let agent = try AgentUnderTest(
                in: folder,
                module(
                    "sleeper",
                    "module_exec echo $$ > \(marks).new; ps -o ppid= -p $PPID >> \(marks).new; mv \(marks).new \(marks); "
                        + "sleep 1000"))
            let run = Task { await agent.run("run") }
            try await waitUntil { Files.exists(marks) }
            let numbers = String(decoding: try Files.read(marks, limit: 100), as: UTF8.self)
                .split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
            try #require(numbers.count == 2)
            kill(numbers[1], SIGKILL)
            #expect(await run.value.ending == .killed(signal: SIGKILL))
            try await waitUntil { kill(numbers[0], 0) != 0 }
        }
    }

    @Test("A storm of tries costs the log some fifty lines, and the cycle nothing")
    func storm() async throws {
        try await withTemporaryFolder { folder in
            let program = """
                import socket
                for _ in range(2000):
                    try: socket.socket().listen()
                    except PermissionError: pass
                print("survived")
                """
            try Files.create(folder.appending("storm.py"), program.utf8)
            let storm = module("s", "module_type generic_data_string", "module_exec python3 \(folder)/storm.py")
            let agent = try agent(in: folder, storm)
            let run = await agent.run("run")
            #expect(run.status == 0)
            #expect(try await agent.received().first?.text == "survived")
            let lines = run.complaint.split(separator: "\n")
            #expect(lines.count == 50)
            #expect(lines.last?.hasSuffix("; so were 1950 more tries") == true)
        }
    }
}
