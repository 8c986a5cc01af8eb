internal import HostProbes
internal import SystemPackage

/// Whether root is the only account with all rights.
struct RootAccountsCheck: SecurityCheck {
    let identifier = "uid_0"
    let title = "Only root has the user number 0"
    let area = SecurityArea.accounts
    let severity = Severity.critical

    func result(on host: AuditedHost) async -> CheckResult {
        do throws(Limitation) {
            let others = try host.accounts().value.filter { $0.user == 0 && $0.name != "root" }
            if others.isEmpty { return .pass("No other account has the user number 0") }
            let names = others.map(\.name).joined(separator: ", ")
            return .fail(
                "All rights of root: \(names)",
                evidence: others.map {
                    Evidence(
                        "/etc/passwd", value: "\($0.name) has the user number 0",
                        changeableBy: host.whoCanChange("/etc/passwd"))
                }, advice: "Give each of them a number of its own, or remove it; a second root is how intruders stay.")
        } catch {
            return .cannotTell("\(error)", remedy: "Let the agent's user read /etc/passwd.")
        }
    }
}

/// Whether every account that can log in has a password to be asked for.
struct EmptyPasswordsCheck: SecurityCheck {
    let identifier = "empty_passwords"
    let title = "No account has an empty password"
    let area = SecurityArea.accounts
    let severity = Severity.critical

    func result(on host: AuditedHost) async -> CheckResult {
        do throws(Limitation) {
            let reading = try host.accounts()
            let empty = reading.value.filter { $0.password == .empty }
            if !empty.isEmpty {
                let names = empty.map(\.name).joined(separator: ", ")
                return .fail(
                    "Without a password: \(names)",
                    evidence: empty.map { Evidence("/etc/shadow", value: "the password of \($0.name) is empty") },
                    advice: "Set a password for each by passwd(1), or lock it by 'passwd -l NAME'.")
            }
            if reading.value.contains(where: { $0.password == .unknown }) {
                return .cannotTell(
                    "The password states of accounts are not visible",
                    remedy: "Run the audit as root, or put the agent's user into the group shadow.")
            }
            return .pass("Every account has a password or is locked")
        } catch {
            return .cannotTell("\(error)", remedy: "Let the agent's user read /etc/passwd.")
        }
    }
}
