public import TextEncodings

/// An element that a plugin printed and that a real XML parser found well-formed.
public struct VerifiedFragment: Sendable, Hashable {
    /// The element as it was printed, in UTF-8, with U+FFFD for bytes that are not text and characters that XML forbids.
    let bytes: [UInt8]
    /// The name of the element: `module`, `log_module`, `inventory` …
    public let elementName: String
    /// The text of its child `name` or, where there is none, `source`; `nil` where it has neither. At most 1024
    /// characters.
    public let moduleName: String?
    /// Where it begins.
    public let position: TextPosition
}

/// A place in a plugin's output.
public struct TextPosition: Sendable, Hashable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int
    /// The character within the line, from 1.
    public let column: Int

    /// `line 3, column 7`.
    public var description: String { "line \(line), column \(column)" }
}

/// Something in a plugin's output that does not go into the data file.
public struct FragmentProblem: Sendable, Hashable, CustomStringConvertible {
    /// Where it was noticed.
    public let position: TextPosition
    /// What is wrong, as a phrase.
    public let reason: String

    /// A phrase for an operator.
    public var description: String { "\(position): \(reason)" }
}

/// What of a plugin's output can go into a data file.
///
/// Each element at the top that is well-formed is kept; text around elements and broken elements are left out alone, and
/// their neighbours stay. Document types are refused, so there are no entities but the five of XML, and nothing can
/// expand; depth, size and the number of attributes are limited; names are ASCII without a colon, since no element of a
/// data file has others and namespaces are a way to be well-formed for one parser and not for the next. An XML
/// declaration in front is taken for the encoding that it names; without one, a line that is not UTF-8 is taken for the
/// encoding of the data file. The cost is proportional to the output, whatever it is.
public struct FragmentCheck: Sendable {
    /// What a fragment may not exceed.
    public struct Limits: Sendable, Hashable {
        /// How deep elements nest, the top one included.
        public var depth = 32
        /// How many bytes an element has, from its first `<` to its last `>`.
        public var byteCount = 8 << 20
        /// How many attributes an element has.
        public var attributeCount = 64
        /// How many problems are reported; the rest is counted.
        public var problemCount = 50

        /// The usual limits.
        public init() {}
    }

    /// The elements that are fine, in their order.
    public private(set) var fragments: [VerifiedFragment] = []
    /// What is not, in its order.
    public private(set) var problems: [FragmentProblem] = []
    /// How many problems there are beyond those.
    public private(set) var unreportedProblemCount = 0

    /// Checks what a plugin printed.
    ///
    /// - Parameter encoding: What lines that are not UTF-8 are in.
    public init(_ output: [UInt8], encoding: TextEncoding = .utf8, limits: Limits = Limits()) {
        let text = PluginText(output, encoding: encoding)
        var positions = PositionCounter()
        if let name = text.unknownEncodingName {
            report("unknown encoding '\(name)', taken for UTF-8", at: positions.position(of: 0, in: text.bytes), limits)
        }
        var scanner = FragmentScanner(text.bytes, from: text.start)
        while let piece = scanner.next(limits) {
            switch piece {
            case .element(let range, let name, let moduleName):
                fragments.append(
                    VerifiedFragment(
                        bytes: Array(text.bytes[range]), elementName: name, moduleName: moduleName,
                        position: positions.position(of: range.lowerBound, in: text.bytes)))
            case .problem(let offset, let reason):
                report(reason, at: positions.position(of: offset, in: text.bytes), limits)
            }
        }
    }

    private mutating func report(_ reason: String, at position: TextPosition, _ limits: Limits) {
        if problems.count < limits.problemCount {
            problems.append(FragmentProblem(position: position, reason: reason))
        } else {
            unreportedProblemCount += 1
        }
    }
}

/// A plugin's output as clean UTF-8.
struct PluginText {
    let bytes: [UInt8]
    /// Where the first thing after the byte order mark and the XML declaration is.
    let start: Int
    /// The encoding that the declaration names, where that is none that we know.
    let unknownEncodingName: String?

    init(_ output: [UInt8], encoding: TextEncoding) {
        let isMarked = output.starts(with: [0xEF, 0xBB, 0xBF])
        let unmarked = output.dropFirst(isMarked ? 3 : 0)
        let declaration = PluginText.declaration(of: unmarked)
        let name = declaration.flatMap { PluginText.encodingName(in: $0) }
        let declared = name.flatMap { TextEncoding(name: $0) }
        unknownEncodingName = declared == nil ? name : nil
        let text =
            switch declared {
            case nil, .utf8: encoding.text(of: unmarked)
            case let declared?: declared.decode(unmarked)
            }
        bytes = PluginText.clean(text)
        start = declaration?.count ?? 0
    }

    /// `<?xml … ?>` with the space before it. It is ASCII up to its end, so its length is the same in all encodings.
    private static func declaration(of output: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let body = output.drop { $0.isXMLSpace }
        guard body.starts(with: "<?xml".utf8), body.dropFirst(5).first?.isXMLSpace == true else { return nil }
        let inside = body.prefix { $0 != UInt8(ascii: ">") }
        guard inside.count < 200, inside.last == UInt8(ascii: "?"), inside.allSatisfy({ $0 < 0x80 }) else { return nil }
        return output[output.startIndex..<min(inside.endIndex + 1, output.endIndex)]
    }

    private static func encodingName(in declaration: ArraySlice<UInt8>) -> String? {
        let text = String(decoding: declaration, as: UTF8.self)
        let words = text.split(whereSeparator: { $0.isWhitespace || $0 == "=" || $0 == "?" })
        guard let index = words.firstIndex(of: "encoding"), index + 1 < words.count else { return nil }
        return words[index + 1].trimming { $0 == "'" || $0 == "\"" }
    }

    private static func clean(_ text: String) -> [UInt8] {
        if text.unicodeScalars.allSatisfy(\.isAllowedInXML) { return Array(text.utf8) }
        let scalars = text.unicodeScalars.map { $0.isAllowedInXML ? $0 : "\u{FFFD}" }
        return Array(String(String.UnicodeScalarView(scalars)).utf8)
    }
}

/// Turns offsets, which only grow, into lines and columns, and so reads each byte once.
private struct PositionCounter {
    private var offset = 0
    private var line = 1
    private var column = 1

    mutating func position(of wanted: Int, in bytes: [UInt8]) -> TextPosition {
        while offset < min(wanted, bytes.count) {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                // Bytes within a character do not count.
                column += 1
            }
            offset += 1
        }
        return TextPosition(line: line, column: column)
    }
}

extension Substring {
    fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> String {
        let front = drop(while: isTrimmed)
        let length = front.reversed().drop(while: isTrimmed).count
        return String(front.prefix(length))
    }
}

extension UInt8 {
    /// Whether XML counts it as white space (section 2.3).
    var isXMLSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
