import CommandRunner
import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

@Suite("Evaluation of sshd_config")
struct SSHDEvaluationTests {
    @Test("What the manual says is in force is what is found", arguments: SSHDFixture.all)
    func evaluator(_ fixture: SSHDFixture) throws {
        try withTemporaryFolder { folder in
            try fixture.write(to: folder.appending("etc/ssh"))
            let host = AuditedHost(roots: HostRoots(top: folder), userIdentifier: 0)
            let configuration = SSHDConfigurationReader.read("/etc/ssh/sshd_config", on: host)
            let isRefused = configuration.obstacles.contains { $0.stopsSSHD }
            switch fixture.expectation {
            case .refused: #expect(isRefused)
            case .values(let values, let ports):
                #expect(configuration.obstacles.isEmpty)
                var found: [SSHDKeyword: String] = [:]
                for keyword in SSHDFixture.keywords {
                    // Who connects without being described matches no criterion.
                    var connection = fixture.parsedConnection
                    if fixture.connection == nil { connection = .stranger }
                    found[keyword] = configuration.answer(keyword, for: connection, nil).base.value
                }
                #expect(found == SSHDFixture.complete(values))
                #expect(Set(configuration.ports().map(\.port)) == ports)
            }
        }
    }

    /// Each configuration is put at /etc/ssh in a mount namespace, so that relative files of Include are found where the
    /// real program looks for them.
    @Test("The real sshd -T confirms every expectation")
    func realProgram() async throws {
        #expect(SSHDFixture.all.count >= 60)
        try await withTemporaryFolder { folder in
            for (index, fixture) in SSHDFixture.all.enumerated() {
                let place = folder.appending("\(index)")
                try fixture.write(to: place.appending("ssh"))
                try Files.create(place.appending("connection"), (fixture.connection ?? "").utf8)
            }
            try Files.create(folder.appending("passwd"), SSHDFixture.accounts.utf8)
            try Files.create(folder.appending("group"), SSHDFixture.groups.utf8)
            try folder.appending("passwd").changeMode(0o644)
            try folder.appending("group").changeMode(0o644)
            let script = """
                set -eu
                ssh-keygen -q -t ed25519 -N '' -f key
                mount -t tmpfs none /run && mkdir /run/sshd
                mount --bind passwd /etc/passwd
                mount --bind group /etc/group
                i=0
                while [ -d $i ]; do
                    mount --bind $i/ssh /etc/ssh
                    c=$(cat $i/connection)
                    set -- -T -h "$PWD/key"
                    [ -z "$c" ] || set -- "$@" -C "$c"
                    status=0
                    /usr/sbin/sshd "$@" >$i/output 2>$i/errors || status=$?
                    echo $status >$i/status
                    umount /etc/ssh
                    i=$((i + 1))
                done
                """
            let namespaces = ["--mount"] + (getuid() == 0 ? [] : ["--user", "--map-root-user"])
            let result = await Command(
                .file("unshare", arguments: namespaces + ["sh", "-c", script]),
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], timeLimit: .seconds(120), workingFolder: folder
            ).run()
            try #require(result.isSuccess, "\(String(decoding: result.errorOutput, as: UTF8.self))")
            for (index, fixture) in SSHDFixture.all.enumerated() {
                let place = folder.appending("\(index)")
                let status = String(decoding: try Files.read(place.appending("status"), limit: 99), as: UTF8.self)
                let errors = String(decoding: try Files.read(place.appending("errors"), limit: 1 << 16), as: UTF8.self)
                guard case .values(let values, let ports) = fixture.expectation else {
                    #expect(status != "0\n", "\(fixture.name) is expected to be refused")
                    continue
                }
                #expect(status == "0\n", "\(fixture.name): \(errors)")
                let answer = SSHDFacts.parse(try Files.read(place.appending("output"), limit: 1 << 16))
                var found: [SSHDKeyword: String] = [:]
                for keyword in SSHDFixture.keywords {
                    let value = try #require(answer[keyword.rawValue.lowercased()]?.first, "\(fixture.name)")
                    found[keyword] = keyword.value(value) ?? value
                }
                #expect(found == SSHDFixture.complete(values), "\(fixture.name)")
                let addresses = answer["listenaddress"] ?? []
                #expect(Set(addresses.compactMap(SSHDConfiguration.port(ofAddress:))) == ports, "\(fixture.name)")
            }
        }
    }

    @Test("A configuration of random bytes is read without harm")
    func randomBytes() throws {
        var generator = SeededGenerator(seed: 7)
        let words = [
            "Match ", "Include ", "User ", "Address ", "\"", "'", "\\", "\n", "=", "#", "\0", "!", ",", "/", "*",
            "::1/", "PermitRootLogin ",
        ]
        try withTemporaryFolderInMemory { folder in
            try Files.makeFolder(folder.appending("etc/ssh"))
            let file = folder.appending("etc/ssh/sshd_config")
            let host = AuditedHost(roots: HostRoots(top: folder), userIdentifier: 0)
            for _ in 0..<300 {
                var bytes: [UInt8] = []
                for _ in 0..<Int.random(in: 0..<60, using: &generator) {
                    if Bool.random(using: &generator) {
                        bytes += Array((words.randomElement(using: &generator) ?? "").utf8)
                    } else {
                        bytes.append(UInt8.random(in: 0...255, using: &generator))
                    }
                }
                try Files.create(file, bytes)
                let configuration = SSHDConfigurationReader.read("/etc/ssh/sshd_config", on: host)
                for keyword in SSHDKeyword.allCases { _ = configuration.answer(keyword, for: SSHDConnection(), nil) }
                _ = configuration.ports()
                try Files.remove(file)
            }
        }
    }

    @Test("Patterns of many stars cost no more than their length times the text's")
    func stars() {
        let text = String(repeating: "a", count: 2000)
        let pattern = String(repeating: "*a", count: 500) + "b"
        #expect(!SSHDPatterns.matches(text, pattern))
        #expect(SSHDPatterns.matches("", "**"))
        #expect(!SSHDPatterns.matches("", "?"))
    }

    @Test("Versions are found in what programs print")
    func versions() {
        #expect(SSHDVersion(parsing: "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0") == SSHDVersion(major: 9, minor: 2))
        #expect(
            SSHDVersion(parsing: "unknown option -- V\nOpenSSH_6.6.1p1, OpenSSL") == SSHDVersion(major: 6, minor: 6))
        #expect(SSHDVersion(parsing: "OpenSSH_, 7") == nil)
        #expect(SSHDKeyword.permitRootLogin.defaultValue(SSHDVersion(major: 6, minor: 9)) == "yes")
        #expect(SSHDKeyword.permitRootLogin.defaultValue(SSHDVersion(major: 7, minor: 0)) == "prohibit-password")
    }
}

extension SSHDConnection {
    /// A connection of which everything is known, and nothing matches.
    static var stranger: SSHDConnection {
        var connection = SSHDConnection()
        (connection.user, connection.groups, connection.host) = ("-", [], "-")
        (connection.address, connection.localAddress, connection.localPort) = ("-", "-", 0)
        connection.routingDomain = "-"
        return connection
    }
}
