import Glibc
import LogReading
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Reading many lines at once, and none")
struct WholePieceTests {
    /// Reads until nothing more comes.
    private func readAll(_ log: inout LogFolder, _ limits: LogLimits) throws -> (text: String, readings: Int) {
        var text = ""
        for reading in 1...1000 {
            let batch = try log.read(limits: limits, firstRun: .fromStart)
            text += batch.text
            if !batch.hasMore { return (text, reading) }
        }
        throw Missing()
    }

    @Test func allLinesComeOnceWhateverTheLimits() throws {
        try withTemporaryFolder { folder in
            var random = SeededGenerator(seed: 3)
            let lines = (0..<40_000).map { number in
                "line \(number) " + String(repeating: "x", count: .random(in: 0...60, using: &random)) + "\n"
            }
            for bytes in [300_000, 600_001, 1_000_000, 10_000_000] {
                var log = LogFolder(folder, log: "\(bytes).log")
                try log.append(lines.joined() + "unfinished")
                let result = try readAll(&log, LogLimits(bytes: bytes, lines: .max))
                #expect(result.text == lines.joined(), "\(bytes)")
                #expect(result.readings <= lines.joined().utf8.count / (bytes - 100) + 2)
                try log.append(" no more\nlast\n")
                #expect(try readAll(&log, LogLimits(bytes: bytes, lines: .max)).text == "unfinished no more\nlast\n")
            }
        }
    }

    @Test func aLineThatIsTooLongAmongOthersIsCut() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            let short = (0..<20_000).map { "line \($0)\n" }.joined()
            let limits = LogLimits(bytes: 1_000_000, lines: .max, lineLength: 5000)
            for long in [5000, 5001, 700_000] {
                let line = String(repeating: "y", count: long)
                try log.append(short + line + "\n" + short)
                let cut = long > 5000 ? String(repeating: "y", count: 5000) + LogLimits.cutMark : line + "\n"
                #expect(try readAll(&log, limits).text == short + cut + short, "\(long)")
            }
        }
    }

    @Test func theLastFileOfARotationIsReadOnInTheSameReading() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            let lines = (0..<50_000).map { "line \($0)\n" }.joined()
            try log.append(lines)
            try log.rename("app.log", "app.log.1")
            try log.append("new\n")
            #expect(try log.read(limits: LogLimits(bytes: 2_000_000, lines: .max)).text == lines + "new\n")
        }
    }

    #if DEBUG
        @Test func aLogThatNobodyTouchedIsNotOpened() throws {
            try withTemporaryFolder { folder in
                var log = LogFolder(folder)
                try log.append("one\n")
                try log.read(firstRun: .fromStart)
                let batch: LogBatch = try FaultInjection.with({
                    ["open", "read"].contains($0.operation) ? .ioError : nil
                }) {
                    try log.read()
                }
                #expect(batch.failures.isEmpty && batch.text.isEmpty)
            }
        }
    #endif

    @Test func aLogThatWasWrittenAnewWithTheSameSizeIsNoticed() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            var before = try Files.status(log.log).rawValue.st_ctim
            try log.truncateLog()
            try log.append("two\n")
            // File systems count time in steps of some milliseconds; in one of them nobody could tell.
            while true {
                let now = try Files.status(log.log).rawValue.st_ctim
                if now.tv_sec != before.tv_sec || now.tv_nsec != before.tv_nsec { break }
                before = now
                try log.truncateLog()
                try log.append("two\n")
            }
            #expect(try log.read().text == "two\n")
        }
    }

    @Test func aPositionOfAnEarlierVersionIsUnderstood() {
        let old = "1 file=1:2:3:3:0:0-cbf29ce484222325:0-cbf29ce484222325:none:/x"
        #expect(LogPosition(old)?.files["/x"]?.changed == 0)
        #expect(LogPosition("1 file=1:2:3:3:0:0-cbf29ce484222325:0-cbf29ce484222325:none:-5:/x") == nil)
    }
}
