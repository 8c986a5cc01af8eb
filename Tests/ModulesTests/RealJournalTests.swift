import CommandRunner
import DataFile
import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Modules

/// Journals of systemd's own making, read through systemd's own journalctl.
@Suite("The journal, through journalctl")
struct RealJournalTests {
    /// A journal in a folder, and a PATH on which journalctl reads that one.
    private struct Journal {
        let folder: FilePath
        private var count = 0

        init(in folder: FilePath) throws {
            self.folder = folder
            try Files.makeFolder(folder.appending("bin"))
            try Files.makeFolder(folder.appending("journal"))
            let program = folder.appending("bin/journalctl")
            try Files.create(
                program, "#!/bin/sh\nexec /usr/bin/journalctl --directory='\(folder)/journal' \"$@\"\n".utf8)
            try program.changeMode(0o755)
        }

        /// Adds entries by systemd-journal-remote, which takes the export format and appends to its file.
        mutating func add(_ entries: [(program: String, message: String)]) async throws {
            var export: [UInt8] = []
            for (program, message) in entries {
                count += 1
                let length = withUnsafeBytes(of: UInt64(message.utf8.count).littleEndian) { Array($0) }
                export += Array(
                    """
                    __REALTIME_TIMESTAMP=\(1_700_000_000_000_000 + count)
                    __MONOTONIC_TIMESTAMP=\(1000 + count)
                    _BOOT_ID=11111111111111111111111111111111
                    _HOSTNAME=web
                    SYSLOG_IDENTIFIER=\(program)
                    _COMM=\(program)
                    _PID=42
                    MESSAGE

                    """.utf8)
                export += length + Array(message.utf8) + Array("\n\n".utf8)
            }
            let file = folder.appending("export")
            try Files.replace(file, with: export)
            let result = await Command(
                .file(
                    "/usr/lib/systemd/systemd-journal-remote",
                    arguments: ["--output=\(folder)/journal/test.journal", file.string]),
                environment: ["PATH": "/usr/bin:/bin"], timeLimit: .seconds(60)
            ).run()
            try #require(result.isSuccess, "\(result.ending) \(String(decoding: result.errorOutput, as: UTF8.self))")
        }
    }

    private func run(
        _ words: [String], _ journal: Journal, _ state: inout [String: String]
    ) async throws -> (texts: [String], outcome: ModuleOutcome) {
        guard case .success(let plugin)? = BuiltInPlugins.make("grep_log_module", arguments: words) else {
            throw Errno.invalidArgument
        }
        let context = ModuleContext(
            host: HostReadings(), environment: ["PATH": "\(journal.folder)/bin:/usr/bin:/bin", "TZ": "UTC"],
            state: state,
            deadline: .now + .seconds(60), now: Int64(time(nil)))
        let outcome = await plugin.collect(in: context)
        state.merge(outcome.stateChanges) { $1 }
        return (outcome.elements.texts, outcome)
    }

    @Test("New entries that match come once, as lines; what was there before does not")
    func entries() async throws {
        try await withTemporaryFolder { folder in
            var journal = try Journal(in: folder)
            var state: [String: String] = [:]
            let words = ["journal:_COMM=sshd", "Secure", "failed|two"]
            try await journal.add([("sshd", "Failed before")])
            let first = try await run(words, journal, &state)
            #expect(first.outcome.failures.isEmpty && first.texts.isEmpty, "\(first.outcome.failures)")
            try await journal.add([
                ("sshd", "Failed one"), ("cron", "failed job"), ("sshd", "fine"), ("sshd", "line\ntwo"),
            ])
            let second = try await run(words, journal, &state)
            #expect(second.texts.count == 1)
            let lines = second.texts.joined().split(separator: "\n")
            #expect(
                lines.map { $0.split(separator: " web ").last } == ["sshd[42]: Failed one", "sshd[42]: line#012two"])
            #expect(try await run(words, journal, &state).texts.isEmpty)
        }
    }

    @Test("A cap carries entries over, and none comes twice")
    func cap() async throws {
        try await withTemporaryFolder { folder in
            var journal = try Journal(in: folder)
            var state: [String: String] = [:]
            let words = ["journal:", "All", ".*", "--from-start", "--max-lines=7"]
            try await journal.add((0..<20).map { ("sshd", "entry \($0)") })
            var messages: [Substring] = []
            for _ in 0..<4 {
                messages += try await run(words, journal, &state).texts.joined().split(separator: "\n")
                    .compactMap { $0.split(separator: "]: ").last }
            }
            #expect(messages.map(String.init) == (0..<20).map { "entry \($0)" })
        }
    }

    @Test("A match that journalctl does not take is a failure with its words")
    func wrongMatch() async throws {
        try await withTemporaryFolder { folder in
            var journal = try Journal(in: folder)
            var state: [String: String] = [:]
            try await journal.add([("sshd", "x")])
            let result = try await run(["journal:nonsense", "N", "x"], journal, &state)
            #expect(result.outcome.failures.count == 1 && result.outcome.failures[0].contains("journalctl failed"))
        }
    }
}
