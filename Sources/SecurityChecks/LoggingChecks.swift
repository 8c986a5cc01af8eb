internal import Glibc
internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// Whether log-ins and other authentication are logged, and stay.
struct AuthenticationLogCheck: SecurityCheck {
    let identifier = "authentication_log"
    let title = "Authentication is logged"
    let area = SecurityArea.logging
    let severity = Severity.high

    private static let advice =
        "Run rsyslog with a rule such as 'authpriv.* /var/log/secure', or make /var/log/journal so that journald keeps it."

    func result(on host: AuditedHost) async -> CheckResult {
        do throws(Limitation) {
            let reading = try host.processes()
            let names = Set(reading.value.map(\.name))
            var open: CheckResult?
            if names.contains("rsyslogd"), let configuration = host.rsyslog() {
                if let answer = Self.rsyslog(configuration, host) {
                    if answer.verdict != .cannotTell { return answer }
                    open = answer
                }
            } else if names.contains("syslog-ng") {
                let logs: [FilePath] = ["/var/log/secure", "/var/log/auth.log"]
                guard let log = logs.first(where: { Files.exists(host.path($0)) }) else {
                    return .cannotTell(
                        "syslog-ng runs, and its rules are not read here",
                        remedy: "Look where it writes messages of auth and authpriv.")
                }
                return Self.isFresh(log, host, [Evidence("syslog-ng", value: "runs")])
            }
            let journal = Self.journal(names, host)
            if let answer = journal?.verdict == .pass ? journal : open ?? journal { return answer }
            if let limitation = reading.limitations.first {
                return .cannotTell("\(limitation)", remedy: "Run the audit as root.")
            }
            return .fail("Neither rsyslog nor journald keeps messages of authentication", advice: Self.advice)
        } catch {
            return .cannotTell("\(error)", remedy: "Mount /proc where the agent runs.")
        }
    }

    /// `nil` where rsyslog writes none of it, so that journald has to.
    private static func rsyslog(_ configuration: RsyslogConfiguration, _ host: AuditedHost) -> CheckResult? {
        let rules = configuration.destinations(
            facility: SyslogSelector.authPrivate, priority: SyslogSelector.informational)
        if configuration.hasOpenDiscards {
            return .cannotTell(
                "rsyslog may discard them by a condition, and conditions are not evaluated",
                remedy: "Run 'logger -p authpriv.info test', and look.")
        }
        let evidence = rules.map { rule in
            Evidence(
                rule.source.string, line: rule.line,
                value: "authpriv.info goes to \(rule.file?.string ?? rule.elsewhere ?? "")",
                changeableBy: host.whoCanChange(rule.source))
        }
        if let rule = rules.first(where: { $0.file.map { Files.exists(host.path($0)) } ?? false }), let log = rule.file
        {
            return isFresh(log, host, evidence)
        }
        if let log = rules.lazy.compactMap(\.file).first {
            return .cannotTell("\(log) is not there yet", evidence: evidence, remedy: "Log in once, then look again.")
        }
        if let goal = rules.first?.elsewhere {
            return .cannotTell(
                "They go to \(goal), and to no file of a fixed name", evidence: evidence,
                remedy: "Look there for the last log-in.")
        }
        let open =
            configuration.obstacles.first ?? (configuration.hasOpenConditions ? "conditions are not evaluated" : nil)
        return open.map {
            .cannotTell(
                "rsyslog's rules are not all known: \($0)", remedy: "Run 'logger -p authpriv.info test', and look.")
        }
    }

    /// Whether a log has the last log-in, as the record of log-ins knows it.
    private static func isFresh(_ log: FilePath, _ host: AuditedHost, _ evidence: [Evidence]) -> CheckResult {
        guard let status = try? Files.status(host.path(log)) else {
            return .cannotTell("\(log) cannot be inspected", evidence: evidence, remedy: "Run the audit as root.")
        }
        let records = host.path("/var/log/wtmp")
        // A log-in is logged before it is recorded, and a log that was just rotated gets the next one.
        let tolerance = 86_400
        // One that was just rotated is empty, and newer than any log-in.
        if let record = try? Files.status(records), record.size > 0,
            record.rawValue.st_mtim.tv_sec - status.rawValue.st_mtim.tv_sec > tolerance
        {
            return .fail(
                "\(log) is more than a day older than the last log-in", evidence: evidence,
                advice: "Look why rsyslog does not write it: 'rsyslogd -N1' checks its configuration.")
        }
        return .pass("Messages of authentication go to \(log)", evidence: evidence)
    }

    /// `nil` where no journal runs.
    private static func journal(_ names: Set<String>, _ host: AuditedHost) -> CheckResult? {
        // The kernel keeps 15 bytes of a name.
        guard names.contains("systemd-journal") else { return nil }
        if let names = try? Files.names(in: host.path("/var/log/journal")), !names.isEmpty {
            return .pass(
                "Messages of authentication go to the journal",
                evidence: [Evidence("/var/log/journal", value: "kept on the disk")])
        }
        if Files.exists(host.path("/run/log/journal")) {
            return .fail(
                "The journal is lost when the host starts anew",
                evidence: [
                    Evidence("/run/log/journal", value: "kept in memory")
                ], advice: advice)
        }
        return nil
    }
}
