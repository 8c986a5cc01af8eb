/// What can be done with the lines of a batch: pure functions, which can be joined.
extension LogLines {
    /// The lines that a pattern does not match. Those on which it gives up stay.
    public func excluding(_ pattern: LogPattern) -> LogLines {
        let matcher = PatternMatcher(pattern)
        return filter { matcher.search($0) != .match }
    }

    /// For each line, the places in `patterns` of those that match it; so that one reading serves several names.
    public func matches(of patterns: [LogPattern]) -> [[Int]] {
        var result = [[Int]](repeating: [], count: count)
        for (place, pattern) in patterns.enumerated() {
            let matcher = PatternMatcher(pattern)
            for index in indices where search(index, matcher) != .noMatch { result[index].append(place) }
        }
        return result
    }

    /// For each line that matches, the lines around it.
    ///
    /// - Parameters:
    ///   - before: How many lines before it, where there are so many.
    ///   - after: How many lines after it, where there are so many.
    /// - Returns: Ranges of lines, one for each match, in order; they may overlap.
    public func contexts(of pattern: LogPattern, before: Int, after: Int) -> [Range<Int>] {
        let matcher = PatternMatcher(pattern)
        return indices.filter { search($0, matcher) != .noMatch }.map { index in
            let start = index - Swift.min(Swift.max(before, 0), index)
            let end = index + 1 + Swift.min(Swift.max(after, 0), count - index - 1)
            return start..<end
        }
    }

    /// Joins lines to records, each of which begins with a line that matches, such as a Java exception and its trace.
    ///
    /// - Returns: Ranges of lines, which cover all; the first may be the end of a record of an earlier batch.
    public func records(startingWith pattern: LogPattern) -> [Range<Int>] {
        let matcher = PatternMatcher(pattern)
        var starts = indices.filter { search($0, matcher) == .match }
        if !isEmpty, starts.first != 0 { starts.insert(0, at: 0) }
        return zip(starts, starts.dropFirst() + [count]).map { $0..<$1 }
    }

    /// The lines with all that the patterns match replaced, so that secrets do not leave the host.
    ///
    /// To keep a part, leave it out of the match: `(?<=password=)\S+`. A line on which a pattern gives up is replaced as a
    /// whole.
    public func redacting(_ patterns: [LogPattern], with replacement: String = "[redacted]") -> LogLines {
        var lines = self
        for pattern in patterns {
            let matcher = PatternMatcher(pattern)
            lines = lines.map { matcher.replacing($0, with: Array(replacement.utf8)) }
        }
        return lines
    }

    private func search(_ index: Int, _ matcher: borrowing PatternMatcher) -> LogPattern.Answer {
        self[index].withUnsafeBytes { matcher.search($0.withoutLineEnd) }
    }

    private func filter(_ isKept: (UnsafeRawBufferPointer) -> Bool) -> LogLines {
        var lines = LogLines()
        for index in indices {
            self[index].withUnsafeBytes { line in
                if isKept(line.withoutLineEnd) { lines.append(line, then: EmptyCollection()) }
            }
        }
        return lines
    }

    private func map(_ change: (UnsafeRawBufferPointer) -> [UInt8]) -> LogLines {
        var lines = LogLines()
        for index in indices {
            self[index].withUnsafeBytes { line in
                let text = line.withoutLineEnd
                change(text).withUnsafeBytes { lines.append($0, then: line[text.count...]) }
            }
        }
        return lines
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
