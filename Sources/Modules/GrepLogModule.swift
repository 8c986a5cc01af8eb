internal import DataFile
internal import LogReading

/// `grep_log_module FILE NAME REGEXP [OPTION…]`: the lines of a log that are new since the last time and match, as one
/// log element a pattern.
///
/// The first time it remembers the end of the log, or takes over where the Perl plugin stood, and yields nothing else. The
/// position is part of the outcome and committed with the lines.
struct GrepLogModule: StreamingModule {
    static let usage = "grep_log_module FILE NAME REGEXP [OPTION…]"

    private let names: [String]
    private let collection: LogCollection

    init(arguments: [String]) throws(PluginMisuse) {
        let parsed = try LogPluginArguments(arguments, isGrepLog: false, usage: Self.usage)
        names = [parsed.name] + parsed.options.patterns.map(\.name)
        collection = parsed.collection
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        var lines = [LogLines](repeating: LogLines(), count: names.count)
        var outcome = await collection.read(in: context) { piece in
            lines[piece.pattern].append(piece.lines)
        }
        for (name, lines) in zip(names, lines) where !lines.isEmpty {
            outcome.elements.append(.logModule(LogModule(source: name, lines: lines.bytes)))
        }
        return outcome
    }

    func collect<Failure: Error>(
        in context: ModuleContext, take: (DataFileElement) throws(Failure) -> Void
    ) async throws(Failure) -> ModuleOutcome {
        try await collection.read(in: context) { piece throws(Failure) in
            try take(.logModule(LogModule(source: names[piece.pattern], lines: piece.lines.bytes)))
        }
    }
}

/// `FILE NAME REGEXP` and what may follow, of the plugins that read logs.
struct LogPluginArguments {
    let name: String
    let options: LogPluginOptions
    let collection: LogCollection

    init(_ arguments: [String], isGrepLog: Bool, usage: String) throws(PluginMisuse) {
        guard arguments.count >= 3 else {
            throw PluginMisuse("it takes 3 arguments and got \(arguments.count)", usage: usage)
        }
        name = arguments[1]
        do throws(LogPluginOption.Fault) {
            options = try LogPluginOptions(arguments.dropFirst(3), name: name, isGrepLog: isGrepLog)
        } catch {
            throw PluginMisuse(error.problem, usage: usage, argument: error.argument)
        }
        let flags: LogPattern.Options = options.isCaseSensitive ? .caseSensitive : []
        func compile(_ word: LogPluginOptions.Word) throws(PluginMisuse) -> LogPattern {
            do throws(LogPatternError) {
                return try LogPattern(word.text, options: flags)
            } catch {
                throw PluginMisuse("\(error)", usage: usage, argument: word.argument)
            }
        }
        func compile(_ words: [LogPluginOptions.Word]) throws(PluginMisuse) -> [LogPattern] {
            var patterns: [LogPattern] = []
            for word in words { patterns.append(try compile(word)) }
            return patterns
        }
        let source: LogSource
        do throws(LogSourceError) {
            source = try LogSource(arguments[0])
        } catch {
            throw PluginMisuse("\(error)", usage: usage, argument: 0)
        }
        let main = LogPluginOptions.Word(text: arguments[2], argument: 2)
        var selector = LogSelector(try compile([main] + options.patterns.map(\.pattern)))
        selector.exclusions = try compile(options.exclusions)
        selector.redactions = try compile(options.redactions)
        selector.before = options.before
        selector.after = options.after
        selector.recordStart = try options.recordStart.map { word throws(PluginMisuse) in try compile(word) }
        selector.mostMatches = options.mostMatches
        selector.keepsMatchesApart = isGrepLog
        var collection = LogCollection(
            source: source, sourceText: arguments[0], selector: selector,
            key: LogReaderKey(plugin: arguments, isGrepLog: isGrepLog))
        collection.legacyName = name
        collection.firstRun = options.firstRun
        collection.cap = LogCap(bytes: options.bytes, lines: options.lines)
        self.collection = collection
    }
}
