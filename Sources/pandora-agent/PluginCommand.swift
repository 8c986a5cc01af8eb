internal import Agent
internal import ArgumentParser

/// `plugin`
struct PluginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin",
        abstract: "Run a built-in plugin by itself.",
        discussion: """
            All that follows the plugin's name belongs to the plugin. --state says where it remembers what it read.

            Example: pandora-agent plugin --state /var/tmp/me grep_log_module /var/log/messages Syslog 'error|fail'
            """)

    @Option(help: "The folder of positions.")
    var state: String?

    @Flag(help: "List the plugins.")
    var list = false

    @Argument(parsing: .captureForPassthrough, help: "The plugin's name and its arguments.")
    var words: [String] = []

    func run() async throws {
        if list || words.first == "--list" {
            for plugin in PluginProgram.all { try printAnswer("\(plugin.usage)\n    \(plugin.summary)") }
            return
        }
        guard let name = words.first else { throw ValidationError("Name a plugin; --list shows them.") }
        let paths = AgentPaths(
            configuration: nil, local: nil, state: state ?? PluginProgram.stateFolder(of: name))
        let status = await PluginProgram(name: name, arguments: Array(words.dropFirst()), state: paths.state).run()
        if status != 0 { throw ExitCode(status) }
    }
}
