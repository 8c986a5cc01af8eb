internal import DataFile
internal import Glibc
internal import HostProbes
internal import Modules
internal import Spool
public import SystemPackage

/// A built-in plugin as a program of its own, for other agents and for people.
public struct PluginProgram: Sendable {
    private let name: String
    private let arguments: [String]
    private let state: FilePath

    /// Prepares a plugin.
    ///
    /// - Parameter state: The folder that remembers what was read; a folder of its own below it is used, so that an
    ///   agent with the same state folder is not disturbed.
    public init(name: String, arguments: [String], state: FilePath) {
        self.name = name
        self.arguments = arguments
        self.state = state.appending("plugins")
    }

    /// The names, usages and summaries of all plugins.
    public static var all: [(name: String, usage: String, summary: String)] {
        BuiltInPlugins.all.map { ($0.name, $0.usage, $0.summary) }
    }

    /// The folder that a plugin of this name is told of in a way of its own: `grep_log` by GREP_LOG_TMP.
    public static func stateFolder(of name: String) -> String? {
        guard name == "grep_log", let folder = environment("GREP_LOG_TMP"), !folder.isEmpty else { return nil }
        return folder
    }

    /// Runs the plugin: elements to standard output, what went wrong to standard error. What it remembers is saved only
    /// after all output was written.
    ///
    /// - Returns: The exit status: 0; 1 where something went wrong and there is no output, as agents drop the output of a
    ///   plugin that fails, and positions that are damaged are something that went wrong; 2 where it was called wrongly.
    public func run() async -> Int32 {
        switch BuiltInPlugins.make(name, arguments: arguments) {
        case nil:
            complain("there is no built-in plugin '\(name)'; see pandora-agent plugin --list")
            return 2
        case .failure(let misuse)?:
            complain("\(misuse)")
            return 2
        case .success(let plugin)?:
            do throws(SpoolError) {
                var spool = try await openWhenFree()
                for warning in spool.warnings { complain("\(warning)") }
                return try await run(plugin, &spool)
            } catch {
                complain("\(error)")
                return 1
            }
        }
    }

    /// How long a plugin waits for others that an agent runs beside it, on the same state folder.
    private static let longestWait = Duration.seconds(60)

    private func openWhenFree() async throws(SpoolError) -> Spool {
        let end = ContinuousClock.now + Self.longestWait
        while true {
            do throws(SpoolError) {
                return try Spool(state: state, outbox: Spool.defaultOutbox(of: state))
            } catch {
                guard case .heldByAnother = error, .now < end else { throw error }
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private func run(_ plugin: any ModuleKind, _ spool: inout Spool) async throws(SpoolError) -> Int32 {
        var variables = ["LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"]
        variables["PATH"] = environment("PATH")
        variables["GREP_LOG_TMP"] = environment("GREP_LOG_TMP")
        var context = ModuleContext(
            host: HostReadings(), environment: variables, state: spool.values, deadline: .now + .seconds(300),
            now: Int64(time(nil)))
        context.stateFolder = state.removingLastComponent()
        context.agentFiles = { AgentPaths(configuration: nil, local: nil, state: nil).agentFiles }
        let outcome: ModuleOutcome
        var hasOutput = false
        do throws(Errno) {
            outcome = try await collect(plugin, in: context, &hasOutput)
        } catch {
            complain("cannot write the output: \(error)")
            return 1
        }
        for sentence in outcome.failures + outcome.notes { complain(sentence) }
        // Where nothing is new, nothing is written.
        if outcome.stateChanges.contains(where: { spool.values[$0.key] != $0.value }) {
            try spool.commit(files: [], values: spool.values.merging(outcome.stateChanges) { $1 })
        }
        let isDamaged = spool.warnings.contains { if case .damagedPositions = $0 { true } else { false } }
        return outcome.failures.isEmpty && !isDamaged || hasOutput ? 0 : 1
    }

    /// Writes elements as they come.
    private func collect(
        _ plugin: any ModuleKind, in context: ModuleContext, _ hasOutput: inout Bool
    ) async throws(Errno) -> ModuleOutcome {
        var count = 0
        defer { hasOutput = count > 0 }
        func write(_ element: DataFileElement) throws(Errno) {
            count += 1
            try element.encode { (bytes) throws(Errno) in
                do {
                    try FileDescriptor.standardOutput.writeAll(bytes)
                } catch {
                    throw error as? Errno ?? .ioError
                }
            }
        }
        if let plugin = plugin as? any StreamingModule {
            return try await plugin.collect(in: context, take: write)
        }
        let outcome = await plugin.collect(in: context)
        for element in outcome.elements { try write(element) }
        return outcome
    }

    private func complain(_ sentence: String) {
        writeToStandardError("\(name): \(sentence)\n")
    }
}
