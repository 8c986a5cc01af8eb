#if DEBUG
    import Glibc
    import LogReading
    import SystemFiles
    import SystemPackage
    import TestSupport
    import Testing

    /// What others do to a log in the middle of a reading: between two system calls, chosen one by one.
    @Suite("Logs that change while they are read")
    struct InterferenceTests {
        /// Reads, and does something just before one of the system calls.
        private func read(
            _ log: inout LogFolder, before call: Int, _ interfere: @escaping @Sendable () -> Void
        ) throws -> (batch: LogBatch, didInterfere: Bool) {
            nonisolated(unsafe) var didInterfere = false
            let batch: LogBatch = try FaultInjection.with({
                if $0.index == call, !didInterfere {
                    didInterfere = true
                    interfere()
                }
                return nil
            }) { try log.read(firstRun: .fromStart) }
            return (batch, didInterfere)
        }

        /// Reads until nothing more comes, a few times at most.
        private func readRest(_ log: inout LogFolder) throws -> String {
            var text = ""
            for _ in 0..<3 { text += try log.read(firstRun: .fromStart).text }
            return text
        }

        /// For each system call of a reading: what comes in this and the next readings.
        ///
        /// - Parameter news: What was written since an earlier reading.
        private func forEachCall(
            withNews news: String, interfere: @escaping @Sendable (FilePath) -> Void,
            check: (String, Int) -> Void
        ) throws {
            var call = 0
            while true {
                let isDone = try withTemporaryFolder { folder in
                    var log = LogFolder(folder)
                    try log.append("one\n")
                    try log.read(firstRun: .fromStart)
                    try log.append(news)
                    let path = log.log
                    let (batch, didInterfere) = try read(&log, before: call) { interfere(path) }
                    if !didInterfere { interfere(path) }
                    check(batch.text + (try readRest(&log)), call)
                    return !didInterfere
                }
                if isDone { break }
                call += 1
            }
            #expect(call > 3, "there were no calls to interfere with")
        }

        @Test("copytruncate at any moment of a reading: the copy has what was not read, and nothing comes twice")
        func copyTruncate() throws {
            try forEachCall(withNews: "two\nthree\n") { path in
                let content = (try? Files.read(path, limit: 1 << 20)) ?? []
                try? Files.create(path.removingLastComponent().appending("app.log.1"), content)
                truncate(path.string, 0)
                // What is written anew is longer than what was there, so a size alone would not tell.
                try? OpenFile(path, .writeOnly, options: .append).write("a new line, longer than all others\n".utf8)
            } check: { text, call in
                #expect(text == "two\nthree\na new line, longer than all others\n", "before call \(call)")
            }
        }

        @Test("A log that is emptied at any moment: what comes is whole lines, none of them twice, and what follows")
        func emptied() throws {
            try forEachCall(withNews: "two\nthree\n") { path in
                truncate(path.string, 0)
                try? OpenFile(path, .writeOnly, options: .append).write("four, which is longer than all others\n".utf8)
            } check: { text, call in
                let four = "four, which is longer than all others\n"
                #expect([four, "two\nthree\n" + four].contains(text), "before call \(call): \(text)")
            }
        }

        @Test("A rename at any moment of a reading, with a new file or without one")
        func rename() throws {
            for makesFile in [true, false] {
                try forEachCall(withNews: "two\n") { path in
                    try? Files.rename(path, to: path.removingLastComponent().appending("app.log.1"))
                    if makesFile { try? Files.create(path, "three\n".utf8) }
                } check: { text, call in
                    #expect(text == "two\n" + (makesFile ? "three\n" : ""), "before call \(call)")
                }
            }
        }

        @Test("A log that vanishes at any moment, and comes back")
        func vanishes() throws {
            try forEachCall(withNews: "two\n") { path in
                try? Files.remove(path)
                try? Files.create(path, "three\n".utf8)
            } check: { text, call in
                #expect(["three\n", "two\nthree\n"].contains(text), "before call \(call)")
            }
        }

        @Test("A log that grows with every system call of its reading is read to where it ended at first")
        func growing() throws {
            try withTemporaryFolder { folder in
                var log = LogFolder(folder)
                try log.append("one\n")
                let path = log.log
                nonisolated(unsafe) var written = 1
                let grow: @Sendable () -> Void = {
                    written += 1
                    let line = "line \(written)\n"
                    let descriptor = open(path.string, O_WRONLY | O_APPEND)
                    _ = Glibc.write(descriptor, line, line.utf8.count)
                    close(descriptor)
                }
                var text = ""
                for _ in 0..<20 {
                    let batch: LogBatch = try FaultInjection.with({ _ in
                        grow()
                        return nil
                    }) { try log.read(firstRun: .fromStart) }
                    text += batch.text
                }
                text += try readRest(&log)
                #expect(text == "one\n" + (2...written).map { "line \($0)\n" }.joined())
            }
        }

        @Test("A log that is replaced by a link to another file is read there from its start")
        func replacedByLink() throws {
            try withTemporaryFolder { folder in
                var log = LogFolder(folder)
                try log.append("one\n")
                try log.read(firstRun: .fromStart)
                try log.append("two\n")
                try log.append("elsewhere\n", to: "other")
                try log.rename("app.log", "app.log.1")
                try folder.appending("other").makeLink(at: log.log)
                #expect(try log.read().text == "two\nelsewhere\n")
                try log.append("more\n", to: "other")
                #expect(try log.read().text == "more\n")
            }
        }
    }
#endif
