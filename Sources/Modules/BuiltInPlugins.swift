/// A built-in plugin that was called wrongly.
public struct PluginMisuse: Error, Sendable, CustomStringConvertible {
    /// What was wrong, and how the plugin is called.
    public let description: String
    /// Which of its arguments is wrong, from 0; `nil` where that is none alone.
    public let argument: Int?

    init(_ problem: String, usage: String, argument: Int? = nil) {
        description = "\(problem); usage: \(usage)"
        self.argument = argument
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
            name: AutodiscoverPlugin.name, usage: AutodiscoverPlugin.usage,
            summary: "which services the host has, whether they run, and what they use",
            make: { arguments throws(PluginMisuse) in try AutodiscoverPlugin(arguments: arguments) }),
        BuiltInPlugin(
            name: FileHandlesPlugin.name, usage: FileHandlesPlugin.name, summary: "the kernel's counts of file handles",
            make: { arguments throws(PluginMisuse) in try FileHandlesPlugin(arguments: arguments) }),
        BuiltInPlugin(
            name: FolderPlugin.name, usage: FolderPlugin.usage, summary: "how many files folders have",
            make: { arguments throws(PluginMisuse) in try FolderPlugin(arguments: arguments) }),
        BuiltInPlugin(
            name: "grep_log", usage: GrepLog.usage,
            summary: "new lines of a log that match, with the lines around them, as a module of text",
            make: { arguments throws(PluginMisuse) in try GrepLog(arguments: arguments) }),
        BuiltInPlugin(
            name: "grep_log_module", usage: GrepLogModule.usage,
            summary: "new lines of a log that match, as a log element",
            make: { arguments throws(PluginMisuse) in try GrepLogModule(arguments: arguments) }),
        BuiltInPlugin(
            name: "inventory", usage: InventoryPlugin.usage, summary: "what the host has: users, software …",
            make: { arguments throws(PluginMisuse) in try InventoryPlugin(arguments: arguments) }),
        BuiltInPlugin(
            name: InventoryChangesPlugin.name, usage: InventoryChangesPlugin.usage,
            summary: "what came, went and changed since the last look",
            make: { arguments throws(PluginMisuse) in try InventoryChangesPlugin(arguments: arguments) }),
        BuiltInPlugin(
            name: NagiosPlugin.name, usage: NagiosPlugin.usage, summary: "a plugin of Nagios as a module",
            make: { arguments throws(PluginMisuse) in try NagiosPlugin(arguments: arguments) }),
        disk(.plain), disk(.free), disk(.used), memory(.free), memory(.used),
        BuiltInPlugin(
            name: NetworkUsagePlugin.name, usage: NetworkUsagePlugin.name, summary: "octets in and out",
            make: { arguments throws(PluginMisuse) in try NetworkUsagePlugin(arguments: arguments) }),
        BuiltInPlugin(
            name: SocketsPlugin.name, usage: SocketsPlugin.name, summary: "the kernel's counts of TCP sockets",
            make: { arguments throws(PluginMisuse) in try SocketsPlugin(arguments: arguments) }),
    ]

    private static func disk(_ face: DiskPlugin.Face) -> BuiltInPlugin {
        BuiltInPlugin(
            name: face.rawValue, usage: face.usage,
            summary: "how much of each file system is \(face == .used ? "used" : "free"), in %",
            make: { arguments throws(PluginMisuse) in try DiskPlugin(face, arguments: arguments) })
    }

    private static func memory(_ face: MemoryPlugin.Face) -> BuiltInPlugin {
        BuiltInPlugin(
            name: face.rawValue, usage: face.rawValue,
            summary: "how much of the memory is \(face == .used ? "used" : "free"), in %",
            make: { arguments throws(PluginMisuse) in try MemoryPlugin(face, arguments: arguments) })
    }

    /// The plugin of a name with its arguments; `nil` where there is none of that name.
    public static func make(_ name: String, arguments: [String]) -> Result<any ModuleKind, PluginMisuse>? {
        guard let plugin = all.first(where: { $0.name == name }) else { return nil }
        return Result { () throws(PluginMisuse) in try plugin.make(arguments) }
    }

    /// What is wrong with the arguments of a built-in plugin in a command, and where in the command that is, in bytes.
    ///
    /// - Returns: `nil` where all is well, where it is the command of no built-in plugin, and where a shell decides what
    ///   the arguments are.
    public static func misuse(in command: String) -> (misuse: PluginMisuse, offset: Int)? {
        guard let words = ShellWords.words(of: command), let name = words.first,
            case .failure(let misuse)? = make(name.text, arguments: words.dropFirst().map(\.text))
        else { return nil }
        guard let argument = misuse.argument, words.indices.contains(argument + 1) else { return (misuse, name.offset) }
        return (misuse, words[argument + 1].offset)
    }
}
