public import SystemPackage
public import TextEncodings

/// How data files reach a server.
public enum TransferMode: String, Sendable, Hashable, CaseIterable {
    /// The Tentacle protocol.
    case tentacle
    /// A copy into a folder of this host.
    case local
    /// scp or sftp with keys.
    case ssh
    /// FTP.
    case ftp
}

/// When the secondary server is used.
public enum SecondaryMode: String, Sendable, Hashable, CaseIterable {
    /// Never.
    case never
    /// When the primary failed.
    case onError = "on_error"
    /// For every file, beside the primary.
    case always
}

/// What the server is told about new modules of this agent.
public enum AgentMode: String, Sendable, Hashable, CaseIterable {
    /// New modules are created.
    case learn
    /// Only modules that the server knows already take values.
    case noLearn = "no-learn"
    /// As ``learn``, and an agent that falls silent is disabled.
    case autodisable

    /// The number that stands for it in the data file.
    public var number: Int {
        switch self {
        case .noLearn: 0
        case .learn: 1
        case .autodisable: 2
        }
    }
}

/// A server and the way to it.
public struct ServerSettings: Sendable, Hashable {
    /// Name or address.
    public var address = "localhost"
    /// TCP port.
    public var port = 41121
    /// The incoming folder at the server (local, ssh and FTP modes).
    public var path: FilePath = "/var/spool/pandora/data_in"
    /// How files get there.
    public var transferMode = TransferMode.tentacle
    /// How long one transfer may take.
    public var transferTimeout = Duration.seconds(30)
    /// The FTP user.
    public var user = "pandora"
    /// The FTP or Tentacle password; empty = none.
    public var password = Secret("")
    /// Whether TLS is used without a certificate of our own (Tentacle level 1).
    public var usesTLS = false
    /// Options of the Tentacle client, as a shell would split them.
    public var options = ""
    /// How a Tentacle connection is protected beside that.
    public var security = SecuritySettings()
}

/// An extra pair of the agent's page at the server.
public struct ConfiguredField: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Its value.
    public var value: String

    /// Joins a name and a value.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// The settings that are not about one module: those that a configuration names, defaults for the rest.
public struct GeneralSettings: Sendable, Hashable {
    /// The server that gets the data files.
    public var primary = ServerSettings()
    /// The second server; what is not configured is as at the primary.
    public var secondary = ServerSettings()
    /// When the second server is used.
    public var secondaryMode = SecondaryMode.never

    /// Folder at the server for digests of configurations (local mode).
    public var serverPathMD5 = "md5"
    /// Folder at the server for configurations (local mode).
    public var serverPathConfigurations = "conf"
    /// Folder at the server for collections (local mode).
    public var serverPathCollections = "collections"
    /// Folder that remembers when modules with an absolute interval ran.
    public var serverPathReferences = "ref"
    /// Owner given to configurations and digests copied in local mode.
    public var transferModeUser = "apache"

    /// Folder for data files that wait.
    public var temporal: FilePath = "/var/spool/pandora"
    /// Megabytes that must be free on it; 0 = no check.
    public var temporalMinimumFree = 1024
    /// Megabytes of waiting files; 0 = no limit.
    public var temporalMaximumSize = 1024
    /// Number of waiting files; 0 = no limit.
    public var temporalMaximumFiles = 1024
    /// Whether files that could not be sent are kept.
    public var keepsUnsentFiles = true

    /// The log file, or the word `syslog`.
    public var logFile: FilePath = "/var/log/pandora/pandora_agent.log"
    /// Bytes after which the log file is rotated.
    public var logSize = 600_000
    /// How many rotated log files are kept.
    public var logRotations = 3
    /// Whether there is no log file.
    public var logFileIsDisabled = false

    /// Time between two cycles.
    public var interval = Duration.seconds(300)
    /// Time between two cycles of intensive modules; `nil` = ``interval``.
    public var intensiveInterval: Duration?
    /// How many modules run side by side; `nil` = one after the other, beside what takes long.
    public var threads: Int?
    /// Seconds before the first cycle.
    public var delayedStartup = Duration.zero
    /// Nice value.
    public var nice = 10
    /// User to run as; `nil` = whoever started the agent.
    public var user: String?
    /// Whether the program ends after one cycle.
    public var runsOnce = false
    /// Whether nothing is run and nothing sent.
    public var isStandby = false
    /// Whether the agent tells how it is itself, by modules of its own.
    public var reportsItself = true
    /// Whether data files that were sent are kept.
    public var keepsSentFiles = false

    /// The agent's unique name; `nil` = the host's name.
    public var agentName: String?
    /// A command whose first line is the name, or `__rand__`.
    public var agentNameCommand: String?
    /// The name that people see; `nil` = the host's name.
    public var agentAlias: String?
    /// A command whose first line is the alias.
    public var agentAliasCommand: String?
    /// Description; the server cuts it at 255.
    public var description = ""
    /// Group at the server.
    public var group = ""
    /// Number of the group; `nil` = by name.
    public var groupIdentifier: Int?
    /// Password of the group.
    public var groupPassword = Secret("")
    /// Further groups, comma separated.
    public var secondaryGroups = ""
    /// Name of the parent agent.
    public var parentAgentName = ""
    /// An identifier of the organisation's own.
    public var customIdentifier = ""
    /// A link of the agent's page.
    public var urlAddress = ""
    /// Addresses told to the server, comma separated; `auto` = all but loopback; `nil` = none.
    public var address: String?
    /// What the server does with new modules.
    public var agentMode = AgentMode.learn
    /// Extra fields.
    public var customFields: [ConfiguredField] = []
    /// File that holds an eHorus key.
    public var ehorusConfiguration: FilePath?

    /// Hours that the server adds to times.
    public var timezoneOffset = 0
    /// Whether the server takes the time of arrival as the time of the data.
    public var leavesTimeToServer = false
    /// The encoding that the data file declares, and that text which is not UTF-8 is in.
    public var encoding = TextEncoding.utf8
    /// Degrees north.
    public var latitude: Double?
    /// Degrees east.
    public var longitude: Double?
    /// Metres.
    public var altitude: Double?
    /// The place in words.
    public var positionDescription = ""
    /// A command that prints `latitude,longitude[,altitude]`.
    public var positionCommand: String?

    /// Whether the server manages this configuration.
    public var remoteConfiguration = false
    /// Names of agents that this one runs beside itself.
    public var brokerAgents: [String] = []
    /// Names of collections to fetch.
    public var fileCollections: [String] = []

    /// Settings as an empty configuration gives them.
    public init() {}
}
