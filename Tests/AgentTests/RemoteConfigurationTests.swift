import CommandRunner
import Digests
import Glibc
import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

@Suite("Remote configuration")
struct RemoteConfigurationTests {
    private let two = module("b", "module_type generic_data_string", "module_exec echo two")

    @Test("First the server gets the host's configuration; then it is compared, and what it has is adopted")
    func life() async throws {
        try await withManagedAgent { managed async throws in
            let agent = managed.agent
            try agent.configuration.changeMode(0o640)
            let first = await managed.commands { #expect(await agent.run("run").status == 0) }
            #expect(first == ["RECV md5>", "SEND conf>", "SEND md5>", "QUIT", "SEND data", "QUIT"])
            #expect(managed.served == managed.base)
            let second = await managed.commands { #expect(await agent.run("run").status == 0) }
            #expect(second == ["RECV md5>", "QUIT", "SEND data", "QUIT"])

            let pushed = managed.base.replacing("echo 1", with: "echo 2") + two
            managed.push(pushed)
            let third = await managed.commands { #expect(await agent.run("run").status == 0) }
            #expect(third == ["RECV md5>", "RECV conf>", "QUIT", "SEND data", "QUIT"])
            #expect(try managed.present() == pushed)
            #expect(try Files.status(agent.configuration).permissions.rawValue == 0o640)
            // The new configuration had its cycle at once.
            #expect(managed.double.files.values.contains { String(decoding: $0, as: UTF8.self).contains("two") })
            let status = await agent.run("status").text
            #expect(
                status.contains("was adopted") && status.contains("modules, commands, plugins, collections, general"))
            #expect(try agent.logText().contains("completed a cycle and stays"))
            let fourth = await managed.commands { #expect(await agent.run("run").status == 0) }
            #expect(fourth == ["RECV md5>", "QUIT", "SEND data", "QUIT"])
        }
    }

    @Test("remote_config 0 from the server ends remote management, and stays")
    func turnedOff() async throws {
        try await withManagedAgent { managed async throws in
            _ = await managed.agent.run("run")
            managed.push(managed.base.replacing("remote_config 1", with: "remote_config 0"))
            #expect(await managed.agent.run("run").status == 0)
            managed.push(managed.base)
            let commands = await managed.commands { #expect(await managed.agent.run("run").status == 0) }
            #expect(commands == ["SEND data", "QUIT"])
        }
    }

    @Test("standby from the server silences the agent, which goes on asking, so that the server can end it")
    func standby() async throws {
        try await withManagedAgent { managed async throws in
            _ = await managed.agent.run("run")
            let silent = managed.base + "standby 1\n"
            managed.push(silent)
            #expect(await managed.agent.run("run").status == 0)
            #expect(try managed.present() == silent)
            let asking = await managed.commands { #expect(await managed.agent.run("run").status == 0) }
            #expect(asking == ["RECV md5>", "QUIT"])
            managed.push(managed.base)
            let back = await managed.commands { #expect(await managed.agent.run("run").status == 0) }
            #expect(back == ["RECV md5>", "RECV conf>", "QUIT", "SEND data", "QUIT"])
        }
    }

    /// What a hostile server pushes, and a word of the reason.
    private static let hostile: [(push: @Sendable (String) -> String, reason: String)] = [
        ({ $0 + "read_only 0\n" }, "'read_only'"),
        ({ $0 + "pin x\n" }, "'pin'"),
        ({ $0 + "allow_command *\n" }, "'allow_command'"),
        ({ $0 + "interval 60\n" }, "which local.conf pins"),
        ({ $0 + module("evil", "module_exec rm -rf /nonexistent") }, "deny_command"),
        ({ $0 + module("evil", "module_exec echo 1", "module_precondition > 0 rm x") }, "deny_command"),
        ({ $0 + "include /etc/passwd\n" }, "'include'"),
        ({ $0 + "include /*/*/*/*/*/*/*/*/*/*\ninclude /dev/zero\n" }, "'include'"),
        ({ $0 + "logfile /etc/cron.d/x\n" }, "'logfile'"),
        ({ $0 + "temporal /tmp\n" }, "'temporal'"),
        ({ $0 + "transfer_mode local\nserver_path /etc\n" }, "'server_path'"),
        ({ $0 + "server_opts -f /etc/passwd\n" }, "'server_opts'"),
        ({ $0 + "agent_name other\n" }, "'agent_name'"),
        ({ $0 + "broker_agent local2\n" }, "'broker_agent'"),
        ({ $0 + "pandora_user root\n" }, "'pandora_user'"),
        ({ $0 + "file_collection ../../etc\n" }, "expected a name without '/'"),
        ({ $0 + "no_such_token 1\n" }, "no_such_token"),
        ({ $0 + module("broken", "module_exec echo 1", "module_crontab * * *") }, "module_crontab"),
        ({ $0 + String(repeating: "# padding\n", count: 500_000) }, "are accepted"),
        ({ _ in "\u{7F}ELF\u{0}\u{1}\u{2}\n\u{0}" }, ""),
        ({ $0 + "\u{0}\n" }, ""),
    ]

    @Test("A hostile server gets nothing: each push is refused, the reason is visible, it is fetched once, all goes on")
    func hostile() async throws {
        try await withManagedAgent { managed async throws in
            let agent = managed.agent
            try Files.create(
                agent.folder.appending("local.conf"), "pin interval\ndeny_command rm *\n".utf8)
            _ = await agent.run("run")
            for (push, reason) in Self.hostile {
                managed.push(push(managed.base))
                let commands = await managed.commands { #expect(await agent.run("run").status == 0) }
                #expect(commands.contains("SEND data"))
                #expect(try managed.present() == managed.base, "\(reason)")
                let status = await agent.run("status").text
                #expect(status.contains("refused the version") && status.contains(reason), "\(reason): \(status)")
                #expect(try agent.logText().contains("is refused:"))
            }
            let again = await managed.commands { #expect(await agent.run("run").status == 0) }
            #expect(again == ["RECV md5>", "QUIT", "SEND data", "QUIT"])
            // What is good is taken after all that.
            let good = managed.base + two
            managed.push(good)
            #expect(await agent.run("run").status == 0)
            #expect(try managed.present() == good)
            #expect(await !agent.run("status").text.contains("refused the version"))
        }
    }

    @Test("What is cut, damaged or another than its digest says is refused; without a digest nothing is")
    func digests() async throws {
        try await withManagedAgent { managed async throws in
            let agent = managed.agent
            _ = await agent.run("run")
            let good = Array((managed.base + two).utf8)
            managed.push(Array(good.prefix(200)), digest: Digest.md5(good).hexadecimal)
            #expect(await agent.run("run").status == 0)
            #expect(try managed.present() == managed.base)
            #expect(await agent.run("status").text.contains("it is damaged or cut"))
            for digest in ["", "no digest", "../../etc/passwd", String(repeating: "f", count: 900)] {
                managed.push(good, digest: digest.isEmpty ? " " : digest)
                #expect(await agent.run("run").status == 0)
                #expect(await agent.run("status").text.contains("holds no MD5"))
            }
            #expect(try managed.present() == managed.base)
            // What was refused is not fetched again before it changes.
            managed.push(good)
            #expect(await agent.run("run").status == 0)
            #expect(try managed.present() == managed.base)
            managed.push(good + Array("\n# once more\n".utf8))
            #expect(await agent.run("run").status == 0)
            let status = await agent.run("status").text
            #expect(try managed.present() != managed.base, "\(status)")
        }
    }

    @Test(
        "With the read-only flag in any of its places there are PASS, SEND and QUIT on the wire, whatever is configured"
    )
    func readOnly() async throws {
        var behaviour = TentacleServerDouble.Behaviour()
        behaviour.password = "secret"
        let lines = "server_pwd secret\nfile_collection c\nbroker_agent br\n" + module("a", "module_exec echo 1")
        let places: [(AgentUnderTest) throws -> [String]] = [
            { agent in
                try Files.replace(agent.folder.appending("local.conf"), with: "read_only 1\n".utf8)
                return []
            },
            { agent in
                let text = try Files.read(agent.configuration, limit: 1 << 20)
                try Files.replace(agent.configuration, with: text + Array("read_only 1\n".utf8))
                return []
            },
            { agent in
                try Files.create(agent.folder.appending("read_only"), "freeze\n".utf8, permissions: .ownerRead)
                return []
            },
            { _ in ["--read-only"] },
        ]
        for (index, place) in places.enumerated() {
            let double = try TentacleServerDouble(behaviour)
            defer { double.stop() }
            try await withTemporaryFolder { folder in
                let managed = try ManagedAgent(in: folder, double, lines)
                let options = try place(managed.agent)
                managed.push(managed.base.replacing("echo 1", with: "echo 2"))
                for _ in 0..<2 {
                    let words = managed.agent.words(["run"] + options)
                    #expect(await AgentUnderTest.run(AgentUnderTest.program, words).status == 0)
                }
                let verbs = Set(double.lines.map { $0.split(separator: " ").first.map(String.init) ?? "" })
                #expect(verbs == ["PASS", "SEND", "QUIT"], "place \(index)")
                #expect(double.lines.filter { $0.hasPrefix("SEND") }.allSatisfy { $0.contains(".data>") })
                #expect(try !managed.present().contains("echo 2"))
            }
        }
    }

    @Test("A server that goes silent, or away, in the middle costs the cycle nothing")
    func silence() async throws {
        for bytes in [0, 10, 60, 90] {
            var behaviour = TentacleServerDouble.Behaviour()
            behaviour.faults = { $0 == 1 ? .init(after: bytes, .reset) : nil }
            let double = try TentacleServerDouble(behaviour)
            defer { double.stop() }
            try await withTemporaryFolder { folder in
                let managed = try ManagedAgent(in: folder, double, module("a", "module_exec echo 1"))
                // The first connection is the registration.
                double.files["md5/\(Digest.md5("unit").hexadecimal).md5"] = Array(
                    Digest.md5(managed.base).hexadecimal.utf8)
                #expect(await managed.agent.run("run", "--no-send").status == 0)
                managed.push(managed.base + two)
                _ = await managed.agent.run("run")
                _ = await managed.agent.run("run")
                #expect(await managed.agent.run("run").status == 0)
                #expect(try managed.present() == managed.base + two)
            }
        }
    }

    @Test("Brokers are managed by their own names, and transfer_mode local does the same in folders")
    func brokersAndFolders() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, "remote_config 1\nbroker_agent br\n" + module("a", "module_exec echo 1"))
            for name in ["conf", "md5", "collections"] { try Files.makeFolder(agent.server.appending(name)) }
            #expect(await agent.run("run").status == 0)
            let name = Digest.md5("br").hexadecimal
            let served = agent.server.appending("conf/\(name).conf")
            let broker = try Files.read(folder.appending("br.conf"), limit: 1 << 20)
            #expect(try Files.read(served, limit: 1 << 20) == broker)
            let pushed = broker + Array(two.utf8)
            try Files.replace(served, with: pushed)
            try Files.replace(agent.server.appending("md5/\(name).md5"), with: Digest.md5(pushed).hexadecimal.utf8)
            let main = try Files.read(agent.configuration, limit: 1 << 20)
            #expect(await agent.run("run").status == 0)
            #expect(try Files.read(folder.appending("br.conf"), limit: 1 << 20) == pushed)
            #expect(try Files.read(agent.configuration, limit: 1 << 20) == main)
        }
    }

    @Test("Signed by the key it is adopted; unsigned, changed or signed by another key it is refused")
    func signatures() async throws {
        try await withManagedAgent { managed async throws in
            let agent = managed.agent
            let folder = agent.folder
            for name in ["good", "evil"] {
                let pair = "\(folder)/\(name).pem"
                let words = ["genpkey", "-algorithm", "ed25519", "-out", pair]
                #expect(await AgentUnderTest.run("/usr/bin/openssl", words).isSuccess)
                #expect(
                    await AgentUnderTest.run(
                        "/usr/bin/openssl", ["pkey", "-in", pair, "-pubout", "-out", "\(folder)/\(name).pub"]
                    ).isSuccess)
            }
            try Files.create(folder.appending("local.conf"), "require_signature \(folder)/good.pub\n".utf8)
            _ = await agent.run("run")
            func signed(_ text: String, by key: String) async throws -> [UInt8] {
                let file = folder.appending("new.conf")
                try Files.replace(file, with: text.utf8)
                let words = ["sign", "--key", "\(folder)/\(key).pem", file.string]
                let result = await AgentUnderTest.run(AgentUnderTest.program, words)
                #expect(result.status == 0, "\(result.complaint)")
                return try Files.read(file, limit: 1 << 20)
            }
            let good = try await signed(managed.base + two, by: "good")
            var changed = good
            changed[3] ^= 0x20
            for contents in [
                Array((managed.base + two).utf8), changed, good + Array("group evil\n".utf8),
                try await signed(managed.base + two, by: "evil"),
            ] {
                managed.push(contents)
                #expect(await agent.run("run").status == 0)
                #expect(try managed.present() == managed.base)
                #expect(await agent.run("status").text.contains("require_signature in local.conf"))
            }
            managed.push(good)
            #expect(await agent.run("run").status == 0)
            #expect(try managed.present() == String(decoding: good, as: UTF8.self))
            #expect(await agent.run("check").text.contains("must be signed by the key of \(folder)/good.pub"))
            // Without the key nothing is adopted.
            try Files.remove(folder.appending("good.pub"))
            managed.push(try await signed(managed.base, by: "good"))
            #expect(await agent.run("run").status == 0)
            #expect(try managed.present() == String(decoding: good, as: UTF8.self))
            #expect(await agent.run("check").text.contains("require_signature: "))
        }
    }
}
