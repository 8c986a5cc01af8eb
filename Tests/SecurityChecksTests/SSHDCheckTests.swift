import CommandRunner
import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

@Suite("Checks of sshd")
struct SSHDCheckTests {
    /// Asks one check about a tree with these files below /etc/ssh.
    ///
    /// - Parameter answer: What `sshd -T` prints; `nil` where it is not asked.
    private func result(
        _ identifier: String, _ text: String?, files: [String: String] = [:], user: UInt32 = 0,
        answer: String? = nil, inaccessible: String? = nil
    ) async throws -> CheckResult {
        let check = try #require(SecurityChecks.check(identifier))
        return try await withTemporaryFolder { folder in
            var all = files
            if let text { all["etc/ssh/sshd_config"] = text }
            all["usr/sbin/sshd"] = ""
            all["etc/passwd"] = SSHDFixture.accounts
            all["etc/group"] = SSHDFixture.groups
            for (name, content) in all {
                let path = folder.appending(name)
                try Files.makeFolder(path.removingLastComponent())
                try Files.create(path, content.utf8)
            }
            let host = AuditedHost(
                roots: HostRoots(top: folder), userIdentifier: user, runner: answer.map { program(answering: $0) })
            let fault: @Sendable (FaultInjection.Call) -> Errno? = { call in
                guard let inaccessible, call.operation == "open" else { return nil }
                return call.subject?.hasSuffix(inaccessible) == true ? .permissionDenied : nil
            }
            return await FaultInjection.with(fault) { () async -> CheckResult in await check.result(on: host) }
        }
    }

    /// A program in the place of sshd, which says its version and this.
    private func program(answering answer: String) -> AuditedHost.Runner {
        { (command: Command) async -> CommandResult in
            guard case .file(_, let arguments) = command.program else { return await command.run() }
            let isVersion = arguments == ["-V"]
            let output = isVersion ? "OpenSSH_9.2p1, x" : answer
            return await Command(
                .shell(isVersion ? "cat >&2" : "cat"), environment: ["PATH": "/usr/bin:/bin"], timeLimit: .seconds(20),
                input: Array(output.utf8)
            ).run()
        }
    }

    @Test("The default lets root in by a key, so it fails; the evidence is the default")
    func defaults() async throws {
        let result = try await result("ssh_root_login", "# PermitRootLogin no\n")
        #expect(result.verdict == .fail)
        #expect(result.summary == "PermitRootLogin is prohibit-password")
        #expect(result.evidence.first?.source == "the default of sshd")
        #expect(result.advice != nil)
    }

    @Test("The evidence names file, line, value and who can change it")
    func evidence() async throws {
        let result = try await result(
            "ssh_root_login", "Include sshd_config.d/*.conf\nPermitRootLogin yes\n",
            files: ["etc/ssh/sshd_config.d/10.conf": "\nPermitRootLogin no\n"])
        #expect(result.verdict == .pass)
        let fact = try #require(result.evidence.first)
        #expect(fact.source == "/etc/ssh/sshd_config.d/10.conf")
        #expect(fact.line == 2)
        #expect(fact.value == "PermitRootLogin no")
        #expect(fact.changeableBy?.hasPrefix("root") == true)
    }

    @Test("A block for another user cannot let root in; one for a network can, and is named")
    func rootInBlocks() async throws {
        let other = try await result(
            "ssh_root_login",
            "PermitRootLogin no\nMatch User alice\nPermitRootLogin yes\nMatch Group admins\nPermitRootLogin yes\n")
        #expect(other.verdict == .pass)
        let network = try await result(
            "ssh_root_login", "PermitRootLogin no\nMatch Address 10.0.0.0/8\nPermitRootLogin yes\n")
        #expect(network.verdict == .fail)
        #expect(network.summary == "PermitRootLogin is no, but yes for Match Address 10.0.0.0/8")
        #expect(network.evidence.contains { $0.line == 3 })
        let himself = try await result(
            "ssh_root_login", "PermitRootLogin yes\nMatch User root\nPermitRootLogin no\n")
        #expect(himself.verdict == .pass)
    }

    @Test("Who gets another value is told, also where it is the better one")
    func exceptions() async throws {
        let result = try await result(
            "ssh_tcp_forwarding", "Match Group sftp\n  AllowTcpForwarding no\n")
        #expect(result.verdict == .fail)
        #expect(result.summary == "AllowTcpForwarding is yes, but no for Match Group sftp")
        #expect(try await self.result("ssh_tcp_forwarding", "DisableForwarding yes\n").verdict == .pass)
        #expect(try await self.result("ssh_tcp_forwarding", "AllowTcpForwarding no\n").verdict == .pass)
    }

    @Test("Port 22 fails, by default too; another one passes")
    func ports() async throws {
        #expect(try await result("ssh_port", "").verdict == .fail)
        #expect(try await result("ssh_port", "Port 2222\n").verdict == .pass)
        #expect(try await result("ssh_port", "Port 2222\nPort 22\n").verdict == .fail)
        #expect(try await result("ssh_port", "ListenAddress 127.0.0.1:2222\n").verdict == .pass)
    }

    @Test("PAM asks for passwords where PasswordAuthentication is off and the dialogue is on")
    func pam() async throws {
        let identifier = "ssh_password_authentication"
        #expect(try await result(identifier, "").verdict == .fail)
        #expect(try await result(identifier, "PasswordAuthentication no\n").verdict == .pass)
        #expect(try await result(identifier, "PasswordAuthentication no\nUsePAM yes\n").verdict == .fail)
        let both = "PasswordAuthentication no\nUsePAM yes\nKbdInteractiveAuthentication no\n"
        #expect(try await result(identifier, both).verdict == .pass)
        #expect(try await result("ssh_empty_passwords", "").verdict == .pass)
        #expect(try await result("ssh_empty_passwords", "PermitEmptyPasswords yes\n").verdict == .fail)
        #expect(try await result("ssh_tunnel", "PermitTunnel ethernet\n").verdict == .fail)
        #expect(try await result("ssh_tunnel", "").verdict == .pass)
    }

    @Test("A banner must be there and say something")
    func banner() async throws {
        #expect(try await result("ssh_banner", "").verdict == .fail)
        #expect(try await result("ssh_banner", "Banner /etc/issue.net\n").summary.hasSuffix("does not exist"))
        let empty = try await result("ssh_banner", "Banner /etc/issue.net\n", files: ["etc/issue.net": ""])
        #expect(empty.summary.hasSuffix("is empty"))
        let good = try await result("ssh_banner", "Banner /etc/issue.net\n", files: ["etc/issue.net": "Keep out\n"])
        #expect(good.verdict == .pass)
    }

    @Test("Without sshd there is nothing to check")
    func absent() async throws {
        #expect(try await result("ssh_port", nil).verdict == .notApplicable)
        await withTemporaryFolder { folder in
            let host = AuditedHost(roots: HostRoots(top: folder), userIdentifier: 0)
            #expect(await SSHPortCheck().result(on: host).verdict == .notApplicable)
        }
    }

    @Test("A configuration with which sshd does not start is no answer, and the line is named")
    func refused() async throws {
        let result = try await result("ssh_root_login", "PermitRootLogin no\nPort none\n")
        #expect(result.verdict == .cannotTell)
        #expect(result.summary.contains("/etc/ssh/sshd_config:2: Port cannot be 'none'"))
    }

    @Test("What an unreadable file could change cannot be told; what is settled before it can")
    func unreadable() async throws {
        let after = try await result(
            "ssh_empty_passwords", "Include secret.conf\n", files: ["etc/ssh/secret.conf": ""], user: 1000,
            inaccessible: "secret.conf")
        #expect(after.verdict == .cannotTell)
        #expect(after.summary.contains("/etc/ssh/secret.conf: it cannot be read by this user"))
        #expect(after.advice?.contains("as root") == true)
        let before = try await result(
            "ssh_empty_passwords", "PermitEmptyPasswords yes\nInclude secret.conf\n",
            files: ["etc/ssh/secret.conf": ""], user: 1000, inaccessible: "secret.conf")
        #expect(before.verdict == .fail)
        let whole = try await result("ssh_port", "Port 2222\n", user: 1000, inaccessible: "sshd_config")
        #expect(whole.verdict == .cannotTell)
    }

    @Test("A huge configuration is not read to its end")
    func huge() async throws {
        let text = "PermitRootLogin no\n" + String(repeating: "#", count: 2 << 20)
        let result = try await result("ssh_root_login", text)
        #expect(result.verdict == .cannotTell)
        #expect(result.summary.contains("larger than 1 MiB"))
    }

    @Test("Where sshd itself says otherwise, the difference is reported and counts")
    func contradiction() async throws {
        let patched = try await result("ssh_root_login", "", answer: "permitrootlogin yes\nport 22\n")
        #expect(patched.summary == "PermitRootLogin is yes")
        #expect(patched.evidence.contains { $0.source == "sshd -T" })
        let other = try await result("ssh_root_login", "PermitRootLogin no\n", answer: "permitrootlogin yes\n")
        #expect(other.verdict == .fail)
        #expect(other.summary.contains("sshd itself says yes"))
        let same = try await result("ssh_root_login", "PermitRootLogin no\n", answer: "permitrootlogin no\n")
        #expect(same.verdict == .pass)
        #expect(!same.evidence.contains { $0.source == "sshd -T" })
        let port = try await result("ssh_port", "Port 2222\n", answer: "listenaddress 0.0.0.0:22\n")
        #expect(port.verdict == .fail)
    }

    @Test("Escape sequences in a configuration do not get into the answer")
    func escapes() async throws {
        let result = try await result("ssh_banner", "Banner /etc/\u{1B}[31mred\n")
        #expect(!result.summary.unicodeScalars.contains("\u{1B}"))
        #expect(!result.evidence.contains { $0.value.unicodeScalars.contains("\u{1B}") })
    }
}
