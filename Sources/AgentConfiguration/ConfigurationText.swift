internal import Glibc

/// The bytes of one file. Lines and settings are places in it, so that text is made only of what somebody asks for.
struct ConfigurationText: Sendable {
    private let bytes: [UInt8]

    /// The place of a part, as small as the largest file allows, since there are many.
    typealias Place = Range<Int32>

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
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

    /// The text of a place, repaired to UTF-8.
    func string(_ place: Place) -> String {
        withBytes(place) { String(decoding: $0, as: UTF8.self) }
    }
}
