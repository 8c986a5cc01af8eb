import Glibc
import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

@Suite("doctor, spool by hand, and the Tentacle command line")
struct DoctorTests {
    private let one = module("a", "module_exec echo 1")

    @Test("doctor sends a sign of life, names the step that fails, and leaves nothing behind")
    func doctor() async throws {
        try await withTemporaryFolder { folder in
            var behaviour = TentacleServerDouble.Behaviour()
            behaviour.password = "secret"
            let double = try TentacleServerDouble(behaviour)
            defer { double.stop() }
            let place = "server_ip 127.0.0.1\nserver_port \(double.port)\nserver_pwd"
            let agent = try AgentUnderTest(in: folder, one, transfer: "\(place) secret")
            let result = await agent.run("doctor")
            #expect(result.status == 0, "\(result.text)")
            #expect(result.text.contains("fine     server: file: a sign of life was taken"))
            #expect(result.text.contains("warning  server: TLS: none"))
            #expect(double.files.count == 1)
            #expect(try Files.names(in: agent.state).allSatisfy { !$0.string.hasPrefix(".doctor") })
            #expect(try Files.names(in: agent.outbox).isEmpty)
            try agent.configure(one, transfer: "\(place) wrong")
            let refused = await agent.run("doctor", "--format", "json")
            #expect(refused.status == 1)
            let program =
                "import json,sys; print([s['step'] for s in json.loads(sys.argv[1]) if s['outcome'] == 'failed'])"
            #expect(
                await AgentUnderTest.run("/usr/bin/env", ["python3", "-c", program, refused.text]).text
                    == "['server: password']\n")
            try agent.configure(one, transfer: "server_ip no-such-host.invalid")
            #expect(await agent.run("doctor").text.contains("failed   server: name: "))
        }
    }

    @Test("spool: a refused file is listed with its reason, shown, tried again and removed")
    func quarantine() async throws {
        try await withTemporaryFolder { folder in
            var behaviour = TentacleServerDouble.Behaviour()
            behaviour.sizeLimit = 100
            let strict = try TentacleServerDouble(behaviour)
            let double = try TentacleServerDouble()
            defer {
                strict.stop()
                double.stop()
            }
            let agent = try AgentUnderTest(
                in: folder, one, transfer: "server_ip 127.0.0.1\nserver_port \(strict.port)")
            _ = await agent.run("run", "-q")
            _ = await agent.run("run", "-q")
            let list = await agent.run("spool", "list")
            #expect(list.text.split(separator: "\n").count { $0.hasPrefix("quarantine ") } == 2)
            let names = try Files.names(in: agent.state.appending("quarantine")).filter { $0.extension == "data" }
                .map(\.string)
            #expect(await agent.run("spool", "show", names[0]).text.contains("<agent_data"))
            #expect(await agent.run("spool", "show", "x.1.data").status == 1)
            #expect(await agent.run("spool", "purge", names[0]).status == 0)
            #expect(await agent.run("spool", "retry").text == "waits again: \(names[1])\n")
            try agent.configure(one, transfer: "server_ip 127.0.0.1\nserver_port \(double.port)")
            #expect(await agent.run("spool", "flush").status == 0)
            #expect(Array(double.files.keys) == [names[1]])
            #expect(try Files.names(in: agent.state.appending("quarantine")).isEmpty)
        }
    }

    @Test("tentacle, and the program called tentacle_client: the reference client's options and status")
    func tentacle() async throws {
        try await withTemporaryFolder { folder in
            let double = try TentacleServerDouble()
            defer { double.stop() }
            try Files.create(folder.appending("x.1.data"), "data".utf8)
            try Files.create(folder.appending("x.2.data"), "data".utf8)
            let client = folder.appending("tentacle_client")
            try AgentUnderTest.program.makeLink(at: client)
            let words = ["-a", "127.0.0.1", "-p", "\(double.port)", "-v"]
            let called = await AgentUnderTest.run(client, words + ["\(folder)/x.1.data"])
            #expect(called.status == 0 && called.text.contains("x.1.data: sent 4 bytes"), "\(called.complaint)")
            let named = await AgentUnderTest.run(AgentUnderTest.program, ["tentacle"] + words + ["\(folder)/x.2.data"])
            #expect(named.status == 0, "\(named.complaint)")
            #expect(Set(double.files.keys) == ["x.1.data", "x.2.data"])
            #expect(await AgentUnderTest.run(client, words + ["\(folder)/missing"]).status == 1)
            #expect(await AgentUnderTest.run(client, ["-h"]).text.contains("-r NUMBER"))
            #expect(await AgentUnderTest.run(client, ["--unknown"]).status == 1)
        }
    }

    @Test("Many agents at once, and a server that serves ten: every file arrives")
    func fleet() async throws {
        // A short form by default; the long one with PANDORA_TORTURE=1.
        let count = getenv("PANDORA_TORTURE") == nil ? 30 : 200
        try await withTemporaryFolder { folder in
            let double = try TentacleServerDouble()
            defer { double.stop() }
            let statuses = try await withThrowingTaskGroup(of: Int32.self) { group in
                for number in 0..<count {
                    // The later of two names counts.
                    let agent = try AgentUnderTest(
                        in: folder.appending("\(number)"), one + "\nagent_name host\(number)",
                        transfer: "server_ip 127.0.0.1\nserver_port \(double.port)")
                    group.addTask { await agent.run("run").status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.allSatisfy { $0 == 0 })
            #expect(double.files.count == count)
        }
    }
}
