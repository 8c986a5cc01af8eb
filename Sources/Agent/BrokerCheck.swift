internal import AgentConfiguration
internal import DataFile
internal import SystemPackage

/// What is wrong with the broker agents that a configuration names, and with their own configurations.
struct BrokerCheck {
    private let configuration: Configuration
    private let paths: AgentPaths
    private let options: CycleOptions
    private(set) var diagnostics: [Diagnostic] = []
    /// What is told already: local.conf, for example, is a part of each configuration.
    private var known: Set<Diagnostic>

    /// - Parameters:
    ///   - configuration: The main agent's.
    ///   - paths: Those of the main agent.
    ///   - known: What is told already.
    init(_ configuration: Configuration, paths: AgentPaths, options: CycleOptions, known: [Diagnostic]) {
        self.configuration = configuration
        self.paths = paths
        self.options = options
        self.known = Set(known)
        var seen: Set<String> = []
        for name in configuration.general.brokerAgents where seen.insert(name).inserted { check(name) }
    }

    private mutating func check(_ name: String) {
        do throws(BrokerAgent.Unusable) {
            let broker = try BrokerAgent(name, of: paths)
            if broker.isMade { return check(broker) }
            // Its configuration will be made from this one, and bear its name.
            guard !AgentName.isAcceptable(name) else { return }
            report(name, "broker_agent: \(SettingsCheck.tooLongName(name))")
        } catch {
            report(name, error.description)
        }
    }

    private mutating func check(_ broker: BrokerAgent) {
        do throws(ConfigurationUnusable) {
            let own = try AgentConfigurationReader(paths: broker.paths, options: options).read()
            let check = ConfigurationCheck(own, history: ModuleHistory.read(in: broker.paths.state))
            for diagnostic in check.diagnostics where known.insert(diagnostic).inserted {
                diagnostics.append(diagnostic)
            }
        } catch {
            report(broker.name, "broker_agent \(broker.name) does not run: \(error)")
        }
    }

    private mutating func report(_ name: String, _ text: String) {
        diagnostics.append(Diagnostic(.error, at: configuration.position(of: "broker_agent \(name)"), text))
    }
}
