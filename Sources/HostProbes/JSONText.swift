/// A value of a JSON text (RFC 8259), for the few state files of other programs that are written in it.
enum JSONText: Sendable, Hashable {
    case null
    case boolean(Bool)
    /// A number as it is written.
    case number(String)
    case string(String)
    case array([JSONText])
    case object([String: JSONText])

    /// How many arrays and objects may stand inside each other.
    static let depthLimit = 64

    /// `nil` where the bytes are anything but one JSON value, or nested too deep.
    init?(parsing bytes: [UInt8]) {
        var reader = Reader(rest: bytes[...])
        guard let value = reader.value(depth: 0) else { return nil }
        reader.skipSpace()
        guard reader.rest.isEmpty else { return nil }
        self = value
    }

    /// A member of an object; `nil` where this is no object or has no such member.
    subscript(_ name: String) -> JSONText? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    /// The text of a string; `nil` where this is none.
    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The elements of an array; empty where this is none.
    var elements: [JSONText] {
        if case .array(let elements) = self { elements } else { [] }
    }
}

extension JSONText {
    private struct Reader {
        var rest: Bytes

        mutating func skipSpace() {
            rest = rest.drop { $0 == Byte.space || $0 == Byte.tab || $0 == Byte.newline || $0 == 13 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest.removeFirst()
            return true
        }

        mutating func value(depth: Int) -> JSONText? {
            skipSpace()
            switch rest.first {
            case UInt8(ascii: "{"): return depth < depthLimit ? object(depth: depth) : nil
            case UInt8(ascii: "["): return depth < depthLimit ? array(depth: depth) : nil
            case UInt8(ascii: "\""): return string().map { .string($0) }
            case UInt8(ascii: "t"): return word("true", .boolean(true))
            case UInt8(ascii: "f"): return word("false", .boolean(false))
            case UInt8(ascii: "n"): return word("null", .null)
            default: return number()
            }
        }

        mutating func word(_ word: StaticString, _ value: JSONText) -> JSONText? {
            guard let after = rest.dropping(prefix: word) else { return nil }
            rest = after
            return value
        }

        mutating func number() -> JSONText? {
            let digits = rest.prefix { byte in
                (48...57).contains(byte) || [Byte.minus, 43, 46, UInt8(ascii: "e"), UInt8(ascii: "E")].contains(byte)
            }
            guard !digits.isEmpty, Double(digits.text) != nil else { return nil }
            rest = rest.dropFirst(digits.count)
            return .number(digits.text)
        }

        mutating func array(depth: Int) -> JSONText? {
            rest.removeFirst()
            var elements: [JSONText] = []
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            while let element = value(depth: depth + 1) {
                elements.append(element)
                skipSpace()
                if take(UInt8(ascii: "]")) { return .array(elements) }
                guard take(Byte.comma) else { return nil }
            }
            return nil
        }

        mutating func object(depth: Int) -> JSONText? {
            rest.removeFirst()
            var members: [String: JSONText] = [:]
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            while true {
                skipSpace()
                guard rest.first == UInt8(ascii: "\""), let name = string() else { return nil }
                skipSpace()
                guard take(Byte.colon), let member = value(depth: depth + 1) else { return nil }
                members[name] = member
                skipSpace()
                if take(UInt8(ascii: "}")) { return .object(members) }
                guard take(Byte.comma) else { return nil }
            }
        }

        mutating func string() -> String? {
            rest.removeFirst()
            var result: [UInt8] = []
            while let byte = rest.popFirst() {
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: result, as: UTF8.self)
                case Byte.backslash:
                    guard let escape = rest.popFirst() else { return nil }
                    if escape == UInt8(ascii: "u") {
                        guard let scalar = escapedScalar() else { return nil }
                        result += Array(String(Character(scalar)).utf8)
                    } else if let byte = Self.escapes[escape] {
                        result.append(byte)
                    } else {
                        return nil
                    }
                case 0..<32: return nil
                default: result.append(byte)
                }
            }
            return nil
        }

        /// Four hexadecimal digits, or two such escapes that are the halves of one character; a half alone is U+FFFD.
        mutating func escapedScalar() -> Unicode.Scalar? {
            guard let first = hexadecimalDigits() else { return nil }
            if let scalar = Unicode.Scalar(first) { return scalar }
            let replacement: Unicode.Scalar = "\u{fffd}"
            guard first < 0xdc00, let after = rest.dropping(prefix: "\\u") else { return replacement }
            var ahead = Reader(rest: after)
            guard let second = ahead.hexadecimalDigits(), (0xdc00...0xdfff).contains(second) else { return replacement }
            rest = ahead.rest
            return Unicode.Scalar(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)) ?? replacement
        }

        mutating func hexadecimalDigits() -> UInt32? {
            let digits = rest.prefix(4)
            guard digits.count == 4, let number = digits.hexadecimal(as: UInt32.self) else { return nil }
            rest = rest.dropFirst(4)
            return number
        }

        static let escapes: [UInt8: UInt8] = [
            UInt8(ascii: "\""): UInt8(ascii: "\""), Byte.backslash: Byte.backslash, Byte.slash: Byte.slash,
            UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13,
            UInt8(ascii: "t"): 9,
        ]
    }
}
