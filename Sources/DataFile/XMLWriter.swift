internal import Digests
internal import TextEncodings

/// Writes XML into one buffer, so that whatever goes in, what comes out is well-formed in the declared encoding.
///
/// Text comes in as UTF-8, or, what a command printed, in the declared encoding: a line that is not valid UTF-8 is taken for
/// that. What is text in neither and what XML 1.0 forbids (section 2.2, production Char) becomes U+FFFD; what the declared
/// encoding does not have becomes `?`. A lone carriage return is written as a character reference, since parsers would
/// make it a line feed (section 2.11); one before a line feed is left to them.
struct XMLWriter: Sendable {
    let encoding: TextEncoding
    private(set) var bytes: [UInt8] = []

    init(_ encoding: TextEncoding) {
        self.encoding = encoding
    }

    mutating func declaration() {
        markup("<?xml version='1.0' encoding='\(encoding.declaredName)'?>\n")
    }

    /// Writes markup as it is; it is ASCII and never comes from outside.
    mutating func markup(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Writes what another writer of the same encoding wrote.
    mutating func append(_ written: [UInt8]) {
        bytes += written
    }

    /// Writes ` name="value"`.
    mutating func attribute(_ name: StaticString, _ value: String) {
        markup(" \(name)=\"")
        put(value.utf8, as: .attribute)
        markup("\"")
    }

    /// Writes an element that holds text.
    mutating func element(_ name: String, text: some Collection<UInt8>) {
        markup("<\(name)>")
        put(text, as: .text)
        markup("</\(name)>\n")
    }

    /// Writes bytes in Base64, which needs no look at each character.
    mutating func append(base64 content: [UInt8]) {
        bytes.reserveCapacity(bytes.count + (content.count + 2) / 3 * 4)
        content.base64 { bytes.append(contentsOf: $0) }
    }

    /// Writes an element that holds a CDATA section, or several where the value contains `]]>`.
    mutating func element(_ name: String, characterData: some Collection<UInt8>) {
        markup("<\(name)><![CDATA[")
        put(characterData, as: .characterData)
        markup("]]></\(name)>\n")
    }

    /// Writes UTF-8 that is well-formed XML already, in the declared encoding.
    mutating func verified(_ fragment: [UInt8]) {
        put(fragment, as: .verbatim)
    }

    private enum Context {
        case text, attribute, characterData, verbatim
    }

    private mutating func put(_ text: some Collection<UInt8>, as context: Context) {
        if text.isEmpty { return }
        // Most text is plain: it is the same in every encoding, and nothing in it means anything to XML.
        if text.allSatisfy(XMLWriter.isPlain) { return bytes.append(contentsOf: text) }
        var closing = CharacterDataEnd()
        let scalars = encoding.text(of: text).unicodeScalars
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let scalar = scalars[index]
            scalars.formIndex(after: &index)
            if scalar == "\r" {
                let isLone = index == scalars.endIndex || scalars[index] != "\n"
                carriageReturn(isLone: isLone, in: context)
                closing = CharacterDataEnd()
            } else if context == .characterData, closing.isCompleted(by: scalar) {
                markup("]]><![CDATA[>")
            } else if let escape = XMLWriter.escape(scalar, in: context) {
                markup(escape)
            } else {
                put(scalar.isAllowedInXML ? scalar : "\u{FFFD}")
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"),
            UInt8(ascii: "]"):
            false
        default: 0x20...0x7E ~= byte
        }
    }

    private mutating func carriageReturn(isLone: Bool, in context: Context) {
        switch context {
        case .text where isLone, .attribute: markup("&#13;")
        case .characterData where isLone: markup("]]>&#13;<![CDATA[")
        case .text, .characterData, .verbatim: markup("\r")
        }
    }

    private static func escape(_ scalar: Unicode.Scalar, in context: Context) -> String? {
        if context == .characterData || context == .verbatim { return nil }
        switch scalar {
        case "&": return "&amp;"
        case "<": return "&lt;"
        case ">": return "&gt;"
        case "\"": return "&quot;"
        case "'": return "&#39;"
        // Parsers make spaces of these in an attribute (section 3.3.3).
        case "\n" where context == .attribute: return "&#10;"
        case "\t" where context == .attribute: return "&#9;"
        default: return nil
        }
    }

    private mutating func put(_ scalar: Unicode.Scalar) {
        if scalar.isASCII {
            bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        } else if encoding == .utf8 {
            bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        } else {
            bytes.append(encoding.byte(for: scalar) ?? UInt8(ascii: "?"))
        }
    }
}

/// Finds the `]]>` that would end a CDATA section.
private struct CharacterDataEnd {
    private var bracketCount = 0

    /// Whether this character is the `>` of `]]>`.
    mutating func isCompleted(by scalar: Unicode.Scalar) -> Bool {
        defer { bracketCount = scalar == "]" ? min(bracketCount + 1, 2) : 0 }
        return scalar == ">" && bracketCount == 2
    }
}

extension Unicode.Scalar {
    /// Whether XML 1.0 lets the character into a document (section 2.2).
    var isAllowedInXML: Bool {
        switch value {
        case 0x09, 0x0A, 0x0D, 0x20...0xFFFD, 0x10000...: true
        default: false
        }
    }
}
