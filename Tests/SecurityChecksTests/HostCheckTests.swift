import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

@Suite("Checks of accounts, ports and the kernel")
struct HostCheckTests {
    /// A host of a few files.
    private func host(_ folder: FilePath, _ files: [String: String], ports: Set<UInt16> = [22, 80]) throws
        -> AuditedHost
    {
        for (name, text) in files {
            let path = folder.appending(name)
            try Files.makeFolder(path.removingLastComponent())
            try Files.replace(path, with: text.utf8)
        }
        return AuditedHost(
            roots: HostRoots(top: folder), settings: AuditSettings(allowedPorts: ports), userIdentifier: 0)
    }

    private static let sockets =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    /// A line of /proc/net/tcp for a socket that listens.
    private func socket(_ address: String, _ port: UInt16, inode: Int) -> String {
        let digits = String(port, radix: 16, uppercase: true)
        let number = String(repeating: "0", count: 4 - digits.count) + digits
        return
            "   0: \(address):\(number) 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 \(inode) 1\n"
    }

    @Test("A port that is not allowed fails, with who listens; one for the host itself does not")
    func ports() async throws {
        try await withTemporaryFolder { folder in
            let files = [
                "proc/net/tcp": Self.sockets + socket("00000000", 22, inode: 1) + socket("0100007F", 3306, inode: 2)
                    + socket("00000000", 8080, inode: 3),
                "proc/net/tcp6": Self.sockets, "proc/net/udp": Self.sockets, "proc/net/udp6": Self.sockets,
            ]
            let bad = try await AllowedPortsCheck().result(on: host(folder, files))
            #expect(bad.verdict == .fail && bad.summary == "Reachable from outside: port 8080")
            #expect(bad.evidence.map(\.source) == ["tcp 0.0.0.0 port 8080"])
            let good = try await AllowedPortsCheck().result(on: host(folder, files, ports: [22, 8080]))
            #expect(good.verdict == .pass)
            #expect(try await FTPPortCheck().result(on: host(folder, files)).verdict == .pass)
            let ftp = ["proc/net/tcp": Self.sockets + socket("00000000", 21, inode: 1)]
            #expect(try await FTPPortCheck().result(on: host(folder, ftp)).verdict == .fail)
        }
    }

    @Test("Without /proc/net the answer is that it cannot be told")
    func hiddenPorts() async throws {
        try await withTemporaryFolder { folder in
            let answer = try await AllowedPortsCheck().result(on: host(folder, [:]))
            #expect(answer.verdict == .cannotTell)
        }
    }

    @Test("A second root, and an empty password, fail; a shadow file that is not there leaves the question open")
    func accounts() async throws {
        try await withTemporaryFolder { folder in
            let root = "root:x:0:0::/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\n"
            let shadow = "root:*:19000::::::\nalice:$6$salt$hash:19000::::::\n"
            let good = try host(folder, ["etc/passwd": root, "etc/shadow": shadow])
            #expect(await RootAccountsCheck().result(on: good).verdict == .pass)
            #expect(await EmptyPasswordsCheck().result(on: good).verdict == .pass)
            let bad = try host(
                folder,
                ["etc/passwd": root + "toor:x:0:0::/root:/bin/sh\n", "etc/shadow": shadow + "toor::19000::::::\n"])
            let second = await RootAccountsCheck().result(on: bad)
            #expect(second.verdict == .fail && second.summary == "All rights of root: toor")
            let empty = await EmptyPasswordsCheck().result(on: bad)
            #expect(empty.verdict == .fail && empty.summary == "Without a password: toor")
            #expect(!"\(second) \(empty)".contains("hash"))
            try Files.remove(folder.appending("etc/shadow"))
            #expect(try await EmptyPasswordsCheck().result(on: host(folder, [:])).verdict == .cannotTell)
            try Files.remove(folder.appending("etc/passwd"))
            #expect(try await RootAccountsCheck().result(on: host(folder, [:])).verdict == .cannotTell)
        }
    }

    @Test(
        "SELinux enforcing or AppArmor with a profile is in force; anything else is not",
        arguments: [
            (["sys/fs/selinux/enforce": "1"], Verdict.pass), (["sys/fs/selinux/enforce": "0"], .fail), ([:], .fail),
            (["sys/module/apparmor/parameters/enabled": "N\n"], .fail),
            (["sys/module/apparmor/parameters/enabled": "Y\n"], .cannotTell),
            (
                [
                    "sys/module/apparmor/parameters/enabled": "Y\n",
                    "sys/kernel/security/apparmor/profiles": "/usr/bin/man (enforce)\nlsb_release (complain)\n",
                ], .pass
            ),
            (
                [
                    "sys/module/apparmor/parameters/enabled": "Y\n",
                    "sys/kernel/security/apparmor/profiles": "lsb_release (complain)\n",
                ], .fail
            ),
        ] as [([String: String], Verdict)])
    func mandatoryAccess(files: [String: String], verdict: Verdict) async throws {
        try await withTemporaryFolder { folder in
            let answer = try await MandatoryAccessCheck().result(on: host(folder, files))
            #expect(answer.verdict == verdict)
        }
    }

    @Test("Each setting of the kernel passes with the best value, fails with another, and may not exist")
    func kernelSettings() async throws {
        try await withTemporaryFolder { folder in
            for check in KernelSettingCheck.all {
                let file = "proc/sys/" + String(check.setting.map { $0 == "." ? "/" : $0 })
                let best = try #require(check.good.first)
                #expect(try await check.result(on: host(folder, [file: "\(best)\n"])).verdict == .pass)
                let bad = try await check.result(on: host(folder, [file: "77\n"]))
                #expect(bad.verdict == .fail)
                #expect(bad.advice?.contains("\(check.setting) = \(best)") == true)
                try Files.remove(folder.appending(file))
                #expect(try await check.result(on: host(folder, [:])).verdict == .notApplicable)
            }
        }
    }

    @Test("Every check has a name of its own, in lower case, by which it is found")
    func identifiers() {
        let names = SecurityChecks.all.map(\.identifier)
        #expect(Set(names).count == names.count)
        for name in names {
            #expect(name.allSatisfy { $0 == "_" || $0.isNumber || $0.isASCII && $0.isLowercase }, "\(name)")
            #expect(SecurityChecks.check(name)?.identifier == name)
        }
    }

    @Test("The score weighs what could be checked, and what to do comes the gravest first")
    func report() async throws {
        struct Fixed: SecurityCheck {
            let identifier: String
            let title = "it"
            let area = SecurityArea.system
            let severity: Severity
            let answer: CheckResult
            func result(on host: AuditedHost) async -> CheckResult { answer }
        }
        let checks = [
            Fixed(identifier: "a", severity: .low, answer: .fail("a", advice: "do a")),
            Fixed(identifier: "b", severity: .high, answer: .fail("b", advice: "do b")),
            Fixed(identifier: "c", severity: .high, answer: .pass("c")),
            Fixed(identifier: "d", severity: .critical, answer: .cannotTell("d")),
            Fixed(identifier: "e", severity: .critical, answer: .notApplicable("e")),
        ]
        let report = await AuditReport(of: AuditedHost(userIdentifier: 0), checks: checks)
        #expect(report.score == 7 * 100 / 15)
        #expect(report.failures.map(\.check.identifier) == ["b", "a"])
        #expect(await AuditReport(of: AuditedHost(userIdentifier: 0), checks: []).score == nil)
    }
}
