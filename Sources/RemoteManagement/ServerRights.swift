public import AgentConfiguration

/// What a server may change by pushing a configuration. This is all of it: what has no line here is denied.
///
/// local.conf restricts it further (`remote_may`, `pin`, `allow_command`, `deny_command`), and nothing extends it. What is
/// missing on purpose: who the agent is (`agent_name`), where it reads and writes on this host (`include`, `temporal`,
/// `logfile`, `server_path` …) and how much (`temporal_max_size`, `logsize`, `debug` …), as whom it runs (`pandora_user`), how its connection is protected (`server_ssl`, `ssl_…`,
/// `server_opts`, passwords), which other agents run here (`broker_agent`), and `read_only`.
public enum ServerRights {
    /// The word of `remote_may` that a change falls under; `nil` = no server may make it.
    public static func scope(of change: ConfigurationChange) -> RemoteScope? {
        switch change {
        case .modules: .modules
        case .command, .savedValue: .commands
        case .plugin: .plugins
        case .token(let name): tokens[name]
        case .pinned, .moduleElsewhere: nil
        }
    }

    /// General tokens that a server may change.
    public static let tokens: [String: RemoteScope] = [
        "server_ip": .general, "server_port": .general, "transfer_timeout": .general,
        "secondary_mode": .general, "secondary_server_ip": .general, "secondary_server_port": .general,
        "secondary_transfer_timeout": .general,
        "remote_config": .general, "standby": .general, "own_modules": .general,
        "interval": .general, "intensive_interval": .general, "agent_threads": .general,
        "delayed_startup": .general, "startup_delay": .general,
        "xml_buffer": .general,
        "agent_alias": .general, "description": .general, "group": .general, "group_id": .general,
        "group_password": .general, "secondary_groups": .general, "parent_agent_name": .general,
        "custom_id": .general, "url_address": .general, "address": .general, "agent_mode": .general,
        "custom_fieldN_name": .general, "custom_fieldN_value": .general,
        "timezone_offset": .general, "autotime": .general, "timestamp": .general, "encoding": .general,
        "latitude": .general, "longitude": .general, "altitude": .general, "position_description": .general,
        "agent_alias_cmd": .commands, "gis_exec": .commands,
        "macro*": .modules,
        "file_collection": .collections,
    ]

    /// Why a pushed configuration is refused, a sentence for each reason; empty = it may be adopted.
    public static func refusals(of changes: [ConfigurationChange], under policy: LocalPolicy) -> [String] {
        changes.compactMap { change in
            guard let scope = scope(of: change) else { return "\(change.phrase), which no server may do" }
            guard policy.remoteMay.contains(scope) else {
                return "\(change.phrase), and remote_may in local.conf does not list '\(scope.rawValue)'"
            }
            if let command = change.commandToRun, !policy.allows(command: command) {
                return "\(change.phrase), which allow_command and deny_command in local.conf do not allow"
            }
            return nil
        }
    }
}

extension ConfigurationChange {
    /// What the change does, as the beginning of a sentence.
    public var phrase: String {
        switch self {
        case .token(let name): "it changes '\(shown(name))'"
        case .pinned(let name): "it changes '\(shown(name))', which local.conf pins"
        case .modules: "it changes modules"
        case .moduleElsewhere(let name): "it changes the module '\(shown(name))' of another file"
        case .command(let text): "it runs the new command '\(shown(CommandDisplay(text).description))'"
        case .plugin(let text): "it runs the new plugin '\(shown(CommandDisplay(text).description))'"
        case .savedValue(let name): "it saves a value as '\(shown(name))' in the environment of commands"
        }
    }

    fileprivate var commandToRun: String? {
        switch self {
        case .command(let text), .plugin(let text): text
        default: nil
        }
    }

    private func shown(_ text: String) -> String { text.count > 100 ? "\(text.prefix(100))…" : text }
}
