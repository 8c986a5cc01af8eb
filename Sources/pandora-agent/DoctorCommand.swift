internal import Agent
internal import ArgumentParser

/// `doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for trouble end to end: from the configuration to a file that the server took.",
        discussion: """
            It sends a data file without modules, a sign of life. Exit status: 0 all works, perhaps with warnings; 1 \
            something does not.

            Example: pandora-agent doctor --conf /etc/pandora
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Send no file; end after the connection.")
    var noSend = false

    @Option(help: "The form of the answer: text or json.")
    var format = OutputFormat.text

    func run() async throws {
        let steps = await Doctor(common.paths, isSending: !noSend).run()
        switch format {
        case .json:
            try printAnswer(
                JSONText.list(
                    steps.map {
                        .object([
                            ("step", .text($0.name)), ("outcome", .text($0.outcome.rawValue)),
                            ("detail", .text($0.detail)),
                        ])
                    }))
        case .text:
            for step in steps {
                let word = step.outcome.rawValue
                try printAnswer("\(word)\(String(repeating: " ", count: 9 - word.count))\(step.name): \(step.detail)")
            }
        }
        if steps.contains(where: { $0.outcome == .failed }) { throw ExitCode(1) }
    }
}
