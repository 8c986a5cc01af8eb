import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// What the agent can still write, and that its commands can write what they could.
@Suite("Where the agent writes")
struct WritablePlacesTests {
    /// The agent's log in a folder of its own, so that the folder of the configuration is none that it writes.
    private func agent(in folder: FilePath, _ text: String, logIn log: FilePath) throws -> AgentUnderTest {
        for place in [folder, log] { try Files.makeFolder(place) }
        let agent = try AgentUnderTest(in: folder, text)
        try agent.configure("\(text)\nlogfile \(log)/agent.log")
        return agent
    }

    @Test("A command writes where the agent cannot, and all that the agent writes works; status says what is in force")
    func commands() async throws {
        try await withTemporaryFolder { folder in
            let elsewhere = folder.appending("elsewhere")
            try Files.makeFolder(elsewhere)
            let log = folder.appending("logs")
            let agent = try agent(
                in: folder.appending("agent"),
                "logsize 300\n" + module("a", "module_exec echo 7 | tee \(elsewhere)/made"), logIn: log)
            for _ in 0..<3 {
                let run = await agent.run("run")
                #expect(run.status == 0, "\(run.complaint)")
            }
            #expect(try Files.read(elsewhere.appending("made"), limit: 10) == Array("7\n".utf8))
            #expect(try agent.delivered().count == 3)
            #expect(Files.exists(log.appending("agent.log.1")))
            #expect(
                await agent.run("status").text.contains(
                    "\nwriting: restricted by the kernel (Landlock) to \(agent.state), \(log), \(agent.server)\n"))
        }
    }

    @Test("A place that the configuration names only after the start is not written, and the log says why")
    func laterPlace() async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("logs")
            let later = folder.appending("later")
            try Files.makeFolder(later)
            let agent = try agent(
                in: folder.appending("agent"), "interval 3600\n" + module("a", "module_exec echo 1"), logIn: log)
            let service = try await RunningService(agent)
            try await waitUntil { try agent.delivered().count == 1 }
            let text = String(decoding: try Files.read(agent.configuration, limit: 1 << 16), as: UTF8.self)
            try Files.replace(
                agent.configuration,
                with: text.replacing("server_path \(agent.server)", with: "server_path \(later)").utf8)
            kill(service.pid, SIGHUP)
            try await waitUntil {
                try Files.read(log.appending("agent.log"), limit: 1 << 20).split(separator: UInt8(ascii: "\n"))
                    .contains {
                        String(decoding: $0, as: UTF8.self).contains("cannot write to \(later) since its start")
                    }
            }
            _ = await service.end()
            #expect(try Files.names(in: later).isEmpty)
        }
    }

    @Test("confine_writes 0 in local.conf turns it off, and status says so")
    func off() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 7"))
            try Files.create(folder.appending("local.conf"), "confine_writes 0\n".utf8)
            #expect(await agent.run("run").status == 0)
            #expect(
                await agent.run("status").text.contains("writing: not restricted by the kernel: confine_writes 0\n"))
        }
    }

    @Test("Whose open ports are is told as before")
    func ports() async throws {
        try #require(geteuid() == 0, "this test needs root")
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(number) }
        #expect(listen(number, 1) == 0)
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "module_plugin inventory 0 ports")
            #expect(await agent.run("run").status == 0)
            let document = String(
                decoding: try Files.read(try #require(try agent.delivered().first), limit: 1 << 22), as: UTF8.self)
            #expect(document.contains(";\(getpid());"))
        }
    }

    @Test(
        "module_user: a module's commands, its conditions' too, run as that user; as an ordinary user nothing can change"
    )
    func moduleUser() async throws {
        try #require(geteuid() == 0, "this test needs root")
        try await withTemporaryFolder { folder in
            let open = folder.appending("open")
            try Files.makeFolder(open)
            let agent = try AgentUnderTest(
                in: folder,
                module(
                    "exec", "module_type generic_data_string", "module_user nobody", "module_exec id -un; echo $HOME",
                    "module_precondition = 65534 id -u", "module_condition =~ nobody id -un > \(open)/condition")
                    + "\n" + module("root", "module_type generic_data_string", "module_exec id -un")
                    + "\n" + module("none", "module_user surely-nobody", "module_exec echo 1"))
            try folder.changeMode(0o755)
            try open.changeMode(0o777)
            #expect(await agent.run("run").status == 0)
            let received = try await agent.received()
            let home = try #require(getpwnam("nobody").map { String(cString: $0.pointee.pw_dir) })
            #expect(received.last { $0.name == "exec" }?.text == "nobody\n\(home)")
            #expect(received.last { $0.name == "root" }?.text == "root")
            #expect(!received.contains { $0.name == "none" })
            #expect(try agent.logText().contains("module_user: there is no user 'surely-nobody'"))
            let condition = open.appending("condition")
            #expect(try Files.read(condition, limit: 100) == Array("nobody\n".utf8))
            #expect(try Files.status(condition).userID.rawValue == 65534)
            try agent.configure(
                "pandora_user nobody\n" + module("exec", "module_user daemon", "module_exec id -u"))
            try agent.configuration.changeMode(0o644)
            _ = await AgentUnderTest.run("/bin/chown", ["-R", "nobody", agent.state.string, agent.server.string])
            let other = await agent.run("run", "--verbose")
            #expect(other.complaint.contains("only an agent that runs as root can run commands as 'daemon'"))
        }
    }

    @Test("command_limits hold for the commands of modules")
    func limits() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                module("a", "module_type generic_data_string", "module_exec ulimit -n; ulimit -v; ulimit -t; ulimit -c")
            )
            try Files.create(folder.appending("local.conf"), "command_limits files=40 memory=1G cpu=9\n".utf8)
            #expect(await agent.run("run").status == 0)
            #expect(try await agent.received().first?.text == "40\n1048576\n9\n0")
            try Files.replace(folder.appending("local.conf"), with: "command_limits files=many\n".utf8)
            #expect(await agent.run("run").status == 0)
            #expect(try await agent.received().count == 1)
        }
    }
}
