internal import SystemPackage
internal import TextEncodings

/// What the agent makes of a token.
public enum TokenSupport: Sendable, Hashable {
    /// What it says is done.
    case used
    /// It is read and has no effect, for the reason given.
    case ignored(String)
    /// It asks for something that this agent never does, for the reason given.
    case refused(String)
    /// It is for Windows; the module that has it is skipped.
    case windowsOnly
}

/// A token outside modules: its name, its meaning and how its value is read.
public struct GeneralToken: Sendable {
    /// The name; a `*` at the end stands for any ending, an `N` in `custom_fieldN_…` for a number.
    public let name: String
    /// The default, as the documentation shows it; empty = none.
    public let defaultValue: String
    /// What it means, for the documentation.
    public let meaning: String
    /// What the agent makes of it.
    public let support: TokenSupport
    /// The token whose value says whether anything of this one is asked for; `nil` where nothing else does.
    let featureSwitch: String?
    /// Sets the value, or returns what was expected instead.
    let apply: @Sendable (String, inout GeneralSettings) -> String?

    private init(
        _ name: String, _ defaultValue: String, _ meaning: String, support: TokenSupport = .used,
        featureSwitch: String? = nil,
        apply: @escaping @Sendable (String, inout GeneralSettings) -> String? = { _, _ in nil }
    ) {
        self.name = name
        self.defaultValue = defaultValue
        self.meaning = meaning
        self.support = support
        self.featureSwitch = featureSwitch
        self.apply = apply
    }

    private init<Value>(
        _ name: String, _ defaultValue: String = "", _ reader: ValueReader<Value>,
        _ path: any WritableKeyPath<GeneralSettings, Value> & Sendable, _ meaning: String
    ) {
        self.init(name, defaultValue, meaning) { text, settings in
            guard let value = reader.read(text) else { return reader.expectation }
            settings[keyPath: path] = value
            return nil
        }
    }

    /// The same for a setting without a default of its own.
    private init<Value>(
        _ name: String, _ defaultValue: String = "", _ reader: ValueReader<Value>,
        _ path: any WritableKeyPath<GeneralSettings, Value?> & Sendable, _ meaning: String
    ) {
        self.init(name, defaultValue, meaning) { text, settings in
            guard let value = reader.read(text) else { return reader.expectation }
            settings[keyPath: path] = value
            return nil
        }
    }

    /// Every token, in the order of the documentation.
    public static let all: [GeneralToken] =
        server(
            prefix: "server_", mode: "transfer_mode", timeout: "transfer_timeout", security: "ssl_",
            defaults: ServerSettings(), \.primary) + transfer
        + server(
            prefix: "secondary_server_", mode: "secondary_transfer_mode", timeout: "secondary_transfer_timeout",
            security: "secondary_ssl_", defaults: nil, \.secondary)
        + spoolAndLog + running + identity + dataFile + lists + management + refused

    /// The token of a name as it stands in a file.
    static func named(_ name: String) -> GeneralToken? { byName[name] }

    /// Whether it is about the second server: it is applied after all others, to a copy of the first server's settings.
    var isAboutSecondary: Bool {
        ["secondary_server_", "secondary_transfer_", "secondary_ssl_"].contains { name.hasPrefix($0) }
    }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The tokens of one server.
    private static func server(
        prefix: String, mode: String, timeout: String, security: String, defaults: ServerSettings?,
        _ path: any WritableKeyPath<GeneralSettings, ServerSettings> & Sendable
    ) -> [GeneralToken] {
        func token<Value>(
            _ name: String, _ defaultValue: String, _ reader: ValueReader<Value>,
            _ field: any WritableKeyPath<ServerSettings, Value> & Sendable, _ meaning: String
        ) -> GeneralToken {
            GeneralToken(name, defaults == nil ? "as its primary" : defaultValue, meaning) { text, settings in
                guard let value = reader.read(text) else { return reader.expectation }
                settings[keyPath: path][keyPath: field] = value
                return nil
            }
        }
        return [
            token("\(prefix)ip", "localhost", .word, \.address, "the server's name or address"),
            token("\(prefix)port", "41121", .integer(1...65535), \.port, "its TCP port"),
            token(
                "\(prefix)path", "/var/spool/pandora/data_in", .path, \.path,
                "incoming folder at the server (local, ssh, ftp modes)"),
            token(mode, "tentacle", .choice, \.transferMode, "how files are sent: tentacle, local, ssh, ftp"),
            token(timeout, "30", .seconds(1...86400), \.transferTimeout, "seconds for one transfer"),
            token("\(prefix)user", "pandora", .word, \.user, "FTP user"),
            token("\(prefix)pwd", "", .secret, \.password, "FTP or Tentacle password"),
            token("\(prefix)ssl", "0", .flag, \.usesTLS, "TLS without a certificate of our own (Tentacle level 1)"),
            token("\(prefix)opts", "", .text, \.options, "options of the Tentacle client, quoted as in a shell"),
            token("\(security)cert", "", .optionalPath, \.security.certificate, "our certificate for TLS (PEM)"),
            token("\(security)key", "as ssl_cert", .optionalPath, \.security.key, "its private key (PEM)"),
            token(
                "\(security)key_password_file", "", .optionalPath, \.security.keyPasswordFile,
                "file whose first line is the key's pass phrase"),
            token(
                "\(security)ca", "", .optionalPath, \.security.authorities,
                "file or folder of the authorities that the server's certificate is verified against"),
            token(
                "\(security)verify_name", "1", .nameCheck, \.security.verifiedName,
                "1: the certificate must name the server; a name: that one; 0: any"),
            token(
                "\(security)pin", "", ValueReader<String>.keyDigest.map { $0 }, \.security.pin,
                "SHA-256 of the server's public key, which it must have"),
            token(
                "\(security)min_version", "1.2", ValueReader<MinimumTLSVersion>.choice.map { $0 },
                \.security.minimumVersion, "oldest version of TLS: 1.0, 1.1, 1.2, 1.3"),
        ]
    }

    private static let transfer: [GeneralToken] = [
        GeneralToken("server_path_md5", "md5", .word, \.serverPathMD5, "folder for digests at the server (local mode)"),
        GeneralToken(
            "server_path_conf", "conf", .word, \.serverPathConfigurations,
            "folder for configurations at the server (local mode)"),
        GeneralToken(
            "server_path_zip", "collections", .word, \.serverPathCollections,
            "folder for collections at the server (local mode)"),
        GeneralToken(
            "server_path_ref", "ref", .word, \.serverPathReferences,
            "folder that remembers when modules with module_absoluteinterval ran"),
        GeneralToken(
            "transfer_mode_user", "apache", .word, \.transferModeUser,
            "owner of configurations and digests copied in local mode"),
        GeneralToken(
            "secondary_mode", "never", .choice, \.secondaryMode,
            "on_error: use the secondary server if the primary failed; always: send every file to both"),
    ]

    private static let spoolAndLog: [GeneralToken] = [
        GeneralToken("temporal", "/var/spool/pandora", .path, \.temporal, "folder for data files that wait"),
        GeneralToken(
            "temporal_min_size", "1024", .integer(0...Int.max), \.temporalMinimumFree,
            "megabytes that must be free on it; 0 = no check"),
        GeneralToken(
            "temporal_max_size", "1024", .integer(0...Int.max), \.temporalMaximumSize,
            "megabytes of waiting files; 0 = no limit"),
        GeneralToken(
            "temporal_max_files", "1024", .integer(0...Int.max), \.temporalMaximumFiles,
            "number of waiting files; 0 = no limit"),
        GeneralToken(
            "xml_buffer", "1", .flag, \.keepsUnsentFiles,
            "1: what could not be sent is kept and sent later; 0: it is lost, with a line in the log"),
        GeneralToken(
            "logfile", "/var/log/pandora/pandora_agent.log", .path, \.logFile, "log file, or the word syslog"),
        GeneralToken("logsize", "600000", .integer(0...Int.max), \.logSize, "bytes after which the log is rotated"),
        GeneralToken("logrotate", "3", .integer(0...1000), \.logRotations, "how many rotated logs are kept"),
        GeneralToken("disable_logfile", "0", .flag, \.logFileIsDisabled, "1: no log file"),
    ]

    private static let running: [GeneralToken] = [
        GeneralToken("interval", "300", .seconds(1...31_536_000), \.interval, "seconds between cycles"),
        GeneralToken(
            "intensive_interval", "as interval", .seconds(1...31_536_000), \.intensiveInterval,
            "seconds between cycles of intensive modules"),
        GeneralToken(
            "agent_threads", "in order", .integer(1...1024), \.threads,
            "how many modules run side by side; without it, each in its turn, and beside what takes longer than 5 s "
                + "(a tenth of the interval where that is less), up to 4"),
        GeneralToken("delayed_startup", "0", .seconds(0...86400), \.delayedStartup, "seconds before the first cycle"),
        GeneralToken("startup_delay", "0", .seconds(0...86400), \.delayedStartup, "the same as delayed_startup"),
        GeneralToken("pandora_nice", "10", .integer(-20...19), \.nice, "nice value"),
        GeneralToken("pandora_user", "", .word, \.user, "user to run as"),
        GeneralToken("cron_mode", "0", .flag, \.runsOnce, "1: one cycle and exit"),
        GeneralToken("standby", "0", .flag, \.isStandby, "1: run nothing and send nothing"),
        GeneralToken(
            "own_modules", "1", .flag, \.reportsItself, "0: no modules about the agent itself (docs/own-modules.md)"),
        GeneralToken("debug", "0", .flag, \.keepsSentFiles, "1: keep the data files that were sent"),
    ]

    private static let identity: [GeneralToken] = [
        GeneralToken("agent_name", "host name", .word, \.agentName, "unique name"),
        GeneralToken(
            "agent_name_cmd", "", .word, \.agentNameCommand,
            "command whose first line is the name; where it fails and there is no agent_name, the last that it printed; "
                + "__rand__ makes a random one once"),
        GeneralToken(
            "agent_alias", "host name", .word, \.agentAlias, "shown name; a broker agent's is its own name by default"),
        GeneralToken(
            "agent_alias_cmd", "", .word, \.agentAliasCommand, "command whose first line is the alias"),
        GeneralToken("description", "", .text, \.description, "description"),
        GeneralToken("group", "", .text, \.group, "group at the server"),
        GeneralToken(
            "group_id", "", .integer(0...Int.max), \.groupIdentifier, "number of the group at the server"),
        GeneralToken("group_password", "", .secret, \.groupPassword, "password of the group"),
        GeneralToken("secondary_groups", "", .text, \.secondaryGroups, "further groups, comma separated"),
        GeneralToken("parent_agent_name", "", .text, \.parentAgentName, "name of the parent agent"),
        GeneralToken("custom_id", "", .text, \.customIdentifier, "identifier of your own"),
        GeneralToken("url_address", "", .text, \.urlAddress, "link on the agent's page"),
        GeneralToken(
            "address", "", .word, \.address, "addresses told to the server; auto = all but loopback"),
        GeneralToken(
            "agent_mode", "learn", .choice, \.agentMode, "what the server does with new modules: learn, no-learn, …"),
        GeneralToken(
            "ehorus_conf", "", .path, \.ehorusConfiguration,
            "file whose eh_key becomes the custom field eHorusID"),
    ]

    private static let dataFile: [GeneralToken] = [
        GeneralToken("timezone_offset", "0", .integer(-12...12), \.timezoneOffset, "hours that the server adds"),
        GeneralToken("autotime", "0", .flag, \.leavesTimeToServer, "1: leave the timestamp to the server"),
        GeneralToken(
            "timestamp", "0", "accepted for old files", support: .ignored("every data file carries its time")),
        GeneralToken(
            "encoding", "UTF-8", .encoding, \.encoding,
            "encoding of the data file, and of lines that are not UTF-8 in configurations and in what commands print: "
                + "UTF-8, ISO-8859-1, ISO-8859-15, US-ASCII, windows-1252"),
        GeneralToken("latitude", "", .decimal(-90...90), \.latitude, "degrees north"),
        GeneralToken("longitude", "", .decimal(-180...180), \.longitude, "degrees east"),
        GeneralToken("altitude", "", .decimal, \.altitude, "metres"),
        GeneralToken("position_description", "", .text, \.positionDescription, "the place in words"),
        GeneralToken(
            "gis_exec", "", .word, \.positionCommand, "command that prints latitude,longitude[,altitude]"),
    ]

    /// A token whose values add up.
    private static func list<Value>(
        _ name: String, _ reader: ValueReader<Value>,
        _ path: any WritableKeyPath<GeneralSettings, [Value]> & Sendable, _ meaning: String
    ) -> GeneralToken {
        GeneralToken(name, "", meaning) { text, settings in
            guard let value = reader.read(text) else { return reader.expectation }
            settings[keyPath: path].append(value)
            return nil
        }
    }

    /// Tokens that list; those without a reader are resolved by the builder.
    private static let lists: [GeneralToken] = [
        GeneralToken("include", "", "files whose module definitions are read before those of this file (glob)"),
        list("broker_agent", .fileName, \.brokerAgents, "another agent run from NAME.conf beside this file"),
        list("file_collection", .fileName, \.fileCollections, "collection to fetch from the server"),
        GeneralToken("custom_fieldN_name", "", "name of the custom field N"),
        GeneralToken("custom_fieldN_value", "", "value of the custom field N"),
        GeneralToken("macro*", "", "the rest of the token is replaced by the value in every module's settings"),
    ]

    private static let management: [GeneralToken] = [
        GeneralToken(
            "remote_config", "0", .flag, \.remoteConfiguration, "1: take the configuration from the server"),
        GeneralToken(
            "pandora_exec", "", "helper of the Perl agent for time limits",
            support: .ignored("time limits are built in")),
        GeneralToken(
            "cmd_file", "", "remote commands",
            support: .refused("this agent runs no command that a server sends outside a configuration")),
        GeneralToken(
            "commands", "", "remote commands",
            support: .refused("this agent runs no command that a server sends outside a configuration")),
    ]

    private static let refused: [GeneralToken] =
        ["udp_server", "udp_server_port", "udp_server_auth_address"].map {
            refused($0, "control over UDP", listensOn: "UDP", switchedBy: "udp_server")
        }
        + ["process_*_start", "process_*_stop"].map {
            refused($0, "commands of the control over UDP", listensOn: "UDP", switchedBy: "udp_server")
        }
        + ["proxy_mode", "proxy_max_connection", "proxy_timeout", "proxy_address", "proxy_port"].map {
            refused($0, "proxy for other agents", listensOn: "TCP", switchedBy: "proxy_mode")
        }

    private static func refused(
        _ name: String, _ meaning: String, listensOn transport: String, switchedBy featureSwitch: String
    ) -> GeneralToken {
        GeneralToken(
            name, "", meaning,
            support: .refused("it would listen on \(transport), and this agent never listens"),
            featureSwitch: featureSwitch)
    }
}

extension ValueReader where Value == String {
    /// The name of an agent or a collection, which becomes part of a path: it must not lead out of its folder.
    static var fileName: Self {
        Self(expectation: "a name without '/' that is not '.' or '..'") { text in
            text.isEmpty || text.utf8.contains(UInt8(ascii: "/")) || text == "." || text == ".." ? nil : text
        }
    }
}

extension ValueReader where Value == TextEncoding {
    /// The name of an encoding, or one of its usual aliases.
    static var encoding: Self {
        Self(expectation: "one of " + TextEncoding.allCases.map(\.declaredName).joined(separator: ", ")) {
            TextEncoding(name: $0)
        }
    }
}

extension ValueReader where Value == FilePath {
    /// A path that is not empty.
    static var path: Self { ValueReader<String>.word.map { FilePath($0) } }
}

extension ValueReader where Value == FilePath? {
    /// A path that is not empty, for a setting without a default.
    static var optionalPath: Self { ValueReader<FilePath>.path.map { $0 } }
}
