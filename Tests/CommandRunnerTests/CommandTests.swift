import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Commands", .timeLimit(.minutes(15)))
struct CommandTests {
    @Test("Exit statuses come back", arguments: [0, 1, 2, 126, 255] as [Int32])
    func exitStatus(status: Int32) async {
        let result = await shell("exit \(status)")
        #expect(result.ending == .exited(status: status))
        #expect(result.isSuccess == (status == 0))
    }

    @Test(
        "Signals that end a command come back, also those that look like ours", arguments: [SIGTERM, SIGKILL, SIGSEGV])
    func signal(number: Int32) async {
        let result = await shell("kill -\(number) $$; sleep 1000")
        #expect(result.ending == .killed(signal: number))
    }

    @Test("Every byte comes back, NUL among them")
    func binary() async throws {
        try await withTemporaryFolder { folder in
            let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try Files.create(folder.appending("bytes"), bytes)
            #expect(await shell("cat bytes", in: folder).output == bytes)
        }
    }

    @Test("The environment is what was given and nothing else")
    func environment() async {
        let empty = Command(.file("/usr/bin/env", arguments: []), environment: [:], timeLimit: .seconds(50))
        #expect(await empty.run().output == [])
        var full = empty
        full.environment = ["B": "2=3", "A": "ä b", "C": ""]
        #expect(await full.run().text == "A=ä b\nB=2=3\nC=\n")
    }

    @Test("Standard input is empty and no other descriptor is open")
    func descriptors() async throws {
        // Without O_CLOEXEC, a command would inherit it.
        let leaked = open("/etc/passwd", O_RDONLY)
        try #require(leaked > 2)
        defer { close(leaked) }
        #expect(await shell("cat; ls /proc/$$/fd; true").text == "0\n1\n2\n")
        #expect(await shell("readlink /proc/self/fd/0").text == "/dev/null\n")
    }

    @Test("A command reads its input to the end, more than a pipe holds, and may leave it unread")
    func input() async {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 17) }
        var command = Command(.file("/bin/cat", arguments: []), environment: [:], timeLimit: .seconds(50), input: bytes)
        #expect(await command.run().output == bytes)
        command.program = .file("/bin/true", arguments: [])
        #expect(await command.run().isSuccess)
    }

    @Test("A command leads a session and a process group of its own")
    func session() async {
        let result = await shell("cut -d' ' -f5,6 /proc/$$/stat; echo $$ $$")
        let lines = result.text.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first == lines.last)
    }

    @Test("A file is run with its arguments as they are, looked up along the PATH of the command")
    func file() async throws {
        try await withTemporaryFolder { folder in
            let script = folder.appending("show arguments")
            try Files.create(script, "#!/bin/sh\nprintf '[%s]' \"$@\"".utf8, permissions: .ownerReadWriteExecute)
            var command = Command(
                .file("show arguments", arguments: ["a b", "$HOME", "", "'"]), environment: ["PATH": folder.string],
                timeLimit: .seconds(50))
            #expect(await command.run().text == "[a b][$HOME][][']")
            command.environment = [:]
            guard case .notStarted = await command.run().ending else {
                Issue.record("found without PATH")
                return
            }
            command.program = .file(script, arguments: ["x"])
            #expect(await command.run().text == "[x]")
        }
    }

    @Test("What cannot be started is a result with a reason that names it, and no value of the environment")
    func notStarted() async {
        let bad: [(Command.Program, [String: String], String)] = [
            (.file("/nonexistent/program", arguments: []), [:], "/nonexistent/program"),
            (.file("/etc/passwd", arguments: []), [:], "/etc/passwd"),
            (.file("", arguments: []), [:], "no name"),
            (.shell("echo a\0b"), [:], "NUL"),
            (.shell("true"), ["A=B": "secret"], "A=B"),
            (.shell("true"), ["": "secret"], "''"),
            (.shell("true"), ["1A": "secret"], "1A"),
            (.shell("true"), ["A": "secret\0"], "A"),
            (.shell(String(repeating: "#", count: 1 << 20)), [:], "long"),
        ]
        for (program, environment, word) in bad {
            let result = await Command(program, environment: environment, timeLimit: .seconds(50)).run()
            guard case .notStarted(let reason) = result.ending else {
                Issue.record("\(program) with \(environment) was started")
                continue
            }
            #expect(reason.contains(word))
            #expect(!reason.contains("secret"))
            #expect(result.output == [])
        }
        let folder = await shell("true", in: "/nonexistent/folder")
        guard case .notStarted(let reason) = folder.ending else {
            Issue.record("started in a folder that does not exist")
            return
        }
        #expect(reason.contains("/nonexistent/folder"))
    }

    @Test("A shell that does not find the program says so on standard error")
    func shellDoesNotFind() async {
        let result = await shell("surely-not-a-program")
        #expect(result.ending == .exited(status: 127))
        #expect(String(decoding: result.errorOutput, as: UTF8.self).contains("surely-not-a-program"))
    }

    @Test(
        "Endings read as the rest of a sentence",
        arguments: [
            (CommandResult.Ending.exited(status: 3), "exited with status 3"),
            (.killed(signal: 11), "was killed by signal 11 (Segmentation fault)"),
            (.timedOut(after: .seconds(5)), "did not end within 5.0 seconds and was killed"),
            (.stoppedAtOutputLimit(bytes: 16), "wrote more than 16 bytes and was stopped"),
            (.notStarted(reason: "it has no name"), "could not be started: it has no name"),
        ])
    func endings(ending: CommandResult.Ending, text: String) {
        #expect(ending.description == text)
    }
}

/// What a command is given beside its text.
@Suite("Users and limits of commands", .timeLimit(.minutes(15)))
struct CommandConfinementTests {
    @Test(
        "A command has no signal ignored or blocked, whatever the agent has, and the limit of open files from its start"
    )
    func signals() async {
        var command = Command(
            .shell("grep -E '^Sig(Blk|Ign)' /proc/self/status"), environment: ["PATH": systemPath],
            timeLimit: .seconds(50))
        let text = await command.run().text
        #expect(text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n")
        command.program = .shell("ulimit -c")
        #expect(await command.run().text == "0\n")
    }

    @Test("Each limit holds, and none is raised")
    func limits() async {
        var command = Command(
            .shell("ulimit -n -f -t -v; ulimit -c"), environment: ["PATH": systemPath], timeLimit: .seconds(50))
        command.program = .shell("ulimit -n; ulimit -f; ulimit -t; ulimit -v; ulimit -c")
        command.limits = ResourceLimits([
            .files: 20, .fileSize: 5120, .cpu: 7, .memory: 512 << 20, .processes: 100,
        ])
        #expect(await command.run().text == "20\n10\n7\n524288\n0\n")
        command.program = .shell(
            "head -c 10000 /dev/zero > /dev/shm/pandora-agent-test-$$; echo $?; rm /dev/shm/pandora-agent-test-$$")
        #expect(await command.run().text == "153\n")
        command.limits = ResourceLimits([.files: .max])
        command.program = .shell("exit 0")
        #expect(await command.run().isSuccess)
    }

    @Test("Another user runs it with that user's groups alone, and can get nothing back")
    func user() async throws {
        try #require(geteuid() == 0, "this test needs root")
        var command = Command(
            .shell("id -u; id -g; id -G; grep -E '^(NoNewPrivs|CapEff)' /proc/self/status"),
            environment: ["PATH": systemPath], timeLimit: .seconds(50))
        command.user = Command.User(userID: 65534, groupID: 65534, groups: [65534, 4])
        #expect(
            await command.run().text == "65534\n65534\n65534 4\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n")
        command.program = .shell("sleep 1000")
        command.timeLimit = .milliseconds(200)
        #expect(await command.run().ending == .timedOut(after: .milliseconds(200)))
    }

    @Test("A command that is cancelled before it begins does not run on")
    func cancelledAtOnce() async {
        let task = Task {
            await withUnsafeContinuation { $0.resume() }
            return await shell("sleep 1000")
        }
        task.cancel()
        #expect(await task.value.ending == .killed(signal: SIGKILL))
    }
}
