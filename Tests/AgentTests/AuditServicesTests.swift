import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// A real sshd, a real MariaDB and a real vsftpd, in a network and with folders of their own, and the audit beside them.
@Suite("The audit beside real services", .serialized, .enabled(if: geteuid() == 0, "only root can set services up"))
struct AuditServicesTests {
    /// Starts the services by a script, waits for their ports, and gives each check's verdict.
    ///
    /// - Parameter user: The user that audits.
    private func verdicts(
        _ folder: FilePath, sshd: String, vsftpd: String, mariadb: [String], initial: String, ports: [Int],
        user: Int = 0, checks: [String]
    ) async throws -> [String: String] {
        try Files.replace(
            folder.appending("sshd_config"), with: sshd.utf8, permissions: [.ownerReadWrite, .groupRead, .otherRead])
        try Files.replace(folder.appending("vsftpd.conf"), with: vsftpd.utf8)
        try Files.replace(folder.appending("initial.sql"), with: initial.utf8)
        let wanted = ports.map {
            ":" + String(repeating: "0", count: 4 - String($0, radix: 16).count) + String($0, radix: 16).uppercased()
        }
        let script = """
            set -eu
            cd "$D"
            ip link set lo up
            mount -t tmpfs none /run/mysqld 2>/dev/null || { mkdir -p /run/mysqld; mount -t tmpfs none /run/mysqld; }
            chmod 755 /run/mysqld
            mkdir -p /run/sshd /var/run/vsftpd/empty
            mount --bind "$D/sshd_config" /etc/ssh/sshd_config
            test -e key || ssh-keygen -q -t ed25519 -N '' -f key
            if ! test -e data; then
                mkdir data
                mariadb-install-db --no-defaults --user=root --datadir="$D/data" --skip-test-db \\
                    --auth-root-authentication-method=normal >install.log 2>&1
            fi
            /usr/sbin/sshd -D -e -h "$D/key" >sshd.log 2>&1 & one=$!
            vsftpd "$D/vsftpd.conf" >vsftpd.log 2>&1 & two=$!
            mariadbd --no-defaults --user=root --datadir="$D/data" --socket=/run/mysqld/mysqld.sock \\
                --init-file="$D/initial.sql" \(mariadb.joined(separator: " ")) >mariadb.log 2>&1 & three=$!
            trap 'kill $one $two $three; wait' EXIT
            for port in \(wanted.joined(separator: " ")); do
                until grep -q "$port 0*:0000 0A" /proc/net/tcp /proc/net/tcp6; do
                    kill -0 $one && kill -0 $two && kill -0 $three || { tail -n 5 *.log >&2; exit 9; }
                    sleep 0.05
                done
            done
            until test -S /run/mysqld/mysqld.sock; do sleep 0.05; done
            setpriv --reuid=$AUDITOR --regid=$AUDITOR --clear-groups "$D/agent" audit --format json --state "$D/state" $CHECKS || test $? = 1
            """
        let copy = folder.appending("agent")
        if !Files.exists(copy) {
            _ = await AgentUnderTest.run("/bin/cp", [AgentUnderTest.program.string, copy.string])
            chmod(copy.string, 0o755)
            chmod(folder.string, 0o755)
        }
        let result = await AgentUnderTest.run(
            "/usr/bin/unshare",
            ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script],
            environment: ["D": folder.string, "CHECKS": checks.joined(separator: " "), "AUDITOR": "\(user)"])
        try #require(result.status == 0, "\(result.complaint) \(result.text)")
        let reading = await AgentUnderTest.run(
            "/usr/bin/python3",
            [
                "-c",
                "import json,sys\nfor c in json.loads(sys.argv[1])['checks']: print(c['check'] + '\\t' + c['verdict'])",
                result.text,
            ])
        var verdicts: [String: String] = [:]
        for line in reading.text.split(separator: "\n") {
            let words = line.split(separator: "\t")
            if words.count == 2 { verdicts[String(words[0])] = String(words[1]) }
        }
        return verdicts
    }

    private static let checks = [
        "ssh_port", "ssh_root_login", "ftp_port", "mysql_root_password", "mysql_bind", "mysql_port", "allowed_ports",
    ]
    private static let ftp = "listen=YES\nbackground=NO\nlocal_enable=YES\nsecure_chroot_dir=/var/run/vsftpd/empty\n"

    @Test("Bad settings are found, good ones are found good, by root and by an ordinary user")
    func services() async throws {
        try await withTemporaryFolder { folder in
            let bad = try await verdicts(
                folder, sshd: "Port 22\nPermitRootLogin yes\n", vsftpd: Self.ftp + "listen_port=21\n",
                mariadb: ["--bind-address=0.0.0.0", "--port=3306"], initial: "", ports: [22, 21, 3306],
                checks: Self.checks)
            #expect(bad == Dictionary(uniqueKeysWithValues: Self.checks.map { ($0, "fail") }))

            let good = try await verdicts(
                folder, sshd: "Port 2222\nPermitRootLogin no\nListenAddress 127.0.0.1\n",
                vsftpd: Self.ftp + "listen_port=2121\nlisten_address=127.0.0.1\n",
                mariadb: ["--bind-address=127.0.0.1", "--port=3307"],
                initial: "ALTER USER root@localhost IDENTIFIED BY 'correct horse';\n", ports: [2222, 2121, 3307],
                checks: Self.checks)
            #expect(good == Dictionary(uniqueKeysWithValues: Self.checks.map { ($0, "pass") }))

            // Root of the host is let in over the socket without a password, and nobody else is.
            let socket = try await verdicts(
                folder, sshd: "Port 2222\n", vsftpd: Self.ftp + "listen_port=2121\n",
                mariadb: ["--bind-address=127.0.0.1", "--port=3307"],
                initial: "ALTER USER root@localhost IDENTIFIED VIA unix_socket;\n", ports: [2222, 2121, 3307],
                checks: ["mysql_root_password"])
            #expect(socket == ["mysql_root_password": "pass"])

            // Without a password an ordinary user finds it as well.
            let ordinary = try await verdicts(
                folder, sshd: "Port 2222\n", vsftpd: Self.ftp + "listen_port=21\n",
                mariadb: ["--skip-networking"],
                initial: "ALTER USER root@localhost IDENTIFIED BY '';\n", ports: [2222, 21], user: 65534,
                checks: ["mysql_root_password", "mysql_bind", "mysql_port", "ftp_port", "ssh_port"])
            #expect(
                ordinary == [
                    "mysql_root_password": "fail", "mysql_bind": "pass", "mysql_port": "pass", "ftp_port": "fail",
                    "ssh_port": "pass",
                ])
        }
    }

    @Test("A client of the database that hangs costs its seconds, and the answer is that it cannot be told")
    func hangingClient() async throws {
        let script = """
            set -eu
            printf '#!/bin/sh\\nexec sleep 1000\\n' >"$D/client"
            cp /usr/bin/sleep "$D/mariadbd"
            chmod 755 "$D/client"
            for client in /usr/bin/mariadb /usr/bin/mysql; do test ! -e $client || mount --bind "$D/client" $client; done
            "$D/mariadbd" 1000 & server=$!
            trap 'kill $server; wait' EXIT
            "$AGENT" audit mysql_root_password || test $? = 1
            """
        await withTemporaryFolder { folder in
            let result = await AgentUnderTest.run(
                "/usr/bin/unshare",
                ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script],
                environment: ["D": folder.string, "AGENT": AgentUnderTest.program.string])
            #expect(result.status == 0, "\(result.complaint)")
            #expect(result.text.contains("cannot tell    Root of MySQL has a password"))
        }
    }
}
