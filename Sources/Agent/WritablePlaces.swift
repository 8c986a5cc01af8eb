internal import AgentConfiguration
internal import SystemFiles
internal import SystemPackage

/// Where an agent writes: its state, its log, what waits, and what is delivered into a folder.
struct WritablePlaces: Sendable, Hashable {
    /// Folders, and files that are no folders' own.
    let paths: [FilePath]

    init(_ configuration: Configuration, paths: AgentPaths) {
        let settings = configuration.general
        var places = [paths.state, settings.temporal]
        if !settings.logFileIsDisabled, settings.logFile != "syslog" { places.append(settings.logFile.folder) }
        for (server, isUsed) in [(settings.primary, true), (settings.secondary, settings.secondaryMode != .never)]
        where isUsed && server.transferMode == .local {
            places.append(server.path)
            guard settings.remoteConfiguration, !configuration.policy.isReadOnly else { continue }
            places += [settings.serverPathConfigurations, settings.serverPathMD5].map {
                server.path.pushing(FilePath($0))
            }
        }
        if Self.changesConfiguration(configuration, paths) { places.append(paths.configuration.folder) }
        // Programs of other libraries may send there what they do not want.
        places.append("/dev/null")
        self.paths = places
    }

    private init(paths: [FilePath]) { self.paths = paths }

    /// These, and those of other agents.
    func adding(_ others: [WritablePlaces]) -> WritablePlaces {
        WritablePlaces(paths: paths + others.flatMap(\.paths))
    }

    /// Whether the agent itself may have to write the configuration, or files beside it: one that a server pushes, the
    /// earlier one after a trial, those of broker agents, a random name.
    private static func changesConfiguration(_ configuration: Configuration, _ paths: AgentPaths) -> Bool {
        let settings = configuration.general
        return settings.remoteConfiguration && !configuration.policy.isReadOnly || !settings.brokerAgents.isEmpty
            || settings.agentNameCommand == RandomAgentName.request
            || ConfigurationTrial(of: paths.configuration, state: paths.state).record() != nil
    }

    /// Those that are there, each once, for people.
    var shown: String {
        var seen: Set<FilePath> = ["/dev/null"]
        return paths.filter { seen.insert($0).inserted && Files.exists($0) }.map(\.string).joined(separator: ", ")
    }

    /// Those of another configuration that are not among these, nor below one of these.
    func missing(of other: WritablePlaces) -> [FilePath] {
        let granted = Set(paths.map(Self.resolved))
        return other.paths.filter { place in
            var step = Self.resolved(place)
            while !granted.contains(step) {
                if step.components.isEmpty { return Files.exists(place) }
                step = step.removingLastComponent()
            }
            return false
        }
    }

    private static func resolved(_ path: FilePath) -> FilePath {
        (try? Files.realPath(path)) ?? path.lexicallyNormalized()
    }
}

extension FilePath {
    /// The folder that a file is in.
    fileprivate var folder: FilePath {
        let folder = removingLastComponent()
        return folder.isEmpty ? "." : folder
    }
}
