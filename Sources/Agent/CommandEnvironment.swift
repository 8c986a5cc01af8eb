internal import AgentConfiguration
internal import SystemFiles
internal import SystemPackage

/// The environment of every command. Nothing of the agent's own goes along but what is named here.
enum CommandEnvironment {
    /// Where distributions and the Perl agent's package keep plugins.
    static let packagedPluginFolders: [FilePath] = [
        "/usr/share/pandora_agent/plugins", "/usr/local/lib/pandora-agent/plugins", "/usr/lib/pandora-agent/plugins",
        "/etc/pandora/plugins",
    ]

    private static let inherited = ["HOME", "USER", "LOGNAME", "SHELL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"]
    /// Where programs are where nobody says so.
    static let systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// The variables of a configuration's commands.
    static func variables(of configuration: Configuration, agentName: String) -> [String: String] {
        var variables = [
            "PANDORA_HOME": configuration.folder.string,
            "PANDORA_AGENT": agentName,
            "PATH": path(of: configuration),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        ]
        for name in inherited { variables[name] = environment(name) }
        return variables
    }

    private static func path(of configuration: Configuration) -> String {
        let collections = configuration.general.fileCollections.map {
            configuration.folder.appending("collections").appending($0)
        }
        let folders = [configuration.folder.appending("plugins")] + packagedPluginFolders + collections
        let present = folders.filter { Files.exists($0) }.map(\.string)
        return ([environment("PATH") ?? systemPath] + present).joined(separator: ":")
    }
}
