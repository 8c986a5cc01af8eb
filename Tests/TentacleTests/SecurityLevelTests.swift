import COpenSSL
import SystemFiles
import SystemPackage
import Tentacle
import TentacleServerDouble
import TestSupport
import Testing

@Suite("Security levels")
struct SecurityLevelTests {
    private let data = Array("some data".utf8)

    @Test("A file arrives in the clear, with a password")
    func plain() throws {
        try withServer {
            $0.password = "secret"
        } _: { server in
            let transfer = try server.receiveFile(data, from: server.settings(password: "secret"))
            #expect(server.files == ["host.1.data": data])
            #expect(transfer.size == 9 && transfer.peer.tls == nil)
            #expect(transfer.peer.address == "127.0.0.1 port \(server.port)")
            #expect(
                server.lines.first == "PASS 9e769017c85f064977fe6a658f207fa6"
                    && server.lines.dropFirst().first == "SEND <host.1.data> SIZE 9")
        }
    }

    @Test("A file arrives in TLS without and with a client certificate, with a password", arguments: [false, true])
    func unverified(withCertificate: Bool) throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let client = try authority.issue(.init(name: "client", alternatives: "", usage: "clientAuth"))
            let pair = try authority.issue()
            try withServer {
                $0.tls = .init(pair, withCertificate ? .asked(authorities: authority.certificate) : .notAsked)
                $0.password = "secret"
            } _: { server in
                let security = TransportSecurity.unverified(
                    TLSOptions(clientCertificate: withCertificate ? ClientCertificate(client) : nil))
                let transfer = try server.receiveFile(data, from: server.settings(security, password: "secret"))
                #expect(server.files == ["host.1.data": data])
                #expect(transfer.peer.tls?.version == "TLSv1.3")
                #expect(transfer.peer.tls?.certificateValidUntil == 4_102_444_799)
                let key = try Program.succeed(
                    [
                        "sh", "-c",
                        "openssl x509 -in \(pair.certificate) -noout -pubkey | openssl pkey -pubin -outform der | sha256sum",
                    ], in: folder)
                #expect(transfer.peer.tls?.serverKey == PublicKeyPin(String(key.prefix(64))))
            }
        }
    }

    @Test("A file arrives in TLS that both sides verify, with a password")
    func verified() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let client = try authority.issue(.init(name: "client", alternatives: "", usage: "clientAuth"))
            let pair = try authority.issue()
            try withServer {
                $0.tls = .init(pair, .required(authorities: authority.certificate))
                $0.password = "secret"
            } _: { server in
                let security = TransportSecurity.verified(
                    .file(authority.certificate), .host, TLSOptions(clientCertificate: ClientCertificate(client)))
                try server.receiveFile(data, from: server.settings(security, password: "secret"))
                #expect(server.files == ["host.1.data": data])
            }
        }
    }

    @Test("A server with a certificate of another authority, for another name, or expired is refused before PASS")
    func refusedServers() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let other = try TestAuthority(in: folder, name: "other")
            let expired = TestAuthority.Request(until: "20210101000000Z")
            let elsewhere = TestAuthority.Request(name: "elsewhere", alternatives: "DNS:elsewhere.example")
            let cases: [(TestAuthority.Pair, CertificateProblem)] = [
                (try other.issue(), .unknownAuthority(issuer: "CN=other")),
                (try authority.issue(expired), .expired(subject: "CN=localhost", end: 1_609_459_200)),
                (
                    try authority.issue(elsewhere),
                    .wrongName(expected: "127.0.0.1", presented: "DNS:elsewhere.example")
                ),
            ]
            for (pair, problem) in cases {
                try withServer {
                    $0.tls = .init(pair)
                    $0.password = "secret"
                } _: { server in
                    let security = TransportSecurity.verified(.file(authority.certificate), .host, TLSOptions())
                    let settings = server.settings(security, password: "secret")
                    let error = failure { () throws(TentacleError) in try server.receiveFile(from: settings) }
                    #expect(error == .serverCertificate(problem))
                    #expect(error?.consequence == .needsOperator)
                    #expect(server.lines.isEmpty && server.files.isEmpty)
                }
            }
        }
    }

    @Test("The name check can be given another name, and switched off")
    func nameCheck() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let pair = try authority.issue(.init(name: "elsewhere", alternatives: "DNS:elsewhere.example"))
            try withServer {
                $0.tls = .init(pair)
                $0.overwrites = true
            } _: { server in
                for check in [TransportSecurity.NameCheck.off, .name("elsewhere.example")] {
                    let security = TransportSecurity.verified(.file(authority.certificate), check, TLSOptions())
                    try server.receiveFile(from: server.settings(security))
                }
                #expect(server.files.count == 1)
            }
        }
    }

    @Test(
        "A server that refuses our certificate is named as the cause, under TLS 1.3 and 1.2", arguments: [0, 0x0303])
    func refusedClient(version: Int) throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let other = try TestAuthority(in: folder, name: "other")
            let pair = try authority.issue()
            let client = try other.issue(.init(name: "client", alternatives: ""))
            try withServer {
                $0.tls = .init(pair, .required(authorities: authority.certificate), newestVersion: version)
                $0.password = "secret"
            } _: { server in
                // Many times, because the answer races with what we write.
                for certificate in Array(repeating: [ClientCertificate(client), nil], count: 20).flatMap(\.self) {
                    let security = TransportSecurity.unverified(TLSOptions(clientCertificate: certificate))
                    let settings = server.settings(security, password: "secret")
                    let error = failure { () throws(TentacleError) in try server.receiveFile(from: settings) }
                    guard case .clientCertificateRefused(sentOne: certificate != nil, _) = error else {
                        Issue.record(Comment(rawValue: sentence(of: error)))
                        continue
                    }
                }
                #expect(server.lines.isEmpty)
            }
        }
    }

    @Test("A pinned key is accepted, another key is refused")
    func pin() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let pair = try authority.issue()
            try withServer {
                $0.tls = .init(pair)
            } _: { server in
                let first = try server.receiveFile(from: server.settings(.unverified(TLSOptions())))
                let key = try #require(first.peer.tls?.serverKey)
                let pinned = server.settings(.unverified(TLSOptions(pinnedKey: key)))
                try server.receiveFile(data, "host.2.data", from: pinned)
                let otherKey = try #require(PublicKeyPin(String(repeating: "0a:", count: 31) + "0a"))
                let wrong = server.settings(.unverified(TLSOptions(pinnedKey: otherKey)))
                let error = failure { () throws(TentacleError) in try server.receiveFile(data, "x", from: wrong) }
                #expect(error == .serverCertificate(.otherKey(expected: otherKey, found: key)))
                #expect(server.files.count == 2)
            }
        }
    }

    @Test("TLS to a plain server and plain to a TLS server are told apart from other failures")
    func mismatch() throws {
        try withTemporaryFolder { folder in
            let pair = try TestAuthority(in: folder).issue()
            try withServer {
                $0.idleLimit = 100
            } _: { server in
                let settings = server.settings(.unverified(TLSOptions()))
                let error = failure { () throws(TentacleError) in try server.receiveFile(from: settings) }
                #expect(error == .peerWithoutTLS)
            }
            try withServer {
                $0.tls = .init(pair)
            } _: { server in
                // OpenSSL closes without an alert on what does not look like TLS.
                let error = failure { () throws(TentacleError) in try server.receiveFile(from: server.settings()) }
                #expect(sentence(of: error).contains("it may want a password or TLS"))
            }
            try withServer {
                $0.faults = { _ in
                    var fault = TentacleServerDouble.Fault()
                    fault.answers[0] = [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46]
                    return fault
                }
            } _: { server in
                let error = failure { () throws(TentacleError) in try server.receiveFile(from: server.settings()) }
                #expect(error == .peerWithTLS)
            }
        }
    }
}
