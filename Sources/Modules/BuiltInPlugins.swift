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
    /// Whether it remembers how far it came, so that its output has to be kept in the same step.
    let remembers: Bool
    let make: @Sendable ([String]) throws(PluginMisuse) -> any ModuleKind

    fileprivate init(
        _ name: String, _ usage: String, _ summary: String, remembers: Bool = false,
        make: @escaping @Sendable ([String]) throws(PluginMisuse) -> some ModuleKind
    ) {
        self.name = name
        self.usage = usage
        self.summary = summary
        self.remembers = remembers
        self.make = { arguments throws(PluginMisuse) in try make(arguments) }
    }

    /// A plugin that takes no arguments.
    fileprivate init(_ name: String, _ summary: String, _ plugin: some ModuleKind) {
        self.init(name, name, summary) { arguments throws(PluginMisuse) in
            if !arguments.isEmpty { throw PluginMisuse("it takes no arguments", usage: name, argument: 0) }
            return plugin
        }
    }
}

/// The plugins that need no program of their own.
public enum BuiltInPlugins {
    /// All of them, by name.
    public static let all: [BuiltInPlugin] = [
        BuiltInPlugin(
            AuditPlugin.name, AuditPlugin.usage, "every check of the audit as a module, and a score",
            make: AuditPlugin.init(arguments:)),
        BuiltInPlugin(
            AutodiscoverPlugin.name, AutodiscoverPlugin.usage,
            "which services the host has, whether they run, and what they use",
            make: AutodiscoverPlugin.init(arguments:)),
        BuiltInPlugin(
            BasicSecurityPlugin.name, BasicSecurityPlugin.usage, "what the security guide asks of a host",
            make: BasicSecurityPlugin.init(arguments:)),
        BuiltInPlugin("file-nr.sh", "the kernel's counts of file handles", KernelCountsPlugin.fileHandles),
        BuiltInPlugin(
            FolderPlugin.name, FolderPlugin.usage, "how many files folders have", make: FolderPlugin.init(arguments:)),
        BuiltInPlugin(
            "grep_log", GrepLog.usage,
            "new lines of a log that match, with the lines around them, as a module of text", remembers: true,
            make: GrepLog.init(arguments:)),
        BuiltInPlugin(
            "grep_log_module", GrepLogModule.usage, "new lines of a log that match, as a log element", remembers: true,
            make: GrepLogModule.init(arguments:)),
        BuiltInPlugin(
            "inventory", InventoryPlugin.usage, "what the host has: users, software …", remembers: true,
            make: InventoryPlugin.init(arguments:)),
        BuiltInPlugin(
            InventoryChangesPlugin.name, InventoryChangesPlugin.usage,
            "what came, went and changed since the last look", remembers: true,
            make: InventoryChangesPlugin.init(arguments:)),
        BuiltInPlugin(
            NagiosPlugin.name, NagiosPlugin.usage, "a plugin of Nagios as a module", make: NagiosPlugin.init(arguments:)
        ),
        disk(.plain), disk(.free), disk(.used), memory(.free), memory(.used),
        BuiltInPlugin("pandora_netusage", "octets in and out", NetworkUsagePlugin()),
        BuiltInPlugin(
            SecurityCheckPlugin.name, SecurityCheckPlugin.usage, "six checks of a host's security",
            make: SecurityCheckPlugin.init(arguments:)),
        BuiltInPlugin("sockstat.sh", "the kernel's counts of TCP sockets", KernelCountsPlugin.sockets),
    ]

    private static func disk(_ face: DiskPlugin.Face) -> BuiltInPlugin {
        BuiltInPlugin(
            face.rawValue, face.usage, "how much of each file system is \(face == .used ? "used" : "free"), in %"
        ) { arguments throws(PluginMisuse) in try DiskPlugin(face, arguments: arguments) }
    }

    private static func memory(_ face: MemoryPlugin.Face) -> BuiltInPlugin {
        BuiltInPlugin(
            face.rawValue, "how much of the memory is \(face == .used ? "used" : "free"), in %",
            MemoryPlugin(face: face))
    }

    /// The plugin of a name with its arguments; `nil` where there is none of that name.
    public static func make(_ name: String, arguments: [String]) -> Result<any ModuleKind, PluginMisuse>? {
        guard let plugin = all.first(where: { $0.name == name }) else { return nil }
        return Result { () throws(PluginMisuse) in try plugin.make(arguments) }
    }
}
