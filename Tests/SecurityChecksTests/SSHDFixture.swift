import HostProbes
import SystemFiles
import SystemPackage
import Testing

@testable import SecurityChecks

/// A configuration of sshd, and what the manual says is in force.
struct SSHDFixture: Sendable, CustomTestStringConvertible {
    /// What is expected.
    enum Expectation: Sendable, Hashable {
        /// These values; keywords that are not named have their defaults.
        case values([SSHDKeyword: String], ports: Set<UInt16> = [22])
        /// sshd does not start.
        case refused
    }

    let name: String
    /// Files by their names below /etc/ssh; `sshd_config` is the first to be read.
    let files: [String: String]
    /// Who connects, as the argument of `sshd -C`.
    let connection: String?
    let expectation: Expectation

    init(
        _ name: String, _ text: String, files: [String: String] = [:], from connection: String? = nil,
        _ values: [SSHDKeyword: String] = [:], ports: Set<UInt16> = [22], refused: Bool = false
    ) {
        self.name = name
        self.files = files.merging(["sshd_config": text]) { $1 }
        self.connection = connection
        expectation = refused ? .refused : .values(values, ports: ports)
    }

    var testDescription: String { name }

    /// The keywords with one value that are compared.
    static let keywords: [SSHDKeyword] = SSHDKeyword.allCases.filter { $0 != .port && $0 != .listenAddress }

    /// Every keyword with the value that is expected.
    static func complete(_ values: [SSHDKeyword: String]) -> [SSHDKeyword: String] {
        var all = values
        for keyword in keywords where all[keyword] == nil { all[keyword] = keyword.defaultValue(nil) }
        return all
    }

    /// The accounts and groups that the connections name.
    static let accounts = """
        root:x:0:0:root:/root:/bin/sh
        sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
        alice:x:1001:1001::/home/alice:/bin/sh
        bob:x:1002:1002::/home/bob:/bin/sh

        """
    static let groups = """
        root:x:0:
        alice:x:1001:
        bob:x:1002:
        admins:x:1010:alice
        sftp:x:1011:bob,alice
        nogroup:x:65534:

        """

    /// Writes the files below a folder that stands for /etc/ssh.
    func write(to folder: FilePath) throws {
        for (name, text) in files {
            let path = folder.appending(name)
            try Files.makeFolder(path.removingLastComponent())
            try Files.create(path, text.utf8)
        }
    }

    /// The connection as a value.
    var parsedConnection: SSHDConnection {
        var result = SSHDConnection()
        for pair in (connection ?? "").split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "user":
                result.user = parts[1]
                result.groups =
                    [
                        "root": ["root"], "alice": ["alice", "admins", "sftp"], "bob": ["bob", "sftp"],
                    ][parts[1], default: []]
            case "host": result.host = parts[1]
            case "addr": result.address = parts[1]
            case "laddr": result.localAddress = parts[1]
            case "lport": result.localPort = UInt16(parts[1])
            default: break
            }
        }
        return result
    }
}
