internal import DataFile
internal import LogReading

/// `grep_log FILE NAME REGEXP [UP [DOWN]] [OPTION…]`: the same search as `grep_log_module`, as a module of text with a
/// value for each match, with the lines around it.
struct GrepLog: StreamingModule {
    static let usage = "grep_log FILE NAME REGEXP [UP [DOWN]] [--summary] [--nodatalist] [OPTION…]"

    private let names: [String]
    private let options: LogPluginOptions
    private let collection: LogCollection

    init(arguments: [String]) throws(PluginMisuse) {
        let parsed = try LogPluginArguments(arguments, isGrepLog: true, usage: Self.usage)
        names = [parsed.name] + parsed.options.patterns.map(\.name)
        options = parsed.options
        collection = parsed.collection
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        var elements: [DataFileElement] = []
        var outcome = await collect(in: context) { elements.append($0) }
        outcome.elements = elements
        return outcome
    }

    func collect<Failure: Error>(
        in context: ModuleContext, take: (DataFileElement) throws(Failure) -> Void
    ) async throws(Failure) -> ModuleOutcome {
        var counts = [Int](repeating: 0, count: names.count)
        let outcome = try await collection.read(in: context) { piece throws(Failure) in
            counts[piece.pattern] += piece.matchCount
            if piece.matches.isEmpty { return }
            let data: Module.Data =
                options.isOneValue
                ? .value(Array(piece.matches.joined(separator: [UInt8(ascii: "\n")])))
                : .list(piece.matches.map { .init($0) })
            try take(.module(Module(name: names[piece.pattern], type: "async_string", data: data)))
        }
        // Where the log was not read, zero would be a lie.
        for (name, count) in zip(names, counts) where options.addsSummary && (outcome.failures.isEmpty || count > 0) {
            let value = Module.Data.value(Array(String(count).utf8))
            try take(.module(Module(name: "\(name) coincidences", type: "async_data", data: value)))
        }
        return outcome
    }
}
