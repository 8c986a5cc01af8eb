import Glibc
import HostProbes
import LogReading
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Modules

/// Logs that are written and read in random steps, against a model that looks at the whole text at once.
@Suite("Choosing among the lines of logs, against a model")
struct LogChoiceTests {
    /// The seeds are fixed, so that a failure repeats; a failing one is printed with what was asked for.
    @Test(arguments: 0..<runs / 100)
    func whateverTheBordersOfReadingsWhatComesIsWhatTheWholeTextSays(group: UInt64) async throws {
        for seed in (group * 100)..<((group + 1) * 100) {
            try await withTemporaryFolderInMemory { folder in
                var run = LogChoiceRun(seed: seed)
                try await run.run(in: folder)
            }
        }
    }

    /// A short form by default; the long one with PANDORA_TORTURE=1.
    private static let runs: UInt64 = getenv("PANDORA_TORTURE") == nil ? 2000 : 50_000
}

/// One log, and what is known of it.
private struct ModelLog {
    var path: FilePath
    let tag: String
    /// All lines, each with its end.
    var lines: [String] = []
    /// For each line, how many lines there were when it could be read first.
    var counts: [Int] = []

    /// The places of its lines, or records, among the lines.
    func units(_ hasRecords: Bool) -> [Range<Int>] {
        let starts = lines.indices.filter { $0 == 0 || !hasRecords || lines[$0].hasPrefix("R") }
        return zip(starts, starts.dropFirst() + [lines.count]).map { $0..<$1 }
    }
}

private struct LogChoiceRun {
    let seed: UInt64
    var random: SeededGenerator
    var words = ""

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

    mutating func run(in folder: FilePath) async throws {
        var logs = (0..<(chance(30) ? number(2...3) : 1)).map { index in
            let tag = ["a", "b", "c"][index]
            return ModelLog(path: folder.appending("\(tag).log"), tag: tag)
        }
        for log in logs { try Files.create(log.path, []) }
        let collection = try collection(
            logs.count == 1 ? logs[0].path.string : folder.appending("*.log").string, fileCount: logs.count)
        var state: [String: String] = [:]
        var received = [[String]](repeating: [], count: collection.selector.patterns.count)
        var hasRotated = false

        func cycle() async throws -> (lines: Int, hasMore: Bool) {
            var context = ModuleContext(
                host: HostReadings(), environment: [:], state: state, deadline: .now + .seconds(600),
                now: Int64(time(nil)))
            context.stateFolder = nil
            var lines = 0
            var bytes = 0
            var atoms = 0
            let outcome = await collection.read(in: context) { piece in
                let texts: [String]
                if collection.selector.keepsMatchesApart {
                    texts = piece.matches.map { String(decoding: $0, as: UTF8.self) + "\n" }
                    atoms += texts.count
                } else {
                    texts = piece.lines.map { String(decoding: $0, as: UTF8.self) }
                    atoms += texts.count { $0.hasPrefix("R") || collection.selector.recordStart == nil }
                }
                received[piece.pattern] += texts
                bytes += texts.reduce(0) { $0 + $1.utf8.count }
                lines += texts.reduce(0) { $0 + $1.utf8.count { $0 == UInt8(ascii: "\n") } }
            }
            if !outcome.failures.isEmpty { Issue.record("seed \(seed) \(words): \(outcome.failures)") }
            let hasMore = outcome.notes.contains { $0.contains("the rest comes next time") }
            if atoms > 1, lines > collection.cap.lines || bytes > collection.cap.bytes {
                Issue.record("seed \(seed) \(words): \(lines) lines, \(bytes) bytes in a cycle")
            }
            state.merge(outcome.stateChanges) { $1 }
            return (lines, hasMore)
        }

        let isLimited = collection.cap.lines < .max || collection.cap.bytes < LogCap.usual.bytes
        for _ in 0..<number(2...6) {
            for index in logs.indices where chance(80) {
                if !hasRotated, !logs[index].lines.isEmpty, chance(10) {
                    hasRotated = true
                    let rotated = FilePath(logs[index].path.string + ".1")
                    try Files.rename(logs[index].path, to: rotated)
                    try Files.create(logs[index].path, [])
                } else if logs.count > 1, !hasRotated, chance(10) {
                    // To a name that the wildcard matches, too: what is known of the log has to come along. What a rotation
                    // left stays with the old name, so that which comes first is open.
                    let renamed = folder.appending(
                        "\(number(0...9))\(logs[index].path.lastComponent?.string ?? "").log")
                    try Files.rename(logs[index].path, to: renamed)
                    logs[index].path = renamed
                }
                try append(to: &logs[index], hasRecords: collection.selector.recordStart != nil, isTight: isLimited)
            }
            _ = try await cycle()
        }
        // Each brings at least a line, of a few at most.
        let mostRounds =
            20 + 4 * logs.reduce(0) { $0 + $1.lines.count }
            * (1 + collection.selector.before + collection.selector.after)
        var rounds = 0
        var quiet = 0
        while quiet < 3, rounds < mostRounds {
            let (lines, hasMore) = try await cycle()
            quiet = lines == 0 && !hasMore ? quiet + 1 : 0
            rounds += 1
        }
        if rounds == mostRounds { Issue.record("seed \(seed) \(words): it does not end") }
        for pattern in collection.selector.patterns.indices {
            for log in logs {
                check(received[pattern], log, ["x", "y"][pattern], collection.selector, isLimited: isLimited)
            }
        }
    }

    /// Asks for something.
    private mutating func collection(_ source: String, fileCount: Int) throws -> LogCollection {
        var selector = LogSelector([try LogPattern("x", options: .caseSensitive)])
        selector.keepsMatchesApart = chance(40)
        if chance(30) { selector.patterns.append(try LogPattern("y", options: .caseSensitive)) }
        if chance(60) { selector.before = number(0...3) }
        if chance(60) { selector.after = number(0...3) }
        if chance(30) { selector.recordStart = try LogPattern("^R") }
        if chance(30) { selector.exclusions = [try LogPattern("z")] }
        if chance(30) { selector.redactions = [try LogPattern("q+")] }
        var collection = LogCollection(
            source: try LogSource(source), sourceText: source, selector: selector,
            key: LogReaderKey(module: "N", file: source, pattern: "x"))
        collection.firstRun = .fromStart
        if selector.recordStart == nil, fileCount == 1, chance(30) {
            // What a cycle leaves out is known where nothing is carried over.
            selector.mostMatches = number(1...4)
            collection = LogCollection(
                source: collection.source, sourceText: source, selector: selector,
                key: LogReaderKey(module: "N", file: source, pattern: "x"))
            collection.firstRun = .fromStart
        } else {
            if chance(40) { collection.cap.lines = number(1...20) }
            if chance(30) { collection.cap.bytes = number(100...600) }
        }
        // Half of a piece has to hold what is wanted before a match.
        let lines = selector.recordStart == nil ? number(12...60) : number(60...150)
        if chance(80) { collection.piece = LogLimits(bytes: 26 * lines, lines: lines) }
        words =
            "before \(selector.before) after \(selector.after) patterns \(selector.patterns.count) apart "
            + "\(selector.keepsMatchesApart) records \(selector.recordStart != nil) cap \(collection.cap) piece "
            + "\(collection.piece.lines) files \(fileCount) rate \(selector.mostMatches ?? 0)"
        return collection
    }

    private mutating func append(to log: inout ModelLog, hasRecords: Bool, isTight: Bool) throws {
        let old = log.lines.count
        // Where a cycle brings little, there are many of them.
        let mostLines = isTight ? 20 : 120
        // Lines that come after a cycle without new ones belong to no record: that is another test.
        var sinceStart = 4
        let matchRate = number(0...40)
        for _ in 0..<number(1...(chance(20) ? mostLines : 10)) {
            let begins = !hasRecords || sinceStart >= 3 || chance(40)
            sinceStart = begins ? 0 : sinceStart + 1
            var line = "\(begins ? "R" : "-")\(log.tag)\(log.lines.count)"
            if chance(matchRate) { line += "x" }
            if chance(10) { line += "y" }
            if chance(10) { line += "z" }
            if chance(20) { line += String(repeating: "q", count: number(1...3)) }
            log.lines.append(line + "\n")
        }
        log.counts += [Int](repeating: log.lines.count, count: log.lines.count - old)
        try OpenFile(log.path, .writeOnly, options: .append).write(log.lines[old...].joined().utf8)
    }

    private func redacted(_ line: String, _ selector: LogSelector) -> String {
        guard !selector.redactions.isEmpty, let first = line.firstIndex(of: "q") else { return line }
        let rest = line[first...].drop { $0 == "q" }
        return line[..<first] + LogSelector.replacement + rest
    }

    /// What one pattern is to bring of one log.
    private func check(
        _ received: [String], _ log: ModelLog, _ letter: String, _ selector: LogSelector, isLimited: Bool
    ) {
        let units = log.units(selector.recordStart != nil)
        var matching: [Int] = []
        var wanted: Set<Int> = []
        var wantedAfter = 0
        var matchesInCycle = 0
        for (index, unit) in units.enumerated() {
            let lines = log.lines[unit]
            if index > 0, log.counts[unit.lowerBound] != log.counts[unit.lowerBound - 1] { matchesInCycle = 0 }
            let isMatch =
                lines.contains { $0.contains(letter) }
                && (selector.exclusions.isEmpty || !lines.contains { $0.contains("z") })
            matchesInCycle += isMatch ? 1 : 0
            if isMatch, matchesInCycle <= selector.mostMatches ?? .max {
                matching.append(index)
                wanted.formUnion((index - selector.before)...index)
                wantedAfter = selector.after
            } else if wantedAfter > 0 {
                wanted.insert(index)
                wantedAfter -= 1
            }
        }
        func text(_ range: Range<Int>) -> String {
            range.isEmpty
                ? ""
                : log.lines[units[range.lowerBound].lowerBound..<units[range.upperBound - 1].upperBound]
                    .map { redacted($0, selector) }.joined()
        }
        let got = received.filter { $0.dropFirst().hasPrefix(log.tag) }
        if !selector.keepsMatchesApart {
            let expected = units.indices.filter(wanted.contains).map { text($0..<($0 + 1)) }.joined()
            if got.joined() != expected { report("\(log.tag): \(got) and not \(expected)") }
            return
        }
        if got.count != matching.count { return report("\(log.tag): \(got.count) matches and not \(matching.count)") }
        for (value, match) in zip(got, matching) {
            let start = max(0, match - selector.before)
            let end = min(units.count, match + selector.after + 1)
            // With a cap, a match may wait, and more be there after it.
            let count = log.counts[units[match].lowerBound]
            let there = units.prefix { $0.upperBound <= count }.count
            let least = min(end, max(match + 1, there - (selector.recordStart == nil ? 0 : 1)))
            let most = isLimited || selector.recordStart != nil ? end : min(end, there)
            if !(min(least, most)...most).contains(where: { text(start..<$0) == value }) {
                report("\(log.tag): \(value.debugDescription) and not \(text(start..<most).debugDescription)")
            }
        }
    }

    private func report(_ sentence: String) {
        Issue.record("seed \(seed) \(words): \(sentence)")
    }
}
