internal import Glibc
internal import TextEncodings

/// The bytes of one file. Lines and settings are places in it, so that text is made only of what somebody asks for.
struct ConfigurationText: Sendable {
    private let bytes: [UInt8]
    /// What parts that are not UTF-8 are in.
    let encoding: TextEncoding
    /// Whether there are no bytes but those from 1 to 127. So are nearly all files, and none of their lines is damaged.
    private let isPlain: Bool

    /// The place of a part, as small as the largest file allows, since there are many.
    typealias Place = Range<Int32>

    init(_ bytes: [UInt8], encoding: TextEncoding = .utf8) {
        self.bytes = bytes
        self.encoding = encoding
        isPlain = bytes.withUnsafeBytes { $0.isPlainASCII }
    }

    /// How much there is. Files are far smaller than what a place can name; what were beyond is not looked at.
    var count: Int { min(bytes.count, Int(Int32.max) - 1) }

    /// Lends each line that is neither blank nor a comment, and the bytes of its token, in time and memory linear in the
    /// size of the text.
    ///
    /// LF and CR LF both end a line; a byte order mark in front is passed over.
    func forEachLine(_ body: (ConfigurationLine, _ token: UnsafeRawBufferPointer) -> Void) {
        withBytes(0..<count) { text in
            var start = text.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
            var number: Int32 = 0
            while start < text.count {
                number += 1
                // A file without its modules is mostly empty lines.
                if text[start] == UInt8(ascii: "\n") {
                    start += 1
                    continue
                }
                let end = text.endOfLine(from: start)
                if let line = ConfigurationLine(in: text, start..<end, number: number, isPlain: isPlain) {
                    let token = Int(line.token.lowerBound)..<Int(line.token.upperBound)
                    body(line, UnsafeRawBufferPointer(rebasing: text[token]))
                }
                start = end + 1
            }
        }
    }

    /// What some editors put in front of a text.
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The line and column, from 1, of the first CR that more than space follows on its line; `nil` where there is none.
    ///
    /// Old editors end lines with it alone, and nobody else puts it into a text.
    var loneCarriageReturn: (line: Int, column: Int)? {
        bytes.withUnsafeBytes { all in
            guard let base = all.baseAddress else { return nil }
            var offset = 0
            while let found = memchr(base + offset, CInt(UInt8(ascii: "\r")), count - offset) {
                let place = UnsafeRawPointer(found) - base
                offset = all.endOfSpace(from: place, to: count)
                // Lines end within the space that was passed over, if they end here at all.
                if offset == count || all[place..<offset].contains(UInt8(ascii: "\n")) { continue }
                let before = all[..<place]
                let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
                let lines = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
                return (lines, place - lineStart + 1)
            }
            return nil
        }
    }

    /// Whether no line but the last ends.
    var isSingleLine: Bool { withBytes(0..<count) { $0.endOfLine(from: 0) == $0.count } }

    /// Lends the bytes of a part.
    func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Lends the bytes of a place.
    func withBytes<Result>(_ place: Place, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withBytes(Int(place.lowerBound)..<Int(place.upperBound), body)
    }

    /// The text of a place; where it is not UTF-8, what it is in ``encoding``.
    func string(_ place: Place) -> String {
        withBytes(place) { bytes in
            if encoding == .utf8 { return String(decoding: bytes, as: UTF8.self) }
            return String(validating: bytes, as: UTF8.self) ?? encoding.decode(bytes)
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Where the line ends that an offset is in: at its LF, or at the end.
    fileprivate func endOfLine(from offset: Int) -> Int {
        guard let base = baseAddress, let end = memchr(base + offset, CInt(UInt8(ascii: "\n")), count - offset) else {
            return count
        }
        return UnsafeRawPointer(end) - base
    }
}
