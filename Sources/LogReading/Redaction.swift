internal import CPCRE2
internal import SystemFiles

/// Replaces what patterns match in lines that are about to leave the host. In doubt, it replaces more.
public struct Redaction {
    private let matchers: [SharedMatcher]
    private let replacement = Array(LogSelector.replacement.utf8)

    /// Prepares the patterns, for one thread.
    public init(_ patterns: [LogPattern]) {
        matchers = patterns.map(SharedMatcher.init)
    }

    /// On how many lines a pattern was too much work, which were replaced as a whole, by the pattern's text.
    public private(set) var abandonedCounts: [String: Int] = [:]
    /// A pattern that has cost so much that no more should be asked for in this cycle, by its text.
    public var exhaustingPattern: String? {
        matchers.first { $0.matcher.effort.nanoseconds > Self.longestWork }?.matcher.pattern.text
    }
    /// In nanoseconds of the processor.
    private static let longestWork: Int64 = 2_000_000_000

    /// Appends some of some lines, redacted, to others.
    ///
    /// - A line on which a pattern gives up is replaced as a whole.
    /// - Of a line that was cut, nobody knows how it went on. Its last word is replaced, and whatever could be the beginning
    ///   of a match.
    /// - Bytes that are no UTF-8 are both read as Latin-1 and taken for no characters at all, where a pattern is matched
    ///   as UTF-8. What matches in one of the ways is replaced, and whatever could be a part of a match that such a byte
    ///   interrupts, up to the next space.
    ///
    /// - Parameter places: The ``LogLines/places`` of the lines.
    public mutating func append(
        _ range: Range<Int>, of lines: LogLines, _ places: [Range<Int>], to result: inout LogLines
    ) {
        lines.bytes.withUnsafeBytes { text in
            for index in range {
                let line = UnsafeRawBufferPointer(rebasing: text[places[index]])
                var content = line.withoutLineEnd
                let uncut = content.withoutCutMark
                if let uncut { content = uncut }
                let end = line[content.count...]
                let redacted = redact(Array(content), isCut: uncut != nil)
                redacted.withUnsafeBytes { result.append($0, then: end) }
            }
        }
    }

    private mutating func redact(_ content: [UInt8], isCut: Bool) -> [UInt8] {
        // Each pattern has to see what the others replace: it may be the surroundings by which it knows a secret.
        var secrets: [Range<Int>] = []
        for shared in matchers {
            guard let found = shared.matcher.secrets(in: content, isCut: isCut) else {
                abandonedCounts[shared.matcher.pattern.text, default: 0] += 1
                return replacement
            }
            secrets += found
        }
        var content = replacing(secrets, in: content)
        if isCut {
            let word = content.lastIndex(where: \.isSpace).map { $0 + 1 } ?? 0
            if word < content.count { content.replaceSubrange(word..., with: replacement) }
        }
        return content
    }

    /// Replaces places, which are in no order and may overlap.
    private func replacing(_ places: [Range<Int>], in content: [UInt8]) -> [UInt8] {
        if places.isEmpty { return content }
        var result: [UInt8] = []
        var done = 0
        for place in places.sorted(by: { $0.lowerBound < $1.lowerBound }) where place.upperBound > done {
            // What overlaps the one before belongs to the same replacement.
            if place.lowerBound >= done {
                result += content[done..<place.lowerBound]
                result += replacement
            }
            done = place.upperBound
        }
        return result + content[done...]
    }
}

extension PatternMatcher {
    /// The places of what is to be replaced in a line, given without its end; `nil` where the pattern gives up.
    fileprivate func secrets(in line: [UInt8], isCut: Bool) -> [Range<Int>]? {
        if line.isEmpty { return [] }
        guard pattern.isUTF else { return places(in: line, 0..<line.count, isCut: isCut)?.found }
        let foreign = UTF8Gaps(line)
        if foreign.gaps.isEmpty { return places(in: line, 0..<line.count, isCut: isCut)?.found }
        guard let asLatin = places(in: foreign.latin, 0..<foreign.latin.count, isCut: isCut)?.found else { return nil }
        var found = asLatin.map { foreign.offset($0.lowerBound)..<foreign.offset($0.upperBound) }
        var start = 0
        for gap in foreign.gaps + [line.count..<line.count] {
            if gap.lowerBound > start {
                let isOpen = gap.isEmpty ? isCut : true
                guard let part = places(in: line, start..<gap.lowerBound, isCut: isOpen) else { return nil }
                found += part.found
                if part.isOpen, !gap.isEmpty, let last = part.found.last {
                    found.append(last.lowerBound..<line.endOfWord(from: gap.upperBound))
                }
            }
            start = gap.upperBound
        }
        // A match that ends at such a byte would have gone on without it.
        for place in found where foreign.isGap(place.upperBound) {
            found.append(place.lowerBound..<line.endOfWord(from: place.upperBound))
        }
        return found
    }

    /// What all searches of a line may cost beyond what is usual, in nanoseconds of the processor.
    private static let longestWorkOnLine: Int64 = 1_000_000_000

    /// The matches that are not empty in a part of a line, which the pattern sees as the whole line.
    ///
    /// - Parameter isCut: Whether the line goes on behind the part. What could be the beginning of a match then counts as one.
    /// - Returns: The places, and whether the last one is such a beginning; `nil` where the pattern gives up.
    private func places(in line: [UInt8], _ part: Range<Int>, isCut: Bool) -> (found: [Range<Int>], isOpen: Bool)? {
        line.withUnsafeBytes { bytes in
            let text = UnsafeRawBufferPointer(rebasing: bytes[part])
            var found: [Range<Int>] = []
            var done = 0
            let effort = self.effort.nanoseconds
            while done < text.count {
                if self.effort.nanoseconds - effort > Self.longestWorkOnLine { return nil }
                switch match(text, from: done, isCut: isCut) {
                case .noMatch: return (found, false)
                case .gaveUp: return nil
                case .open(let start):
                    found.append((part.lowerBound + start)..<part.upperBound)
                    return (found, true)
                case .match(let place):
                    found.append((part.lowerBound + place.lowerBound)..<(part.lowerBound + place.upperBound))
                    done = place.upperBound
                }
            }
            return (found, false)
        }
    }
}

/// Where a line holds bytes that are no UTF-8.
private struct UTF8Gaps {
    /// The places of these bytes, one for each stretch of them.
    private(set) var gaps: [Range<Int>] = []
    /// The line with each of these bytes as the character that it is in Latin-1.
    private(set) var latin: [UInt8] = []
    /// For each of these bytes, where it is in ``latin``.
    private var places: [Int] = []

    init(_ line: [UInt8]) {
        var index = 0
        while index < line.count {
            let length = Self.lengthOfCharacter(line[index...])
            if length > 0 {
                latin += line[index..<(index + length)]
                index += length
                continue
            }
            places.append(latin.count)
            // Characters that are neither letters nor digits would end a word; such a byte ends nothing.
            let scalar = Unicode.Scalar(line[index])
            latin += (scalar.properties.isAlphabetic ? String(scalar) : "ª").utf8
            if let last = gaps.last, last.upperBound == index {
                gaps[gaps.count - 1] = last.lowerBound..<(index + 1)
            } else {
                gaps.append(index..<(index + 1))
            }
            index += 1
        }
    }

    /// The offset in the line of an offset in ``latin``: each of the bytes takes one more there.
    func offset(_ offset: Int) -> Int {
        offset - places.partitioningIndex { $0 >= offset }
    }

    /// Whether there is such a byte at an offset in the line.
    func isGap(_ offset: Int) -> Bool {
        let index = gaps.partitioningIndex { $0.upperBound > offset }
        return index < gaps.count && gaps[index].contains(offset)
    }

    /// How many bytes the first character has; 0 where the bytes are none (Unicode 15, table 3-7).
    private static func lengthOfCharacter(_ bytes: ArraySlice<UInt8>) -> Int {
        guard let first = bytes.first else { return 0 }
        if first < 0x80 { return 1 }
        let length: Int
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return 0
        }
        let rest = bytes.dropFirst().prefix(length - 1)
        guard rest.count == length - 1, rest.allSatisfy({ $0 & 0xC0 == 0x80 }), let second = rest.first else {
            return 0
        }
        switch first {
        case 0xE0 where second < 0xA0, 0xED where second > 0x9F, 0xF0 where second < 0x90, 0xF4 where second > 0x8F:
            return 0
        default: return length
        }
    }
}

extension UInt8 {
    /// Whether it is a space or a tabulator.
    fileprivate var isSpace: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension [UInt8] {
    /// Where the next space is, or the end.
    fileprivate func endOfWord(from start: Int) -> Int { self[start...].firstIndex(where: \.isSpace) ?? count }
}

extension UnsafeRawBufferPointer {
    /// A line, given without its end, without the mark that it was cut; `nil` where it has none.
    var withoutCutMark: UnsafeRawBufferPointer? {
        let mark = LogLimits.cutMark.utf8.dropLast()
        guard count >= mark.count, self[(count - mark.count)...].elementsEqual(mark) else { return nil }
        return UnsafeRawBufferPointer(rebasing: self[..<(count - mark.count)])
    }
}
