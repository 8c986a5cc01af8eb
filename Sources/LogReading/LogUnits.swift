internal import SystemFiles

/// Lines, or records of several lines.
struct LogUnits {
    /// The place of each line.
    let places: [Range<Int>]
    /// The first line of each unit, and how many lines there are.
    let starts: [Int]
    /// How many units there are that nothing will be added to.
    var closedCount: Int
    /// Whether there are more lines, of which it would be too much work to tell where records begin.
    let areCut: Bool

    /// - Parameter borders: Where records were taken for whole, in bytes: what was added to one since is another.
    init(
        _ lines: LogLines, _ recordStart: LogPattern?, borders: Set<Int> = [], _ tally: inout LogSelector.Tally
    ) {
        let places = lines.places
        var starts: [Int] = []
        if let recordStart {
            let matcher = PatternMatcher(recordStart)
            var knownCount = 0
            tally.recordWork.searchedBytes += Int64(lines.bytes.count)
            tally.recordWork.start()
            lines.bytes.withUnsafeBytes { text in
                for (index, place) in places.enumerated() {
                    // What is too much work begins no record.
                    let isStart = matcher.search(text, place) == .match
                    if index == 0 || isStart || borders.contains(place.lowerBound) { starts.append(index) }
                    knownCount = index + 1
                    tally.recordWork.look(at: matcher)
                    if tally.recordWork.isExhausted { break }
                }
            }
            tally.recordWork.stop()
            tally.count(matcher)
            starts.append(knownCount)
            areCut = knownCount < places.count
        } else {
            starts = Array(0...places.count)
            areCut = false
        }
        self.places = places
        self.starts = starts
        closedCount = starts.count - 1
    }

    /// The lines of some units.
    func lines(_ units: Range<Int>) -> Range<Int> { starts[units.lowerBound]..<starts[units.upperBound] }

    /// Where a unit begins, in bytes.
    func offset(of unit: Int) -> Int {
        let line = starts[unit]
        return line < places.count ? places[line].lowerBound : places.last?.upperBound ?? 0
    }

    /// How many bytes some units have.
    func size(of units: Range<Int>) -> Int { offset(of: units.upperBound) - offset(of: units.lowerBound) }

    /// How many units end within the first bytes.
    func count(within bytes: Int) -> Int {
        (1..<starts.count).partitioningIndex { offset(of: $0) > bytes } - 1
    }
}

extension PatternMatcher {
    /// Searches a line that is given with its end, and perhaps with the mark that it was cut.
    func search(_ text: UnsafeRawBufferPointer, _ place: Range<Int>) -> LogPattern.Answer {
        let line = UnsafeRawBufferPointer(rebasing: text[place]).withoutLineEnd
        return search(line.withoutCutMark ?? line)
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
