internal import CommandRunner
internal import DataFile
internal import SystemPackage
internal import TextEncodings

/// `nagios_plugin_wrapper NAME COMMAND…`: a plugin of Nagios as a module. Its status 0 is 1, 1 is 2, 2 is 0; with 3 and
/// any other it does not know, and there is no data (Monitoring Plugins development guidelines, "Plugin Return Codes").
/// What it prints is the description, without the performance data behind `|`.
struct NagiosPlugin: ModuleKind {
    static let name = "nagios_plugin_wrapper"
    static let usage = "nagios_plugin_wrapper NAME COMMAND [ARGUMENT…]"

    private let name: String
    private let words: [String]

    init(arguments: [String]) throws(PluginMisuse) {
        guard arguments.count >= 2, !arguments[0].isEmpty, !arguments[1].isEmpty else {
            throw PluginMisuse("a name and a command are needed", usage: Self.usage)
        }
        name = arguments[0]
        words = Array(arguments.dropFirst())
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        // One word may be a whole command line; several are a program and its arguments as they are.
        let program: Command.Program =
            words.count == 1 ? .shell(words[0]) : .file(FilePath(words[0]), arguments: Array(words.dropFirst()))
        let result = await context.bounds.bound(
            Command(
                program, environment: context.environment, timeLimit: context.longestCommand, outputLimit: 64 << 10)
        ).run()
        let text = context.encoding.text(of: result.output)
        let description = text.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        var outcome = ModuleOutcome()
        outcome.command = CommandReport(result)
        guard case .exited(let status) = result.ending else {
            outcome.failures = [result.failureSentence]
            return outcome
        }
        guard let value = [0: "1", 1: "2", 2: "0"][status] else {
            outcome.notes = ["the plugin does not know, with status \(status): \(text.prefix(300))"]
            return outcome
        }
        outcome.elements = [
            .module(
                Module(
                    name: name, type: "generic_proc",
                    description: String(description.prefix(1000)).trimmedText, data: .value(Array(value.utf8))))
        ]
        outcome.value = value
        return outcome
    }
}

extension String {
    /// Without the spaces and line ends around it.
    fileprivate var trimmedText: String { String(decoding: Array(utf8).trimmingSpaces, as: UTF8.self) }
}
