/// The program that a shell command starts first, as far as that can be told without a shell.
enum ProgramOfCommand {
    /// The program's name or path; `nil` where the command begins with something that only a shell can tell: an
    /// expansion, a quotation, a group, a builtin.
    static func find(in command: String) -> String? {
        // Byte by byte, as a shell: a space that is not ASCII belongs to the word, and one before an accent does not.
        var rest = command.utf8[...]
        while true {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            let bytes = rest.prefix { !isEndOfWord($0) }
            rest = rest.dropFirst(bytes.count)
            guard !bytes.isEmpty, bytes.allSatisfy(isPlain), rest.first != UInt8(ascii: "(") else { return nil }
            let word = Substring(bytes)
            if isAssignment(word) { continue }
            return reserved.contains(String(word)) ? nil : String(word)
        }
    }

    private static func isEndOfWord(_ byte: UInt8) -> Bool { " \t\n|&;<>(".utf8.contains(byte) }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_-./+=:,@%".utf8.contains(byte) || byte >= 0x80
        }
    }

    /// `NAME=value` in front of a command is part of its environment.
    private static func isAssignment(_ word: Substring) -> Bool {
        guard let sign = word.firstIndex(of: "="), sign > word.startIndex else { return false }
        let name = word[..<sign]
        return name.allSatisfy { $0 == "_" || $0.isLetter || $0.isNumber } && name.first?.isNumber == false
    }

    /// Reserved words and builtins of a POSIX shell (POSIX.1-2017, Shell Command Language, 2.4 and 2.14; and the regular
    /// builtins of the shells that systems have for sh).
    private static let reserved: Set<String> = [
        "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while",
        "break", ":", "continue", ".", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift", "times",
        "trap", "unset", "alias", "bg", "cd", "command", "false", "fc", "fg", "getopts", "hash", "jobs", "kill",
        "local",
        "newgrp", "pwd", "read", "true", "type", "ulimit", "umask", "unalias", "wait", "test", "echo", "printf",
    ]
}
