import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

@Suite("Configurations of a server that do not complete a cycle")
struct RollBackTests {
    @Test("A configuration that kills the agent in its first cycle is rolled back at the next start, for good")
    func killed() async throws {
        try await withManagedAgent { managed async throws in
            let agent = managed.agent
            _ = await agent.run("run")
            managed.push(managed.base + module("k", "module_exec kill -9 $(ps -o ppid= -p $PPID)"))
            #expect(await agent.run("run").status == -1)
            #expect(try managed.present() != managed.base)
            #expect(await agent.run("status").text.contains("has not completed a cycle yet"))
            #expect(await agent.run("run").status == 0)
            #expect(try managed.present() == managed.base)
            let status = await agent.run("status").text
            #expect(status.contains("it was rolled back: its first cycle did not end"))
            #expect(await agent.run("run").status == 0)
            #expect(try managed.present() == managed.base)
        }
    }

    @Test("One that kills what starts the agent's commands is rolled back in the same run")
    func killedLauncher() async throws {
        try await withManagedAgent { managed async throws in
            let agent = managed.agent
            _ = await agent.run("run")
            managed.push(managed.base + module("k", "module_exec kill -9 $PPID"))
            #expect(await agent.run("run").status == 1)
            #expect(try managed.present() == managed.base)
            #expect(await agent.run("status").text.contains("it was rolled back: its first cycle failed"))
            #expect(await agent.run("run").status == 0)
            #expect(try managed.present() == managed.base)
        }
    }

    @Test("One that leads away from the server is rolled back in the same run, and the old one sends")
    func unreachable() async throws {
        let gone = try TentacleServerDouble()
        gone.stop()
        try await withManagedAgent { managed async throws in
            let agent = managed.agent
            _ = await agent.run("run")
            managed.push(managed.base.replacing("server_port \(managed.double.port)", with: "server_port \(gone.port)"))
            #expect(await agent.run("run").status == 0)
            #expect(try managed.present() == managed.base)
            #expect(await agent.run("status").text.contains("with it the server is not reached"))
            #expect(try Files.names(in: agent.outbox).isEmpty)
        }
    }

    @Test("The administrator's own change during a trial is not rolled back")
    func changedSince() async throws {
        try await withManagedAgent { managed async throws in
            let agent = managed.agent
            _ = await agent.run("run")
            managed.push(managed.base + module("k", "module_exec kill -9 $(ps -o ppid= -p $PPID)"))
            _ = await agent.run("run")
            let own = managed.base.replacing("remote_config 1", with: "remote_config 0") + "description mine\n"
            try Files.replace(agent.configuration, with: own.utf8)
            #expect(await agent.run("run").status == 0)
            #expect(try managed.present() == own)
        }
    }
}
