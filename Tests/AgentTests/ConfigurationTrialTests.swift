import CommandRunner
import Digests
import Glibc
import RemoteManagement
import Synchronization
import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

@testable import Agent

@Suite("A configuration on trial")
struct ConfigurationTrialTests {
    private let old = Array("description old\n".utf8)
    private let new = Array("description new\n".utf8)

    private func withTrial(_ body: (ConfigurationTrial, FilePath, ConfigurationTrial.Record) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let main = folder.appending("pandora_agent.conf")
            try Files.create(main, old)
            let record = ConfigurationTrial.Record(
                new: Digest.md5(new).hexadecimal, old: Digest.md5(old).hexadecimal, changesServer: true)
            try body(ConfigurationTrial(of: main, state: folder.appending("state")), main, record)
        }
    }

    @Test("It begins, is seen, and ends; or the one before it comes back")
    func life() throws {
        try withTrial { trial, main, record in
            #expect(trial.leftover() == .nothing)
            try trial.begin(new, insteadOf: old, record)
            #expect(try Files.read(main, limit: 100) == new)
            #expect(trial.leftover() == .unfinished(record))
            try trial.rollBack()
            #expect(try Files.read(main, limit: 100) == old)
            #expect(trial.leftover() == .nothing)
            try trial.begin(new, insteadOf: old, record)
            try trial.end()
            #expect(try Files.read(main, limit: 100) == new)
            #expect(trial.leftover() == .nothing)
        }
    }

    @Test(
        "A disk that fills up, or any other failure on the way, leaves the old one or a trial that can be rolled back")
    func failures() throws {
        let count = Mutex(0)
        try withTrial { trial, _, record in
            try FaultInjection.with({ call in
                count.withLock { $0 = call.index + 1 }
                return nil
            }) { try trial.begin(new, insteadOf: old, record) }
        }
        let calls = count.withLock { $0 }
        #expect(calls > 15)
        for index in 0..<calls {
            for isLasting in [false, true] {
                try withTrial { trial, main, record in
                    let failed = FaultInjection.with({
                        $0.index == index || isLasting && $0.index > index ? .noSpace : nil
                    }) { (try? trial.begin(new, insteadOf: old, record)) == nil }
                    let present = try Files.read(main, limit: 100)
                    if !failed {
                        #expect(present == new)
                    } else if present == old {
                        #expect(trial.leftover() == .nothing || trial.leftover() == .neverAdopted, "call \(index)")
                    } else {
                        // The rename was made, and the folder could not be synced.
                        #expect(present == new)
                        #expect(trial.leftover() == .nothing || trial.leftover() == .unfinished(record))
                    }
                }
            }
        }
    }

    @Test("Rolling back that fails can be tried again")
    func rollBackFailure() throws {
        try withTrial { trial, main, record in
            try trial.begin(new, insteadOf: old, record)
            for operation in ["open", "write", "rename"] {
                FaultInjection.with({ $0.operation == operation ? .noSpace : nil }) {
                    _ = #expect(throws: SystemError.self) { try trial.rollBack() }
                }
                #expect(trial.leftover() == .unfinished(record))
            }
            try trial.rollBack()
            #expect(try Files.read(main, limit: 100) == old)
        }
    }

    @Test("Agents that start at the same time adopt one configuration once")
    func together() async throws {
        let double = try TentacleServerDouble()
        defer { double.stop() }
        try await withTemporaryFolder { folder in
            let managed = try ManagedAgent(in: folder, double, module("a", "module_exec echo 1"))
            #expect(await managed.agent.run("run").status == 0)
            let pushed = managed.base + module("b", "module_exec echo 2") + "\n"
            managed.push(pushed)
            let statuses = await withTaskGroup(of: Int32.self) { group in
                for _ in 0..<4 { group.addTask { await managed.agent.run("run").status } }
                return await group.reduce(into: Set<Int32>()) { $0.insert($1) }
            }
            #expect(statuses.isSubset(of: [0, 4]) && statuses.contains(0))
            #expect(await managed.agent.run("run").status == 0)
            let status = await managed.agent.run("status").text
            #expect(try managed.present() == pushed, "\(status)")
            #expect(status.contains("was adopted") && !status.contains("refused the version"))
        }
    }

    @Test("A link in place of what is remembered is replaced and not followed")
    func links() async throws {
        let double = try TentacleServerDouble()
        defer { double.stop() }
        try await withTemporaryFolder { folder in
            let managed = try ManagedAgent(in: folder, double, module("a", "module_exec echo 1"))
            let victim = folder.appending("victim")
            try Files.create(victim, "precious\n".utf8)
            let remote = RemoteMemory.folder(in: managed.agent.state)
            try Files.makeFolder(remote)
            for name in ["memory", "good.conf", "trial"] { try victim.makeLink(at: remote.appending(name)) }
            for text in [managed.base, managed.base + module("b", "module_exec echo 2") + "\n"] {
                managed.push(text)
                #expect(await managed.agent.run("run").status == 0)
                #expect(try managed.present() == text)
            }
            #expect(try Files.read(victim, limit: 100) == Array("precious\n".utf8))
        }
    }

    @Test("A service adopts a configuration without being started anew, and its write protection lets it")
    func service() async throws {
        let double = try TentacleServerDouble()
        defer { double.stop() }
        try await withTemporaryFolder { folder in
            let lines = "file_collection tools\ninterval 86400\n" + module("a", "module_exec echo 1")
            let managed = try ManagedAgent(in: folder, double, lines)
            let service = try await RunningService(managed.agent)
            kill(service.pid, SIGHUP)
            try await waitUntil { managed.served != nil }
            let pushed = managed.base + module("b", "module_type generic_data_string", "module_exec echo fresh") + "\n"
            managed.push(pushed)
            // A signal during a cycle asks for one more.
            kill(service.pid, SIGHUP)
            try await waitUntil {
                double.files.contains { $0.key.hasSuffix(".data") && $0.value.holds("fresh") }
            }
            try await waitUntil { try managed.agent.logText().contains("completed a cycle and stays") }
            #expect(try managed.present() == pushed)
            #expect(await service.end().status == 0)
        }
    }

    /// Runs a command as a user who is not root, whoever runs the tests.
    private func runAsOrdinaryUser(_ agent: AgentUnderTest, _ command: String = "run") async -> CommandResult {
        guard geteuid() == 0 else { return await agent.run(command) }
        let words = ["--reuid=65534", "--regid=65534", "--clear-groups", AgentUnderTest.program.string]
        return await AgentUnderTest.run("/usr/bin/setpriv", words + agent.words([command]))
    }

    @Test(
        "An agent that cannot replace its configuration fetches none and says why; in a state folder of others it ends")
    func ordinaryUser() async throws {
        let double = try TentacleServerDouble()
        defer { double.stop() }
        try await withTemporaryFolder { folder in
            let managed = try ManagedAgent(in: folder, double, module("a", "module_exec echo 1"))
            let agent = managed.agent
            let isRoot = geteuid() == 0
            try agent.configuration.changeMode(0o644)
            if isRoot { #expect(chown(folder.string, 65534, 65534) == 0) }
            let pushed = managed.base + module("b", "module_exec echo 2") + "\n"
            managed.push(pushed)
            if !isRoot { try folder.changeMode(0o500) }
            let commands = await managed.commands { _ = await runAsOrdinaryUser(agent) }
            if isRoot {
                #expect(commands == ["RECV md5>", "QUIT", "SEND data", "QUIT"])
                #expect(await runAsOrdinaryUser(agent, "status").text.contains("belongs to another user"))
            }
            #expect(!commands.contains("RECV conf>"))
            #expect(try managed.present() == managed.base)
            try folder.changeMode(0o700)
            if isRoot { #expect(chown(agent.configuration.string, 65534, 65534) == 0) }
            #expect(await runAsOrdinaryUser(agent).status == 0)
            #expect(try managed.present() == pushed)
            if isRoot {
                #expect(try Files.status(agent.configuration).userID.rawValue == 65534)
                #expect(chown(agent.state.string, 0, 0) == 0)
                managed.push(managed.base)
                #expect(await runAsOrdinaryUser(agent).status == 1)
                #expect(try managed.present() == pushed)
            }
        }
    }
}

extension [UInt8] {
    /// Whether the bytes, as text, hold some text.
    fileprivate func holds(_ text: String) -> Bool { String(decoding: self, as: UTF8.self).contains(text) }
}
