internal import Agent
internal import ArgumentParser
internal import SystemPackage

/// `run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run one cycle: collect, store, send, end.",
        discussion: """
            Exit status: 0 done; 1 the cycle could not do its job; 2 the configuration cannot be used; 3 collected and \
            stored, but not delivered; 4 another instance is at work.

            Example: pandora-agent run --conf /etc/pandora --module 'CPU load' --stdout
            """)

    @OptionGroup var common: CommonOptions

    @Flag(name: .customLong("stdout"), help: "Print the data files; touch no state and send nothing.")
    var printsDocuments = false

    @Flag(help: "Leave the data files in the spool.")
    var noSend = false

    @Option(name: .customLong("module"), help: "Only this module; may be repeated.")
    var modules: [String] = []

    @Flag(help: "Run whatever is due or not.")
    var force = false

    @Option(
        help: ArgumentHelp(
            "Wait first, up to so many seconds: always as long on a host, and differently on different hosts.",
            valueName: "seconds"))
    var spread: UInt16 = 0

    @Flag(help: "Print what was collected, what was not and why, and where the data went.")
    var summary = false

    @Option(help: "The form of the summary: text or json.")
    var format = OutputFormat.text

    func run() async throws {
        try await StartSpread.wait(upTo: .seconds(spread))
        var options = common.cycleOptions
        options.printsDocuments = printsDocuments
        options.sends = !noSend
        options.onlyModules = modules
        options.force = force
        options.endsAtSignals = true
        let report = await AgentCycles(paths: common.paths, options: options).run()
        for document in report.documents + report.brokers.flatMap(\.report.documents) {
            try FileDescriptor.standardOutput.writeAll(document)
        }
        if summary { try printAnswer(format == .json ? CycleSummary.json(report) : CycleSummary.text(report)) }
        try report.ending.end()
    }
}

/// `daemon`
struct DaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon",
        abstract: "Run a cycle at every interval until told to end.",
        discussion: """
            The first cycle comes within ten seconds, the others at a part of the interval that is always the same for a \
            host and differs between hosts. SIGHUP begins a cycle at once; SIGTERM lets the present one finish and ends.

            Example: pandora-agent daemon --conf /etc/pandora
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Daemon(paths: common.paths, options: common.cycleOptions).run().end()
    }
}

/// `pandora_agent DIR`: the command line of the agent that people replace.
struct PredecessorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pandora_agent",
        abstract: "Run with the configuration of a folder: one cycle with cron_mode 1, else the loop.",
        discussion: "Example: pandora_agent /etc/pandora")

    @Argument(help: "The folder that holds pandora_agent.conf.")
    var folder: String

    var paths: AgentPaths { AgentPaths(configuration: folder, local: nil, state: nil) }

    func run() async throws {
        try await Daemon(paths: paths, options: CycleOptions()).run().end()
    }
}
