/// A token of a module: its name, its meaning and the part of the module that it sets.
public struct ModuleToken: Sendable {
    /// What part of a module a token sets.
    enum Role: Sendable, Hashable {
        /// The module's name.
        case name
        /// The type of its value.
        case type
        /// Text that the data file carries under the name of ``ModuleToken/element``.
        case attribute(AttributeForm)
        /// When it runs.
        case schedule(ScheduleToken)
        /// What it does.
        case source(SourceToken)
        /// A detail of what it does.
        case detail(DetailToken)
        /// `module_macro*`, which the parser resolves before all others.
        case macro
        /// Nothing.
        case none
    }

    /// What the server takes as the text of an attribute.
    enum AttributeForm: Sendable, Hashable {
        case text, pattern, number, count, flag
    }

    /// Tokens that say when a module runs and what else depends on it.
    enum ScheduleToken: Sendable, Hashable {
        case interval, absoluteInterval, crontab, cronInterval, precondition, condition, intensiveCondition, timeout
        case save, user, disabled
    }

    /// Tokens that say what a module does; each makes a ``ModuleSource``.
    enum SourceToken: Sendable, Hashable {
        case exec, plugin, cpuUsage, process, service, processCPU, processMemory, freeDisk, freePercentDisk
        case occupiedPercentDisk, freeMemory, freePercentMemory, regexp, tcpCheck, ping
    }

    /// Tokens that complete the source of another token.
    enum DetailToken: Sendable, Hashable {
        case pattern, noSeekEOF, port, pingCount, pingTimeout
    }

    /// The name; a `*` at the end stands for any ending.
    public let name: String
    /// What it means, for the documentation.
    public let meaning: String
    /// What the agent makes of it.
    public let support: TokenSupport
    let role: Role
    /// The element of the data file that carries an attribute; empty for all else.
    let element: String

    private init(
        _ name: String, _ role: Role, _ meaning: String, element: String = "", support: TokenSupport = .used
    ) {
        self.name = name
        self.role = role
        self.element = element
        self.meaning = meaning
        self.support = support
    }

    private static func attribute(
        _ name: String, _ element: String, _ meaning: String, _ form: AttributeForm = .text
    ) -> ModuleToken {
        ModuleToken(name, .attribute(form), meaning, element: element)
    }

    /// Every token, in the order of the documentation; attributes in the order of the data file.
    public static let all: [ModuleToken] = identity + thresholds + schedule + sources + windows

    private static let identity: [ModuleToken] = [
        ModuleToken("module_name", .name, "the module's name at the server"),
        attribute("module_description", "description", "description"),
        ModuleToken("module_type", .type, "type of the value; generic_data where none is given"),
    ]

    private static let thresholds: [ModuleToken] = [
        attribute("module_min", "min", "lowest value that is accepted", .number),
        attribute("module_max", "max", "highest value that is accepted", .number),
        attribute("module_postprocess", "post_process", "factor that the server applies", .number),
        attribute("module_min_warning", "min_warning", "value from which the state is warning", .number),
        attribute(
            "module_max_warning", "max_warning", "value up to which the state is warning; 0 = without end", .number),
        attribute("module_min_critical", "min_critical", "value from which the state is critical", .number),
        attribute(
            "module_max_critical", "max_critical", "value up to which the state is critical; 0 = without end", .number),
        attribute("module_str_warning", "str_warning", "regular expression: warning where the value matches", .pattern),
        attribute(
            "module_str_critical", "str_critical", "regular expression: critical where the value matches", .pattern),
        attribute("module_warning_inverse", "warning_inverse", "1: warning outside the range", .flag),
        attribute("module_critical_inverse", "critical_inverse", "1: critical outside the range", .flag),
        attribute("module_unit", "unit", "unit of the value"),
        attribute("module_group", "module_group", "group of modules"),
        attribute("module_custom_id", "custom_id", "identifier of your own"),
        attribute("module_tags", "tags", "tags, comma separated"),
        attribute("module_quiet", "quiet", "1: no alerts and no events", .flag),
        attribute("module_min_ff_event", "min_ff_event", "how often a new state must repeat before it counts", .count),
        attribute("module_min_ff_event_normal", "min_ff_event_normal", "the same, towards normal", .count),
        attribute("module_min_ff_event_warning", "min_ff_event_warning", "the same, towards warning", .count),
        attribute("module_min_ff_event_critical", "min_ff_event_critical", "the same, towards critical", .count),
        attribute("module_ff_type", "ff_type", "how repetitions are counted", .count),
        attribute("module_ff_timeout", "ff_timeout", "seconds within which repetitions count", .count),
        attribute("module_each_ff", "each_ff", "1: repetitions by state", .flag),
        attribute("module_ff_interval", "module_ff_interval", "seconds between repetitions", .count),
        attribute("module_alert_template", "alert_template", "alert templates, comma separated"),
        attribute("module_critical_instructions", "critical_instructions", "what to do when critical"),
        attribute("module_warning_instructions", "warning_instructions", "what to do when warning"),
        attribute("module_unknown_instructions", "unknown_instructions", "what to do when unknown"),
        attribute("module_parent", "module_parent", "name of the parent module"),
        attribute("module_parent_unlink", "module_parent_unlink", "1: forget the parent", .flag),
    ]

    private static let schedule: [ModuleToken] = [
        ModuleToken("module_interval", .schedule(.interval), "runs every N cycles"),
        ModuleToken(
            "module_absoluteinterval", .schedule(.absoluteInterval),
            "runs by the clock, remembered on disk: N or Ns, Nm, Nh, Nd, or once"),
        ModuleToken(
            "module_crontab", .schedule(.crontab), "runs at the cycles that `minute hour day month weekday` meet"),
        ModuleToken("module_cron_interval", .schedule(.cronInterval), "seconds, told to the server beside the crontab"),
        ModuleToken("module_precondition", .schedule(.precondition), "runs only if what COMMAND prints holds"),
        ModuleToken("module_condition", .schedule(.condition), "runs COMMAND if the module's value holds"),
        ModuleToken(
            "module_intensive_condition", .schedule(.intensiveCondition),
            "runs at every intensive cycle, reports when it begins or ends to hold"),
        ModuleToken(
            "module_timeout", .schedule(.timeout),
            "seconds after which the command's process group is killed; without it, at the end of the interval"),
        ModuleToken("module_user", .schedule(.user), "user that its commands run as, where the agent runs as root"),
        ModuleToken(
            "module_save", .schedule(.save),
            "environment variable that carries the value to later modules, in later cycles too"),
        ModuleToken("module_disabled", .schedule(.disabled), "1: the module is skipped"),
        ModuleToken(
            "module_macro*", .macro, "the rest of the token is replaced by the value in this module's settings"),
    ]

    private static let sources: [ModuleToken] = [
        ModuleToken("module_exec", .source(.exec), "standard output of `sh -c COMMAND`"),
        ModuleToken("module_plugin", .source(.plugin), "COMMAND prints elements of the data file"),
        ModuleToken("module_cpuusage", .source(.cpuUsage), "CPU use in %, of all or of one core"),
        ModuleToken("module_proc", .source(.process), "1 if a process with that command line runs, else 0"),
        ModuleToken("module_service", .source(.service), "1 if a service of that name runs, else 0"),
        ModuleToken("module_cpuproc", .source(.processCPU), "CPU use of the process in %"),
        ModuleToken("module_memproc", .source(.processMemory), "resident memory of the process in MB"),
        ModuleToken("module_freedisk", .source(.freeDisk), "free MB of a mounted file system"),
        ModuleToken("module_freepercentdisk", .source(.freePercentDisk), "free % of a mounted file system"),
        ModuleToken("module_occupiedpercentdisk", .source(.occupiedPercentDisk), "used % of a mounted file system"),
        ModuleToken("module_freememory", .source(.freeMemory), "available memory in MB"),
        ModuleToken("module_freepercentmemory", .source(.freePercentMemory), "available memory in %"),
        ModuleToken("module_regexp", .source(.regexp), "new lines of a log file that match module_pattern"),
        ModuleToken("module_pattern", .detail(.pattern), "regular expression of module_regexp, case ignored"),
        ModuleToken("module_noseekeof", .detail(.noSeekEOF), "1: module_regexp reads from the start the first time"),
        ModuleToken("module_tcpcheck", .source(.tcpCheck), "1 if HOST accepts a connection on module_port"),
        ModuleToken("module_port", .detail(.port), "TCP port of module_tcpcheck"),
        ModuleToken("module_ping", .source(.ping), "1 if HOST answers an ICMP echo request"),
        ModuleToken("module_ping_count", .detail(.pingCount), "how many requests"),
        ModuleToken("module_ping_timeout", .detail(.pingTimeout), "milliseconds to wait for each answer"),
        ModuleToken(
            "module_proc_cmd", .none, "command that replaced module_proc's", support: .ignored("probes are native")),
        ModuleToken(
            "module_freedisk_cmd", .none, "command that replaced module_freedisk's",
            support: .ignored("probes are native")),
    ]

    private static let windows: [ModuleToken] = [
        "module_logevent", "module_logchannel", "module_source", "module_eventtype", "module_eventcode",
        "module_application", "module_wmiquery", "module_wmicolumn", "module_wmiauth", "module_perfcounter",
        "module_cooked", "module_inventory", "module_exec_powershell", "module_async", "module_watchdog",
        "module_start_command", "module_startdelay", "module_retrydelay", "module_user_session",
    ].map { ModuleToken($0, .none, "Windows agent only", support: .windowsOnly) }
}

extension ModuleToken.Role {
    /// Whether a module that has such a line must not run without it.
    var isIndispensable: Bool {
        switch self {
        case .name, .source, .schedule(.precondition), .schedule(.crontab), .schedule(.user): true
        default: false
        }
    }
}
