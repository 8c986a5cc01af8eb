internal import HostProbes
internal import SystemFiles
public import SystemPackage

/// A key that opens an account: a line of authorized_keys (AUTHORIZED_KEYS FILE FORMAT of sshd(8)).
public struct AuthorizedKey: Sendable, Hashable {
    /// The line, counted from 1.
    public let line: Int
    /// What the key is.
    public let key: SSHPublicKey
    /// The names of its options in lower case; their values, which may be secret, are left out.
    public let options: [String]

    /// Whether it opens the account from chosen addresses alone, or runs a chosen command alone.
    public var isRestricted: Bool { options.contains("from") || options.contains("command") }

    /// The key in a few words.
    public var description: String {
        key.description + (options.isEmpty ? "" : " (\(options.joined(separator: ", ")))")
    }

    /// Reads a line; `nil` where it holds no key.
    init?(_ line: ArraySlice<UInt8>, number: Int) {
        let text = SSHDWords.trimmed(line)
        guard let first = text.first, first != UInt8(ascii: "#") else { return nil }
        self.line = number
        if let key = Self.key(text) {
            self.key = key
            options = []
            return
        }
        guard let (names, rest) = Self.options(text), let key = Self.key(rest) else { return nil }
        self.key = key
        options = names
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The type and the key in Base64, and behind them a comment.
    private static func key(_ text: ArraySlice<UInt8>) -> SSHPublicKey? {
        let words = text.split(maxSplits: 2, whereSeparator: isSpace)
        guard words.count >= 2, SSHPublicKey.isType(words[0]), let blob = KeyBase64.decode(words[1]),
            let key = SSHPublicKey(blob: blob), key.type.utf8.elementsEqual(words[0])
        else { return nil }
        return key
    }

    /// The names of the options, which end at the first space outside of quotes; a backslash takes the meaning of a
    /// quote away.
    private static func options(
        _ text: ArraySlice<UInt8>
    ) -> (names: [String], rest: ArraySlice<UInt8>)? {
        var names: [String] = []
        var name: [UInt8] = []
        var (isQuoted, isValue) = (false, false)
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            if byte == UInt8(ascii: "\\"), index + 1 < text.endIndex, text[index + 1] == UInt8(ascii: "\"") {
                index += 2
                continue
            }
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            let isEnd = !isQuoted && isSpace(byte)
            if !isQuoted, isEnd || byte == UInt8(ascii: ",") {
                if !name.isEmpty { names.append(SSHDWords.text(name).lowercased()) }
                (name, isValue) = ([], false)
                if isEnd { return (names, text[index...].drop(while: isSpace)) }
            } else if byte == UInt8(ascii: "=") {
                isValue = true
            } else if !isValue, !isQuoted {
                name.append(byte)
            }
            index += 1
        }
        return nil
    }
}

/// A file of keys that open an account.
public struct AuthorizedKeysFile: Sendable, Hashable {
    /// The file, by its path on the host.
    public let path: FilePath
    /// The account's log-in name.
    public let account: String
    /// The account's number.
    public let user: UInt32
    /// The keys.
    public let keys: [AuthorizedKey]
    /// How many lines are neither a key nor empty nor a comment.
    public let unreadableLines: Int
}

/// The authorized_keys of a host's accounts.
public struct AuthorizedKeys: Sendable {
    /// The files that are there, each once, in the order of the accounts.
    public private(set) var files: [AuthorizedKeysFile] = []
    /// What could not be read.
    public private(set) var obstacles: [Obstacle] = []

    /// A file that could not be read.
    public struct Obstacle: Sendable, Hashable {
        /// The file, by its path on the host.
        public let path: FilePath
        /// The number of the account whose keys would be in it.
        public let user: UInt32
        /// Why, as a phrase.
        public let reason: String

        /// The obstacle as a fact.
        public var evidence: Evidence { Evidence(path.string, value: "it cannot be read: \(reason)") }
    }

    private static let limit = 1 << 20
    private static let accountLimit = 100_000

    /// Reads the files that sshd's `AuthorizedKeysFile` names, and those of its default, as another configuration may take
    /// them into force again.
    ///
    /// - Parameter patterns: Paths with the tokens of `AuthorizedKeysFile` in sshd_config(5).
    /// - Throws: `Limitation` where the accounts are not visible.
    init(_ host: AuditedHost, patterns: [String]) throws(Limitation) {
        var seen: Set<FilePath> = []
        for account in try host.homeOwners().prefix(Self.accountLimit) {
            for pattern in patterns where pattern != "none" {
                let path = FilePath(Self.expand(pattern, account)).lexicallyNormalized()
                if seen.insert(path).inserted { read(path, account, host) }
            }
        }
    }

    private mutating func read(_ path: FilePath, _ account: Account, _ host: AuditedHost) {
        do throws(SystemError) {
            // A device would do more than give its bytes.
            guard try Files.status(host.path(path)).type == .regular else { return }
            let bytes = try Files.read(host.path(path), limit: Self.limit)
            var keys: [AuthorizedKey] = []
            var unreadable = 0
            for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
                let text = SSHDWords.trimmed(line)
                if text.isEmpty || text.elementsEqual([0x0D]) || text.first == UInt8(ascii: "#") { continue }
                if let key = AuthorizedKey(text, number: index + 1) { keys.append(key) } else { unreadable += 1 }
            }
            files.append(
                AuthorizedKeysFile(
                    path: path, account: account.name, user: account.user, keys: keys, unreadableLines: unreadable))
        } catch {
            switch error.code {
            case .noSuchFileOrDirectory, .notDirectory: return
            default:
                obstacles.append(Obstacle(path: path, user: account.user, reason: error.code.description))
            }
        }
    }

    /// Replaces `%h`, `%u`, `%U` and `%%`; a relative path is one below the home.
    private static func expand(_ pattern: String, _ account: Account) -> String {
        var text = ""
        var isToken = false
        for character in pattern {
            if isToken {
                switch character {
                case "h": text += account.home
                case "u": text += account.name
                case "U": text += "\(account.user)"
                default: text.append(character)
                }
                isToken = false
            } else if character == "%" {
                isToken = true
            } else {
                text.append(character)
            }
        }
        return text.hasPrefix("/") ? text : "\(account.home)/\(text)"
    }
}

extension AuditedHost {
    /// The accounts with a home, those with all rights first, so that what several share counts as root's.
    func homeOwners() throws(Limitation) -> [Account] {
        let accounts = try accounts().value.filter { $0.home.hasPrefix("/") }
        return accounts.filter { $0.user == 0 } + accounts.filter { $0.user != 0 }
    }

    /// The keys that open accounts, as sshd is configured.
    public func authorizedKeys() async -> Result<AuthorizedKeys, AuthorizedKeysHidden> {
        let facts = await sshd()
        var patterns = [".ssh/authorized_keys", ".ssh/authorized_keys2"]
        patterns += facts.authorizedKeysPatterns.filter { !patterns.contains($0) }
        do throws(Limitation) {
            return .success(try AuthorizedKeys(self, patterns: patterns))
        } catch {
            return .failure(AuthorizedKeysHidden(reason: error.description))
        }
    }
}

/// The accounts are not visible, so that their keys are not either.
public struct AuthorizedKeysHidden: Error, Sendable, Hashable {
    /// Why, as a sentence for an operator.
    public let reason: String
}

extension SSHDFacts {
    /// Where sshd looks for keys, by the lines of its configuration and by its own answer.
    var authorizedKeysPatterns: [String] {
        var patterns = configuration.directives.filter { $0.keyword == .authorizedKeysFile }.map(\.value)
        if case .values(let values) = ownAnswer { patterns += values["authorizedkeysfile"] ?? [] }
        return patterns.flatMap { $0.split(separator: " ").map(String.init) }
    }
}
