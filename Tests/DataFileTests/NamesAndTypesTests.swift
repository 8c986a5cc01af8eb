import DataFile
import Testing

@Suite("Names of data files and types of modules")
struct NamesAndTypesTests {
    @Test("Names are the digest of the agent's name, a number and .data")
    func format() {
        var names = DataFileNames(agentName: "agent", last: 0) { 1_700_000_000_123_456_789 }
        #expect(names.next().description == "b33aed8f3134996703dc39f9a7c95783.1700000000123456789.data")
    }

    @Test("Numbers grow when the clock stands still, goes back, or the process begins anew")
    func increasing() {
        var names = DataFileNames(agentName: "agent", last: 0) { 100 }
        #expect([names.next().number, names.next().number, names.next().number] == [100, 101, 102])
        var later = DataFileNames(agentName: "agent", last: names.last) { 50 }
        #expect(later.next().number == 103)
        var full = DataFileNames(agentName: "agent", last: .max) { 50 }
        #expect(full.next().number == 50)
    }

    @Test("An agent's name is measured as the server encodes it")
    func agentNames() {
        #expect(AgentName.isAcceptable("web-01.example.org"))
        #expect(!AgentName.isAcceptable(""))
        #expect(AgentName.isAcceptable(String(repeating: "a", count: 600)))
        #expect(!AgentName.isAcceptable(String(repeating: "a", count: 601)))
        #expect(AgentName.isAcceptable(String(repeating: "é", count: 75)))
        #expect(!AgentName.isAcceptable(String(repeating: "é", count: 76)))
    }

    @Test(
        "What servers take as a number passes, what they drop does not",
        arguments: [
            ("7", true), ("3.14", true), ("3,14", true), ("1e5", true), ("-2.5E-3", true), ("+.5", true), ("5.", true),
            ("12%", false), ("0x1f", false), ("1 000", false), ("", false), (".", false), ("-", false), ("1e", false),
            ("1.2.3", false), ("7\n", false), (" 7", false), ("nan", false), ("1e5x", false),
        ])
    func numbers(value: String, passes: Bool) {
        for type: ModuleType in [
            "generic_data", "generic_proc", "generic_data_inc", "generic_data_inc_abs", "async_data", "async_proc",
            "web_data", "web_proc",
        ] {
            #expect(type.accepts(value.utf8) == passes)
        }
        for type: ModuleType in ["generic_data_string", "async_string", "log", "web_content_string"] {
            #expect(type.accepts(value.utf8))
        }
    }
}
