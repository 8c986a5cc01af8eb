internal import Digests

/// What the file `positions` holds: all state that is committed together with data files, and their names.
///
/// The file is text: a line that names the format; one line a data file; one line a value, sorted by key; and the
/// SHA-256 of all lines before, which tells a damaged file from a whole one.
///
/// ```
/// pandora-agent positions 1
/// file b33aed8f3134996703dc39f9a7c95783.1700000000123456789.data
/// value log%20/var/log/messages 4711
/// sha256 …
/// ```
struct Positions: Sendable, Hashable {
    /// Names of the data files that were committed with the values.
    var batch: [String] = []
    /// Opaque values by opaque keys.
    var values: [String: String] = [:]

    private static let heading = "pandora-agent positions 1"

    var bytes: [UInt8] {
        var text = Positions.heading + "\n"
        for name in batch { text += "file \(Positions.escape(name))\n" }
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            text += "value \(Positions.escape(key)) \(Positions.escape(value))\n"
        }
        text += "sha256 \(Digest.sha256(text).hexadecimal)\n"
        return Array(text.utf8)
    }

    init(batch: [String] = [], values: [String: String] = [:]) {
        self.batch = batch
        self.values = values
    }

    /// Reads the file's bytes.
    init(_ bytes: [UInt8]) throws(Damage) {
        guard bytes.last == UInt8(ascii: "\n") else { throw Damage(reason: "its last line is cut off") }
        let lines = bytes.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let first = lines.first, first.elementsEqual(Positions.heading.utf8) else {
            throw Damage(reason: "its first line is not '\(Positions.heading)'")
        }
        guard let last = lines.last, lines.count > 1 else { throw Damage(reason: "it has no checksum") }
        let digest = Digest.sha256(bytes[..<last.startIndex]).hexadecimal
        guard last.elementsEqual("sha256 \(digest)".utf8) else { throw Damage(reason: "its checksum is wrong") }
        for line in lines.dropFirst().dropLast() {
            let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            let texts = try words.map { word throws(Damage) in try Positions.unescape(word) }
            switch (texts.first, texts.count) {
            case ("file", 2): batch.append(texts[1])
            case ("value", 3): values[texts[1]] = texts[2]
            default: throw Damage(reason: "it has a line that is neither a file nor a value")
            }
        }
    }

    /// Why a file of positions cannot be used.
    struct Damage: Error, Hashable {
        let reason: String
    }

    /// Writes what would break a line into words as `%` and two hexadecimal digits.
    private static func escape(_ text: String) -> String {
        guard text.utf8.contains(where: needsEscape) else { return text }
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            if needsEscape(byte) {
                escaped += Array("%\(CollectionOfOne(byte).hexadecimal)".utf8)
            } else {
                escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "%")
    }

    private static func unescape(_ word: ArraySlice<UInt8>) throws(Damage) -> String {
        guard word.contains(UInt8(ascii: "%")) else { return String(decoding: word, as: UTF8.self) }
        var bytes: [UInt8] = []
        var rest = word
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard rest.count >= 2, let value = UInt8(digits, radix: 16) else {
                throw Damage(reason: "it has a '%' without two hexadecimal digits")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
