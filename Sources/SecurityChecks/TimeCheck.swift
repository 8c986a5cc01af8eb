internal import CGlibcHeaders
internal import CommandRunner
internal import Glibc
internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// Whether something keeps the clock right, without which logs of hosts cannot be compared and certificates not be checked.
struct TimeCheck: SecurityCheck {
    let identifier = "time_synchronised"
    let title = "The clock is kept right"
    let area = SecurityArea.logging
    let severity = Severity.medium

    /// The daemons that do it, by the 15 bytes that the kernel keeps of their names.
    private static let daemons = ["chronyd", "ntpd", "systemd-timesyn", "ntp-daemon", "ptp4l", "phc2sys"]

    func result(on host: AuditedHost) async -> CheckResult {
        do throws(Limitation) {
            let reading = try host.processes()
            let running = Self.daemons.filter { name in reading.value.contains { $0.name == name } }
            var evidence = running.map { Evidence("processes", value: "\($0) runs") }
            if host.roots.isRunningSystem, let isSynchronised = Self.kernelIsSynchronised() {
                evidence.append(
                    Evidence("adjtimex(2)", value: isSynchronised ? "synchronised" : "STA_UNSYNC: not synchronised"))
                if isSynchronised { return .pass("The kernel's clock is synchronised", evidence: evidence) }
            }
            if Files.exists(host.path("/run/systemd/timesync/synchronized")), running.contains("systemd-timesyn") {
                return .pass("systemd-timesyncd has synchronised the clock", evidence: evidence)
            }
            // Without rtcsync chronyd leaves the kernel's flag as it is.
            if running.contains("chronyd"), let answer = await host.run("/usr/bin/chronyc", ["-n", "tracking"]) {
                let text = String(decoding: answer.output, as: UTF8.self)
                if let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Leap status") }) {
                    evidence.append(Evidence("chronyc tracking", value: String(line)))
                    if !line.contains("Not synchronised") {
                        return .pass("chronyd has synchronised the clock", evidence: evidence)
                    }
                }
            }
            if let first = running.first {
                let verdict = host.roots.isRunningSystem ? "and the clock is not synchronised" : ""
                if verdict.isEmpty { return .pass("\(first) runs", evidence: evidence) }
                return .fail(
                    "\(first) runs \(verdict)", evidence: evidence,
                    advice:
                        "Look whether it reaches its servers: 'chronyc sources', 'ntpq -p' or 'timedatectl timesync-status'."
                )
            }
            if let limitation = reading.limitations.first {
                return .cannotTell("\(limitation)", remedy: "Run the audit as root.")
            }
            return .fail(
                "Nothing keeps the clock right", evidence: evidence,
                advice: "Install chrony, or switch on systemd-timesyncd by 'timedatectl set-ntp true'.")
        } catch {
            return .cannotTell("\(error)", remedy: "Mount /proc where the agent runs.")
        }
    }

    /// What the kernel says: whether a daemon has told it within its bounds that the time is right (adjtimex(2)); `nil` where
    /// the kernel is not asked.
    private static func kernelIsSynchronised() -> Bool? {
        // Zero bits in `modes` ask, and change nothing.
        var answer = timex()
        let state = adjtimex(&answer)
        if state < 0 { return nil }
        return answer.status & Int32(STA_UNSYNC) == 0 && state != TIME_ERROR
    }
}
