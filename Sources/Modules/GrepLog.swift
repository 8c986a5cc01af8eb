internal import DataFile
internal import LogReading

/// `grep_log FILE NAME REGEXP [UP [DOWN]] [OPTION…]`: the same search as `grep_log_module`, as a module of text with a
/// value for each match, with the lines around it.
struct GrepLog: ModuleKind {
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
        var values = [[[UInt8]]](repeating: [], count: names.count)
        var counts = [Int](repeating: 0, count: names.count)
        var outcome = await collection.read(in: context) { piece in
            values[piece.pattern] += piece.matches
            counts[piece.pattern] += piece.matchCount
        }
        for (index, name) in names.enumerated() {
            if !values[index].isEmpty {
                let data: Module.Data =
                    options.isOneValue
                    ? .value(Array(values[index].joined(separator: [UInt8(ascii: "\n")])))
                    : .list(values[index].map { .init($0) })
                outcome.elements.append(.module(Module(name: name, type: "async_string", data: data)))
            }
            // Where the log was not read, zero would be a lie.
            if options.addsSummary, outcome.failures.isEmpty || counts[index] > 0 {
                let count = Array(String(counts[index]).utf8)
                outcome.elements.append(
                    .module(Module(name: "\(name) coincidences", type: "async_data", data: .value(count))))
            }
        }
        return outcome
    }
}
