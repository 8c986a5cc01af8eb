internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// Whether every person's account that could be logged in to has been.
struct UnusedAccountsCheck: SecurityCheck {
    let identifier = "unused_accounts"
    let title = "Accounts that can log in are used"
    let area = SecurityArea.accounts
    let severity = Severity.low

    func result(on host: AuditedHost) async -> CheckResult {
        do throws(Limitation) {
            let reading = try host.accounts()
            // Root's absence is a good sign, not one of an account that is not needed.
            let candidates = reading.value.filter {
                $0.user != 0 && $0.hasLoginShell && $0.canLogInWithPassword != false
            }
            if candidates.isEmpty { return .pass("No account but root can log in with a password") }
            guard Files.exists(host.path("/var/log/lastlog")) else {
                return .cannotTell(
                    "The host keeps no record of last log-ins in /var/log/lastlog",
                    remedy: "Look with lastlog2(8), where it is installed.")
            }
            if let limitation = reading.limitations.first(where: { $0.subject == PrivilegeNeed.lastLogins.subject }) {
                return .cannotTell("\(limitation)", remedy: "Let the agent's user read /var/log/lastlog.")
            }
            let unused = candidates.filter { $0.lastLogin == nil }
            if unused.isEmpty { return .pass("Every account that can log in has been used") }
            let names = unused.map(\.name).joined(separator: ", ")
            if !unused.contains(where: { $0.canLogInWithPassword == true }) {
                return .cannotTell(
                    "Never logged in, and whether they can is not visible: \(names)", remedy: "Run the audit as root.")
            }
            return .fail(
                "Never logged in: \(names)",
                evidence: unused.map { Evidence("/var/log/lastlog", value: "\($0.name) with shell \($0.shell)") },
                advice: "Lock what nobody needs by 'usermod --lock --expiredate 1 NAME', or give it the shell nologin.")
        } catch {
            return .cannotTell("\(error)", remedy: "Let the agent's user read /etc/passwd.")
        }
    }
}
