internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// A question about what listens on the host for others than itself.
protocol ListeningCheck: SecurityCheck {
    /// The ports that are not as they should be.
    func offends(_ port: ListeningPort, _ settings: AuditSettings) -> Bool
    /// The answer where there are none.
    var allClear: String { get }
    /// What to do where there are some.
    var advice: String { get }
}

extension ListeningCheck {
    var area: SecurityArea { .network }

    func result(on host: AuditedHost) async -> CheckResult {
        // The probe takes a table that is not there for a protocol that the kernel does not have.
        guard Files.exists(host.path("/proc/net/tcp")) else {
            return .cannotTell("/proc/net/tcp is not there", remedy: "Mount /proc where the agent runs.")
        }
        do throws(Limitation) {
            // Which program owns a port may be hidden; that it listens is not.
            let ports = try host.listeningPorts().value
            let offending = ports.filter { !$0.isLoopback && offends($0, host.settings) }
            if offending.isEmpty { return .pass(allClear) }
            let evidence = offending.map { port in
                let owner = port.program ?? "a program of user \(port.user)"
                return Evidence(
                    "\(port.transport.rawValue) \(port.address) port \(port.port)", value: "\(owner) listens")
            }
            let numbers = Set(offending.map(\.port)).sorted().map(String.init).joined(separator: ", ")
            return .fail("Reachable from outside: port \(numbers)", evidence: evidence, advice: advice)
        } catch {
            return .cannotTell("\(error)", remedy: "Let the agent's user read /proc/net.")
        }
    }
}

/// Whether nothing listens that the administrator does not know of.
struct AllowedPortsCheck: ListeningCheck {
    /// Whether UDP does not count.
    var isTCPOnly = false
    let identifier = "allowed_ports"
    let title = "Only ports that are allowed listen"
    let severity = Severity.medium
    let allClear = "Nothing listens for others but on ports that are allowed"
    let advice = "Stop the services that nobody needs, bind those for the host itself to 127.0.0.1, allow the others."

    func offends(_ port: ListeningPort, _ settings: AuditSettings) -> Bool {
        !settings.allowedPorts.contains(port.port) && !(isTCPOnly && port.transport.rawValue.hasPrefix("udp"))
    }
}

/// Whether no FTP server takes passwords in the clear where every scanner looks for one.
struct FTPPortCheck: ListeningCheck {
    let identifier = "ftp_port"
    let title = "FTP does not listen on its default port"
    let severity = Severity.medium
    let allClear = "Nothing listens on TCP port 21"
    let advice = "Use SFTP instead of FTP; where FTP must be, move it to another port."

    func offends(_ port: ListeningPort, _ settings: AuditSettings) -> Bool {
        port.port == 21 && port.transport.rawValue.hasPrefix("tcp")
    }
}

/// Whether no service listens for others that few hosts need, and that gives much away.
struct NeedlessServicesCheck: ListeningCheck {
    let identifier = "needless_services"
    let title = "No service listens that hosts seldom need"
    let severity = Severity.medium
    let allClear = "None of the services that hosts seldom need listens for others"
    let advice =
        "Stop and disable each that nobody uses; bind the mail server to the host itself (inet_interfaces = loopback-only)."

    /// The ports by which guides know them (CIS Benchmarks for Linux distributions, "Services"; the numbers by IANA).
    private static let tcp: Set<UInt16> = [
        7, 9, 13, 19, 23, 25, 79, 111, 139, 389, 445, 512, 513, 514, 631, 2049, 3128, 6000,
    ]
    private static let udp: Set<UInt16> = [7, 9, 13, 19, 67, 69, 111, 137, 138, 161, 177, 631, 2049, 5353]

    func offends(_ port: ListeningPort, _ settings: AuditSettings) -> Bool {
        // What the administrator allows is needed.
        if settings.allowedPorts.contains(port.port) { return false }
        return port.transport.rawValue.hasPrefix("tcp") ? Self.tcp.contains(port.port) : Self.udp.contains(port.port)
    }
}
