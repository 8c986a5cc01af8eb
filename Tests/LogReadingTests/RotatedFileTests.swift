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
}
