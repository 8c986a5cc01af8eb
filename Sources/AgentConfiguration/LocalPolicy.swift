public import Confinement
public import SystemPackage

/// What a pushed configuration may change.
public enum RemoteScope: String, Sendable, Hashable, CaseIterable {
    /// Module definitions.
    case modules
    /// Commands of modules.
    case commands
    /// Plugins.
    case plugins
    /// Collections.
    case collections
    /// General tokens.
    case general
}

/// A rule of `allow_command` or `deny_command`.
public struct CommandRule: Sendable, Hashable {
    /// Whether a command that matches may run.
    public let allows: Bool
    /// A shell wildcard pattern over the whole command.
    public let pattern: String
}

/// What the host's administrator decided, whatever a server says: the tokens that exist in local.conf alone.
public struct LocalPolicy: Sendable, Hashable {
    /// Where the read-only flag was found; empty where it is not set.
    public var readOnly: [ReadOnlySource] = []
    /// Tokens that keep their value.
    public var pinnedTokens: Set<String> = []
    /// What a pushed configuration may change.
    public var remoteMay = Set(RemoteScope.allCases)
    /// Rules for commands, in order.
    public var commandRules: [CommandRule] = []
    /// Digests of the plugins that may run; `nil` = all may.
    public var pluginManifest: FilePath?
    /// Public key that must have signed what a server pushes; `nil` = no signature needed.
    public var signatureKey: FilePath?
    /// Whether files that others can write are refused; `nil` = as root only.
    public var strictPermissions: Bool?
    /// What the agent keeps of root's power when it becomes `pandora_user`.
    public var keptCapabilities: Set<Capability> = []
    /// Whether the kernel refuses listening to the agent and its commands.
    public var refusesListening = true
    /// Whether the kernel keeps the agent itself, not its commands, from writing elsewhere than it has to.
    public var restrictsWriting = true
    /// What each process of a module's command may take of the host.
    public var commandLimits: [LimitedResource: UInt64] = [:]

    /// A policy that restricts nothing.
    public init() {}

    /// Whether the agent must ask the server for nothing.
    public var isReadOnly: Bool { !readOnly.isEmpty }
}

/// A place that says the agent is read-only.
public enum ReadOnlySource: Sendable, Hashable, CustomStringConvertible {
    /// The token `read_only 1`.
    case token(SourcePosition)
    /// The file beside the configuration, and the reason that it holds.
    case file(FilePath, reason: String)
    /// The option of the command line.
    case option

    /// A phrase for an operator.
    public var description: String {
        switch self {
        case .token(let position): "read_only 1 at \(position)"
        case .file(let path, let reason): reason.isEmpty ? "file \(path)" : "file \(path) (\(reason))"
        case .option: "option --read-only"
        }
    }
}
