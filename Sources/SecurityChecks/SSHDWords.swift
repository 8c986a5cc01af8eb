/// How sshd cuts a line of its configuration into words (strdelim and argv_split of OpenSSH's misc.c, as sshd_config(5)
/// describes the outcome: keywords and arguments are separated by white space and one optional `=`, arguments may be
/// quoted, and a `#` that begins an argument begins a comment).
enum SSHDWords {
    private static let quote = UInt8(ascii: "\"")
    private static let apostrophe = UInt8(ascii: "'")
    private static let equals = UInt8(ascii: "=")
    private static let backslash = UInt8(ascii: "\\")
    private static let hash = UInt8(ascii: "#")

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
    }

    /// A line as sshd sees it: without the space before it, and without space and form feeds behind it.
    static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line.drop(while: { isSpace($0) })
        while let last = line.last, isSpace(last) || last == 0x0C, line.count > 1 { line.removeLast() }
        return line
    }

    /// Takes the next word, and the separators behind it, from the beginning of `rest`.
    ///
    /// - Parameter rest: What is left; `nil` once the last word was taken.
    /// - Returns: The word, which is empty at the end of the text; `nil` where there is none, or where a quote is not
    ///   closed.
    static func next(_ rest: inout ArraySlice<UInt8>?) -> [UInt8]? {
        guard let text = rest else { return nil }
        guard let end = text.firstIndex(where: { isSpace($0) || $0 == quote || $0 == equals }) else {
            rest = nil
            return [UInt8](text)
        }
        let behind = text[text.index(after: end)...]
        if text[end] == quote {
            guard let close = behind.firstIndex(of: quote) else {
                rest = nil
                return nil
            }
            rest = behind[behind.index(after: close)...].drop(while: { isSpace($0) })
            return [UInt8](text[..<end]) + behind[..<close]
        }
        var following = behind.drop(while: { isSpace($0) })
        if text[end] != equals, following.first == equals {
            following = following.dropFirst().drop(while: { isSpace($0) })
        }
        rest = following
        return [UInt8](text[..<end])
    }

    /// The arguments of a keyword; `nil` where a quote is not closed.
    static func arguments(_ text: ArraySlice<UInt8>) -> [[UInt8]]? {
        var arguments: [[UInt8]] = []
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == 0x20 || text[index] == 0x09 {
                index += 1
                continue
            }
            if text[index] == hash { break }
            var word: [UInt8] = []
            var open: UInt8?
            while index < text.endIndex {
                let byte = text[index]
                let next = index + 1 < text.endIndex ? text[index + 1] : nil
                if byte == backslash, let next,
                    next == apostrophe || next == quote || next == backslash || (open == nil && next == 0x20)
                {
                    word.append(next)
                    index += 1
                } else if open == nil, byte == 0x20 || byte == 0x09 {
                    break
                } else if open == nil, byte == quote || byte == apostrophe {
                    open = byte
                } else if byte == open {
                    open = nil
                } else {
                    word.append(byte)
                }
                index += 1
            }
            if open != nil { return nil }
            arguments.append(word)
        }
        return arguments
    }

    /// Bytes as text for people and comparisons: what is not UTF-8 becomes U+FFFD, and control characters become `?`,
    /// so that no configuration can write escape sequences to a terminal.
    static func text(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }
}
