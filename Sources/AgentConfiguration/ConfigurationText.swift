internal import Glibc
internal import TextEncodings

/// The bytes of one file. Lines and settings are places in it, so that text is made only of what somebody asks for.
struct ConfigurationText: Sendable {
    private let bytes: [UInt8]
    /// What parts that are not UTF-8 are in.
    let encoding: TextEncoding

    /// The place of a part, as small as the largest file allows, since there are many.
    typealias Place = Range<Int32>

    init(_ bytes: [UInt8], encoding: TextEncoding = .utf8) {
        self.bytes = bytes
        self.encoding = encoding
    }

    /// How much there is. Files are far smaller than what a place can name; what were beyond is not looked at.
    var count: Int { min(bytes.count, Int(Int32.max) - 1) }

    /// Whether it begins with some bytes.
    func starts(with prefix: [UInt8]) -> Bool { bytes.starts(with: prefix) }

    /// Where the line ends that an offset is in: at its LF, or at the end of the text.
    func endOfLine(from offset: Int) -> Int {
        withBytes(offset..<count) { rest in
            guard let start = rest.baseAddress, let end = memchr(start, CInt(UInt8(ascii: "\n")), rest.count) else {
                return count
            }
            return offset + (UnsafeRawPointer(end) - start)
        }
    }

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
