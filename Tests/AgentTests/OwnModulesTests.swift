import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Agent

@Suite("The agent's own modules")
struct OwnModulesTests {
    private static let document = FilePath(#filePath).removingLastComponent().appending("../../docs/own-modules.md")

    /// The values of the last data file by the names without their prefix.
    private func values(_ agent: AgentUnderTest) async throws -> [String: String] {
        let last = try #require(try agent.delivered().max { $0.string < $1.string })
        return try await ReceivedElement.parse([last]).reduce(into: [:]) { values, element in
            if element.name.hasPrefix(OwnModules.prefix) {
                values[String(element.name.dropFirst(OwnModules.prefix.count))] = element.text
            }
        }
    }

    @Test("They are sent by default, and tell what was and what is")
    func values() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "")
            let lines =
                "agent_name unit\ntransfer_mode local\nserver_path \(agent.server)\nlogfile \(agent.log)\n"
                + module("good", "module_exec echo 1") + "\n" + module("bad", "module_exec exit 3")
            try Files.replace(agent.configuration, with: lines.utf8)
            #expect(await agent.run("run").status == 0)
            let first = try await values(agent)
            #expect(first["Modules failed"] == "1")
            #expect(first["Files waiting"] == "0" && first["Bytes waiting"] == "0")
            #expect(first["Oldest file waiting"] == "0" && first["Files lost"] == "0")
            #expect(first["Read-only"] == "0" && first["Log bytes missed"] == "0")
            #expect(first["Cycle duration"] == nil && first["Certificate days left"] == nil)
            let digest = await AgentUnderTest.run("/usr/bin/sha256sum", [agent.configuration.string])
            #expect(first["Configuration digest"] == digest.text.split(separator: " ").first.map(String.init))

            // A server that cannot be reached leaves files behind, which the next cycles tell of.
            // The last value of a token counts.
            try Files.replace(
                agent.configuration, with: "read_only 1\n\(lines)\nserver_path /nonexistent\n".utf8)
            #expect(await agent.run("run").status == 3)
            try Files.replace(agent.configuration, with: "read_only 1\n\(lines)".utf8)
            #expect(await agent.run("run").status == 0)
            let second = try await values(agent)
            #expect(second["Files waiting"] == "1")
            #expect(try #require(second["Bytes waiting"].flatMap { Int($0) }) > 500)
            #expect(try #require(second["Cycle duration"].flatMap { Double($0) }) > 0)
            #expect(second["Read-only"] == "1")
            #expect(second["Configuration digest"] != first["Configuration digest"])
        }
    }

    @Test("The bytes of logs that were missed are added up and stay")
    func missedBytes() async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("app.log")
            try Files.create(log, "first\n".utf8)
            let agent = try AgentUnderTest(in: folder, "")
            let lines =
                "agent_name unit\ntransfer_mode local\nserver_path \(agent.server)\nlogfile \(agent.log)\n"
                + "module_plugin grep_log_module \(log) App \\.*\n"
            try Files.replace(agent.configuration, with: lines.utf8)
            _ = await agent.run("run")
            let writer = try OpenFile(log, .writeOnly, options: .append)
            try writer.write([UInt8](repeating: UInt8(ascii: "x"), count: 5000) + [0x0A])
            // What was written since is gone before it was read.
            try Files.remove(log)
            try Files.create(log, "new\n".utf8)
            _ = await agent.run("run")
            let missed = try #require(try await values(agent)["Log bytes missed"].flatMap { Int($0) })
            _ = await agent.run("run")
            #expect(try await values(agent)["Log bytes missed"] == String(missed))
        }
    }

    @Test("One token turns them off; one module alone, and a broker, have none")
    func off() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 1"))
            _ = await agent.run("run")
            #expect(try await agent.received().map(\.name) == ["a"])
            let lines =
                "agent_name unit\ntransfer_mode local\nserver_path \(agent.server)\nlogfile \(agent.log)\n"
                + "broker_agent other\n" + module("a", "module_exec echo 1")
            try Files.replace(agent.configuration, with: lines.utf8)
            let alone = await agent.run("run", "--module", "a", "--stdout")
            #expect(!alone.text.contains(OwnModules.prefix))
            let all = await agent.run("run", "--stdout")
            #expect(all.text.contains(OwnModules.prefix))
            _ = await agent.run("run")
            for file in try agent.delivered() {
                let text = String(decoding: try Files.read(file, limit: 1 << 20), as: UTF8.self)
                if text.contains("agent_name=\"other\"") { #expect(!text.contains(OwnModules.prefix)) }
            }
        }
    }

    @Test("The document has all of them")
    func documented() throws {
        let rows = OwnModules.all.map { "| `\(OwnModules.prefix)\($0.name)` | \($0.unit) | \($0.meaning) |" }
        let text = String(decoding: try Files.read(Self.document, limit: 1 << 20), as: UTF8.self)
        for row in rows { #expect(text.contains(row), "docs/own-modules.md lacks \(row)") }
    }

    @Test("A digest is taken over while no file has changed")
    func digest() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending("a.conf")
            try Files.create(file, "interval 1\n".utf8)
            let first = try #require(ConfigurationDigest.current([file], known: nil))
            let again = try #require(ConfigurationDigest.current([file], known: "\(first.stamp) remembered"))
            #expect(again.digest == "remembered")
            try Files.replace(file, with: "interval 2\n".utf8)
            let changed = try #require(ConfigurationDigest.current([file], known: "\(first.stamp) remembered"))
            #expect(changed.digest != "remembered" && changed.digest != first.digest)
        }
    }
}
