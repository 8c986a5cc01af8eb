/// The type of a module's value, in the server's words.
public struct ConfiguredModuleType: Sendable, Hashable, CustomStringConvertible {
    /// `generic_data`, `async_string` …
    public let name: String

    /// A type by its name.
    public init(_ name: String) {
        self.name = name
    }

    /// The type of a module that names none.
    public static let genericData = ConfiguredModuleType("generic_data")

    /// The types that servers know, but for those of the web checks, which begin with `web_`.
    public static let known = [
        "generic_data", "generic_proc", "generic_data_string", "generic_data_inc", "generic_data_inc_abs",
        "async_data", "async_proc", "async_string", "log", "image_jpg", "image_png", "keep_alive",
        "remote_icmp_proc", "remote_icmp", "remote_tcp", "remote_tcp_proc", "remote_tcp_string", "remote_tcp_inc",
        "remote_snmp", "remote_snmp_inc", "remote_snmp_string", "remote_snmp_proc",
    ]

    /// Whether a server knows the type.
    public var isKnown: Bool { Self.known.contains(name) || name.hasPrefix("web_") }

    /// Whether the server stores values as numbers, so that text is lost.
    public var isNumeric: Bool {
        // So are most.
        name == "generic_data"
            || !(name.hasSuffix("_string") || name == "log" || name.hasPrefix("web_content")
                || name.hasPrefix("image_"))
    }

    /// Whether values are 0 and 1.
    var isFlag: Bool { self != .genericData && name.hasSuffix("_proc") }

    /// Whether the server makes differences of the values.
    var isIncremental: Bool { name.hasSuffix("_inc") || name.hasSuffix("_inc_abs") }

    /// The name.
    public var description: String { name }
}

/// What a module does to get its value.
public enum ModuleSource: Sendable, Hashable {
    /// The standard output of `sh -c COMMAND`.
    case command(String)
    /// A command that prints elements of the data file.
    case plugin(String)
    /// CPU use of one core, or of all where it is `nil`.
    case cpuUsage(core: Int?)
    /// Whether a process with this in its command line runs.
    case processRunning(String)
    /// Whether a service of this name runs.
    case serviceRunning(String)
    /// CPU use of the processes with this in their command lines.
    case processCPU(String)
    /// Resident memory of the processes with this in their command lines.
    case processMemory(String)
    /// Free megabytes of the file system mounted here.
    case freeDisk(mount: String)
    /// Free share of the file system mounted here.
    case freePercentDisk(mount: String)
    /// Used share of the file system mounted here.
    case occupiedPercentDisk(mount: String)
    /// Available memory in megabytes.
    case freeMemory
    /// Available share of the memory.
    case freePercentMemory
    /// New lines of a log file that match a pattern; `fromStart`: the first time all of it is new.
    case logPattern(file: String, pattern: String, fromStart: Bool)
    /// Whether a host accepts connections on a port.
    case tcpCheck(host: String, port: Int)
    /// Whether a host answers ICMP echo requests.
    case ping(host: String, count: Int, timeout: Duration)

    /// The command that a configuration asks to run, for local rules; `nil` where none is run.
    public var command: String? {
        switch self {
        case .command(let text), .plugin(let text): text
        default: nil
        }
    }
}

/// The place of one of a module's lines: small, since there are many modules.
struct ModuleLine: Sendable, Hashable {
    /// The index of its token in ``ModuleToken/all``.
    let index: Int16
    let line: Int32
    /// Of its value.
    let column: Int32
}

/// A module as configured: what it does, when, and what the server is told about it.
public struct ModuleDefinition: Sendable, Hashable {
    /// The name at the server; empty for plugins that have none.
    public var name: String
    /// Where it begins in the configuration.
    public var position: SourcePosition
    /// What it does.
    public var source: ModuleSource
    /// Where the configuration says so.
    public var sourcePosition: SourcePosition
    /// The type of its value.
    public var type = ConfiguredModuleType.genericData
    /// When it runs.
    public var schedule = ModuleSchedule()
    /// Commands that decide whether it runs: all must hold.
    public var preconditions: [CommandCondition] = []
    /// Commands that run after it, where its value holds.
    public var conditions: [CommandCondition] = []
    /// When it reports although its interval has not passed; all must hold.
    public var intensiveConditions: [Condition] = []
    /// How long its command may take; `nil` = the interval.
    public var timeout: Duration?
    /// The user that its commands run as; `nil` = the agent's.
    public var user: String?
    /// Environment variable that carries its value to later modules.
    public var savesAs: String?

    /// The attributes, or the lines that they are made of.
    var attributeLines = ModuleAttributes.made([])
    /// The lines that can be judged on a host alone, in their order; most modules have none.
    var lines: [ModuleLine] = []

    /// What the data file carries with it, in the data file's order, without the name and the type.
    public var attributes: [ModuleAttribute] { attributeLines.all }

    /// Where the lines with one of these tokens stand, those that have no effect left out: `module_precondition`,
    /// `module_condition`, `module_intensive_condition`, `module_str_warning`, `module_str_critical`, `module_user`,
    /// `module_save`; and `module_pattern` where it is the one of `module_regexp`.
    ///
    /// - Returns: The places of their values, in the order of the lines.
    public func positions(of token: String) -> [SourcePosition] {
        guard !lines.isEmpty, let index = ModuleToken.index(of: token) else { return [] }
        return lines.filter { $0.index == Int16(index) }.map {
            SourcePosition(file: position.file, line: Int($0.line), column: Int($0.column))
        }
    }

    /// The name, or what it runs where it has none, without passwords: how messages call it.
    public var displayName: String {
        if !name.isEmpty { return name }
        return source.command.map { CommandDisplay($0).description } ?? "unnamed module"
    }
}

/// When a module runs. With nothing set: at every cycle.
public struct ModuleSchedule: Sendable, Hashable {
    /// Every how many cycles.
    public var everyCycles = 1
    /// By the clock instead.
    public var absoluteInterval: AbsoluteInterval?
    /// At these times only.
    public var crontab: Crontab?
    /// Seconds, told to the server beside the crontab.
    public var cronInterval: Int?
}
