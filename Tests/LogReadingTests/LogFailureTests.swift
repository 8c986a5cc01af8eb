import Glibc
import LogReading
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Logs that cannot be read")
struct LogFailureTests {
    private func failures(_ path: FilePath) throws -> [LogFailure] {
        let reader = LogReader(matching: try LogPattern("x"))
        return reader.read(try LogSource(path.string), from: nil).failures
    }

    @Test func aFolderIsNamed() throws {
        try withTemporaryFolder { folder in
            let found = try failures(folder)
            #expect(found == [LogFailure(folder, .folder)])
        }
    }

    @Test func aFIFOIsNotWaitedFor() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending("fifo")
            try #require(mkfifo(path.string, 0o600) == 0)
            #expect(try failures(path) == [LogFailure(path, .fifo)])
        }
    }

    @Test func aSocketIsNamed() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending("socket")
            try #require(mknod(path.string, S_IFSOCK | 0o600, 0) == 0)
            #expect(try failures(path) == [LogFailure(path, .socket)])
        }
    }

    @Test func aDeviceIsNotOpened() throws {
        #expect(try failures("/dev/zero") == [LogFailure("/dev/zero", .device)])
    }

    @Test func linksThatGoInACircleAreNamed() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending("a")
            try folder.appending("b").makeLink(at: path)
            try path.makeLink(at: folder.appending("b"))
            #expect(try failures(path) == [LogFailure(path, .linkLoop)])
        }
    }

    #if DEBUG
        @Test func whoMayNotReadIsToldTheGroupThatMay() throws {
            try withTemporaryFolder { folder in
                let path = folder.appending("log")
                try Files.create(path, [])
                try path.changeMode(0o640)
                let group = try Files.status(path).groupID.rawValue
                let name = try #require(getgrgid(group).map { String(cString: $0.pointee.gr_name) })
                let found: [LogFailure] = try FaultInjection.with({ $0.operation == "open" ? .permissionDenied : nil })
                {
                    try failures(path)
                }
                #expect(found == [LogFailure(path, .permissionDenied(helpfulGroup: name))])
                #expect(found.first?.description.contains("members of the group \(name) may") == true)
            }
        }

        @Test func aReadThatFailsKeepsWhatWasReadBeforeAndGoesOnThere() throws {
            try withTemporaryFolder { folder in
                var log = LogFolder(folder)
                try log.append("one\n")
                try log.read(firstRun: .fromStart)
                try log.append("two\n")
                let batch: LogBatch = try FaultInjection.with({ $0.operation == "read" ? .ioError : nil }) {
                    try log.read()
                }
                #expect(batch.failures.count == 1)
                #expect(batch.text == "")
                #expect(try log.read().text == "two\n")
            }
        }
    #endif
}

@Suite("Sources")
struct LogSourceTests {
    @Test func theFirstCandidateThatIsThereIsRead() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("b\n", to: "b")
            let source = "\(folder)/a|\(folder)/b|\(folder)/c"
            #expect(try log.read(firstRun: .fromStart, source: source).text == "b\n")
        }
    }

    @Test func aGapInARotationDoesNotMakeTheOtherCandidateRepeatItself() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("a\n", to: "a")
            try log.append("b\n", to: "b")
            let source = "\(folder)/a|\(folder)/b"
            try log.read(source: source)
            try log.rename("a", "a.1")
            #expect(try log.read(source: source).text == "")
            try log.append("new\n", to: "a")
            #expect(try log.read(source: source).text == "new\n")
        }
    }

    @Test(arguments: [LogReader.FirstRun.atEnd, .fromStart])
    func severalGapsDoNotMakeCandidatesWithTheSameLinesRepeatThem(firstRun: LogReader.FirstRun) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            var text = ""
            func both(_ line: String) throws {
                for name in ["a", "b"] { try log.append(line, to: name) }
            }
            func read() throws { text += try log.read(firstRun: firstRun, source: "\(folder)/a|\(folder)/b").text }
            try both("0\n")
            try read()
            text = ""
            for gap in 1...3 {
                try both("before \(gap)\n")
                try log.rename("a", "a.\(9 - gap)")
                try read()
                try both("after \(gap)\n")
                try read()
                try both("later \(gap)\n")
                try read()
            }
            #expect(text == (1...3).map { "before \($0)\nafter \($0)\nlater \($0)\n" }.joined())
            // Once the first one is gone for good, the other one is read on.
            try log.rename("a", "elsewhere")
            try read()
            try log.append("b alone\n", to: "b")
            text = ""
            try read()
            #expect(text == "b alone\n")
        }
    }

    @Test func aGlobReadsItsFilesByNameAndNewOnesFromTheirStart() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("old\n", to: "a.log")
            let source = "\(folder)/*.log"
            #expect(try log.read(source: source).text == "")
            try log.append("b\n", to: "b.log")
            try log.append("a\n", to: "a.log")
            try log.append("hidden\n", to: ".c.log")
            #expect(try log.read(source: source).text == "a\nb\n")
        }
    }

    @Test func aGlobLeavesRotatedLogsToTheLogTheyBelongTo() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("older\n", to: "syslog.1")
            try log.append("old\n", to: "syslog")
            let source = "\(folder)/syslog*"
            #expect(try log.read(firstRun: .fromStart, source: source).text == "old\n")
            try log.append("late\n", to: "syslog")
            try log.rename("syslog", "syslog.1")
            try log.append("new\n", to: "syslog")
            #expect(try log.read(source: source).text == "late\nnew\n")
        }
    }

    @Test func wildcardsInFoldersWork() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            for name in ["one", "two"] {
                try Files.makeFolder(folder.appending(name))
                try log.append("\(name)\n", to: "\(name)/x.log")
            }
            try log.append("file\n", to: "three")
            #expect(try log.read(firstRun: .fromStart, source: "\(folder)/*/x.lo[gh]").text == "one\ntwo\n")
        }
    }

    @Test func wellKnownNamesHaveStandIns() throws {
        let secure = try LogSource("/var/log/secure").candidates
        #expect(secure.prefix(2) == [.file("/var/log/secure"), .file("/var/log/auth.log")])
        #expect(secure.last == .journal(JournalQuery("SYSLOG_FACILITY=4 SYSLOG_FACILITY=10")))
        #expect(try LogSource("secure") == LogSource("/var/log/secure"))
        #expect(
            try LogSource("messages").candidates.prefix(2) == [.file("/var/log/messages"), .file("/var/log/syslog")])
        #expect(try LogSource("/srv/secure").candidates == [.file("/srv/secure")])
    }

    @Test func aJournalIsRecognised() throws {
        let source = try LogSource("journal:_COMM=sshd PRIORITY=3")
        #expect(source.candidates == [.journal(JournalQuery("_COMM=sshd PRIORITY=3"))])
        #expect(source.present(for: nil, journalFolders: JournalFolders(["/nowhere"])) == nil)
    }

    @Test(arguments: ["", "a|", "|"])
    func anEmptyNameIsRefused(argument: String) {
        #expect(throws: LogSourceError.self) { try LogSource(argument) }
    }
}

@Suite("Positions as text")
struct LogPositionTests {
    @Test func everyPositionComesBackFromItsText() throws {
        let odd: FilePath = "/var/log/a b%:=\u{e9}\u{1}"
        let bytes: [CChar] = [0x2f, -1, -2, 0]
        let notText = FilePath(platformString: bytes)
        let file = FilePosition(device: .max, inode: 7, offset: 1 << 40, size: .max, isInsideLine: true)
        let position = LogPosition(
            files: [odd: file, notText: file, "relative": file], lastServed: odd, journalCursor: "s=1;i=2 %")
        let text = position.description
        #expect(text.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
        #expect(LogPosition(text) == position)
    }

    @Test(arguments: [
        "", "2", "1 file=", "1 file=1:2:3", "1  ", "1 other=1", "1 file=1:2:9:3:0:0-0:0-0:none:/x",
        "1 file=1:2:-1:3:0:0-0:0-0:none:/x", "1 file=1:2:3:3:2:0-0:0-0:/x", "1 file=1:2:3:3:0:9999-0:0-0:none:/x",
        "1 file=1:2:3:3:0:0-0:0-0:none:", "1 file=1:2:3:3:0:0-0:0-0:%0", "1 cursor=%ff", "1 file=99999999999999999999",
    ])
    func garbageIsNoPosition(text: String) {
        #expect(LogPosition(text) == nil)
    }
}
