internal import Agent
internal import ArgumentParser
internal import Glibc

/// Where the program begins: it looks at the name that it was called by.
@main
enum EntryPoint {
    static func main() async {
        Heap.configure()
        let words = CommandLine.arguments
        let name = words.first?.split(separator: "/").last.map(String.init) ?? ""
        await run(words: Array(words.dropFirst()), calledAs: name)
    }

    /// Reads the words and runs their command. Wrong usage ends with status 2.
    private static func run(words: [String], calledAs name: String) async {
        do {
            var command = try parse(words, calledAs: name)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            switch PandoraAgent.exitCode(for: error) {
            case .validationFailure:
                writeToStandardError(PandoraAgent.fullMessage(for: error) + "\n")
                exit(CycleEnding.unusableConfiguration.rawValue)
            default:
                PandoraAgent.exit(withError: error)
            }
        }
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
