/// The words of a command, where a shell would only split and unquote it (POSIX.1, Shell Command Language, 2.2).
enum ShellWords {
    /// A word, and where it begins in the text, in bytes.
    struct Word {
        let text: String
        let offset: Int
    }

    /// The words, or `nil` where the text needs a shell: variables, pipes, redirections, substitutions, lists, or a
    /// quote that is not closed. Wildcards stay as they are, as built-in plugins expand their own.
    static func split(_ text: String) -> [String]? { words(of: text)?.map(\.text) }

    /// The same with the places of the words.
    static func words(of text: String) -> [Word]? {
        var words: [Word] = []
        var word: [UInt8]?
        var start = 0
        var quote: UInt8?
        var bytes = text.utf8.enumerated().makeIterator()
        func finish() {
            if let finished = word {
                words.append(Word(text: String(decoding: finished, as: UTF8.self), offset: start))
            }
            word = nil
        }
        while let (offset, byte) = bytes.next() {
            if word == nil { start = offset }
            switch (quote, byte) {
            case (UInt8(ascii: "'"), UInt8(ascii: "'")), (UInt8(ascii: "\""), UInt8(ascii: "\"")):
                quote = nil
            case (UInt8(ascii: "'"), _):
                word?.append(byte)
            case (_, UInt8(ascii: "$")), (_, UInt8(ascii: "`")):
                return nil
            case (UInt8(ascii: "\""), UInt8(ascii: "\\")):
                guard let next = bytes.next()?.element else { return nil }
                // In double quotes a backslash quotes only these; elsewhere it stays.
                if !"$`\"\\".utf8.contains(next) { word?.append(byte) }
                word?.append(next)
            case (UInt8(ascii: "\""), _):
                word?.append(byte)
            case (_, UInt8(ascii: "'")), (_, UInt8(ascii: "\"")):
                quote = byte
                word = word ?? []
            case (_, UInt8(ascii: "\\")):
                guard let next = bytes.next()?.element else { return nil }
                word = (word ?? []) + [next]
            case (_, UInt8(ascii: " ")), (_, UInt8(ascii: "\t")):
                finish()
            case (_, _) where "\n;&|<>()".utf8.contains(byte):
                return nil
            case (_, UInt8(ascii: "~")) where word == nil, (_, UInt8(ascii: "#")) where word == nil:
                return nil
            case (_, _):
                word = (word ?? []) + [byte]
            }
        }
        if quote != nil { return nil }
        finish()
        return words
    }
}
