internal import SystemFiles
internal import SystemPackage

/// What the host's own files say of an account's password.
///
/// It holds a hash, so it is never handed out of this room and has no description of its own.
struct PasswordEntry: Sendable {
    /// What the password field says.
    enum State: Sendable, Hashable {
        /// No password is asked for.
        case empty
        /// No password fits: `*`, `!`, `!!` and whatever else is no hash.
        case none
        /// A hash.
        case set([UInt8])
        /// A hash behind a lock (`passwd -l`, `usermod -L`): unlocked, it is in force again.
        case locked([UInt8])
    }

    /// The log-in name, for people: without control characters.
    let name: String
    /// `/etc/shadow`, or `/etc/passwd` where the hash is in the file that everybody can read.
    let file: FilePath
    /// The line, counted from 1.
    let line: Int
    let state: State
    /// The comment field of the passwd file, from which names of the person come.
    var comment: [UInt8] = []

    /// The hash, whether locked or not.
    var hash: [UInt8]? {
        switch state {
        case .set(let hash), .locked(let hash): hash
        case .empty, .none: nil
        }
    }

    var isLocked: Bool {
        if case .locked = state { return true }
        return false
    }
}

extension PasswordEntry.State {
    /// Reads a password field (shadow(5), crypt(5)).
    init(field: ArraySlice<UInt8>) {
        if field.isEmpty {
            self = .empty
            return
        }
        let unlocked = field.drop { $0 == UInt8(ascii: "!") }
        guard Self.isHash(unlocked) else {
            self = .none
            return
        }
        self = unlocked.count == field.count ? .set(Array(unlocked)) : .locked(Array(unlocked))
    }

    private static func isHash(_ text: ArraySlice<UInt8>) -> Bool {
        guard let first = text.first, text.count >= 13, text.count <= 1024,
            text.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"!*;\\".utf8.contains($0) })
        else { return false }
        if first == UInt8(ascii: "$") || first == UInt8(ascii: "_") { return true }
        return text.count == 13 && text.allSatisfy { PasswordScheme.value($0) != nil }
    }
}

/// The passwords of a host.
struct PasswordEntries: Sendable {
    /// The accounts that the files name, those of /etc/shadow first.
    var entries: [PasswordEntry] = []
    /// Why the shadow file is not visible; `nil` where it is, or where there is none.
    var obstacle: SystemError?

    private static let limit = 16 << 20

    /// Reads the files of a host.
    init(_ host: AuditedHost) {
        var comments: [ArraySlice<UInt8>: [UInt8]] = [:]
        var own: [PasswordEntry] = []
        if let passwd = try? Files.read(host.path("/etc/passwd"), limit: Self.limit) {
            for (line, fields) in Self.lines(passwd) where fields.count >= 7 {
                if comments[fields[0]] == nil { comments[fields[0]] = Array(fields[4]) }
                if fields[1].elementsEqual("x".utf8) { continue }
                let state = PasswordEntry.State(field: fields[1])
                own.append(
                    PasswordEntry(
                        name: SSHDWords.text(fields[0]), file: "/etc/passwd", line: line, state: state,
                        comment: Array(fields[4])))
            }
        }
        do throws(SystemError) {
            let shadow = try Files.read(host.path("/etc/shadow"), limit: Self.limit)
            var names: Set<ArraySlice<UInt8>> = []
            // Of several lines of one name the first counts, as for getspnam(3).
            for (line, fields) in Self.lines(shadow) where names.insert(fields[0]).inserted {
                let state = PasswordEntry.State(field: fields[1])
                entries.append(
                    PasswordEntry(
                        name: SSHDWords.text(fields[0]), file: "/etc/shadow", line: line, state: state,
                        comment: comments[fields[0]] ?? []))
            }
        } catch {
            if error.code != .noSuchFileOrDirectory { obstacle = error }
        }
        entries += own
    }

    /// The lines with a name and at least one field more; comments and entries for NIS (`+`, `-`) are none.
    private static func lines(_ bytes: [UInt8]) -> [(line: Int, fields: [ArraySlice<UInt8>])] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            guard let first = line.first, !"#+-:".utf8.contains(first) else { return nil }
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 9, omittingEmptySubsequences: false)
            return fields.count >= 2 ? (index + 1, fields) : nil
        }
    }
}
