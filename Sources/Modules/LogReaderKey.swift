public import AgentConfiguration

/// Under which key of the state a log reader keeps its position; another pattern on the same log is another reader.
struct LogReaderKey: Sendable {
    /// What the keys of all patterns begin with.
    let withoutPattern: String
    let pattern: String

    /// The key itself.
    var text: String { withoutPattern + pattern }

    /// The key of a plugin.
    ///
    /// - Parameter arguments: At least FILE, NAME and REGEXP.
    init(plugin arguments: [String], isGrepLog: Bool) {
        withoutPattern = "\(isGrepLog ? "grep_log" : "log") \(arguments[1]) \(arguments[0]) "
        pattern = arguments[2...].joined(separator: " ")
    }

    /// The key of a `module_regexp`.
    init(module name: String, file: String, pattern: String) {
        withoutPattern = "regexp \(name) \(file) "
        self.pattern = pattern
    }

    /// The key of a module; `nil` where it reads no log.
    init?(_ module: ModuleDefinition) {
        switch module.source {
        case .logPattern(let file, let pattern, _):
            self.init(module: module.name, file: file, pattern: pattern)
        case .plugin(let command):
            guard let words = ShellWords.split(command), words.count > 3 else { return nil }
            let isGrepLog = words[0] == "grep_log"
            guard isGrepLog || words[0] == "grep_log_module" else { return nil }
            self.init(plugin: Array(words.dropFirst()), isGrepLog: isGrepLog)
        default: return nil
        }
    }
}

/// What is to be known of all log readers of a configuration.
public enum LogReaders {
    /// The keys of the state under which they keep their positions.
    ///
    /// - Parameter modules: All that are configured, whatever they do.
    public static func stateKeys(of modules: some Sequence<ModuleDefinition>) -> Set<String> {
        Set(modules.lazy.compactMap { LogReaderKey($0)?.text })
    }
}
