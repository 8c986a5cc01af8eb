internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// An account of the host's own files (passwd(5), group(5), shadow(5)); those that a directory service adds are not in
/// them.
public struct Account: Sendable, Hashable {
    /// The log-in name.
    public let name: String
    /// The user's number.
    public let user: UInt32
    /// The number of the user's primary group.
    public let group: UInt32
    /// The name of the person, and what else the comment field says.
    public let comment: String
    /// The home folder.
    public let home: String
    /// The log-in program; empty stands for /bin/sh.
    public let shell: String
    /// The names of the user's groups, the primary one first; a group without a name is its number.
    public let groups: [String]
    /// What the password is like.
    public let password: PasswordState
    /// The last log-in; `nil` where there was none or it could not be seen.
    public let lastLogin: LastLogin?

    /// Whether the shell lets its user in: it is not nologin, false or another program that ends at once.
    public var hasLoginShell: Bool {
        !["nologin", "false", "sync", "shutdown", "halt"].contains(Array(shell.utf8)[...].lastPathComponent.text)
    }

    /// Whether the user can log in with a password: one is set, or it is empty, and there is a shell to log in to.
    /// `nil` where the password's state could not be seen.
    public var canLogInWithPassword: Bool? {
        switch password {
        case .set, .empty: hasLoginShell
        case .locked, .expired: false
        case .unknown: hasLoginShell ? nil : false
        }
    }
}

/// What is known of a user's password. The password and its hash are never kept.
public enum PasswordState: String, Sendable, Hashable {
    /// One is set.
    case set
    /// None is needed.
    case empty
    /// No password fits, though the user may come in by a key.
    case locked
    /// The account has expired, or its password has and can no longer be changed.
    case expired
    /// The shadow file could not be read, or does not name the user.
    case unknown
}

/// A log-in (lastlog(8)).
public struct LastLogin: Sendable, Hashable {
    /// When, in seconds since 1970.
    public let time: Int64
    /// The terminal.
    public let line: String
    /// The host that it came from; empty for local ones.
    public let host: String
}

extension Account {
    /// All accounts in the order of the passwd file.
    ///
    /// - Parameters:
    ///   - roots: Where the files are.
    ///   - today: The day, in days since 1970, against which expiry is checked; `nil` is the day of now.
    public static func all(
        _ roots: HostRoots = .system, today: Int64? = nil
    ) throws(Limitation) -> Reading<[Account]> {
        let subject = "the users"
        let today = today ?? Int64(time(nil)) / 86_400
        var limitations: [Limitation] = []
        let entries: [PasswdEntry]
        do throws(SystemError) {
            entries = PasswdEntry.parse(try Files.read(roots.etc.appending("passwd"), limit: SizeLimit.table))
        } catch {
            throw Limitation(subject, error)
        }
        var groups = GroupTable()
        do throws(SystemError) {
            groups = GroupTable(parsing: try Files.read(roots.etc.appending("group"), limit: SizeLimit.table))
        } catch {
            limitations.append(Limitation("the groups of users", error))
        }
        var passwords: [String: PasswordState] = [:]
        do throws(SystemError) {
            let shadow = try Files.read(roots.etc.appending("shadow"), limit: SizeLimit.table)
            passwords = ShadowEntry.states(parsing: shadow, today: today)
        } catch {
            limitations.append(Limitation(.passwordStates, error))
        }
        let logins = lastLogins(of: entries.map(\.user), roots, &limitations)
        let accounts = entries.map { entry in
            Account(
                name: entry.name, user: entry.user, group: entry.group, comment: entry.comment, home: entry.home,
                shell: entry.shell, groups: groups.groups(of: entry.name, primary: entry.group),
                password: entry.ownPassword ?? passwords[entry.name] ?? .unknown, lastLogin: logins[entry.user])
        }
        return Reading(accounts, limitations: limitations)
    }

    /// The records of the lastlog file, which has one for each user's number; a file that is not there is no limitation, as
    /// newer systems have none.
    private static func lastLogins(
        of users: [UInt32], _ roots: HostRoots, _ limitations: inout [Limitation]
    ) -> [UInt32: LastLogin] {
        var logins: [UInt32: LastLogin] = [:]
        do throws(SystemError) {
            let file = try OpenFile(roots.top.appending("var/log/lastlog"), options: .nonBlocking)
            let size = (try file.status()).size
            var record = [UInt8](repeating: 0, count: LastLogin.recordSize)
            for user in users {
                let offset = Int64(user) * Int64(LastLogin.recordSize)
                guard offset < size else { continue }
                let count = try file.read(at: offset, into: &record)
                logins[user] = LastLogin(parsing: record[..<count])
            }
        } catch {
            if error.code != .noSuchFileOrDirectory { limitations.append(Limitation(.lastLogins, error)) }
        }
        return logins
    }
}

extension LastLogin {
    /// The size of `struct lastlog`: a time of 4 bytes, a line of 32, a host of 256.
    static let recordSize = 292

    /// `nil` for a record of zeros, which stands for no log-in.
    init?(parsing record: Bytes) {
        guard record.count == Self.recordSize else { return nil }
        let seconds = record.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        guard seconds != 0 else { return nil }
        time = Int64(seconds)
        line = record.dropFirst(4).prefix(32).prefix { $0 != 0 }.text
        host = record.dropFirst(36).prefix { $0 != 0 }.text
    }
}

/// A line of the passwd file.
struct PasswdEntry: Sendable, Hashable {
    let name: String
    let user: UInt32
    let group: UInt32
    let comment: String
    let home: String
    let shell: String
    /// The password's state where it is in this file; `nil` where the shadow file has it.
    let ownPassword: PasswordState?

    /// Lines that are comments, that are for NIS (`+`, `-`) or that lack fields are left out.
    static func parse(_ bytes: [UInt8]) -> [PasswdEntry] {
        var entries: [PasswdEntry] = []
        bytes.forEachLine { line in
            let fields = line.fields(separatedBy: Byte.colon)
            guard fields.count == 7, let first = fields[0].first,
                first != UInt8(ascii: "#"), first != UInt8(ascii: "+"), first != Byte.minus,
                let user = fields[2].decimal(as: UInt32.self), let group = fields[3].decimal(as: UInt32.self)
            else { return }
            entries.append(
                PasswdEntry(
                    name: fields[0].text, user: user, group: group, comment: fields[4].text, home: fields[5].text,
                    shell: fields[6].trimmed.text,
                    ownPassword: fields[1].equals("x") ? nil : PasswordState(field: fields[1])))
        }
        return entries
    }
}

extension PasswordState {
    /// What a password field says, expiry apart: empty needs none; a hash is letters, digits, `$`, `.` and `/` and a few
    /// more; anything that begins with `!` or `*` is no hash, so nothing fits.
    init(field: Bytes) {
        switch field.first {
        case nil: self = .empty
        case UInt8(ascii: "!"), UInt8(ascii: "*"): self = .locked
        // A hash is never this short: the oldest kind has 13 characters.
        default: self = field.count < 13 ? .locked : .set
        }
    }
}

/// The lines of the shadow file.
enum ShadowEntry {
    /// The state of each user's password. Nothing else of the file is kept.
    static func states(parsing bytes: [UInt8], today: Int64) -> [String: PasswordState] {
        var states: [String: PasswordState] = [:]
        bytes.forEachLine { line in
            let fields = line.fields(separatedBy: Byte.colon)
            guard fields.count >= 2, !fields[0].isEmpty else { return }
            let state = PasswordState(field: fields[1])
            let isExpired = (state == .set || state == .empty) && isExpired(fields, today: today)
            states[fields[0].text] = isExpired ? .expired : state
        }
        return states
    }

    /// The account's own day of expiry (field 8) has come; or the password is older than its maximum (field 5) and the days of
    /// grace (field 7) are over. Without days of grace an old password can still be changed at log-in.
    private static func isExpired(_ fields: [Bytes], today: Int64) -> Bool {
        func number(_ index: Int) -> Int64? {
            guard fields.count > index, let number = fields[index].decimal(as: Int64.self), number >= 0,
                number < 1 << 40
            else { return nil }
            return number
        }
        if let expiry = number(7), expiry <= today { return true }
        guard let changed = number(2), changed > 0, let maximum = number(4), maximum < 99_999, let grace = number(6)
        else { return false }
        return changed + maximum + grace < today
    }
}

/// The names of groups, and who is in them.
struct GroupTable: Sendable {
    private var names: [UInt32: String] = [:]
    private var memberships: [String: [String]] = [:]

    init() {}

    init(parsing bytes: [UInt8]) {
        bytes.forEachLine { line in
            let fields = line.fields(separatedBy: Byte.colon)
            guard fields.count == 4, !fields[0].isEmpty, let number = fields[2].decimal(as: UInt32.self) else { return }
            let name = fields[0].text
            if names[number] == nil { names[number] = name }
            for member in fields[3].trimmed.split(separator: Byte.comma) {
                memberships[member.text, default: []].append(name)
            }
        }
    }

    func groups(of user: String, primary: UInt32) -> [String] {
        let first = names[primary] ?? String(primary)
        return [first] + (memberships[user] ?? []).filter { $0 != first }
    }
}
