import Glibc
import LogReading
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Reading a log")
struct LogReaderTests {
    @Test func theFirstReadingRemembersTheEndAndBringsNothing() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("old\n")
            #expect(try log.read().text == "")
            try log.append("new\n")
            #expect(try log.read().text == "new\n")
            #expect(try log.read().text == "")
        }
    }

    @Test func theFirstReadingCanBringAll() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("old\n")
            #expect(try log.read(firstRun: .fromStart).text == "old\n")
            #expect(try log.read(firstRun: .fromStart).text == "")
        }
    }

    @Test func onlyMatchingLinesComeWithTheirEndsAsTheyWere() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("Failed one\r\nok\nFAILED two\n\u{0}failed three\n")
            let batch = try log.read("failed", firstRun: .fromStart)
            #expect(batch.text == "Failed one\r\nFAILED two\n\u{0}failed three\n")
            #expect(batch.lines.count == 3)
            #expect(Array(Array(batch.lines)[1]) == Array("FAILED two\n".utf8))
        }
    }

    @Test func aHalfWrittenLineIsLeftForTheNextTime() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\ntw")
            #expect(try log.read(firstRun: .fromStart).text == "one\n")
            #expect(try log.read().text == "")
            try log.append("o\n")
            #expect(try log.read().text == "two\n")
        }
    }

    @Test func aLineThatIsHalfWrittenAtTheFirstReadingComesWhole() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\ntw")
            try log.read()
            try log.append("o\n")
            #expect(try log.read().text == "two\n")
        }
    }

    @Test func aLastLineThatNobodyFinishesIsReadAsItIsOnceItIsOld() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\ntwo")
            let later: @Sendable () -> Int64 = { Int64(time(nil)) + 4000 }
            let batch = try log.read(firstRun: .fromStart, clock: later)
            #expect(batch.text == "one\ntwo\n")
            #expect(batch.notes == [.unfinishedLineRead(log.log)])
            #expect(try log.read(clock: later).text == "")
        }
    }

    @Test func theRestOfARenamedFileIsReadFirst() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            try log.append("two\n")
            try log.rename("app.log", "app.log.1")
            try log.append("three\n")
            let batch = try log.read()
            #expect(batch.text == "two\nthree\n")
            #expect(batch.notes == [.rotated(log.log, rest: folder.appending("app.log.1"))])
            #expect(batch.missedBytes == 0)
        }
    }

    @Test func severalRotationsBetweenTwoReadingsLoseNothing() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            try log.append("two\n")
            try log.rename("app.log", "app.log.3")
            try log.append("three\n")
            try log.rename("app.log", "app.log.2")
            try log.append("four\n")
            try log.rename("app.log", "app.log.1")
            try log.append("five\n")
            #expect(try log.read().text == "two\nthree\nfour\nfive\n")
        }
    }

    @Test(arguments: [
        ["app.log-20261230", "app.log-20261231"], ["app-2026-12-30.log", "app-2026-12-31.log"],
        ["app.2.log", "app.1.log"], ["app.log-31012026", "app.log-01022026"],
        ["app.log-31-01-2026", "app.log-01-02-2026"],
    ])
    func datedAndNumberedNamesAreTakenInTheirOrder(names: [String]) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            try log.append("two\n")
            try log.rename("app.log", names[0])
            try log.append("three\n")
            try log.rename("app.log", names[1])
            try log.append("four\n")
            #expect(try log.read().text == "two\nthree\nfour\n")
        }
    }

    @Test func aRotatedFileWithTheSameBeginningIsNoCopyOfALogThatIsGone() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            let banner = String(repeating: "=", count: 1100) + "\n"
            try log.append(banner + "one and more\n")
            try log.read(firstRun: .fromStart)
            try log.append("two\n")
            // The number of a file that is open is not used again.
            let removed = try OpenFile(log.log)
            defer { withExtendedLifetime(removed) {} }
            try Files.remove(log.log)
            try log.append(banner + "three\n")
            try log.rename("app.log", "app.log.1")
            try log.append(banner + "four\n")
            let batch = try log.read()
            #expect(batch.text == banner + "three\n" + banner + "four\n")
            #expect(batch.notes.contains { if case .missed = $0 { true } else { false } })
        }
    }

    @Test func whatIsWrittenToTheOldFileBeforeTheNewOneIsUsedIsNotLost() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            try log.rename("app.log", "app.log.1")
            try log.append("")
            #expect(try log.read().text == "")
            try log.append("two\n", to: "app.log.1")
            #expect(try log.read().text == "two\n")
            try log.append("three\n")
            #expect(try log.read().text == "three\n")
        }
    }

    @Test func aShorterCopyIsKnownAlsoOnceThePositionIsInIt() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            // Longer than what is known of a log's beginning.
            let long = (1...200).map { "line \($0)\n" }.joined()
            try log.append(long)
            #expect(try log.read(firstRun: .fromStart).text == long)
            try log.append("two\n")
            try Files.create(folder.appending("app.log.1"), try Files.read(log.log, limit: 10000))
            // Written after the copy was made, and read before the log was emptied.
            try log.append("three\n")
            #expect(try log.read().text == "two\nthree\n")
            try log.truncateLog()
            #expect(try log.read().text == "")
            try log.append("four\n")
            #expect(try log.read().text == "four\n")
        }
    }

    @Test func aCopyThatWasMadeBeforeTheLogWasEmptiedIsReadToItsEnd() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            try log.append("two\n")
            try log.copyTruncate(to: "app.log.1")
            try log.append("three\nand more than there was before\n")
            let batch = try log.read()
            #expect(batch.text == "two\nthree\nand more than there was before\n")
            #expect(batch.missedBytes == 0)
        }
    }

    @Test(arguments: [false, true])
    func whatWasReadBetweenACopyAndItsTruncationDoesNotMakeTheCopyNews(isPacked: Bool) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try Files.create(folder.appending("app.log.1"), try Files.read(log.log, limit: 100))
            try log.append("two\n")
            #expect(try log.read(firstRun: .fromStart).text == "one\ntwo\n")
            try log.truncateLog()
            if isPacked { try #require(system("gzip \(folder)/app.log.1") == 0) }
            #expect(try log.read().text == "")
            try log.append("three\n")
            #expect(try log.read().text == "three\n")
            try log.append("four\n")
            try log.copyTruncate(to: "app.log.0")
            #expect(try log.read().text == "four\n")
        }
    }

    @Test func aLogThatWasEmptiedIsReadFromItsStartAndTheLossIsCounted() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\nhal")
            try log.read(firstRun: .fromStart)
            try log.truncateLog()
            try log.append("new\nand larger than before\n")
            let batch = try log.read()
            #expect(batch.text == "new\nand larger than before\n")
            #expect(batch.missedBytes == 3)
            #expect(batch.notes == [.missed(log.log, bytes: 3)])
        }
    }

    @Test func aLogThatIsDeletedAndMadeAgainIsReadFromItsStart() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            try Files.remove(log.log)
            #expect(try log.read().failures == [LogFailure(log.log, .missing)])
            // On most file systems the new file gets the old one's number.
            try log.append("two\n")
            #expect(try log.read().text == "two\n")
        }
    }

    @Test func anotherFileWithTheSameNumberIsToldByItsContent() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            // Same inode, other content: what a new file on a used number looks like.
            try log.truncateLog()
            try log.append("uno\ndos\n")
            #expect(try log.read().text == "uno\ndos\n")
        }
    }

    @Test func aFileThatIsMissingAtFirstIsReadFromItsStartWhenItComes() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            #expect(try log.read().failures == [LogFailure(log.log, .missing)])
            try log.append("one\n")
            #expect(try log.read().text == "one\n")
        }
    }

    @Test func aLogThatBecomesALinkToAnotherFileIsReadFromItsStart() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            try Files.remove(log.log)
            try log.append("two\n", to: "elsewhere")
            try folder.appending("elsewhere").makeLink(at: log.log)
            #expect(try log.read().text == "two\n")
        }
    }
}

@Suite("Limits of a reading")
struct LogLimitTests {
    @Test func whatIsBeyondTheLimitOfLinesComesTheNextTime() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("1\n2\n3\n4\n5\n")
            let limits = LogLimits(lines: 2)
            let first = try log.read(limits: limits, firstRun: .fromStart)
            #expect(first.text == "1\n2\n")
            #expect(first.hasMore)
            #expect(try log.read(limits: limits).text == "3\n4\n")
            let last = try log.read(limits: limits)
            #expect(last.text == "5\n")
            #expect(!last.hasMore)
        }
    }

    @Test func whatIsBeyondTheLimitOfBytesComesTheNextTimeAlsoFromARotatedFile() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("first\n")
            try log.read(firstRun: .fromStart)
            let line = String(repeating: "x", count: 39)
            for number in 10..<14 { try log.append("\(number) \(line)\n") }
            try log.rename("app.log", "app.log.1")
            try log.append("14 \(line)\n")
            let limits = LogLimits(bytes: 100)
            var text = ""
            for _ in 0..<3 {
                let batch = try log.read(limits: limits)
                #expect(batch.lines.bytes.count <= 100)
                text += batch.text
            }
            #expect(text == (10..<15).map { "\($0) \(line)\n" }.joined())
        }
    }

    @Test func aLineThatIsTooLongIsCutWithAMarkAndTheNextOneIsWhole() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append(String(repeating: "x", count: 1000) + "\nshort\n")
            let batch = try log.read(limits: LogLimits(lineLength: 100), firstRun: .fromStart)
            #expect(batch.text == String(repeating: "x", count: 100) + LogLimits.cutMark + "short\n")
            #expect(batch.notes == [.cut(log.log, lines: 1, limit: 100)])
        }
    }

    @Test func aLineThatIsTooLongAndNotFinishedIsCutAtOnceAndItsRestPassedOver() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append(String(repeating: "x", count: 1000))
            let limits = LogLimits(lineLength: 100)
            let cut = String(repeating: "x", count: 100) + LogLimits.cutMark
            #expect(try log.read(limits: limits, firstRun: .fromStart).text == cut)
            try log.append("rest")
            #expect(try log.read(limits: limits).text == "")
            try log.append(" of it\nshort\n")
            #expect(try log.read(limits: limits).text == "short\n")
        }
    }

    @Test func aBusyFileDoesNotKeepTheOthersWaiting() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("a1\na2\na3\n", to: "a.txt")
            try log.append("b1\n", to: "b.txt")
            let source = folder.appending("*.txt").string
            let limits = LogLimits(lines: 2)
            #expect(try log.read(limits: limits, firstRun: .fromStart, source: source).text == "a1\na2\n")
            try log.append("a4\na5\n", to: "a.txt")
            #expect(try log.read(limits: limits, source: source).text == "b1\na3\n")
        }
    }
}
