import CommandRunner
import Glibc
import Synchronization
import SystemFiles
import SystemPackage
import Testing

/// The agent's program with a configuration, a state folder and a server folder of its own.
struct AgentUnderTest {
    let folder: FilePath

    var configuration: FilePath { folder.appending("pandora_agent.conf") }
    var state: FilePath { folder.appending("state") }
    var server: FilePath { folder.appending("server") }
    var log: FilePath { folder.appending("agent.log") }
    var outbox: FilePath { state.appending("spool") }

    /// Writes the configuration: general settings for a local transfer, then the given lines.
    init(in folder: FilePath, _ lines: String, transfer: String? = nil) throws {
        self.folder = folder
        try Files.makeFolder(folder.appending("server"))
        try configure(lines, transfer: transfer)
    }

    /// Replaces the configuration.
    func configure(_ lines: String, transfer: String? = nil) throws {
        let local = "transfer_mode local\nserver_path \(server)"
        // What tests count are the modules that they configure.
        let text = "agent_name unit\n\(transfer ?? local)\nlogfile \(log)\n\(lines)\nown_modules 0\n"
        try Files.replace(configuration, with: text.utf8)
    }

    /// The program, which is built beside the tests.
    static var program: FilePath {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            readlink("/proc/self/exe", bytes.assumingMemoryBound(to: CChar.self).baseAddress!, bytes.count)
        }
        let tests = FilePath(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
        return tests.removingLastComponent().appending("pandora-agent")
    }

    /// The words of a command for this agent.
    func words(_ words: [String]) -> [String] {
        words + ["--conf", configuration.string, "--state", state.string]
    }

    /// Runs a command of the program.
    func run(_ words: String..., environment: [String: String] = [:]) async -> CommandResult {
        await Self.run(Self.program, self.words(words), environment: environment)
    }

    /// Runs a program and waits for its end. Where traces are wanted, each run of the agent's leaves one.
    static func run(
        _ program: FilePath, _ arguments: [String], environment: [String: String] = [:]
    ) async -> CommandResult {
        guard program == Self.program, let trace = nextTrace else {
            return await runUntraced(program, arguments, environment)
        }
        let calls = ["-e", "trace=listen,accept,accept4", "-e", "signal=none"]
        return await runUntraced(
            "/usr/bin/strace", ["-f", "-qq", "-o", trace.string] + calls + [program.string] + arguments, environment)
    }

    /// A file for the next trace, in the folder that `make never-listens` names.
    private static var nextTrace: FilePath? {
        guard let folder = getenv("PANDORA_TRACES") else { return nil }
        let number = traceCount.withLock { count in
            count += 1
            return count
        }
        return FilePath(String(cString: folder)).appending("\(number)")
    }

    private static let traceCount = Mutex(0)

    private static func runUntraced(
        _ program: FilePath, _ arguments: [String], _ environment: [String: String]
    ) async -> CommandResult {
        let variables = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent"]
        return await Command(
            .file(program, arguments: arguments), environment: variables.merging(environment) { $1 },
            timeLimit: .seconds(120), outputLimit: 1 << 28, errorOutputLimit: 1 << 20
        ).run()
    }

    /// The data files that reached the server folder, oldest first.
    func delivered() throws -> [FilePath] {
        try Files.names(in: server).filter { $0.extension == "data" }.map { server.appending($0) }
    }

    /// All elements that reached the server folder.
    func received() async throws -> [ReceivedElement] {
        try await ReceivedElement.parse(try delivered())
    }

    /// The text of the log.
    func logText() throws -> String {
        String(decoding: try Files.read(log, limit: 1 << 24), as: UTF8.self)
    }
}

/// An element of a data file, as a parser that is not ours reads it.
struct ReceivedElement: Equatable {
    /// `module`, `log_module`, `inventory_module`.
    let kind: String
    let name: String
    let type: String
    /// The value; of a log its lines, decoded; of an inventory its rows, one a line.
    let value: [UInt8]

    var text: String { String(decoding: value, as: UTF8.self) }

    /// Parses data files with Python's xml.etree, in the order of the files and elements. A file that does not parse
    /// fails the test.
    static func parse(_ files: [FilePath]) async throws -> [ReceivedElement] {
        let result = await AgentUnderTest.run("/usr/bin/env", ["python3", "-c", program] + files.map(\.string))
        try #require(result.isSuccess, "\(String(decoding: result.errorOutput, as: UTF8.self))")
        return String(decoding: result.output, as: UTF8.self).split(separator: "\n").map { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: false).map(decodeHexadecimal)
            return ReceivedElement(
                kind: String(decoding: fields[0], as: UTF8.self), name: String(decoding: fields[1], as: UTF8.self),
                type: String(decoding: fields[2], as: UTF8.self), value: fields[3])
        }
    }

    private static func decodeHexadecimal(_ text: Substring) -> [UInt8] {
        let digits = Array(text)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    private static let program = #"""
        import base64, sys, xml.etree.ElementTree as tree
        def put(*fields):
            print(" ".join((f if isinstance(f, bytes) else (f or "").encode()).hex() for f in fields))
        def text(element, name):
            found = element.find(name)
            return "" if found is None else found.text or ""
        for path in sys.argv[1:]:
            for element in tree.parse(path).getroot():
                if element.tag == "module":
                    values = [d.findtext("value") or "" for d in element.iterfind("datalist/data")]
                    put("module", text(element, "name"), text(element, "type"),
                        "\n".join(values) if values else text(element, "data"))
                elif element.tag == "log_module":
                    put("log_module", text(element, "source"), text(element, "type"),
                        base64.b64decode(text(element, "data"), validate=True))
                elif element.tag == "inventory":
                    for part in element:
                        put("inventory_module", text(part, "name"), "",
                            "\n".join(d.text or "" for d in part.iterfind("datalist/data")))
        """#
}

extension CommandResult {
    /// The exit status; -1 where the program did not end by itself.
    var status: Int32 {
        if case .exited(let status) = ending { status } else { -1 }
    }

    /// Standard output as text.
    var text: String { String(decoding: output, as: UTF8.self) }

    /// Standard error as text.
    var complaint: String { String(decoding: errorOutput, as: UTF8.self) }
}

/// A module with a command.
func module(_ name: String, _ lines: String...) -> String {
    (["module_begin", "module_name \(name)"] + lines + ["module_end"]).joined(separator: "\n")
}
