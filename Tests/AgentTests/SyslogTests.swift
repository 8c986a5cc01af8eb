import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// Real log lines, which lie beside the repository where it is developed.
private let logLines = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    .appending("../shared/data/loghub")

@Suite("A real rsyslogd", .enabled(if: Files.exists(logLines), "the real log lines are not beside the repository"))
struct SyslogTests {
    @Test("Lines that logger sends and rsyslogd writes come back byte for byte, each log under its name")
    func messagesAndSecure() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                """
                module_plugin grep_log_module \(folder)/messages Syslog \\.*
                module_plugin grep_log_module \(folder)/secure Secure \\.*
                """)
            try await withRsyslog(in: folder) { socket in
                try await send("-t", "first", "-p", "user.info", "the first line of each", to: socket)
                try await send("-t", "first", "-p", "authpriv.info", "the first line of each", to: socket)
                try await wait(for: "first line", in: folder.appending("messages"), count: 1)
                try await wait(for: "first line", in: folder.appending("secure"), count: 1)
                let first = await agent.run("run")
                try #require(first.status == 0, "\(first.complaint)")
                #expect(try await agent.received().isEmpty)
                let starts = try (size(folder.appending("messages")), size(folder.appending("secure")))

                try await send("-p", "user.info", "-f", "\(logLines)/Linux_2k.log", to: socket)
                try await send("-p", "authpriv.info", "-f", "\(logLines)/OpenSSH_2k.log", to: socket)
                try await wait(for: "\n", in: folder.appending("messages"), count: 2001)
                try await wait(for: "\n", in: folder.appending("secure"), count: 2001)
                #expect(await agent.run("run").status == 0)

                let received = try await agent.received()
                #expect(received.map(\.name) == ["Syslog", "Secure"])
                #expect(received.first?.value == Array(try contents(folder.appending("messages")).dropFirst(starts.0)))
                #expect(received.last?.value == Array(try contents(folder.appending("secure")).dropFirst(starts.1)))
                try compare(received.first?.text, with: "Linux_2k.log")
                try compare(received.last?.text, with: "OpenSSH_2k.log")
            }
        }
    }

    /// Each line that arrived ends with the line that was sent. The carriage returns of the files are control characters
    /// to rsyslogd, which writes them as `#015`; logger cuts spaces at the end.
    private func compare(_ received: String?, with file: String) throws {
        let sent = String(decoding: try contents(logLines.appending(file)), as: UTF8.self)
            .split(whereSeparator: \.isNewline)
        let lines = (received ?? "").split(separator: "\n")
        #expect(lines.count == sent.count)
        func trimmed(_ text: Substring) -> String {
            let text = text.hasSuffix("#015") ? text.dropLast(4) : text
            return String(text.reversed().drop { $0 == " " }.reversed())
        }
        let different = zip(lines, sent).filter { !trimmed($0).hasSuffix(trimmed($1)) }
        #expect(different.isEmpty, "\(different.first.map { "\($0)" } ?? "")")
    }

    private func withRsyslog(in folder: FilePath, _ body: (FilePath) async throws -> Void) async throws {
        let socket = folder.appending("socket")
        let configuration = folder.appending("rsyslog.conf")
        let text = """
            module(load="imuxsock" SysSock.Use="off")
            input(type="imuxsock" Socket="\(socket)" RateLimit.Interval="0" UseSpecialParser="on")
            authpriv.* action(type="omfile" file="\(folder)/secure" template="RSYSLOG_TraditionalFileFormat")
            *.*;authpriv.none action(type="omfile" file="\(folder)/messages" template="RSYSLOG_TraditionalFileFormat")
            """
        try Files.create(configuration, text.utf8)
        let daemon = Task {
            await Command(
                .file(
                    "/usr/sbin/rsyslogd",
                    arguments: ["-n", "-f", configuration.string, "-i", folder.appending("pid").string]),
                environment: ["PATH": "/usr/sbin:/usr/bin"], timeLimit: .seconds(100)
            ).run()
        }
        while !Files.exists(folder.appending("pid")) || !Files.exists(socket) {
            try #require(!daemon.isCancelled)
            try await Task.sleep(for: .milliseconds(10))
        }
        let pid = String(decoding: try Files.read(folder.appending("pid"), limit: 100), as: UTF8.self)
        defer { kill(pid_t(pid.filter(\.isNumber)) ?? 0, SIGKILL) }
        try await body(socket)
    }

    private func send(_ words: String..., to socket: FilePath) async throws {
        let result = await AgentUnderTest.run("/usr/bin/logger", ["--socket", socket.string] + words)
        try #require(result.isSuccess, "\(result.complaint)")
    }

    /// Waits until a file holds some text so many times: rsyslogd writes a moment after it was told.
    private func wait(for text: String, in file: FilePath, count: Int) async throws {
        for _ in 0..<1000 {
            let found =
                (try? contents(file)).map { String(decoding: $0, as: UTF8.self).split(separator: text).count } ?? 0
            if found >= (text == "\n" ? count : count + 1) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("rsyslogd did not write \(count) times '\(text)' into \(file)")
    }

    private func contents(_ file: FilePath) throws -> [UInt8] { try Files.read(file, limit: 1 << 26) }

    private func size(_ file: FilePath) throws -> Int { try contents(file).count }
}
