internal import AgentConfiguration
internal import HostProbes
internal import Logging
internal import Spool
internal import SystemFiles
internal import SystemPackage

/// What a run is asked to do differently.
public struct CycleOptions: Sendable, Hashable {
    /// Give back the data files; touch no state and send nothing.
    public var printsDocuments = false
    /// Leave the data files in the spool.
    public var sends = true
    /// The names of the modules to run; empty = all.
    public var onlyModules: [String] = []
    /// Whether everything is due.
    public var force = false
    /// Whether the command line asks for read-only.
    public var isReadOnly = false
    /// What is run.
    public var kind = CycleKind.full
    /// Whose cycle it is.
    var role = AgentRole.main
    /// Whether SIGTERM, SIGINT and SIGHUP end the commands that run and then the program; else they are somebody else's.
    public var endsAtSignals = false
    /// What this process has put into the log of the configuration already: it is not said again while it is the same.
    var loggedFindings: [String] = []
    /// How much is told on standard error.
    public var verbosity = Verbosity.normal

    /// A run as a timer asks for it.
    public init() {}
}

/// One cycle: read the configuration, collect what is due, make it durable, ship it, report.
///
/// Each step hands a value to the next, and none reaches back.
public struct Cycle: Sendable {
    private let paths: AgentPaths
    private let options: CycleOptions

    /// Prepares a cycle; nothing is read yet.
    public init(paths: AgentPaths, options: CycleOptions) {
        self.paths = paths
        self.options = options
    }

    /// Runs the cycle.
    public func run() async -> CycleReport {
        let clock = ContinuousClock()
        let start = clock.now
        var report: CycleReport
        var remote = RemoteStep(paths, options)
        do throws(ConfigurationUnusable) {
            remote.recover()
            var configuration = try AgentConfigurationReader(paths: paths, options: options).read()
            if await remote.update(configuration) { configuration = try adopted(&remote) }
            remote.updateCollections(configuration)
            var findings = findings(in: configuration)
            report = await run(configuration, findings, begun: start)
            if remote.isRolledBack(after: report) {
                configuration = try AgentConfigurationReader(paths: paths, options: options).read()
                findings = self.findings(in: configuration)
                report = await run(configuration, findings, begun: start)
            }
            report.diagnostics = configuration.diagnostics.map(\.description)
            report.findings = findings
            report.readOnly = configuration.policy.readOnly.map(\.description)
            report.loop = LoopSettings(configuration, hostName: OperatingSystem().kernel.hostName)
            report.brokerNames = configuration.general.isStandby ? [] : configuration.general.brokerAgents
        } catch {
            report = CycleReport(ending: .unusableConfiguration)
            report.failures = [error.description]
            writeToStandardError("pandora-agent: error: \(error)\n")
        }
        report.duration = clock.now - start
        return report
    }

    /// Reads the configuration that was just adopted; the one before it where that cannot be read after all.
    private func adopted(_ remote: inout RemoteStep) throws(ConfigurationUnusable) -> Configuration {
        let reader = AgentConfigurationReader(paths: paths, options: options)
        do throws(ConfigurationUnusable) {
            return try reader.read()
        } catch {
            remote.rollBack(because: "it could not be read: \(error)")
            return try reader.read()
        }
    }

    private func run(
        _ configuration: Configuration, _ findings: [String], begun start: ContinuousClock.Instant
    ) async -> CycleReport {
        let logger = ExecutionLog.open(
            configuration.general, state: options.printsDocuments ? nil : paths.state, verbosity: options.verbosity)
        if findings != options.loggedFindings {
            for finding in findings { logger.warning("\(finding)") }
        }
        let unknown = unknownModules(in: configuration)
        if !unknown.isEmpty {
            var report = CycleReport(ending: .unusableConfiguration)
            report.failures = unknown.map { "there is no module '\($0)' in \(configuration.file)" }
            for failure in report.failures { logger.error("\(failure)") }
            return report
        }
        if configuration.general.isStandby {
            logger.info("standby 1: nothing is run and nothing is sent")
            return CycleReport(ending: .done)
        }
        setPriority(configuration.general.nice, logger)
        let run = CycleRun(configuration: configuration, paths: paths, options: options, logger: logger, start: start)
        if options.printsDocuments { return await run.printing() }
        var report: CycleReport
        do throws(SpoolError) {
            let outbox = Outbox(configuration.general, state: paths.state, isShared: options.role != .broker)
            if let complaint = outbox.complaint { logger.warning("\(complaint)") }
            var spool = try Spool(
                state: paths.state, outbox: outbox.folder, recipients: configuration.general.recipients)
            try spool.tidy()
            for warning in spool.warnings { logger.warning("\(warning)") }
            report = await run.committing(to: &spool)
        } catch {
            report = CycleReport(ending: .failed)
            if case .heldByAnother = error { report.ending = .heldByAnother }
            report.failures = [error.description]
            logger.error("\(error)")
        }
        return report
    }

    /// What there is to tell of the configuration on this host, in the order of the log.
    private func findings(in configuration: Configuration) -> [String] {
        var findings = configuration.diagnostics.map(\.description)
        // What does nothing has no settings without effect.
        if configuration.general.isStandby { return findings }
        if options.role == .broker, !configuration.general.brokerAgents.isEmpty {
            findings.append("broker_agent has no effect in the configuration of a broker agent")
        }
        findings += HostConfinement.warnings(about: configuration, paths: paths).map { "\($0)" }
        findings += UnsupportedSettings.warnings(about: configuration).map { "\($0)" }
        return findings
    }

    /// What was asked for by name and is not there.
    private func unknownModules(in configuration: Configuration) -> [String] {
        // Usually nothing is, and there may be ten thousand names.
        if options.onlyModules.isEmpty { return [] }
        return Set(options.onlyModules).subtracting(configuration.modules.lazy.map(\.displayName)).sorted()
    }

    private func setPriority(_ nice: Int, _ logger: Logger) {
        do throws(SystemError) {
            try ProcessPriority.setNice(nice)
        } catch {
            logger.info("pandora_nice: \(error); the agent runs as it was started")
        }
    }
}
