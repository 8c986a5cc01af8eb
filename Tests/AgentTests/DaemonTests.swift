import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("The agent as a service")
struct DaemonTests {
    @Test("Between full cycles an intensive module tells each change of match, and others stay silent")
    func intensive() async throws {
        try await withTemporaryFolder { folder in
            let value = folder.appending("value")
            try Files.create(value, "1\n".utf8)
            let agent = try AgentUnderTest(
                in: folder,
                "interval 3600\nintensive_interval 1\n"
                    + module("quick", "module_exec cat \(value)", "module_intensive_condition > 5") + "\n"
                    + module("slow", "module_exec echo 0"))
            let service = try await RunningService(agent)
            // The first cycle of this host comes within ten seconds.
            try await waitUntil { try agent.delivered().count == 1 }
            try Files.replace(value, with: "9\n".utf8)
            try await waitUntil { try agent.delivered().count == 2 }
            try Files.replace(value, with: "2\n".utf8)
            try await waitUntil { try agent.delivered().count == 3 }
            #expect(await service.end().status == 0)
            let received = try await agent.received()
            #expect(received.map(\.name).sorted() == ["quick", "quick", "quick", "slow"])
            #expect(received.filter { $0.name == "quick" }.map(\.text) == ["1", "9", "2"])
        }
    }

    @Test("Every command has the nice value of pandora_nice, whichever thread starts it")
    func nice() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                "pandora_nice 13\n" + (0..<8).map { module("m\($0)", "module_exec nice") }.joined(separator: "\n"))
            #expect(await agent.run("run").status == 0)
            #expect(try await agent.received().map(\.text) == [String](repeating: "13", count: 8))
        }
    }

    @Test("standby 1 runs nothing and sends nothing, and a reload that ends it is followed at once")
    func standby() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, "interval 3600\nstandby 1\nbroker_agent b\n" + module("a", "module_exec echo 1"))
            let service = try await RunningService(agent)
            try await waitUntil { try Files.exists(agent.log) && agent.logText().contains("standby 1") }
            #expect(try agent.delivered().isEmpty && !Files.exists(folder.appending("b.conf")))
            try agent.configure("interval 3600\n" + module("a", "module_exec echo 1"))
            kill(service.pid, SIGHUP)
            try await waitUntil { try agent.delivered().count == 1 }
            #expect(await service.end().status == 0)
        }
    }

    @Test("A cycle that takes longer than the interval is named in the log")
    func overrun() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                "interval 1\n" + module("a", "module_exec sleep 0.9; echo 1", "module_timeout 5") + "\n"
                    + module("b", "module_exec sleep 0.9; echo 1", "module_save B") + "\n"
                    + module("c", "module_exec sleep 0.9; echo 1"))
            let service = try await RunningService(agent)
            try await waitUntil {
                try Files.exists(agent.log) && agent.logText().contains("the interval is 1.000 s: ")
            }
            #expect(await service.end().status == 0)
            #expect(try agent.logText().contains(" warning: the cycle took "))
        }
    }

    @Test("What is found in the configuration is in the log of the loop once, until it is something else")
    func findings() async throws {
        try await withTemporaryFolder { folder in
            let lines = "interval 3600\nbroker_agent second\n" + module("a", "module_exec echo 1") + "\nudp_server 1\n"
            let agent = try AgentUnderTest(in: folder, lines + "nonsense 1")
            let brokerLog = folder.appending("agent_second.log")
            func count(_ part: String, _ log: FilePath) throws -> Int {
                guard Files.exists(log) else { return 0 }
                return String(decoding: try Files.read(log, limit: 1 << 20), as: UTF8.self)
                    .split(separator: "\n").count { $0.contains(part) }
            }
            let service = try await RunningService(agent)
            for cycle in 1...4 {
                try await waitUntil {
                    try count("cycle ends", agent.log) == cycle && count("cycle ends", brokerLog) == cycle
                }
                if cycle == 3 { try agent.configure(lines + "rubbish 1") }
                if cycle < 4 { kill(service.pid, SIGHUP) }
            }
            #expect(await service.end().status == 0)
            #expect(try count("unknown token 'nonsense'", agent.log) == 1)
            #expect(try count("unknown token 'rubbish'", agent.log) == 1)
            #expect(try count("'udp_server' is refused", agent.log) == 2)
            #expect(try count("unknown token 'nonsense'", brokerLog) == 1)
        }
    }

    @Test("delayed_startup holds the first cycle back, and SIGTERM ends the waiting")
    func delay() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, "interval 3600\ndelayed_startup 3600\n" + module("a", "module_exec echo 1"))
            let service = try await RunningService(agent)
            kill(service.pid, SIGHUP)
            try await waitUntil { try agent.delivered().count == 1 }
            #expect(await service.end().status == 0)
            #expect(try agent.delivered().count == 1)
        }
    }

    @Test("A broker agent has an interval of its own, follows reloads, and ends with the service")
    func brokerInterval() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, "interval 3600\nbroker_agent quick\n" + module("main", "module_exec echo 1"))
            let broker =
                "agent_name quick\ninterval 1\ntransfer_mode local\nserver_path \(agent.server)\n"
                + "logfile \(folder)/quick.log\n" + module("broker", "module_exec echo 2")
            try Files.create(folder.appending("quick.conf"), broker.utf8)
            let service = try await RunningService(agent)
            try await waitUntil { try agent.delivered().count >= 4 }
            // No longer configured, it ends after the main agent's cycle; and that one answers the reloads.
            try agent.configure("interval 3600\n" + module("main", "module_exec echo 1"))
            let log = FilePath("\(folder)/quick.log")
            var sizes: [Int] = []
            for count in 2...4 {
                kill(service.pid, SIGHUP)
                try await waitUntil {
                    try agent.logText().split(separator: "\n").filter { $0.contains("cycle ends") }.count == count
                }
                sizes.append(try Files.read(log, limit: 1 << 20).count)
            }
            #expect(sizes[1] == sizes[2])
            #expect(await service.end().status == 0)
            let received = try await agent.received()
            #expect(received.filter { $0.name == "main" }.count == 4)
            #expect(received.filter { $0.name == "broker" }.count >= 3)
        }
    }
}
