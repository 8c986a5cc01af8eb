import CGlibcHeaders
import Glibc
import LogReading
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Files of wildcards under several names, and what stands in for what")
struct WildcardTests {
    /// Reads a source, given by names in the log's folder.
    private func read(_ log: inout LogFolder, _ names: String..., firstRun: LogReader.FirstRun = .atEnd) throws
        -> LogBatch
    {
        let source = names.map { "\(log.path)/\($0)" }.joined(separator: "|")
        return try log.read(firstRun: firstRun, source: source)
    }

    /// Lets a link lead to another file.
    private func link(_ log: LogFolder, _ name: String, to target: String) throws {
        try FilePath(target).makeLink(at: log.path.appending("link.new"))
        try log.rename("link.new", name)
    }

    @Test(arguments: ["app.log", "0app.log", "zapp.log"])
    func aLinkBesideItsFilesBringsNoLineTwice(name: String) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("old\n", to: "app1.log")
            try link(log, name, to: "app1.log")
            #expect(try read(&log, "*.log").text == "")
            for round in 1...4 {
                try log.append("\(round) in the first\n", to: "app\(round).log")
                #expect(try read(&log, "*.log").text == "\(round) in the first\n")
                try log.append("\(round) before the switch\n", to: "app\(round).log")
                try link(log, name, to: "app\(round + 1).log")
                try log.append("\(round) after it\n", to: "app\(round + 1).log")
                try log.append("\(round) late\n", to: "app\(round).log")
                let batch = try read(&log, "*.log")
                #expect(batch.text == "\(round) before the switch\n\(round) late\n\(round) after it\n")
                #expect(batch.notes.isEmpty && batch.failures.isEmpty)
            }
            try log.append("half", to: "app1.log")
            #expect(try read(&log, "*.log").text == "")
            try Files.remove(folder.appending(name))
            try log.append(" a line\n", to: "app1.log")
            let last = try read(&log, "*.log")
            #expect(last.text == "half a line\n" && last.missedBytes == 0)
        }
    }

    @Test(arguments: ["0app.log", "zapp.log"])
    func whatALinkAndItsFileHadIsReadOrMissedOnce(name: String) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "app1.log")
            try log.append("1\nhalf")
            try link(log, name, to: "app1.log")
            #expect(try read(&log, "*.log", firstRun: .fromStart).text == "1\n")
            try log.append(" a line\n2\n")
            try log.rename("app1.log", "app1.log.1")
            let rotated = try read(&log, "*.log")
            #expect(rotated.text == "half a line\n2\n" && rotated.missedBytes == 0)
            try log.append("3\nhalf")
            #expect(try read(&log, "*.log").text == "3\n")
            try Files.remove(log.log)
            try Files.remove(folder.appending("app1.log.1"))
            #expect(try read(&log, "*.log").missedBytes == 4)
            #expect(try read(&log, "*.log").missedBytes == 0)
        }
    }

    @Test func aUsersLinkDoesNotHideAFileThatThePatternMatchesItself() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "z.log")
            try log.append("1\n")
            try FilePath("z.log").makeLink(at: folder.appending("a.log"))
            if geteuid() == 0 { #expect(lchown(folder.appending("a.log").string, 65534, 65534) == 0) }
            let batch = try read(&log, "*.log", firstRun: .fromStart)
            #expect(batch.text == "1\n" && batch.failures.isEmpty)
        }
    }

    @Test func aFileThatIsRenamedToAnotherNameOfThePatternGoesOnThere() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "server.log")
            try log.append("1\n")
            #expect(try read(&log, "*.log", firstRun: .fromStart).text == "1\n")
            for (day, late) in [(20_260_101, "late\n"), (20_260_102, ""), (20_260_103, "later\n")] {
                try log.append("\(day)\n")
                try log.rename("server.log", "\(day)_server.log")
                let gone = try read(&log, "*.log")
                #expect(gone.text == "\(day)\n" && gone.notes.isEmpty && gone.failures.isEmpty)
                try log.append(late, to: "\(day)_server.log")
                try log.append("new since \(day)\n")
                #expect(try read(&log, "*.log").text == "\(late)new since \(day)\n")
                #expect(try read(&log, "*.log").text == "")
            }
        }
    }

    @Test func filesThatAllMoveUpANameAreReadOnceAndWhatIsReplacedIsCounted() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "now.log")
            try log.append("now\n")
            try log.append("before\n", to: "older.log")
            try log.append("half", to: "oldest.log")
            #expect(try read(&log, "*.log", firstRun: .fromStart).text == "now\nbefore\n")
            try log.append("rest of before\n", to: "older.log")
            try log.append("rest of now\n")
            try log.rename("older.log", "oldest.log")
            try log.rename("now.log", "older.log")
            try log.append("new\n")
            let batch = try read(&log, "*.log")
            #expect(batch.text == "new\nrest of now\nrest of before\n")
            #expect(batch.missedBytes == 4)
            #expect(try read(&log, "*.log").text == "")
        }
    }

    @Test(arguments: [
        "mv b.log b.log.1", "gzip b.log && mv b.log.gz b.log.1.gz", "mv b.log b.keep",
        "mv b.log b.log.2; echo b4 > b.log.1",
    ])
    func whatIsLeftOfAFileWhoseNameAnotherOneTakesIsRead(rotation: String) throws {
        for known in [1, 2] {
            try withTemporaryFolder { folder in
                var log = LogFolder(folder, log: "a.log")
                try log.append("a1\n")
                try log.append("b1\n", to: "b.log")
                #expect(try read(&log, "*.log", firstRun: .fromStart).text == "a1\nb1\n")
                try log.append("a2\n")
                try log.append("b2\n", to: "b.log")
                if known == 2 { _ = try read(&log, "*.log") }
                try log.append("b3\n", to: "b.log")
                try #require(system("cd '\(folder)' && \(rotation) && mv a.log b.log") == 0)
                let batch = try read(&log, "*.log")
                var lines = batch.text.split(separator: "\n").map(String.init)
                #expect(batch.missedBytes == 0 && batch.failures.isEmpty, "\(batch.notes)")
                try log.append("new\n")
                try log.append("a3\n", to: "b.log")
                for _ in 0..<2 { lines += try read(&log, "*.log").text.split(separator: "\n").map(String.init) }
                let expected =
                    (known == 2 ? [] : ["a2", "b2"]) + ["a3", "b3"] + (rotation.contains("b4") ? ["b4"] : []) + ["new"]
                #expect(lines.sorted() == expected.sorted(), "\(rotation)")
            }
        }
    }

    @Test func whatIsLeftOfAFileIsReadToItsEndWhereverItIsRotated() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "a.log")
            let source = "\(folder)/*.log"
            try log.append("a1\n")
            try log.append("b1\n", to: "b.log")
            _ = try log.read(firstRun: .fromStart, source: source)
            try log.append("b2\nb3\nb4\nb5\n", to: "b.log")
            try log.append("a2\na3\n")
            try log.rename("b.log", "b.log.1")
            try log.rename("a.log", "b.log")
            var lines: [String] = []
            func readOne() throws {
                lines += try log.read(limits: LogLimits(lines: 1), source: source).text.split(separator: "\n")
                    .map(String.init)
            }
            for round in 1...3 {
                try readOne()
                try log.append("new \(round)\n", to: "b.log")
                try log.rename("b.log.\(round)", "b.log.\(round + 1)")
                if round > 1 { try log.rename("b.log.\(round - 1)", "b.log.\(round)") }
                if round > 2 { try log.rename("b.log.1", "b.log.2") }
                try log.rename("b.log", "b.log.1")
                try log.append("newer \(round)\n", to: "b.log")
            }
            for _ in 0..<20 { try readOne() }
            let new = (1...3).flatMap { ["new \($0)", "newer \($0)"] }
            #expect(lines.sorted() == ["a2", "a3", "b2", "b3", "b4", "b5"] + new.sorted())
        }
    }

    @Test func aNameThatComesWhileAnotherOneGoesHidesNeither() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "c.log")
            try log.append("old\n")
            try log.append("other\n", to: "f.log")
            try #require(Glibc.link(log.log.string, folder.appending("b.log").string) == 0)
            #expect(try read(&log, "*.log").text == "")
            try log.append("1\n")
            try #require(
                Glibc.link(folder.appending("f.log").string, folder.appending("g.log").string) == 0)
            try Files.remove(log.log)
            #expect(try read(&log, "*.log").text == "1\n")
        }
    }

    @Test(arguments: [false, true])
    func anEmptyFileWithTwoNamesIsOneLog(isRemoved: Bool) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "c.log")
            try log.append("")
            try #require(Glibc.link(log.log.string, folder.appending("b.log").string) == 0)
            #expect(try read(&log, "*.log").text == "")
            try log.append("1\n")
            if isRemoved { try Files.remove(log.log) }
            #expect(try read(&log, "*.log").text == "1\n")
        }
    }

    @Test func whatWasRotatedBeforeAFileTookTheNameStaysWhereItIs() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "a.log")
            try log.append("a1\n")
            try log.append("b1\n", to: "b.log")
            try log.append("old 1\nold 2\n", to: "b.log.1")
            #expect(try read(&log, "*.log", firstRun: .fromStart).text == "a1\nb1\n")
            try log.rename("a.log", "b.log")
            #expect(try read(&log, "*.log").text == "")
            _ = try OpenFile(folder.appending("b.log"), .writeOnly, options: .truncate)
            try log.append("new\n", to: "b.log")
            #expect(try read(&log, "*.log").text == "new\n")
        }
    }

    @Test func aFileThatHasTheNumberThatItsNewNameWasLeftWithGoesOn() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "c.log")
            try log.append("half")
            let source = "\(folder)/*.log"
            #expect(try log.read(firstRun: .fromStart, source: source).text == "")
            let number = try Files.status(log.log).rawValue.st_ino
            try Files.remove(log.log)
            try log.append("b1\nb2\nb3\n", to: "b.log")
            // Some file systems use a number again at once, others do not; then there is nothing to see here.
            guard try Files.status(folder.appending("b.log")).rawValue.st_ino == number else { return }
            #expect(try log.read(limits: LogLimits(lines: 3), source: source).text == "b1\nb2\nb3\n")
            try log.rename("b.log", "c.log")
            try log.append("b4\n")
            #expect(try log.read(source: source).text == "b4\n")
        }
    }

    @Test func aRenamedFolderOfLogsGoesOnUnderItsNewName() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "one/app.log")
            try Files.makeFolder(folder.appending("one"))
            try log.append("1\n")
            #expect(try read(&log, "*/app.log").text == "")
            try log.append("2\n")
            try log.rename("one", "two")
            #expect(try read(&log, "*/app.log").text == "2\n")
            try log.append("3\n", to: "two/app.log")
            #expect(try read(&log, "*/app.log").text == "3\n")
        }
    }

    @Test func aFileThatHasTheNumberOfADeletedOneIsNew() throws {
        try withTemporaryFolderInMemory { folder in
            var log = LogFolder(folder, log: "a.log")
            try log.append("the old one\n")
            #expect(try read(&log, "*.log").text == "")
            for round in 0..<8 {
                try Files.remove(folder.appending(round == 0 ? "a.log" : "b\(round - 1).log"))
                try log.append("another one, \(round)\n", to: "b\(round).log")
                #expect(try read(&log, "*.log").text == "another one, \(round)\n")
            }
        }
    }

    @Test(arguments: [["a.log", "b*.log"], ["a*.log", "b*.log"], ["a.log", "?.log"], ["a*.log", "*.log"]])
    func aWildcardThatStandsInBeginsAtTheEndOfAllItsFiles(names: [String]) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "a.log")
            func read() throws -> String { try self.read(&log, names[0], names[1]).text }
            try log.append("old\n")
            for name in ["b.log", "c.log"] { try log.append("old\n", to: name) }
            #expect(try read() == "")
            for gap in 1...2 {
                try log.append("\(gap)\n")
                for name in ["b.log", "c.log"] { try log.append("\(gap)\n", to: name) }
                #expect(try read() == "\(gap)\n")
                try log.rename("a.log", "away \(gap)")
                #expect(try read() == "")
                try log.append("of b, \(gap)\n", to: "b.log")
                #expect(try read() == "of b, \(gap)\n")
                try log.append("in between \(gap)\n", to: "b.log")
                try log.append("back \(gap)\n")
                let back = try self.read(&log, names[0], names[1])
                #expect(back.text == "back \(gap)\n")
            }
            // What comes of it while it stands in is new.
            try log.rename("a.log", "away")
            #expect(try read() == "")
            try log.append("new\n", to: names[1].hasPrefix("b") ? "bb.log" : "d.log")
            #expect(try read() == "new\n")
        }
    }

    /// Only root can become somebody who may not.
    @Test(.enabled(if: geteuid() == 0)) func foldersThatMayNotBeEnteredAreNamed() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "open/a.log")
            for name in ["open", "closed", "closed/sub", "closed too"] { try Files.makeFolder(folder.appending(name)) }
            try log.append("1\n")
            try log.append("hidden\n", to: "closed/a.log")
            try log.append("hidden\n", to: "closed/sub/a.log")
            let names = ["closed", "closed too"].map { folder.appending($0) }
            let group: gid_t = 4
            let name = try #require(getgrgid(group).map { String(cString: $0.pointee.gr_name) })
            for name in names {
                try name.changeMode(0o750)
                try #require(chown(name.string, 0, group) == 0)
            }
            for (path, mode): (String, UInt32) in [("", 0o755), ("open", 0o755), ("open/a.log", 0o644)] {
                try folder.appending(path).changeMode(mode)
            }
            var found: [String] = []
            do {
                // Of this thread alone.
                _ = setfsuid(65534)
                defer { _ = setfsuid(0) }
                for pattern in ["*/a.log", "*/*.log"] {
                    log.position = nil
                    let batch = try read(&log, pattern, firstRun: .fromStart)
                    #expect(batch.text == "1\n" && batch.failures.isEmpty)
                    found += batch.notes.map(\.description)
                }
                for pattern in ["closed/*.log", "closed/sub/*.log"] {
                    log.position = nil
                    let batch = try read(&log, pattern)
                    found += batch.failures.map(\.description)
                    #expect(batch.notes.isEmpty)
                }
                log.position = nil
                found += try read(&log, "closed/sub/a.log").failures.map(\.description)
            }
            #expect(found.count == 5)
            for sentence in found {
                #expect(sentence.contains("may not look into the folder \(folder)/closed"))
                #expect(sentence.contains("members of the group \(name) may"))
            }
            #expect(found.prefix(2).allSatisfy { $0.hasSuffix("2 folders were passed over") })
        }
    }

    @Test func manyFoldersAndNamesFullOfSeparatorsAreLookedThroughOnce() throws {
        try withTemporaryFolderInMemory { folder in
            var log = LogFolder(folder, log: "1/a.log")
            for number in 1...400 { try Files.makeFolder(folder.appending("\(number)")) }
            for number in 1...400 { try log.append("1\n", to: "\(number)/a.log") }
            for number in 1...40 {
                let name = String(repeating: "-", count: 230) + "\(number)"
                try log.append("2\n", to: "1/\(name).log")
            }
            #expect(try read(&log, "*/*.log").text == "")
            for number in stride(from: 1, through: 400, by: 100) {
                try log.append("\(number)\n", to: "\(number)/a.log")
            }
            let lines = try read(&log, "*/*.log").text.split(separator: "\n").compactMap { Int($0) }
            #expect(lines.sorted() == Array(stride(from: 1, through: 400, by: 100)))
        }
    }

    @Test func aLogThatAWildcardMatchesAsWellIsThatOfTheFirstThatNamesIt() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "a.log")
            func read() throws -> String { try self.read(&log, "*.log", "a.log").text }
            try log.append("old\n")
            try log.append("old\n", to: "b.log")
            #expect(try read() == "")
            try log.append("1\n")
            try log.append("2\n", to: "b.log")
            #expect(try read() == "1\n2\n")
        }
    }

    @Test(arguments: [["a.log", "b.log"], ["a.log", "b*.log"], ["a*.log", "b*.log"]])
    func whatIsReadGoesOnWhenACandidateComesThatNeverWasThere(names: [String]) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "b.log")
            func read() throws -> String { try self.read(&log, names[0], names[1]).text }
            #expect(try read() == "")
            for line in ["1\n", "2\n"] {
                try log.append(line)
                #expect(try read() == line)
            }
            try log.append("other\n", to: "a.log")
            for line in ["3\n", "4\n"] {
                try log.append(line)
                #expect(try read() == line)
            }
        }
    }

    @Test(arguments: ["b.log", "*.txt"])
    func whereNothingWasThereAtFirstWhatComesIsReadFromItsStart(other: String) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: other == "b.log" ? "b.log" : "c.txt")
            #expect(!(try read(&log, "a.log", other).failures.isEmpty))
            try log.append("1\n2\n")
            #expect(try read(&log, "a.log", other).text == "1\n2\n")
            // What is missing then stands in for nothing.
            try log.append("3\n")
            #expect(try read(&log, "a.log", other).text == "3\n")
        }
    }

    @Test(arguments: [
        ("/var/log/*.log", "/var/log/a.log", true), ("/var/log/*.log", "/var/log/a/b.log", false),
        ("/var/log/*.log", "/var/log/.log", false), ("/var/*/x", "/var/a/x", true), ("/var/*/x", "/var/.a/x", false),
        ("*.log", "a.log", true), ("*.log", "/a.log", false), (#"/a\b/*"#, #"/a\b/c"#, true),
        (#"/a\b/*"#, "/ab/c", false),
        ("/[ab]?", "/bx", true), ("//var//log/*", "/var/log/x", true), ("/var/log/*/", "/var/log/x", true),
    ])
    func whatAWildcardFindsItMatches(pattern: String, path: String, isMatch: Bool) throws {
        let glob = try unwrap(FileGlob(pattern))
        #expect(glob.matches(FilePath(path)) == isMatch)
    }
}
