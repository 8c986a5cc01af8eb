internal import Agent
internal import ArgumentParser
internal import Dispatch
internal import Glibc

/// Where the program begins: it looks at the name that it was called by.
///
/// Not an asynchronous `main`, before which the runtime has already ended the first thread: what a process gives up there,
/// that thread would keep, and with it the process.
@main
enum EntryPoint {
    static func main() {
        Heap.configure()
        let words = CommandLine.arguments
        let name = words.first?.split(separator: "/").last.map(String.init) ?? ""
        run(words: Array(words.dropFirst()), calledAs: name)
    }

    /// Reads the words, confines the process as their command wants it, and runs the command. Wrong usage ends with status 2.
    private static func run(words: [String], calledAs name: String) {
        do {
            var command = try parse(words, calledAs: name)
            if let command = command as? any ConfinedCommand { try command.confine() }
            guard let asynchronous = command as? any AsyncParsableCommand else { return try command.run() }
            run(asynchronous)
        } catch {
            end(with: error)
        }
    }

    /// A command that one task gets, while the first thread waits for nothing.
    private struct Handed: @unchecked Sendable {
        let command: any AsyncParsableCommand
    }

    private static func run(_ command: any AsyncParsableCommand) -> Never {
        let handed = Handed(command: command)
        Task {
            var command = handed.command
            do {
                try await command.run()
            } catch {
                end(with: error)
            }
            exit(EXIT_SUCCESS)
        }
        dispatchMain()
    }

    private static func end(with error: any Error) -> Never {
        if PandoraAgent.exitCode(for: error) == .validationFailure {
            writeToStandardError(PandoraAgent.fullMessage(for: error) + "\n")
            exit(CycleEnding.unusableConfiguration.rawValue)
        }
        PandoraAgent.exit(withError: error)
    }

    private static func parse(_ words: [String], calledAs name: String) throws -> any ParsableCommand {
        switch name {
        case "tentacle_client": TentacleClientCommand(words: words)
        // The client reads its words itself. The argument parser would only pass them on, in quadratic time: 4 s of 10,000.
        case _ where words.first == TentacleClientCommand.configuration.commandName:
            TentacleClientCommand(words: Array(words.dropFirst()))
        case "pandora_agent": try PredecessorCommand.parseAsRoot(words)
        default: try PandoraAgent.parseAsRoot(words)
        }
    }
}
