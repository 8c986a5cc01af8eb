import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

/// The program under strace(1), which sees each call before any filter does.
@Suite("Never listening")
struct NeverListensTests {
    /// Each module, plugin and transfer that opens sockets, and some that do not.
    private static let lines = """
        interval 3600
        agent_alias_cmd hostname
        module_plugin inventory 0 all
        module_plugin inventory 0 ports
        module_plugin autodiscover
        module_plugin pandora_netusage
        module_plugin pandora_df
        \(module("command", "module_exec echo 1", "module_precondition = 1 echo 1", "module_condition = 1 true"))
        \(module("tcp", "module_tcpcheck 127.0.0.1", "module_port 9"))
        \(module("ping", "module_ping 127.0.0.1"))
        \(module("cpu", "module_cpuusage all"))
        \(module("service", "module_service cron"))
        \(module("name", "module_tcpcheck localhost", "module_port 9"))
        """

    /// Calls by which somebody listens, of the agent and of all that it started.
    private func listening(in trace: FilePath) throws -> [Substring] {
        let text = String(decoding: try Files.read(trace, limit: 64 << 20), as: UTF8.self)
        let calls = text.split(separator: "\n")
        // A trace without a single socket would prove nothing.
        #expect(calls.contains { $0.contains(" socket(") }, "\(text.prefix(2000))")
        return calls.filter { line in [" listen(", " accept(", " accept4("].contains { line.contains($0) } }
    }

    private func traced(_ agent: AgentUnderTest, _ words: [String], into trace: FilePath) async -> CommandResult {
        await AgentUnderTest.run(
            "/usr/bin/strace",
            ["-f", "-qq", "-o", trace.string, "-e", "trace=network", AgentUnderTest.program.string] + agent.words(words)
        )
    }

    @Test("A cycle with every kind of module, sent over TLS, and one through the folder: no listen, no accept")
    func cycles() async throws {
        try await withCertificates { authority in
            var behaviour = TentacleServerDouble.Behaviour()
            behaviour.tls = .init(
                certificate: authority.certificate("server"), key: authority.key("server"),
                clientCertificates: .notAsked)
            let double = try TentacleServerDouble(behaviour)
            defer { double.stop() }
            for transfer in ["server_ip 127.0.0.1\nserver_port \(double.port)\nserver_ssl 1\nremote_config 1", nil] {
                try await withTemporaryFolder { folder in
                    let agent = try AgentUnderTest(in: folder, Self.lines, transfer: transfer)
                    for words in [["run"], ["run", "--module", "command"], ["doctor"], ["status"], ["check"]] {
                        let trace = folder.appending("trace")
                        let result = await traced(agent, words, into: trace)
                        #expect(result.status >= 0, "\(words)")
                        if words == ["run"] {
                            #expect(result.status == 0, "\(result.complaint)")
                            #expect(try listening(in: trace) == [])
                        } else {
                            let text = String(decoding: try Files.read(trace, limit: 64 << 20), as: UTF8.self)
                            #expect(!text.contains(" listen(") && !text.contains(" accept"))
                        }
                    }
                }
            }
            #expect(double.files.count >= 1)
        }
    }

    @Test("The service, with a reload: no listen, no accept")
    func service() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, Self.lines)
            let trace = folder.appending("trace")
            let task = Task { await traced(agent, ["daemon"], into: trace) }
            try await waitUntil { try agent.delivered().count == 1 }
            let first = try Files.read(trace, limit: 64 << 20).prefix { $0 != UInt8(ascii: " ") }
            let process = try #require(pid_t(String(decoding: first, as: UTF8.self)))
            kill(process, SIGHUP)
            try await waitUntil { try agent.delivered().count == 2 }
            kill(process, SIGTERM)
            #expect(await task.value.status == 0)
            #expect(try listening(in: trace) == [])
        }
    }

    @Test("strace would see it: a command that tries is in the trace")
    func control() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, module("l", "module_exec python3 -c 'import socket; socket.socket().listen()'; echo 1"))
            let trace = folder.appending("trace")
            #expect(await traced(agent, ["run"], into: trace).status == 0)
            #expect(try listening(in: trace).count == 1)
        }
    }
}
