import SystemFiles
import TestSupport
import Testing

@testable import Modules

/// Journals of systemd's own making, read through systemd's own journalctl.
@Suite("The journal, through journalctl")
struct RealJournalTests {
    @Test("New entries that match come once, as lines; what was there before does not")
    func entries() async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            let words = ["journal:_COMM=sshd", "Secure", "failed|two"]
            try await journal.add([("sshd", "Failed before")])
            let first = try await journal.run(words)
            #expect(first.outcome.failures.isEmpty && first.texts.isEmpty, "\(first.outcome.failures)")
            try await journal.add([
                ("sshd", "Failed one"), ("cron", "failed job"), ("sshd", "fine"), ("sshd", "line\ntwo"),
            ])
            let second = try await journal.run(words)
            #expect(second.texts.count == 1)
            let lines = second.texts.joined().split(separator: "\n")
            #expect(
                lines.map { $0.split(separator: " web ").last } == ["sshd[42]: Failed one", "sshd[42]: line#012two"])
            #expect(try await journal.run(words).texts.isEmpty)
        }
    }

    @Test("A cap carries entries over, and none comes twice")
    func cap() async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            let words = ["journal:", "All", ".*", "--from-start", "--max-lines=7"]
            try await journal.add((0..<20).map { ("sshd", "entry \($0)") })
            var messages: [String] = []
            for _ in 0..<4 {
                messages += try await journal.messages(words).messages
            }
            #expect(messages == (0..<20).map { "entry \($0)" })
        }
    }

    @Test("A match that journalctl does not take is a failure with its words")
    func wrongMatch() async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            try await journal.add([("sshd", "x")])
            let result = try await journal.run(["journal:nonsense", "N", "x"])
            #expect(result.outcome.failures.count == 1 && result.outcome.failures[0].contains("journalctl failed"))
        }
    }

    private static let choices = [[], ["--before", "1"]]

    @Test("Of a backlog, journalctl prints a piece at a time, and all of it comes once", arguments: choices)
    func backlog(options: [String]) async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            let words = ["journal:_COMM=sshd", "All", "x", "--from-start"] + options
            let filler = String(repeating: "x", count: 4000)
            let sent = (0..<2200).map { "\(filler) \($0)" }
            try await journal.add(sent)
            let first = try await journal.messages(words)
            #expect(!first.messages.isEmpty && first.messages.count < 300)
            #expect(first.outcome.failures.isEmpty, "\(first.outcome.failures)")
            #expect(try !journal.hasEnded())
            var messages = first.messages
            while messages.count < sent.count {
                let next = try await journal.messages(words).messages
                if next.isEmpty { break }
                messages += next
            }
            #expect(messages == sent)
            #expect(try journal.hasEnded())
        }
    }

    @Test("What a journalctl printed that hung is taken, and it is a failure", arguments: choices)
    func hanging(options: [String]) async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            let words = ["journal:_COMM=sshd", "All", "entry"] + options
            try await journal.add(["before"])
            _ = try await journal.run(words)
            try await journal.add((0..<20).map { "entry \($0)" })
            try journal.behave(.hangs(afterBytes: 3000))
            var messages: [String] = []
            for _ in 0..<2 {
                let part = try await journal.messages(words, within: .seconds(1))
                #expect((1..<15).contains(part.messages.count))
                #expect(part.outcome.failures.count == 1)
                #expect(part.outcome.failures.first?.contains("journalctl did not end within") == true)
                messages += part.messages
            }
            try journal.behave(.usual)
            let rest = try await journal.messages(words)
            #expect(rest.outcome.failures.isEmpty)
            #expect(messages + rest.messages == (0..<20).map { "entry \($0)" })
        }
    }

    @Test("What a journalctl printed that failed is taken, and its words are the failure", arguments: choices)
    func failing(options: [String]) async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            let words = ["journal:_COMM=sshd", "All", "entry", "--from-start"] + options
            try await journal.add((0..<20).map { "entry \($0)" })
            // Nothing was seen of it: it still is to be read from its start.
            try journal.behave(.fails(afterBytes: 0, word: "Failed to open", status: 1))
            let none = try await journal.messages(words)
            #expect(none.messages.isEmpty && none.outcome.failures == ["journalctl failed: Failed to open"])
            #expect(none.outcome.notes.isEmpty)
            try journal.behave(.fails(afterBytes: 3000, word: "Failed to iterate", status: 1))
            let part = try await journal.messages(words)
            #expect((1..<15).contains(part.messages.count))
            #expect(part.outcome.failures == ["journalctl failed: Failed to iterate"])
            try journal.behave(.usual)
            let rest = try await journal.messages(words)
            #expect(rest.outcome.failures.isEmpty)
            #expect(part.messages + rest.messages == (0..<20).map { "entry \($0)" })
        }
    }

    @Test("A first reading that fails does not take the journal for an empty one")
    func failingFirst() async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            let words = ["journal:_COMM=sshd", "All", "entry"]
            try await journal.add(["entry before"])
            try journal.behave(.fails(afterBytes: 0, word: "Failed to open", status: 1))
            #expect(try await journal.run(words).outcome.failures.count == 1)
            try journal.behave(.usual)
            #expect(try await journal.messages(words).messages.isEmpty)
            try await journal.add(["entry after"])
            #expect(try await journal.messages(words).messages == ["entry after"])
        }
    }

    @Test("Where the place of the last reading is gone, all that is there is read, and a note says it once")
    func placeGone() async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            let words = ["journal:_COMM=sshd", "All", "entry"]
            try await journal.add(["before"])
            _ = try await journal.run(words)
            try await journal.add(["entry 1", "entry 2"])
            let whole = try await journal.messages(words)
            #expect(whole.messages == ["entry 1", "entry 2"] && whole.outcome.notes.isEmpty)
            // As a limit of its size does.
            try journal.removeAll()
            try await journal.add(["entry 3", "entry 4"])
            let limited = try await journal.messages(words)
            #expect(limited.messages == ["entry 3", "entry 4"])
            #expect(limited.outcome.notes.count == 1)
            #expect(limited.outcome.notes.first?.contains("no longer has the entry up to which it was read") == true)
            #expect(limited.outcome.failures.isEmpty && limited.outcome.missedLogBytes == 0)
            // As a reboot does where it is in memory.
            try journal.removeAll()
            journal.boot = 2
            try await journal.add(["entry 5", "entry 6"])
            let rebooted = try await journal.messages(words)
            #expect(rebooted.messages == ["entry 5", "entry 6"])
            #expect(rebooted.outcome.notes.count == 1)
            let again = try await journal.messages(words)
            #expect(again.messages.isEmpty && again.outcome.notes.isEmpty)
        }
    }

    @Test("An entry larger than what is read at once is cut, and nothing comes twice or not at all", arguments: choices)
    func hugeEntries(options: [String]) async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            let words = ["journal:_COMM=sshd", "All", "entry"] + options
            try await journal.add(["before"])
            _ = try await journal.run(words)
            let huge = String(repeating: "x", count: 9 << 20)
            try await journal.add(["entry 1", "entry 2 \(huge)", "entry 3 \(huge)", "entry 4"])
            var messages: [String] = []
            var failures: [String] = []
            for _ in 0..<6 {
                let part = try await journal.messages(words)
                messages += part.messages
                failures += part.outcome.failures
            }
            // They are counted where they come.
            #expect(!failures.isEmpty && failures.allSatisfy { $0.hasPrefix("the journal has lines longer than ") })
            #expect(messages.map { $0.prefix(7) } == ["entry 1", "entry 2", "entry 3", "entry 4"])
            #expect(messages.filter { $0.hasSuffix(" [line cut here: too long]") }.count == 2)
        }
    }

    @Test("A journal that is not there is a failure, and is read from its start when it comes", arguments: choices)
    func missing(options: [String]) async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            let words = ["journal:_COMM=sshd", "All", "entry"] + options
            for _ in 0..<2 {
                let none = try await journal.messages(words)
                #expect(none.messages.isEmpty && none.outcome.failures.count == 1)
                #expect(none.outcome.failures.first?.contains("there is no journal") == true)
            }
            try journal.behave(.fails(afterBytes: 0, word: "No journal files were found.", status: 1))
            let status = try await journal.messages(words)
            #expect(status.outcome.failures.first?.contains("there is no journal") == true)
            try journal.behave(.usual)
            try await journal.add(["entry 1"])
            let first = try await journal.messages(words)
            #expect(first.messages == ["entry 1"] && first.outcome.failures.isEmpty && first.outcome.notes.isEmpty)
            // Nothing new is no failure, nor is a journal in which nothing matches.
            #expect(try await journal.messages(words).outcome.failures.isEmpty)
            #expect(try await journal.messages(["journal:_COMM=none", "None", "x"]).outcome.failures.isEmpty)
        }
    }

    @Test("A log whose places are all missing is a failure, also with an empty folder of a journal")
    func missingStandIn() async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            let words = ["\(folder)/messages|journal:", "All", "entry"]
            let none = try await journal.messages(words)
            #expect(none.outcome.failures == ["the log \(folder)/messages does not exist"])
            try await journal.add(["entry 1"])
            let first = try await journal.messages(words)
            #expect(first.messages == ["entry 1"] && first.outcome.failures.isEmpty)
        }
    }

    @Test("What journalctl complains of at success is a note, once", arguments: choices)
    func complaint(options: [String]) async throws {
        try await withTemporaryFolder { folder in
            var journal = try TestJournal(in: folder)
            let words = ["journal:_COMM=sshd", "All", "entry", "--from-start"] + options
            try journal.replace(with: Array("damaged".utf8))
            let damaged = try await journal.messages(words)
            #expect(damaged.outcome.failures.isEmpty && damaged.outcome.notes.count == 1)
            #expect(damaged.outcome.notes.first?.hasPrefix("journalctl: ") == true)
            #expect(damaged.outcome.notes.first?.contains("test.journal") == true)
            try journal.removeAll()
            try await journal.add((0..<3).map { "entry \($0)" })
            try journal.behave(.fails(afterBytes: 1 << 20, word: "a word", status: 0))
            let read = try await journal.messages(words)
            #expect(read.messages.count == 3 && read.outcome.failures.isEmpty)
            #expect(read.outcome.notes == ["journalctl: a word"])
        }
    }
}
