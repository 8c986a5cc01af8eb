import CommandRunner
import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

@testable import Agent

@Suite("Delivery over Tentacle")
struct DeliveryTests {
    /// A data file over one security level.
    private func deliver(
        _ behaviour: TentacleServerDouble.Behaviour, _ settings: String, host: String = "127.0.0.1"
    ) async throws -> (result: CommandResult, double: TentacleServerDouble) {
        let double = try TentacleServerDouble(behaviour)
        defer { double.stop() }
        return try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, module("a", "module_exec echo 1"),
                transfer: "server_ip \(host)\nserver_port \(double.port)\n\(settings)")
            return (await agent.run("run"), double)
        }
    }

    private func tls(
        _ authority: CertificateFolder, server: String = "server",
        clients: (FilePath) -> TentacleServerDouble.TLS.ClientCertificates = { _ in .notAsked }
    ) -> TentacleServerDouble.Behaviour {
        var behaviour = TentacleServerDouble.Behaviour()
        behaviour.password = "secret"
        behaviour.tls = .init(
            certificate: authority.certificate(server), key: authority.key(server),
            clientCertificates: clients(authority.certificate("ca")))
        return behaviour
    }

    @Test("Level 0 with a password; on the wire are PASS, SEND and QUIT alone, also with remote_config and read-only")
    func plain() async throws {
        var behaviour = TentacleServerDouble.Behaviour()
        behaviour.password = "secret"
        let (result, double) = try await deliver(behaviour, "server_pwd secret\nremote_config 1\nread_only 1")
        #expect(result.status == 0)
        #expect(double.files.count == 1)
        #expect(double.lines.map { $0.split(separator: " ").first ?? "" } == ["PASS", "SEND", "QUIT"])
    }

    @Test("Level 1: TLS, by server_ssl or by -c")
    func level1() async throws {
        try await withCertificates { authority in
            for settings in ["server_ssl 1\nserver_pwd secret", "server_opts -c -x secret"] {
                let (result, double) = try await deliver(tls(authority), settings)
                #expect(result.status == 0, "\(result.complaint)")
                #expect(double.files.count == 1)
            }
        }
    }

    @Test("Level 2: certificates at both ends")
    func level2() async throws {
        try await withCertificates { authority in
            let options = "-e \(authority.certificate("client")) -k \(authority.key("client")) -x secret"
            let (result, double) = try await deliver(
                tls(authority, clients: { .required(authorities: $0) }), "server_opts \(options)")
            #expect(result.status == 0, "\(result.complaint)")
            #expect(double.files.count == 1)
            let (refused, other) = try await deliver(
                tls(authority, clients: { .required(authorities: $0) }), "server_opts -c -x secret")
            #expect(refused.status == 3)
            #expect(refused.complaint.contains("certificate"))
            #expect(other.files.isEmpty)
        }
    }

    @Test("Level 3: the chain and the name are verified")
    func level3() async throws {
        try await withCertificates { authority in
            func options(_ ca: String) -> String {
                "server_opts -e \(authority.certificate("client")) -k \(authority.key("client")) "
                    + "-f \(authority.certificate(ca)) -x secret"
            }
            let (result, double) = try await deliver(
                tls(authority, clients: { .required(authorities: $0) }), options("ca"), host: "localhost")
            #expect(result.status == 0, "\(result.complaint)")
            #expect(double.files.count == 1)
            let refusals = [
                ("server", "other-ca", "authorit"),
                ("wrong-name", "ca", "certificate is for dns:elsewhere.example, not for localhost"),
                ("expired", "ca", "expired"),
            ]
            for (server, ca, word) in refusals {
                let (refused, double) = try await deliver(
                    tls(authority, server: server, clients: { .required(authorities: $0) }), options(ca),
                    host: "localhost")
                #expect(refused.status == 3)
                #expect(refused.complaint.lowercased().contains(word), "\(refused.complaint)")
                #expect(double.files.isEmpty && double.lines.isEmpty)
            }
        }
    }

    @Test("Certificates that end soon are named in the log and by status: ours and the server's")
    func endingCertificates() async throws {
        try await withCertificates { authority in
            try await withTemporaryFolder { folder in
                let double = try TentacleServerDouble(tls(authority, clients: { .required(authorities: $0) }))
                defer { double.stop() }
                let agent = try AgentUnderTest(
                    in: folder, module("a", "module_exec echo 1"),
                    transfer: """
                        server_ip 127.0.0.1
                        server_port \(double.port)
                        server_opts -e \(authority.certificate("client")) -k \(authority.key("client")) -x secret
                        """)
                #expect(await agent.run("run").status == 0)
                let log = try agent.logText()
                #expect(log.contains("our certificate \(authority.certificate("client")) ends in 9 days"))
                #expect(log.contains("the certificate of the server 127.0.0.1"))
                #expect(await agent.run("status").text.contains("certificate: "))
            }
        }
    }

    @Test("Days that are left are whole days, and what is over is said to be")
    func daysLeft() {
        let certificate = CertificateValidity(holder: "it", end: 86_400 * 40)
        #expect(certificate.daysLeft(at: 86_400 * 10) == 30)
        #expect(certificate.warning(at: 86_400 * 10) == nil)
        #expect(certificate.daysLeft(at: 86_400 * 10 + 1) == 29)
        #expect(certificate.warning(at: 86_400 * 40) == "it ends in 0 days: renew it before nothing is taken")
        #expect(certificate.warning(at: 86_400 * 40 + 1) == "it is no longer valid: renew it")
        #expect(CertificateValidity(holder: "it", end: .min).daysLeft(at: .max) < 0)
    }

    @Test("A wrong password is said to be one, and never shown")
    func wrongPassword() async throws {
        var behaviour = TentacleServerDouble.Behaviour()
        behaviour.password = "secret"
        let (result, double) = try await deliver(behaviour, "server_pwd hunter2")
        #expect(result.status == 3)
        #expect(result.complaint.contains("password") && !result.complaint.contains("hunter2"))
        #expect(double.files.isEmpty)
    }

    @Test("A file that the server has already counts as delivered, one that it refuses goes to quarantine")
    func refusals() async throws {
        try await withTemporaryFolder { folder in
            var behaviour = TentacleServerDouble.Behaviour()
            behaviour.sizeLimit = 5000
            let double = try TentacleServerDouble(behaviour)
            defer { double.stop() }
            let large = module(
                "large", "module_type generic_data_string", "module_exec head -c 6000 /dev/zero | tr '\\0' x")
            let transfer = "server_ip 127.0.0.1\nserver_port \(double.port)"
            let agent = try AgentUnderTest(in: folder, large, transfer: transfer)
            _ = await agent.run("run", "-q")
            let quarantine = try Files.names(in: agent.state.appending("quarantine")).map(\.string)
            #expect(quarantine.count == 2 && quarantine.contains { $0.hasSuffix(".data.reason") })
            try agent.configure(module("small", "module_exec echo 1"), transfer: transfer)
            #expect(await agent.run("run").status == 0)
            #expect(double.files.count == 1)

            // The same file again, as after a lost last answer.
            let name = try #require(double.files.keys.first)
            try Files.create(agent.outbox.appending(name), double.files[name] ?? [])
            #expect(await agent.run("run").status == 0)
            #expect(try Files.names(in: agent.outbox).isEmpty)
            #expect(try agent.logText().contains("where it was already"))
        }
    }
}

/// Certificates made for one test by the openssl program.
struct CertificateFolder {
    let folder: FilePath

    func certificate(_ name: String) -> FilePath { folder.appending("\(name).crt") }
    func key(_ name: String) -> FilePath { folder.appending("\(name).key") }
}

/// Makes two authorities, a client and servers: a good one, one of another name, one that has expired.
func withCertificates(_ body: (CertificateFolder) async throws -> Void) async throws {
    try await withTemporaryFolder { folder in
        let script = """
            set -e
            cd '\(folder)'
            for ca in ca other-ca; do
              openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key -out $ca.crt -days 10 -subj "/CN=$ca"
            done
            leaf() { # name, subjectAltName, days
              openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj "/CN=$1"
              printf 'subjectAltName=%s\\n' "$2" > $1.ext
              openssl x509 -req -in $1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out $1.crt -days $3 -extfile $1.ext
            }
            leaf server DNS:localhost,IP:127.0.0.1 10
            leaf client DNS:client 10
            leaf wrong-name DNS:elsewhere.example 10
            leaf expired DNS:localhost -1
            """
        let result = await AgentUnderTest.run("/bin/sh", ["-c", script])
        try #require(result.isSuccess, "\(result.complaint)")
        try await body(CertificateFolder(folder: folder))
    }
}
