import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

@Suite("The rules of rsyslog")
struct RsyslogTests {
    /// Selectors, and whether a message of authpriv.info is theirs; a real rsyslogd confirms each below.
    static let selectors: [(String, Bool)] = [
        ("*.*", true), ("authpriv.*", true), ("auth,authpriv.*", true), ("auth.*", false), ("*.info", true),
        ("*.notice", false), ("*.=info", true), ("*.=notice", false), ("*.!info", false),
        ("authpriv.info", true), ("authpriv.debug", true), ("authpriv.err", false), ("authpriv.none", false),
        ("*.*;authpriv.none", false), ("*.*;auth,authpriv.none", false), ("authpriv.none;*.*", true),
        ("*.info;mail.none;authpriv.none;cron.none", false), ("*.info;mail.none;cron.none", true),
        ("*.*;authpriv.!info", false), ("*.*;authpriv.!=info", false), ("*.*;authpriv.!=notice", true),
        ("*.*;authpriv.!notice", true), ("mail.*;authpriv.=info", true), ("kern,user,mail.*", false),
        ("AUTHPRIV.Info", true), ("authpriv.6", true), ("authpriv.5", false), ("local7.*", false),
        ("*.panic", false), ("*.warn;authpriv.info", true), ("authpriv.*;authpriv.none", false),
    ]

    @Test("Each selector takes authpriv.info or does not", arguments: selectors)
    func selector(text: String, takes: Bool) throws {
        let selector = try #require(SyslogSelector(text))
        #expect(selector.takes(facility: SyslogSelector.authPrivate, priority: SyslogSelector.informational) == takes)
    }

    @Test(
        "What is no selector is none",
        arguments: [
            "", ".", "authpriv", "nothing.*", "auth.strange", "10.*", "24.*", "auth.8", "-1.*", "$FileCreateMode",
            "module(load=\"x\")",
        ])
    func noSelector(text: String) {
        #expect(SyslogSelector(text) == nil)
    }

    @Test("A real rsyslogd sends a message of authpriv.info to the same files")
    func realDaemon() async throws {
        try await withTemporaryFolder { folder in
            var text =
                "module(load=\"imuxsock\" SysSock.Use=\"off\")\ninput(type=\"imuxsock\" Socket=\"\(folder)/log\")\n"
            for (index, selector) in Self.selectors.enumerated() { text += "\(selector.0) \(folder)/out/\(index)\n" }
            text += """
                /* authpriv.* \(folder)/out/comment */
                /*
                authpriv.* \(folder)/out/comment
                */
                $template one,"%msg% (open\\n"
                authpriv.* \(folder)/out/template
                :msg, contains, "never(" \(folder)/out/never
                authpriv.* \(folder)/out/quoted
                authpriv.* \(folder)/out/windows\r
                *.* \(folder)/out/end

                """
            try TreeOfFiles(folder: folder).write(["tree/etc/rsyslog.conf": text])
            let configuration = try #require(
                RsyslogConfiguration(of: TreeOfFiles(folder: folder.appending("tree")).host()))
            #expect(
                configuration.destinations(facility: 10, priority: 6).suffix(4).map { $0.file?.lastComponent?.string }
                    == ["template", "quoted", "windows", "end"])
            try Files.makeFolder(folder.appending("out"))
            try Files.create(folder.appending("rsyslog.conf"), text.utf8)
            let script = """
                rsyslogd -n -f "$D/rsyslog.conf" -i "$D/pid" >"$D/errors" 2>&1 & daemon=$!
                trap 'kill $daemon; wait $daemon' EXIT
                until logger -u "$D/log" -p authpriv.info the-message 2>/dev/null && test -s "$D/out/end"; do
                    kill -0 $daemon || { cat "$D/errors" >&2; exit 1; }
                    sleep 0.05
                done
                """
            let result = await Command(
                .shell(script), environment: ["D": folder.string, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
                timeLimit: .seconds(60)
            ).run()
            try #require(result.isSuccess, "\(String(decoding: result.errorOutput, as: UTF8.self))")
            let names = try Files.names(in: folder.appending("out")).map(\.string)
            #expect(names.suffix(4) == ["end", "quoted", "template", "windows"] && !names.contains("comment"))
            for (index, selector) in Self.selectors.enumerated() {
                let bytes = try? Files.read(folder.appending("out/\(index)"), limit: 1 << 20)
                #expect((bytes?.isEmpty == false) == selector.1, "\(selector.0)")
            }
        }
    }

    @Test("Rules are found in included files, in both styles, until one discards")
    func files() throws {
        try withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write([
                "etc/rsyslog.conf": """
                # comment
                module(
                  load="imuxsock"
                )
                $IncludeConfig /etc/rsyslog.d/*.conf
                include(file="/etc/more/a.rs" mode="optional")
                auth,authpriv.*   -/var/log/auth.log;Template
                *.*;auth.none \\
                    /var/log/all
                authpriv.* stop
                *.* /var/log/late
                """,
                "etc/rsyslog.d/10.conf":
                    "authpriv.info action(type=\"omfile\" File=\"/var/log/ten\")\n& /var/log/and\n",
                "etc/rsyslog.d/20.conf": "mail.* /var/log/mail\n", "etc/rsyslog.d/not": "*.* /var/log/not\n",
                "etc/more/a.rs": "authpriv.=info {\n  action(type=\"omfile\" file=\"/var/log/more\")\n}\n",
            ])
            let configuration = try #require(RsyslogConfiguration(of: tree.host()))
            let rules = configuration.destinations(facility: 10, priority: 6)
            #expect(
                rules.compactMap { $0.file?.string } == [
                    "/var/log/ten", "/var/log/and", "/var/log/more", "/var/log/auth.log", "/var/log/all",
                ])
            #expect(rules.first?.line == 1 && rules.first?.source == "/etc/rsyslog.d/10.conf")
            #expect(
                configuration.files.map(\.string) == [
                    "/etc/rsyslog.conf", "/etc/rsyslog.d/10.conf", "/etc/rsyslog.d/20.conf", "/etc/more/a.rs",
                ])
            #expect(configuration.obstacles.isEmpty && !configuration.hasOpenConditions)
        }
    }

    @Test("A file that includes itself ends, and is told")
    func loop() throws {
        try withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write(["etc/rsyslog.conf": "$IncludeConfig /etc/rsyslog.conf\nauthpriv.* /var/log/a\n"])
            let configuration = try #require(RsyslogConfiguration(of: tree.host()))
            #expect(!configuration.obstacles.isEmpty)
        }
    }

    private func process(_ name: String, _ number: Int) -> [String: String] {
        [
            "proc/\(number)/stat": "\(number) (\(name)) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0\n",
            "proc/\(number)/status": "Uid:\t0\t0\t0\t0\n",
        ]
    }

    @Test("The log of authentication is written by rsyslog, by journald, or by nobody")
    func verdicts() async throws {
        let check = AuthenticationLogCheck()
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write(process("init", 1))
            #expect(await check.result(on: tree.host()).verdict == .fail)
            try tree.write(process("systemd-journal", 5))
            try tree.write(["run/log/journal/id/system.journal": ""])
            #expect(await check.result(on: tree.host()).verdict == .fail)
            try tree.write(["var/log/journal/id/system.journal": ""])
            #expect(await check.result(on: tree.host()).verdict == .pass)
        }
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write(process("rsyslogd", 7))
            try tree.write([
                "etc/rsyslog.conf": "*.* /var/log/syslog\nauthpriv.* /var/log/secure\n*.*;authpriv.none /var/log/all\n"
            ])
            #expect(await check.result(on: tree.host()).verdict == .cannotTell)
            try tree.write(["var/log/secure": "a line\n"])
            let good = await check.result(on: tree.host())
            #expect(good.verdict == .pass && good.summary.contains("/var/log/secure"))
            #expect(good.evidence.map(\.line) == [1, 2])
            // A log-in was recorded two days after the last line of the log.
            var times = [timespec(tv_sec: 1000, tv_nsec: 0), timespec(tv_sec: 1000, tv_nsec: 0)]
            utimensat(AT_FDCWD, folder.appending("var/log/secure").string, &times, 0)
            try tree.write(["var/log/wtmp": "x"])
            #expect(await check.result(on: tree.host()).verdict == .fail)
            try tree.write(["etc/rsyslog.conf": "*.*;authpriv.none /var/log/all\n"])
            #expect(await check.result(on: tree.host()).verdict == .fail)
            for open in [
                "if $syslogfacility-text == 'authpriv' then /var/log/secure\n", "*.* @@loghost\n", "*.* ?Name\n",
                "*.* action(type=\"omfwd\" target=\"loghost\")\n",
            ] {
                try tree.write(["etc/rsyslog.conf": open])
                #expect(await check.result(on: tree.host()).verdict == .cannotTell, "\(open)")
            }
            try tree.write(["var/log/secure": "a line\n", "etc/rsyslog.conf": "*.* :omusrmsg:*\n"])
            #expect(await check.result(on: tree.host()).verdict == .fail)
            let discards = "if $programname == 'sshd' then stop\n"
            try tree.write(["etc/rsyslog.conf": discards + "authpriv.* /var/log/secure\n"])
            #expect(await check.result(on: tree.host()).verdict == .cannotTell)
            try tree.write(["etc/rsyslog.conf": "authpriv.* /var/log/secure\n" + discards])
            #expect(await check.result(on: tree.host()).verdict == .pass)
            // What was just rotated is empty.
            utimensat(AT_FDCWD, folder.appending("var/log/secure").string, &times, 0)
            try tree.write(["var/log/wtmp": ""])
            #expect(await check.result(on: tree.host()).verdict == .pass)
            try tree.write(process("systemd-journal", 5))
            try tree.write(["etc/rsyslog.conf": "*.* @@loghost\n", "var/log/journal/id/system.journal": ""])
            #expect(await check.result(on: tree.host()).summary.contains("journal"))
        }
    }
}
