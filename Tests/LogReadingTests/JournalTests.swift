import Glibc
import LogReading
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("The journal")
struct JournalTests {
    private func entry(_ cursor: String, _ message: String, more: String = "") -> [UInt8] {
        Array(
            """
            __CURSOR=\(cursor)
            __REALTIME_TIMESTAMP=1700000000123456
            _HOSTNAME=web
            SYSLOG_IDENTIFIER=sshd
            _PID=42
            \(more)MESSAGE=\(message)


            """.utf8)
    }

    private func entry(_ cursor: String, bytes: [UInt8]) -> [UInt8] {
        var length = UInt64(bytes.count).littleEndian
        let digits = withUnsafeBytes(of: &length) { Array($0) }
        return Array("__CURSOR=\(cursor)\n__REALTIME_TIMESTAMP=1700000000123456\nMESSAGE\n".utf8) + digits + bytes
            + Array("\n\n".utf8)
    }

    @Test func entriesBecomeLinesAsASyslogDaemonWritesThem() throws {
        let reader = LogReader(matching: try LogPattern("failed"))
        let output = entry("s=1", "Failed password") + entry("s=2", "Accepted") + entry("s=3", "failed again")
        let batch = reader.read(journal: JournalOutput(output), from: LogPosition(journalCursor: "s=0"))
        let text = batch.lines.map { String(decoding: $0, as: UTF8.self) }
        #expect(text.count == 2)
        #expect(text.first?.hasSuffix(" web sshd[42]: Failed password\n") == true)
        #expect(text.first?.hasPrefix("Nov 1") == true)
        #expect(batch.position.journalCursor == "s=3")
    }

    @Test func theFirstReadingTakesTheCursorOnly() throws {
        let query = JournalQuery("_COMM=sshd PRIORITY=3")
        #expect(query.arguments(from: nil).contains("--lines=1"))
        #expect(query.arguments(from: nil).suffix(3) == ["--", "_COMM=sshd", "PRIORITY=3"])
        let reader = LogReader(matching: try LogPattern("."))
        let batch = reader.read(journal: JournalOutput(entry("s=9", "last")), from: nil)
        #expect(batch.lines.isEmpty)
        #expect(query.arguments(from: batch.position).contains("--cursor=s=9"))
        #expect(query.arguments(from: batch.position, start: .afterLast).contains("--after-cursor=s=9"))
        #expect(!query.arguments(from: batch.position).contains("--lines=1"))
    }

    @Test func aJournalThatWasEmptyIsReadFromItsStart() throws {
        let reader = LogReader(matching: try LogPattern("."))
        let empty = reader.read(journal: JournalOutput([]), from: nil)
        let arguments = JournalQuery("").arguments(from: empty.position)
        #expect(!arguments.contains { $0.hasPrefix("--cursor") || $0.hasPrefix("--lines") })
        #expect(reader.read(journal: JournalOutput(entry("s=1", "first")), from: empty.position).lines.count == 1)
    }

    @Test(arguments: [true, false])
    func anEntryLargerThanTheLimitIsCutAndPassedOver(isText: Bool) throws {
        let reader = LogReader(matching: try LogPattern("."))
        let huge = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
        let whole = isText ? entry("s=8", String(decoding: huge, as: UTF8.self)) : entry("s=8", bytes: huge)
        let batch = reader.read(
            journal: JournalOutput(Array(whole.prefix(2 << 20)), start: .afterLast, end: .atLimit),
            from: LogPosition(journalCursor: "s=7"))
        #expect(batch.position.journalCursor == "s=8")
        #expect(batch.lines.count == 1)
        #expect(batch.text.hasSuffix("\(LogLimits.cutMark)"))
        #expect(batch.notes == [.cut("the journal", lines: 1, limit: 256 << 10)])
        // Behind a whole entry it is left for the next time, which may have it whole.
        let later = reader.read(
            journal: JournalOutput(entry("s=7", "small") + whole.prefix(2 << 20), start: .afterLast, end: .atLimit),
            from: LogPosition(journalCursor: "s=6"))
        #expect(later.position.journalCursor == "s=7")
        #expect(later.lines.count == 1)
    }

    @Test func entriesThatAreCutAreCountedOnceWhereTheyAreTaken() throws {
        let reader = LogReader(matching: try LogPattern("."), limits: LogLimits(lines: 2, lineLength: 100))
        let long = String(repeating: "x", count: 200)
        let output = (1...3).flatMap { entry("s=\($0)", long) } + entry("s=4", "short")
        let batch = reader.read(
            journal: JournalOutput(output, start: .afterLast), from: LogPosition(journalCursor: "s=0"))
        #expect(batch.notes == [.cut("the journal", lines: 2, limit: 100)])
        let rest = reader.read(journal: JournalOutput(Array(output)), from: batch.position)
        #expect(rest.notes.contains(.cut("the journal", lines: 2, limit: 100)))
        let silent = LogReader(matching: try LogPattern(".")).read(journal: JournalOutput(output), from: nil)
        #expect(silent.notes.isEmpty && silent.position.journalCursor == "s=4")
    }

    @Test func whatTheExportCostsIsNotTheWorkOfThePattern() throws {
        let reader = LogReader(matching: try LogPattern("nothing like that"))
        let field = "_CMDLINE=\(String(repeating: "x", count: 20_000))\n"
        let output = JournalOutput((1...200).flatMap { entry("s=\($0)", "text", more: field) }, start: .afterLast)
        // More than a pattern may take in any case.
        let end = processorTime() + 3
        repeat {
            let batch = reader.read(journal: output, from: LogPosition(journalCursor: "s=0"))
            #expect(batch.position.journalCursor == "s=200")
            if batch.isExhausted || !batch.notes.isEmpty {
                Issue.record("\(batch.notes)")
                break
            }
        } while processorTime() < end
    }

    /// What this thread has had of the processor, in seconds.
    private func processorTime() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec
    }

    @Test func aMessageOfSeveralLinesCannotPassForSeveralEntries() throws {
        let message = Array("one\nNov 1 00:00:00 web sshd[1]: forged\n\n__CURSOR=s=7\n\n".utf8)
        let reader = LogReader(matching: try LogPattern("."))
        let batch = reader.read(
            journal: JournalOutput(entry("s=1", bytes: message)), from: LogPosition(journalCursor: "s=0"))
        #expect(batch.lines.count == 1)
        #expect(batch.position.journalCursor == "s=1")
        #expect(String(decoding: batch.lines.bytes, as: UTF8.self).contains("one#012Nov 1"))
    }

    @Test func outputThatEndsInAnEntryIsTakenUpToTheOneBefore() throws {
        let reader = LogReader(matching: try LogPattern("."))
        let whole = entry("s=1", "one")
        let output = whole + entry("s=2", bytes: Array("two".utf8))
        for length in whole.count..<(output.count - 1) {
            let batch = reader.read(
                journal: JournalOutput(Array(output.prefix(length)), end: .early),
                from: LogPosition(journalCursor: "s=0"))
            #expect(batch.position.journalCursor == "s=1", "\(length) bytes")
        }
        #expect(reader.read(journal: JournalOutput(output), from: nil, firstRun: .fromStart).lines.count == 2)
    }

    @Test func whatIsBeyondALimitComesAfterTheCursor() throws {
        let reader = LogReader(matching: try LogPattern("."), limits: LogLimits(lines: 1))
        let output = entry("s=1", "one") + entry("s=2", "two")
        let batch = reader.read(journal: JournalOutput(output), from: LogPosition(journalCursor: "s=0"))
        #expect(batch.hasMore)
        #expect(batch.position.journalCursor == "s=1")
    }

    private static let last = "s=aa;i=5;b=bb;m=1;t=2;x=3"

    @Test(arguments: [
        (last, true), ("s=aa;i=6;b=bb;m=1;t=2;x=3", false), ("s=cc;i=9;b=bb;m=1;t=2;x=3", true),
        ("s=cc;i=5;b=bb;m=1;t=2;x=4", false), ("s=cc;i=5;b=bd;m=1;t=2;x=3", false), ("s=cc;i=5", false), ("?", false),
    ])
    func onlyTheEntryThatWasReadLastIsPassedOver(first: String, isSame: Bool) throws {
        let reader = LogReader(matching: try LogPattern("."))
        let output = entry(first, "one") + entry("s=aa;i=7;b=bb;m=1;t=2;x=3", "two")
        let batch = reader.read(journal: JournalOutput(output), from: LogPosition(journalCursor: Self.last))
        #expect(batch.lines.count == (isSame ? 1 : 2))
        #expect(batch.notes == (isSame ? [] : [.journalPlaceGone]))
        #expect(batch.position.journalCursor == "s=aa;i=7;b=bb;m=1;t=2;x=3")
    }

    @Test func aJournalWithNothingButTheLastEntryHasNothingNew() throws {
        let reader = LogReader(matching: try LogPattern("."))
        let position = LogPosition(journalCursor: Self.last)
        for output in [entry(Self.last, "one"), []] {
            let batch = reader.read(journal: JournalOutput(output), from: position)
            #expect(batch.lines.isEmpty && batch.notes.isEmpty && !batch.hasMore)
            #expect(batch.position == position)
        }
    }

    @Test func outputThatTheLastEntryFillsIsAskedForOnceMore() {
        let position = LogPosition(journalCursor: Self.last)
        let large = entry(Self.last, String(repeating: "x", count: 1000))
        func isFilled(_ bytes: [UInt8], _ start: JournalQuery.Start = .atLast, _ end: JournalOutput.End = .atLimit)
            -> Bool
        {
            JournalOutput(bytes, start: start, end: end).isFilledByLast(of: position)
        }
        #expect(isFilled(Array(large.prefix(500))))
        #expect(isFilled(large + entry("s=aa;i=6", "new").dropLast(5)))
        #expect(!isFilled(large + entry("s=aa;i=6", "new") + large.prefix(500)))
        // What is new is as large.
        #expect(!isFilled(Array(entry("s=aa;i=6", String(repeating: "x", count: 1000)).prefix(500))))
        #expect(!isFilled(Array(large.prefix(500)), .afterLast))
        #expect(!isFilled(Array(large.prefix(500)), .atLast, .early))
        #expect(!JournalOutput(Array(large.prefix(500)), end: .atLimit).isFilledByLast(of: nil))
    }

    @Test(arguments: [
        "", "\n\n\n", "no field\n", "A\n12345678", "__CURSOR=x\n\n", "__CURSOR=x\n__REALTIME_TIMESTAMP=-1\n\n",
        "MESSAGE\n\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}x\n",
        "__CURSOR=x\n__REALTIME_TIMESTAMP=99999999999999999999999\n\n",
    ])
    func garbageHasNoEntries(output: String) throws {
        let batch = LogReader(matching: try LogPattern("."))
            .read(journal: JournalOutput(Array(output.utf8)), from: LogPosition(journalCursor: "s=0"))
        #expect(batch.lines.isEmpty)
        #expect(batch.position.journalCursor == "s=0")
    }

    @Test(arguments: [
        ("", false), ("/0123456789abcdef0123456789abcdef", false),
        ("/0123456789abcdef0123456789abcdef/system.journal", true),
        ("/0123456789abcdef0123456789abcdef/user-1000@0005f-9.journal~", true), ("/remote.journal", true),
        ("/0123456789abcdef0123456789abcdef/notes.txt", false), ("/journal", false),
    ])
    func aJournalIsThereIfItHasAFile(name: String, isThere: Bool) throws {
        try withTemporaryFolder { folder in
            let path = FilePath(folder.appending("log/journal").string + name)
            if path.lastComponent?.string.contains(".") == true || name == "/journal" {
                try Files.makeFolder(path.removingLastComponent())
                try Files.create(path, [])
            } else {
                try Files.makeFolder(path)
            }
            let folders = JournalFolders([folder.appending("none"), folder.appending("log/journal")])
            #expect(folders.holdFiles == isThere)
            let source = try LogSource("\(folder)/messages|journal:")
            #expect(source.present(for: nil, journalFolders: folders) == (isThere ? source.candidates.last : nil))
        }
    }

    @Test func whatJournalctlComplainsOfIsOnePlainLine() {
        #expect(JournalQuery.complaint(in: "") == nil)
        #expect(JournalQuery.complaint(in: "\nfile \u{1b}[1m is\ttruncated\r\nsecond\n") == "file ?[1m is?truncated")
        #expect(JournalQuery.complaint(in: String(repeating: "x", count: 5000))?.count == 300)
        #expect(
            JournalQuery("x").failure(standardError: "", ending: "exited with status 3").description
                == "journalctl exited with status 3")
        #expect(
            JournalQuery("x").failure(standardError: "slow\n", ending: "did not end").description
                == "journalctl did not end: slow")
    }

    @Test func aMissingPermissionNamesTheGroup() {
        let failure = JournalQuery("").failure(
            standardError: "No journal files were opened due to insufficient permissions.\n")
        #expect(failure.description.contains("systemd-journal"))
        #expect(
            JournalQuery("x").failure(standardError: "bad match\nmore").description == "journalctl failed: bad match")
    }
}
