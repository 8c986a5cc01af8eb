/// Walks over a plugin's output: from one element at the top to the next, and on after broken ones.
struct FragmentScanner {
    enum Piece {
        /// A well-formed element.
        case element(Range<Int>, name: String, moduleName: String?)
        /// Something that is left out, and where that was noticed. Offsets only grow from piece to piece.
        case problem(offset: Int, reason: String)
    }

    /// The elements that servers know at the top. Where one begins inside another, that other one was not closed.
    static let knownNames: Set<String> = ["module", "log_module", "inventory", "event", "custom_fields"]

    private let bytes: [UInt8]
    private var offset: Int
    /// Ends of sections that were looked for and are nowhere in the rest, so that nobody looks again.
    private var missingEnds: Set<String> = []
    /// How often something may still run unclosed to the end of the output. Each time costs a walk through the rest.
    private var walksLeft = 16

    init(_ bytes: [UInt8], from start: Int) {
        self.bytes = bytes
        offset = start
    }

    /// The next piece; `nil` at the end.
    mutating func next(_ limits: FragmentCheck.Limits) -> Piece? {
        while offset < bytes.count {
            if bytes[offset].isXMLSpace {
                offset += 1
            } else if starts("<!--", at: offset) {
                guard let end = skip(past: "-->") else { return unclosed("a comment") }
                offset = end
            } else if let piece = markupOutside() {
                return piece
            } else if startsElement(at: offset) {
                return element(limits)
            } else {
                return text()
            }
        }
        return nil
    }

    // MARK: - What is not an element

    private mutating func markupOutside() -> Piece? {
        let start = offset
        if starts("<![CDATA[", at: start) {
            guard let end = skip(past: "]]>") else { return unclosed("a CDATA section") }
            offset = end
            return .problem(offset: start, reason: "a CDATA section outside of an element is left out")
        }
        if starts("<!", at: start) {
            guard let end = endOfDeclaration(at: start) else { return unclosed("a declaration") }
            offset = end
            return .problem(offset: start, reason: "a document type declaration is refused")
        }
        if starts("<?", at: start) {
            guard let end = skip(past: "?>") else { return unclosed("a processing instruction") }
            offset = end
            return .problem(offset: start, reason: "a processing instruction is left out")
        }
        if starts("</", at: start) {
            let rest = bytes[(start + 1)...]
            let end = rest.firstIndex { $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "<") } ?? bytes.count
            offset = end < bytes.count && bytes[end] == UInt8(ascii: ">") ? end + 1 : end
            return .problem(offset: start, reason: "a closing tag without an opening one is left out")
        }
        return nil
    }

    private mutating func text() -> Piece {
        let start = offset
        offset += 1
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "<") { offset += 1 }
        return .problem(offset: start, reason: "text outside of an element is left out")
    }

    private mutating func unclosed(_ what: String) -> Piece {
        defer { offset = bytes.count }
        return .problem(offset: offset, reason: "\(what) is not closed; the rest of the output is left out")
    }

    /// The end of `<!DOCTYPE … [ … ]>`.
    private func endOfDeclaration(at start: Int) -> Int? {
        var index = start
        var isInSubset = false
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "["): isInSubset = true
            case UInt8(ascii: "]"): isInSubset = false
            case UInt8(ascii: ">") where !isInSubset: return index + 1
            default: break
            }
            index += 1
        }
        return nil
    }

    // MARK: - Elements

    private mutating func element(_ limits: FragmentCheck.Limits) -> Piece {
        let start = offset
        switch ElementParser(limits).parse(bytes, from: start) {
        case .element(let end, let name, let moduleName):
            offset = end
            return .element(start..<end, name: name, moduleName: moduleName)
        case .broken(let failure):
            let name = name(at: start + 1)
            offset = resumption(after: failure, of: name, startingAt: start)
            if failure.reachedEnd { walksLeft -= 1 }
            if walksLeft == 0 { offset = bytes.count }
            let rest = walksLeft == 0 ? "; the rest of the output is left out" : ""
            return .problem(offset: failure.offset, reason: "<\(name)> is left out: \(failure.reason)\(rest)")
        }
    }

    /// Where to go on after a broken element: after its closing tag, or at the next element that is known or has the
    /// same name. What stands in CDATA sections and comments is not taken for tags.
    private mutating func resumption(after failure: ElementParser.Failure, of name: String, startingAt start: Int)
        -> Int
    {
        var index = failure.offset
        // The parser points behind the `</` of a tag that does not match.
        if index >= start + 2, starts("</", at: index - 2) { index -= 2 }
        index = max(index, start + 1)
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "<") else {
                index += 1
                continue
            }
            if starts("<![CDATA[", at: index), let end = find("]]>", from: index) {
                index = end
            } else if starts("<!--", at: index), let end = find("-->", from: index) {
                index = end
            } else if starts("</", at: index) {
                let closes = self.name(at: index + 2) == name
                index += 2
                if closes { return bytes[index...].firstIndex(of: UInt8(ascii: ">")).map { $0 + 1 } ?? bytes.count }
            } else {
                let next = self.name(at: index + 1)
                if next == name || FragmentScanner.knownNames.contains(next) { return index }
                index += 1
            }
        }
        return bytes.count
    }

    private func startsElement(at index: Int) -> Bool {
        bytes[index] == UInt8(ascii: "<") && index + 1 < bytes.count && bytes[index + 1].isNameStart
    }

    /// The name at an offset, of which the first 64 bytes count.
    private func name(at index: Int) -> String {
        let name = bytes[min(index, bytes.count)...].prefix(64).prefix { $0.isNamePart }
        return String(decoding: name, as: UTF8.self)
    }

    private func starts(_ text: String, at index: Int) -> Bool {
        bytes[index...].starts(with: text.utf8)
    }

    private mutating func skip(past end: String) -> Int? {
        find(end, from: offset)
    }

    /// The offset behind the next occurrence of a text.
    private mutating func find(_ text: String, from start: Int) -> Int? {
        if missingEnds.contains(text) { return nil }
        let last = text.utf8.last
        var index = start
        while index < bytes.count {
            if bytes[index] == last, index + 1 - text.utf8.count >= start,
                starts(text, at: index + 1 - text.utf8.count)
            {
                return index + 1
            }
            index += 1
        }
        missingEnds.insert(text)
        return nil
    }
}

extension UInt8 {
    fileprivate var isNameStart: Bool {
        (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) || self == UInt8(ascii: "_")
            || self == UInt8(ascii: ":") || self >= 0x80
    }

    fileprivate var isNamePart: Bool {
        isNameStart || (0x30...0x39).contains(self) || self == UInt8(ascii: "-") || self == UInt8(ascii: ".")
    }
}
