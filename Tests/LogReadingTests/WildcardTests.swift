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
