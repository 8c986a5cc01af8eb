import Digests
import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport

/// An agent whose configuration a server double manages.
struct ManagedAgent {
    let agent: AgentUnderTest
    let double: TentacleServerDouble
    let base: String

    /// The main file: a Tentacle transfer to the double, then the given lines.
    init(in folder: FilePath, _ double: TentacleServerDouble, _ lines: String = "") throws {
        self.double = double
        agent = try AgentUnderTest(in: folder, "")
        base = Self.settings(double.port, agent.log) + lines + "\n"
        try Files.replace(agent.configuration, with: base.utf8)
    }

    static func settings(_ port: UInt16, _ log: FilePath) -> String {
        "server_ip 127.0.0.1\nserver_port \(port)\nserver_opts -r 0\nagent_name unit\nlogfile \(log)\n"
            + "remote_config 1\nown_modules 0\n"
    }

    private var name: String { Digest.md5("unit").hexadecimal }

    /// What the server has of the configuration.
    var served: String? { double.files["conf/\(name).conf"].map { String(decoding: $0, as: UTF8.self) } }

    /// Puts a configuration on the server.
    func push(_ contents: [UInt8], digest: String? = nil) {
        double.files["conf/\(name).conf"] = contents
        double.files["md5/\(name).md5"] = Array((digest ?? Digest.md5(contents).hexadecimal).utf8)
    }

    func push(_ text: String) { push(Array(text.utf8)) }

    /// What the host has.
    func present() throws -> String {
        String(decoding: try Files.read(agent.configuration, limit: 1 << 24), as: UTF8.self)
    }

    /// The commands of the last run, without sizes.
    func commands(of body: () async throws -> Void) async rethrows -> [String] {
        let before = double.lines.count
        try await body()
        return double.lines.dropFirst(before).filter { $0 != "RECV OK" }.map { line in
            let words = line.split(separator: " ")
            return words.count > 1
                ? "\(words[0]) \(words[1].contains(".data") ? "data" : words[1].split(separator: ".").last ?? "")"
                : line
        }
    }
}

/// Runs a test with an agent whose server is a double of its own.
///
/// - Parameter lines: What the agent's configuration says beside the way to the server.
func withManagedAgent(
    _ lines: String = module("a", "module_exec echo 1"), _ body: (ManagedAgent) async throws -> Void
) async throws {
    let double = try TentacleServerDouble()
    defer { double.stop() }
    try await withTemporaryFolder { folder in try await body(try ManagedAgent(in: folder, double, lines)) }
}
