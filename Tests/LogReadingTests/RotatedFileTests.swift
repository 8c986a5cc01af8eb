import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import LogReading

@Suite("What rotations leave")
struct RotatedFileTests {
    @Test func aRotatedFileIsFoundAlsoWhereItsNameIsNotUTF8() throws {
        try withTemporaryFolder { folder in
            let log = try unwrap(FilePath(bytes: folder.bytes + Array("/m".utf8) + [0xFC] + Array("ll.log".utf8)))
            var position: LogPosition?
            func read() throws -> LogBatch {
                let batch = LogReader(matching: .everyLine).read(
                    try LogSource("\(folder)/m*.log"), from: position, firstRun: .fromStart)
                position = LogPosition(batch.position.description)
                return batch
            }
            try Files.create(log, Array("1\n".utf8))
            #expect(try read().text == "1\n")
            try OpenFile(log, .writeOnly, options: .append).write("2\n".utf8)
            for number in [2, 1] {
                try Files.rename(log, to: try unwrap(FilePath(bytes: log.bytes + Array(".\(number)".utf8))))
                try Files.create(log, Array("after \(number)\n".utf8))
            }
            #expect(try read().text == "2\nafter 2\nafter 1\n")
        }
    }

    @Test func namesWithLineFeedsAndOtherOddBytesAreNames() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "a\n\"b\\ .log")
            try log.append("1\n")
            try log.read(firstRun: .fromStart)
            try log.append("2\n")
            try log.rename("a\n\"b\\ .log", "a\n\"b\\ .log.1")
            try log.append("3\n")
            #expect(try log.read().text == "2\n3\n")
        }
    }

    /// Lets the log be a link to another file, as programs do that begin a new file for each day.
    private func link(_ log: LogFolder, to target: String) throws {
        try Files.remove(log.log, missingIsFine: true)
        try #require(symlink(target, log.log.string) == 0)
    }

    /// Says when a file was written to last, in seconds since 1970.
    private func date(_ file: FilePath, _ seconds: Int) throws {
        let times = [timeval(tv_sec: seconds, tv_usec: 0), timeval(tv_sec: seconds, tv_usec: 0)]
        try #require(utimes(file.string, times) == 0)
    }

    @Test(arguments: ["", "files/"], [false, true])
    func aLinkThatWasSwitchedSeveralTimesLosesNoFile(folderOfFiles: String, isPacked: Bool) throws {
        try withTemporaryFolder { folder in
            try Files.makeFolder(folder.appending("files"))
            var log = LogFolder(folder, log: "current.log")
            let place = "\(folderOfFiles)app-"
            try log.append("older\n", to: "\(place)8.log")
            try log.append("1\n", to: "\(place)9.log")
            try link(log, to: "\(place)9.log")
            #expect(try log.read(firstRun: .fromStart).text == "1\n")
            for (number, line) in [("9", "2\n"), ("10", "3\n"), ("11", "4\n"), ("12", "5\n"), ("13", "later\n")] {
                try log.append(line, to: "\(place)\(number).log")
            }
            try link(log, to: "\(place)12.log")
            if isPacked { try #require(system("gzip \(folder)/\(place)9.log \(folder)/\(place)10.log") == 0) }
            #expect(try log.read().text == "2\n3\n4\n5\n")
            #expect(try log.read().text == "")
        }
    }

    @Test func ofALinkWhoseFileIsGoneOnlyThePresentFileIsReadAndTheRestIsCounted() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "current.log")
            try log.append("older\n", to: "app-2026-01-01.log")
            try log.append("1\n2\n", to: "app-2026-01-02.log")
            try link(log, to: "app-2026-01-02.log")
            try log.read(limits: LogLimits(lines: 1), firstRun: .fromStart)
            try log.append("3\n", to: "app-2026-01-03.log")
            try log.append("4\n", to: "app-2026-01-04.log")
            try link(log, to: "app-2026-01-04.log")
            try Files.remove(folder.appending("app-2026-01-02.log"))
            let batch = try log.read()
            #expect(batch.text == "4\n")
            #expect(batch.missedBytes == 2)
        }
    }

    @Test func filesBesideTheOneOfALinkThatStaysAreOtherLogs() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "app.log")
            try log.append("foreign\n", to: "srv-1.log")
            try log.append("1\n2\n", to: "srv-2.log")
            try link(log, to: "srv-2.log")
            try log.read(firstRun: .fromStart)
            for round in 3..<6 {
                // Another instance is rotated in the same moment as this one.
                try Files.remove(folder.appending("srv-1.log"))
                try log.append("foreign again\n", to: "srv-1.log")
                try Files.remove(folder.appending("srv-2.log"))
                try log.append("\(round)\n", to: "srv-2.log")
                #expect(try log.read().text == "\(round)\n")
            }
        }
    }

    @Test(arguments: ["app-%.log", "app.log.%", "app.%.log"])
    func filesOfALinkMayBeNamedAsRotationsOfTheLinkWouldBe(pattern: String) throws {
        try withTemporaryFolder { folder in
            func name(_ number: Int) -> String {
                pattern.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "\(number)")
            }
            var log = LogFolder(folder, log: "app.log")
            var lines: [String] = []
            for number in 1...9 {
                try log.append("\(number) a\n", to: name(number))
                try link(log, to: name(number))
                lines += try log.read(firstRun: .fromStart).text.split(separator: "\n").map(String.init)
                try log.append("\(number) b\n", to: name(number))
                // Every third one is there between two readings only.
                if number % 3 == 0 { continue }
                lines += try log.read().text.split(separator: "\n").map(String.init)
            }
            #expect(lines == (1...9).flatMap { ["\($0) a", "\($0) b"] }.dropLast())
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func aUsersLinkLeadsThroughNoFileOfAnother() throws {
        // Only root reads what a user may not, and makes files that are others'.
        try withTemporaryFolder { folder in
            let user: uid_t = 65534
            var log = LogFolder(folder, log: "app.log")
            func own(_ name: String) throws { try #require(lchown(folder.appending(name).string, user, user) == 0) }
            try log.append("0\n", to: "foo-0.log")
            try log.append("secret\n", to: "foo-1.log")
            try own("foo-0.log")
            try link(log, to: "foo-0.log")
            try own("app.log")
            #expect(try log.read(firstRun: .fromStart).text == "0\n")
            try log.append("2\n", to: "foo-2.log")
            try log.append("9\n", to: "foo-9.log")
            for name in ["foo-2.log", "foo-9.log"] { try own(name) }
            try link(log, to: "foo-9.log")
            try own("app.log")
            #expect(try log.read().text == "2\n9\n")
        }
    }

    @Test(arguments: [
        ("app.log", ["app.log.@4000000065a1b2c312345678.s", "app.log.@4000000065a1b2d000000000.s"]),
        ("current", ["@4000000065a1b2c312345678.s", "@4000000065a1b2d000000000.u"]),
        ("app.log", ["app.log.Sat", "app.log.Sun"]), ("app.log", ["app-june.log", "app-July.log"]),
    ])
    func namesThatHoldATimeOrADayAreInOrder(name: String, rotated: [String]) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: name)
            try log.append("1\n")
            try log.read(firstRun: .fromStart)
            for (number, new) in rotated.enumerated() {
                try log.append("of \(number)\n")
                try log.rename(name, new)
                try date(folder.appending(new), 1_700_000_000 + number)
            }
            try log.append("new\n")
            #expect(try log.read().text == "of 0\nof 1\nnew\n")
        }
    }

    @Test func aNameThatTellsNoOrderIsSaid() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("1\n")
            try log.read(firstRun: .fromStart)
            try log.append("2\n")
            try log.rename("app.log", "app.log.put-away")
            try log.append("3\n")
            let batch = try log.read()
            #expect(batch.text == "2\n3\n")
            #expect(batch.notes.contains(.orderUnknown(log.log, rest: folder.appending("app.log.put-away"))))
            #expect(try log.read().notes.isEmpty)
        }
    }

    @Test func moreRotatedFilesThanCanBeOpenAtOnceAreAllRead() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("0\n")
            try log.read(firstRun: .fromStart)
            for number in 1...250 {
                try log.rename("app.log", "app.log.\(1000 - number)")
                try log.append(number % 3 == 0 ? "" : "\(number)\n")
            }
            var text = ""
            var batch = try log.read()
            text += batch.text
            while batch.hasMore {
                batch = try log.read()
                text += batch.text
            }
            #expect(text == (1...250).filter { $0 % 3 != 0 }.map { "\($0)\n" }.joined())
            #expect(batch.missedBytes == 0)
        }
    }

    @Test(arguments: [false, true])
    func filesBesideTheOneOfALinkDoNotHideWhatRotationsLeftOfIt(isCopied: Bool) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder, log: "main.log")
            try log.append("1\n", to: "worker-3.log")
            try link(log, to: "worker-3.log")
            try log.read(firstRun: .fromStart)
            try log.append("2\n", to: "worker-3.log")
            if isCopied {
                try log.copyTruncate(to: "worker-3.log.1")
            } else {
                try log.rename("worker-3.log", "worker-3.log.1")
            }
            try log.append("3\n", to: "worker-3.log")
            try log.append("of another\n", to: "worker-1.log")
            #expect(try log.read().text == "2\n3\n")
        }
    }

    @Test func aWildcardThatIsThereAgainIsReadRatherThanItsStandIn() throws {
        try withTemporaryFolder { folder in
            let log = LogFolder(folder, log: "a.log")
            let source = try LogSource("\(folder)/a*.log|\(folder)/b.log")
            var position: LogPosition?
            func read() -> String {
                let batch = LogReader(matching: .everyLine).read(source, from: position, firstRun: .fromStart)
                position = LogPosition(batch.position.description)
                return batch.text
            }
            try log.append("a1\n")
            try log.append("b1\n", to: "b.log")
            #expect(read() == "a1\n")
            try log.append("a2\n")
            try log.rename("a.log", "a.log.1")
            #expect(read() == "")
            try log.append("b2\n", to: "b.log")
            #expect(read() == "b2\n")
            try log.append("a3\n")
            #expect(read() == "a2\na3\n")
            try log.append("b4\n", to: "b.log")
            try log.append("a4\n")
            #expect(read() == "a4\n")
        }
    }
}
