internal import SystemFiles

/// Names with the texts that they stand for, in the order of the names' bytes: the longest name at a place of a text is
/// found by narrowing a range of names byte by byte, however many there are.
struct MacroTable: Sendable {
    /// The longest name in bytes, so that a search at one place costs no more than a fixed amount.
    static let longestName = 255

    /// Why a name cannot be one, as a sentence; `nil` where it can.
    static func misnaming(_ name: String) -> String? {
        name.utf8.count > longestName ? "the name of a macro has at most \(longestName) bytes" : nil
    }

    // The bytes of all names in one array, since a search that went through arrays in an array would mostly count
    // references.
    private var bytes: [UInt8] = []
    // Where each name begins, and where the last one ends.
    private var starts: [Int] = [0]
    private var values: [String] = []
    /// What the names begin with.
    private(set) var firstBytes = ByteSet()

    /// No names.
    static let none = MacroTable([])

    /// A table of definitions; of those of one name the last counts, and one without a name does not.
    init(_ definitions: [(name: String, value: String)]) {
        // By their bytes, as strings are the same where é is one character in one and two in the other.
        var lastOnes: [[UInt8]: String] = [:]
        for definition in definitions { lastOnes[Array(definition.name.utf8)] = definition.value }
        for (name, value) in lastOnes.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            guard let first = name.first else { continue }
            firstBytes.insert(first)
            bytes += name
            starts.append(bytes.count)
            values.append(value)
        }
    }

    /// Whether there are none.
    var isEmpty: Bool { values.isEmpty }

    /// The longest name at an offset of a text, which must be inside of it, by its length and its value.
    func longestName(
        in text: UnsafeBufferPointer<UInt8>, at offset: Int
    ) -> (length: Int, value: String)? {
        if values.isEmpty { return nil }
        let found = bytes.withUnsafeBufferPointer { names in
            starts.withUnsafeBufferPointer { starts in
                Self.longestName(names, starts, in: text, at: offset)
            }
        }
        return found.map { ($0.length, values[$0.index]) }
    }

    private static func longestName(
        _ names: UnsafeBufferPointer<UInt8>, _ starts: UnsafeBufferPointer<Int>,
        in text: UnsafeBufferPointer<UInt8>, at offset: Int
    ) -> (length: Int, index: Int)? {
        var found: (length: Int, index: Int)?
        var low = 0
        var high = starts.count - 1
        var depth = 0
        // All names of the range begin with as many bytes of the text as the depth says.
        while true {
            // The one that has no others stands before those that go on.
            if low < high, starts[low + 1] - starts[low] == depth {
                found = (depth, low)
                low += 1
            }
            guard low < high, offset + depth < text.count else { return found }
            let byte = text[offset + depth]
            let (lowest, highest) = (names[starts[low] + depth], names[starts[high - 1] + depth])
            if byte < lowest || byte > highest { return found }
            // Names with a common beginning need no search in it.
            if lowest != byte { low = (low..<high).partitioningIndex { names[starts[$0] + depth] >= byte } }
            if highest != byte { high = (low..<high).partitioningIndex { names[starts[$0] + depth] > byte } }
            depth += 1
        }
    }
}

/// Some of the 256 bytes.
struct ByteSet: Sendable {
    private var words = SIMD4<UInt64>()

    /// Adds a byte.
    mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }

    /// Adds the bytes of another set.
    mutating func formUnion(_ other: ByteSet) { words |= other.words }

    /// Whether a byte is in it.
    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 != 0 }
}
