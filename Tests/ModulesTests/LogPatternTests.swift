import DataFile
import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import AgentConfiguration
@testable import Modules

/// A log, and a `module_regexp` that reads it as an agent lets it.
private struct ModuleOnLog {
    let log: FilePath
    private var module: ModuleDefinition
    private(set) var state: [String: String] = [:]
    private(set) var value: String?
    /// Another module of the same name on the same log.
    var neighbour: ModuleDefinition?

    init(in folder: FilePath, type: String, fromStart: Bool = false, pattern: String = "wanted") throws {
        log = folder.appending("\(type).log")
        try Files.create(log, "old wanted\nold\n".utf8)
        module = ModuleDefinition("M", .logPattern(file: log.string, pattern: pattern, fromStart: fromStart))
        module.type = ConfiguredModuleType(type)
    }

    /// The module with another pattern.
    func with(pattern: String) -> ModuleDefinition {
        var other = module
        other.source = .logPattern(file: log.string, pattern: pattern, fromStart: false)
        return other
    }

    /// Changes the pattern in the configuration.
    mutating func configure(pattern: String) { module = with(pattern: pattern) }

    /// Adds to the log, and reads it.
    mutating func run(after text: String = "") async throws -> [String] {
        try OpenFile(log, .writeOnly, options: [.append]).write(text.utf8)
        return try await run(module)
    }

    /// Reads the log with one of the modules that are configured.
    mutating func run(_ module: ModuleDefinition) async throws -> [String] {
        var context = ModuleContext(
            host: HostReadings(), environment: [:], state: state, deadline: .now + .seconds(60),
            now: Int64(time(nil)))
        let configured = [self.module] + (neighbour.map { [$0] } ?? [])
        context.keysOfLogReaders = { LogReaders.stateKeys(of: configured) }
        let outcome = await ConfiguredModule(module).collect(in: context)
        #expect(outcome.failures.isEmpty)
        for key in outcome.stateRemovals { state[key] = nil }
        state.merge(outcome.stateChanges) { $1 }
        value = outcome.value
        return outcome.elements.texts
    }
}

@Suite("module_regexp")
struct LogPatternTests {
    private static let text = "no\n  first Wanted\nno\nsecond wanted \n"

    @Test("The first time it starts at the end, and then brings what is new, once")
    func atEnd() async throws {
        try await withTemporaryFolder { folder in
            var log = try ModuleOnLog(in: folder, type: "generic_data")
            #expect(try await log.run() == ["M = 0"])
            #expect(try await log.run(after: Self.text) == ["M = 2"])
            #expect(log.value == "2")
            #expect(try await log.run() == ["M = 0"])
            #expect(log.value == "0")
        }
    }

    @Test("With module_noseekeof 1 all of it is new the first time")
    func fromStart() async throws {
        try await withTemporaryFolder { folder in
            var log = try ModuleOnLog(in: folder, type: "generic_data", fromStart: true)
            #expect(try await log.run() == ["M = 1"])
            #expect(try await log.run(after: Self.text) == ["M = 2"])
            #expect(try await log.run() == ["M = 0"])
        }
    }

    @Test(
        "Text types give the lines, as their value too, and nothing where none is new",
        arguments: ["generic_data_string", "async_string"])
    func texts(_ type: String) async throws {
        try await withTemporaryFolder { folder in
            var log = try ModuleOnLog(in: folder, type: type, fromStart: true)
            #expect(try await log.run() == ["M = [\"old wanted\"]"])
            #expect(log.value == "old wanted")
            #expect(try await log.run() == [])
            #expect(log.value == "")
            #expect(try await log.run(after: Self.text) == ["M = [\"first Wanted\", \"second wanted\"]"])
            #expect(log.value == "first Wanted\nsecond wanted")
        }
    }

    @Test("The type log gives the lines as they are, as its value too, and nothing where none is new")
    func logs() async throws {
        try await withTemporaryFolder { folder in
            var log = try ModuleOnLog(in: folder, type: "log")
            #expect(try await log.run() == [])
            #expect(log.value == "")
            #expect(try await log.run(after: Self.text) == ["M:   first Wanted\nsecond wanted \n"])
            #expect(log.value == "  first Wanted\nsecond wanted \n")
        }
    }

    @Test("Types of states give 1 and 0", arguments: ["generic_proc", "async_proc"])
    func states(_ type: String) async throws {
        try await withTemporaryFolder { folder in
            var log = try ModuleOnLog(in: folder, type: type)
            #expect(try await log.run() == ["M = 0"])
            #expect(log.value == "0")
            #expect(try await log.run(after: Self.text) == ["M = 1"])
            #expect(log.value == "1")
            #expect(try await log.run() == ["M = 0"])
        }
    }

    @Test("A pattern that is changed, there and back, goes on where the last one stood, and none stays behind")
    func changedPattern() async throws {
        try await withTemporaryFolder { folder in
            var log = try ModuleOnLog(in: folder, type: "log", pattern: "a|x")
            _ = try await log.run()
            for pattern in ["a|x", "b|x", "a|x", "x", "b|x", "a|x"] {
                log.configure(pattern: pattern)
                #expect(try await log.run(after: "x\n") == ["M: x\n"])
                #expect(try await log.run() == [])
            }
            #expect(log.state.count == 1)
        }
    }

    @Test("A pattern that is changed leaves that of another module of the same name on the same log alone")
    func neighbour() async throws {
        try await withTemporaryFolder { folder in
            var log = try ModuleOnLog(in: folder, type: "log", pattern: "a|x")
            let neighbour = log.with(pattern: "y")
            log.neighbour = neighbour
            _ = try await log.run()
            _ = try await log.run(neighbour)
            for pattern in ["b|x", "a|x", "b|x"] {
                log.configure(pattern: pattern)
                #expect(try await log.run(after: "x\n") == ["M: x\n"])
                #expect(try await log.run(after: "y\n") == [])
                #expect(try await log.run(neighbour) == ["M: y\n"])
                #expect(try await log.run(neighbour) == [])
                #expect(log.state.count == 2)
            }
        }
    }
}
