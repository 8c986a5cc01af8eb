import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Agent

@Suite("Broker agents")
struct BrokerTests {
    @Test("Each has its file, made once from the main one, and its own name, log and state")
    func made() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                "broker_agent one\nbroker_agent two words\ncron_mode 1\n"
                    + module("a", "module_type generic_data_string", "module_exec echo $PANDORA_AGENT"))
            try agent.configuration.changeMode(0o640)
            #expect(await agent.run("run").status == 0)
            #expect(Set(try await agent.received().map(\.text)) == ["unit", "one", "two words"])
            let file = folder.appending("two words.conf")
            let text = String(decoding: try Files.read(file, limit: 1 << 20), as: UTF8.self)
            #expect(text.contains("agent_name two words\n") && text.contains("logfile \(folder)/agent_two words.log\n"))
            #expect(!text.contains("broker_agent") && !text.contains("cron_mode") && text.contains("server_path "))
            #expect(try Files.status(file).permissions.rawValue == 0o640)
            let log = try Files.read(folder.appending("agent_one.log"), limit: 1 << 20)
            #expect(String(decoding: log, as: UTF8.self).contains("cycle begins, configuration \(folder)/one.conf"))
            #expect(Files.exists(agent.state.appending("brokers/one/positions")))
            #expect(Files.exists(agent.state.appending("brokers/two words/positions")))
            // What its administrator makes of the file stays.
            try Files.replace(file, with: (text + module("b", "module_exec echo 2")).utf8)
            #expect(await agent.run("run").status == 0)
            #expect(try await agent.received().contains { $0.name == "b" && $0.text == "2" })
        }
    }

    @Test("One that cannot run, and one whose name leads elsewhere, cost themselves alone")
    func failures() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                "broker_agent ../out\nbroker_agent local\nbroker_agent broken\nbroker_agent good\n"
                    + module("a", "module_exec echo 1"))
            try Files.makeFolder(folder.appending("broken.conf"))
            let result = await agent.run("run", "--summary")
            #expect(result.status != 0)
            #expect(try agent.delivered().count == 2)
            #expect(result.text.contains("broker_agent: '../out', expected a name without '/'"))
            #expect(result.complaint.contains("local.conf is not the configuration of a broker agent"))
            #expect(result.complaint.contains("broken.conf"))
            #expect(result.text.contains("Broker agent good"))
            #expect(!Files.exists(folder.removingLastComponent().appending("out.conf")))
            #expect(!Files.exists(folder.appending("local.conf")))
        }
    }

    @Test(
        "Names that are no names of files are refused",
        arguments: [
            "", ".", "..", "a/b", "/etc/x", "a..b", ".hidden", "a\u{0}b", "a\nb", "pandora_agent", "local",
            String(repeating: "x", count: 201),
        ])
    func names(name: String) {
        let paths = AgentPaths(
            configuration: "/nonexistent/pandora_agent.conf", local: nil, state: "/nonexistent/state")
        #expect(throws: BrokerAgent.Unusable.self) { try BrokerAgent(name, of: paths) }
    }

    @Test("The configuration keeps its owner, and a file that is there already is never replaced")
    func owner() throws {
        try withTemporaryFolder { folder in
            let main = folder.appending("pandora_agent.conf")
            try Files.create(main, "logfile syslog\nudp_server 1\nagent_name_cmd x\n".utf8)
            if geteuid() == 0 { #expect(chown(main.string, 65534, 65533) == 0) }
            let paths = AgentPaths(configuration: main.string, local: nil, state: "\(folder)/state")
            let broker = try BrokerAgent("b", of: paths)
            try broker.make()
            let made = folder.appending("b.conf")
            #expect(try Files.read(made, limit: 1000) == Array("agent_name b\nlogfile syslog\n".utf8))
            let (old, new) = (try Files.status(main), try Files.status(made))
            #expect(old.userID == new.userID && old.groupID == new.groupID && old.permissions == new.permissions)
            #expect(throws: BrokerAgent.Unusable.self) { try broker.make() }
            #expect(try Files.names(in: folder).map(\.string) == ["b.conf", "pandora_agent.conf"])
        }
    }
}
