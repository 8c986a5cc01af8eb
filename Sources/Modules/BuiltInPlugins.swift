/// A built-in plugin that was called wrongly.
public struct PluginMisuse: Error, Sendable, CustomStringConvertible {
    /// What was wrong, and how the plugin is called.
    public let description: String

    init(_ problem: String, usage: String) {
        description = "\(problem); usage: \(usage)"
    }
}

/// A built-in plugin: its name and how it is made of its arguments.
public struct BuiltInPlugin: Sendable {
    /// The name that configurations use.
    public let name: String
    /// How it is called.
    public let usage: String
    /// What it does, in one line.
    public let summary: String
    let make: @Sendable ([String]) throws(PluginMisuse) -> any ModuleKind
}

/// The plugins that need no program of their own.
public enum BuiltInPlugins {
    /// All of them, by name.
    public static let all: [BuiltInPlugin] = [
        BuiltInPlugin(
            name: "grep_log_module", usage: GrepLogModule.usage,
            summary: "new lines of a log that match, as a log element",
            make: { arguments throws(PluginMisuse) in try GrepLogModule(arguments: arguments) }),
        BuiltInPlugin(
            name: "inventory", usage: InventoryPlugin.usage, summary: "what the host has: users, software …",
            make: { arguments throws(PluginMisuse) in try InventoryPlugin(arguments: arguments) }),
    ]

    /// The plugin of a name with its arguments; `nil` where there is none of that name.
    public static func make(_ name: String, arguments: [String]) -> Result<any ModuleKind, PluginMisuse>? {
        guard let plugin = all.first(where: { $0.name == name }) else { return nil }
        return Result { () throws(PluginMisuse) in try plugin.make(arguments) }
    }
}
