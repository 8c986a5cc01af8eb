/// Names that stand for text in the settings of modules.
///
/// One pass from left to right, the longest name first, and what was put in is not searched again: the result does not
/// depend on the order of definitions, and grows at most by one value for each name in the text.
struct Macros: Sendable {
    // By first byte, longest first, so that text without macros costs one look a byte.
    private var candidates: [UInt8: [(name: [UInt8], value: String)]] = [:]

    var isEmpty: Bool { candidates.isEmpty }

    /// Adds a macro; a later one of the same name replaces the earlier.
    mutating func define(_ name: String, as value: String) {
        let bytes = Array(name.utf8)
        guard let first = bytes.first else { return }
        candidates[first, default: []].removeAll { $0.name == bytes }
        candidates[first, default: []].append((bytes, value))
        candidates[first, default: []].sort { $0.name.count > $1.name.count }
    }

    /// The text with every name replaced.
    func expand(_ text: String) -> String {
        guard !isEmpty, text.utf8.contains(where: { candidates[$0] != nil }) else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var offset = 0
        while offset < bytes.count {
            if let match = candidates[bytes[offset]]?.first(where: { bytes[offset...].starts(with: $0.name) }) {
                result += Array(match.value.utf8)
                offset += match.name.count
            } else {
                result.append(bytes[offset])
                offset += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
