import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Modules

@Suite("Plugins that read logs")
struct LogPluginTests {
    @Test("A pattern that is too much work is named as a failure, whichever option it belongs to")
    func tooMuchWork() async throws {
        let hard = String(repeating: "a", count: 60) + "b\n"
        for words in [
            ["^(a+)+$"], [".", "--exclude", "^(a+)+$"], [".", "--pattern", "P=^(a+)+$"],
            [".", "--record-start", "^(a+)+$"], [".", "--redact", "^(a+)+$"],
        ] {
            try await withTemporaryFolder { folder in
                var plugin = try PluginOnLog(in: folder)
                _ = try await plugin.run("grep_log_module", words: words)
                try plugin.append("x\n\(hard)")
                _ = try await plugin.run("grep_log_module", words: words)
                if words.contains("--record-start") { _ = try await plugin.run("grep_log_module", words: words) }
                #expect(
                    plugin.outcome.failures.contains { $0.contains("^(a+)+$") && $0.contains("simplify it") },
                    "\(words): \(plugin.outcome)")
            }
        }
    }

    @Test(
        "Work that is too much for a cycle ends it for all files of a log, is said, and goes on in the next one",
        arguments: [["."], [".", "--record-start"], [".", "--exclude"], [".", "--redact"]])
    func tooMuchWorkForACycle(words: [String]) async throws {
        let slow = #"a.*\w+@"#
        let hard = String(repeating: "a", count: 50_000) + " @\n"
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder, reading: "*.log")
            let words = words.count == 1 ? [slow] : words + [slow]
            _ = try await plugin.run("grep_log_module", words: words)
            let names = ["app.log", "bpp.log"]
            for name in names { try plugin.append((0..<3).map { "\(name) \($0) \(hard)" }.joined(), to: name) }
            var texts: [String] = []
            var cycles = 0
            var isOver = false
            repeat {
                texts += try await plugin.run("grep_log_module", words: words).texts
                cycles += 1
                isOver = !plugin.outcome.notes.contains { $0.contains("comes next time") }
                if cycles == 1 {
                    #expect(!isOver)
                    #expect(
                        plugin.outcome.failures.contains {
                            $0.contains("\"\(slow)\" takes too much work; the rest is")
                        },
                        "\(plugin.outcome.failures.map { $0.prefix(300) })")
                }
            } while !isOver && cycles < 20
            if words.contains("--record-start") { texts += try await plugin.run("grep_log_module", words: words).texts }
            #expect(isOver)
            let lines = texts.joined().split(separator: "\n").map { $0.hasPrefix("N: ") ? $0.dropFirst(3) : $0 }
            if words.contains("--redact") {
                #expect(lines == Array(repeating: "[redacted]", count: 6))
            } else {
                let expected = names.flatMap { name in (0..<3).map { "\(name) \($0)" } }
                #expect(lines.map { String($0.prefix(9)) }.sorted() == expected)
            }
        }
    }

    @Test("Of lines that a log was emptied of, those are missed that were not judged yet, to the byte")
    func emptiedLog() async throws {
        for (words, lines, missed) in [
            (["x", "--before", "3"], "1\n2\n3\n4\n", 0), (["x", "--before", "3"], "1\nhalf", 4),
            (["x", "--record-start", "^A"], "A x\n of it\nA x\n more\n", 10), (["x"], "1\nx\nhalf", 4),
        ] {
            try await withTemporaryFolder { folder in
                var plugin = try PluginOnLog(in: folder)
                _ = try await plugin.run("grep_log_module", words: words)
                try plugin.append(lines)
                _ = try await plugin.run("grep_log_module", words: words)
                #expect(plugin.outcome.missedLogBytes == 0)
                _ = try OpenFile(plugin.log, .writeOnly, options: .truncate)
                try plugin.append("A new x\n")
                let elements = try await plugin.run("grep_log_module", words: words)
                #expect(plugin.outcome.missedLogBytes == missed, "\(words), \(lines)")
                #expect(plugin.outcome.failures.isEmpty == (missed == 0), "\(words): \(plugin.outcome.failures)")
                if !words.contains("--record-start") { #expect(elements.texts == ["N: A new x\n"]) }
            }
        }
    }

    @Test("A log that is missing at first is read from its start when it comes")
    func missingAtFirst() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            try Files.remove(plugin.log)
            #expect(try await plugin.run("grep_log_module", ".").isEmpty)
            #expect(!plugin.outcome.failures.isEmpty)
            try plugin.append("1\n2\n")
            #expect(try await plugin.run("grep_log_module", ".").texts == ["N: 1\n2\n"])
        }
    }

    /// The command with a pattern.
    private func command(_ plugin: PluginOnLog, _ pattern: String) -> String {
        "grep_log_module \(plugin.log) N '\(pattern)'"
    }

    @Test("Whoever goes back to a pattern goes on where the last one stood")
    func patternThatComesBack() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            func run(_ pattern: String) async throws -> [String] {
                plugin.configured = [command(plugin, pattern)]
                return try await plugin.run("grep_log_module", pattern).texts
            }
            _ = try await run("a|b")
            for pattern in ["a", "b", "a", "a|b", "b"] {
                try plugin.append("ab\n")
                #expect(try await run(pattern) == ["N: ab\n"])
                #expect(try await run(pattern) == [])
            }
            #expect(plugin.state.count == 1)
        }
    }

    @Test("Of two patterns on a log, each keeps its position, and one that comes back goes on where the other stands")
    func patternBesideAnother() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            let both = [command(plugin, "a"), command(plugin, "b")]
            plugin.configured = both
            for pattern in ["a", "b"] { _ = try await plugin.run("grep_log_module", pattern) }
            try plugin.append("ab\n")
            #expect(try await plugin.run("grep_log_module", "a").texts == ["N: ab\n"])
            #expect(try await plugin.run("grep_log_module", "a").texts == [])
            // Both are there still.
            #expect(try await plugin.run("grep_log_module", "b").texts == ["N: ab\n"])
            plugin.configured = [both[0]]
            try plugin.append("ab again\n")
            #expect(try await plugin.run("grep_log_module", "a").texts == ["N: ab again\n"])
            plugin.configured = both
            try plugin.append("new ab\n")
            #expect(try await plugin.run("grep_log_module", "b").texts == ["N: new ab\n"])
            #expect(try await plugin.run("grep_log_module", "a").texts == ["N: new ab\n"])
            // A third one begins where the first two stand, and takes nothing from them.
            plugin.configured = both + [command(plugin, "[ab]")]
            try plugin.append("last ab\n")
            for pattern in ["[ab]", "a", "b"] {
                #expect(try await plugin.run("grep_log_module", pattern).texts == ["N: last ab\n"])
            }
        }
    }

    @Test("A pattern that was changed goes on where the last one stood, also if others read the log before it is due")
    func changedPatternThatIsNotDue() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            plugin.configured = [command(plugin, "a|x"), command(plugin, "b")]
            for pattern in ["a|x", "b"] { _ = try await plugin.run("grep_log_module", pattern) }
            for changed in ["a|y", "a|z"] {
                plugin.configured = [command(plugin, changed), command(plugin, "b")]
                for line in ["ab 1\n", "ab 2\n"] {
                    try plugin.append(line)
                    #expect(try await plugin.run("grep_log_module", "b").texts == ["N: \(line)"])
                }
                #expect(try await plugin.run("grep_log_module", changed).texts == ["N: ab 1\nab 2\n"])
                #expect(plugin.state.count == 2)
            }
        }
    }

    @Test("A pattern that was changed, and changed again, goes on where the last one stood")
    func changedPattern() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            _ = try await plugin.run("grep_log_module", "aaa|x")
            for (line, pattern) in [("x1", "aaa|x"), ("x2", "bbb|x"), ("x3", "ccc|x"), ("x4", "aab|x")] {
                try plugin.append(line + "\n")
                #expect(try await plugin.run("grep_log_module", pattern).texts == ["N: \(line)\n"])
            }
        }
    }

    @Test("Several patterns, each under its name, from one reading")
    func patterns() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            let words = ["error", "--pattern", "Logins=accepted|failed", "--exclude=healthcheck"]
            #expect(try await plugin.run("grep_log_module", words[0], words[1], words[2], words[3]).isEmpty)
            try plugin.append("Error one\nAccepted root\nfailed: error two\nerror healthcheck\n")
            let elements = try await plugin.run("grep_log_module", words[0], words[1], words[2], words[3])
            #expect(
                elements.texts == ["N: Error one\nfailed: error two\n", "Logins: Accepted root\nfailed: error two\n"])
            #expect(try await plugin.run("grep_log_module", words[0], words[1], words[2], words[3]).isEmpty)
        }
    }

    @Test("Lines around a match, across cycles, none of them twice")
    func context() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            func run() async throws -> [String] {
                try await plugin.run("grep_log_module", "x", "--before", "2", "--after=2").texts
            }
            #expect(try await run().isEmpty)
            try plugin.append("1\n2\n3\n")
            #expect(try await run().isEmpty)
            try plugin.append("x\n4\n")
            #expect(try await run() == ["N: 2\n3\nx\n4\n"])
            try plugin.append("5\n6\n7\nx\n")
            #expect(try await run() == ["N: 5\n6\n7\nx\n"])
            #expect(try await run() == [])
        }
    }

    @Test("A record is held back until the next one begins, or a cycle brings nothing more of it")
    func records() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            func run() async throws -> [String] {
                try await plugin.run("grep_log_module", "NullPointer", "--record-start", #"^\d"#).texts
            }
            #expect(try await run().isEmpty)
            try plugin.append("1 start\n2 error\n NullPointer\n")
            #expect(try await run() == [])
            try plugin.append(" at x\n3 fine\n4 NullPointer\n")
            #expect(try await run() == ["N: 2 error\n NullPointer\n at x\n"])
            #expect(try await run() == ["N: 4 NullPointer\n"])
            #expect(try await run() == [])
            // A rest that comes after all belongs to no record.
            try plugin.append(" NullPointer again\n5\n")
            #expect(try await run() == ["N:  NullPointer again\n"])
        }
    }

    @Test("What is beyond the rate limit is counted in a line")
    func rateLimit() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            _ = try await plugin.run("grep_log_module", "x", "--rate-limit", "2")
            try plugin.append((1...1000).map { "x\($0)\n" }.joined())
            let elements = try await plugin.run("grep_log_module", "x", "--rate-limit", "2")
            #expect(
                elements.texts == ["N: x1\nx2\n[998 more that match were left out: at most 2 are sent at a time]\n"])
            try plugin.append("x!\n")
            #expect(try await plugin.run("grep_log_module", "x", "--rate-limit", "2").texts == ["N: x!\n"])
        }
    }

    @Test("What is beyond the rate limit takes nothing away from what was within it")
    func rateLimitWithContext() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            let words = ["x", "--rate-limit", "1", "--after", "3"]
            _ = try await plugin.run("grep_log_module", words: words)
            try plugin.append("x1\na\nx2\nb\nc\nx3\nd\n")
            #expect(
                try await plugin.run("grep_log_module", words: words).texts
                    == ["N: x1\na\nx2\nb\n[1 more that match were left out: at most 1 are sent at a time]\n"])
        }
    }

    @Test("A record that grows after it was sent is not sent again, whatever it is held for", arguments: [0, 1, 2])
    func growingRecord(before: Int) async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            let words = ["never", "--record-start", "^#", "--before", "\(before)", "--pattern", "P=err"]
            func runTwice() async throws -> [String] {
                try await plugin.run("grep_log_module", words: words).texts
                    + plugin.run("grep_log_module", words: words).texts
            }
            try plugin.append("# 0\n")
            _ = try await runTwice()
            var texts: [String] = []
            for text in ["# 1 err\n", " more of 1\n", " err more of 1\n", " last of 1\n# 2 err\n", "# 3\n"] {
                try plugin.append(text)
                texts += try await runTwice()
            }
            let sent = texts.joined().split(separator: "\n").map { $0.hasPrefix("P: ") ? $0.dropFirst(3) : $0 }
            for line in ["# 1 err", " err more of 1", "# 2 err"] { #expect(sent.count { $0 == line } == 1, "\(texts)") }
            #expect(Set(sent).count == sent.count, "\(texts)")
        }
    }

    @Test("A record that has just come is not whole, even if it is as large as the last one was")
    func recordOfTheSameSize() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            let words = ["err", "--record-start", "^#"]
            _ = try await plugin.run("grep_log_module", words: words)
            var texts: [String] = []
            for text in ["# err aa\n", "# err bb\n", "  trace of bb\n# x   cc\n", "", ""] {
                try plugin.append(text)
                texts.append(try await plugin.run("grep_log_module", words: words).texts.joined())
            }
            #expect(texts == ["", "N: # err aa\n", "N: # err bb\n  trace of bb\n", "", ""])
        }
    }

    @Test(
        "What is known of the lines of a log comes along to its new names",
        arguments: [["--before", "2"], ["--after", "3"], ["--max-lines", "1"]])
    func renamedLog(words: [String]) async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder, reading: "*.log")
            let words = [".", "--pattern", "P=err"] + words
            func run() async throws -> [String] {
                var texts: [String] = []
                for _ in 0..<4 { texts += try await plugin.run("grep_log_module", words: words).texts }
                return texts
            }
            _ = try await run()
            try plugin.append("err 1\n2\n")
            var texts = try await run()
            try Files.rename(plugin.log, to: folder.appending("z.log"))
            try plugin.append("3\n4\n")
            texts += try await run()
            try Files.rename(plugin.log, to: folder.appending("y.log"))
            try plugin.append("5\n", to: "y.log")
            texts += try await run()
            try #require(link(folder.appending("y.log").string, folder.appending("a.log").string) == 0)
            try plugin.append("6\n", to: "y.log")
            texts += try await run()
            let lines = texts.joined().split(separator: "\n")
            for number in 2...6 {
                let isOnce = lines.count { $0 == "\(number)" || $0 == "N: \(number)" } == 1
                // Within three lines after the match, the second pattern has them, too.
                #expect(isOnce || words.contains("--after"), "\(number) in \(texts)")
            }
            #expect(lines.filter { $0 == "6" || $0 == "N: 6" }.count == 1)
        }
    }

    @Test("The mark of a line that was cut is no part of the line", arguments: ["cut here", "long\\]$"])
    func searchedMark(pattern: String) async throws {
        try await withTemporaryFolder { folder in
            let line = String(repeating: "a", count: 2000) + "\n"
            for (words, isSent) in [
                (["nothing", "--pattern", "P=\(pattern)"], false),
                (["nothing", "--before=1", "--pattern", "P=\(pattern)"], false),
                (["a$", "--exclude", pattern], true), (["a$", "--before", "1"], true),
            ] {
                var plugin = try PluginOnLog(in: folder)
                let words = words + ["--max-bytes", "1000"]
                _ = try await plugin.run("grep_log_module", words: words)
                try plugin.append(line)
                let texts = try await plugin.run("grep_log_module", words: words).texts
                #expect(texts.isEmpty == !isSent, "\(words): \(texts)")
                if isSent { #expect(texts.first?.hasSuffix("a [line cut here: too long]\n") == true) }
                try Files.remove(plugin.log)
            }
        }
    }

    @Test("Secrets are replaced, in all lines that leave the host")
    func redaction() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            let words = (#"--redact=(?<=password=)\S+"#, "--after=1", "--case-sensitive")
            _ = try await plugin.run("grep_log_module", "login", words.0, words.1, words.2)
            try plugin.append("LOGIN\nlogin password=hunter2 ok\nthen password=sesame\n")
            let elements = try await plugin.run("grep_log_module", "login", words.0, words.1, words.2)
            #expect(elements.texts == ["N: login password=[redacted] ok\nthen password=[redacted]\n"])
        }
    }

    @Test("A cap carries the rest over, whatever is left out of it")
    func cap() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            for options in [
                ["--max-lines=70"], ["--max-bytes=1000"], ["--max-bytes=1000", "--exclude=a"],
                ["--max-lines=9", "--after=1"],
            ] {
                func run() async throws -> [String] {
                    try await plugin.run("grep_log_module", "line", options[0], options.last ?? options[0]).texts
                }
                _ = try await run()
                let lines = (0..<200).map { "line \($0)\n" }
                try plugin.append(lines.joined())
                var text = ""
                var runs = 0
                repeat {
                    let pieces = try await run().map { String($0.dropFirst(3)) }
                    #expect(pieces.allSatisfy { $0.utf8.count <= 1000 })
                    if pieces.isEmpty { break }
                    text += pieces.joined()
                    runs += 1
                } while runs < 100
                #expect(text == lines.joined(), "\(options)")
                #expect(runs >= 2, "\(options)")
            }
        }
    }

    @Test("grep_log gives a value for each match with the lines around it, a count, and one value on demand")
    func grepLog() async throws {
        try await withTemporaryFolder { folder in
            var plugin = try PluginOnLog(in: folder)
            _ = try await plugin.run("grep_log", "x", "1", "1", "--summary")
            try plugin.append("1\nx2\nX3\r\n4\n")
            #expect(
                try await plugin.run("grep_log", "x", "1", "1", "--summary").texts
                    == [#"N = ["1\nx2\nX3", "x2\nX3\r\n4"]"#, "N coincidences = 2"])
            #expect(try await plugin.run("grep_log", "x", "1", "1", "--summary").texts == ["N coincidences = 0"])
            _ = try await plugin.run("grep_log", "x", "--nodatalist")
            try plugin.append("x5\nx6\n")
            #expect(try await plugin.run("grep_log", "x", "--nodatalist").texts == ["N = x5\nx6"])
        }
    }
}
