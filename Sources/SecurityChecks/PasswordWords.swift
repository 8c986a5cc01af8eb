internal import SystemFiles
internal import SystemPackage

/// The words that are tried as passwords, each with a NUL behind it.
struct PasswordWords: Sendable {
    /// The common ones, then those of the site's lists, each once.
    private(set) var words: [[CChar]] = []
    /// The lists that could not be read, and why.
    private(set) var obstacles: [Evidence] = []
    private var known: Set<ArraySlice<UInt8>> = []

    /// The longest word, in bytes: longer ones nobody types, and some methods take time for their square.
    private static let longest = 127
    /// The bounds of the site's lists.
    private static let fileLimit = 4 << 20
    private static let wordLimit = 200_000
    /// The site's own list, where no option names another one.
    static let siteList: FilePath = "/etc/pandora/password-list"

    /// Joins the common passwords with the lists of a host.
    init(_ host: AuditedHost, common: [ArraySlice<UInt8>] = CommonPasswords.all) {
        if host.settings.usesShippedPasswords {
            for word in common { add(word) }
        }
        for word in host.settings.passwords { add(Array(word.utf8)[...]) }
        do throws(SystemError) {
            add(list: try Files.read(host.path(Self.siteList), limit: Self.fileLimit))
        } catch {
            if error.code != .noSuchFileOrDirectory { refuse(Self.siteList, error) }
        }
        for list in host.settings.passwordLists {
            do throws(SystemError) {
                add(list: try Files.read(list, limit: Self.fileLimit))
            } catch {
                refuse(list, error)
            }
        }
        known = []
    }

    private mutating func refuse(_ list: FilePath, _ error: SystemError) {
        obstacles.append(Evidence(list.string, value: "the list cannot be read: \(error.code)"))
    }

    /// One word a line; `#!comment:` begins a comment, as in the lists of John the Ripper.
    private mutating func add(list: [UInt8]) {
        for var line in list.split(separator: 0x0A) {
            if line.last == 0x0D { line.removeLast() }
            if !line.starts(with: "#!comment".utf8) { add(line) }
        }
    }

    private mutating func add(_ word: ArraySlice<UInt8>) {
        guard !word.isEmpty, word.count <= Self.longest, !word.contains(0), words.count < Self.wordLimit,
            known.insert(word).inserted
        else { return }
        words.append(Self.terminated(word))
    }

    static func terminated(_ word: some Collection<UInt8>) -> [CChar] { word.map { CChar(bitPattern: $0) } + [0] }

    /// What people make of their names: the empty word, the log-in name and the words of the comment, as they are,
    /// capitalised, reversed, doubled, and with the usual endings.
    static func variants(ofName name: String, comment: [UInt8]) -> [[CChar]] {
        var variants: [[UInt8]] = [[]]
        func add(_ word: [UInt8]) {
            if word.count <= longest, !word.contains(0), !variants.contains(word) { variants.append(word) }
        }
        let name = Array(name.utf8)
        add(name)
        add(capitalised(name))
        add(name.reversed())
        add(name + name)
        for ending in ["1", "12", "123", "1234", "!"] { add(name + ending.utf8) }
        for ending in ["1", "123", "123!"] { add(capitalised(name) + ending.utf8) }
        let person = comment.prefix { $0 != UInt8(ascii: ",") }.map(lowercased)
        let parts = person.split { !isLetter($0) }.filter { $0.count >= 3 }.prefix(4).map { Array($0) }
        for part in parts {
            for ending in ["", "1", "123"] {
                add(part + ending.utf8)
                add(capitalised(part) + ending.utf8)
            }
        }
        return variants.map(terminated)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte >= 0x80
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    private static func capitalised(_ word: [UInt8]) -> [UInt8] {
        guard let first = word.first, (0x61...0x7A).contains(first) else { return word }
        return [first & 0xDF] + word.dropFirst()
    }
}
