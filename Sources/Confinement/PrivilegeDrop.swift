internal import CConfinement
internal import Glibc
public import SystemFiles
public import SystemPackage

/// A part of root's power that the agent can keep as another user (capabilities(7)).
public enum Capability: String, Sendable, Hashable, CaseIterable {
    /// To read every file and folder: logs, and who can log in with a password.
    case readEverything = "dac_read_search"

    /// Its number (linux/capability.h).
    var number: Int {
        switch self {
        case .readEverything: 2
        }
    }

    /// Those of this kind that the calling thread has.
    public static var held: Set<Capability> {
        let set = confinement_capabilities()
        return Set(allCases.filter { set & 1 << UInt64($0.number) != 0 })
    }

    /// Its name in manuals.
    public var name: String { "CAP_\(rawValue.uppercased())" }
}

/// Gives up root for a user, for good.
public struct PrivilegeDrop: Sendable, Hashable {
    /// Who the process becomes.
    public let account: UserAccount
    /// What it keeps of root's power. Commands do not get it.
    public let kept: Set<Capability>

    /// Plans; nothing changes yet.
    public init(to account: UserAccount, keeping kept: Set<Capability> = []) {
        self.account = account
        self.kept = kept
    }

    /// Becomes the user: groups, then group ids, then user ids, real, effective and saved; capabilities but those that are
    /// kept; and no program that is run later gives any of it back (`no_new_privs`, prctl(2)).
    ///
    /// Capabilities are those of the calling thread and of the threads that it makes later, and a thread that the C library
    /// has already ended keeps all that it had, so this belongs before all other threads.
    ///
    /// - Parameter tasks: Where the threads of this process are listed.
    /// - Throws: ``SystemError``, also where there are other threads, or root could be had back. The process must end then:
    ///   it may have changed in part.
    public func perform(tasks: FilePath = "/proc/self/task") throws(SystemError) {
        let name = account.name
        guard try Files.names(in: tasks).count == 1 else {
            throw SystemError("give up root for", "\(name) while other threads run", .notPermitted)
        }
        if !kept.isEmpty {
            try systemCall("keep capabilities for", name) { confinement_keep_capabilities(1) }
        }
        emptyBoundingSet()
        try systemCall("take the groups of", name) { setgroups(account.groups.count, account.groups) }
        try systemCall("take the group of", name) { confinement_set_group(account.groupID) }
        try systemCall("become", name) { confinement_set_user(account.userID) }
        let set = kept.reduce(UInt64(0)) { $0 | 1 << UInt64($1.number) }
        try systemCall("give up the capabilities of root for", name) { confinement_set_capabilities(set) }
        _ = confinement_keep_capabilities(0)
        // Kernels before 4.3 have none.
        _ = confinement_clear_ambient_capabilities()
        try systemCall("forbid new privileges for", name) { confinement_no_new_privileges() }
        try verify(set)
    }

    /// What a program may ever get by being run. Where root may not change it, no_new_privs does the same.
    private func emptyBoundingSet() {
        var number: Int32 = 0
        while number < 64, confinement_drop_from_bounding_set(number) == 0 { number += 1 }
    }

    /// Keeps from commands what a service manager gave the agent itself (AmbientCapabilities= of systemd.exec(5)).
    ///
    /// As ``perform(tasks:)``, it is about the calling thread and those that it makes later. Kernels before 4.3 have no such
    /// capabilities.
    public static func withholdFromCommands() {
        _ = confinement_clear_ambient_capabilities()
    }

    private func verify(_ set: UInt64) throws(SystemError) {
        let isComplete = confinement_is_user(account.userID, account.groupID) == 1 && confinement_capabilities() == set
        guard isComplete, account.userID != 0, confinement_set_user(0) != 0 else {
            throw SystemError("give up root for", account.name, .notPermitted)
        }
    }
}
