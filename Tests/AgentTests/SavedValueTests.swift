import AgentConfiguration
import Spool
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Agent

@Suite("Values that modules save")
struct SavedValueTests {
    /// The user of a value.
    private func user(_ name: String) -> String {
        module("user of \(name)", "module_type generic_data_string", "module_exec echo \"[${\(name)-unset}]\"")
    }

    /// An agent after a cycle for each content of a file: one module saves what the file holds, and one uses it.
    ///
    /// - Parameter setting: A further line of the module that saves.
    private func agent(in folder: FilePath, saving contents: [String], _ setting: String) async throws -> AgentUnderTest
    {
        let file = folder.appending("value")
        let saver = module("saver", setting, "module_save V", "module_exec cat \(file)")
        let agent = try AgentUnderTest(in: folder, saver + "\n" + user("V"))
        for text in contents {
            try Files.replace(file, with: text.utf8)
            _ = await agent.run("run")
        }
        return agent
    }

    private func texts(_ agent: AgentUnderTest) async throws -> [String] {
        try await agent.received().filter { $0.name.hasPrefix("user of") }.map(\.text)
    }

    @Test("A value is there in later cycles until its module brings another; without one it is empty")
    func laterCycles() async throws {
        try await withTemporaryFolder { folder in
            // In turns the saver runs and does not.
            let agent = try await agent(
                in: folder, saving: ["1\n", "2\n", "3\n", "4\n", "", "5\n"], "module_interval 2")
            #expect(try await texts(agent) == ["[1]", "[1]", "[3]", "[3]", "[]", "[]"])
        }
    }

    @Test("The first line of the value is saved, as the Perl agent does")
    func firstLine() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                module(
                    "saver", "module_type generic_data_string", "module_save V", "module_exec printf 'a b \\nc\\n'")
                    + "\n" + user("V"))
            _ = await agent.run("run")
            #expect(try await texts(agent) == ["[a b ]"])
        }
    }

    @Test("A value that no module saves any more is forgotten, and a module that is tried gets those that are saved")
    func forgotten() async throws {
        try await withTemporaryFolder { folder in
            let saver = module("saver", "module_interval 1000", "module_save V", "module_exec echo 1") + "\n"
            let agent = try AgentUnderTest(in: folder, saver + user("V"))
            _ = await agent.run("run")
            #expect(Spool.values(in: agent.state)["saved value V"] == "1")
            #expect(await agent.run("modules", "--run", "user of V").text.contains("[1]"))
            try agent.configure(user("V"))
            _ = await agent.run("run")
            #expect(Spool.values(in: agent.state)["saved value V"] == nil)
            // Nor is it there again where one saves it again, and has not yet run.
            try agent.configure(saver + user("V"))
            _ = await agent.run("run")
            #expect(try await texts(agent) == ["[1]", "[unset]", "[unset]"])
        }
    }

    @Test("A value that the environment cannot hold is not saved: its module says so, and all others run")
    func tooLong() async throws {
        try await withTemporaryFolder { folder in
            let long = String(repeating: "x", count: 131_069)
            let agent = try await agent(
                in: folder, saving: ["1", long, long + "x", "a\0b"], "module_type generic_data_string")
            #expect(try await texts(agent) == ["[1]", "[\(long)]", "[unset]", "[unset]"])
            let log = try agent.logText()
            #expect(
                log.contains(
                    "module 'saver': its value is not saved as V: with the name it has 131072 bytes, and a variable of "
                        + "the environment at most 131071"))
            #expect(log.contains("module 'saver': its value is not saved as V: it holds a NUL byte"))
            #expect(!log.contains("Argument list too long"))
        }
    }

    @Test("All values together have a limit; what would go beyond it is not saved, and its earlier value neither")
    func together() {
        let names = Set((0..<10).map { "V\($0)" })
        var saved = SavedValues(names)
        let long = String(repeating: "x", count: 100_000)
        #expect((0..<5).allSatisfy { saved.save(long, as: "V\($0)") == nil })
        #expect(saved.save("1", as: "V5") == nil)
        #expect(
            saved.save(long, as: "V5")
                == "its value is not saved as V5: with its 100003 bytes all saved values would have 600018, and they have "
                + "at most 524288")
        #expect(saved.variables["V5"] == nil)
        // What is replaced makes room.
        #expect(saved.save("1", as: "V0") == nil)
        #expect(saved.save(long, as: "V5") == nil)
        #expect(saved.variables.count == 6)
        // What is stored fits into no state of another's making.
        var state = ["saved value GONE": "1", "cycle": "7"]
        saved.store(in: &state)
        #expect(state.count == 7 && state["saved value GONE"] == nil && state["saved value V0"] == "1")
    }
}
