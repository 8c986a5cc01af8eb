/// A line of a configuration that is neither blank nor a comment: a token and its value.
///
/// The token is the first word; the value is the rest of the line without the space around it, so a `#` in it is part
/// of it. Both are places in the file's ``ConfigurationText``.
struct ConfigurationLine: Sendable, Hashable {
    /// The line's number, from 1.
    let number: Int32
    /// The offset of the line's first byte.
    let start: Int32
    /// The first word.
    let token: ConfigurationText.Place
    /// The rest; empty, and right after the token, where there is none.
    let value: ConfigurationText.Place
    /// What had to be repaired or cut.
    let damage: Damage?

    /// What was wrong with a line's bytes.
    enum Damage: Sendable, Hashable {
        /// Not UTF-8; it is read in the encoding that the configuration names, or each wrong sequence becomes U+FFFD.
        case notUTF8
        /// It holds a NUL byte, which no command, path or name can.
        case containsNUL
        /// It is longer than ``longestLine`` and was left out; its places here are only its beginning.
        case tooLong

        /// Whether the line is left out.
        var isFatal: Bool { self != .notUTF8 }
    }

    /// The longest line that is used, in bytes. Commands cannot be longer (`MAX_ARG_STRLEN`, execve(2)).
    static let longestLine = 128 * 1024

    /// The line's number, from 1.
    var line: Int { Int(number) }
    /// The column of the token's first byte, from 1.
    var column: Int { Int(token.lowerBound - start) + 1 }
    /// The column of the value's first byte, from 1; that after the token where there is no value.
    var valueColumn: Int { Int(value.lowerBound - start) + 1 }
}

extension ConfigurationLine {
    /// Splits a line, without its LF; `nil` where it is blank or a comment.
    ///
    /// - Parameters:
    ///   - text: The text that its places are in.
    ///   - range: Its place.
    ///   - number: The line's number, from 1.
    ///   - isPlain: Whether the text is known to hold nothing but bytes from 1 to 127.
    init?(in text: UnsafeRawBufferPointer, _ range: Range<Int>, number: Int32, isPlain: Bool = false) {
        let tokenStart = text.endOfSpace(from: range.lowerBound, to: range.upperBound)
        guard tokenStart < range.upperBound, text[tokenStart] != UInt8(ascii: "#") else { return nil }
        var end = range.upperBound
        while text[end - 1].isSpace { end -= 1 }
        let isTooLong = range.count > Self.longestLine
        if isTooLong { end = min(end, tokenStart + 80) }
        let tokenEnd = text.endOfWord(from: tokenStart, to: end)
        let valueStart = text.endOfSpace(from: tokenEnd, to: end)
        self.number = number
        start = Int32(range.lowerBound)
        token = Int32(tokenStart)..<Int32(tokenEnd)
        value = Int32(valueStart)..<Int32(end)
        damage =
            isTooLong
            ? .tooLong : isPlain ? nil : Damage(in: UnsafeRawBufferPointer(rebasing: text[tokenStart..<end]))
    }
}

extension ConfigurationLine.Damage {
    fileprivate init?(in bytes: UnsafeRawBufferPointer) {
        // So are nearly all lines.
        if bytes.isPlainASCII { return nil }
        if bytes.contains(0) {
            self = .containsNUL
        } else if String(validating: bytes, as: UTF8.self) == nil {
            self = .notUTF8
        } else {
            return nil
        }
    }
}

// Loops rather than searches with closures: most of the time that reading takes would be spent in those.
extension UnsafeRawBufferPointer {
    /// The offset of the first byte that is no space, or the end.
    func endOfSpace(from start: Int, to end: Int) -> Int {
        var index = start
        while index < end, self[index].isSpace { index += 1 }
        return index
    }

    /// The offset of the first byte that is a space, or the end.
    fileprivate func endOfWord(from start: Int, to end: Int) -> Int {
        var index = start
        while index + 8 <= end {
            let word = UInt64(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt64.self))
            // The lowest bit that is set belongs to the first byte that is no more than a space: what the subtraction
            // borrows reaches later bytes alone, and those above 127 are masked.
            let low = (word &- 0x2121_2121_2121_2121) & ~word & 0x8080_8080_8080_8080
            if low == 0 {
                index += 8
                continue
            }
            index += low.trailingZeroBitCount / 8
            if self[index].isSpace { return index }
            index += 1
        }
        while index < end, !self[index].isSpace { index += 1 }
        return index
    }

    /// Whether each byte is from 1 to 127.
    var isPlainASCII: Bool {
        var index = 0
        while index + 8 <= count {
            let word = loadUnaligned(fromByteOffset: index, as: UInt64.self)
            // To subtract 1 sets the highest bit of a byte that is 0; one above 127 has it set.
            if (word | (word &- 0x0101_0101_0101_0101)) & 0x8080_8080_8080_8080 != 0 { return false }
            index += 8
        }
        while index < count {
            if self[index] == 0 || self[index] >= 0x80 { return false }
            index += 1
        }
        return true
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == UInt8(ascii: " ") || (0x09...0x0D).contains(self) }
}
