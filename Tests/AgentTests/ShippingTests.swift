import CommandRunner
import Digests
import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

@Suite("Shipping: limits, two servers, what is kept and recorded")
struct ShippingTests {
    private func transfer(_ double: TentacleServerDouble) -> String {
        "server_ip 127.0.0.1\nserver_port \(double.port)\nserver_opts -r 0"
    }

    /// A port on which nobody listens any more.
    private func deadPort() throws -> UInt16 {
        let double = try TentacleServerDouble()
        double.stop()
        return double.port
    }

    private let one = module("a", "module_exec echo 1")

    @Test("temporal_max_files: the oldest go, the loss is in the log, in status and in spool list, and is counted on")
    func maximumFiles() async throws {
        try await withTemporaryFolder { folder in
            let dead = "server_ip 127.0.0.1\nserver_port \(try deadPort())\nserver_opts -r 0"
            let agent = try AgentUnderTest(in: folder, one + "\ntemporal_max_files 3", transfer: dead)
            for _ in 0..<5 { #expect(await agent.run("run", "-q").status == 3) }
            let waiting = try Files.names(in: agent.outbox).map(\.string)
            #expect(waiting.count == 3)
            #expect(
                try agent.logText().split(separator: "\n").count { $0.contains("temporal_max_files allows 3") } == 2)
            #expect(await agent.run("status").text.contains("lost: 2 files"))
            let list = await agent.run("spool", "list")
            #expect(list.text.contains("given up at limits until now: 2 files"))
            #expect(waiting.allSatisfy { list.text.contains($0) })
            let json = await agent.run("spool", "list", "--format", "json")
            let program = "import json,sys; d=json.loads(sys.argv[1]); print(len(d['waiting']), d['lost_files'])"
            #expect(await AgentUnderTest.run("/usr/bin/env", ["python3", "-c", program, json.text]).text == "3 2\n")

            let double = try TentacleServerDouble()
            defer { double.stop() }
            try agent.configure(one, transfer: transfer(double))
            #expect(await agent.run("spool", "show", waiting[0]).text.contains("<agent_data"))
            let flush = await agent.run("spool", "flush")
            #expect(flush.status == 0 && flush.text.contains("sent 3, refused 0, waiting 0"))
            #expect(Set(double.files.keys) == Set(waiting))
            #expect(await agent.run("spool", "list").text.contains("nothing waits"))
        }
    }

    @Test("temporal_min_size: with too little space only the newest cycle's file waits")
    func minimumFree() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, one + "\ntemporal_min_size 999999999",
                transfer: "server_opts -r 0\nserver_ip 127.0.0.1\n"
                    + "server_port \(try deadPort())")
            for _ in 0..<3 { #expect(await agent.run("run", "-q").status == 3) }
            #expect(try Files.names(in: agent.outbox).count == 1)
            #expect(try agent.logText().contains("temporal_min_size wants 999999999 MB free"))
        }
    }

    @Test("xml_buffer: a line 'xml_buffer 0' keeps nothing that could not be sent, and says so; 1 and no line keep it")
    func buffer() async throws {
        try await withTemporaryFolder { folder in
            let dead = "server_ip 127.0.0.1\nserver_port \(try deadPort())\nserver_opts -r 0"
            let agent = try AgentUnderTest(in: folder, one + "\nxml_buffer 1", transfer: dead)
            #expect(await agent.run("run", "-q").status == 3)
            try agent.configure(one + "\nxml_buffer 0", transfer: dead)
            let result = await agent.run("run")
            #expect(result.status == 1)
            #expect(result.complaint.contains("lost: 2 files"))
            #expect(result.complaint.contains("not delivered: ") && !result.complaint.contains("wait in the spool"))
            #expect(try Files.names(in: agent.outbox).isEmpty)
        }
    }

    @Test("Old data files that wait in temporal are sent as they are, and before the new ones")
    func adoption() async throws {
        try await withTemporaryFolder { folder in
            let double = try TentacleServerDouble()
            defer { double.stop() }
            let temporal = folder.appending("temporal")
            try Files.makeFolder(temporal)
            let old = "0123456789abcdef0123456789abcdef.1700000000.data"
            let bytes = Array("<?xml version='1.0'?><agent_data agent_name='unit'/>".utf8)
            try Files.create(temporal.appending(old), bytes)
            let agent = try AgentUnderTest(in: folder, one + "\ntemporal \(temporal)", transfer: transfer(double))
            #expect(await agent.run("run").status == 0)
            #expect(double.files.count == 2)
            #expect(double.files[old] == bytes)
            #expect(double.lines.first == "SEND <\(old)> SIZE \(bytes.count)")
            #expect(try Files.names(in: temporal).isEmpty)
        }
    }

    @Test("debug 1 keeps what was sent, with the suffix sent, and sends it once")
    func keptCopies() async throws {
        try await withTemporaryFolder { folder in
            let double = try TentacleServerDouble()
            defer { double.stop() }
            let agent = try AgentUnderTest(
                in: folder, one + "\ndebug 1\ntemporal_max_files 2", transfer: transfer(double))
            for _ in 0..<3 { #expect(await agent.run("run").status == 0) }
            #expect(double.files.count == 3)
            let kept = try Files.names(in: agent.outbox).map(\.string)
            #expect(kept.count == 2 && kept.allSatisfy { $0.hasSuffix(".data.sent") })
            let first = try #require(kept.first)
            #expect(
                try Files.read(agent.outbox.appending(first), limit: 1 << 20) == double.files[String(first.dropLast(5))]
            )
        }
    }

    @Test("secondary_mode on_error: the second server gets what the first cannot, and only then")
    func onError() async throws {
        try await withTemporaryFolder { folder in
            let second = try TentacleServerDouble()
            defer { second.stop() }
            let settings = "secondary_mode on_error\nsecondary_server_port \(second.port)"
            let agent = try AgentUnderTest(
                in: folder, one,
                transfer: "server_ip 127.0.0.1\nserver_port \(try deadPort())\nserver_opts -r 0\n" + settings)
            #expect(await agent.run("run").status == 0)
            #expect(second.files.count == 1)
            #expect(try agent.logText().contains("the second server is tried"))
            let first = try TentacleServerDouble()
            defer { first.stop() }
            try agent.configure(one, transfer: transfer(first) + "\n" + settings)
            #expect(await agent.run("run").status == 0)
            #expect(first.files.count == 1 && second.files.count == 1)
            try agent.configure(
                one,
                transfer: "server_ip 127.0.0.1\nserver_port \(try deadPort())\nserver_opts -r 0\n"
                    + "secondary_mode on_error\nsecondary_server_port \(try deadPort())")
            #expect(await agent.run("run", "-q").status == 3)
            #expect(try Files.names(in: agent.outbox).count == 1)
        }
    }

    @Test("secondary_mode always: each server gets every file once, whichever of them was away")
    func always() async throws {
        try await withTemporaryFolder { folder in
            let first = try TentacleServerDouble()
            let second = try TentacleServerDouble()
            defer {
                first.stop()
                second.stop()
            }
            func settings(_ firstPort: UInt16, _ secondPort: UInt16) -> String {
                "server_ip 127.0.0.1\nserver_port \(firstPort)\nserver_opts -r 0\nsecondary_mode always\n"
                    + "secondary_server_port \(secondPort)"
            }
            let dead = try deadPort()
            let agent = try AgentUnderTest(in: folder, one, transfer: settings(first.port, dead))
            #expect(await agent.run("run", "-q").status == 3)
            #expect(await agent.run("run", "-q").status == 3)
            #expect(first.files.count == 2 && second.files.isEmpty)
            try agent.configure(one, transfer: settings(dead, second.port))
            #expect(await agent.run("run", "-q").status == 3)
            #expect(first.files.count == 2 && second.files.count == 3)
            try agent.configure(one, transfer: settings(first.port, second.port))
            #expect(await agent.run("run").status == 0)
            #expect(first.files.count == 4 && first.files == second.files)
            #expect(first.lines.count { $0.hasPrefix("SEND") } == 4)
            #expect(second.lines.count { $0.hasPrefix("SEND") } == 4)
            #expect(try Files.names(in: agent.outbox).isEmpty)
            #expect(try Files.names(in: agent.state.appending("settled")).isEmpty)
        }
    }

    @Test("Every try is a line in transfers.log, with the digest of what was sent and what TLS agreed on")
    func transferLog() async throws {
        try await withCertificates { authority in
            try await withTemporaryFolder { folder in
                var behaviour = TentacleServerDouble.Behaviour()
                behaviour.tls = .init(certificate: authority.certificate("server"), key: authority.key("server"))
                let double = try TentacleServerDouble(behaviour)
                defer { double.stop() }
                let dead = "server_ip 127.0.0.1\nserver_port \(try deadPort())\nserver_opts -r 0"
                let agent = try AgentUnderTest(in: folder, one, transfer: dead)
                #expect(await agent.run("run", "-q").status == 3)
                try agent.configure(
                    one,
                    transfer: "server_ip localhost\nserver_port \(double.port)\nssl_ca \(authority.certificate("ca"))")
                #expect(await agent.run("run").status == 0)
                let log = agent.state.appending("transfers.log")
                let lines = String(decoding: try Files.read(log, limit: 1 << 20), as: UTF8.self).split(separator: "\n")
                #expect(lines.count == 3)
                #expect(lines.first?.contains(" answer=failed reason=\"") == true)
                for (name, bytes) in double.files {
                    let line = try #require(lines.last { $0.contains(" file=\(name) ") })
                    #expect(
                        line.contains(" bytes=\(bytes.count) sha256=\(Digest.sha256(bytes).hexadecimal) for=primary "))
                    #expect(line.contains(" tls=TLSv1.3 cipher=TLS_") && line.contains(" key=sha256:"))
                    #expect(line.contains(" answer=stored duration=0."))
                }
            }
        }
    }

    @Test("The tokens of TLS: authorities and name are verified, a pin is held to, a client certificate is shown")
    func securityTokens() async throws {
        try await withCertificates { authority in
            var behaviour = TentacleServerDouble.Behaviour()
            behaviour.tls = .init(
                certificate: authority.certificate("server"), key: authority.key("server"),
                clientCertificates: .required(authorities: authority.certificate("ca")))
            let double = try TentacleServerDouble(behaviour)
            defer { double.stop() }
            let client = "ssl_cert \(authority.certificate("client"))\nssl_key \(authority.key("client"))"
            let cases: [(settings: String, status: Int32, word: String)] = [
                ("\(client)\nssl_ca \(authority.certificate("ca"))", 0, ""),
                ("\(client)\nssl_ca \(authority.certificate("ca"))\nssl_verify_name other.example", 3, "other.example"),
                ("\(client)\nssl_ca \(authority.certificate("other-ca"))", 3, "authorit"),
                ("\(client)\nssl_pin \(String(repeating: "00", count: 32))", 3, "key"),
                ("ssl_ca \(authority.certificate("ca"))", 3, "certificate"),
            ]
            for (settings, status, word) in cases {
                try await withTemporaryFolder { folder in
                    let agent = try AgentUnderTest(
                        in: folder, one,
                        transfer: "server_ip localhost\nserver_port \(double.port)\nserver_opts -r 0\n\(settings)")
                    let result = await agent.run("run")
                    #expect(result.status == status, "\(settings): \(result.complaint)")
                    #expect(result.complaint.contains(word), "\(result.complaint)")
                }
            }
            #expect(double.files.count == 1)
        }
    }

    @Test("The second server has its own authority, name and certificate, by the tokens with secondary_")
    func secondarySecurity() async throws {
        try await withCertificates { authority in
            var behaviour = TentacleServerDouble.Behaviour()
            behaviour.tls = .init(
                certificate: authority.certificate("server"), key: authority.key("server"),
                clientCertificates: .required(authorities: authority.certificate("ca")))
            let first = try TentacleServerDouble()
            let second = try TentacleServerDouble(behaviour)
            defer {
                first.stop()
                second.stop()
            }
            let servers =
                "server_ip 127.0.0.1\nserver_port \(first.port)\nsecondary_mode always\nsecondary_server_ip localhost\n"
                + "secondary_server_port \(second.port)\nsecondary_ssl_cert \(authority.certificate("client"))\n"
                + "secondary_ssl_key \(authority.key("client"))\nsecondary_server_opts -r 0\n"
            for (ca, status) in [("ca", 0), ("other-ca", 3)] as [(String, Int32)] {
                try await withTemporaryFolder { folder in
                    let agent = try AgentUnderTest(
                        in: folder, one, transfer: servers + "secondary_ssl_ca \(authority.certificate(ca))")
                    #expect(await agent.run("run").status == status)
                }
            }
            #expect(first.files.count == 2)
            #expect(second.files.count == 1)
        }
    }

    @Test("A connection that breaks is tried again within the cycle, and the file arrives once")
    func retries() async throws {
        for action in [TentacleServerDouble.Fault.Action.close, .reset] {
            try await withTemporaryFolder { folder in
                var behaviour = TentacleServerDouble.Behaviour()
                behaviour.faults = { $0 == 0 ? .init(after: 200, action) : nil }
                let double = try TentacleServerDouble(behaviour)
                defer { double.stop() }
                let agent = try AgentUnderTest(
                    in: folder, one, transfer: "server_ip 127.0.0.1\nserver_port \(double.port)\nserver_opts -r 2")
                let result = await agent.run("run")
                #expect(result.status == 0, "\(result.complaint)")
                #expect(double.files.count == 1)
                #expect(try agent.logText().contains("trying again in "))
                #expect(try Files.names(in: agent.outbox).isEmpty)
            }
        }
    }

    @Test("One file that cannot be read keeps no other")
    func unreadable() async throws {
        try await withTemporaryFolder { folder in
            let double = try TentacleServerDouble()
            defer { double.stop() }
            let agent = try AgentUnderTest(in: folder, one, transfer: transfer(double))
            #expect(await agent.run("run", "--no-send").status == 0)
            try Files.create(agent.outbox.appending("q.1.data"), [])
            #expect(await agent.run("run").status == 0)
            #expect(double.files.count == 2)
            // An empty file is one that no server takes.
            #expect(await agent.run("spool", "list").text.contains("quarantine  q.1.data"))
        }
    }
}
