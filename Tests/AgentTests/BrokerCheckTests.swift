import SystemFiles
import SystemPackage
import Testing

@testable import Agent

@Suite struct BrokerCheckTests {
    @Test func `The configurations of broker agents are checked with their own names`() throws {
        let found = try findings("broker_agent b1\nbroker_agent none\n", local: "nonsense\n") { folder in
            let text = "agent_name \(String(repeating: "x", count: 601))\nmodule_begin\nmodule_name n\n"
            try Files.create(folder.appending("b1.conf"), (text + "module_exec nonexistent-program\nmodule_end\n").utf8)
        }
        let own = found.filter { !$0.hasPrefix("b1.conf:1:1: ") }
        #expect(
            own == [
                "local.conf:1:1: error: unknown token 'nonsense'",
                "b1.conf:1:12: error: agent_name: the name needs 601 characters as entities, and a server keeps 600: no cycle "
                    + "is done with it",
                "b1.conf:4:13: warning: module 'n': no program 'nonexistent-program' is on PATH",
            ])
    }

    @Test func `Broker agents that cannot run are errors at the lines that name them`() throws {
        let spaces = "b" + String(repeating: " ", count: 120) + "b"
        let found = try findings("broker_agent a..b\nbroker_agent \(spaces)\nbroker_agent b2\n") { folder in
            try Files.makeFolder(folder.appending("b2.conf"))
        }
        #expect(found.count == 3)
        #expect(found.first?.hasPrefix("3:14: error: broker_agent: 'a..b' is no name for a file") == true)
        #expect(
            found.dropFirst().first
                == "4:14: error: broker_agent: the name needs 722 characters as entities, and a server keeps 600: no cycle is "
                + "done with it")
        #expect(
            found.last
                == "5:14: error: broker_agent b2 does not run: the configuration cannot be used: FOLDER/b2.conf is not a "
                + "regular file")
    }
}
