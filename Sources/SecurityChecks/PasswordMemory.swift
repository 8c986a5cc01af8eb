internal import Digests
internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// How far each password was tried, so that what has not changed costs nothing the next time.
///
/// An account is known by a digest of its name, its hash, its comment and the list of words, made with a key of its own: it
/// tells neither the hash nor which account it is. The file is `weak-passwords` in the state folder, for the agent's
/// user alone:
///
///     weak-passwords 1 KEY
///     DIGEST TRIED found|not-found
struct PasswordMemory: Sendable {
    /// What is known of an account.
    struct Progress: Sendable, Hashable {
        /// How many words were tried, in their order; 0 where one was found, as the number would tell which.
        var tried = 0
        /// Whether one of them was the password.
        var isFound = false
    }

    private static let limit = 8 << 20
    private static let keyLength = 32
    private static let heading = "weak-passwords 1 "

    private let file: FilePath?
    private let key: [UInt8]
    private let stored: [String: Progress]
    private let words: [UInt8]

    /// Reads what was remembered; what cannot be read or understood counts as nothing.
    ///
    /// - Parameters:
    ///   - folder: The state folder; `nil` where nothing may be remembered.
    ///   - words: The words that are tried, besides those made of names.
    init(in folder: FilePath?, words: [[CChar]]) {
        file = folder?.appending("weak-passwords")
        var key: [UInt8] = []
        var stored: [String: Progress] = [:]
        if let file, let bytes = try? Files.read(file, limit: Self.limit) {
            for (number, line) in bytes.split(separator: 0x0A).enumerated() {
                let fields = line.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
                guard fields.count == 3 else { continue }
                if number == 0 {
                    guard line.starts(with: Self.heading.utf8), let found = [UInt8](hexadecimal: fields[2].utf8),
                        found.count == Self.keyLength
                    else { break }
                    key = found
                } else if let tried = Int(fields[1]), tried >= 0 {
                    stored[fields[0]] = Progress(tried: tried, isFound: fields[2] == "found")
                }
            }
        }
        if key.isEmpty {
            key = [UInt8](repeating: 0, count: Self.keyLength)
            for index in key.indices { key[index] = UInt8.random(in: .min ... .max) }
        }
        self.key = key
        self.stored = stored
        // A NUL ends each word, so that no two lists are the same text.
        self.words = KeyedDigest(key: key)(words.flatMap { $0.map(UInt8.init(bitPattern:)) }) ?? []
    }

    /// The name under which an account is remembered; `nil` where it cannot be.
    func digest(of entry: PasswordEntry) -> String? {
        guard let hash = entry.hash else { return nil }
        let parts: [[UInt8]] = [Array(entry.name.utf8), hash, entry.comment, words]
        return KeyedDigest(key: key)(Array(parts.joined(separator: [0])))?.hexadecimal
    }

    /// What is known of an account.
    func progress(of digest: String?) -> Progress { digest.flatMap { stored[$0] } ?? Progress() }

    /// Remembers these accounts and forgets all others; nothing is written where nothing changed.
    func save(_ progress: [String: Progress]) throws(SystemError) {
        guard let file, progress != stored else { return }
        var text = Self.heading + key.hexadecimal + "\n"
        for (digest, progress) in progress.sorted(by: { $0.key < $1.key }) {
            text += "\(digest) \(progress.tried) \(progress.isFound ? "found" : "not-found")\n"
        }
        try Files.makeFolder(file.removingLastComponent())
        try Files.replace(file, with: text.utf8)
    }
}
