internal import SystemFiles
internal import SystemPackage

/// A permission that lets a process see more of its host.
public enum Permission: Sendable, Hashable, CustomStringConvertible {
    /// Membership of a group.
    case group(String)
    /// A capability (capabilities(7)), by its name with `CAP_`.
    case capability(String)

    /// The words for it in a sentence.
    public var description: String {
        switch self {
        case .group(let name): "group \(name)"
        case .capability(let name): "capability \(name)"
        }
    }
}

/// Something that a probe could not see: what, why, and which permission would allow it.
///
/// Its description is a sentence for an operator, such as `cannot see the password states of users: cannot open
/// /etc/shadow: Permission denied; group shadow or capability CAP_DAC_READ_SEARCH would allow it`.
public struct Limitation: Error, Sendable, Hashable, CustomStringConvertible {
    /// What could not be seen, as a phrase that follows "cannot see".
    public let subject: String
    /// Why, as a phrase of its own.
    public let reason: String
    /// The permissions each of which would be enough; empty where the reason is not a permission.
    public let allowedBy: [Permission]

    /// Describes something that could not be seen.
    public init(_ subject: String, because reason: String, allowedBy: [Permission] = []) {
        self.subject = subject
        self.reason = reason
        self.allowedBy = allowedBy
    }

    /// Describes something that a failed system call hides. The permissions are named only where they would help.
    init(_ subject: String, _ error: SystemError, allowedBy: [Permission] = []) {
        let isRefusal = error.code == .permissionDenied || error.code == .notPermitted
        self.init(subject, because: error.description, allowedBy: isRefusal ? allowedBy : [])
    }

    /// Describes what a need of the privileges' table hides.
    init(_ need: PrivilegeNeed, _ error: SystemError) {
        self.init(need.subject, error, allowedBy: need.allowedBy)
    }

    /// The sentence for an operator.
    public var description: String {
        let remedy = allowedBy.map(\.description).joined(separator: " or ")
        return "cannot see \(subject): \(reason)" + (remedy.isEmpty ? "" : "; \(remedy) would allow it")
    }
}

/// What a probe saw, and what it could not see.
public struct Reading<Value: Sendable>: Sendable {
    /// What it saw.
    public var value: Value
    /// What is missing from the value; empty where it is complete.
    public var limitations: [Limitation]

    /// Joins a value with what is missing from it.
    public init(_ value: Value, limitations: [Limitation] = []) {
        self.value = value
        self.limitations = limitations
    }
}

extension Reading: Equatable where Value: Equatable {}

/// Something that an ordinary user cannot see, and the permissions each of which would be enough.
public struct PrivilegeNeed: Sendable, Hashable {
    /// What is not seen without them, as a phrase that follows "cannot see".
    public let subject: String
    /// The permissions.
    public let allowedBy: [Permission]

    /// The state of each user's password, from the shadow file (shadow(5)).
    public static let passwordStates = PrivilegeNeed(
        subject: "the password states of users",
        allowedBy: [.group("shadow"), .capability("CAP_DAC_READ_SEARCH")])
    /// Processes of other users where proc is mounted with `hidepid` (proc(5)).
    public static let hiddenProcesses = PrivilegeNeed(
        subject: "the processes of other users", allowedBy: [.capability("CAP_SYS_PTRACE")])
    /// Which process owns a socket of another user: the links in /proc/PID/fd.
    public static let socketOwners = PrivilegeNeed(
        subject: "which programs own the sockets of other users", allowedBy: [.capability("CAP_SYS_PTRACE")])
    /// The memory modules, from the DMI table, which only root can read.
    public static let memoryModules = PrivilegeNeed(
        subject: "the memory modules", allowedBy: [.capability("CAP_DAC_READ_SEARCH")])
    /// The containers of the host's engines, whose state folders only root can enter.
    public static let containerStates = PrivilegeNeed(
        subject: "the containers that do not run", allowedBy: [.capability("CAP_DAC_READ_SEARCH")])
    /// The last log-in of each user.
    public static let lastLogins = PrivilegeNeed(
        subject: "the last log-ins of users", allowedBy: [.group("utmp"), .capability("CAP_DAC_READ_SEARCH")])

    /// Every need that the probes know.
    public static let all: [PrivilegeNeed] = [
        passwordStates, lastLogins, hiddenProcesses, socketOwners, memoryModules, containerStates,
    ]
}
