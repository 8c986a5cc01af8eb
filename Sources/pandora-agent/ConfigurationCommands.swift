internal import Agent
internal import AgentConfiguration
internal import ArgumentParser
internal import SystemPackage

/// `check`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read the configuration and tell what is wrong with it.",
        discussion: """
            Exit status: 0 nothing is lost; 1 a line or a module is, or with --strict there is a warning; 2 the \
            configuration cannot be used.

            Example: pandora-agent check --strict --conf /etc/pandora
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Warnings fail too.")
    var strict = false

    @Option(help: "The form of the answer: text or json.")
    var format = OutputFormat.text

    func run() throws {
        let check: ConfigurationCheck
        do throws(ConfigurationUnusable) {
            check = try ConfigurationCheck(common.paths, isReadOnly: common.readOnly)
        } catch {
            writeToStandardError("pandora-agent: error: \(error)\n")
            throw ExitCode(CycleEnding.unusableConfiguration.rawValue)
        }
        switch format {
        case .json: try printAnswer(json(check))
        case .text:
            for diagnostic in check.diagnostics { try printAnswer(diagnostic) }
            try printAnswer("\(check.moduleCount) modules run, \(check.skippedModules.count) are skipped")
            for line in check.authority { try printAnswer(line) }
        }
        if check.hasErrors || strict && !check.diagnostics.isEmpty { throw ExitCode(1) }
    }

    private func json(_ check: ConfigurationCheck) -> String {
        JSONText.object([
            ("modules", .number(Double(check.moduleCount))),
            (
                "skipped",
                .list(check.skippedModules.map { .object([("name", .text($0.name)), ("reason", .text($0.reason))]) })
            ),
            ("authority", .list(check.authority.map { .text($0) })),
            (
                "diagnostics",
                .list(
                    check.diagnostics.map { diagnostic in
                        .object([
                            ("file", .text(diagnostic.position.file.string)),
                            ("line", .number(Double(diagnostic.position.line))),
                            ("column", .number(Double(diagnostic.position.column))),
                            ("severity", .text(diagnostic.severity.rawValue)), ("text", .text(diagnostic.text)),
                        ])
                    })
            ),
        ]).description
    }
}

/// `status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tell how the last cycle ended, what waits, where it goes, and who may change what.",
        discussion: """
            Exit status: 0 done; 2 the configuration cannot be used, which is told beside the rest.

            Example: pandora-agent status --conf /etc/pandora
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "The form of the answer: text or json.")
    var format = OutputFormat.text

    func run() throws {
        let status = AgentStatus(of: common.paths, isReadOnly: common.readOnly)
        let lines = status.lines
        switch format {
        case .json:
            try printAnswer(JSONText.list(lines.map { .object([("key", .text($0.key)), ("value", .text($0.value))]) }))
        case .text:
            for line in lines { try printAnswer("\(line.key): \(line.value)") }
        }
        if let problem = status.problem {
            writeToStandardError("pandora-agent: error: \(problem)\n")
            throw ExitCode(CycleEnding.unusableConfiguration.rawValue)
        }
    }
}

/// `lock`
struct LockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Make the agent read-only: it asks the server for nothing.",
        discussion: "Example: pandora-agent lock 'change freeze until Monday'")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Why, for whoever wonders later.")
    var reason = ""

    func run() throws {
        let flag = try common.readOnlyFlag()
        let isNew = try answering { try flag.set(reason: reason) }
        try printAnswer(isNew ? "read-only: \(flag.path) is there" : "already read-only: \(flag.path) was there before")
    }
}

/// `unlock`
struct UnlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Clear the read-only flag that lock sets.",
        discussion: "Example: pandora-agent unlock")

    @OptionGroup var common: CommonOptions

    func run() throws {
        let flag = try common.readOnlyFlag()
        let wasSet = try answering { try flag.clear() }
        try printAnswer(wasSet ? "no longer read-only by \(flag.path)" : "\(flag.path) was not there")
        for line in AgentStatus(of: common.paths).lines where line.key == "read-only" {
            try printAnswer("read-only: \(line.value)")
        }
    }
}

extension CommonOptions {
    /// The flag beside a configuration that is there: a flag beside a mistyped path would protect nothing.
    fileprivate func readOnlyFlag() throws -> ReadOnlyFlag {
        guard let flag = ReadOnlyFlag(of: paths) else {
            writeToStandardError("pandora-agent: error: there is no configuration \(paths.configuration)\n")
            throw ExitCode(CycleEnding.unusableConfiguration.rawValue)
        }
        return flag
    }
}

/// Runs `body`; its error is a sentence for people, and ends the program with status 1.
func answering<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch {
        writeToStandardError("pandora-agent: error: \(error)\n")
        throw ExitCode(1)
    }
}
