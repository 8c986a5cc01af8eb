/// A character encoding that a data file can be declared in, and that a host's configuration and commands may still use.
public enum TextEncoding: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case utf8 = "UTF-8"
    case latin1 = "ISO-8859-1"
    case latin9 = "ISO-8859-15"
    case ascii = "US-ASCII"
    case windows1252 = "windows-1252"

    /// The encoding that a name stands for, in any case and by its usual aliases; `nil` where it is none of these.
    public init?(name: String) {
        switch name.lowercased() {
        case "utf-8", "utf8": self = .utf8
        case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1": self = .latin1
        case "iso-8859-15", "iso8859-15", "iso_8859-15", "latin9", "latin-9": self = .latin9
        case "us-ascii", "ascii": self = .ascii
        case "windows-1252", "cp1252": self = .windows1252
        default: return nil
        }
    }

    /// The name for the XML declaration, as the register of IANA has it.
    public var declaredName: String { rawValue }

    /// The name that it is declared with.
    public var description: String { declaredName }

    /// The byte of a character in a single-byte encoding; `nil` where it has none, and always in UTF-8.
    public func byte(for scalar: Unicode.Scalar) -> UInt8? {
        switch self {
        case .utf8:
            return nil
        case .ascii:
            return scalar.isASCII ? UInt8(truncatingIfNeeded: scalar.value) : nil
        case .latin1:
            return UInt8(exactly: scalar.value)
        case .latin9:
            if let byte = TextEncoding.latin9Bytes[scalar] { return byte }
            return UInt8(exactly: scalar.value).flatMap { TextEncoding.latin9Characters[$0] == nil ? $0 : nil }
        case .windows1252:
            if let byte = TextEncoding.windows1252Bytes[scalar] { return byte }
            return UInt8(exactly: scalar.value).flatMap { (0x80...0x9F).contains($0) ? nil : $0 }
        }
    }

    /// The text that bytes in this encoding stand for; U+FFFD for each byte or sequence that stands for nothing.
    public func decode(_ bytes: some Collection<UInt8>) -> String {
        if self == .utf8 { return String(decoding: bytes, as: UTF8.self) }
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(scalar(for: byte) ?? "\u{FFFD}") }
        return String(text)
    }

    /// The text that bytes stand for which nobody declared: UTF-8 where they are that, else this encoding. Each line is
    /// taken by itself, so that one that is neither costs no other.
    public func text(of bytes: some Collection<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        if self == .utf8 { return String(decoding: bytes, as: UTF8.self) }
        return bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(validating: $0, as: UTF8.self) ?? decode($0) }
            .joined(separator: "\n")
    }

    private func scalar(for byte: UInt8) -> Unicode.Scalar? {
        switch self {
        case .utf8, .ascii: byte < 0x80 ? Unicode.Scalar(byte) : nil
        case .latin1: Unicode.Scalar(byte)
        case .latin9: TextEncoding.latin9Characters[byte] ?? Unicode.Scalar(byte)
        case .windows1252:
            TextEncoding.windows1252Characters[byte] ?? ((0x80...0x9F).contains(byte) ? nil : Unicode.Scalar(byte))
        }
    }

    /// Where ISO-8859-15 differs from ISO-8859-1.
    private static let latin9Characters: [UInt8: Unicode.Scalar] = [
        0xA4: "€", 0xA6: "Š", 0xA8: "š", 0xB4: "Ž", 0xB8: "ž", 0xBC: "Œ", 0xBD: "œ", 0xBE: "Ÿ",
    ]

    /// Where windows-1252 differs from ISO-8859-1; the bytes from 0x80 to 0x9F that are not here stand for nothing.
    private static let windows1252Characters: [UInt8: Unicode.Scalar] = [
        0x80: "€", 0x82: "‚", 0x83: "ƒ", 0x84: "„", 0x85: "…", 0x86: "†", 0x87: "‡", 0x88: "ˆ", 0x89: "‰", 0x8A: "Š",
        0x8B: "‹", 0x8C: "Œ", 0x8E: "Ž", 0x91: "‘", 0x92: "’", 0x93: "“", 0x94: "”", 0x95: "•", 0x96: "–", 0x97: "—",
        0x98: "˜", 0x99: "™", 0x9A: "š", 0x9B: "›", 0x9C: "œ", 0x9E: "ž", 0x9F: "Ÿ",
    ]

    private static let latin9Bytes = Dictionary(uniqueKeysWithValues: latin9Characters.map { ($0.value, $0.key) })
    private static let windows1252Bytes = Dictionary(
        uniqueKeysWithValues: windows1252Characters.map { ($0.value, $0.key) })
}
