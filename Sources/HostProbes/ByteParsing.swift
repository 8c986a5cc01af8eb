internal import Glibc

/// A piece of a file.
typealias Bytes = ArraySlice<UInt8>

/// The bytes that parsers look for.
enum Byte {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let colon = UInt8(ascii: ":")
    static let comma = UInt8(ascii: ",")
    static let slash = UInt8(ascii: "/")
    static let equals = UInt8(ascii: "=")
    static let minus = UInt8(ascii: "-")
    static let backslash = UInt8(ascii: "\\")
    static let leftParenthesis = UInt8(ascii: "(")
    static let rightParenthesis = UInt8(ascii: ")")
}

extension ArraySlice<UInt8> {
    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    var text: String { String(decoding: self, as: UTF8.self) }

    /// Without spaces, tabs, carriage returns and line ends around it.
    var trimmed: Bytes {
        func isSpace(_ byte: UInt8) -> Bool { byte == Byte.space || (9...13).contains(byte) }
        var piece = self
        while let first = piece.first, isSpace(first) { piece.removeFirst() }
        while let last = piece.last, isSpace(last) { piece.removeLast() }
        return piece
    }

    /// A number in decimal digits, with a minus sign where the type allows one; `nil` where there is anything else, or
    /// where the number does not fit.
    func decimal<Number: FixedWidthInteger>(as type: Number.Type = Number.self) -> Number? {
        var digits = self
        let isNegative = first == Byte.minus
        if isNegative {
            guard Number.isSigned else { return nil }
            digits.removeFirst()
        }
        return digits.number(radix: 10, isNegative: isNegative)
    }

    /// A number in hexadecimal digits without a prefix; `nil` where there is anything else, or where it does not fit.
    func hexadecimal<Number: FixedWidthInteger>(as type: Number.Type = Number.self) -> Number? {
        number(radix: 16, isNegative: false)
    }

    private func number<Number: FixedWidthInteger>(radix: Number, isNegative: Bool) -> Number? {
        guard !isEmpty else { return nil }
        var result: Number = 0
        for byte in self {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            guard let value = Number(exactly: digit), value < radix else { return nil }
            let (product, overflowed) = result.multipliedReportingOverflow(by: radix)
            let (sum, overflowedAgain) =
                isNegative ? product.subtractingReportingOverflow(value) : product.addingReportingOverflow(value)
            if overflowed || overflowedAgain { return nil }
            result = sum
        }
        return result
    }

    /// The pieces between runs of spaces and tabs.
    var words: [Bytes] {
        split { $0 == Byte.space || $0 == Byte.tab }
    }

    /// The pieces between each two separators, empty ones too.
    func fields(separatedBy separator: UInt8) -> [Bytes] {
        split(separator: separator, omittingEmptySubsequences: false)
    }

    /// Whether the bytes are those of the text.
    func equals(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { count == $0.count && elementsEqual($0) }
    }

    /// What follows the prefix; `nil` where the bytes do not begin with it.
    func dropping(prefix: StaticString) -> Bytes? {
        prefix.withUTF8Buffer { starts(with: $0) ? dropFirst($0.count) : nil }
    }

    /// What is before the first separator and what is after it; `nil` where there is none.
    func cut(at separator: UInt8) -> (before: Bytes, after: Bytes)? {
        firstIndex(of: separator).map { (self[..<$0], self[index(after: $0)...]) }
    }

    /// The last component of a path; everything where there is no slash.
    var lastPathComponent: Bytes {
        lastIndex(of: Byte.slash).map { self[index(after: $0)...] } ?? self
    }

    /// Calls `body` with each line, without its line feed; a last line needs none.
    func forEachLine(_ body: (Bytes) -> Void) {
        var start = startIndex
        while start < endIndex {
            let end = firstNewline(from: start) ?? endIndex
            body(self[start..<end])
            start = end < endIndex ? index(after: end) : endIndex
        }
    }

    private func firstNewline(from start: Int) -> Int? {
        withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let offset = start - startIndex
            guard let found = memchr(base + offset, Int32(Byte.newline), buffer.count - offset) else { return nil }
            return startIndex + (UnsafeRawPointer(found) - UnsafeRawPointer(base))
        }
    }

    /// The lines, without their line feeds.
    var lines: [Bytes] {
        var lines: [Bytes] = []
        forEachLine { lines.append($0) }
        return lines
    }
}

extension Array<UInt8> {
    /// Calls `body` with each line, without its line feed.
    func forEachLine(_ body: (Bytes) -> Void) { self[...].forEachLine(body) }

    /// The lines, without their line feeds.
    var lines: [Bytes] { self[...].lines }
}

extension UInt64 {
    /// The product, or the largest number where it does not fit.
    func multipliedSaturating(by other: UInt64) -> UInt64 {
        let (product, overflowed) = multipliedReportingOverflow(by: other)
        return overflowed ? .max : product
    }

    /// The sum, or the largest number where it does not fit.
    func addingSaturating(_ other: UInt64) -> UInt64 {
        let (sum, overflowed) = addingReportingOverflow(other)
        return overflowed ? .max : sum
    }

    /// The difference, or 0 where the other number is larger.
    func subtractingSaturating(_ other: UInt64) -> UInt64 {
        self > other ? self - other : 0
    }
}
