/// Names that stand for text in the settings of a module: those of the whole configuration, and its own.
///
/// One pass from left to right, the longest name first, and what was put in is not searched again: the result does not
/// depend on the order of definitions, and grows at most by one value for each name in the text.
struct Macros: Sendable {
    /// Why a text has no expansion.
    enum Refusal: Error, Sendable, Hashable {
        /// It would be longer than a line of a configuration may be.
        case tooLong
        /// There is no room left; whether this is the first text that finds none.
        case noRoom(isFirst: Bool)
    }

    private let general: MacroTable
    private let own: MacroTable
    // So that text without macros costs one look a byte.
    private let firstBytes: ByteSet

    /// - Parameters:
    ///   - general: The macros of the configuration.
    ///   - own: Those of the module, which win over others of the same name.
    init(_ general: MacroTable, own: MacroTable = .none) {
        self.general = general
        self.own = own
        var firstBytes = general.firstBytes
        firstBytes.formUnion(own.firstBytes)
        self.firstBytes = firstBytes
    }

    /// Whether there are none.
    var isEmpty: Bool { general.isEmpty && own.isEmpty }

    /// Whether a text can hold a name: none that can not is changed.
    func mayChange(_ text: UnsafeRawBufferPointer) -> Bool { text.contains(where: firstBytes.contains) }

    /// The text with every name replaced.
    ///
    /// - Parameter room: How much longer settings may still become. What is built in vain takes room too: else a file
    ///   full of names with long values could cost far more than itself.
    func expand(_ text: String, _ room: inout MacroRoom) throws(Refusal) -> String {
        if isEmpty || !text.utf8.contains(where: firstBytes.contains) { return text }
        let bytes = Array(text.utf8)
        var expansion = Expansion(count: bytes.count)
        // Where what follows the last name begins.
        var rest = 0
        do throws(Refusal) {
            try bytes.withUnsafeBufferPointer { (text) throws(Refusal) in
                var offset = 0
                while offset < text.count {
                    guard firstBytes.contains(text[offset]), let match = longestName(in: text, at: offset) else {
                        offset += 1
                        continue
                    }
                    try expansion.append(text[rest..<offset], room)
                    try expansion.append(match.value.utf8, room)
                    offset += match.length
                    rest = offset
                }
                if rest > 0 { try expansion.append(text[rest...], room) }
            }
        } catch {
            switch error {
            case .tooLong:
                room.take(expansion.bytes.count)
                throw error
            case .noRoom:
                throw .noRoom(isFirst: room.close())
            }
        }
        // No name was there at all.
        if rest == 0 { return text }
        room.take(max(0, expansion.bytes.count - bytes.count))
        return String(decoding: expansion.bytes, as: UTF8.self)
    }

    private func longestName(
        in text: UnsafeBufferPointer<UInt8>, at offset: Int
    ) -> (length: Int, value: String)? {
        guard let ownMatch = own.longestName(in: text, at: offset) else {
            return general.longestName(in: text, at: offset)
        }
        guard let match = general.longestName(in: text, at: offset) else { return ownMatch }
        return match.length > ownMatch.length ? match : ownMatch
    }

    /// A text that is put together within bounds.
    private struct Expansion {
        private(set) var bytes: [UInt8] = []
        /// How long the text was.
        let count: Int

        init(count: Int) { self.count = count }

        mutating func append(_ part: some Collection<UInt8>, _ room: MacroRoom) throws(Refusal) {
            let needed = bytes.count + part.count
            if needed > ConfigurationLine.longestLine { throw .tooLong }
            if needed - count > room.left { throw .noRoom(isFirst: false) }
            if needed > bytes.capacity {
                // Twice as much as there is, as arrays grow by themselves, but not beyond what may be there.
                bytes.reserveCapacity(min(max(needed, 2 * bytes.capacity), ConfigurationLine.longestLine))
            }
            bytes.append(contentsOf: part)
        }
    }
}

/// How many bytes macros may still add to the settings of a configuration.
struct MacroRoom: Sendable {
    /// What is left of it.
    private(set) var left: Int
    private var isClosed = false

    /// - Parameter bytes: All of it.
    init(bytes: Int = ConfigurationLoader.largestFile) {
        left = bytes
    }

    /// Takes a part, and what there is where it is less.
    mutating func take(_ count: Int) { left -= min(count, left) }

    /// Leaves none, since something did not fit: to try on with less and less would cost without end.
    ///
    /// - Returns: Whether this is the first time.
    mutating func close() -> Bool {
        left = 0
        defer { isClosed = true }
        return !isClosed
    }
}
