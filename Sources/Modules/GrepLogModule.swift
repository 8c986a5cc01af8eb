internal import DataFile
internal import LogReading

/// `grep_log_module FILE NAME REGEXP`: the lines of a log that are new since the last time and match, as one log element.
///
/// The first time it remembers the end of the log, or takes over where the Perl plugin stood, and yields nothing else. The
/// position is part of the outcome and committed with the lines.
struct GrepLogModule: ModuleKind {
    static let usage = "grep_log_module FILE NAME REGEXP"

    private let name: String
    private let collection: LogCollection

    init(arguments: [String]) throws(PluginMisuse) {
        guard arguments.count == 3 else {
            throw PluginMisuse("it takes 3 arguments and got \(arguments.count)", usage: Self.usage)
        }
        name = arguments[1]
        do {
            // Another pattern on the same log is another reader.
            collection = LogCollection(
                source: try LogSource(arguments[0]), sourceText: arguments[0], pattern: try LogPattern(arguments[2]),
                stateKey: "log \(arguments[1]) \(arguments[0]) \(arguments[2])",
                keyWithoutPattern: "log \(arguments[1]) \(arguments[0]) ", legacyName: arguments[1])
        } catch {
            throw PluginMisuse("\(error)", usage: Self.usage)
        }
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        var (lines, outcome) = await collection.read(in: context)
        if !lines.isEmpty { outcome.elements = [.logModule(LogModule(source: name, lines: lines.bytes))] }
        return outcome
    }
}
