import CommandRunner
import Glibc
import HostProbes
import LogReading
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Modules

/// A journal in a folder, of systemd's own making, and a PATH on which journalctl reads that one.
struct TestJournal {
    /// How the journalctl on the PATH differs from systemd's.
    enum Behaviour {
        case usual
        /// It prints so many bytes and then nothing more, without an end.
        case hangs(afterBytes: Int)
        /// It prints so many bytes, a word on standard error, and ends with a status.
        case fails(afterBytes: Int, word: String, status: Int)

        fileprivate var shellText: String {
            switch self {
            case .usual: ""
            case .hangs(let count): " | head -c \(count); sleep 1000"
            case .fails(let count, let word, let status): " | head -c \(count); echo '\(word)' >&2; exit \(status)"
            }
        }
    }

    let folder: FilePath
    var state: [String: String] = [:]
    private var count = 0
    /// The boot that entries are of, one hexadecimal digit.
    var boot = 1

    private var journalFolder: FilePath { folder.appending("journal") }
    private var file: FilePath { journalFolder.appending("test.journal") }

    init(in folder: FilePath) throws {
        self.folder = folder
        try Files.makeFolder(folder.appending("bin"))
        try Files.makeFolder(journalFolder)
        try behave(.usual)
    }

    /// Has journalctl behave so from now on. At its end, it leaves a file `ended` in the folder.
    func behave(_ behaviour: Behaviour) throws {
        let program = folder.appending("bin/journalctl")
        let command = "/usr/bin/journalctl --directory='\(journalFolder)' \"$@\""
        let end = "; status=$?; touch '\(folder)/ended'; exit $status"
        try Files.replace(program, with: "#!/bin/sh\n\(command)\(behaviour.shellText)\(end)\n".utf8)
        try program.changeMode(0o755)
    }

    /// Whether journalctl came to its end since the last time that this was asked.
    func hasEnded() throws -> Bool {
        let mark = folder.appending("ended")
        defer { try? Files.remove(mark) }
        return Files.exists(mark)
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
                _BOOT_ID=\(String(repeating: "\(boot)", count: 32))
                _HOSTNAME=web
                SYSLOG_IDENTIFIER=\(program)
                _COMM=\(program)
                _PID=42
                MESSAGE

                """.utf8)
            export += length + Array(message.utf8) + Array("\n\n".utf8)
        }
        let exported = folder.appending("export")
        try Files.replace(exported, with: export)
        let result = await Command(
            .file(
                "/usr/lib/systemd/systemd-journal-remote", arguments: ["--output=\(file)", exported.string]),
            environment: ["PATH": "/usr/bin:/bin"], timeLimit: .seconds(60)
        ).run()
        try #require(result.isSuccess, "\(result.ending) \(String(decoding: result.errorOutput, as: UTF8.self))")
    }

    /// Adds entries of sshd.
    mutating func add(_ messages: [String]) async throws {
        try await add(messages.map { ("sshd", $0) })
    }

    /// Deletes what there is, as a limit of the journal's size does, or a reboot where it is in memory alone.
    func removeAll() throws { try Files.remove(file) }

    /// Puts something else into the journal's file.
    func replace(with bytes: [UInt8]) throws { try Files.replace(file, with: bytes) }

    /// Runs grep_log_module with its words.
    ///
    /// - Returns: The text of its elements, and what it had to say.
    mutating func run(
        _ words: [String], within time: Duration = .seconds(60)
    ) async throws -> (texts: [String], outcome: ModuleOutcome) {
        guard case .success(let plugin)? = BuiltInPlugins.make("grep_log_module", arguments: words) else {
            throw Errno.invalidArgument
        }
        var context = ModuleContext(
            host: HostReadings(), environment: ["PATH": "\(folder)/bin:/usr/bin:/bin", "TZ": "UTC"],
            state: state, deadline: .now + time, now: Int64(Glibc.time(nil)))
        context.journalFolders = JournalFolders([journalFolder])
        let outcome = await plugin.collect(in: context)
        state.merge(outcome.stateChanges) { $1 }
        return (outcome.elements.texts, outcome)
    }

    /// Runs grep_log_module, and gives the messages of the entries that it brings.
    mutating func messages(
        _ words: [String], within time: Duration = .seconds(60)
    ) async throws -> (messages: [String], outcome: ModuleOutcome) {
        let (texts, outcome) = try await run(words, within: time)
        let lines = texts.joined().split(separator: "\n")
        return (lines.compactMap { $0.split(separator: "]: ").last.map(String.init) }, outcome)
    }
}
