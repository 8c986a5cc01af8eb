internal import LogReading

/// What the reading of a log remembers between two cycles beside its position.
struct LogMemory {
    var selection: LogSelector.Memory
    /// The size of a last record that was not known to be whole, in bytes; 0 where there was none.
    var openRecordSize = 0

    /// Reads what ``description`` wrote; of anything else, what can be understood of it.
    init(_ text: String?, patterns count: Int) {
        selection = LogSelector.Memory(patterns: count)
        for word in (text ?? "").split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "open":
                openRecordSize = max(0, Int(parts[1]) ?? 0)
            case "after":
                let numbers = parts[1].split(separator: ",").map { min(max(0, Int($0) ?? 0), 1000) }
                if numbers.count == count { selection.wantedAfter = numbers }
            default:
                continue
            }
        }
    }

    /// Words separated by a space; `nil` where there is nothing to remember.
    var description: String? {
        var words: [String] = []
        if openRecordSize > 0 { words.append("open=\(openRecordSize)") }
        if selection.wantedAfter.contains(where: { $0 > 0 }) {
            words.append("after=\(selection.wantedAfter.map(String.init).joined(separator: ","))")
        }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    /// For each pattern with more matches than are wanted, a line that says so.
    func remarks(_ selector: LogSelector) -> [LogCollection.Piece] {
        selection.omittedCounts.enumerated().filter { $0.element > 0 }.map { pattern, count in
            let text =
                "[\(count) more that match were left out: at most \(selector.mostMatches ?? 0) are sent at a time]"
            var lines = LogLines()
            lines.append(remark: text)
            return LogCollection.Piece(
                pattern: pattern, lines: lines, matches: selector.keepsMatchesApart ? [Array(text.utf8)] : [])
        }
    }
}

extension LogLines {
    /// The lines without their ends.
    var withoutEnds: [[UInt8]] { map { Array($0).withoutLineEnd } }
}

extension [UInt8] {
    /// Without the LF or CR LF at its end.
    var withoutLineEnd: [UInt8] {
        guard last == UInt8(ascii: "\n") else { return self }
        let rest = dropLast()
        return Array(rest.last == UInt8(ascii: "\r") ? rest.dropLast() : rest)
    }
}
