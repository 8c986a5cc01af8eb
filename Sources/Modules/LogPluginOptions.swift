internal import LogReading

/// What the options of `grep_log_module` and `grep_log` say.
struct LogPluginOptions: Sendable {
    /// A word of a plugin's command, and which one it is, so that a fault can be shown in its place.
    struct Word: Sendable {
        let text: String
        /// Its place among the plugin's arguments, from 0.
        let argument: Int
    }

    /// The NAME of the plugin, which its first pattern has.
    let name: String
    /// Further patterns, each with the name that its lines are sent under.
    var patterns: [(name: String, pattern: Word)] = []
    var exclusions: [Word] = []
    var redactions: [Word] = []
    var before = 0
    var after = 0
    var recordStart: Word?
    var mostMatches: Int?
    var isCaseSensitive = false
    /// The most that one run brings, in bytes of what is sent.
    var bytes = LogCap.usual.bytes
    /// The most that one run brings, in lines.
    var lines = LogCap.usual.lines
    var firstRun = LogReader.FirstRun.atEnd
    /// Of `grep_log`: a module with the number of matches.
    var addsSummary = false
    /// Of `grep_log`: all matches are one value.
    var isOneValue = false
}

/// An option of the plugins that read logs.
struct LogPluginOption: Sendable {
    /// A value that an option does not take, or an option that is none.
    struct Fault: Error {
        let problem: String
        let argument: Int
    }

    let name: String
    /// What its value is; `nil` where it has none.
    let placeholder: String?
    /// What it does, in one sentence.
    let meaning: String
    /// Whether `grep_log` alone has it.
    var isOfGrepLog = false
    let apply: @Sendable (LogPluginOptions.Word, inout LogPluginOptions) throws(Fault) -> Void

    /// The option as it is written, with its value.
    var usage: String { placeholder.map { "\(name) \($0)" } ?? name }

    /// All options, in the order in which docs/logs.md has them.
    static let all: [LogPluginOption] = [
        LogPluginOption(
            name: "--pattern", placeholder: "NAME=REGEXP",
            meaning: "lines that match this one go under the source NAME; one reading of the log serves all patterns",
            apply: { word, options throws(Fault) in
                guard let equals = word.text.firstIndex(of: "="), equals != word.text.startIndex else {
                    throw Fault(problem: "it takes NAME=REGEXP", argument: word.argument)
                }
                let name = String(word.text[..<equals])
                guard options.patterns.count < 32, name != options.name,
                    !options.patterns.contains(where: { $0.name == name })
                else {
                    throw Fault(
                        problem: "at most 32 patterns, each with a name of its own, are possible",
                        argument: word.argument)
                }
                let pattern = String(word.text[equals...].dropFirst())
                options.patterns.append((name, .init(text: pattern, argument: word.argument)))
            }),
        LogPluginOption(
            name: "--exclude", placeholder: "REGEXP",
            meaning: "lines that match this one are left out, whatever else they match",
            apply: { word, options throws(Fault) in options.exclusions.append(word) }),
        LogPluginOption(
            name: "--redact", placeholder: "REGEXP",
            meaning: "what matches is replaced by `[redacted]` before a line leaves the host; "
                + "`(?<=password=)\\S+` keeps what stands before it",
            apply: { word, options throws(Fault) in options.redactions.append(word) }),
        LogPluginOption(
            name: "--before", placeholder: "N", meaning: "with each line that matches, the N lines before it",
            apply: { word, options throws(Fault) in options.before = try number(word, 0...1000) }),
        LogPluginOption(
            name: "--after", placeholder: "N",
            meaning: "with each line that matches, the N lines after it; "
                + "grep_log_module sends those too that are written later",
            apply: { word, options throws(Fault) in options.after = try number(word, 0...1000) }),
        LogPluginOption(
            name: "--record-start", placeholder: "REGEXP",
            meaning: "a line that matches begins a record, to which the lines up to the next such line belong; "
                + "a record comes as a whole if one of its lines matches, and `--before` and `--after` count records",
            apply: { word, options throws(Fault) in options.recordStart = word }),
        LogPluginOption(
            name: "--rate-limit", placeholder: "N",
            meaning: "of each pattern at most N matches a cycle; the others are left out, and one line says how many; "
                + "what stands around the first N comes whole",
            apply: { word, options throws(Fault) in options.mostMatches = try number(word, 1...1_000_000) }),
        LogPluginOption(
            name: "--case-sensitive", placeholder: nil, meaning: "upper and lower case differ, in all patterns",
            apply: { _, options throws(Fault) in options.isCaseSensitive = true }),
        LogPluginOption(
            name: "--max-bytes", placeholder: "N",
            meaning: "at most N bytes of what is sent a cycle (1000000); the rest comes in the next ones",
            apply: { word, options throws(Fault) in options.bytes = try number(word, 1000...1_000_000_000_000) }),
        LogPluginOption(
            name: "--max-lines", placeholder: "N",
            meaning: "at most N of the lines that are sent a cycle (no limit but that of bytes); "
                + "the rest comes in the next ones",
            apply: { word, options throws(Fault) in options.lines = try number(word, 1...1_000_000_000_000) }),
        LogPluginOption(
            name: "--from-start", placeholder: nil, meaning: "the first cycle reads what is there already",
            apply: { _, options throws(Fault) in options.firstRun = .fromStart }),
        LogPluginOption(
            name: "--summary", placeholder: nil,
            meaning: "a module `NAME coincidences` with the number of matches", isOfGrepLog: true,
            apply: { _, options throws(Fault) in options.addsSummary = true }),
        LogPluginOption(
            name: "--nodatalist", placeholder: nil, meaning: "all matches in one value", isOfGrepLog: true,
            apply: { _, options throws(Fault) in options.isOneValue = true }),
    ]

    private static func number(_ word: LogPluginOptions.Word, _ range: ClosedRange<Int>) throws(Fault) -> Int {
        guard let number = Int(word.text), range.contains(number) else {
            throw Fault(
                problem: "it takes a number from \(range.lowerBound) to \(range.upperBound)", argument: word.argument)
        }
        return number
    }
}

extension LogPluginOptions {
    /// Reads the options behind FILE NAME REGEXP.
    ///
    /// - Parameters:
    ///   - words: The options, each as `--name value`, `--name=value` or `--name`.
    ///   - name: The NAME.
    ///   - isGrepLog: Whether it is `grep_log`, which has some more, and takes UP and DOWN as numbers before them.
    init(_ words: ArraySlice<String>, name: String, isGrepLog: Bool) throws(LogPluginOption.Fault) {
        self.init(name: name)
        var rest = words
        if isGrepLog {
            if let up = rest.first.flatMap({ Int($0) }) {
                before = up
                rest.removeFirst()
                if let down = rest.first.flatMap({ Int($0) }) {
                    after = down
                    rest.removeFirst()
                }
            }
            guard (0...1000).contains(before), (0...1000).contains(after) else {
                throw LogPluginOption.Fault(problem: "UP and DOWN are 0 to 1000 lines", argument: words.startIndex)
            }
        }
        while let first = rest.popFirst() {
            let argument = rest.startIndex - 1
            let equals = first.firstIndex(of: "=")
            let name = String(first[..<(equals ?? first.endIndex)])
            guard let option = LogPluginOption.all.first(where: { $0.name == name && (isGrepLog || !$0.isOfGrepLog) })
            else { throw LogPluginOption.Fault(problem: "there is no option '\(first)'", argument: argument) }
            var value = Word(text: equals.map { String(first[$0...].dropFirst()) } ?? "", argument: argument)
            if option.placeholder == nil {
                if equals != nil {
                    throw LogPluginOption.Fault(problem: "\(name): it takes no value", argument: argument)
                }
            } else if equals == nil {
                guard let next = rest.popFirst() else {
                    throw LogPluginOption.Fault(
                        problem: "\(name): it takes \(option.placeholder ?? "a value")", argument: argument)
                }
                value = Word(text: next, argument: argument + 1)
            }
            do throws(LogPluginOption.Fault) {
                try option.apply(value, &self)
            } catch {
                throw LogPluginOption.Fault(problem: "\(name): \(error.problem)", argument: error.argument)
            }
        }
    }
}
