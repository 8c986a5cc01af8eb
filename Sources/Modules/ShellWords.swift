/// The words of a command, where a shell would only split and unquote it (POSIX.1, Shell Command Language, 2.2).
enum ShellWords {
    /// A word, and where it begins in the text, in bytes.
    struct Word {
        let text: String
        let offset: Int
    }

    /// A text that is for a shell: variables, pipes, redirections, substitutions, lists, comments, or a quote that is not
    /// closed.
    struct Obstacle: Error {
        enum Kind {
            /// A character that a shell acts on.
            case character(UInt8)
            /// A quotation that no shell runs either.
            case unclosedQuotation(UInt8)
        }

        let kind: Kind
        /// Where it is in the text, in bytes.
        let offset: Int
        /// The words that end before it.
        let words: [Word]
    }

    /// The words, or `nil` where the text needs a shell. Wildcards stay as they are, as built-in plugins expand their own.
    static func split(_ text: String) -> [String]? { (try? words(of: text))?.map(\.text) }

    /// The same with the places of the words.
    static func words(of text: String) throws(Obstacle) -> [Word] {
        var splitter = Splitter(bytes: Array(text.utf8))
        while splitter.place < splitter.bytes.count { try splitter.takeNext() }
        splitter.endWord()
        return splitter.words
    }

    private struct Splitter {
        let bytes: [UInt8]
        var place = 0
        var words: [Word] = []
        /// What there is of the word so far; `nil` between words.
        var word: [UInt8]?
        var start = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        func byte(at place: Int) -> UInt8? { bytes.indices.contains(place) ? bytes[place] : nil }

        mutating func append(_ byte: UInt8) {
            if word == nil { word = [] }
            word?.append(byte)
        }

        mutating func endWord() {
            if let word { words.append(Word(text: String(decoding: word, as: UTF8.self), offset: start)) }
            word = nil
        }

        func obstacle() -> Obstacle { Obstacle(kind: .character(bytes[place]), offset: place, words: words) }

        /// Takes a character or a quotation outside of quotes.
        mutating func takeNext() throws(Obstacle) {
            let byte = bytes[place]
            if word == nil { start = place }
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""): try takeQuotation()
            case UInt8(ascii: "\\"): takeEscaped()
            case UInt8(ascii: " "), UInt8(ascii: "\t"): endWord()
            case UInt8(ascii: "$"), UInt8(ascii: "`"): try takeExpansion(inQuotes: false)
            case _ where "\n;&|<>()".utf8.contains(byte):
                endWord()
                throw obstacle()
            case UInt8(ascii: "~") where word == nil, UInt8(ascii: "#") where word == nil: throw obstacle()
            default: append(byte)
            }
            place += 1
        }

        /// Takes what is between two of the same quotes; the place is then that of the second one.
        private mutating func takeQuotation() throws(Obstacle) {
            let opening = place
            let quote = bytes[opening]
            if word == nil { word = [] }
            place += 1
            while let byte = byte(at: place), byte != quote {
                if quote == UInt8(ascii: "'") { append(byte) } else { try takeInDoubleQuotes() }
                place += 1
            }
            if byte(at: place) == nil {
                throw Obstacle(kind: .unclosedQuotation(quote), offset: opening, words: words)
            }
        }

        private mutating func takeInDoubleQuotes() throws(Obstacle) {
            switch bytes[place] {
            case UInt8(ascii: "$"), UInt8(ascii: "`"): try takeExpansion(inQuotes: true)
            case UInt8(ascii: "\\"):
                // A backslash quotes only these, and joins lines; elsewhere it stays.
                guard let next = byte(at: place + 1), "$`\"\\\n".utf8.contains(next) else {
                    return append(bytes[place])
                }
                place += 1
                if next != UInt8(ascii: "\n") { append(next) }
            case let byte: append(byte)
            }
        }

        private mutating func takeEscaped() {
            // At the end of the text shells leave it as it is.
            guard let next = byte(at: place + 1) else { return append(bytes[place]) }
            place += 1
            // It joins lines.
            if next != UInt8(ascii: "\n") { append(next) }
        }

        /// Takes a `$` that begins no expansion (2.6), as at the end of a regular expression.
        private mutating func takeExpansion(inQuotes: Bool) throws(Obstacle) {
            guard bytes[place] == UInt8(ascii: "$"), let next = byte(at: place + 1) else {
                if bytes[place] == UInt8(ascii: "`") { throw obstacle() }
                return append(bytes[place])
            }
            switch next {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                throw obstacle()
            case _ where "{(@*#?-$!".utf8.contains(next): throw obstacle()
            // Arithmetic in bash; in other shells nothing.
            case UInt8(ascii: "["): throw obstacle()
            // Quotations with escapes and translations in some shells.
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                if !inQuotes { throw obstacle() }
            // Perhaps a line end, behind which the name stands.
            case UInt8(ascii: "\\") where byte(at: place + 2) == UInt8(ascii: "\n"): throw obstacle()
            default: break
            }
            append(bytes[place])
        }
    }
}
