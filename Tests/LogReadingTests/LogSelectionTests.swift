import Glibc
import LogReading
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Choosing among the lines of a batch")
struct LogSelectionTests {
    private func lines(_ text: String) throws -> LogLines {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append(text)
            return try log.read(firstRun: .fromStart).lines
        }
    }

    private func text(_ lines: LogLines) -> String { String(decoding: lines.bytes, as: UTF8.self) }

    @Test func excludedLinesAreLeftOut() throws {
        let lines = try lines("a\r\nb\nAb\n").excluding(try LogPattern("^a"))
        #expect(text(lines) == "b\n")
    }

    @Test func eachLineIsGivenThePatternsThatMatchIt() throws {
        let patterns = [try LogPattern("a"), try LogPattern("b$")]
        #expect(try lines("a\nb\r\nab\nc\n").matches(of: patterns) == [[0], [1], [0, 1], []])
    }

    @Test func contextEndsWhereTheLinesDo() throws {
        let lines = try lines("1\nx\n3\n4\n5\nx\n")
        #expect(lines.contexts(of: try LogPattern("x"), before: 2, after: 1) == [0..<3, 3..<6])
        #expect(lines.contexts(of: try LogPattern("x"), before: 0, after: .max) == [1..<6, 5..<6])
        #expect(lines.contexts(of: try LogPattern("y"), before: .max, after: .max) == [])
    }

    @Test func linesAreJoinedToRecords() throws {
        let start = try LogPattern(#"^\d"#)
        #expect(
            try lines(" at y\n1 error\n at x\n at z\n2 fine\n").records(startingWith: start) == [0..<1, 1..<4, 4..<5])
        #expect(try lines("1\n").records(startingWith: start) == [0..<1])
        #expect(LogLines().records(startingWith: start) == [])
    }

    @Test func whatIsRedactedIsGoneAndTheRestStays() throws {
        let patterns = [try LogPattern(#"(?<=password=)\S+"#), try LogPattern(#"\b\d{4}\b"#)]
        let lines = try lines("user=x password=secret1 password=secret2 1234\r\nnothing\n\n")
        #expect(
            text(lines.redacting(patterns))
                == "user=x password=[redacted] password=[redacted] [redacted]\r\nnothing\n\n")
        #expect(text(lines.redacting([try LogPattern("x*")])).hasPrefix("user=[redacted] password"))
    }

    @Test func aLineOnWhichARedactionGivesUpIsWithheld() throws {
        let lines = try lines(String(repeating: "a", count: 60) + "b secret\nfine\n")
        #expect(text(lines.redacting([try LogPattern("^(a+)+$")])) == "[redacted]\nfine\n")
    }
}

@Suite("Taking over from the Perl plugins")
struct LegacyIndexTests {
    @Test func theLogIsReadOnFromWhereThePluginStopped() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("old\nnew\n")
            let inode = try Files.status(log.log).rawValue.st_ino
            try log.append("4 \(inode) 4", to: "Name_app.log.idx")
            let index = try #require(LegacyIndex(in: folder, name: "Name", log: log.log, user: getuid()))
            log.position = index.position(in: log.log).description
            #expect(try log.read().text == "new\n")
        }
    }

    @Test func aLogThatWasRotatedSinceIsFound() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("old\nnew\n")
            let index = try #require(LegacyIndex("4 \(try Files.status(log.log).rawValue.st_ino)"))
            try log.rename("app.log", "app.log.1")
            try log.append("newest\n")
            log.position = index.position(in: log.log).description
            #expect(try log.read().text == "new\nnewest\n")
        }
    }

    @Test func anIndexThatAnybodyCouldHavePutThereDoesNotCount() throws {
        try withTemporaryFolder { folder in
            let log = LogFolder(folder)
            try log.append("1 2 3", to: "Real_app.log.idx")
            try folder.appending("Real_app.log.idx").makeLink(at: folder.appending("Link_app.log.idx"))
            #expect(LegacyIndex(in: folder, name: "Real", log: log.log, user: getuid()) != nil)
            #expect(LegacyIndex(in: folder, name: "Link", log: log.log, user: getuid()) == nil)
            #expect(LegacyIndex(in: folder, name: "../x", log: log.log, user: getuid()) == nil)
            #expect(LegacyIndex(in: folder, name: "None", log: log.log, user: getuid()) == nil)
            try #require(chown(folder.appending("Real_app.log.idx").string, 12_345, 12_345) == 0 || getuid() != 0)
            if getuid() == 0 { #expect(LegacyIndex(in: folder, name: "Real", log: log.log, user: 0) == nil) }
        }
    }

    @Test(arguments: ["", "1", "a b", "1 2 3 4", "-1 2", "1 -2", "1 2 x", "99999999999999999999 1"])
    func otherTextIsNoIndex(text: String) {
        #expect(LegacyIndex(text) == nil)
    }
}

@Suite("Large and odd content")
struct LargeContentTests {
    @Test func aLineOfTwoGigabytesIsCutAndTheNextOneComes() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            // A hole: the line is all NUL and takes no room on the disk.
            try log.append("first\n")
            try #require(Glibc.truncate(log.log.string, 2 << 30) == 0)
            try log.append("\nlast\n")
            let batch = try log.read(firstRun: .fromStart)
            #expect(batch.lines.count == 3)
            #expect(batch.lines[1].count == LogLimits().lineLength + LogLimits.cutMark.utf8.count)
            #expect(batch.text.hasSuffix("last\n"))
            #expect(batch.notes == [.cut(log.log, lines: 1, limit: LogLimits().lineLength)])
        }
    }

    @Test func aRotatedFileThatGzipPackedIsReadToItsEnd() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            let lines = (0..<50_000).map { "line \($0)\n" }.joined()
            try log.append(lines)
            try log.rename("app.log", "app.log.1")
            try log.append("new\n")
            try #require(system("gzip -9 \(folder)/app.log.1") == 0)
            // In several readings, which find their place in the packed file again.
            var text = ""
            for _ in 0..<6 { text += try log.read(limits: LogLimits(lines: 10_000)).text }
            #expect(text == lines + "new\n")
        }
    }

    @Test func aDamagedPackedFileIsReportedAndDoesNotBlockWhatCameAfterIt() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            try log.rename("app.log", "app.log.2")
            try log.append("two\n")
            try log.rename("app.log", "app.log.1")
            try #require(system("gzip \(folder)/app.log.1 && truncate -s -6 \(folder)/app.log.1.gz") == 0)
            try log.append("three\n")
            let batch = try log.read()
            #expect(batch.text.hasSuffix("three\n"))
            #expect(batch.failures.count == 1)
            #expect(try log.read().failures.isEmpty)
        }
    }

    @Test func aRotatedFileThatCannotBeUnpackedIsNamed() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            try log.rename("app.log", "app.log.2")
            try log.append("two\n", to: "app.log.1.xz")
            try log.append("three\n")
            let batch = try log.read()
            #expect(batch.text == "three\n")
            #expect(batch.failures == [LogFailure(folder.appending("app.log.1.xz"), .packed)])
        }
    }
}
