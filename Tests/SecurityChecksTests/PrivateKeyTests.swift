import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

@Suite("Private keys")
struct PrivateKeyTests {
    /// How a real program makes a key, the file's name standing for `KEY`, and what is found in it.
    private static let makers: [(command: String, format: String, protection: PrivateKeyFile.Protection)] = [
        ("ssh-keygen -q -t ed25519 -N '' -f KEY", "OpenSSH", .none),
        ("ssh-keygen -q -t ed25519 -N secret -f KEY", "OpenSSH", .passPhrase),
        ("ssh-keygen -q -t ecdsa -b 521 -N '' -f KEY", "OpenSSH", .none),
        ("ssh-keygen -q -t rsa -b 1024 -N secret -Z aes256-gcm@openssh.com -f KEY", "OpenSSH", .passPhrase),
        ("ssh-keygen -q -t rsa -b 1024 -m PEM -N '' -f KEY", "PEM", .none),
        ("ssh-keygen -q -t rsa -b 1024 -m PEM -N secret -f KEY", "PEM", .passPhrase),
        ("ssh-keygen -q -t ecdsa -m PEM -N '' -f KEY", "PEM", .none),
        ("ssh-keygen -q -t ecdsa -m PEM -N secret -f KEY", "PEM", .passPhrase),
        ("ssh-keygen -q -t rsa -b 1024 -m PKCS8 -N '' -f KEY", "PKCS #8", .none),
        ("ssh-keygen -q -t rsa -b 1024 -m PKCS8 -N secret -f KEY", "PKCS #8", .passPhrase),
        ("openssl genpkey -algorithm ed25519 -out KEY", "PKCS #8", .none),
        ("openssl genpkey -algorithm ed25519 -aes256 -pass pass:secret -out KEY", "PKCS #8", .passPhrase),
        ("openssl genrsa -traditional -out KEY 1024", "PEM", .none),
        ("openssl genrsa -traditional -aes128 -passout pass:secret -out KEY 1024", "PEM", .passPhrase),
        ("openssl ecparam -name prime256v1 -genkey -out KEY", "PEM", .none),
        (
            "openssl ecparam -name prime256v1 -genkey -noout | openssl ec -aes128 -passout pass:secret -out KEY", "PEM",
            .passPhrase
        ),
        ("openssl genpkey -algorithm ed25519 -outform DER -out KEY", "PKCS #8 in DER", .none),
        ("openssl genrsa -traditional 1024 | openssl rsa -traditional -outform DER -out KEY", "PKCS #1 in DER", .none),
        ("openssl ecparam -name prime256v1 -genkey -noout | openssl ec -outform DER -out KEY", "SEC 1 in DER", .none),
        ("puttygen -q -t ed25519 --new-passphrase none -o KEY", "PuTTY", .none),
        ("puttygen -q -t ed25519 --new-passphrase some -o KEY", "PuTTY", .passPhrase),
        ("puttygen -q -t rsa -b 1024 --ppk-param version=2 --new-passphrase none -o KEY", "PuTTY", .none),
        ("puttygen -q -t rsa -b 1024 --ppk-param version=2 --new-passphrase some -o KEY", "PuTTY", .passPhrase),
        ("puttygen -q -t ecdsa -O private-openssh --new-passphrase none -o KEY", "PEM", .none),
        ("puttygen -q -t ed25519 -O private-openssh-new --new-passphrase some -o KEY", "OpenSSH", .passPhrase),
        ("puttygen -q -t rsa -b 1024 -O private-sshcom --new-passphrase none -o KEY", "ssh.com", .none),
        ("puttygen -q -t rsa -b 1024 -O private-sshcom --new-passphrase some -o KEY", "ssh.com", .passPhrase),
        ("puttygen -q -t rsa1 -b 1024 --new-passphrase none -o KEY", "SSH 1", .none),
        ("puttygen -q -t rsa1 -b 1024 --new-passphrase some -o KEY", "SSH 1", .passPhrase),
    ]

    @Test("Keys of every form that ssh-keygen, openssl and puttygen make, with and without pass phrase")
    func everyForm() async throws {
        try await withTemporaryFolder { folder in
            try Files.create(folder.appending("none"), [])
            try Files.create(folder.appending("some"), "secret".utf8)
            // puttygen keeps a random seed below HOME.
            var script = "set -e; export HOME=\"$PWD\"\n"
            for (index, maker) in Self.makers.enumerated() {
                script += maker.command.replacing("KEY", with: "key-\(index)") + "\n"
            }
            _ = try await output(of: "/bin/sh", ["-c", script], in: folder)
            for (index, maker) in Self.makers.enumerated() {
                let bytes = try Files.read(folder.appending("key-\(index)"), limit: 1 << 16)
                let expected = PrivateKeyFile(format: maker.format, protection: maker.protection)
                #expect(PrivateKeyFile.find(in: bytes) == expected, "\(maker.command)")
                let lines = Array("Bag Attributes\r\n".utf8) + bytes.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
                if bytes.starts(with: "-----BEGIN".utf8) {
                    #expect(PrivateKeyFile.find(in: lines) == expected, "text before it, and CR LF: \(maker.command)")
                }
                // Every part of a key is harmless, and none of the text forms counts without its end.
                for count in stride(from: 0, to: bytes.count, by: 37) {
                    let part = PrivateKeyFile.find(in: Array(bytes[..<count]))
                    if bytes.starts(with: "----".utf8), count < bytes.count - 60 { #expect(part == nil) }
                }
            }
            let both =
                try Files.read(folder.appending("key-1"), limit: 1 << 16)
                + Files.read(folder.appending("key-0"), limit: 1 << 16)
            #expect(PrivateKeyFile.find(in: both)?.protection == PrivateKeyFile.Protection.none)
            for (index, maker) in Self.makers.enumerated() where maker.command.hasPrefix("ssh-keygen") {
                let publicKey = try Files.read(folder.appending("key-\(index).pub"), limit: 1 << 16)
                #expect(PrivateKeyFile.find(in: publicKey) == nil)
            }
            _ = try await output(
                of: "/bin/sh",
                [
                    "-c",
                    "openssl req -x509 -key key-10 -subj /CN=x -out c.pem && openssl x509 -in c.pem -outform DER -out c.der",
                ],
                in: folder)
            for name in ["c.pem", "c.der"] {
                #expect(PrivateKeyFile.find(in: try Files.read(folder.appending(name), limit: 1 << 16)) == nil)
            }
        }
    }

    @Test("A key of a security device is of no use without it")
    func securityDevice() throws {
        func string(_ bytes: [UInt8]) -> [UInt8] {
            withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) } + bytes
        }
        let blob = string(Array("sk-ssh-ed25519@openssh.com".utf8)) + string([UInt8](repeating: 1, count: 32))
        var bytes =
            Array("openssh-key-v1".utf8) + [0] + string(Array("none".utf8)) + string(Array("none".utf8)) + string([])
        bytes += [0, 0, 0, 1] + string(blob) + string([1, 2, 3])
        let text = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64(bytes) + "\n-----END OPENSSH PRIVATE KEY-----\n"
        #expect(PrivateKeyFile.find(in: Array(text.utf8)) == PrivateKeyFile(format: "OpenSSH", protection: .device))
    }

    private func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        var (bits, count) = (0, 0)
        for byte in bytes + [0, 0] {
            bits = bits << 8 | Int(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(digits[bits >> count & 63])
            }
            bits &= 63
        }
        return text
    }

    @Test("Keys are found below .ssh and in homes, each once; what is no file is not opened, and no content is shown")
    func homes() async throws {
        try await withTemporaryFolder { folder in
            let home = folder.appending("home/alice")
            try Files.makeFolder(home.appending(".ssh/old/deep"))
            try Files.makeFolder(folder.appending("etc"))
            try Files.makeFolder(folder.appending("srv/.ssh"))
            let passwd =
                "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\nsvc:x:99:99::/srv:/bin/false\n"
            try Files.create(folder.appending("etc/passwd"), passwd.utf8)
            let host = AuditedHost(roots: HostRoots(top: folder), userIdentifier: 0)
            #expect(await PrivateKeysCheck().result(on: host).summary == "No private key is in a home")
            let script = """
                set -e
                ssh-keygen -q -t ed25519 -N secret -f .ssh/id_ed25519
                ln -s id_ed25519 .ssh/link
                ln -s .. .ssh/loop
                mkfifo .ssh/fifo
                head -c 100000 /dev/zero >.ssh/zeros
                ln .ssh/id_ed25519 id_again
                """
            _ = try await output(of: "/bin/sh", ["-c", script], in: home)
            let good = await PrivateKeysCheck().result(on: host)
            #expect(good.verdict == .pass && good.summary == "All 1 private keys are protected")
            let more = """
                set -e
                ssh-keygen -q -t ed25519 -N '' -f .ssh/old/deep/backup
                openssl genpkey -algorithm ed25519 -out site.pem
                openssl genpkey -algorithm ed25519 -out notes.txt
                openssl genpkey -algorithm ed25519 -out ../../srv/.ssh/key
                openssl genpkey -algorithm ed25519 -out ../../srv/other.pem
                """
            _ = try await output(of: "/bin/sh", ["-c", more], in: home)
            let bad = await PrivateKeysCheck().result(on: host)
            #expect(bad.verdict == .fail)
            #expect(bad.summary == "3 of 4 private keys have no pass phrase: those of alice, svc")
            #expect(
                bad.evidence.prefix(3).map(\.description) == [
                    "/home/alice/.ssh/old/deep/backup: a key of alice without pass phrase (OpenSSH)",
                    "/home/alice/site.pem: a key of alice without pass phrase (PKCS #8)",
                    "/srv/.ssh/key: a key of svc without pass phrase (PKCS #8)",
                ])
        }
    }

    @Test("Random bytes in the forms of keys are harmless")
    func randomBytes() {
        var random = SeededGenerator(seed: 11)
        let pieces = [
            "-----BEGIN OPENSSH PRIVATE KEY-----\n", "-----BEGIN RSA PRIVATE KEY-----\n", "-----END", "\n", "AAAA",
            "b3BlbnNzaC1rZXktdjEA",
            "Proc-Type: 4,ENCRYPTED\n", "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n", "\\\n", ":", "P2/56wAA",
            "PuTTY-User-Key-File-3: ", "Encryption: ", "SSH PRIVATE KEY FILE FORMAT 1.1\n\0", "0\u{2}\u{1}", "\0",
        ]
        for _ in 0..<3000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<12, using: &random) {
                bytes += Array((pieces.randomElement(using: &random) ?? "").utf8)
                if Int.random(in: 0..<6, using: &random) == 0 {
                    bytes.append(UInt8.random(in: 0...255, using: &random))
                }
            }
            _ = PrivateKeyFile.find(in: bytes)
            _ = SSHPublicKey(blob: bytes)
            _ = AuthorizedKey(bytes[...], number: 1)
        }
    }
}
