import DataFile
import Glibc
import HostProbes
import SystemFiles
import SystemPackage

@testable import AgentConfiguration
@testable import Modules

/// A log, and a plugin that reads it as an agent lets it: what it gives back as state is given to it the next time.
struct PluginOnLog {
    let log: FilePath
    /// The FILE argument.
    let source: String
    var state: [String: String] = [:]
    var outcome = ModuleOutcome()
    /// The commands of all log readers that are configured; `nil` where nobody knows them.
    var configured: [String]?

    init(in folder: FilePath, reading name: String = "app.log") throws {
        log = folder.appending("app.log")
        source = "\(folder)/\(name)"
        try Files.create(log, [])
    }

    func append(_ text: String, to name: String = "app.log") throws {
        let path = log.removingLastComponent().appending(name)
        try OpenFile(path, .writeOnly, options: [.create, .append]).write(text.utf8)
    }

    /// Runs the plugin with the log, the name `N` and further words.
    mutating func run(_ name: String = "grep_log_module", _ words: String...) async throws -> [DataFileElement] {
        try await run(name, words: words)
    }

    mutating func run(_ name: String, words: [String]) async throws -> [DataFileElement] {
        guard case .success(let plugin)? = BuiltInPlugins.make(name, arguments: [source, "N"] + words) else {
            throw Errno.invalidArgument
        }
        var context = ModuleContext(
            host: HostReadings(), environment: ["GREP_LOG_TMP": log.removingLastComponent().string], state: state,
            deadline: .now + .seconds(60), now: Int64(time(nil)))
        if let configured {
            context.keysOfLogReaders = {
                LogReaders.stateKeys(of: configured.map { ModuleDefinition("", .plugin($0)) })
            }
        }
        outcome = await plugin.collect(in: context)
        for key in outcome.stateRemovals { state[key] = nil }
        state.merge(outcome.stateChanges) { $1 }
        return outcome.elements
    }
}

extension ModuleDefinition {
    /// A module with a name that does something.
    init(_ name: String, _ source: ModuleSource) {
        let position = SourcePosition(file: "/pandora_agent.conf", line: 1, column: 1)
        self.init(name: name, position: position, source: source, sourcePosition: position)
    }
}

extension [DataFileElement] {
    /// Of log elements, the source and the lines; of modules, the name and the values.
    var texts: [String] {
        map { element in
            switch element {
            case .logModule(let log): "\(log.source): \(String(decoding: log.lines, as: UTF8.self))"
            case .module(let module):
                switch module.data {
                case .value(let value): "\(module.name) = \(String(decoding: value, as: UTF8.self))"
                case .list(let values):
                    "\(module.name) = \(values.map { String(decoding: $0.value, as: UTF8.self) })"
                }
            default: "\(element)"
            }
        }
    }
}
