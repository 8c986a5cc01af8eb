internal import AgentConfiguration
internal import CommandRunner
internal import DataFile
internal import HostProbes
internal import Modules
internal import TextEncodings

/// Who the agent is to the server.
struct AgentIdentity: Sendable {
    let name: String
    let alias: String
    let addresses: [String]
    let operatingSystem: OperatingSystem
    /// Where the host stands; `nil` where nothing says so.
    let coordinates: Coordinates?
    /// The configured fields, and what else is told as one.
    let customFields: [ConfiguredField]
    /// What must be committed with the first data file of this name.
    let stateChanges: [String: String]

    /// Why there is no identity, as a sentence.
    struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    /// What an identity is found out from.
    struct Sources {
        let configuration: Configuration
        /// Whose cycle it is.
        let role: AgentRole
        /// The environment of commands.
        let environment: [String: String]
        let roots: HostRoots
        /// What was committed.
        let state: [String: String]
        /// Whether a random name may be made, and written into the configuration.
        let makesRandomName: Bool
        /// When commands must have ended.
        let deadline: ContinuousClock.Instant
        /// Takes a sentence for each thing that could not be found out and is done without.
        let problems: (String) -> Void
    }

    /// Finds out who the agent is, running commands where the configuration says so.
    ///
    /// - Throws: ``Unusable`` where the server could not keep the name.
    static func find(_ sources: Sources) async throws(Unusable) -> AgentIdentity {
        let settings = sources.configuration.general
        let operatingSystem = OperatingSystem(sources.roots)
        var stateChanges: [String: String] = [:]
        var name: String?
        if settings.agentNameCommand == RandomAgentName.request {
            name = randomName(sources, &stateChanges)
        } else {
            name = await commandName(sources, &stateChanges)
        }
        let found = name ?? settings.agentName ?? operatingSystem.kernel.hostName
        guard AgentName.isAcceptable(found) else {
            throw Unusable(
                description: found.isEmpty
                    ? "this host has no name: set agent_name"
                    : "the agent's name is longer than a server keeps (\(AgentName.encodedLengthLimit) characters as "
                        + "entities), which would make a new agent of every file: set a shorter agent_name")
        }
        let alias = await answer("agent_alias_cmd", settings.agentAliasCommand, sources)
        // All broker agents of a host would have the same one.
        let hostName = sources.role == .broker ? "" : operatingSystem.kernel.hostName
        return AgentIdentity(
            name: found, alias: alias ?? settings.agentAlias ?? (hostName.isEmpty ? found : hostName),
            addresses: addresses(settings.address, sources.roots, sources.problems),
            operatingSystem: operatingSystem, coordinates: await coordinates(sources),
            customFields: settings.customFields + eHorusField(sources), stateChanges: stateChanges)
    }

    /// The name alone, for what comes before the cycle; `nil` where the cycle has still to make it.
    static func name(_ sources: Sources) async -> String? {
        let settings = sources.configuration.general
        if settings.agentNameCommand == RandomAgentName.request {
            return settings.agentName.flatMap { RandomAgentName.isRandom($0) ? $0 : nil }
        }
        var stateChanges: [String: String] = [:]
        let name = await commandName(sources, &stateChanges)
        return name ?? settings.agentName ?? OperatingSystem(sources.roots).kernel.hostName
    }

    /// The name that `agent_name_cmd` prints. Where that fails and nothing else is configured, the last one that it
    /// printed: under the host's name, this would be a second agent at the server. `nil` where there is neither.
    private static func commandName(_ sources: Sources, _ stateChanges: inout [String: String]) async -> String? {
        let settings = sources.configuration.general
        if let name = await answer("agent_name_cmd", settings.agentNameCommand, sources) {
            stateChanges[StateKey.commandName] = name
            return name
        }
        guard settings.agentNameCommand != nil, settings.agentName == nil,
            let last = sources.state[StateKey.commandName]
        else { return nil }
        sources.problems("agent_name_cmd: the last name that the command printed, '\(last)', is used")
        return last
    }

    private static func randomName(_ sources: Sources, _ stateChanges: inout [String: String]) -> String? {
        guard sources.makesRandomName else {
            let isMade = sources.configuration.general.agentName.map(RandomAgentName.isRandom) ?? false
            if !isMade { sources.problems("agent_name_cmd: the first cycle that sends makes the random name") }
            return nil
        }
        let random = RandomAgentName(
            sources.configuration.general, file: sources.configuration.file, state: sources.state,
            problems: sources.problems)
        stateChanges = random.stateChanges
        return random.name
    }

    /// The first line that a command prints, without the space around it; `nil` where there is no command, or none that
    /// works.
    private static func answer(_ token: String, _ command: String?, _ sources: Sources) async -> String? {
        guard let command else { return nil }
        guard sources.configuration.policy.allows(command: command) else {
            sources.problems("\(token): the local policy does not allow '\(CommandDisplay(command))'")
            return nil
        }
        // What is left of the cycle's time goes before: a name must not make the cycle late.
        let limit = max(.milliseconds(1), min(.seconds(30), sources.deadline - .now))
        let result = await Command(.shell(command), environment: sources.environment, timeLimit: limit).run()
        let bytes = result.output.prefix { $0 != UInt8(ascii: "\n") }
        let line = sources.configuration.general.encoding.text(of: bytes).trimmingSpace
        if result.isSuccess, line.utf8.contains(0) {
            sources.problems("\(token): the command printed a NUL byte, which no name holds; its answer is not used")
            return nil
        }
        if result.isSuccess, !line.isEmpty { return line }
        let problem =
            result.isSuccess
            ? (result.output.isEmpty ? "printed nothing" : "printed an empty first line") : result.ending.description
        sources.problems("\(token): the command \(problem)")
        return nil
    }

    private static func coordinates(_ sources: Sources) async -> Coordinates? {
        let settings = sources.configuration.general
        if let line = await answer("gis_exec", settings.positionCommand, sources) {
            if let coordinates = Coordinates(printed: line) { return coordinates }
            sources.problems(
                "gis_exec: the command printed '\(line.prefix(60))', expected latitude,longitude[,altitude] in degrees and "
                    + "metres")
        }
        return Coordinates(settings)
    }

    private static func eHorusField(_ sources: Sources) -> [ConfiguredField] {
        guard let file = sources.configuration.general.ehorusConfiguration else { return [] }
        do {
            return [ConfiguredField(name: EHorusKey.fieldName, value: try EHorusKey.read(file))]
        } catch {
            sources.problems("ehorus_conf: \(error)")
            return []
        }
    }

    private static func addresses(
        _ configured: String?, _ roots: HostRoots, _ problems: (String) -> Void
    ) -> [String] {
        guard let configured else { return [] }
        guard configured.lowercased() == "auto" else {
            return configured.split(whereSeparator: { $0 == "," || $0.isWhitespace }).map(String.init)
        }
        do throws(Limitation) {
            return NetworkInterface.publicAddresses(of: try NetworkInterface.all(roots))
        } catch {
            problems("address auto: \(error)")
            return []
        }
    }
}

extension String {
    /// Without the spaces and line ends around it.
    fileprivate var trimmingSpace: String {
        let start = drop(while: \.isWhitespace)
        return String(start.prefix(start.count - start.reversed().prefix(while: \.isWhitespace).count))
    }
}
