/// What is wanted of the lines of a log beyond that they match one pattern: a pure choice among lines that were read.
public struct LogSelector: Sendable {
    /// What lines are searched for; a line can match several.
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
        !needsEveryLine && exclusions.isEmpty && redactions.isEmpty && mostMatches == nil
    }

    /// What a choice has to know of the one before it.
    public struct Memory: Sendable, Hashable {
        /// For each pattern, how many of the next lines (or records) are still wanted after its last match.
        public var wantedAfter: [Int]
        /// For each pattern, how many matches there were in this reading of the log.
        public var matchCounts: [Int]
        /// For each pattern, how many of these were left out.
        public var omittedCounts: [Int]

        /// Nothing to know yet.
        public init(patterns count: Int) {
            wantedAfter = [Int](repeating: 0, count: count)
            matchCounts = wantedAfter
            omittedCounts = wantedAfter
        }
    }

    /// What was chosen.
    public struct Choice: Sendable {
        /// For each pattern, ranges of ``lines``: one for each match with what is around it, if matches are kept apart.
        /// Otherwise they do not overlap.
        public var stretches: [[Range<Int>]]
        /// How many of the lines are done with; the others are to be read again with what comes after them.
        public var doneCount: Int
        /// The size of a last record that is not known to be whole, in bytes; 0 where there is none.
        public var openRecordSize = 0
    }

    /// Chooses among lines.
    ///
    /// - Parameters:
    ///   - lines: All lines of the log, or, unless ``needsEveryLine``, those that match the first pattern.
    ///   - memory: What the last choice left behind.
    ///   - isLastRecordWhole: Whether the last record has to be taken for whole.
    ///   - mustFinish: Whether all lines have to be done with, also those that could be wanted before a later match.
    public func choose(
        among lines: LogLines, _ places: [Range<Int>], memory: inout Memory, isLastRecordWhole: Bool, mustFinish: Bool
    ) -> Choice {
        var units = self.units(of: lines, places)
        var choice = Choice(stretches: .init(repeating: [], count: patterns.count), doneCount: 0)
        if recordStart != nil, !isLastRecordWhole, !mustFinish, let open = units.popLast() {
            choice.openRecordSize = places[open.upperBound - 1].upperBound - places[open.lowerBound].lowerBound
        }
        let wanting = patternsThatWant(units, lines, places)
        var lastWanted = 0
        for pattern in patterns.indices {
            lastWanted = max(lastWanted, collect(pattern, units, wanting, &memory, &choice.stretches[pattern]))
        }
        let held = mustFinish ? 0 : min(before, units.count - lastWanted)
        choice.doneCount = units.count > held ? units[units.count - held - 1].upperBound : 0
        return choice
    }

    /// The stretches of one pattern.
    ///
    /// - Returns: Up to which unit they are not to be seen again.
    private func collect(
        _ pattern: Int, _ units: [Range<Int>], _ wanting: [[Int]], _ memory: inout Memory,
        _ stretches: inout [Range<Int>]
    ) -> Int {
        var end = 0
        var lastMatch = 0
        for index in units.indices {
            if wanting[index].contains(pattern) {
                memory.matchCounts[pattern] += 1
                if let mostMatches, memory.matchCounts[pattern] > mostMatches {
                    memory.omittedCounts[pattern] += 1
                    memory.wantedAfter[pattern] = 0
                    continue
                }
                let earliest = index - min(before, index)
                lastMatch = index + 1
                if keepsMatchesApart {
                    let latest = index + min(after, units.count - index - 1)
                    stretches.append(units[earliest].lowerBound..<units[latest].upperBound)
                } else {
                    Self.add(units[max(end, earliest)].lowerBound..<units[index].upperBound, to: &stretches)
                    memory.wantedAfter[pattern] = after
                }
                end = index + 1
            } else if memory.wantedAfter[pattern] > 0 {
                Self.add(units[index], to: &stretches)
                memory.wantedAfter[pattern] -= 1
                end = index + 1
            }
        }
        return keepsMatchesApart ? lastMatch : end
    }

    private static func add(_ stretch: Range<Int>, to stretches: inout [Range<Int>]) {
        if let last = stretches.last, last.upperBound == stretch.lowerBound {
            stretches[stretches.count - 1] = last.lowerBound..<stretch.upperBound
        } else {
            stretches.append(stretch)
        }
    }

    /// Lines, or records.
    private func units(of lines: LogLines, _ places: [Range<Int>]) -> [Range<Int>] {
        guard let recordStart else { return places.indices.map { $0..<($0 + 1) } }
        let matcher = PatternMatcher(recordStart)
        var starts: [Int] = []
        lines.bytes.withUnsafeBytes { text in
            for (index, place) in places.enumerated()
            where index == 0 || matcher.search(text, place) == .match { starts.append(index) }
        }
        return zip(starts, starts.dropFirst() + [places.count]).map { $0..<$1 }
    }

    /// For each unit, the patterns that want it. On what a pattern gives up, it wants it; an exclusion does not.
    private func patternsThatWant(_ units: [Range<Int>], _ lines: LogLines, _ places: [Range<Int>]) -> [[Int]] {
        var wanting = [[Int]](repeating: needsEveryLine ? [] : [0], count: units.count)
        lines.bytes.withUnsafeBytes { text in
            if needsEveryLine {
                for (number, pattern) in patterns.enumerated() {
                    let matcher = PatternMatcher(pattern)
                    for (index, unit) in units.enumerated()
                    where unit.contains(where: { matcher.search(text, places[$0]) != .noMatch }) {
                        wanting[index].append(number)
                    }
                }
            }
            for exclusion in exclusions {
                let matcher = PatternMatcher(exclusion)
                for (index, unit) in units.enumerated()
                where !wanting[index].isEmpty && unit.contains(where: { matcher.search(text, places[$0]) == .match }) {
                    wanting[index] = []
                }
            }
        }
        return wanting
    }
}

extension LogLines {
    /// The lines of stretches, in their order.
    ///
    /// - Parameter places: The ``places`` of these lines.
    public func chosen(_ stretches: [Range<Int>], _ places: [Range<Int>]) -> LogLines {
        if stretches == [places.indices] { return self }
        return extracting(stretches, places)
    }

    /// The lines with all that the patterns match replaced. A line on which a pattern gives up is replaced as a whole,
    /// so that what is to stay on the host does.
    public func redacting(_ patterns: [LogPattern], with replacement: String = LogSelector.replacement) -> LogLines {
        var lines = self
        for pattern in patterns {
            let matcher = PatternMatcher(pattern)
            var changed = LogLines()
            lines.bytes.withUnsafeBytes { text in
                for place in lines.places {
                    let line = UnsafeRawBufferPointer(rebasing: text[place])
                    let content = line.withoutLineEnd
                    matcher.replacing(content, with: Array(replacement.utf8)).withUnsafeBytes {
                        changed.append($0, then: line[content.count...])
                    }
                }
            }
            lines = changed
        }
        return lines
    }
}

extension PatternMatcher {
    /// Searches a line that is given with its end.
    fileprivate func search(_ text: UnsafeRawBufferPointer, _ place: Range<Int>) -> LogPattern.Answer {
        search(UnsafeRawBufferPointer(rebasing: text[place]).withoutLineEnd)
    }
}

extension UnsafeRawBufferPointer {
    /// A line without its LF or CR LF.
    var withoutLineEnd: UnsafeRawBufferPointer {
        var length = count
        if length > 0, self[length - 1] == UInt8(ascii: "\n") {
            length -= 1
            if length > 0, self[length - 1] == UInt8(ascii: "\r") { length -= 1 }
        }
        return UnsafeRawBufferPointer(rebasing: self[..<length])
    }
}
