import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// The folder of the sources.
private let sources = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

@Suite("Plugins that read logs, as programs and in the agent")
struct LogProgramTests {
    private func append(_ text: String, to file: FilePath) throws {
        try OpenFile(file, .writeOnly, options: [.create, .append]).write(text.utf8)
    }

    /// Runs plugins/grep_log as another agent would.
    private func grepLog(_ words: [String], in folder: FilePath) async -> CommandResult {
        await AgentUnderTest.run(
            sources.appending("plugins/grep_log"), words,
            environment: [
                "PANDORA_AGENT_BINARY": AgentUnderTest.program.string, "GREP_LOG_TMP": folder.appending("tmp").string,
            ])
    }

    @Test("grep_log as a program keeps its position where GREP_LOG_TMP says, and prints a module with each match")
    func grepLogProgram() async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("app.log")
            try Files.makeFolder(folder.appending("tmp"))
            try append("old error\n", to: log)
            let words = [log.string, "Errors", "error", "1", "--summary"]
            let first = await grepLog(words, in: folder)
            #expect(first.status == 0, "\(first.complaint)")
            try append("before\nnew Error ]]> <x>\n", to: log)
            let second = await grepLog(words, in: folder)
            #expect(second.status == 0, "\(second.complaint)")
            #expect(
                second.text == """
                    <module>
                    <name><![CDATA[Errors]]></name>
                    <type>async_string</type>
                    <datalist>
                    <data>
                    <value><![CDATA[before
                    new Error ]]]]><![CDATA[> <x>]]></value>
                    </data>
                    </datalist>
                    </module>
                    <module>
                    <name><![CDATA[Errors coincidences]]></name>
                    <type>async_data</type>
                    <data><![CDATA[1]]></data>
                    </module>

                    """)
            #expect(Files.exists(folder.appending("tmp/plugins/positions")))
            #expect(await grepLog(words, in: folder).text.contains("<data><![CDATA[0]]></data>"))
        }
    }

    @Test(
        "A plugin that has output ends with 0 whatever went wrong beside it, as agents drop the output of one that fails"
    )
    func outputAndFailure() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "")
            try agent.configure(
                "module_plugin \(AgentUnderTest.program) plugin --state \(folder)/plugin grep_log_module '\(folder)/b*.log' Program '\\.*'\n"
                    + "module_plugin grep_log_module \(folder)/b*.log Agent \\.*")
            try append("b1\n", to: folder.appending("b.log"))
            #expect(await agent.run("run").status == 0)
            try append("b2\n", to: folder.appending("b.log"))
            try FilePath("nowhere").makeLink(at: folder.appending("bdang.log"))
            _ = await agent.run("run")
            try append(String(repeating: "x", count: 300_000) + "\n", to: folder.appending("b.log"))
            _ = await agent.run("run")
            let logs = try await agent.received().filter { $0.kind == "log_module" }
            let told = try agent.logText()
            for name in ["Program", "Agent"] {
                let texts = logs.filter { $0.name == name }.map(\.text)
                #expect(texts.count == 2, "\(name): \(told)")
                #expect(texts.first == "b2\n")
                #expect(texts.last?.hasPrefix("xxxx") == true)
            }
        }
    }

    @Test("A plugin that fails without any output ends with 1")
    func failureAlone() async {
        await withTemporaryFolder { folder in
            let result = await AgentUnderTest.run(
                AgentUnderTest.program,
                ["plugin", "--state", folder.string, "grep_log_module", "\(folder)/none.log", "N", "."])
            #expect(result.status == 1)
            #expect(result.text.isEmpty)
            #expect(result.complaint.contains("does not exist"))
        }
    }

    @Test(
        "A plugin whose positions are damaged says so, once, and fails where it has no output",
        arguments: ["cut", "altered", "empty", "other"], [false, true])
    func damagedPositions(how: String, hasOutput: Bool) async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("app.log")
            let positions = folder.appending("plugins/positions")
            func run() async -> CommandResult {
                await AgentUnderTest.run(
                    AgentUnderTest.program,
                    ["plugin", "--state", folder.string, "grep_log_module", log.string, "N", "."]
                        + (hasOutput ? ["--from-start"] : []))
            }
            try append("1\n", to: log)
            #expect(await run().status == 0)
            let whole = try Files.read(positions, limit: 1 << 20)
            let damaged: [String: [UInt8]] = [
                "cut": Array(whole.prefix(20)),
                "altered": whole.map { $0 == UInt8(ascii: "N") ? UInt8(ascii: "M") : $0 },
                "other": [UInt8](repeating: 0, count: 100),
            ]
            try Files.replace(positions, with: damaged[how] ?? [])
            try append("2\n", to: log)
            let result = await run()
            #expect(result.status == (hasOutput ? 0 : 1))
            #expect(result.output.isEmpty != hasOutput)
            #expect(
                result.complaint.contains("grep_log_module: \(positions) cannot be used: ")
                    && result.complaint.contains("it was kept as \(positions).damaged, and every reader begins anew"),
                "\(result.complaint)")
            try append("3\n", to: log)
            let next = await run()
            #expect(next.status == 0 && next.complaint.isEmpty && next.text.contains("Mwo="), "\(next.text)")
        }
    }

    @Test("The index of the Perl plugin in GREP_LOG_TMP is taken over")
    func legacyIndex() async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("app.log")
            try Files.makeFolder(folder.appending("tmp"))
            try append("error read\nerror not read\n", to: log)
            let inode = try Files.status(log).rawValue.st_ino
            try append("11 \(inode)", to: folder.appending("tmp/Errors_app.log.idx"))
            #expect(await grepLog([log.string, "Errors", "error"], in: folder).text.contains("[error not read]"))
        }
    }

    @Test("A large log goes out in pieces of which each is an element, and the cap carries the rest over")
    func pieces() async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("app.log")
            let lines = (0..<200_000).map { "line number \($0)\n" }.joined()
            try append(lines, to: log)
            let words = [
                "plugin", "--state", folder.appending("s").string, "grep_log_module", log.string, "N", ".*",
                "--from-start",
                "--max-bytes", "3000000",
            ]
            var received = ""
            var counts: [Int] = []
            while counts.count < 10 {
                let result = await AgentUnderTest.run(AgentUnderTest.program, words)
                #expect(result.status == 0, "\(result.complaint)")
                if result.output.isEmpty { break }
                let document = Array("<agent_data>".utf8) + result.output + Array("</agent_data>".utf8)
                let file = folder.appending("\(counts.count).data")
                try Files.create(file, document)
                let elements = try await ReceivedElement.parse([file])
                received += elements.map(\.text).joined()
                counts.append(elements.count)
            }
            #expect(received == lines)
            #expect(counts == [3, 1])
        }
    }

    @Test("Two modules that are one reader bring each line once, and the second one says so")
    func repeatedModule() async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("app.log")
            try append("", to: log)
            let line = "module_plugin grep_log_module \(log) Name \\.*"
            let agent = try AgentUnderTest(in: folder, "\(line)\n\(line)\n\(line) --exclude debug")
            _ = await agent.run("run")
            try append("one\n", to: log)
            #expect(await agent.run("run").status == 0)
            try append("two\n", to: log)
            #expect(await agent.run("run").status == 0)
            let texts = try await agent.received().filter { $0.kind == "log_module" }.map(\.text)
            // The third one is a reader of its own.
            #expect(texts.sorted() == ["one\n", "one\n", "two\n", "two\n"])
            #expect(try agent.logText().contains("what is new is sent once: remove one of them"))
        }
    }

    @Test("A pattern that ends with a dollar sign is the agent's to look for, quoted or not")
    func dollarSign() async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("app.log")
            try append("", to: log)
            let patterns = ["error$", #"error\$"#, "'error$'", #""error$""#]
            let agent = try AgentUnderTest(
                in: folder,
                patterns.enumerated().map { "module_plugin grep_log_module \(log) N\($0) \($1)" }.joined(
                    separator: "\n"))
            #expect(await agent.run("check").status == 0)
            _ = await agent.run("run")
            try append("1 error\nerror 2\n", to: log)
            #expect(await agent.run("run").status == 0)
            let found = try await agent.received().map { "\($0.name): \($0.text)" }
            #expect(found == (0...3).map { "N\($0): 1 error\n" })
            let positions = String(
                decoding: try Files.read(agent.state.appending("positions"), limit: 1 << 20), as: UTF8.self)
            #expect((0...3).allSatisfy { positions.contains("log%20N\($0)%20") }, "\(positions)")
        }
    }

    @Test("check shows the place of a fault in the options")
    func checkNamesThePlace() async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("app.log")
            try append("", to: log)
            let start = "module_plugin grep_log_module \(log) Name \\.* --exclude "
            let agent = try AgentUnderTest(in: folder, "\(start)'(x'")
            let result = await agent.run("check")
            #expect(result.text.contains(":\(start.utf8.count + 1): warning: "), "\(result.text)")
            #expect(result.text.contains("is not valid at offset 2"), "\(result.text)")
        }
    }
}
