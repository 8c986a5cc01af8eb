internal import SystemFiles
internal import SystemPackage

/// One directive of Apache's configuration with all that it includes, as far as it is in force
/// (httpd.apache.org/docs/2.4/configuring.html).
struct ApacheConfiguration: Sendable, Hashable {
    /// A line that sets the directive.
    struct Setting: Sendable, Hashable {
        let value: String
        let file: FilePath
        let line: Int
        /// Whether it counts only under a condition, such as `<IfDefine>`.
        let isConditional: Bool
    }

    /// The lines that set it, in the order in which Apache reads them.
    private(set) var settings: [Setting] = []
    /// What keeps the rest from being read, as sentences.
    var obstacles: [String] { walk.obstacles }

    private let directive: String
    private var serverRoot: FilePath
    // AP_MAX_INCLUDE_DIR_DEPTH is 20. Apache itself does not start with a configuration beyond it.
    private var walk = IncludeWalk(.init(file: 4 << 20, files: 2000, depth: 20))

    /// The main file of Debian, of Red Hat and of SUSE, and of Apache's own builds, with the folder for relative paths.
    private static let mains: [(file: FilePath, root: FilePath)] = [
        ("/etc/apache2/apache2.conf", "/etc/apache2"), ("/etc/httpd/conf/httpd.conf", "/etc/httpd"),
        ("/etc/apache2/httpd.conf", "/etc/apache2"), ("/usr/local/apache2/conf/httpd.conf", "/usr/local/apache2"),
    ]

    /// Reads the host's configuration; `nil` where it has none.
    init?(_ directive: String, of host: AuditedHost) {
        guard let main = Self.mains.first(where: { Files.exists(host.path($0.file)) }) else { return nil }
        self.directive = directive.lowercased()
        serverRoot = main.root
        read(main.file, on: host, depth: 0, conditions: 0)
    }

    private mutating func read(_ file: FilePath, on host: AuditedHost, depth: Int, conditions outer: Int) {
        let bytes: [UInt8]
        switch walk.read(file, on: host, depth: depth) {
        case .file(let content)?: bytes = content
        case .folder?: return readFolder(file, on: host, depth: depth, conditions: outer)
        case nil: return
        }
        var conditions = outer
        for (number, line) in Self.logicalLines(String(decoding: bytes, as: UTF8.self)) {
            if walk.isOver { return }
            let words = Self.words(line)
            guard let name = words.first?.lowercased() else { continue }
            switch name {
            case "<ifdefine", "<ifmodule", "<ifversion", "<if", "<elseif", "<else>", "<iffile", "<ifdirective",
                "<ifsection":
                // Debian sets all of its own inside of <IfModule> of modules that it loads, but never this directive.
                conditions += 1
            case "</ifdefine>", "</ifmodule>", "</ifversion>", "</if>", "</elseif>", "</else>", "</iffile>",
                "</ifdirective>", "</ifsection>":
                conditions = max(outer, conditions - 1)
            case "serverroot":
                if words.count > 1 { serverRoot = FilePath(words[1]) }
            case "include", "includeoptional":
                guard words.count > 1, isPlain(words[1], file, number) else { continue }
                let path = FilePath(words[1])
                let pattern = path.isAbsolute ? path : serverRoot.appending(path.components)
                for included in walk.matches(of: pattern, on: host) {
                    read(included, on: host, depth: depth + 1, conditions: conditions)
                }
            case directive:
                guard words.count > 1, isPlain(words[1], file, number) else { continue }
                settings.append(
                    Setting(value: words[1], file: file, line: number, isConditional: conditions > 0))
            default: continue
            }
        }
    }

    /// An included folder stands for all files in it and below it, in the order of their names.
    private mutating func readFolder(_ folder: FilePath, on host: AuditedHost, depth: Int, conditions: Int) {
        do throws(SystemError) {
            for name in try Files.names(in: host.path(folder)) {
                read(folder.appending(name), on: host, depth: depth + 1, conditions: conditions)
            }
        } catch {
            walk.note("\(folder): \(error.code)")
        }
    }

    /// Whether a word has no variable, whose value Apache takes from `Define` or from its environment.
    private mutating func isPlain(_ word: String, _ file: FilePath, _ line: Int) -> Bool {
        if !word.contains("${") { return true }
        walk.note("\(file):\(line): variables such as \(word) are not known here")
        return false
    }

    /// Lines without comments, those that end with a backslash joined, with the number of their first one.
    private static func logicalLines(_ text: String) -> [(number: Int, line: String)] {
        var lines: [(number: Int, line: String)] = []
        var isOpen = false
        for (index, raw) in text.textLines.enumerated() {
            var line = raw
            let continues = line.hasSuffix("\\")
            if continues { line.removeLast() }
            if isOpen, let last = lines.indices.last {
                lines[last].line += line
            } else {
                lines.append((index + 1, String(line)))
            }
            isOpen = continues
        }
        return lines.filter { !$0.line.drop { $0 == " " || $0 == "\t" }.hasPrefix("#") }
    }

    /// The words of a line; quotes hold one together.
    private static func words(_ line: String) -> [String] {
        var words: [String] = []
        var rest = line[...]
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" }
            guard let first = rest.first else { return words }
            if first == "\"" || first == "'" {
                rest.removeFirst()
                words.append(String(rest.prefix { $0 != first }))
                rest = rest.drop { $0 != first }.dropFirst()
            } else {
                words.append(String(rest.prefix { $0 != " " && $0 != "\t" }))
                rest = rest.drop { $0 != " " && $0 != "\t" }
            }
        }
    }
}
