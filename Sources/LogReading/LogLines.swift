internal import Glibc

/// Lines, one after the other, in one piece of memory.
///
/// Where each line ends is not kept: every line ends with a line feed and holds no other, so a search finds it. Whole
/// stretches of a log can then be copied at once, which costs a fraction of a step for each line.
public struct LogLines: Sendable, Hashable, Sequence {
    /// The bytes of all lines, each with its end as the log has it; a last line that had none was given a line feed.
    public private(set) var bytes: [UInt8] = []
    /// How many lines there are; it takes a look at all bytes.
    public var count: Int { bytes.withUnsafeBytes { $0.newlineCount } }

    /// No lines.
    public init() {}

    /// Whether there are none.
    public var isEmpty: Bool { bytes.isEmpty }

    /// The places of the lines in ``bytes``, each with its end.
    public var places: [Range<Int>] {
        var places: [Range<Int>] = []
        bytes.withUnsafeBytes { text in
            var start = 0
            while let newline = text.firstNewline(from: start) {
                places.append(start..<(newline + 1))
                start = newline + 1
            }
        }
        return places
    }

    /// The lines one by one, each with its end.
    public func makeIterator() -> AnyIterator<ArraySlice<UInt8>> {
        var start = 0
        return AnyIterator {
            guard let newline = bytes.withUnsafeBytes({ $0.firstNewline(from: start) }) else { return nil }
            defer { start = newline + 1 }
            return bytes[start...newline]
        }
    }

    /// Takes over bytes that are whole lines.
    init(wholeLines bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Makes room for the first line and all that may come after it. Growing step by step would hold two copies at
    /// times; memory that is never written to costs nothing.
    mutating func reserve(bytes count: Int) {
        if bytes.isEmpty { bytes.reserveCapacity(count) }
    }

    /// Appends a line and, after it, bytes that the log does not have, such as its missing end. Together they end with
    /// a line feed.
    mutating func append(_ line: UnsafeRawBufferPointer, then addition: some Sequence<UInt8>) {
        bytes.append(contentsOf: line)
        bytes.append(contentsOf: addition)
    }

    /// Appends whole lines.
    mutating func append(lines text: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: text)
    }

    /// Appends a line that the log does not have, given without its end, which must hold no line feed.
    public mutating func append(remark: String) {
        bytes.append(contentsOf: remark.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Appends a line that is given with its end.
    public mutating func append(line: [UInt8]) {
        bytes += line
        if line.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
    }

    /// Appends other lines.
    public mutating func append(_ other: LogLines) {
        if isEmpty {
            self = other
            return
        }
        bytes.append(contentsOf: other.bytes)
    }

    /// Takes back all lines after the first bytes.
    mutating func removeAll(after byteCount: Int) {
        bytes.removeLast(Swift.max(0, bytes.count - byteCount))
    }

    /// Appends some of other lines.
    ///
    /// - Parameters:
    ///   - range: Which of them.
    ///   - places: The ``places`` of all of them.
    public mutating func append(_ range: Range<Int>, of other: LogLines, _ places: [Range<Int>]) {
        guard let first = range.first, let last = range.last else { return }
        bytes += other.bytes[places[first].lowerBound..<places[last].upperBound]
    }

    /// Whether others begin with these.
    public func isBeginning(of other: LogLines) -> Bool {
        bytes.count <= other.bytes.count && other.bytes[..<bytes.count].elementsEqual(bytes)
    }
}

extension UnsafeRawBufferPointer {
    /// The place of the next line feed.
    func firstNewline(from start: Int) -> Int? {
        guard let base = baseAddress, start < count,
            let newline = memchr(base + start, Int32(UInt8(ascii: "\n")), count - start)
        else { return nil }
        return UnsafeRawPointer(newline) - base
    }

    /// The place of the last line feed.
    var lastNewline: Int? { lastIndex(of: UInt8(ascii: "\n")) }

    /// How many line feeds there are.
    var newlineCount: Int {
        var count = 0
        var start = 0
        while let newline = firstNewline(from: start) {
            count += 1
            start = newline + 1
        }
        return count
    }
}
