/// What is wanted of the lines of a log beyond that they match one pattern: a pure choice among lines that were read.
public struct LogSelector: Sendable {
    /// What lines are searched for; a line can match several. At most 64.
    public var patterns: [LogPattern]
    /// A line that matches one of these is not wanted, whatever else it matches.
    public var exclusions: [LogPattern] = []
    /// What is replaced in lines before they leave the host. To keep a part of a match, leave it out of the match:
    /// `(?<=password=)\S+`.
    public var redactions: [LogPattern] = []
    /// How many lines (or records) before one that matches are wanted with it.
    public var before = 0
    /// How many after it.
    public var after = 0
    /// Lines that match begin a record, such as a Java exception with its trace. A record is wanted, or not, as a whole.
    public var recordStart: LogPattern?
    /// The most matches of each pattern in one reading of the log; what is beyond is counted, and left out for good.
    public var mostMatches: Int?
    /// Whether each match is handed on by itself, with all lines around it, rather than as lines of which none comes
    /// twice.
    public var keepsMatchesApart = false

    /// What stands for what was redacted.
    public static let replacement = "[redacted]"

    /// Lines that match one pattern.
    public init(_ patterns: [LogPattern]) {
        self.patterns = patterns
    }

    /// Whether lines are wanted that do not match the first pattern, so that all have to be read.
    public var needsEveryLine: Bool { patterns.count > 1 || before > 0 || after > 0 || recordStart != nil }

    /// Whether every line that was read is wanted as it is.
    public var wantsAllAsTheyAre: Bool {
        !needsEveryLine && exclusions.isEmpty && redactions.isEmpty && mostMatches == nil && !keepsMatchesApart
    }

    /// How many matches there were, and what they have cost, in one cycle in all files of a log.
    public struct Tally: Sendable {
        /// For each pattern, how many matches there were.
        public var matchCounts: [Int]
        /// For each pattern, how many of these were left out.
        public var omittedCounts: [Int]
        /// On how many lines a pattern was too much work, by the pattern's text.
        public var abandonedCounts: [String: Int] = [:]
        /// The work of telling where records begin, and that of telling what is wanted: the one has to leave something to
        /// the other.
        var recordWork = WorkWatch()
        var choiceWork = WorkWatch()
        /// A pattern that has taken so much work that the rest of the log is for the next cycle, by its text.
        public var exhaustingPattern: String? { recordWork.exhaustingPattern ?? choiceWork.exhaustingPattern }

        /// None yet.
        public init(patterns count: Int) {
            matchCounts = [Int](repeating: 0, count: count)
            omittedCounts = matchCounts
        }

        /// Counts the lines on which a pattern gave up.
        mutating func count(_ matcher: borrowing PatternMatcher) {
            let count = matcher.effort.abandonedCount
            if count > 0 { abandonedCounts[matcher.pattern.text, default: 0] += count }
        }
    }

    /// Lines among which to choose.
    public struct Reading {
        /// The lines, from where the last choice among lines of this log said that it was done.
        public var lines: LogLines
        /// Whether these are all lines of the log, rather than those that match the first pattern.
        public var hasEveryLine: Bool
        /// Whether the log has more lines, which are there to be read.
        public var isLimited: Bool
        /// Whether the next reading cannot begin where this one did.
        public var mustMove: Bool
        /// The most lines and bytes that may be kept for the lines before a match. Less than a reading may bring, so that
        /// there is room for the match.
        public var mostHeld: LogLimits
        /// How large all lines are if nothing was added to the last record for long, which hence is whole; `nil` where
        /// there is none.
        public var quietSize: Int?

        /// All lines of a log.
        public init(_ lines: LogLines) {
            self.lines = lines
            hasEveryLine = true
            isLimited = false
            mustMove = false
            mostHeld = LogLimits()
        }
    }

    /// Why a choice ended before the lines did.
    public enum Stop: Sendable, Hashable {
        /// The next lines were not taken.
        case full
        /// Lines after a match are still to be read.
        case waiting
        /// The patterns took too much work.
        case exhausted
    }

    /// What is to be known of a choice.
    public struct Choice: Sendable, Hashable {
        /// How many of the lines are done with; the others are to be read again with what comes after them.
        public var doneCount: Int
        /// Whether that is all of them.
        public var isAll: Bool
        /// What is to be known instead if the lines that are done with are read once more, too.
        public var memoryFromStart: LogMemory
        /// `nil` where nothing but a last record that may not be whole is left.
        public var stop: Stop?
        /// How many matches have not all lines around them, as these are too much to hold.
        public var incompleteCount = 0
    }

    /// Chooses among lines.
    ///
    /// - Parameters:
    ///   - reading: The lines.
    ///   - memory: What the last choice left behind.
    ///   - tally: Counts the matches.
    ///   - offer: Takes lines for a pattern, and says whether it did. If not, the choice ends, and they are chosen once
    ///     more the next time. Lines are offered record by record, or, if matches are kept apart, each match with what is
    ///     around it.
    public func choose<Failure: Error>(
        among reading: Reading, memory: inout LogMemory, tally: inout Tally,
        offer: (_ pattern: Int, _ lines: Range<Int>, _ places: [Range<Int>]) throws(Failure) -> Bool
    ) throws(Failure) -> Choice {
        let borders = memory.borders(in: reading.lines)
        var units = LogUnits(reading.lines, recordStart, borders: borders, &tally)
        var choice = Choice(doneCount: 0, isAll: false, memoryFromStart: memory)
        var reading = reading
        if units.areCut {
            // Whatever the work was, the log has to go on from here.
            reading.isLimited = true
            reading.mustMove = true
            choice.stop = .exhausted
        }
        let openSize = openRecordSize(reading, units, borders)
        if openSize > 0 { units.closedCount -= 1 }
        var progress = memory.progress(in: reading.lines, units)
        let first = progress.map(\.judged).min() ?? 0
        let wanting = patternsThatWant(units, from: first, reading, &tally)
        if first + wanting.count < units.closedCount {
            units.closedCount = first + wanting.count
            choice.stop = .exhausted
        }
        search: for index in first..<max(first, units.closedCount) {
            for pattern in patterns.indices where progress[pattern].judged <= index {
                let isMatch = wanting[index - first] & (1 << UInt64(pattern)) != 0
                // One match more than is wanted is a line like others.
                let isWanted = isMatch && tally.matchCounts[pattern] < mostMatches ?? .max
                if isWanted, keepsMatchesApart {
                    let end = min(units.closedCount, index + after + 1)
                    if reading.isLimited, end < index + after + 1 {
                        // The first line cannot get more of what comes after it by being read once more.
                        if index > 0 {
                            choice.stop = .waiting
                            break search
                        }
                        choice.incompleteCount += 1
                    } else if memory.hasLostLines, index < before {
                        choice.incompleteCount += 1
                    }
                    guard try offer(pattern, units.lines(max(0, index - before)..<end), units.places) else {
                        choice.stop = .full
                        break search
                    }
                } else if isWanted || progress[pattern].wantedAfter > 0 {
                    let start = isWanted ? max(progress[pattern].sent, index - before) : index
                    for unit in start...index {
                        guard try offer(pattern, units.lines(unit..<(unit + 1)), units.places) else {
                            choice.stop = .full
                            break search
                        }
                        progress[pattern].sent = unit + 1
                    }
                    if isWanted, memory.hasLostLines, start == 0, index < before { choice.incompleteCount += 1 }
                    progress[pattern].wantedAfter = isWanted ? after : progress[pattern].wantedAfter - 1
                } else if isMatch {
                    tally.omittedCounts[pattern] += 1
                }
                if isMatch { tally.matchCounts[pattern] += 1 }
                progress[pattern].judged = index + 1
            }
        }
        let held = unitsToHold(progress, units, reading, choice.stop)
        choice.doneCount = units.starts[held.first]
        choice.isAll = choice.doneCount == units.places.count
        choice.memoryFromStart = LogMemory(progress, from: 0, reading.lines, units)
        choice.memoryFromStart.openRecordSize = openSize
        let hadLostLines = memory.hasLostLines && held.first == 0
        memory = LogMemory(progress, from: held.first, reading.lines, units)
        memory.openRecordSize = openSize
        memory.hasLostLines = hadLostLines || held.hasLostSome
        return choice
    }

    /// The size of a last record that is not known to be whole, in bytes; 0 where there is none.
    private func openRecordSize(_ reading: Reading, _ units: LogUnits, _ borders: Set<Int>) -> Int {
        guard recordStart != nil, units.closedCount > 0 else { return 0 }
        let wholeSize = reading.lines.bytes.count
        if !reading.isLimited, wholeSize == reading.quietSize || borders.contains(wholeSize) { return 0 }
        let size = units.size(of: units.closedCount - 1..<units.closedCount)
        return units.closedCount == 1 && reading.mustMove ? 0 : size
    }

    /// The first of the units that are to be read once more, since they stand before what is still to be judged, and whether
    /// that is not all of them.
    private func unitsToHold(
        _ progress: [LogMemory.Progress], _ units: LogUnits, _ reading: Reading, _ stop: Stop?
    ) -> (first: Int, hasLostSome: Bool) {
        let judged = progress.map(\.judged).min() ?? 0
        let wanted = progress.map { max(keepsMatchesApart ? 0 : $0.sent, $0.judged - before) }.min() ?? 0
        var held = min(judged, max(0, wanted))
        while held < judged,
            units.size(of: held..<judged) > reading.mostHeld.bytes
                || units.starts[judged] - units.starts[held] > reading.mostHeld.lines
        { held += 1 }
        // What was not taken is read again from where it was. Anything else would bring the same once more.
        if held == 0, reading.mustMove, stop != .full { held = judged }
        return (held, held > wanted)
    }

    /// For each unit from one on, the patterns that want it, as bits. On what a pattern gives up, it wants it; an exclusion
    /// does not.
    ///
    /// - Returns: One number for each unit; of fewer units where the patterns take too much work.
    private func patternsThatWant(
        _ units: LogUnits, from first: Int, _ reading: Reading, _ tally: inout Tally
    ) -> [UInt64] {
        let range = first..<max(first, units.closedCount)
        var wanting: [UInt64] = []
        wanting.reserveCapacity(range.count)
        let wanted = (reading.hasEveryLine ? patterns : []).map(SharedMatcher.init)
        let excluded = exclusions.map(SharedMatcher.init)
        tally.choiceWork.searchedBytes += Int64(clamping: reading.lines.bytes.count * (wanted.count + excluded.count))
        tally.choiceWork.start()
        defer {
            tally.choiceWork.stop()
            for shared in wanted + excluded { tally.count(shared.matcher) }
        }
        reading.lines.bytes.withUnsafeBytes { text in
            for unit in range where !tally.choiceWork.isExhausted || wanting.isEmpty {
                let lines = units.lines(unit..<(unit + 1))
                /// A unit is searched up to its first line that matches or is too much work, since it may have very many
                /// that are.
                func answer(_ matcher: borrowing PatternMatcher) -> LogPattern.Answer {
                    defer { tally.choiceWork.look(at: matcher, afterLines: lines.count) }
                    for line in lines {
                        let answer = matcher.search(text, units.places[line])
                        if answer != .noMatch { return answer }
                    }
                    return .noMatch
                }
                var bits: UInt64 = reading.hasEveryLine ? 0 : 1
                for (number, shared) in wanted.enumerated() where answer(shared.matcher) != .noMatch {
                    bits |= 1 << UInt64(number)
                }
                if bits != 0, excluded.contains(where: { answer($0.matcher) == .match }) { bits = 0 }
                wanting.append(bits)
            }
        }
        return wanting
    }
}

/// A matcher that can be an element of an array.
final class SharedMatcher {
    let matcher: PatternMatcher

    init(_ pattern: LogPattern) {
        matcher = PatternMatcher(pattern)
    }
}
