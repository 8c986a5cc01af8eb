internal import AgentConfiguration
internal import Confinement
internal import DataFile
internal import SystemPackage

/// What is wrong with settings that can be read, and that the server or this host cannot do anything with.
struct SettingsCheck {
    private let configuration: Configuration
    private var lookup: CommandLookup
    private(set) var diagnostics: [Diagnostic] = []

    /// How many characters a server keeps of the attributes that it cuts.
    private static let attributeLimit = 255

    /// - Parameter lookup: Finds the programs of commands.
    init(_ configuration: Configuration, lookup: CommandLookup) {
        self.configuration = configuration
        self.lookup = lookup
        checkName()
        checkAttributes()
        checkIntensiveInterval()
        checkEHorus()
        checkCommands()
        checkOwner()
    }

    private var settings: GeneralSettings { configuration.general }

    private mutating func checkName() {
        guard let name = settings.agentName, !AgentName.isAcceptable(name) else { return }
        let sentence = "agent_name: \(Self.tooLongName(name))"
        switch settings.agentNameCommand {
        case nil: report("agent_name", sentence, .error)
        // A name that is made by chance takes the place of this one.
        case RandomAgentName.request: break
        default: report("agent_name", "\(sentence), where agent_name_cmd finds no other")
        }
    }

    /// What to say of a name that no server can keep.
    static func tooLongName(_ name: String) -> String {
        "the name needs \(AgentName.encodedLength(name)) characters as entities, and a server keeps "
            + "\(AgentName.encodedLengthLimit): no cycle is done with it"
    }

    private mutating func checkAttributes() {
        for (token, text) in [("description", settings.description), ("custom_id", settings.customIdentifier)] {
            let length = text.unicodeScalars.count
            guard length > Self.attributeLimit else { continue }
            report(token, "\(token) has \(length) characters: the server cuts it after \(Self.attributeLimit)")
        }
    }

    private mutating func checkIntensiveInterval() {
        guard let intensive = settings.intensiveInterval, intensive > settings.interval else { return }
        report(
            "intensive_interval",
            "intensive_interval is longer than interval and has no effect: intensive modules run once an interval")
    }

    private mutating func checkEHorus() {
        guard let file = settings.ehorusConfiguration else { return }
        do {
            _ = try EHorusKey.read(file)
        } catch {
            report("ehorus_conf", "ehorus_conf: \(error); there is no field \(EHorusKey.fieldName)")
        }
    }

    private mutating func checkCommands() {
        let commands = [
            ("agent_name_cmd", settings.agentNameCommand), ("agent_alias_cmd", settings.agentAliasCommand),
            ("gis_exec", settings.positionCommand),
        ]
        for case (let token, let command?) in commands where command != RandomAgentName.request {
            if !configuration.policy.allows(command: command) {
                report(token, "\(token) does not run: the local policy does not allow its command")
            } else if let program = ProgramOfCommand.find(in: command), let problem = lookup.problem(with: program) {
                report(token, "\(token): \(problem)")
            }
        }
    }

    private mutating func checkOwner() {
        guard settings.primary.transferMode == .local, configuration.generalPositions["transfer_mode_user"] != nil,
            UserAccount(named: settings.transferModeUser) == nil
        else { return }
        report(
            "transfer_mode_user",
            "transfer_mode_user: there is no user '\(settings.transferModeUser.prefix(60))': files stay the agent's own"
        )
    }

    private mutating func report(_ token: String, _ text: String, _ severity: Diagnostic.Severity = .warning) {
        diagnostics.append(Diagnostic(severity, at: configuration.position(of: token), text))
    }
}
