internal import AgentConfiguration
internal import Glibc
internal import SystemFiles
public import SystemPackage

/// Where an agent's files are, as absolute paths: commands find them in their environment, wherever they work.
public struct AgentPaths: Sendable, Hashable {
    /// pandora_agent.conf.
    public let configuration: FilePath
    /// local.conf, which need not exist.
    public let local: FilePath
    /// Whether somebody named ``local``, who then means it to be there.
    let isLocalNamed: Bool
    /// The folder of positions, spool and quarantine.
    public let state: FilePath

    /// The configuration that is used where none is named.
    public static let defaultConfiguration: FilePath = "/etc/pandora/pandora_agent.conf"

    /// Fills in what is not named.
    ///
    /// - Parameters:
    ///   - configuration: A file, or a folder that holds pandora_agent.conf.
    ///   - local: The host's own file; `nil` = local.conf beside the configuration.
    ///   - state: The state folder; `nil` = /var/lib/pandora-agent for root and for the user whose folder that is,
    ///     `$XDG_STATE_HOME/pandora-agent` else.
    public init(configuration: String?, local: String?, state: String?) {
        var file = configuration.map(Self.absolute) ?? Self.defaultConfiguration
        if (try? Files.status(file))?.type == .directory { file.append("pandora_agent.conf") }
        self.configuration = file
        self.local = local.map(Self.absolute) ?? file.removingLastComponent().appending("local.conf")
        isLocalNamed = local != nil
        self.state = state.map(Self.absolute) ?? Self.defaultState
    }

    /// A path that counts from the working folder, as one that does not. It stays what it is where there is no such folder.
    private static func absolute(_ text: String) -> FilePath {
        let path = FilePath(text)
        guard path.isRelative, !path.isEmpty, let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        let components = path.components.filter { $0.kind != .currentDirectory }
        return FilePath(platformString: folder).appending(components)
    }

    /// Files that are known: nothing is filled in.
    init(configuration: FilePath, local: FilePath, state: FilePath) {
        self.configuration = configuration
        self.local = local
        isLocalNamed = false
        self.state = state
    }

    /// The file whose presence makes the agent read-only.
    public var readOnlyFlag: FilePath { configuration.removingLastComponent().appending("read_only") }

    /// Where the packages put what Perl plugins remember of logs (packaging/setup).
    var takenOverPositions: FilePath { state.appending("perl-positions") }

    /// The agent's program and the files of its configuration, all that is included among them.
    public var agentFiles: [FilePath] {
        let configuration = try? AgentConfigurationReader(paths: self, options: CycleOptions()).read()
        return Self.program + (configuration?.files ?? [self.configuration, local])
    }

    /// The file of the program that runs; empty where the kernel does not tell.
    static var program: [FilePath] { (try? Files.realPath("/proc/self/exe")).map { [$0] } ?? [] }

    /// Whether root started the program: its places stay where they are when it becomes `pandora_user`.
    private static let isStartedByRoot = geteuid() == 0

    private static var defaultState: FilePath {
        let packaged: FilePath = "/var/lib/pandora-agent"
        if isStartedByRoot { return packaged }
        if let base = environment("XDG_STATE_HOME"), base.hasPrefix("/") {
            return FilePath(base).appending("pandora-agent")
        }
        // The packages make a user for the agent; what somebody runs as that user is about the same agent.
        if (try? Files.status(packaged, followingLinks: false))?.userID.rawValue == geteuid() { return packaged }
        return FilePath(environment("HOME") ?? homeOfUser ?? "/").appending(".local/state/pandora-agent")
    }

    /// The home that the user database says, for those who are started without `HOME`.
    private static var homeOfUser: String? {
        getpwuid(geteuid()).map { String(cString: $0.pointee.pw_dir) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
}

/// A variable of the agent's own environment; `nil` where it is not set or empty.
func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
}
