import DataFile
import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Modules

@Suite("The plugins that check security")
struct SecurityPluginTests {
    /// Runs a plugin on a tree of files.
    private func run(_ name: String, _ arguments: [String] = [], on folder: FilePath) async throws -> (
        modules: [String: String], outcome: ModuleOutcome
    ) {
        let plugin = try #require(try BuiltInPlugins.make(name, arguments: arguments)?.get())
        var context = ModuleContext(
            host: HostReadings(roots: HostRoots(top: folder)), environment: [:], state: [:],
            deadline: .now + .seconds(60), now: 1_700_000_000)
        context.stateFolder = folder.appending("state")
        let outcome = await plugin.collect(in: context)
        var modules: [String: String] = [:]
        for case .module(let module) in outcome.elements {
            guard case .value(let value) = module.data else { continue }
            modules[module.name] = "\(module.type.rawValue) \(String(decoding: value, as: UTF8.self))"
        }
        return (modules, outcome)
    }

    private func write(_ folder: FilePath, _ files: [String: String]) throws {
        for (name, text) in files {
            let path = folder.appending(FilePath(name).components)
            try Files.makeFolder(path.removingLastComponent())
            try Files.replace(path, with: text.utf8)
        }
    }

    private static let heading =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    private static func socket(_ port: String) -> String {
        "   0: 00000000:\(port) 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1\n"
    }

    private static let host = [
        "etc/passwd": "root:x:0:0::/root:/bin/bash\n", "etc/shadow": "root:*:19000::::::\n", "etc/group": "root:x:0:\n",
        "etc/hosts": "::1 localhost\n", "etc/resolv.conf": "", "etc/rsyslog.conf": "", "usr/sbin/sshd": "",
        "etc/ssh/sshd_config": "Port 2222\nPermitRootLogin no\n", "sys/fs/selinux/enforce": "1",
        "proc/net/tcp": heading, "proc/1/stat": "1 (init) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0\n",
        "proc/1/status": "Uid:\t0\t0\t0\t0\n", "root/.profile": "",
        "home/a/.ssh/authorized_keys": "ssh-ed25519 AAAA a\n",
        "home/b/.ssh/known_hosts": "", "home/c/.ssh/authorized_keys": "",
    ]

    @Test("basic_security has the modules of the guide, by what is in force")
    func basicSecurity() async throws {
        try await withTemporaryFolder { folder in
            try write(folder, Self.host)
            var (modules, outcome) = try await run("basic_security", on: folder)
            modules["SEC[password_audit]"] = nil
            #expect(outcome.failures.isEmpty)
            let all = [
                "ssh_port", "ftp_port", "ssh_allow_root", "SELinux_status", "shadow_integrity", "passwd_integrity",
                "hosts_integrity", "resolv_integrity", "ssh_config_integrity", "rsyslog_integrity",
            ]
            var expected = Dictionary(uniqueKeysWithValues: all.map { ("SEC[\($0)]", "generic_proc 1") })
            expected["SEC[authorized_keys_/home]"] = "generic_data 1"
            expected["SEC[authorized_keys_/root]"] = "generic_data 0"
            #expect(modules == expected)

            try write(
                folder,
                [
                    "etc/ssh/sshd_config": "PermitRootLogin yes\n", "etc/hosts": "", "sys/fs/selinux/enforce": "0",
                    "proc/net/tcp": Self.heading + Self.socket("0015"), "root/.ssh/authorized_keys": "ssh-rsa A\n",
                ])
            (modules, outcome) = try await run("basic_security", on: folder)
            modules["SEC[password_audit]"] = nil
            for name in [
                "ssh_port", "ftp_port", "ssh_allow_root", "SELinux_status", "hosts_integrity", "ssh_config_integrity",
            ] {
                expected["SEC[\(name)]"] = "generic_proc 0"
            }
            expected["SEC[authorized_keys_/root]"] = "generic_data 1"
            #expect(modules == expected)
            let keys = outcome.elements.compactMap { element -> Module? in
                if case .module(let module) = element, module.name == "SEC[authorized_keys_/root]" {
                    module
                } else {
                    nil
                }
            }
            #expect(keys.first?.settings == [.minimumCritical: "1"])
        }
    }

    @Test("pandora_security_check has its six modules, its switches and its blocks")
    func securityCheck() async throws {
        try await withTemporaryFolder { folder in
            try write(folder, Self.host)
            try write(
                folder, ["proc/net/tcp": Self.heading + Self.socket("0050") + Self.socket("1F90"), "opt/watched": "1"])
            let configuration = folder.appending("check.conf")
            try Files.create(
                configuration, "[PORTS]\n# web\n8080\n\n[FILES]\n/opt/watched\n[PASSWORDS]\n#letmein\nsecret\n".utf8)
            let first = try await run("pandora_security_check", on: folder)
            #expect(first.modules["Authorized ports status"] == "generic_proc 0")
            #expect(first.modules["SELinux status"] == "generic_proc 1")
            #expect(first.modules["SSH root access status"] == "generic_proc 1")
            #expect(first.modules["Files check status"] == "generic_proc 1")
            let groups = first.outcome.elements.compactMap { element -> String? in
                if case .module(let module) = element { module.settings[.group] } else { nil }
            }
            #expect(Set(groups) == ["Security"])
            let integrity = folder.appending("integrity").string
            let words = ["--conf", configuration.string, "--integrity_file=\(integrity)", "--check_selinux", "0"]
            let second = try await run("pandora_security_check", words, on: folder)
            #expect(second.modules["SELinux status"] == nil)
            #expect(second.modules["Authorized ports status"] == "generic_proc 1")
            #expect(second.modules["Files check status"] == "generic_proc 1")
            #expect(Files.exists(FilePath(integrity)))
            try write(folder, ["opt/watched": "2"])
            let third = try await run("pandora_security_check", words, on: folder)
            #expect(third.modules["Files check status"] == "generic_proc 0")
            let missing = try await run("pandora_security_check", ["--conf", "/no/such/file"], on: folder)
            #expect(missing.outcome.failures.contains { $0.contains("/no/such/file") })
            #expect(missing.modules["SELinux status"] == "generic_proc 1")
        }
    }

    @Test("The blocks keep passwords as they are, and tell what is wrong with its line")
    func blocks() {
        let blocks = SecurityCheckBlocks(
            parsing:
                "stray\n[ports]\n443 # comment\nhttp\n99999\n[FILES]\n/etc/a\nrelative\n[PASSWORDS]\n#one\n two \n[OTHER]\nx\n"
        )
        #expect(SecurityCheckBlocks(parsing: "[PORTS]\r\n443\r\n8443\r\n").ports == [443, 8443])
        #expect(blocks.ports == [443])
        #expect(blocks.files == ["/etc/a"])
        #expect(blocks.passwords == ["#one", " two "])
        #expect(
            blocks.problems == [
                "1: 'stray' stands in no block", "4: 'http' is no port", "5: '99999' is no port",
                "8: 'relative' is no absolute path", "12: there is no block [OTHER]",
            ])
    }

    @Test(
        "Wrong arguments are named, with their place",
        arguments: [
            ("pandora_security_check", ["--check_ports"], 0), ("pandora_security_check", ["--check_ports", "2"], 1),
            ("pandora_security_check", ["--nothing", "1"], 0), ("basic_security", ["a", "b"], 1),
            ("audit", ["nothing"], 0), ("audit", ["--allow-port", "70000"], 1), ("audit", ["ssh_port", "--watch"], 1),
        ])
    func misuse(name: String, arguments: [String], place: Int) throws {
        guard case .failure(let misuse)? = BuiltInPlugins.make(name, arguments: arguments) else {
            Issue.record("\(name) takes \(arguments)")
            return
        }
        #expect(misuse.argument == place && misuse.description.contains("usage: \(name)"))
    }

    @Test("audit has a module for each answer, and the score of those")
    func audit() async throws {
        try await withTemporaryFolder { folder in
            try write(folder, Self.host)
            let names = [
                "ssh_port", "ssh_root_login", "ssh_banner", "integrity_hosts", "mysql_port", "authentication_log",
            ]
            let (modules, outcome) = try await run("audit", names + ["--allow-port", "443"], on: folder)
            #expect(
                modules == [
                    "Audit[ssh_port]": "generic_proc 1", "Audit[ssh_root_login]": "generic_proc 1",
                    "Audit[ssh_banner]": "generic_proc 0", "Audit[integrity_hosts]": "generic_proc 1",
                    "Audit[authentication_log]": "generic_proc 0", "Audit score": "generic_data 65",
                ])
            #expect(outcome.failures.isEmpty)
        }
    }
}
