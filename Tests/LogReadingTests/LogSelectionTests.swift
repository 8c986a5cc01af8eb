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

    /// What is chosen of lines for each pattern, and how many lines are done with.
    private func choose(
        _ selector: LogSelector, _ content: String, isLastRecordWhole: Bool = true, mustFinish: Bool = false,
        memory: LogSelector.Memory? = nil
    ) -> (chosen: [String], done: Int, memory: LogSelector.Memory) {
        let lines = lines(content)
        var memory = memory ?? LogSelector.Memory(patterns: selector.patterns.count)
        let choice = selector.choose(
            among: lines, lines.places, memory: &memory, isLastRecordWhole: isLastRecordWhole, mustFinish: mustFinish)
        return (choice.stretches.map { text(lines.chosen($0, lines.places)) }, choice.doneCount, memory)
    }

    @Test func excludedLinesAreLeftOut() throws {
        var selector = LogSelector([try LogPattern("a")])
        selector.exclusions = [try LogPattern("^a"), try LogPattern("c")]
        #expect(choose(selector, "a\nba\nbac\n").chosen == ["ba\n"])
    }

    @Test func eachPatternGetsTheLinesThatMatchIt() throws {
        let selector = LogSelector([try LogPattern("a"), try LogPattern("b$")])
        #expect(choose(selector, "a\nb\r\nab\nc\n").chosen == ["a\nab\n", "b\r\nab\n"])
    }

    @Test func linesAroundMatchesComeOnceAndInOrder() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.before = 2
        selector.after = 1
        #expect(choose(selector, "1\n2\n3\nx\n5\nx\n7\n8\n", mustFinish: true).chosen == ["2\n3\nx\n5\nx\n7\n"])
    }

    @Test func linesThatCouldStandBeforeALaterMatchAreReadAgain() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.before = 2
        let first = choose(selector, "1\nx\n3\n4\n5\n")
        #expect(first.chosen == ["1\nx\n"] && first.done == 3)
        #expect(choose(selector, "4\n5\nx\n", memory: first.memory).chosen == ["4\n5\nx\n"])
    }

    @Test func linesAfterAMatchComeAlsoWhenTheyAreWrittenLater() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.after = 2
        let first = choose(selector, "x\n2\n")
        #expect(first.chosen == ["x\n2\n"] && first.memory.wantedAfter == [1])
        #expect(choose(selector, "3\n4\n", memory: first.memory).chosen == ["3\n"])
    }

    @Test func matchesThatAreKeptApartHaveAllLinesAroundThem() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.before = 1
        selector.after = 1
        selector.keepsMatchesApart = true
        let lines = lines("1\nx\nx\n4\n")
        var memory = LogSelector.Memory(patterns: 1)
        let choice = selector.choose(
            among: lines, lines.places, memory: &memory, isLastRecordWhole: true, mustFinish: true)
        #expect(choice.stretches == [[0..<3, 1..<4]])
    }

    @Test func recordsComeAsAWholeAndTheLastOneWaitsUntilItIsWhole() throws {
        var selector = LogSelector([try LogPattern("NullPointer")])
        selector.recordStart = try LogPattern(#"^\d"#)
        let text = " at y\n1 error\n NullPointer\n at z\n2 fine\n3 error\n NullPointer\n"
        let open = choose(selector, text, isLastRecordWhole: false)
        #expect(open.chosen == ["1 error\n NullPointer\n at z\n"] && open.done == 5)
        #expect(choose(selector, text).chosen == ["1 error\n NullPointer\n at z\n3 error\n NullPointer\n"])
    }

    @Test func matchesBeyondTheLimitAreCounted() throws {
        var selector = LogSelector([try LogPattern("x")])
        selector.mostMatches = 2
        let chosen = choose(selector, "x1\nx2\nx3\nx4\n")
        #expect(chosen.chosen == ["x1\nx2\n"] && chosen.memory.omittedCounts == [2] && chosen.done == 4)
    }

    @Test func whatIsRedactedIsGoneAndTheRestStays() throws {
        let patterns = [try LogPattern(#"(?<=password=)\S+"#), try LogPattern(#"\b\d{4}\b"#)]
        let lines = lines("user=x password=secret1 password=secret2 1234\r\nnothing\n\n")
        #expect(
            text(lines.redacting(patterns))
                == "user=x password=[redacted] password=[redacted] [redacted]\r\nnothing\n\n")
        #expect(text(lines.redacting([try LogPattern("x*")])).hasPrefix("user=[redacted] password"))
    }

    @Test func aLineOnWhichARedactionGivesUpIsWithheld() throws {
        let lines = lines(String(repeating: "a", count: 60) + "b secret\nfine\n")
        #expect(text(lines.redacting([try LogPattern("^(a+)+$")])) == "[redacted]\nfine\n")
    }

    /// However the lines are spread over readings, what comes is what comes of all at once.
    @Test(arguments: 0..<200)
    func theBordersOfReadingsDoNotShow(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var selector = LogSelector(
            [try LogPattern("x"), try LogPattern("y")].dropLast(Int.random(in: 0...1, using: &random)))
        selector.after = .random(in: 0...3, using: &random)
        // With several patterns, a line that went with one is not read again for the other.
        selector.before = selector.patterns.count > 1 ? 0 : .random(in: 0...3, using: &random)
        if Bool.random(using: &random) { selector.recordStart = try LogPattern("^[12]") }
        if Bool.random(using: &random) { selector.exclusions = [try LogPattern("3")] }
        let all = (0..<40).map { _ in
            "\(Int.random(in: 0...3, using: &random))\(["x", "y", "", "", ""].randomElement(using: &random) ?? "")\n"
        }
        let expected = choose(selector, all.joined(), mustFinish: true).chosen
        var result = [String](repeating: "", count: selector.patterns.count)
        var rest = all[...]
        var written = 0
        var memory: LogSelector.Memory?
        while written < all.count {
            written = min(all.count, written + Int.random(in: 1...9, using: &random))
            let isEnd = written == all.count
            let unread = rest[..<written]
            if unread.isEmpty { continue }
            let step = choose(
                selector, unread.joined(), isLastRecordWhole: isEnd, mustFinish: isEnd, memory: memory)
            for (index, text) in step.chosen.enumerated() { result[index] += text }
            memory = step.memory
            rest = rest.dropFirst(step.done)
        }
        #expect(result == expected, "seed \(seed)")
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
