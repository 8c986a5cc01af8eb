/// The part of a host that a check looks at; reports group by it.
public enum SecurityArea: String, Sendable, Hashable, CaseIterable {
    case remoteAccess = "Remote access"
    case accounts = "Accounts and passwords"
    case network = "Network services"
    case databases = "Databases"
    case web = "Web"
    case integrity = "Integrity"
    case logging = "Logging"
    case updates = "Updates"
    case system = "System"
}

/// How much a failed check weighs: in a report's score, and in what to do first.
public enum Severity: Int, Sendable, Hashable, Comparable, CaseIterable {
    case low = 1
    case medium = 3
    case high = 7
    case critical = 15

    /// The less grave one is the smaller one.
    public static func < (first: Severity, second: Severity) -> Bool { first.rawValue < second.rawValue }
}

/// One question about the security of a host.
///
/// A check asks nothing but the ``AuditedHost`` it is given, so that the same check answers for the running system and
/// for a tree of files. It never changes the host, and never waits longer than the bounds of the host's commands
/// and of the time that its settings give to passwords.
public protocol SecurityCheck: Sendable {
    /// The name by which people choose the check, in lower case with underscores, such as `ssh_root_login`. It never
    /// changes, since the names of modules are made of it.
    var identifier: String { get }
    /// What is asked, as a short phrase: `Root cannot log in over SSH`.
    var title: String { get }
    /// The part of the host that it is about.
    var area: SecurityArea { get }
    /// How much a failure weighs.
    var severity: Severity { get }

    /// Asks the host.
    func result(on host: AuditedHost) async -> CheckResult
}
