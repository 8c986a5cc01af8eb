import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

@Suite("Keys that open accounts")
struct AuthorizedKeysTests {
    /// The number of alice, who owns what this test writes, or anybody's where that is root, whom everybody trusts.
    private static let alice = geteuid() == 0 ? 1000 : geteuid()

    /// A key of the real ssh-keygen, as its line in authorized_keys.
    private func key(_ arguments: String..., in folder: FilePath) async throws -> String {
        for name in ["k", "k.pub"] { try Files.remove(folder.appending(name), missingIsFine: true) }
        _ = try await output(of: "/usr/bin/ssh-keygen", ["-q", "-N", "", "-f", "k"] + arguments, in: folder)
        return String(decoding: try Files.read(folder.appending("k.pub"), limit: 1 << 16), as: UTF8.self)
            .split(separator: "\n").joined()
    }

    /// A host with root and alice, who have these lines.
    private func host(_ folder: FilePath, root: String? = nil, alice: String? = nil, sshd: String? = nil) throws
        -> AuditedHost
    {
        for (path, text) in [
            ("etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:\(Self.alice):1000::/home/alice:/bin/sh\n"),
            ("root/.ssh/authorized_keys", root), ("home/alice/.ssh/authorized_keys", alice),
            ("etc/ssh/sshd_config", sshd),
        ] {
            guard let text else { continue }
            let file = folder.appending(path)
            try Files.makeFolder(file.removingLastComponent())
            try Files.replace(file, with: text.utf8)
        }
        return AuditedHost(roots: HostRoots(top: folder), userIdentifier: 0)
    }

    @Test("Type, length and the names of options are read from what ssh-keygen makes; values of options are not kept")
    func lines() async throws {
        try await withTemporaryFolder { folder in
            let ed25519 = try await key("-t", "ed25519", "-C", "a comment, of words", in: folder)
            let rsa = try await key("-t", "rsa", "-b", "1024", in: folder)
            let ecdsa = try await key("-t", "ecdsa", "-b", "384", in: folder)
            func read(_ line: String) -> String? { AuthorizedKey(Array(line.utf8)[...], number: 1)?.description }
            #expect(read(ed25519) == "ssh-ed25519 256 bits")
            #expect(read(rsa) == "ssh-rsa 1024 bits")
            #expect(read("  \t" + ecdsa + "\r") == "ecdsa-sha2-nistp384 384 bits")
            #expect(
                read("restrict,Command=\"echo \\\"a, b\\\" SECRET\" " + rsa) == "ssh-rsa 1024 bits (restrict, command)")
            #expect(
                read("from=\"10.0.0.0/8,!10.1.0.0/16\",environment=\"A=SECRET\"\t" + ed25519)
                    == "ssh-ed25519 256 bits (from, environment)")
            #expect(read("cert-authority " + ed25519) == "ssh-ed25519 256 bits (cert-authority)")
            for wrong in [
                "", "# " + rsa, "ssh-rsa", "ssh-rsa AAAA", "ssh-rsa !!!! x", "command=\"open " + rsa,
                "1024 35 1234567 old",
                rsa.replacing("ssh-rsa", with: "ssh-ed25519"), "root:$6$salt$hash:19000::::::",
                "-----BEGIN RSA PRIVATE KEY-----",
            ] { #expect(read(wrong) == nil, "\(wrong)") }
            let script = """
                set -e
                ssh-keygen -q -t ed25519 -N '' -f ca; ssh-keygen -q -t ed25519 -N '' -f user
                ssh-keygen -q -s ca -I id -n alice user.pub
                """
            _ = try await output(of: "/bin/sh", ["-c", script], in: folder)
            let certificate = try Files.read(folder.appending("user-cert.pub"), limit: 1 << 16)
            #expect(read(String(decoding: certificate, as: UTF8.self)) == "ssh-ed25519-cert-v01@openssh.com 256 bits")
        }
    }

    @Test("DSA, which new versions of ssh-keygen do not make, and short RSA are weak; all else is not")
    func weakness() {
        func string(_ bytes: [UInt8]) -> [UInt8] {
            withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) } + bytes
        }
        func key(_ type: String, _ numbers: [UInt8]...) -> SSHPublicKey? {
            SSHPublicKey(blob: numbers.reduce(string(Array(type.utf8))) { $0 + string($1) })
        }
        let number = [0] + [UInt8](repeating: 0xFF, count: 128)
        #expect(key("ssh-dss", number, [1], [1], [1])?.description == "ssh-dss 1024 bits")
        #expect(key("ssh-dss", number, [1], [1], [1])?.weakness != nil)
        #expect(key("ssh-rsa", [1, 0, 1], number)?.weakness != nil)
        #expect(key("ssh-rsa", [1, 0, 1], [0x80] + [UInt8](repeating: 0, count: 255))?.weakness == nil)
        #expect(key("ssh-rsa", [1, 0, 1], [])?.bits == 0)
        #expect(key("ssh-ed25519", [1]) == nil)
        let device = key("sk-ssh-ed25519@openssh.com", [UInt8](repeating: 1, count: 32), [])
        #expect(device?.isOnDevice == true && device?.bits == 256)
    }

    @Test("Root's keys fail unless they are bound to addresses or commands")
    func root() async throws {
        try await withTemporaryFolder { folder in
            let line = try await key("-t", "ed25519", in: folder)
            #expect(try await RootKeysCheck().result(on: host(folder)).summary == "No key opens root")
            let bad = try await RootKeysCheck().result(
                on: host(folder, root: "# mine\n\(line)\nfrom=\"::1\" \(line)\nnonsense\n"))
            #expect(bad.verdict == .fail && bad.summary == "1 of 2 keys open root from anywhere")
            #expect(bad.evidence.first?.value == "2 keys of root, 1 lines that are no key")
            #expect(bad.evidence.dropFirst().map(\.line) == [2, 3])
            #expect(!"\(bad)".contains("AAAA"))
            let good = try await RootKeysCheck().result(on: self.host(folder, root: "command=\"/bin/true\" \(line)\n"))
            #expect(good.verdict == .pass && good.summary == "All 1 keys are bound to addresses or commands")
            // Another account has the same home, and comes first.
            let shared = "operator:x:11:0::/root:/sbin/nologin\nroot:x:0:0::/root:/bin/sh\n"
            let host = try self.host(folder, root: line)
            try Files.replace(folder.appending("etc/passwd"), with: shared.utf8)
            #expect(await RootKeysCheck().result(on: host).verdict == .fail)
            // A second root has its keys elsewhere.
            try Files.makeFolder(folder.appending("toor/.ssh"))
            try Files.create(folder.appending("toor/.ssh/authorized_keys2"), line.utf8)
            let passwd = "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/toor:/bin/sh\n"
            try Files.replace(folder.appending("etc/passwd"), with: passwd.utf8)
            try Files.remove(folder.appending("root/.ssh/authorized_keys"))
            // A host is looked at once, so it is another one.
            let changed = AuditedHost(roots: host.roots, userIdentifier: 0)
            let second = await RootKeysCheck().result(on: changed)
            #expect(second.verdict == .fail)
        }
    }

    @Test("Weak keys, and files that others can write, fail; good ones are counted")
    func accounts() async throws {
        try await withTemporaryFolder { folder in
            let good = try await key("-t", "ed25519", in: folder)
            let weak = try await key("-t", "rsa", "-b", "1024", in: folder)
            let fine = try await AccountKeysCheck().result(on: host(folder, root: good, alice: good + "\n" + good))
            #expect(fine.verdict == .pass && fine.summary == "3 keys in 2 files")
            let file = folder.appending("home/alice/.ssh/authorized_keys")
            try file.changeMode(0o666)
            let open = await AccountKeysCheck().result(
                on: AuditedHost(roots: HostRoots(top: folder), userIdentifier: 0))
            #expect(open.verdict == .fail && "\(open.evidence)".contains("can be written by everybody"))
            let short = try await AccountKeysCheck().result(on: host(folder, alice: weak))
            #expect(short.verdict == .fail)
            #expect(
                short.evidence.first?.description.hasPrefix(
                    "/home/alice/.ssh/authorized_keys:1: ssh-rsa 1024 bits: RSA") == true)
        }
    }

    @Test("Where sshd_config puts the keys is looked at too, with its tokens")
    func configuredPlaces() async throws {
        try await withTemporaryFolder { folder in
            let line = try await key("-t", "ed25519", in: folder)
            try Files.makeFolder(folder.appending("etc/ssh/keys"))
            try Files.create(folder.appending("etc/ssh/keys/alice-100%"), line.utf8)
            try Files.makeFolder(folder.appending("home/alice/more"))
            try Files.create(folder.appending("home/alice/more/\(Self.alice)"), "\(line)\n\(line)\n".utf8)
            let host = try host(
                folder,
                sshd:
                    "AuthorizedKeysFile /etc/ssh/keys/%u-100%% none\nMatch User alice\nAuthorizedKeysFile more/%U \"%h/.ssh/x\"\n"
            )
            let keys = try await host.authorizedKeys().get()
            #expect(keys.files.map(\.path.string) == ["/etc/ssh/keys/alice-100%", "/home/alice/more/\(Self.alice)"])
            #expect(keys.files.map(\.keys.count) == [1, 2])
            #expect(keys.obstacles.isEmpty)
        }
    }

    @Test("Huge and binary files, loops of links and devices cost their own answer alone")
    func badInput() async throws {
        try await withTemporaryFolder { folder in
            let line = try await key("-t", "ed25519", in: folder)
            var host = try host(folder, root: String(repeating: "x\n", count: 600_000), alice: line)
            let keys = try await host.authorizedKeys().get()
            #expect(keys.files.map(\.account) == ["alice"] && keys.obstacles.count == 1)
            #expect(await RootKeysCheck().result(on: host).verdict == .cannotTell)
            #expect(await AccountKeysCheck().result(on: host).verdict == .cannotTell)
            let file = folder.appending("root/.ssh/authorized_keys")
            for command in ["ln -s authorized_keys", "mkfifo", "ln -s /dev/zero", "mkdir"] {
                _ = try await output(
                    of: "/bin/sh",
                    ["-c", "rm -rf '\(file)' && cd '\(file.removingLastComponent())' && \(command) authorized_keys"])
                let keys = try await host.authorizedKeys().get()
                #expect(keys.files.map(\.account) == ["alice"], "\(command)")
            }
            removeTree(file)
            host = try self.host(folder, root: "\0\u{1}\u{7F} ssh-rsa \0\n\(line)\n")
            let binary = await RootKeysCheck().result(on: host)
            #expect(binary.summary == "1 of 1 keys open root from anywhere")
            host = try self.host(folder)
            try Files.remove(folder.appending("etc/passwd"))
            #expect(await AccountKeysCheck().result(on: host).verdict == .cannotTell)
            #expect(await PrivateKeysCheck().result(on: host).verdict == .cannotTell)
        }
    }
}
