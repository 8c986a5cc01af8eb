/// A command of `module_plugin` that names a built-in plugin.
public struct BuiltInCall: Sendable {
    /// How it runs.
    public enum Way: Sendable {
        /// In the agent, with these arguments.
        case inAgent(arguments: [String])
        /// By a shell, which knows no built-in plugins, and starts a program of that name instead.
        case byShell
        /// Not at all, as a quotation in it has no end.
        case unclosedQuotation
    }

    /// Something that is not as it was meant, as a sentence.
    public struct Finding: Sendable, Hashable {
        /// The sentence.
        public let text: String
        /// Where in the command it is, in bytes.
        public let offset: Int
    }

    /// The plugin.
    public let plugin: BuiltInPlugin
    /// How it runs.
    public let way: Way
    /// The words that could be told; without an obstacle those are all.
    private let words: [ShellWords.Word]
    /// What leaves the command to a shell, and where it is, in bytes.
    private let obstacle: (name: String, offset: Int)?

    /// Looks at a command.
    ///
    /// - Returns: `nil` where it begins with something else.
    public init?(_ command: String) {
        let stop: ShellWords.Obstacle?
        do throws(ShellWords.Obstacle) {
            words = try ShellWords.words(of: command)
            stop = nil
        } catch {
            words = error.words
            stop = error
        }
        guard let name = words.firstIndex(where: { !Self.isAssignment($0.text) }),
            let plugin = BuiltInPlugins.all.first(where: { [words] in $0.name == words[name].text })
        else { return nil }
        self.plugin = plugin
        switch stop?.kind {
        case .unclosedQuotation(let quote)?:
            way = .unclosedQuotation
            obstacle = (String(UnicodeScalar(quote)), stop?.offset ?? 0)
        case .character(let byte)?:
            way = .byShell
            let isLineEnd = byte == UInt8(ascii: "\n")
            obstacle = (isLineEnd ? "a line end" : "'\(UnicodeScalar(byte))'", stop?.offset ?? 0)
        case nil where name > 0:
            way = .byShell
            obstacle = ("a variable in front of it", words[0].offset)
        case nil:
            way = .inAgent(arguments: words.dropFirst().map(\.text))
            obstacle = nil
        }
    }

    /// Variables of its environment may stand in front of a command.
    private static func isAssignment(_ word: String) -> Bool {
        guard let sign = word.firstIndex(of: "=") else { return false }
        let name = word[..<sign]
        return name.first?.isNumber == false && name.allSatisfy { $0 == "_" || $0.isLetter || $0.isNumber }
    }

    /// What is wrong with it; `nil` where nothing is.
    ///
    /// A shell may be meant: it costs nothing to hand what a plugin prints to other programs, unless the plugin remembers how
    /// far it came, which it then saves before the agent has its output.
    public var finding: Finding? {
        switch (way, obstacle) {
        case (.unclosedQuotation, let quote?):
            return Finding(
                text: "the quotation that begins with \(quote.name) has no end", offset: quote.offset)
        case (.byShell, let obstacle?) where plugin.remembers:
            return Finding(
                text:
                    "\(obstacle.name) is for a shell, which starts a program of this name rather than the agent's plugin: "
                    + "what it remembers is saved before its output is; quote what is no shell's",
                offset: obstacle.offset)
        case (.inAgent(let arguments), _):
            return misuse(arguments)
        default: return nil
        }
    }

    private func misuse(_ arguments: [String]) -> Finding? {
        do throws(PluginMisuse) {
            _ = try plugin.make(arguments)
            return nil
        } catch {
            let word = error.argument.map { $0 + 1 } ?? 0
            return Finding(
                text: error.description, offset: words[words.indices.contains(word) ? word : 0].offset)
        }
    }
}
