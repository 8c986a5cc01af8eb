import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// Each bad part costs itself alone: a healthy module before and one after it always arrive.
@Suite("Bad input")
struct BadInputTests {
    /// Runs a configuration with healthy modules around the bad lines.
    ///
    /// - Returns: What arrived between the healthy ones, and the log.
    private func survivors(
        of lines: (AgentUnderTest) throws -> String, in folder: FilePath
    ) async throws -> (elements: [ReceivedElement], log: String) {
        let agent = try AgentUnderTest(in: folder, "")
        let before = module("before", "module_exec echo 1")
        let after = module("after", "module_exec echo 2")
        try agent.configure("interval 5\n\(before)\n\(try lines(agent))\n\(after)")
        let result = await agent.run("run")
        #expect(result.status == 0)
        let received = try await agent.received()
        #expect(received.first?.name == "before" && received.last?.name == "after")
        return (Array(received.dropFirst().dropLast()), try agent.logText())
    }

    @Test("A hanging command is killed at its time limit, and the same without one at the interval")
    func hangingCommand() async throws {
        try await withTemporaryFolder { folder in
            let (elements, log) = try await survivors(
                of: { _ in
                    module("hangs", "module_timeout 1", "module_exec sleep 1000") + "\n"
                        + module("hangs too", "module_exec sleep 1000")
                }, in: folder)
            #expect(elements.isEmpty)
            #expect(log.contains("module 'hangs': the command did not end within 1.0 seconds and was killed"))
            #expect(log.contains("module 'hangs too': the command did not end within"))
        }
    }

    @Test("A command that leaves a child behind ends when it ends, and the child with it")
    func childLeftBehind() async throws {
        try await withTemporaryFolder { folder in
            let (elements, _) = try await survivors(
                of: { agent in
                    module(
                        "forks",
                        "module_exec (echo $$; sleep 1000; touch \(agent.folder)/survived) & echo $! > "
                            + "\(agent.folder)/child; echo 5")
                }, in: folder)
            #expect(elements.map(\.name) == ["forks"])
            let text = String(decoding: try Files.read(folder.appending("child"), limit: 100), as: UTF8.self)
            let child = try #require(pid_t(text.split(separator: "\n")[0]))
            // It was killed; who adopts it reaps it when it can.
            try await waitUntil { kill(child, 0) == -1 && errno == ESRCH }
            #expect(!Files.exists(folder.appending("survived")))
        }
    }

    @Test("A command that prints 100 MB is cut, said so, and costs no memory")
    func flood() async throws {
        try await withTemporaryFolder { folder in
            let (elements, log) = try await survivors(
                of: { _ in
                    module(
                        "flood", "module_type generic_data_string",
                        "module_exec head -c 100000000 /dev/zero | tr '\\0' x")
                }, in: folder)
            #expect(log.contains(" warning: module 'flood': its output was cut: 98951424 bytes were dropped"))
            let value = try #require(elements.first?.text)
            #expect(value.utf8.count < 1_100_000)
            #expect(value.hasSuffix("[cut here: 98951424 more bytes]"))
        }
    }

    @Test("A command that prints binary data arrives as text that parses")
    func binary() async throws {
        try await withTemporaryFolder { folder in
            let (elements, _) = try await survivors(
                of: { _ in
                    module("binary", "module_type generic_data_string", "module_exec printf 'a\\000b\\377]]>\\001&<'")
                }, in: folder)
            #expect(elements.map(\.text) == ["a\u{FFFD}b\u{FFFD}]]>\u{FFFD}&<"])
        }
    }

    @Test("Text where the server keeps numbers alone is named")
    func textForNumber() async throws {
        try await withTemporaryFolder { folder in
            let (_, log) = try await survivors(
                of: { _ in module("percent", "module_type generic_data", "module_exec echo 12%") }, in: folder)
            #expect(
                log.contains(
                    "warning: module 'percent': the server keeps numbers alone of type generic_data, and drops '12%'"))
        }
    }

    @Test("A plugin that prints broken XML loses the broken element alone, with its place in the log")
    func brokenPlugin() async throws {
        try await withTemporaryFolder { folder in
            let (elements, log) = try await survivors(
                of: { agent in
                    let output = """
                        <module><name>good</name><type>generic_data</type><data>1</data></module>
                        noise
                        <module><name>bad</name><type>generic_data</typo><data>1</data></module>
                        <module><name>good too</name><type>generic_data</type><data>2</data></module>
                        """
                    try Files.create(agent.folder.appending("output"), output.utf8)
                    return "module_plugin cat \(agent.folder)/output"
                }, in: folder)
            #expect(elements.map(\.name) == ["good", "good too"])
            #expect(log.contains("its output is left out in part: line 2, column 1"))
            #expect(log.contains("its output is left out in part: line 3"))
        }
    }

    @Test("A document type in a plugin's output goes no further, and nothing in it expands")
    func documentType() async throws {
        try await withTemporaryFolder { folder in
            let (elements, log) = try await survivors(
                of: { agent in
                    let output = """
                        <!DOCTYPE x [<!ENTITY a SYSTEM "/etc/passwd"><!ENTITY b "&a;&a;">]>
                        <module><name>secret</name><type>generic_data_string</type><data>&b;</data></module>
                        """
                    try Files.create(agent.folder.appending("output"), output.utf8)
                    return "module_plugin cat \(agent.folder)/output"
                }, in: folder)
            #expect(elements.isEmpty)
            #expect(log.contains("its output is left out in part"))
        }
    }

    @Test("A plugin that prints nothing is no failure; one that fails loses its output, with what it said")
    func silentPlugin() async throws {
        try await withTemporaryFolder { folder in
            let (elements, log) = try await survivors(
                of: { _ in
                    "module_plugin true\nmodule_plugin echo '<module><name>x</name></module>'; echo 'no disk' >&2; exit 2"
                }, in: folder)
            #expect(elements.isEmpty)
            #expect(log.contains("info: module 'true': the plugin printed nothing"))
            #expect(log.contains("the command exited with status 2: no disk"))
        }
    }

    @Test("A log that is missing, a folder, a FIFO, a device or a loop of links is named, each for what it is")
    func unreadableLogs() async throws {
        try await withTemporaryFolder { folder in
            let (elements, log) = try await survivors(
                of: { agent in
                    try Files.makeFolder(agent.folder.appending("folder"))
                    mkfifo(agent.folder.appending("fifo").string, 0o600)
                    try agent.folder.appending("loop").makeLink(at: agent.folder.appending("loop"))
                    return ["missing", "folder", "fifo", "loop"].map {
                        "module_plugin grep_log_module \(agent.folder)/\($0) Name \\.*"
                    }.joined(separator: "\n") + "\nmodule_plugin grep_log_module /dev/zero Name \\.*"
                }, in: folder)
            #expect(elements.isEmpty)
            for name in ["missing", "folder", "fifo", "loop"] {
                #expect(log.contains("\(folder)/\(name) Name \\.*': "), "\(name)")
            }
            #expect(log.contains("/dev/zero Name \\.*': "))
            #expect(log.split(separator: "\n").count { $0.contains("warning: module 'grep_log_module") } == 5)
        }
    }

    @Test("A wrong pattern or wrong arguments are named with the usage")
    func wrongArguments() async throws {
        try await withTemporaryFolder { folder in
            let (_, log) = try await survivors(
                of: { agent in
                    "module_plugin grep_log_module \(agent.log) Name '(unclosed'\nmodule_plugin grep_log_module only"
                }, in: folder)
            #expect(log.contains("(unclosed"))
            #expect(log.contains("it takes 3 arguments and got 1; usage: grep_log_module FILE NAME REGEXP"))
        }
    }

    @Test("Twenty wrong lines are twenty messages, and the healthy modules arrive")
    func twentyWrongLines() async throws {
        try await withTemporaryFolder { folder in
            let wrong = [
                "sever_ip x", "server_port abc", "interval -5", "transfer_mode pigeon", "module_end",
                "module_name orphan",
                "udp_server 1", "proxy_mode 1", "temporal_max_files many", "agent_mode sometimes", "pandora_nice 99",
                "latitude north", "pin server_ip", "logsize big", "timezone_offset 99", "debug maybe", "group_id x",
                "xml_buffer 2", "server_ssl perhaps", "cron_mode later",
            ]
            let (_, log) = try await survivors(of: { _ in wrong.joined(separator: "\n") }, in: folder)
            let messages = log.split(separator: "\n").filter { $0.contains("\(folder)/pandora_agent.conf:") }
            #expect(messages.count == 20)
            // After the general settings and the module before.
            let first = 10
            for (index, line) in wrong.enumerated() {
                #expect(messages.contains { $0.contains("pandora_agent.conf:\(first + index):") }, "\(line)")
            }
            #expect(messages.contains { $0.contains("unknown token 'sever_ip': did you mean 'server_ip'?") })
        }
    }

    @Test("A million modules are one message, and take a few times the memory of their file")
    func millionModules() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "")
            var text = Array("transfer_mode local\nserver_path \(agent.server)\n".utf8)
            let count = 1_000_000
            for number in 0..<count {
                text += Array("module_begin\nmodule_name \(number)\nmodule_exec :\nmodule_end\n".utf8)
            }
            try Files.replace(agent.configuration, with: text)
            // time(1) tells the peak memory of the program, in KiB.
            let memory = folder.appending("memory")
            let result = await AgentUnderTest.run(
                "/usr/bin/time",
                ["--quiet", "--format", "%M", "--output", memory.string, AgentUnderTest.program.string]
                    + agent.words(["check"]))
            #expect(result.status == 1)
            #expect(
                result.text.split(separator: "\n").prefix(2) == [
                    "\(agent.configuration):400003:1: error: more than 100000 modules: "
                        + "the 900000 from here on are left out",
                    "100000 modules run, 0 are skipped",
                ])
            let peak = String(decoding: try Files.read(memory, limit: 100), as: UTF8.self)
            let kibibytes = try #require(Int(peak.split(separator: "\n").last ?? ""))
            #expect(kibibytes << 10 < 4 * text.count)
        }
    }

    @Test("A state folder that cannot be written ends with status 1 and names it")
    func unwritableState() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 1"))
            try Files.create(agent.state, [])
            let result = await agent.run("run")
            #expect(result.status == 1)
            #expect(result.complaint.contains("\(agent.state)"))
        }
    }

    @Test("A full disk under the spool loses nothing: the next cycle with room brings what this one read")
    func fullDisk() async throws {
        try await withTemporaryFolder { folder in
            let lines = folder.appending("lines")
            let agent = try AgentUnderTest(in: folder, "module_plugin grep_log_module \(lines) Lines \\.*")
            try Files.create(lines, [])
            try Files.makeFolder(agent.state)
            // A file system of its own, in a mount namespace that ends with the script.
            let script = """
                mount -t tmpfs -o size=256k,mode=700 tmpfs '\(agent.state)' || exit 90
                agent() { '\(AgentUnderTest.program)' \(agent.words(["run"]).joined(separator: " ")); }
                agent || exit 91
                printf 'one\\ntwo\\n' >> '\(lines)'
                head -c 1000000 /dev/zero > '\(agent.state)/ballast'
                agent; echo "full: $?"
                rm '\(agent.state)/ballast'
                agent || exit 92
                """
            let result = await AgentUnderTest.run("/usr/bin/unshare", ["-rm", "/bin/sh", "-c", script])
            #expect(result.status == 0, "\(result.complaint)")
            #expect(result.text == "full: 1\n")
            #expect(result.complaint.contains("No space left on device"))
            let logs = try await agent.received().filter { $0.kind == "log_module" }
            #expect(logs.map(\.text) == ["one\ntwo\n"])
        }
    }
}
