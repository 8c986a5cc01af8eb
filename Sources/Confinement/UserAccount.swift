internal import Glibc
internal import SystemPackage

/// A user of the system, with the groups that the user is in (passwd(5), group(5)).
public struct UserAccount: Sendable, Hashable {
    /// The login name.
    public let name: String
    /// The user's id.
    public let userID: UInt32
    /// The id of the primary group.
    public let groupID: UInt32
    /// The ids of all groups, the primary one among them.
    public let groups: [UInt32]
    /// The home folder.
    public let home: String
    /// The login shell.
    public let shell: String

    /// Finds a user by name, or by the number of a user that has a name.
    ///
    /// - Returns: `nil` where there is none, or the database cannot be asked.
    public init?(named name: String) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var room = [CChar](repeating: 0, count: 1 << 16)
        let groupOfUser: gid_t
        if name.utf8.contains(0) { return nil }
        if let number = uid_t(name) {
            guard getpwuid_r(number, &entry, &room, room.count, &found) == 0, found != nil else { return nil }
        } else {
            guard getpwnam_r(name, &entry, &room, room.count, &found) == 0, found != nil else { return nil }
        }
        self.name = entry.pw_name.map { String(cString: $0) } ?? name
        userID = entry.pw_uid
        groupOfUser = entry.pw_gid
        groupID = groupOfUser
        home = entry.pw_dir.map { String(cString: $0) } ?? "/"
        shell = entry.pw_shell.map { String(cString: $0) } ?? "/bin/sh"
        groups = Self.groups(of: self.name, beside: groupOfUser)
    }

    /// More groups than a user can be in (NGROUPS_MAX).
    private static let mostGroups: Int32 = 65536

    private static func groups(of name: String, beside primary: gid_t) -> [UInt32] {
        var count: Int32 = 64
        while count <= mostGroups {
            var groups = [gid_t](repeating: 0, count: Int(count))
            let room = count
            if getgrouplist(name, primary, &groups, &count) >= 0 { return Array(groups.prefix(Int(count))) }
            count = max(count, room) &* 2
        }
        return [primary]
    }
}
