import Glibc
import LogReading
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Choosing among lines")
struct LogSelectorTests {
    private func lines(_ text: String) -> LogLines {
        var lines = LogLines()
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            lines.append(remark: String(line))
        }
        return lines
    }

    private func text(_ lines: LogLines) -> String { String(decoding: lines.bytes, as: UTF8.self) }

    private struct Chosen {
        /// For each pattern, what was offered.
        var offers: [[String]]
        var choice: LogSelector.Choice
        var memory: LogMemory
        var tally: LogSelector.Tally

        var texts: [String] { offers.map { $0.joined() } }
    }

    /// What is chosen of lines for each pattern.
    private func choose(
        _ selector: LogSelector, _ content: String, isLimited: Bool = false, quietSize: Int? = nil,
        room: Int = .max, memory: LogMemory? = nil
    ) -> Chosen {
        var reading = LogSelector.Reading(lines(content))
        reading.isLimited = isLimited
        reading.mustMove = isLimited
        reading.quietSize = quietSize
        var memory = memory ?? LogMemory(patterns: selector.patterns.count)
        var tally = LogSelector.Tally(patterns: selector.patterns.count)
        var offers = [[String]](repeating: [], count: selector.patterns.count)
        var room = room
        let choice = selector.choose(among: reading, memory: &memory, tally: &tally) { pattern, range, places in
            if room == 0 { return false }
            room -= 1
            var part = LogLines()
            part.append(range, of: reading.lines, places)
            offers[pattern].append(text(part))
            return true
        }
        return Chosen(offers: offers, choice: choice, memory: memory, tally: tally)
    }

    @Test func excludedLinesAreLeftOut() throws {
        var selector = LogSelector([try LogPattern("a")])
        selector.exclusions = [try LogPattern("^a"), try LogPattern("c")]
        #expect(choose(selector, "a\nba\nbac\n").texts == ["ba\n"])
    }

    @Test func eachPatternGetsTheLinesThatMatchIt() throws {
        let selector = LogSelector([try LogPattern("a"), try LogPattern("b$")])
        #expect(choose(selector, "a\nb\r\nab\nc\n").texts == ["a\nab\n", "b\r\nab\n"])
    }

    @Test func linesAroundMatchesComeOnceAndInOrder() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.before = 2
        selector.after = 1
        #expect(choose(selector, "1\n2\n3\nx\n5\nx\n7\n8\n").texts == ["2\n3\nx\n5\nx\n7\n"])
    }

    @Test func linesThatCouldStandBeforeALaterMatchAreReadAgain() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.before = 2
        let first = choose(selector, "1\nx\n3\n4\n5\n")
        #expect(first.texts == ["1\nx\n"] && first.choice.doneCount == 3)
        #expect(choose(selector, "4\n5\nx\n", memory: first.memory).texts == ["4\n5\nx\n"])
    }

    @Test func linesAfterAMatchComeAlsoWhenTheyAreWrittenLater() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.after = 2
        let first = choose(selector, "x\n2\n")
        #expect(first.texts == ["x\n2\n"] && first.choice.isAll)
        #expect(choose(selector, "3\n4\n", memory: first.memory).texts == ["3\n"])
    }

    @Test func matchesThatAreKeptApartHaveAllLinesAroundThem() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.before = 1
        selector.after = 1
        selector.keepsMatchesApart = true
        let first = choose(selector, "1\nx\nx\n4\n")
        #expect(first.offers == [["1\nx\nx\n", "x\nx\n4\n"]] && first.choice.doneCount == 3)
        // Also those that came with another match in an earlier reading.
        #expect(choose(selector, "4\nx\n", memory: first.memory).offers == [["4\nx\n"]])
    }

    @Test func aMatchThatIsKeptApartWaitsForWhatIsThereToBeRead() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.before = 1
        selector.after = 2
        selector.keepsMatchesApart = true
        let first = choose(selector, "1\n2\n3\nx\n5\n", isLimited: true)
        #expect(first.offers == [[]] && first.choice.stop == .waiting && first.choice.doneCount == 2)
        #expect(choose(selector, "3\nx\n5\n6\n7\n", memory: first.memory).offers == [["3\nx\n5\n6\n"]])
        // What is at the beginning of a full reading has all that there can be.
        let full = choose(selector, "x\n5\n", isLimited: true)
        #expect(full.offers == [["x\n5\n"]] && full.choice.incompleteCount == 1)
    }

    @Test func recordsComeAsAWholeAndTheLastOneWaitsUntilItIsWhole() throws {
        var selector = LogSelector([try LogPattern("NullPointer")])
        selector.recordStart = try LogPattern(#"^\d"#)
        let text = " at y\n1 error\n NullPointer\n at z\n2 fine\n3 error\n NullPointer\n"
        let open = choose(selector, text)
        #expect(open.texts == ["1 error\n NullPointer\n at z\n"] && open.choice.doneCount == 5)
        #expect(open.memory.openRecordSize == 21)
        #expect(
            choose(selector, "3 error\n NullPointer\n", quietSize: 21, memory: open.memory).texts
                == ["3 error\n NullPointer\n"])
    }

    @Test func whatIsNotTakenIsOfferedTheNextTime() throws {
        var selector = LogSelector([try LogPattern("x"), try LogPattern("y")])
        selector.before = 2
        let content = "1\n2\nxy\n4\n"
        let first = choose(selector, content, room: 4)
        #expect(first.texts == ["1\n2\nxy\n", "1\n"] && first.choice.stop == .full && first.choice.doneCount == 1)
        #expect(first.tally.matchCounts == [1, 0])
        let second = choose(selector, "2\nxy\n4\n", memory: first.memory)
        #expect(second.texts == ["", "2\nxy\n"] && second.tally.matchCounts == [0, 1])
    }

    @Test func matchesBeyondTheLimitAreCountedOnce() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.mostMatches = 2
        selector.before = 1
        let first = choose(selector, "x1\nx2\nx3\nx4\n")
        #expect(first.texts == ["x1\nx2\n"] && first.tally.omittedCounts == [2] && first.choice.doneCount == 3)
        #expect(choose(selector, "x4\n5\n", memory: first.memory).tally.omittedCounts == [0])
    }

    @Test func linesThatAreOthersThanThoseThatWereJudgedAreNew() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.before = 2
        let first = choose(selector, "1\n2\n")
        #expect(choose(selector, "x\n2\n", memory: first.memory).texts == ["x\n"])
    }

    @Test func whatIsRememberedComesBackFromItsText() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.before = 2
        selector.after = 3
        var memories = LogMemories(patterns: 1)
        memories["/a b=:/%"] = choose(selector, "1\nx\n2\n").memory
        memories[nil] = choose(selector, "1\n").memory
        let text = memories.description
        #expect(LogMemories(text, patterns: 1).description == text && text.split(separator: " ").count == 2)
        for damaged in ["", "x", "=", "a=1:2", "a=0:0-0:1,2,x", "a=0:0-0:1,2,1001"] {
            #expect(LogMemories(damaged, patterns: 1).isEmpty, "\(damaged)")
        }
        // Another number of patterns judges nothing once more.
        let taken = LogMemories(text, patterns: 2)["/a b=:/%"]
        let other = LogSelector([try LogPattern("1"), try LogPattern("2")])
        #expect(choose(other, "1\n2\n", memory: LogMemories(text, patterns: 2)[nil]).texts == ["", "2\n"])
        #expect(taken.heldBytes == memories["/a b=:/%"].heldBytes)
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
            #expect(Array(batch.lines)[1].count == LogLimits().lineLength + LogLimits.cutMark.utf8.count)
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
            try log.append((0..<10_000).map { "line \($0 * 7919 % 10_007)\n" }.joined())
            try log.rename("app.log", "app.log.1")
            try #require(system("gzip \(folder)/app.log.1 && truncate -s 1000 \(folder)/app.log.1.gz") == 0)
            try log.append("three\n")
            let batch = try log.read()
            #expect(batch.text.hasSuffix("three\n"))
            #expect(batch.failures.count == 1)
            #expect(batch.missedBytes > 0)
            #expect(batch.notes.contains(.unreadable(folder.appending("app.log.1.gz"), bytes: batch.missedBytes)))
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
            #expect(batch.missedBytes == 4)
            #expect(batch.notes.contains(.unreadable(folder.appending("app.log.1.xz"), bytes: 4)))
            #expect(try log.read().missedBytes == 0)
        }
    }
}
