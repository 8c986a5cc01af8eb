import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

/// Configurations that checks read, changed at random: none may crash or hang, and every answer says something.
@Suite("Hostile configurations")
struct HostileConfigurationTests {
    private static let texts: [(file: String, text: String, checks: [String])] = [
        (
            "etc/apache2/apache2.conf",
            "ServerRoot \"/etc/apache2\"\nServerTokens OS\n<IfModule a>\nServerTokens \\\n Prod\n</IfModule>\nInclude conf/*.conf\n",
            ["apache_server_tokens"]
        ),
        (
            "etc/rsyslog.conf",
            "$IncludeConfig /etc/rsyslog.d/*.conf\nauth,authpriv.* -/var/log/auth.log\n*.*;auth.none action(type=\"omfile\" file=\"/a\")\n& stop\ninclude(file=\"/b\")\n",
            ["authentication_log", "integrity_rsyslog"]
        ),
        (
            "etc/php/8.2/fpm/php.ini",
            "[PHP]\nsession.cookie_secure = \"1\" ; x\n[PATH=/a]\nsession.cookie_httponly=On\n",
            ["php_cookie_secure", "php_cookie_httponly"]
        ),
        (
            "etc/php/8.2/fpm/pool.d/www.conf", "[www]\nphp_admin_value[session.cookie_secure] = 1\n",
            ["php_cookie_secure"]
        ),
        (
            "state/audit/integrity",
            "# pandora-agent integrity 1\ncheck integrity_hosts 5\nabsent 0 0 0 /etc/hosts\n", ["integrity_hosts"]
        ),
        ("state/audit/setuid", "1000\n/usr/bin/su\n", ["integrity_setuid"]),
        ("state/audit/updates", "stamp\n!bash\nls\n", ["security_updates"]),
        ("etc/passwd", "root:x:0:0::/root:/bin/bash\na:x:1:1::/home/a:/bin/sh\n", ["unused_accounts", "uid_0"]),
        ("proc/sys/kernel/randomize_va_space", "2\n", ["sysctl_kernel_randomize_va_space"]),
    ]

    @Test("Changed at random, each is answered", arguments: texts)
    func changed(file: String, text: String, checks: [String]) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(file): seed \(seed)")
        var random = SeededGenerator(seed: seed)
        try await withTemporaryFolderInMemory { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write([
                "etc/php/8.2/fpm/php.ini": "", "var/lib/dpkg/status": "",
                "proc/1/stat": "1 (rsyslogd) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0\n",
                "proc/1/status": "Uid:\t0\t0\t0\t0\n",
            ])
            for round in 0..<150 {
                let path = folder.appending(FilePath(file).components)
                try Files.makeFolder(path.removingLastComponent())
                let bytes = Array(text.utf8)
                try Files.replace(path, with: round == 0 ? bytes : bytes.mutated(by: &random))
                for name in checks {
                    let check = try #require(SecurityChecks.check(name))
                    let answer = await check.result(on: tree.host())
                    #expect(!answer.summary.isEmpty, "round \(round) of seed \(seed)")
                }
            }
        }
    }
}
