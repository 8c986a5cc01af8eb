internal import AgentConfiguration
internal import SystemFiles
internal import SystemPackage

/// Whose cycle runs.
enum AgentRole: Sendable, Hashable {
    /// The agent of the main configuration.
    case main
    /// An agent that `broker_agent` names.
    case broker
}

/// `broker_agent NAME`: another agent of this host, with a configuration, a log and a state of its own.
struct BrokerAgent: Sendable {
    /// Its name, as configured.
    let name: String
    /// Where its files are: NAME.conf beside the main configuration, `brokers/NAME` in the state folder.
    let paths: AgentPaths
    private let main: FilePath

    /// Why a broker agent cannot run, as a sentence.
    struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    /// Names of files beside the configuration that are no broker agent's.
    private static let takenNames = ["pandora_agent", "local"]
    private static let longestName = 200

    /// Finds the files of a broker agent.
    ///
    /// - Throws: ``Unusable`` where the name would lead elsewhere than into the folder of the configuration, or to a file
    ///   that is something else.
    init(_ name: String, of main: AgentPaths) throws(Unusable) {
        let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0 != "/" }
        guard isPlain, !name.isEmpty, !name.hasPrefix("."), !name.contains(".."), name.utf8.count <= Self.longestName
        else {
            throw Unusable(
                description:
                    "broker_agent: '\(name.prefix(80))' is no name for a file: use one without '/' and '..', not "
                    + "beginning with '.', of \(Self.longestName) bytes at most")
        }
        let file = main.configuration.removingLastComponent().appending("\(name).conf")
        guard !Self.takenNames.contains(name), file != main.configuration, file != main.local else {
            throw Unusable(
                description: "broker_agent: \(file) is not the configuration of a broker agent: use another name")
        }
        self.name = name
        self.main = main.configuration
        paths = AgentPaths(
            configuration: file, local: main.local, state: main.state.appending("brokers").appending(name))
    }

    /// Whether its configuration is there.
    var isMade: Bool { (try? Files.status(paths.configuration, followingLinks: false)) != nil }

    /// Makes its configuration from the main one: with its own name and log, and without what is the main agent's alone.
    func make() throws(Unusable) {
        do throws(SystemError) {
            let source = try ConfigurationFile(main)
            try source.make(paths.configuration, with: Self.configuration(named: name, from: try source.read()))
        } catch {
            throw Unusable(description: "broker_agent \(name): \(error)")
        }
    }

    static func configuration(named name: String, from main: ConfigurationText) -> ConfigurationText {
        var text = main
        text.remove(["broker_agent", "agent_name_cmd", "udp_server", "cron_mode"])
        let log = text.value(of: "logfile").map { FilePath($0) } ?? GeneralSettings().logFile
        if log != "syslog" { text.set("logfile", to: Self.log(of: name, beside: log).string) }
        text.set("agent_name", to: name)
        return text
    }

    /// `pandora_agent.log` becomes `pandora_agent_NAME.log`.
    private static func log(of name: String, beside main: FilePath) -> FilePath {
        let ending = main.extension.map { ".\($0)" } ?? ""
        return main.removingLastComponent().appending("\(main.stem ?? "pandora_agent")_\(name)\(ending)")
    }
}
