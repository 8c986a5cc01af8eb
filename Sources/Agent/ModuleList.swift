public import AgentConfiguration
internal import DataFile
internal import Glibc
internal import HostProbes
internal import Modules
internal import Spool
internal import SystemPackage

/// What `modules` tells: what is configured, when it runs next, and what came of its last run.
public struct ModuleList: Sendable {
    /// A module.
    public struct Entry: Sendable, Hashable {
        /// Its name, or what it runs where it has none.
        public let name: String
        /// The token that says what it does.
        public let kind: String
        /// When it runs next.
        public let next: NextRun
        /// Whether it runs at every intensive cycle too.
        public let isIntensive: Bool
        /// Its last run; `nil` where it never ran.
        public let last: ModuleRun?
    }

    /// The modules, in the order of the configuration.
    public let entries: [Entry]
    /// The modules that do not run.
    public let skipped: [SkippedModule]

    private let configuration: Configuration
    private let stateFolder: FilePath
    private let state: [String: String]

    /// Looks at an agent's files. It changes nothing and needs no lock, so it answers while a cycle runs.
    ///
    /// - Throws: ``ConfigurationUnusable``.
    public init(of paths: AgentPaths, isReadOnly: Bool = false) throws(ConfigurationUnusable) {
        var options = CycleOptions()
        options.isReadOnly = isReadOnly
        let configuration = try AgentConfigurationReader(paths: paths, options: options).read()
        stateFolder = paths.state
        let state = Spool.values(in: paths.state)
        let history = ModuleHistory.read(in: paths.state)
        let moment = CyclePlan.Moment(now: Int64(time(nil)), state: state)
        let interval = configuration.general.interval.components.seconds
        let times = RunTimes(in: state)
        entries = zip(configuration.modules, CyclePlan.stateKeys(of: configuration.modules)).map { module, key in
            let lastRun = key.flatMap { CyclePlan.lastRun($0, in: times) }
            return Entry(
                name: module.displayName, kind: module.source.token,
                next: NextRun(module.schedule, lastRun: lastRun, at: moment, interval: interval),
                isIntensive: !module.intensiveConditions.isEmpty, last: history[module.displayName])
        }
        skipped = configuration.skippedModules
        self.configuration = configuration
        self.state = state
    }

    /// What one module did when it was tried.
    public struct Trial: Sendable {
        /// Its name.
        public let name: String
        /// Its value; `nil` where it has none.
        public let value: String?
        /// The elements of the data file that it would bring.
        public let elements: [[UInt8]]
        /// What went wrong, each a sentence.
        public let failures: [String]
        /// What else there is to know, each a sentence.
        public let notes: [String]
        /// The exit status of its command; `nil` where none ran or it did not end by itself.
        public let exitStatus: Int32?
        /// What its command wrote to standard error.
        public let errorOutput: String
        /// How long it took.
        public let duration: Duration
    }

    /// Runs the modules of a name now, whether due or not. Nothing is sent or remembered.
    ///
    /// - Returns: Empty where no module has the name.
    public func run(_ name: String) async -> [Trial] {
        let environment = CommandEnvironment.variables(of: configuration, agentName: "")
        let settings = configuration.general
        var context = ModuleContext(
            host: HostReadings(earlierCPU: state[StateKey.cpuCounters]),
            environment: environment.merging([
                "PANDORA_AGENT": settings.agentName ?? OperatingSystem().kernel.hostName
            ]) { $1 }, state: state, deadline: .now + settings.interval, now: Int64(time(nil)))
        context.encoding = settings.encoding
        let collector = Collector(
            pace: ModulePace(width: 1), policy: configuration.policy,
            plugins: PluginGate(configuration.policy, state: stateFolder, path: environment["PATH"] ?? ""),
            context: context)
        let wanted = configuration.modules.filter { $0.displayName == name }
        var saved = SavedValues(of: configuration.modules, in: state)
        let planned = wanted.map { PlannedModule(definition: $0, stateKey: name, reporting: .always) }
        return await collector.collect(planned, saving: &saved).map(Trial.init)
    }
}

extension ModuleList.Trial {
    fileprivate init(_ module: CollectedModule) {
        name = module.definition.displayName
        value = module.outcome.value
        elements = module.outcome.elements.map { EncodedElement($0).bytes }
        failures = module.outcome.failures
        notes = module.outcome.warnings + module.outcome.notes
        exitStatus = module.outcome.command?.exitStatus
        errorOutput = String(decoding: module.outcome.command?.errorOutput ?? [], as: UTF8.self)
        duration = module.duration
    }
}

extension ModuleSource {
    /// The token that says so in a configuration.
    fileprivate var token: String {
        switch self {
        case .command: "module_exec"
        case .plugin: "module_plugin"
        case .cpuUsage: "module_cpuusage"
        case .processRunning: "module_proc"
        case .serviceRunning: "module_service"
        case .processCPU: "module_cpuproc"
        case .processMemory: "module_memproc"
        case .freeDisk: "module_freedisk"
        case .freePercentDisk: "module_freepercentdisk"
        case .occupiedPercentDisk: "module_occupiedpercentdisk"
        case .freeMemory: "module_freememory"
        case .freePercentMemory: "module_freepercentmemory"
        case .logPattern: "module_regexp"
        case .tcpCheck: "module_tcpcheck"
        case .ping: "module_ping"
        }
    }
}
