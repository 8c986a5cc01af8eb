import Glibc
import SystemFiles
import SystemPackage
import Tentacle
import TentacleServerDouble
import TestSupport
import Testing

@Suite("Certificates")
struct CertificateTests {
    /// Connects to a server with a certificate and sends a file.
    private func send(
        to pair: TestAuthority.Pair, _ security: TransportSecurity, newestVersion: Int = 0,
        clients: TentacleServerDouble.TLS.ClientCertificates = .notAsked
    ) throws -> (error: TentacleError?, alerts: [String]) {
        try withServer {
            $0.tls = .init(pair, clients, newestVersion: newestVersion)
        } _: { server in
            let error = failure { () throws(TentacleError) in
                try server.receiveFile(from: server.settings(security))
            }
            server.waitForEnd()
            #expect((error == nil) == (server.files.count == 1))
            return (error, server.handshakeFailures)
        }
    }

    private func verified(
        _ authority: TestAuthority, _ check: TransportSecurity.NameCheck = .host
    ) -> TransportSecurity {
        .verified(.file(authority.certificate), check, TLSOptions())
    }

    @Test("Every fault of a certificate is named, and the server is told nothing")
    func faults() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let other = try TestAuthority(in: folder, name: "other")
            let cases: [(TestAuthority.Pair, TransportSecurity.NameCheck, CertificateProblem)] = [
                (
                    try authority.issue(.init(from: "20900101000000Z")), .host,
                    .notYetValid(subject: "CN=localhost", start: 3_786_912_000)
                ),
                (
                    try authority.issue(.init(until: "20210101000000Z")), .host,
                    .expired(subject: "CN=localhost", end: 1_609_459_200)
                ),
                (other.own, .off, .selfSigned(subject: "CN=other")),
                (try authority.issue(.init(usage: "clientAuth")), .host, .wrongPurpose),
                (
                    try authority.issue(.init(alternatives: "IP:192.0.2.1")), .host,
                    .wrongName(expected: "127.0.0.1", presented: "IP Address:192.0.2.1")
                ),
                (
                    try authority.issue(.init(alternatives: "DNS:*.example.org")), .name("a.b.example.org"),
                    .wrongName(expected: "a.b.example.org", presented: "DNS:*.example.org")
                ),
                (
                    try authority.issue(.init(alternatives: "DNS:*.example.org")), .name("example.org"),
                    .wrongName(expected: "example.org", presented: "DNS:*.example.org")
                ),
            ]
            for (pair, check, problem) in cases {
                let (error, alerts) = try send(to: pair, verified(authority, check))
                #expect(error == .serverCertificate(problem))
                #expect(alerts.count == 1 && !alerts.contains { $0.contains("alert") })
            }
        }
    }

    @Test("Names, addresses, wildcards and the usage for servers are accepted")
    func accepted() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let cases: [(TestAuthority.Request, TransportSecurity.NameCheck)] = [
                (.init(alternatives: "IP:127.0.0.1"), .host),
                (.init(alternatives: "IP:2001:db8::1"), .name("2001:DB8:0:0::1")),
                (.init(alternatives: "DNS:*.example.org"), .name("a.example.org")),
                (.init(name: "old.example.org", alternatives: ""), .name("OLD.example.org")),
                (.init(usage: "serverAuth"), .host),
            ]
            for (request, check) in cases {
                #expect(try send(to: authority.issue(request), verified(authority, check)).error == nil)
            }
        }
    }

    @Test("A chain of three is followed where the server sends the middle, and only there")
    func chain() throws {
        try withTemporaryFolder { folder in
            let root = try TestAuthority(in: folder, name: "root")
            let middle = try TestAuthority(in: folder, name: "middle", issuedBy: root)
            let pair = try middle.issue()
            let both = folder.appending("both.crt")
            try Files.create(
                both,
                try Files.read(pair.certificate, limit: 100_000) + Files.read(middle.certificate, limit: 100_000))
            #expect(
                try send(to: .init(certificate: both, key: pair.key), verified(root)).error == nil)
            #expect(
                try send(to: pair, verified(root)).error
                    == .serverCertificate(.unknownAuthority(issuer: "CN=middle")))
        }
    }

    @Test("Authorities in a folder are found by their hash")
    func authorityFolder() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let other = try TestAuthority(in: folder, name: "other")
            let trusted = folder.appending("trusted")
            try Files.makeFolder(trusted)
            try Files.create(
                trusted.appending("authority.pem"), try Files.read(authority.certificate, limit: 100_000))
            try Program.succeed(["openssl", "rehash", trusted.string], in: folder)
            let security = TransportSecurity.verified(.folder(trusted), .host, TLSOptions())
            #expect(try send(to: authority.issue(), security).error == nil)
            #expect(
                try send(to: other.issue(), security).error
                    == .serverCertificate(.unknownAuthority(issuer: "CN=other")))
            let missing = folder.appending("missing")
            let untrusting = TentacleServer(
                host: "127.0.0.1", security: .verified(.folder(missing), .host, TLSOptions()))
            #expect(throws: TentacleError.unusableFile(missing, .unreadable(.noSuchFileOrDirectory))) {
                try TentacleClient(untrusting).connect()
            }
        }
    }

    @Test("An old server is refused unless the oldest version is lowered")
    func versions() throws {
        try withTemporaryFolder { folder in
            let pair = try TestAuthority(in: folder).issue()
            // 1.1 and 1.2 of RFC 4346 and 5246 as they stand on the wire.
            for (version, options) in [(0x0302, TLSOptions()), (0x0303, TLSOptions(minimumVersion: .tls13))] {
                let error = try send(to: pair, .unverified(options), newestVersion: version).error
                guard case .nothingInCommon = error else {
                    Issue.record(Comment(rawValue: sentence(of: error)))
                    continue
                }
            }
            let lowered = TransportSecurity.unverified(TLSOptions(minimumVersion: .tls11))
            #expect(try send(to: pair, lowered, newestVersion: 0x0302).error == nil)
        }
    }

    @Test("Ciphers can be chosen; a list that names none is a mistake of ours")
    func ciphers() throws {
        try withTemporaryFolder { folder in
            let pair = try TestAuthority(in: folder).issue()
            try withServer {
                $0.tls = .init(pair, newestVersion: 0x0303)
            } _: { server in
                let options = TLSOptions(ciphers: "ECDHE-ECDSA-CHACHA20-POLY1305")
                let transfer = try server.receiveFile(from: server.settings(.unverified(options)))
                #expect(transfer.peer.tls?.version == "TLSv1.2")
                #expect(transfer.peer.tls?.cipher == "ECDHE-ECDSA-CHACHA20-POLY1305")
                let error = failure { () throws(TentacleError) in
                    try server.receiveFile(from: server.settings(.unverified(TLSOptions(ciphers: "NONSENSE"))))
                }
                #expect(error == .unusableSetting("OpenSSL knows no cipher of the list “NONSENSE”"))
                #expect(error?.consequence == .needsOperator)
            }
        }
    }
}

@Suite("Our certificate and its key")
struct ClientCertificateTests {
    @Test("An encrypted key is opened by a pass phrase from a file or from whoever is asked")
    func encryptedKey() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let pair = try authority.issue(.init(name: "client", alternatives: "", usage: "clientAuth"))
            let serverPair = try authority.issue()
            let key = folder.appending("encrypted.key")
            try Program.succeed(
                [
                    "openssl", "pkey", "-aes256", "-passout", "pass:open sesame", "-in", pair.key.string, "-out",
                    key.string,
                ],
                in: folder)
            let phrase = folder.appending("phrase")
            try Files.create(phrase, "open sesame\nsecond line\n".utf8)
            let wrong = folder.appending("wrong")
            try Files.create(wrong, "closed\n".utf8)
            setenv("TENTACLE_TEST_PHRASE", "open sesame", 1)
            let missing = folder.appending("missing")
            let cases: [(ClientCertificate.PassPhrase, TentacleError?)] = [
                (.file(phrase), nil),
                (.asked { $0 == key ? "open sesame" : nil }, nil),
                (.environment(variable: "TENTACLE_TEST_PHRASE"), nil),
                (.environment(variable: "TENTACLE_TEST_NOTHING"), .unusableFile(key, .passPhraseMissing)),
                (.file(wrong), .unusableFile(key, .passPhraseWrong)),
                (.asked { _ in "closed" }, .unusableFile(key, .passPhraseWrong)),
                (.asked { _ in nil }, .unusableFile(key, .passPhraseMissing)),
                (.none, .unusableFile(key, .passPhraseMissing)),
                (.file(missing), .unusableFile(missing, .unreadable(.noSuchFileOrDirectory))),
            ]
            try withServer {
                $0.tls = .init(serverPair, .required(authorities: authority.certificate))
                $0.overwrites = true
            } _: { server in
                for (passPhrase, expected) in cases {
                    let own = ClientCertificate(certificate: pair.certificate, key: key, passPhrase: passPhrase)
                    let settings = server.settings(.unverified(TLSOptions(clientCertificate: own)))
                    let error = failure { () throws(TentacleError) in try server.receiveFile(from: settings) }
                    #expect(error == expected)
                    #expect(!sentence(of: error).contains("sesame") && !sentence(of: error).contains("closed"))
                }
                // What cannot work costs the server no connection.
                #expect(server.connectionCount == 3)
            }
        }
    }

    @Test("Files that cannot be used are named before a connection is opened")
    func unusableFiles() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let pair = try authority.issue()
            let other = try authority.issue()
            let text = folder.appending("text")
            try Files.create(text, "no certificate".utf8)
            let missing = folder.appending("missing")
            let cases: [(ClientCertificate, TentacleError)] = [
                (.init(certificate: text, key: pair.key), .unusableFile(text, .noCertificate)),
                (.init(certificate: pair.certificate, key: text), .unusableFile(text, .noKey)),
                (.init(certificate: pair.certificate), .unusableFile(pair.certificate, .noKey)),
                (
                    .init(certificate: pair.certificate, key: other.key),
                    .unusableFile(other.key, .keyOfAnotherCertificate)
                ),
                (
                    .init(certificate: missing, key: pair.key),
                    .unusableFile(missing, .unreadable(.noSuchFileOrDirectory))
                ),
            ]
            try withServer { server in
                for (own, expected) in cases {
                    let settings = server.settings(.unverified(TLSOptions(clientCertificate: own)))
                    let error = failure { () throws(TentacleError) in try server.receiveFile(from: settings) }
                    #expect(error == expected)
                    #expect(error?.consequence == .needsOperator)
                }
                let noAuthority = server.settings(.verified(.file(text), .host, TLSOptions()))
                let error = failure { () throws(TentacleError) in try server.receiveFile(from: noAuthority) }
                #expect(error == .unusableFile(text, .noCertificate))
                #expect(server.connectionCount == 0)
            }
            #expect(try ClientCertificate(pair).validUntil() == 4_102_444_799)
        }
    }
}
