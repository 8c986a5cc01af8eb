#if DEBUG
    import Glibc
    import LogReading
    import SystemFiles
    import SystemPackage
    import TestSupport
    import Testing

    @Suite("Packed files")
    struct PackedFileTests {
        @Test func aPackedFileThatWasReadToItsEndIsNotUnpackedAgain() throws {
            try withTemporaryFolder { folder in
                var log = LogFolder(folder)
                let lines = (0..<400_000).map { "line \($0) \($0 &* 2_654_435_761 % 1_000_003)\n" }.joined()
                try log.append(lines)
                try log.read(limits: LogLimits(bytes: 64 << 20, lines: .max), firstRun: .fromStart)
                try log.append("last\n")
                try log.rename("app.log", "app.log.1")
                #expect(try log.read().text == "last\n")
                try #require(system("gzip \(folder)/app.log.1") == 0)
                // The first look has to see that it is the same.
                #expect(try log.read().text == "")
                nonisolated(unsafe) var reads = 0
                func look() throws -> LogBatch {
                    reads = 0
                    return try FaultInjection.with({ call in
                        if call.operation == "read" { reads += 1 }
                        return nil
                    }) { try log.read() }
                }
                #expect(try look().text == "")
                #expect(reads < 5)
                try log.append("new\n")
                #expect(try look().text == "new\n")
                #expect(reads < 20)
                #expect(try log.read().text == "")
            }
        }
    }
#endif
