import Glibc
import LogReading
import Synchronization
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Where logs are, and under which names")
struct LogPlaceTests {
    /// Reads a glob in the log's folder.
    @discardableResult
    private func read(_ log: inout LogFolder, _ pattern: String, limits: LogLimits = LogLimits()) throws -> LogBatch {
        try log.read(limits: limits, source: log.path.appending(pattern).string)
    }

    @Test func oneFileOfAGlobThatCannotBeReadKeepsNoOtherWaiting() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "a.log")
            try log.append("old\n")
            try FilePath("nowhere").makeLink(at: folder.appending("b.log"))
            try read(&log, "*.log")
            try log.append("one\n")
            #expect(try read(&log, "*.log").text == "one\n")
            try Files.remove(folder.appending("b.log"))
            try log.append("two\n")
            #expect(try read(&log, "*.log").text == "two\n")
        }
    }

    @Test func aNameThatIsNotUTF8IsAFileLikeOthers() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "a.log")
            try log.append("old\n")
            try read(&log, "*.log")
            let script = "printf 'one\\n' > \"$(printf '\(folder)/b\\377.log')\""
            #expect(script.withCString { system($0) } == 0)
            let batch = try read(&log, "*.log")
            #expect(batch.text == "one\n")
            #expect(batch.failures.isEmpty)
        }
    }

    @Test func aGlobKnowsARotatedLogThatHasNoFileForTheMoment() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "syslog")
            try log.append("l0\n")
            try read(&log, "syslog*")
            try log.append("l1\n")
            #expect(try read(&log, "syslog*").text == "l1\n")
            try log.append("l2\n")
            try log.rename("syslog", "syslog.1")
            #expect(try read(&log, "syslog*").text == "l2\n")
            try log.append("l3\n")
            #expect(try read(&log, "syslog*").text == "l3\n")
        }
    }

    @Test func whatIsPackedWhereItWasIsReadToItsEndAndNeverAsLines() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "app-2026-01-30.log")
            try log.append("one\n")
            try read(&log, "*")
            try log.append("two\n")
            #expect("gzip '\(log.log)'".withCString { system($0) } == 0)
            try log.append("new\n", to: "app-2026-01-31.log")
            #expect(try read(&log, "*").text == "two\nnew\n")
            #expect(try read(&log, "*").text == "")
        }
    }

    @Test func aFileWithTwoNamesIsReadOnce() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "app-1.log")
            try log.append("one\n")
            try FilePath("app-1.log").makeLink(at: folder.appending("current.log"))
            #expect(link(log.log.string, folder.appending("hard.log").string) == 0)
            try read(&log, "*.log")
            try log.append("two\n")
            #expect(try read(&log, "*.log").text == "two\n")
            // The link is switched; both go on where they were left.
            try Files.remove(folder.appending("current.log"))
            try log.append("three\n", to: "app-2.log")
            try FilePath("app-2.log").makeLink(at: folder.appending("current.log"))
            try log.append("four\n")
            let lines = try read(&log, "*.log").text.split(separator: "\n").sorted()
            #expect(lines == ["four", "three"])
            #expect(try read(&log, "*.log").text == "")
        }
    }

    @Test func aFileOfAGlobThatIsDeletedIsNoFailureButItsRestIsCounted() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "a.log")
            try log.append("old\n")
            try log.append("old\n", to: "b.log")
            try read(&log, "*.log")
            try Files.remove(folder.appending("b.log"))
            let gone = try read(&log, "*.log")
            #expect(gone.failures.isEmpty && gone.notes.isEmpty && gone.missedBytes == 0)
            try log.append("1\n2\n3\n4\n")
            #expect(try read(&log, "*.log", limits: LogLimits(bytes: 1000, lines: 1)).text == "1\n")
            try Files.remove(log.log)
            try log.append("c\n", to: "c.log")
            let batch = try read(&log, "*.log")
            #expect(batch.text == "c\n")
            #expect(batch.missedBytes == 6)
            #expect(batch.notes == [.missed(log.log, bytes: 6)])
        }
    }

    @Test func aLogOfAGlobThatWasDeletedIsKnownWhileItsRotatedFilesAreThere() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try read(&log, "app.log*")
            try log.rename("app.log", "app.log.1")
            try log.append("two\n")
            #expect(try read(&log, "app.log*").text == "two\n")
            try Files.remove(log.log)
            #expect(try read(&log, "app.log*").text == "")
            #expect(try read(&log, "app.log*").text == "")
            try log.append("three\n")
            try log.rename("app.log.1", "app.log.2")
            try log.rename("app.log", "app.log.1")
            try log.append("four\n")
            let batch = try read(&log, "app.log*")
            #expect(batch.text == "three\nfour\n")
            #expect(batch.missedBytes == 0 && batch.failures.isEmpty)
        }
    }

    @Test func whatWasMetByItsRotatedNameIsThePastOfItsLogOnceThatHasAFile() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("old\n", to: "app.log.2")
            try log.append("old\n", to: "app.log.1")
            try read(&log, "app.log*")
            try log.append("one\n", to: "app.log.1")
            #expect(try read(&log, "app.log*").text == "one\n")
            try log.append("two\n", to: "app.log.1")
            try log.append("three\n")
            #expect(try read(&log, "app.log*").text == "two\nthree\n")
            try log.rename("app.log.1", "app.log.2")
            try log.rename("app.log", "app.log.1")
            try log.append("four\n")
            #expect(try read(&log, "app.log*").text == "four\n")
        }
    }

    @Test(arguments: [false, true])
    func aLogThatIsMetWhereNoRoomIsLeftIsReadAlsoIfItIsRotatedBeforeTheNextTime(readsEach: Bool) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "a.log")
            try log.append("old\n")
            try read(&log, "*.log")
            try log.append("one\ntwo\n")
            try log.append("new\n", to: "b.log")
            try log.append("", to: "c.log")
            if readsEach {
                let position = try unwrap(LogPosition(unwrap(log.position)))
                let reader = LogReader(matching: .everyLine, limits: LogLimits(lines: 1))
                let source = try LogSource(folder.appending("*.log").string)
                let batch = reader.readEach(source, from: position) { file in
                    #expect(file.path == log.log && file.batch.text == "one\n")
                    return FileBatch.Progress(position: file.batch.position.files[file.path], goesOn: false)
                }
                log.position = batch.position.description
            } else {
                let first = try read(&log, "*.log", limits: LogLimits(lines: 1))
                #expect(first.text == "one\n" && first.hasMore)
            }
            try log.append("late\n", to: "c.log")
            for name in ["b.log", "c.log"] {
                try log.rename(name, "\(name).1")
                try log.append("\(name)\n", to: name)
            }
            let second = try read(&log, "*.log")
            #expect(second.text.split(separator: "\n").sorted() == ["b.log", "c.log", "late", "new", "two"])
        }
    }

    @Test func theRestOfAPackedFileThatIsRemovedIsCounted() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("old\n")
            try log.read()
            try log.append("1\n2\n3\n4\n")
            try log.rename("app.log", "app.log.1")
            try Files.gzip(folder.appending("app.log.1"))
            try log.append("new\n")
            #expect(try log.read(limits: LogLimits(lines: 1)).text == "1\n")
            try Files.remove(folder.appending("app.log.1.gz"))
            let batch = try log.read()
            #expect(batch.text == "new\n")
            #expect(batch.missedBytes == 6)
            #expect(batch.notes == [.missed(log.log, bytes: 6)])
        }
    }

    @Test func aLogThatIsALinkIsFollowedWhereItsRotationsAre() throws {
        try withTemporaryFolder { folder in
            try Files.makeFolder(folder.appending("disk"))
            var log = LogFolder(folder)
            try FilePath("disk/app.log").makeLink(at: log.log)
            try log.append("one\n", to: "disk/app.log")
            try log.read()
            try log.append("two\n", to: "disk/app.log")
            try log.rename("disk/app.log", "disk/app.log.1")
            #expect(try log.read().text == "two\n")
            try log.append("three\n", to: "disk/app.log.1")
            try log.append("four\n", to: "disk/app.log")
            let batch = try log.read()
            #expect(batch.text == "three\nfour\n")
            #expect(batch.missedBytes == 0 && batch.failures.isEmpty)
        }
    }

    @Test func anotherLogWithTheNumberAndTheBeginningOfTheLogIsNotTakenForIt() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("# begin\n")
            try log.read()
            try log.append("one\n")
            // Whatever number the file system gives to the other log, it has the number of this one, as if that had been free.
            try log.append("# begin\nforeign\n", to: "other.log")
            var position = try unwrap(LogPosition(unwrap(log.position)))
            position.files[log.log]?.inode = UInt64(try Files.status(folder.appending("other.log")).rawValue.st_ino)
            log.position = position.description
            try log.rename("app.log", "app.log.1")
            try Files.gzip(folder.appending("app.log.1"))
            try log.append("two\n")
            #expect(try log.read().text == "one\ntwo\n")
        }
    }

    @Test func aFolderThatCannotBeListedCostsTheRotatedRestAlone() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read()
            try log.append("two\n")
            try log.rename("app.log", "app.log.1")
            try log.append("three\n")
            let batch = try FaultInjection.with({ $0.subject == folder.string ? .permissionDenied : nil }) {
                try log.read()
            }
            #expect(batch.text == "three\n")
            #expect(batch.failures == [LogFailure(folder, .folderCannotBeListed)])
            #expect(batch.notes.contains(.missed(log.log, bytes: 0)))
        }
    }

    @Test func anotherNumberOfTheDeviceAfterAMountIsTheSameFile() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read()
            var position = try unwrap(LogPosition(unwrap(log.position)))
            position.files[log.log]?.device ^= 1
            log.position = position.description
            try log.append("two\n")
            let batch = try log.read()
            #expect(batch.text == "two\n")
            #expect(batch.notes.isEmpty && batch.failures.isEmpty && batch.missedBytes == 0)
        }
    }

    @Test func aCopyThatTookTheLogsPlaceIsReadOn() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append((1...20).map { "line \($0)\n" }.joined())
            try log.read()
            try Files.create(folder.appending("copy"), try Files.read(log.log, limit: 1000))
            try log.rename("copy", "app.log")
            try log.append("new\n")
            let batch = try log.read()
            #expect(batch.text == "new\n")
            #expect(batch.missedBytes == 0 && batch.failures.isEmpty)
        }
    }

    @Test func aUsersLinkToAFileOfAnotherIsNotFollowed() throws {
        // Only root reads what a user may not, and makes links that are others'.
        try withTemporaryFolder { folder in
            guard geteuid() == 0 else { return }
            var log = LogFolder(folder, log: "a.log")
            try log.append("old\n")
            try read(&log, "*.log")
            try Files.create(folder.appending("secret"), Array("root's\n".utf8))
            let trap = folder.appending("x.log")
            try FilePath("secret").makeLink(at: trap)
            #expect(lchown(trap.string, 65534, 65534) == 0)
            let batch = try read(&log, "*.log")
            #expect(batch.text == "")
            #expect(batch.failures == [LogFailure(trap, .foreignLink)])
            // Its owner's own files are another matter.
            #expect(chown(folder.appending("secret").string, 65534, 65534) == 0)
            #expect(try read(&log, "*.log").text == "root's\n")
        }
    }

    @Test func deletingAndRotatingManyLogsOfOneFolderCostsSomeCallsForEach() throws {
        try withTemporaryFolderInMemory { folder in
            let count = 400
            var log = LogFolder(folder, log: "0.log")
            for number in 0..<count {
                try Files.create(folder.appending("\(number).log"), Array("old \(number)\n".utf8))
            }
            try read(&log, "*.log")
            for number in 0..<count {
                if number.isMultiple(of: 2) {
                    try Files.remove(folder.appending("\(number).log"))
                } else {
                    try log.append("new \(number)\n", to: "\(number).log")
                    if number % 4 == 1 { try log.rename("\(number).log", "\(number).log.1") }
                }
            }
            let calls = Mutex(0)
            let batch = try FaultInjection.with({ _ in
                calls.withLock { $0 += 1 }
                return nil
            }) { try read(&log, "*.log") }
            #expect(batch.lines.count == count / 2)
            #expect(batch.failures.isEmpty && batch.missedBytes == 0)
            // To look at each name for each of them would be a hundred thousand.
            #expect(calls.withLock(\.self) < 60 * count)
        }
    }
}
