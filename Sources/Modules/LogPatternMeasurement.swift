internal import DataFile
internal import LogReading

/// `module_regexp` with `module_pattern`: the new lines of a log that match, in the form that the module's type asks for.
struct LogPatternMeasurement: Sendable {
    let name: String
    let type: ModuleType
    let file: String
    let pattern: String
    let fromStart: Bool

    /// Reads, and commits its position with what it found.
    ///
    /// - Parameter dressing: Makes a module of the values.
    func measure(
        in context: ModuleContext, dressing: (Module.Data, String?) -> Module
    ) async -> Measurement {
        let collection: LogCollection
        do {
            var reading = LogCollection(
                source: try LogSource(file), sourceText: file, selector: LogSelector([try LogPattern(pattern)]),
                key: LogReaderKey(module: name, file: file, pattern: pattern))
            reading.firstRun = fromStart ? .fromStart : .atEnd
            collection = reading
        } catch {
            return .failure("\(error)")
        }
        var lines = LogLines()
        var outcome = await collection.read(in: context) { lines.append($0.lines) }
        if outcome.failures.isEmpty || !lines.isEmpty {
            outcome.elements = elements(lines, dressing)
            outcome.value = value(lines)
        }
        return .elements(outcome)
    }

    /// What conditions and later modules see: what is sent, and an empty text where nothing new is.
    private func value(_ lines: LogLines) -> String {
        switch type.rawValue {
        case "log": String(decoding: lines.bytes, as: UTF8.self)
        case _ where type.rawValue.hasSuffix("_string"):
            lines.map { String(decoding: $0.trimmingSpaces, as: UTF8.self) }.joined(separator: "\n")
        case _ where type.rawValue.hasSuffix("_proc"): lines.isEmpty ? "0" : "1"
        default: String(lines.count)
        }
    }

    private func elements(_ lines: LogLines, _ dressing: (Module.Data, String?) -> Module) -> [DataFileElement] {
        switch type.rawValue {
        case "log":
            return lines.isEmpty ? [] : [.logModule(LogModule(source: name, lines: lines.bytes))]
        case _ where type.rawValue.hasSuffix("_string"):
            if lines.isEmpty { return [] }
            return [.module(dressing(.list(lines.map { .init(Array($0.trimmingSpaces)) }), nil))]
        case _ where type.rawValue.hasSuffix("_proc"):
            return [.module(dressing(.value([UInt8(ascii: lines.isEmpty ? "0" : "1")]), nil))]
        default:
            return [.module(dressing(.value(Array(String(lines.count).utf8)), nil))]
        }
    }
}
