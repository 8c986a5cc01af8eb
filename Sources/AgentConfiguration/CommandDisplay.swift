/// A command as people may see it, in a log or a list: without what is probably a password in it.
///
/// Configurations carry passwords in commands, and every user of the host may read a log. What follows an option or
/// stands in an assignment whose name speaks of a secret is shown as `***`, and so is the password of an address such as
/// `https://user:password@host`. What no name gives away cannot be told from other words.
public struct CommandDisplay: Sendable, Hashable, CustomStringConvertible {
    /// The command without its secrets.
    public let description: String

    private static let mask = "***"
    /// What a name of a secret holds, in lower case.
    private static let secretNames = ["pass", "pwd", "secret", "token", "apikey", "api_key", "api-key", "credential"]
    /// Programs whose `-p` or `-pWORD` is a password, and not a port or a path.
    private static let programsWithPasswordOption = ["mysql", "mysqladmin", "mysqldump", "mariadb", "sshpass", "curl"]

    /// Hides what is secret in a command.
    public init(_ command: String) {
        var shown = ""
        var hidesNext = false
        var program: Substring?
        for part in Self.parts(of: command) {
            guard !part.isSpace else {
                shown += part.text
                continue
            }
            let word = part.text
            let isSubshell = ["(", "$(", "`", "\"$(", "\"`"].contains { word.hasPrefix($0) }
            if program == nil && !word.contains("=") || isSubshell { program = Self.program(word) }
            if hidesNext, !word.hasPrefix("-") {
                shown += Self.mask
                hidesNext = false
                continue
            }
            (hidesNext, shown) = Self.display(word, program: program, after: shown)
            // A new command begins behind these, which may touch the word before them.
            if let last = word.last, "|&;".contains(last) { program = nil }
        }
        description = shown
    }

    /// The name of a program without its folder, and without what makes a subshell of it.
    private static func program(_ word: Substring) -> Substring {
        let name = word.drop { "({`$\"'".contains($0) }
        return name.split(separator: "/").last ?? name
    }

    /// - Returns: Whether the next word is a secret, and the text with this word.
    private static func display(_ word: Substring, program: Substring?, after text: String) -> (Bool, String) {
        // A command in quotes, as in `sh -c '…'`.
        if let quote = word.first, quote == "'" || quote == "\"", word.count > 1, word.last == quote {
            let inner = word.dropFirst().dropLast()
            if inner.contains(where: \.isWhitespace) {
                return (false, "\(text)\(quote)\(CommandDisplay(String(inner)).description)\(quote)")
            }
        }
        if let sign = word.firstIndex(of: "="), isSecretName(word[..<sign]) {
            return (false, text + word[...sign] + mask)
        }
        if word.hasPrefix("-") {
            let isPasswordProgram = program.map { programsWithPasswordOption.contains(String($0)) } ?? false
            if isPasswordProgram, program != "curl", word.hasPrefix("-p"), !word.hasPrefix("-po") {
                return word.count == 2 ? (program == "sshpass", text + word) : (false, text + "-p" + mask)
            }
            if program == "curl", word == "-u" || word == "--user" { return (true, text + word) }
            return (isSecretName(word) && !word.contains("="), text + word)
        }
        return (false, text + withoutAddressPassword(word))
    }

    private static func isSecretName(_ name: Substring) -> Bool {
        let name = name.lowercased()
        return secretNames.contains { name.contains($0) }
    }

    /// `scheme://user:password@host` without the password.
    private static func withoutAddressPassword(_ word: Substring) -> String {
        var word = String(word)
        var from = word.startIndex
        while let scheme = word[from...].firstRange(of: "://") {
            let rest = word[scheme.upperBound...]
            let end = rest.firstIndex { "/?#'\"".contains($0) } ?? rest.endIndex
            guard let at = rest[..<end].lastIndex(of: "@"), let colon = rest[..<at].firstIndex(of: ":") else {
                from = scheme.upperBound
                continue
            }
            let offset = word.distance(from: word.startIndex, to: colon) + 1 + mask.count
            word.replaceSubrange(word.index(after: colon)..<at, with: mask)
            from = word.index(word.startIndex, offsetBy: offset)
        }
        return word
    }

    /// Words and what is between them, in order. Quoted space is part of a word.
    private static func parts(of text: String) -> [(text: Substring, isSpace: Bool)] {
        var parts: [(text: Substring, isSpace: Bool)] = []
        var start = text.startIndex
        var quote: Character?
        var isSpace = false
        for index in text.indices {
            let character = text[index]
            let isSpaceHere = quote == nil && character.isWhitespace
            if isSpaceHere != isSpace, index > start {
                parts.append((text[start..<index], isSpace))
                start = index
            }
            isSpace = isSpaceHere
            if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"" {
                quote = character
            }
        }
        if start < text.endIndex { parts.append((text[start...], isSpace)) }
        return parts
    }
}
