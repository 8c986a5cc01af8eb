import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

@Suite("Delivery by ssh and ftp", .timeLimit(.minutes(15)))
struct ProgramTransferTests {
    private let one = module("a", "module_exec echo 1")

    /// A port that was free a moment ago.
    private func freePort() throws -> UInt16 {
        let double = try TentacleServerDouble()
        double.stop()
        return double.port
    }

    /// Runs a server while `body` runs, which begins once it answers.
    private func withServer(
        _ program: FilePath, _ arguments: [String], port: UInt16, _ body: () async throws -> Void
    ) async throws {
        let server = Task {
            await Command(
                .file(program, arguments: arguments), environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
                timeLimit: .seconds(100)
            ).run()
        }
        // bash ends the loop as soon as the port takes a connection.
        let wait =
            "for i in $(seq 2000); do (exec 3<>/dev/tcp/127.0.0.1/\(port)) 2>/dev/null && exit 0; sleep 0.02; done; exit 1"
        let isUp = await AgentUnderTest.run("/bin/bash", ["-c", wait]).isSuccess
        do {
            if isUp { try await body() }
        } catch {
            server.cancel()
            throw error
        }
        server.cancel()
        let result = await server.value
        #expect(isUp, "\(program) did not start: \(result.complaint)")
    }

    private func makeKey(_ path: FilePath) async throws {
        let made = await AgentUnderTest.run(
            "/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path.string])
        try #require(made.isSuccess, "\(made.complaint)")
    }

    private var user: String { getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "root" }

    @Test("sftp: files arrive whole under their names; an unknown host key and a refused key are told apart")
    func ssh() async throws {
        try await withTemporaryFolder { folder in
            // sshd wants it where it runs as root (README.Debian).
            if geteuid() == 0 { try Files.makeFolder("/run/sshd", permissions: FilePermissions(rawValue: 0o755)) }
            let port = try freePort()
            for name in ["host", "client", "stranger"] { try await makeKey(folder.appending(name)) }
            let authorized = folder.appending("authorized")
            try Files.create(authorized, try Files.read(folder.appending("client.pub"), limit: 10_000))
            let hostKey = String(decoding: try Files.read(folder.appending("host.pub"), limit: 10_000), as: UTF8.self)
            let known = folder.appending("known hosts")
            try Files.create(known, "[127.0.0.1]:\(port) \(hostKey)".utf8)
            let configuration = """
                Port \(port)
                ListenAddress 127.0.0.1
                HostKey \(folder)/host
                AuthorizedKeysFile \(authorized)
                StrictModes no
                UsePAM no
                PasswordAuthentication no
                PermitRootLogin prohibit-password
                PidFile none
                Subsystem sftp internal-sftp

                """
            try Files.create(folder.appending("sshd_config"), configuration.utf8)
            try await withServer(
                "/usr/sbin/sshd", ["-D", "-e", "-f", "\(folder)/sshd_config"], port: port
            ) {
                func settings(key: String, known: String) -> String {
                    "transfer_mode ssh\nserver_ip 127.0.0.1\nserver_port \(port)\nserver_user \(user)\n"
                        + "server_path \(folder)/server\n"
                        + "server_opts -i \(folder)/\(key) -o 'UserKnownHostsFile=\"\(folder)/\(known)\"'"
                }
                let agent = try AgentUnderTest(
                    in: folder, one, transfer: settings(key: "client", known: "nothing"))
                let unknown = await agent.run("run")
                #expect(unknown.status == 3)
                #expect(unknown.complaint.contains("known_hosts"), "\(unknown.complaint)")
                try agent.configure(one, transfer: settings(key: "stranger", known: "known hosts"))
                let refused = await agent.run("run")
                #expect(refused.status == 3)
                #expect(refused.complaint.contains("authorized keys"), "\(refused.complaint)")
                #expect(try agent.delivered().isEmpty)

                let names = try Files.names(in: agent.outbox).map(\.string)
                try agent.configure(one, transfer: settings(key: "client", known: "known hosts"))
                let result = await agent.run("run")
                #expect(result.status == 0, "\(result.complaint)")
                let delivered = try agent.delivered()
                #expect(
                    delivered.count == 3 && Set(names).isSubset(of: delivered.compactMap { $0.lastComponent?.string }))
                #expect(try Files.names(in: agent.server).count == 3)
                #expect(try await agent.received().map(\.name) == ["a", "a", "a"])
                #expect(try Files.names(in: agent.outbox).isEmpty)

                // The folder at the server is missing: said so, and the file waits.
                try agent.configure(
                    one,
                    transfer: settings(key: "client", known: "known hosts") + "\nserver_path \(folder)/missing")
                let missing = await agent.run("run")
                #expect(missing.status == 3 && missing.complaint.contains("No such file"), "\(missing.complaint)")
                #expect(try Files.names(in: agent.outbox).count == 1)
            }
        }
    }

    @Test("sftp options that could run a command are refused")
    func sshOptions() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, one,
                transfer: "transfer_mode ssh\nserver_ip 127.0.0.1\nserver_opts -o 'ProxyCommand=touch \(folder)/ran'")
            #expect(await agent.run("run").status == 3)
            #expect(!Files.exists(folder.appending("ran")))
        }
    }

    @Test("ftp: files arrive whole under their names, passive, with a warning that all is in the clear")
    func ftp() async throws {
        try await withTemporaryFolder { folder in
            let port = try freePort()
            let configuration = """
                listen=YES
                background=NO
                listen_address=127.0.0.1
                listen_port=\(port)
                run_as_launching_user=YES
                anonymous_enable=YES
                local_enable=NO
                write_enable=YES
                anon_upload_enable=YES
                anon_mkdir_write_enable=YES
                anon_other_write_enable=YES
                anon_umask=022
                anon_root=\(folder)
                secure_chroot_dir=\(folder)
                port_enable=NO
                seccomp_sandbox=NO
                xferlog_enable=NO
                allow_writeable_chroot=YES

                """
            try Files.create(folder.appending("vsftpd.conf"), configuration.utf8)
            let transfer = "transfer_mode ftp\nserver_ip 127.0.0.1\nserver_port \(port)\nserver_user anonymous\n"
            let agent = try AgentUnderTest(
                in: folder, one, transfer: transfer + "server_path \(folder)/missing\nserver_pwd guest")
            try await withServer("/usr/sbin/vsftpd", ["\(folder)/vsftpd.conf"], port: port) {
                let missing = await agent.run("run")
                #expect(missing.status == 3)
                #expect(missing.complaint.contains("curl: (9)"), "\(missing.complaint)")
                try agent.configure(one, transfer: transfer + "server_path \(folder)/server\nserver_pwd guest")
                let result = await agent.run("run")
                #expect(result.status == 0, "\(result.complaint)")
                #expect(try agent.delivered().count == 2)
                #expect(try Files.names(in: agent.server).count == 2)
                #expect(try await agent.received().map(\.name) == ["a", "a"])
                #expect(try Files.names(in: agent.outbox).isEmpty)
            }
            #expect(try agent.logText().contains("transfer_mode ftp sends the files and the password in the clear"))
        }
    }

    @Test("The FTP password is in no argument and in no environment, however it is written")
    func ftpPassword() async throws {
        try await withTemporaryFolder { folder in
            let recorder = """
                #!/bin/sh
                printf '%s\\n' "$@" > \(folder)/arguments
                env > \(folder)/environment
                cat > \(folder)/input
                """
            try Files.create(
                folder.appending("curl"), recorder.utf8, permissions: FilePermissions(rawValue: 0o755))
            let agent = try AgentUnderTest(
                in: folder, one, transfer: "transfer_mode ftp\nserver_ip 127.0.0.1\nserver_pwd a\"b\\c d")
            _ = await agent.run("run", environment: ["PATH": "\(folder):/usr/bin:/bin"])
            func text(_ name: String) throws -> String {
                String(decoding: try Files.read(folder.appending(name), limit: 1 << 20), as: UTF8.self)
            }
            #expect(try text("arguments") == "-q\n--config\n-\n")
            #expect(try !text("environment").contains("a\"b"))
            #expect(try text("input").contains(#"user = "pandora:a\"b\\c d""#))
            #expect(try !agent.logText().contains("a\"b"))
        }
    }
}
