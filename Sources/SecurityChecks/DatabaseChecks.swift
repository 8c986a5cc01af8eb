internal import CommandRunner
internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// What is known of the MySQL or MariaDB that runs.
struct DatabaseServer: Sendable {
    /// The program's name.
    let name: String
    /// The TCP ports on which it listens.
    let ports: [ListeningPort]

    /// The server; `nil` where none runs.
    init?(of host: AuditedHost) throws(Limitation) {
        let names: Set = ["mysqld", "mariadbd"]
        guard let process = try host.processes().value.first(where: { names.contains($0.name) }) else { return nil }
        name = process.name
        // Whose port it is may be hidden; the user of the server has no other ones.
        ports = try host.listeningPorts().value.filter { port in
            guard port.transport.rawValue.hasPrefix("tcp") else { return false }
            return port.program.map { names.contains($0) } ?? (port.user == process.user && port.user != 0)
        }
    }
}

/// A question about MySQL or MariaDB, which does not arise where none runs.
protocol DatabaseCheck: SecurityCheck {
    /// The answer for the one that runs.
    func result(_ server: DatabaseServer, on host: AuditedHost) async -> CheckResult
}

extension DatabaseCheck {
    var area: SecurityArea { .databases }

    func result(on host: AuditedHost) async -> CheckResult {
        let server: DatabaseServer?
        do throws(Limitation) {
            server = try DatabaseServer(of: host)
        } catch {
            return .cannotTell("\(error)", remedy: "Mount /proc where the agent runs.")
        }
        guard let server else { return .notApplicable("neither MySQL nor MariaDB runs") }
        return await result(server, on: host)
    }
}

extension DatabaseServer {
    /// Ports as evidence.
    static func evidence(_ ports: [ListeningPort], _ name: String) -> [Evidence] {
        ports.map { Evidence("\($0.transport.rawValue) \($0.address) port \($0.port)", value: "\(name) listens") }
    }
}

/// Whether the database serves the host alone.
struct DatabaseAddressCheck: DatabaseCheck {
    let identifier = "mysql_bind"
    let title = "MySQL serves the host alone"
    let severity = Severity.high

    func result(_ server: DatabaseServer, on host: AuditedHost) async -> CheckResult {
        let open = server.ports.filter { !$0.isLoopback }
        if open.isEmpty {
            return .pass(
                server.ports.isEmpty
                    ? "\(server.name) listens on no TCP port" : "\(server.name) is bound to the host itself",
                evidence: DatabaseServer.evidence(server.ports, server.name))
        }
        return .fail(
            "\(server.name) is reachable from outside", evidence: DatabaseServer.evidence(open, server.name),
            advice:
                "Set 'bind-address = 127.0.0.1' in the section [mysqld], or 'skip-networking' where nobody uses TCP.")
    }
}

/// Whether the database is where every scanner looks for it.
struct DatabasePortCheck: DatabaseCheck {
    let identifier = "mysql_port"
    let title = "MySQL does not listen on its default port"
    let severity = Severity.low

    func result(_ server: DatabaseServer, on host: AuditedHost) async -> CheckResult {
        let usual = server.ports.filter { $0.port == 3306 }
        if usual.isEmpty { return .pass("\(server.name) does not listen on port 3306") }
        return .fail(
            "\(server.name) listens on port 3306", evidence: DatabaseServer.evidence(usual, server.name),
            advice: "Set another 'port' in the section [mysqld], and tell the programs that use it.")
    }
}

/// Whether anybody on the host is root in the database without being asked for a password.
///
/// The database's own client asks, as an ordinary user: root of the host may come in over the socket without a password
/// where the server knows him by that socket (plugin `unix_socket`, `auth_socket`), and that is right.
struct DatabasePasswordCheck: DatabaseCheck {
    let identifier = "mysql_root_password"
    let title = "Root of MySQL has a password"
    let severity = Severity.critical

    private static let clients: [FilePath] = [
        "/usr/bin/mariadb", "/usr/bin/mysql", "/usr/local/bin/mariadb", "/usr/local/bin/mysql",
    ]
    private static let nobody = "65534"

    /// What the client found.
    private enum Answer {
        case admitted
        case refused(String)
        case unreachable(String)
    }

    func result(_ server: DatabaseServer, on host: AuditedHost) async -> CheckResult {
        guard let client = Self.clients.first(where: { Files.exists(host.path($0)) }) else {
            return .cannotTell("There is no client of MySQL to ask with", remedy: "Install mariadb-client.")
        }
        var ways: [(name: String, arguments: [String])] = [("the socket", ["--protocol=SOCKET"])]
        for port in Set(server.ports.map(\.port)).sorted().prefix(4) {
            let address = server.ports.first { $0.port == port }.map(Self.reachable) ?? "127.0.0.1"
            ways.append(("TCP port \(port)", ["--protocol=TCP", "--host=\(address)", "--port=\(port)"]))
        }
        var evidence: [Evidence] = []
        var refusals = 0
        for way in ways {
            switch await Self.ask(client, way.arguments, host) {
            case .admitted:
                return .fail(
                    "Root of the database is let in over \(way.name) without a password",
                    evidence: [Evidence(client.string, value: "root was let in over \(way.name)")],
                    advice:
                        "Give root a password: ALTER USER root@localhost IDENTIFIED BY '…', or run mariadb-secure-installation."
                )
            case .refused(let words):
                refusals += 1
                evidence.append(Evidence(client.string, value: "over \(way.name): \(words)"))
            case .unreachable(let words):
                evidence.append(Evidence(client.string, value: "over \(way.name): \(words)"))
            }
        }
        if refusals == ways.count { return .pass("Root is not let in without a password", evidence: evidence) }
        return .cannotTell(
            refusals > 0 ? "The database did not answer on every way to it" : "The database did not answer",
            evidence: evidence,
            remedy: "Look whether \(server.name) answers: '\(client.lastComponent?.string ?? "") --user=root'.")
    }

    /// An address under which the host itself reaches a port.
    private static func reachable(_ port: ListeningPort) -> String {
        switch port.address {
        case "0.0.0.0", "::": "127.0.0.1"
        default: port.address
        }
    }

    private static func ask(_ client: FilePath, _ way: [String], _ host: AuditedHost) async -> Answer {
        let question =
            ["--no-defaults", "--user=root", "--skip-password", "--connect-timeout=3"] + way + ["--execute=SELECT 1"]
        let result: CommandResult?
        if host.userIdentifier == 0 {
            result = await host.run(
                "/usr/bin/setpriv",
                ["--reuid", nobody, "--regid", nobody, "--clear-groups", client.string] + question)
        } else {
            result = await host.run(client, question)
        }
        guard let result else { return .unreachable("programs of this host cannot be asked") }
        if result.isSuccess { return .admitted }
        let lines = String(decoding: result.errorOutput, as: UTF8.self).textLines.filter { !$0.isEmpty }
        // Newer clients warn before, that they cannot verify a server without a password.
        let words = (lines.first { $0.hasPrefix("ERROR ") } ?? lines.first).map(String.init)
        guard let words else { return .unreachable("the client \(result.ending)") }
        // ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR, ER_HOST_NOT_PRIVILEGED, ER_DBACCESS_DENIED_ERROR
        let refusals = ["ERROR 1045 ", "ERROR 1698 ", "ERROR 1130 ", "ERROR 1044 "]
        return refusals.contains { words.hasPrefix($0) } ? .refused(words) : .unreachable(words)
    }
}
