internal import CExpat

/// Parses one element with expat, from its `<` to its end.
///
/// Parsing begins at the element, so expat never sees a document type and knows no entity but the five of XML.
final class ElementParser {
    enum Outcome {
        /// The element is well-formed and ends before this offset.
        case element(end: Int, name: String, moduleName: String?)
        case broken(Failure)
    }

    struct Failure {
        /// Where it was noticed.
        var offset: Int
        /// What is wrong.
        var reason: String
        /// Whether that was noticed at the end of the output only.
        var reachedEnd: Bool
    }

    private let limits: FragmentCheck.Limits
    private var parser: XML_Parser?
    private var depth = 0
    private var topName = ""
    private var end: Int?
    /// What of our own rules the element breaks, and where.
    private var objection: (reason: String, offset: Int)?
    /// Where the latest CDATA section began.
    private var characterDataStart = 0
    /// The child of the top element whose text is being collected, and what was collected of each.
    private var collecting: String?
    private var collected: [String: [UInt8]] = [:]

    init(_ limits: FragmentCheck.Limits) {
        self.limits = limits
    }

    func parse(_ bytes: [UInt8], from start: Int) -> Outcome {
        guard let parser = XML_ParserCreate("UTF-8") else {
            return .broken(Failure(offset: start, reason: "out of memory", reachedEnd: false))
        }
        self.parser = parser
        defer {
            XML_ParserFree(parser)
            self.parser = nil
        }
        installHandlers(parser)
        let stop = min(bytes.count, start + max(0, min(limits.byteCount, 1 << 30)))
        let isWhole = withExtendedLifetime(self) {
            bytes[start..<stop].withUnsafeBytes { feed($0, to: parser) }
        }
        if let end { return .element(end: start + end, name: topName, moduleName: moduleName) }
        let isCut = stop < bytes.count
        let code = XML_GetErrorCode(parser)
        let position = start + max(0, min(Int(XML_GetCurrentByteIndex(parser)), stop - start))
        if let objection, !isWhole {
            return .broken(Failure(offset: start + objection.offset, reason: objection.reason, reachedEnd: false))
        }
        let unclosed = [
            XML_ERROR_UNCLOSED_TOKEN, XML_ERROR_UNCLOSED_CDATA_SECTION, XML_ERROR_NO_ELEMENTS, XML_ERROR_PARTIAL_CHAR,
        ]
        let isUnclosed = unclosed.contains(code)
        if isUnclosed, isCut {
            return .broken(Failure(offset: stop, reason: "larger than \(limits.byteCount) bytes", reachedEnd: false))
        }
        let isInCharacterData = code == XML_ERROR_UNCLOSED_CDATA_SECTION
        return .broken(
            Failure(
                offset: isInCharacterData ? start + characterDataStart : position,
                reason: code == XML_ERROR_NO_ELEMENTS ? "not closed" : String(cString: XML_ErrorString(code)),
                reachedEnd: isUnclosed))
    }

    /// Hands over growing pieces until the element ends. expat copies whatever it is given, so that all of the output at
    /// once, for each of many small elements, would cost the square of it.
    ///
    /// - Returns: Whether expat took all of it.
    private func feed(_ buffer: UnsafeRawBufferPointer, to parser: XML_Parser) -> Bool {
        var offset = 0
        var size = 1024
        while true {
            let piece = UnsafeRawBufferPointer(rebasing: buffer[offset..<min(buffer.count, offset + size)])
            offset += piece.count
            let isLast = offset == buffer.count
            guard XML_Parse(parser, piece.baseAddress, CInt(piece.count), isLast ? 1 : 0) == XML_STATUS_OK else {
                return false
            }
            if isLast { return true }
            size *= 2
        }
    }

    private var moduleName: String? {
        (collected["name"] ?? collected["source"]).map { String(decoding: $0, as: UTF8.self) }
    }

    private func installHandlers(_ parser: XML_Parser) {
        XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        XML_SetElementHandler(
            parser,
            { context, name, attributes in
                guard let name else { return }
                var names: [String] = []
                var next = attributes
                while let attribute = next?.pointee {
                    names.append(String(cString: attribute))
                    next = next?.advanced(by: 2)
                }
                ElementParser.from(context)?.begin(String(cString: name), names)
            },
            { context, _ in ElementParser.from(context)?.finish() })
        XML_SetCharacterDataHandler(parser) { context, text, count in
            let buffer = UnsafeRawBufferPointer(start: text, count: Int(count))
            ElementParser.from(context)?.characterData(buffer)
        }
        XML_SetStartCdataSectionHandler(parser) { context in
            guard let self = ElementParser.from(context) else { return }
            self.characterDataStart = self.byteIndex
        }
        XML_SetProcessingInstructionHandler(parser) { context, _, _ in
            ElementParser.from(context)?.object("it contains a processing instruction")
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> ElementParser? {
        context.map { Unmanaged<ElementParser>.fromOpaque($0).takeUnretainedValue() }
    }

    private var byteIndex: Int { Int(XML_GetCurrentByteIndex(parser)) }

    private func object(_ reason: String) {
        // expat may call another handler or two after it was told to stop.
        if objection != nil || end != nil { return }
        objection = (reason, byteIndex)
        XML_StopParser(parser, 0)
    }

    // MARK: - Events

    private func begin(_ name: String, _ attributes: [String]) {
        if objection != nil || end != nil { return }
        depth += 1
        if depth == 1 {
            topName = name
        } else if name == topName || FragmentScanner.knownNames.contains(name) {
            return object("not closed before <\(name)>")
        }
        if depth > limits.depth { return object("nested deeper than \(limits.depth) elements") }
        if attributes.count > limits.attributeCount { return object("more than \(limits.attributeCount) attributes") }
        if let bad = ([name] + attributes).first(where: { !ElementParser.isPlain($0) }) {
            return object("the name '\(bad.prefix(64))' is not plain ASCII without a colon")
        }
        collecting = depth == 2 && (name == "name" || name == "source") && collected[name] == nil ? name : nil
        if let collecting { collected[collecting] = [] }
    }

    private func finish() {
        if objection != nil || end != nil { return }
        if depth == 2 { collecting = nil }
        depth -= 1
        if depth == 0 {
            end = byteIndex + Int(XML_GetCurrentByteCount(parser))
            XML_StopParser(parser, 0)
        }
    }

    private func characterData(_ text: UnsafeRawBufferPointer) {
        guard let collecting, depth == 2, let count = collected[collecting]?.count, count < 1024 else { return }
        collected[collecting]?.append(contentsOf: text.prefix(1024 - count))
    }

    /// Whether a name means the same to every parser and can be written in every encoding.
    private static func isPlain(_ name: String) -> Bool {
        name != "xmlns" && name.utf8.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: ":") }
    }
}
