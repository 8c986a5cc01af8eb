internal import SystemFiles
internal import SystemPackage

/// Where rsyslog's rules take messages: rsyslog.conf and all that it includes, as far as rules with selectors go
/// (rsyslog.conf(5)).
///
/// Rules in RainerScript's `if` are not evaluated; where one speaks of authentication, the answer is not certain.
struct RsyslogConfiguration: Sendable, Hashable {
    /// A rule that takes messages of a selector to a file.
    struct Rule: Sendable, Hashable {
        let selector: SyslogSelector
        /// The file; `nil` where the messages go elsewhere.
        let file: FilePath?
        /// Where they go else, such as `@@loghost`; `nil` for a file, and for what nobody keeps.
        let elsewhere: String?
        /// Whether rules behind it do not get them any more.
        let discards: Bool
        /// Where it stands, by the file's path on the host.
        let source: FilePath
        /// The line, from 1.
        let line: Int
    }

    /// The rules, in their order.
    private(set) var rules: [Rule] = []
    /// Every file that was read.
    var files: [FilePath] { walk.files }
    /// What keeps the rest from being read, as sentences.
    var obstacles: [String] { walk.obstacles }
    /// Whether conditions that are not evaluated speak of authentication.
    private(set) var hasOpenConditions = false
    /// Whether such a condition may discard messages before a rule takes them to a file.
    private(set) var hasOpenDiscards = false
    private var followsOpenCondition = false
    private var walk = IncludeWalk(.init(file: 1 << 20, files: 512, depth: 8))

    /// Reads the host's configuration; `nil` where it has none.
    init?(of host: AuditedHost) {
        let main: FilePath = "/etc/rsyslog.conf"
        guard (try? Files.status(host.path(main))) != nil else { return nil }
        read(main, on: host, depth: 0)
    }

    /// The rules that take a message of a facility and a priority to a file or to another host or program.
    func destinations(facility: Int, priority: Int) -> [Rule] {
        var found: [Rule] = []
        for rule in rules where rule.selector.takes(facility: facility, priority: priority) {
            if rule.file != nil || rule.elsewhere != nil { found.append(rule) }
            if rule.discards { break }
        }
        return found
    }

    private mutating func read(_ file: FilePath, on host: AuditedHost, depth: Int) {
        let bytes: [UInt8]
        switch walk.read(file, on: host, depth: depth) {
        case .file(let content)?: bytes = content
        case .folder?: return walk.note("\(file): \(Errno.isDirectory)")
        case nil: return
        }
        var selector: SyslogSelector?
        for (number, line) in Self.logicalLines(String(decoding: bytes, as: UTF8.self)) {
            if walk.isOver { return }
            if let pattern = Self.includedPattern(line) {
                for included in walk.matches(of: FilePath(pattern), on: host) {
                    read(included, on: host, depth: depth + 1)
                }
                continue
            }
            read(rule: line, number, of: file, &selector)
        }
    }

    private mutating func read(rule line: String, _ number: Int, of file: FilePath, _ selector: inout SyslogSelector?) {
        let lower = line.lowercased()
        if lower.hasPrefix("if ") || lower.hasPrefix("if(") || line.hasPrefix(":") {
            selector = nil
            followsOpenCondition = ["auth", "facility", "sshd"].contains { lower.contains($0) }
            if followsOpenCondition {
                hasOpenConditions = true
                noteOpenDiscard(lower)
            }
            return
        }
        let action: Substring
        if line.hasPrefix("&") {
            if selector == nil, followsOpenCondition { noteOpenDiscard(lower) }
            // One more action for the messages of the rule before.
            action = line.dropFirst().drop { $0 == " " || $0 == "\t" }
        } else {
            let word = line.prefix { $0 != " " && $0 != "\t" }
            guard let found = SyslogSelector(String(word)) else { return }
            selector = found
            action = line[word.endIndex...].drop { $0 == " " || $0 == "\t" }
        }
        guard let selector, !action.isEmpty else { return }
        let discards =
            action == "~" || action.hasPrefix("stop") || action.contains(" stop ") || action.hasSuffix("stop }")
        rules.append(
            Rule(
                selector: selector, file: Self.file(ofAction: String(action)),
                elsewhere: Self.isElsewhere(action) ? String(action) : nil, discards: discards, source: file,
                line: number))
    }

    /// Notes that a condition may end the way of messages that no rule has taken to a file yet.
    private mutating func noteOpenDiscard(_ line: String) {
        guard line.contains("stop") || line.hasSuffix("~") else { return }
        let taken = destinations(facility: SyslogSelector.authPrivate, priority: SyslogSelector.informational)
        if !taken.contains(where: { $0.file != nil }) { hasOpenDiscards = true }
    }

    /// Whether an action takes messages to another host, a program, a pipe, another set of rules or a file whose name is made
    /// of the message: all but a file, users' terminals and nothing.
    private static func isElsewhere(_ action: Substring) -> Bool {
        let lower = action.lowercased()
        if let first = lower.first, "@?|^".contains(first) || lower.hasPrefix("call ") { return true }
        if lower.contains("omusrmsg") || lower.contains("omdiscard") { return false }
        return lower.hasPrefix(":om")
            || lower.contains("action(") && (lower.contains("dynafile") || !lower.contains("omfile"))
    }

    /// The file of `/path`, `-/path`, `/path;template` and of `action(type="omfile" file="/path")`.
    private static func file(ofAction action: String) -> FilePath? {
        let plain = action.hasPrefix("-") ? action.dropFirst() : action[...]
        if plain.hasPrefix("/") { return FilePath(String(plain.prefix { $0 != ";" && $0 != " " && $0 != "\t" })) }
        guard action.lowercased().contains("omfile"), let path = parameter("file", in: action) else { return nil }
        return FilePath(path)
    }

    /// The value of `name="value"`, in any case of the name.
    private static func parameter(_ name: String, in text: String) -> String? {
        let lower = text.lowercased()
        guard lower.utf8.count == text.utf8.count else { return nil }
        var rest = lower[...]
        while let found = rest.firstRange(of: name) {
            rest = rest[found.upperBound...]
            let isWord = found.lowerBound == lower.startIndex || !lower[lower.index(before: found.lowerBound)].isLetter
            var value = rest.drop { $0 == " " }
            guard isWord, value.popFirst() == "=" else { continue }
            value = value.drop { $0 == " " }
            guard value.popFirst() == "\"", let end = value.firstIndex(of: "\"") else { continue }
            // The same place in the text as it is written.
            let offset = lower.utf8.distance(from: lower.startIndex, to: value.startIndex)
            let length = lower.utf8.distance(from: value.startIndex, to: end)
            let start = text.utf8.index(text.startIndex, offsetBy: offset)
            return String(text[start..<text.utf8.index(start, offsetBy: length)])
        }
        return nil
    }

    /// The pattern of `$IncludeConfig PATTERN` and `include(file="PATTERN")`.
    private static func includedPattern(_ line: String) -> String? {
        let lower = line.lowercased()
        if lower.hasPrefix("$includeconfig") {
            let pattern = line.dropFirst("$includeconfig".count).drop { $0 == " " || $0 == "\t" }
            // A folder stands for the files in it.
            return pattern.hasSuffix("/") ? pattern + "*" : String(pattern)
        }
        let compact = lower.filter { $0 != " " }
        return compact.hasPrefix("include(") ? parameter("file", in: line) : nil
    }

    /// Lines without comments and spaces around them, those that end with a backslash and objects in parentheses or braces
    /// joined, with the number of their first one.
    private static func logicalLines(_ text: String) -> [(number: Int, line: String)] {
        var lines: [(number: Int, line: String)] = []
        var open = 0
        var joinsNext = false
        var isComment = false
        for (index, raw) in text.textLines.enumerated() {
            var line = raw.drop { $0 == " " || $0 == "\t" }
            while let last = line.last, last == " " || last == "\t" { line.removeLast() }
            if isComment || line.hasPrefix("/*") {
                // rsyslogd takes no rule from the rest of the line.
                isComment = !(isComment ? line : line.dropFirst(2)).contains("*/")
                continue
            }
            if line.isEmpty || line.hasPrefix("#") { continue }
            let continues = line.hasSuffix("\\")
            if continues { line.removeLast() }
            if open > 0 || joinsNext, let last = lines.indices.last {
                lines[last].line += (joinsNext ? "" : " ") + line
            } else {
                lines.append((index + 1, String(line)))
            }
            joinsNext = continues
            // Lines of the old style have no objects, but may have parentheses in templates.
            if !line.hasPrefix("$") { open = Self.openObjects(after: line, open) }
        }
        return lines
    }

    /// How many parentheses and braces are open after a line, where quoted ones and those of comments do not count.
    private static func openObjects(after line: Substring, _ before: Int) -> Int {
        var open = before
        var quote: UInt8?
        var isEscaped = false
        for byte in line.utf8 {
            if let end = quote {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == end {
                    quote = nil
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "#"): return open
            case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
            case UInt8(ascii: "("), UInt8(ascii: "{"): open += 1
            case UInt8(ascii: ")"), UInt8(ascii: "}"): open = max(0, open - 1)
            default: break
            }
        }
        return open
    }
}

/// Which messages a rule takes: `auth,authpriv.*;mail.none` (rsyslog.conf(5), "Selectors").
struct SyslogSelector: Sendable, Hashable {
    /// The number of the facility for authentication, LOG_AUTHPRIV (syslog(3)).
    static let authPrivate = 10
    /// The number of the priority "informational".
    static let informational = 6

    private static let facilities = [
        "kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "security": 4, "syslog": 5, "lpr": 6, "news": 7,
        "uucp": 8, "cron": 9, "authpriv": 10, "ftp": 11, "local0": 16, "local1": 17, "local2": 18, "local3": 19,
        "local4": 20, "local5": 21, "local6": 22, "local7": 23,
    ]
    private static let priorities = [
        "emerg": 0, "panic": 0, "alert": 1, "crit": 2, "err": 3, "error": 3, "warning": 4, "warn": 4, "notice": 5,
        "info": 6, "debug": 7,
    ]

    /// One part: which priorities it sets or clears for which facilities.
    private struct Part: Sendable, Hashable {
        /// `nil` stands for all.
        let facilities: Set<Int>?
        /// A bit for each priority.
        let mask: UInt8
        let sets: Bool
    }

    private let parts: [Part]

    /// Reads a selector; `nil` for what is none.
    init?(_ text: String) {
        var parts: [Part] = []
        for piece in text.lowercased().split(separator: ";") {
            guard let dot = piece.lastIndex(of: ".") else { return nil }
            var facilities: Set<Int>? = []
            for name in piece[..<dot].split(separator: ",") {
                if name == "*" {
                    facilities = nil
                    break
                }
                // The manual has numbers too; rsyslogd refuses them.
                guard let number = Self.facilities[String(name)] else { return nil }
                facilities?.insert(number)
            }
            if let facilities, facilities.isEmpty { return nil }
            var name = piece[piece.index(after: dot)...]
            let isNegated = name.first == "!"
            if isNegated { name.removeFirst() }
            let isExact = name.first == "="
            if isExact { name.removeFirst() }
            let mask: UInt8
            if name == "none" {
                parts.append(Part(facilities: facilities, mask: 0xFF, sets: false))
                continue
            } else if name == "*" {
                mask = 0xFF
            } else {
                guard let number = Self.priorities[String(name)] ?? Int(name), (0..<8).contains(number) else {
                    return nil
                }
                // This priority and the graver ones, which have smaller numbers.
                mask = isExact ? 1 << number : UInt8(truncatingIfNeeded: (1 << (number + 1)) - 1)
            }
            parts.append(Part(facilities: facilities, mask: mask, sets: !isNegated))
        }
        if parts.isEmpty { return nil }
        self.parts = parts
    }

    /// Whether it takes messages of a facility and a priority: each part sets or clears what the ones before it left.
    func takes(facility: Int, priority: Int) -> Bool {
        var mask: UInt8 = 0
        for part in parts where part.facilities?.contains(facility) ?? true {
            if part.sets { mask |= part.mask } else { mask &= ~part.mask }
        }
        return mask & (1 << UInt8(clamping: priority)) != 0
    }
}
