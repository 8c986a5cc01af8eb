/// A pattern rewritten so that it finds the same in a text of many lines as the original does in each line by itself,
/// which makes one search of a whole block do for thousands of searches of a line.
///
/// Nothing in the rewritten pattern can match a line feed: `\s` becomes `[^\S\n]`, `[^x]` becomes `[^x\n]`, and so on.
/// With `^` and `$` at each line's ends (PCRE2_MULTILINE), a match then lies within one line, and what stands
/// before or after that line weighs as much as the start or the end of the text. What is not understood here, such
/// as `\A`, `(?s)` or a number for a character, has no such form; those patterns are searched line by line.
///
/// Of lines that end with CR LF the CR is not hidden from the rewritten pattern, which may match it. `$` becomes
/// `(?=\r?$)`, so that a match of the original still is one; what is found beyond that has to be looked at again.
struct LineProofPattern {
    /// The rewritten pattern, to be compiled with PCRE2_MULTILINE and PCRE2_ALT_CIRCUMFLEX.
    private(set) var bytes: [UInt8] = []
    /// Whether a match that ends before the CR may depend on it.
    private(set) var looksAhead = false
    /// Whether the CR may keep it from matching what the original matches: where something must not follow, or where a
    /// part takes all it can get and gives nothing back.
    private(set) var mayOverlookBeforeCR = false
    private var rest: ArraySlice<UInt8>

    /// Escapes that stand for one character other than a line feed, or for a place between two.
    private static let harmlessEscapes = Set("dwSbBtrfea".utf8)
    /// Escapes that stand for a line feed among others, with what stands for the others.
    private static let rewrittenEscapes: [UInt8: String] = [
        UInt8(ascii: "s"): #"[^\S\n]"#, UInt8(ascii: "W"): #"[^\w\n]"#, UInt8(ascii: "D"): #"[^\d\n]"#,
    ]
    /// What may follow `(?`.
    private static let harmlessGroups = [":", "i)", "-i)", "i:", "-i:", "=", "!", "<=", "<!", ">", "|"]

    /// Rewrites a pattern that PCRE2 accepts; `nil` where it holds something that has no such form.
    init?(_ pattern: [UInt8]) {
        rest = pattern[...]
        while let byte = rest.popFirst() {
            let isDone =
                switch byte {
                case UInt8(ascii: "\\"): rewriteEscape()
                case UInt8(ascii: "["): rewriteClass()
                case UInt8(ascii: "("): rewriteGroup()
                default: copy(byte)
                }
            guard isDone else { return nil }
        }
    }

    private mutating func copy(_ byte: UInt8) -> Bool {
        if byte == UInt8(ascii: "$") {
            bytes += #"(?=\r?$)"#.utf8
            return true
        }
        // A plus after another quantifier makes it possessive; after anything else this is too careful.
        if byte == UInt8(ascii: "+"), let last = bytes.last, "*+?}".utf8.contains(last) { mayOverlookBeforeCR = true }
        bytes.append(byte)
        return byte >= 0x20 && byte != 0x7f
    }

    private mutating func rewriteEscape() -> Bool {
        guard let byte = rest.popFirst() else { return false }
        if let rewritten = Self.rewrittenEscapes[byte] {
            bytes += rewritten.utf8
            return true
        }
        let isReference = (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(byte)
        // With a second digit it may be a character's number.
        if isReference, let next = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) { return false }
        guard Self.harmlessEscapes.contains(byte) || Self.isPunctuation(byte) || isReference else { return false }
        bytes += [UInt8(ascii: "\\"), byte]
        return true
    }

    private mutating func rewriteGroup() -> Bool {
        bytes.append(UInt8(ascii: "("))
        guard let first = rest.first, first == UInt8(ascii: "?") || first == UInt8(ascii: "*") else { return true }
        guard first == UInt8(ascii: "?") else { return false }
        let after = rest.dropFirst()
        for group in Self.harmlessGroups where after.starts(with: group.utf8) {
            if ["=", "!"].contains(group) { looksAhead = true }
            if ["!", ">"].contains(group) { mayOverlookBeforeCR = true }
            bytes += rest.prefix(1 + group.utf8.count)
            rest = after.dropFirst(group.utf8.count)
            return true
        }
        // A name: (?<name>…) or (?P<name>…).
        var name = after
        if name.first == UInt8(ascii: "P") { name.removeFirst() }
        guard name.first == UInt8(ascii: "<"), let end = name.firstIndex(of: UInt8(ascii: ">")) else { return false }
        bytes += rest[...end]
        rest = rest[(end + 1)...]
        return true
    }

    /// Copies a class, made so that it does not match a line feed.
    private mutating func rewriteClass() -> Bool {
        var content: [UInt8] = []
        var mayMatchLineFeed = false
        let isNegated = rest.first == UInt8(ascii: "^")
        if isNegated { rest.removeFirst() }
        var isFirst = true
        while true {
            guard let byte = rest.popFirst() else { return false }
            defer { isFirst = false }
            switch byte {
            case UInt8(ascii: "]") where !isFirst:
                bytes +=
                    isNegated ? Array("[^".utf8) + content + Array("\\n]".utf8) : enclosed(content, mayMatchLineFeed)
                return true
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return false }
                if "sWDtn".utf8.contains(escaped) {
                    mayMatchLineFeed = true
                } else if !"dwS".utf8.contains(escaped), !Self.isPunctuation(escaped) {
                    return false
                }
                content += [byte, escaped]
            case UInt8(ascii: "[") where rest.first == UInt8(ascii: ":"):
                guard
                    let end = zip(rest.indices, rest.indices.dropFirst()).first(where: {
                        rest[$0] == UInt8(ascii: ":") && rest[$1] == UInt8(ascii: "]") && $0 > rest.startIndex
                    })
                else { return false }
                content += [byte] + rest[...end.1]
                rest = rest[(end.1 + 1)...]
                mayMatchLineFeed = true
            case ..<0x20, 0x7f:
                return false
            default:
                content.append(byte)
            }
        }
    }

    private func enclosed(_ content: [UInt8], _ mayMatchLineFeed: Bool) -> [UInt8] {
        let isolated = Array("[".utf8) + content + Array("]".utf8)
        return mayMatchLineFeed ? Array("(?:(?!\\n)".utf8) + isolated + Array(")".utf8) : isolated
    }

    private static func isPunctuation(_ byte: UInt8) -> Bool {
        "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ".utf8.contains(byte)
    }
}
