/// Text split into words as a shell does it, without any expansion (POSIX.1-2017, Shell Command Language, 2.2).
public enum ShellWords {
    /// A quotation mark that is never closed.
    public struct UnclosedQuotation: Error, Sendable, Hashable, CustomStringConvertible {
        /// The mark, `'` or `"`.
        public let mark: Character
        /// The word that it is in, counted from 1.
        public let word: Int

        /// The sentence for an operator.
        public var description: String { "word \(word) has a quotation mark \(mark) that is never closed" }
    }

    /// Splits text at spaces, tabs and line feeds that are neither quoted nor escaped.
    public static func split(_ text: String) throws(UnclosedQuotation) -> [String] {
        var words: [String] = []
        var word: String?
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case " ", "\t", "\n":
                if let complete = word { words.append(complete) }
                word = nil
            case "'":
                guard let end = rest.firstIndex(of: "'") else {
                    throw UnclosedQuotation(mark: "'", word: words.count + 1)
                }
                word = (word ?? "") + rest[..<end]
                rest = rest[rest.index(after: end)...]
            case "\"":
                guard let quoted = takeQuoted(&rest) else {
                    throw UnclosedQuotation(mark: "\"", word: words.count + 1)
                }
                word = (word ?? "") + quoted
            case "\\":
                word = (word ?? "") + String(rest.popFirst() ?? "\\")
            default:
                word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return words
    }

    /// Takes the text up to the closing mark, and the mark; `nil` where there is none.
    private static func takeQuoted(_ rest: inout Substring) -> String? {
        var quoted = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"":
                return quoted
            case "\\":
                guard let next = rest.popFirst() else { return nil }
                // Inside double quotation marks a backslash escapes only these.
                quoted += "$`\"\\".contains(next) ? String(next) : "\\\(next)"
            default:
                quoted.append(character)
            }
        }
        return nil
    }
}
