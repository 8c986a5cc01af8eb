internal import Agent
internal import ArgumentParser

/// The program's commands.
struct PandoraAgent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pandora-agent",
        abstract: "A monitoring agent for hosts that must not be a way in.",
        discussion: """
            It collects what a configuration names, and sends it to a Pandora FMS server. It never listens.

            Example: pandora-agent run --conf /etc/pandora
            """,
        version: AgentVersion.number,
        subcommands: [
            RunCommand.self, DaemonCommand.self, CheckCommand.self, ModulesCommand.self, PluginCommand.self,
            InventoryCommand.self, ExplainPrivilegesCommand.self, AuditCommand.self, StatusCommand.self,
            LockCommand.self,
            UnlockCommand.self, SpoolCommand.self, DoctorCommand.self,
            TentacleClientCommand.self, SignCommand.self,
        ])
}

/// The options that every command has.
struct CommonOptions: ParsableArguments {
    @Option(name: .customLong("conf"), help: "The configuration: a file, or a folder that holds pandora_agent.conf.")
    var configuration: String?

    @Option(help: "The host's own decisions. (default: local.conf beside the configuration)")
    var local: String?

    @Option(help: "The folder of positions and waiting files.")
    var state: String?

    @Flag(help: "Ask the server for nothing, whatever the configuration says.")
    var readOnly = false

    @Flag(name: [.customShort("v"), .long], help: "Tell everything that the log says.")
    var verbose = false

    @Flag(name: [.customShort("q"), .long], help: "Tell nothing.")
    var quiet = false

    var paths: AgentPaths { AgentPaths(configuration: configuration, local: local, state: state) }

    var verbosity: Verbosity { quiet ? .quiet : verbose ? .verbose : .normal }

    var cycleOptions: CycleOptions {
        var options = CycleOptions()
        options.isReadOnly = readOnly
        options.verbosity = verbosity
        return options
    }
}

/// How an answer is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    /// For people.
    case text
    /// For programs.
    case json
}

extension CycleEnding {
    /// Ends the program with the status that stands for this ending.
    func end() throws {
        if self != .done { throw ExitCode(rawValue) }
    }
}
