import Glibc
import HostProbes
import Synchronization
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

@Suite("Checks of web servers, updates, time, programs and accounts")
struct ServiceCheckTests {
    private func result(
        _ identifier: String, _ files: [String: String], runner: AuditedHost.Runner? = nil
    ) async throws -> CheckResult {
        let check = try #require(SecurityChecks.check(identifier))
        return try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write(files)
            return await check.result(on: tree.host(runner: runner))
        }
    }

    @Test(
        "ServerTokens is what Apache's last line says, after all includes",
        arguments: [
            (["etc/apache2/apache2.conf": ""], Verdict.fail, "ServerTokens is Full, the default"),
            (["etc/apache2/apache2.conf": "ServerTokens Prod\n"], .pass, "ServerTokens is Prod"),
            (["etc/apache2/apache2.conf": "  servertokens \\\n ProductOnly\n"], .pass, "ServerTokens is ProductOnly"),
            (["etc/apache2/apache2.conf": "# ServerTokens Prod\n"], .fail, "ServerTokens is Full, the default"),
            (
                [
                    "etc/apache2/apache2.conf": "ServerTokens Prod\nIncludeOptional conf-enabled/*.conf\n",
                    "etc/apache2/conf-enabled/security.conf": "ServerTokens OS\n",
                ], .fail, "ServerTokens is OS"
            ),
            (
                [
                    "etc/httpd/conf/httpd.conf": "ServerRoot \"/etc/httpd\"\nServerTokens OS\nInclude conf.d/*.conf\n",
                    "etc/httpd/conf.d/a.conf": "ServerTokens Prod\n",
                ], .pass, "ServerTokens is Prod"
            ),
            (
                ["etc/apache2/apache2.conf": "ServerTokens Prod\n<IfDefine X>\nServerTokens Full\n</IfDefine>\n"],
                .cannotTell, "ServerTokens is Prod, or Full where a condition holds"
            ),
            (
                ["etc/apache2/apache2.conf": "<IfDefine X>\nServerTokens Full\n</IfDefine>\nServerTokens Prod\n"],
                .pass, "ServerTokens is Prod"
            ),
            (["etc/apache2/apache2.conf": "Include /etc/apache2/apache2.conf\n"], .cannotTell, nil),
            (["etc/apache2/apache2.conf": "Listen 80\r\nServerTokens Prod\r\n"], .pass, "ServerTokens is Prod"),
            (
                [
                    "etc/apache2/apache2.conf": "ServerTokens Prod\nInclude sites\n",
                    "etc/apache2/sites/b/c": "ServerTokens Full\n", "etc/apache2/sites/a": "ServerTokens OS\n",
                ], .fail, "ServerTokens is Full"
            ),
            (["etc/apache2/apache2.conf": "ServerTokens Prod\nInclude ${SITES}/*.conf\n"], .cannotTell, nil),
            (["etc/apache2/apache2.conf": "ServerTokens ${TOKENS}\n"], .cannotTell, nil),
            ([:], .notApplicable, nil),
        ] as [([String: String], Verdict, String?)])
    func apache(files: [String: String], verdict: Verdict, summary: String?) async throws {
        let answer = try await result("apache_server_tokens", files)
        #expect(answer.verdict == verdict, "\(answer)")
        if let summary { #expect(answer.summary == summary) }
    }

    @Test("PHP's cookies are judged where PHP serves pages: ini files in their order, then pools")
    func php() async throws {
        let ini = "etc/php/8.2/apache2/php.ini"
        #expect(try await result("php_cookie_httponly", ["etc/php/8.2/cli/php.ini": ""]).verdict == .notApplicable)
        #expect(try await result("php_cookie_httponly", [ini: "; session.cookie_httponly = 1\n"]).verdict == .fail)
        #expect(
            try await result("php_cookie_httponly", [ini: "[Session]\nsession.cookie_httponly = On ; yes\n"]).verdict
                == .pass)
        #expect(try await result("php_cookie_secure", [ini: "session.cookie_httponly = 1\n"]).verdict == .fail)
        let windows = "[Session]\r\nsession.cookie_secure = 1\r\n"
        #expect(try await result("php_cookie_secure", [ini: windows]).verdict == .pass)
        let path = try await result("php_cookie_secure", [ini: "[PATH=/var/www]\nsession.cookie_secure = 1\n"])
        #expect(path.verdict == .fail)
        let later = try await result(
            "php_cookie_secure",
            [ini: "session.cookie_secure = 0\n", "etc/php/8.2/apache2/conf.d/10.ini": "session.cookie_secure=\"1\"\n"])
        #expect(later.verdict == .pass)
        #expect(later.evidence.first?.source == "/etc/php/8.2/apache2/conf.d/10.ini")
        let pools = try await result(
            "php_cookie_secure",
            [
                "etc/php/8.2/fpm/php.ini": "session.cookie_secure = 1\n",
                "etc/php/8.2/fpm/pool.d/www.conf": "[www]\nuser = www-data\n",
                "etc/php/8.2/fpm/pool.d/old.conf": "[old]\nphp_admin_flag[session.cookie_secure] = off\n",
            ])
        #expect(pools.verdict == .fail)
        #expect(pools.summary == "session.cookie_secure is off in /etc/php/8.2/fpm/pool.d/old.conf")
        let redHat = ["etc/php.ini": "", "etc/php.d/20.ini": "session.cookie_secure = yes\n"]
        #expect(try await result("php_cookie_secure", redHat).verdict == .pass)
    }

    @Test("Updates of apt's lists wait, security updates count twice as a question, and the answer is remembered")
    func updates() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            func package(_ version: String) -> String {
                "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: \(version)\n\n"
            }
            let security = try #require(SecurityChecks.check("security_updates"))
            let all = try #require(SecurityChecks.check("updates"))
            let list = "var/lib/apt/lists/security.debian.org_dists_bookworm-security_main_binary-amd64_Packages"
            try tree.write([
                "var/lib/dpkg/status": package("5.1-1"),
                list: "Package: bash\nArchitecture: amd64\nVersion: 5.2-1\n\n",
            ])
            let bad = await security.result(on: tree.host())
            #expect(bad.verdict == .fail && bad.summary == "1 wait: bash")
            #expect(Files.exists(folder.appending("state/audit/updates")))
            #expect(await all.result(on: tree.host()).verdict == .fail)
            try tree.write(["var/lib/dpkg/status": package("5.2-1") + "\n"])
            #expect(await security.result(on: tree.host()).verdict == .pass)
        }
        let memory = WaitingUpdates.text(["bash": true, "ls": false], stamp: "s")
        #expect(WaitingUpdates.remembered(memory, stamp: "s") == ["bash": true, "ls": false])
        #expect(WaitingUpdates.remembered(memory, stamp: "t") == nil)
    }

    @Test("Compressed lists are left to apt-get, and the programs of Red Hat are asked")
    func updatePrograms() async throws {
        let simulated = """
            Inst libc6 [2.36-9] (2.36-9+deb12u9 Debian:12.9/stable [amd64]) []
            Inst openssl [3.0.14-1] (3.0.15-1 Debian-Security:12/stable-security [amd64])
            Inst libapache2-mod-security2 [2.9.6-1] (2.9.7-1 Debian:12.9/stable [amd64])
            Inst linux-image-new (6.1.1 Debian-Security:12/stable-security [amd64])
            Conf libc6 (2.36-9+deb12u9 Debian:12.9/stable [amd64])
            """
        #expect(
            WaitingUpdates.simulated(Array(simulated.utf8))
                == ["libc6": false, "openssl": true, "libapache2-mod-security2": false])
        let files = ["var/lib/dpkg/status": "", "var/lib/apt/lists/a_Packages.lz4": ""]
        let apt = TreeOfFiles.programs(["/usr/bin/apt-get -s": (0, simulated, "")])
        #expect(try await result("security_updates", files, runner: apt).summary == "1 wait: openssl")
        #expect(
            try await result("updates", files, runner: apt).summary
                == "3 wait: libapache2-mod-security2, libc6, openssl")
        #expect(try await result("updates", files).verdict == .cannotTell)

        let dnf = TreeOfFiles.programs([
            "/usr/bin/dnf -q -C check-update": (
                100,
                "\nbash.x86_64   5.2-2.el9   baseos\njava-1.8.0-openjdk-headless.x86_64\n     1:1.8.0-2.el9  appstream\nObsoleting Packages\na.noarch 1 b\n",
                ""
            ),
            "/usr/bin/dnf -q -C check-update --security": (
                100, "\njava-1.8.0-openjdk-headless.x86_64\n     1:1.8.0-2.el9  appstream\n", ""
            ),
        ])
        #expect(
            try await result("security_updates", ["usr/bin/dnf": ""], runner: dnf).summary
                == "1 wait: java-1.8.0-openjdk-headless.x86_64")
        #expect(
            try await result("updates", ["usr/bin/dnf": ""], runner: dnf).summary
                == "2 wait: bash.x86_64, java-1.8.0-openjdk-headless.x86_64")
        let unclear = TreeOfFiles.programs([
            "/usr/bin/dnf -q -C check-update": (100, "bash.x86_64 5.2-2.el9 baseos\n", ""),
            "/usr/bin/dnf -q -C check-update --security": (1, "", "no such option"),
        ])
        #expect(try await result("security_updates", ["usr/bin/dnf": ""], runner: unclear).verdict == .cannotTell)
        #expect(try await result("updates", ["usr/bin/dnf": ""], runner: unclear).summary == "1 wait: bash.x86_64")
        let strange = TreeOfFiles.programs(["/usr/bin/dnf -q -C check-update": (100, "what?\n", "")])
        #expect(try await result("updates", ["usr/bin/dnf": ""], runner: strange).verdict == .cannotTell)
        let current = TreeOfFiles.programs(["/usr/bin/dnf -q -C check-update": (0, "", "")])
        #expect(try await result("security_updates", ["usr/bin/dnf": ""], runner: current).verdict == .pass)
        let broken = TreeOfFiles.programs([:])
        #expect(try await result("updates", ["usr/bin/dnf": ""], runner: broken).verdict == .cannotTell)
        #expect(try await result("updates", [:]).verdict == .cannotTell)
    }

    @Test("Both questions about updates ask the host once")
    func updatesOnce() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write(["usr/bin/dnf": ""])
            let current = TreeOfFiles.programs(["/usr/bin/dnf -q -C check-update": (0, "", "")])
            let count = Mutex(0)
            let host = tree.host { command in
                count.withLock { $0 += 1 }
                return await current(command)
            }
            for name in ["security_updates", "updates"] {
                let check = try #require(SecurityChecks.check(name))
                #expect(await check.result(on: host).verdict == .pass)
            }
            #expect(count.withLock(\.self) == 1)
        }
    }

    private func process(_ name: String) -> [String: String] {
        [
            "proc/7/stat": "7 (\(name)) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0\n",
            "proc/7/status": "Uid:\t0\t0\t0\t0\n",
        ]
    }

    @Test("A database has to refuse root on each way, and what its client warns of before is no answer")
    func database() async throws {
        var files = process("mariadbd")
        files["proc/7/status"] = "Uid:\t110\t110\t110\t110\n"
        files["usr/bin/mariadb"] = ""
        let refusal = "WARNING: something\nERROR 1045 (28000): Access denied for user 'root'@'localhost'\n"
        let ask =
            "/usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/mariadb --no-defaults --user=root "
            + "--skip-password --connect-timeout=3 --protocol="
        let refusing = TreeOfFiles.programs([ask: (1, "", refusal)])
        #expect(try await result("mysql_root_password", files, runner: refusing).verdict == .pass)
        files["proc/net/tcp"] =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
            + "   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   110        0 5 1 0 100 0 0 10 0\n"
        #expect(try await result("mysql_root_password", files, runner: refusing).evidence.count == 2)
        let silent = TreeOfFiles.programs([
            ask: (1, "", refusal), ask + "SOCKET": (1, "", "ERROR 2002 (HY000): Can't connect\n"),
        ])
        #expect(try await result("mysql_root_password", files, runner: silent).verdict == .cannotTell)
    }

    @Test("Somebody keeps the clock right, or nobody does")
    func clock() async throws {
        #expect(try await result("time_synchronised", process("bash")).verdict == .fail)
        #expect(try await result("time_synchronised", process("chronyd")).verdict == .pass)
        #expect(try await result("time_synchronised", [:]).verdict == .cannotTell)
        let tracking = TreeOfFiles.programs(["/usr/bin/chronyc": (0, "Leap status     : Normal\n", "")])
        let answer = try await result("time_synchronised", process("chronyd"), runner: tracking)
        #expect(answer.summary == "chronyd has synchronised the clock")
    }

    @Test("The kernel of this host answers whether its clock is synchronised")
    func realClock() async throws {
        let answer = await TimeCheck().result(on: AuditedHost(userIdentifier: 65534))
        #expect(answer.evidence.contains { $0.source == "adjtimex(2)" })
    }

    @Test("A program on the path that others can write is found; so is a folder", .enabled(if: geteuid() == 0))
    func path() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write(["usr/bin/ls": "", "usr/sbin/sshd": ""])
            symlink("usr/bin", folder.appending("bin").string)
            for name in ["usr/bin", "usr/sbin", "usr/bin/ls", "usr/sbin/sshd"] {
                chmod(folder.appending(name).string, 0o755)
            }
            let check = PathCheck()
            let good = await check.result(on: tree.host())
            #expect(good.verdict == .pass && good.summary == "2 programs can be changed by root alone")
            chmod(folder.appending("usr/bin/ls").string, 0o757)
            #expect(await check.result(on: tree.host()).evidence.map(\.source) == ["/usr/bin/ls"])
            chmod(folder.appending("usr/bin/ls").string, 0o755)
            chmod(folder.appending("usr/sbin").string, 0o777)
            #expect(await check.result(on: tree.host()).evidence.map(\.source) == ["/usr/sbin"])
            chmod(folder.appending("usr/sbin").string, 0o755)
            chown(folder.appending("usr/sbin/sshd").string, 65534, 0)
            #expect(await check.result(on: tree.host()).evidence.map(\.value) == ["belongs to user 65534"])
        }
    }

    @Test("An account that could be logged in to and never was is found")
    func accounts() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write([
                "etc/passwd":
                    "root:x:0:0::/root:/bin/bash\na:x:1:1::/home/a:/bin/sh\nb:x:2:2::/home/b:/bin/sh\nc:x:3:3::/:/usr/sbin/nologin\n",
                "etc/shadow":
                    "root:*:1::::::\na:$y$j9T$aaaaaaaaaaaaa:1::::::\nb:$y$j9T$aaaaaaaaaaaaa:1::::::\nc:$y$j9T$aaaaaaaaaaa:1::::::\n",
            ])
            let check = UnusedAccountsCheck()
            #expect(await check.result(on: tree.host()).verdict == .cannotTell)
            var records = [UInt8](repeating: 0, count: 292 * 3)
            records[292] = 99
            try Files.makeFolder(folder.appending("var/log"))
            try Files.create(folder.appending("var/log/lastlog"), records)
            let bad = await check.result(on: tree.host())
            #expect(bad.verdict == .fail && bad.summary == "Never logged in: b")
            unlink(folder.appending("etc/shadow").string)
            let open = await check.result(on: tree.host(user: 65534))
            #expect(open.verdict == .cannotTell && open.summary.hasSuffix("is not visible: b"))
            records[292 * 2] = 99
            try Files.replace(folder.appending("var/log/lastlog"), with: records)
            #expect(await check.result(on: tree.host()).verdict == .pass)
        }
    }

    @Test("Binary, huge and endless files cost an answer, and nothing else")
    func rubbish() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let noise = String(
            decoding: (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &generator) }, as: UTF8.self)
        let huge = String(repeating: "x", count: 5 << 20)
        for text in [noise, huge, String(repeating: "Include *\n", count: 5000), "\u{0}\n[", "include(file=\"", "a\\"] {
            for (file, check) in [
                ("etc/apache2/apache2.conf", "apache_server_tokens"), ("etc/rsyslog.conf", "integrity_rsyslog"),
                ("etc/php.ini", "php_cookie_secure"), ("var/lib/dpkg/status", "updates"),
                ("etc/passwd", "unused_accounts"),
                ("etc/shadow", "integrity_shadow"),
            ] {
                let answer = try await result(check, [file: text])
                #expect(!answer.summary.isEmpty, "seed \(seed)")
            }
        }
    }
}
