internal import AgentConfiguration
internal import CommandRunner
internal import Confinement
internal import DataFile
internal import Glibc
internal import HostProbes
internal import Logging
internal import Modules
internal import RemoteManagement
internal import Spool
internal import SystemFiles
internal import SystemPackage

/// The steps of a cycle whose configuration is read.
struct CycleRun {
    let configuration: Configuration
    let paths: AgentPaths
    let options: CycleOptions
    let logger: Logger
    let start: ContinuousClock.Instant

    private var settings: GeneralSettings { configuration.general }

    /// What was collected, ready to be committed.
    private struct Collected: Sendable {
        var modules: [CollectedModule] = []
        var documents: [[UInt8]] = []
        var values: [String: String] = [:]
        var identity: AgentIdentity?
        var failure: String?
    }

    /// Collects and gives back the data files; nothing is remembered.
    func printing() async -> CycleReport {
        let collected = await collect(state: [:], spool: nil)
        var report = report(on: collected)
        report.documents = collected.documents
        return report
    }

    /// Collects, commits and ships.
    func committing(to spool: inout Spool) async -> CycleReport {
        logger.log(level: options.kind == .full ? .info : .debug, "cycle begins, configuration \(configuration.file)")
        let values = spool.values
        let facts = reportsItself ? SpoolFacts(spool) : nil
        var collected =
            options.endsAtSignals
            ? await Interruption.watching { await collect(state: values, spool: facts) }
            : await collect(state: values, spool: facts)
        // Who kills the parent of a command kills the agent: nothing of this cycle counts, and the next start is a good one.
        if CommandLauncher.isLost {
            collected.failure = "the process that starts the agent's commands was killed, and with it all commands"
            logger.error("\(collected.failure ?? "")")
        }
        var report = report(on: collected)
        for attempt in ListenGuard.shared.takeAttempts() {
            logger.error("\(attempt)")
            report.failures.append(attempt.description)
        }
        // Most intensive cycles have nothing to tell and nothing to remember.
        let isQuiet = options.kind == .intensive && collected.documents.isEmpty && collected.values == spool.values
        if collected.failure == nil, !isQuiet { commit(collected, to: &spool, &report) }
        if options.kind == .full || !report.committedFiles.isEmpty {
            var undelivered: [Recipient] = []
            if options.sends { undelivered = await ship(&spool, &report) }
            giveUp(in: &spool, undelivered: undelivered, &report)
        }
        report.waitingFiles = (try? spool.waiting().count) ?? 0
        report.duration = ContinuousClock().now - start
        if options.kind == .full { LastCycle(report, at: Int64(time(nil))).save(in: paths.state) }
        if !collected.modules.isEmpty { ModuleHistory.add(collected.modules, at: Int64(time(nil)), in: paths.state) }
        logger.log(level: isQuiet ? .debug : .info, "\(report.logLine)")
        return report
    }

    private func collect(state: [String: String], spool: SpoolFacts?) async -> Collected {
        var collected = Collected()
        let now = Int64(time(nil))
        let environment = CommandEnvironment.variables(of: configuration, agentName: "")
        let identity: AgentIdentity
        do throws(AgentIdentity.Unusable) {
            identity = try await AgentIdentity.find(
                AgentIdentity.Sources(
                    configuration: configuration, role: options.role, environment: environment, roots: .system,
                    state: state, makesRandomName: !options.printsDocuments, deadline: start + settings.interval,
                    problems: { logger.warning("\($0)") }))
        } catch {
            logger.error("\(error)")
            collected.failure = error.description
            return collected
        }
        let host = HostReadings(earlierCPU: state[StateKey.cpuCounters])
        var context = ModuleContext(
            host: host, environment: environment.merging(["PANDORA_AGENT": identity.name]) { $1 }, state: state,
            deadline: start + settings.interval, now: now, legacyPositions: [paths.takenOverPositions, "/tmp"])
        context.encoding = settings.encoding
        context.keysOfLogReaders = { [modules = configuration.modules] in LogReaders.stateKeys(of: modules) }
        context.stateFolder = options.printsDocuments ? nil : paths.state
        context.agentFiles = { [files = configuration.files] in AgentPaths.program + files }
        let plan = plan(state: state, now: now)
        let collector = Collector(
            pace: ModulePace(settings).limited(to: OpenFileLimit.commandsSideBySide()),
            policy: configuration.policy,
            plugins: PluginGate(configuration.policy, state: paths.state, path: environment["PATH"] ?? ""),
            context: context)
        var saved = SavedValues(of: configuration.modules, in: state)
        collected.modules = await collector.collect(plan.due, saving: &saved)
        log(collected.modules)

        let missedLogBytes = max(
            0,
            collected.modules.reduce(state[StateKey.missedLogBytes].flatMap(Int64.init) ?? 0) {
                $0 &+ $1.outcome.missedLogBytes
            })
        let elements = collected.modules.flatMap(\.outcome.elements)
        let lastFile = state[StateKey.lastFileTime].flatMap(Int64.init) ?? 0
        // With nothing to say, a file is still a sign of life, which the server expects once in an interval.
        let isSignOfLifeDue = options.kind == .full && abs(now - lastFile) >= settings.interval.components.seconds
        var own: OwnModules?
        if !elements.isEmpty || isSignOfLifeDue {
            let assembler = Assembler(settings, identity: identity, now: now)
            own = ownModules(collected.modules, state: state, spool: spool, missedLogBytes: missedLogBytes, now: now)
            collected.documents = assembler.documents(
                of: elements + (own?.elements ?? []), problems: { logger.warning("\($0)") })
        }
        collected.identity = identity
        // What its precondition kept from running is due again.
        let heldBack = collected.modules.filter { !$0.outcome.didRun }.map(\.planned.stateKey)
        collected.values = state.merging(plan.stateChanges(heldBack: Set(heldBack))) { $1 }
        collected.values.merge(identity.stateChanges) { $1 }
        for module in collected.modules {
            for key in module.outcome.stateRemovals { collected.values[key] = nil }
        }
        for module in collected.modules { collected.values.merge(module.outcome.stateChanges) { $1 } }
        saved.store(in: &collected.values)
        if missedLogBytes > 0 { collected.values[StateKey.missedLogBytes] = String(missedLogBytes) }
        collected.values.merge(own?.stateChanges ?? [:]) { $1 }
        collected.values[StateKey.cpuCounters] = await host.cpuCounters() ?? state[StateKey.cpuCounters]
        if options.onlyModules.isEmpty, options.kind == .full {
            collected.values[StateKey.cycle] = String((state[StateKey.cycle].flatMap(Int.init) ?? 0) &+ 1)
            collected.values[StateKey.lastCycleTime] = String(now)
        }
        if !collected.documents.isEmpty { collected.values[StateKey.lastFileTime] = String(now) }
        return collected
    }

    /// Whether the agent tells of itself: in full cycles of the whole configuration alone.
    private var reportsItself: Bool {
        settings.reportsItself && options.kind == .full && options.onlyModules.isEmpty && options.role != .broker
    }

    /// What there is to tell of the agent itself.
    private func ownModules(
        _ modules: [CollectedModule], state: [String: String], spool: SpoolFacts?, missedLogBytes: Int64, now: Int64
    ) -> OwnModules? {
        if !reportsItself { return nil }
        return OwnModules(
            OwnModules.Facts(
                configuration: configuration, lastCycle: spool == nil ? nil : LastCycle(in: paths.state),
                failedCount: modules.filter { !$0.outcome.failures.isEmpty }.count,
                limitationCount: modules.reduce(0) { $0 + $1.outcome.limitationCount }, spool: spool,
                missedLogBytes: missedLogBytes,
                remote: settings.remoteConfiguration && !configuration.policy.isReadOnly
                    ? RemoteMemory(in: paths.state) : nil,
                state: state, now: now))
    }

    private func plan(state: [String: String], now: Int64) -> CyclePlan {
        var modules = configuration.modules
        if !options.onlyModules.isEmpty {
            let wanted = Set(options.onlyModules)
            modules.removeAll { !wanted.contains($0.displayName) }
        }
        let moment = CyclePlan.Moment(now: now, state: state, kind: options.kind)
        return CyclePlan(modules, at: moment, state: state, force: options.force)
    }

    private func commit(_ collected: Collected, to spool: inout Spool, _ report: inout CycleReport) {
        guard let identity = collected.identity else { return }
        var values = collected.values
        var names = DataFileNames(
            agentName: identity.name, last: values[StateKey.lastFileNumber].flatMap(UInt64.init) ?? 0,
            now: Self.nanoseconds)
        let files = collected.documents.map { (name: names.next().description, bytes: $0) }
        values[StateKey.lastFileNumber] = String(names.last)
        do throws(SpoolError) {
            switch try spool.commit(files: files, values: values) {
            case .complete: break
            case .unfinished(let error):
                report.failures.append("committed, but not in the outbox yet: \(error)")
                logger.error("committed, but not in the outbox yet: \(error)")
                if report.ending == .done { report.ending = .notDelivered }
            }
            report.committedFiles = files.map(\.name)
            report.committedBytes = files.reduce(0) { $0 + $1.bytes.count }
        } catch {
            logger.error("nothing of this cycle could be stored, it is collected again next time: \(error)")
            report.failures.append(error.description)
            report.ending = .failed
        }
    }

    private static let nanoseconds: @Sendable () -> UInt64 = {
        UInt64(clamping: timespec.now(of: CLOCK_REALTIME).nanoseconds)
    }

    /// - Returns: The servers that could not be given all that waits for them.
    private func ship(_ spool: inout Spool, _ report: inout CycleReport) async -> [Recipient] {
        // The last fifth of the interval is for the end of the cycle; a transfer may take its time in any case.
        let deadline = max(start + settings.interval * 4 / 5, .now + settings.primary.transferTimeout)
        let shipper = Shipper(
            settings, state: paths.state, deadline: deadline, verbosity: options.verbosity, logger: logger)
        let shipment = await shipper.ship(&spool)
        report.deliveredFiles = shipment.deliveredNames
        report.quarantinedFiles = shipment.quarantinedNames
        report.certificates = shipment.certificates.sorted { ($0.end, $0.holder) < ($1.end, $1.holder) }
        let now = Int64(time(nil))
        for warning in report.certificates.compactMap({ $0.warning(at: now) }) { logger.warning("\(warning)") }
        let undelivered = spool.recipients.filter { shipment.failures[$0] != nil }
        report.failures += undelivered.compactMap { shipment.failures[$0] }
        if !undelivered.isEmpty, report.ending == .done { report.ending = .notDelivered }
        return undelivered
    }

    private func giveUp(in spool: inout Spool, undelivered: [Recipient], _ report: inout CycleReport) {
        let policy = SpoolPolicy(settings)
        do throws(SpoolError) {
            let losses = try policy.apply(to: &spool, undelivered: undelivered)
            for loss in losses { logger.error("\(loss)") }
            report.failures += losses
            // What the operator does not want kept is not safely in the spool.
            if !policy.keepsUnsentFiles, report.ending == .notDelivered { report.ending = .failed }
        } catch {
            logger.error("the limits of the spool could not be kept: \(error)")
            report.failures.append(error.description)
        }
        report.lostFiles = spool.lostFileCount
    }

    private func report(on collected: Collected) -> CycleReport {
        var report = CycleReport(ending: collected.failure == nil ? .done : .failed)
        report.failures = collected.failure.map { [$0] } ?? []
        report.modules = collected.modules.map(\.report)
        report.destination = settings.primary.destination
        return report
    }

    private func log(_ modules: [CollectedModule]) {
        for module in modules {
            let name = module.definition.displayName
            for failure in module.outcome.failures { logger.warning("module '\(name)': \(failure)") }
            for warning in module.outcome.warnings { logger.warning("module '\(name)': \(warning)") }
            for note in module.outcome.notes { logger.info("module '\(name)': \(note)") }
            let count = module.outcome.elements.count
            logger.info("module '\(name)' took \(module.duration.text) and brought \(count) elements")
        }
    }
}

extension CollectedModule {
    fileprivate var report: ModuleReport {
        ModuleReport(
            name: definition.displayName, value: outcome.value, elementCount: outcome.elements.count,
            failures: outcome.failures, notes: outcome.warnings + outcome.notes, duration: duration)
    }
}

extension CycleReport {
    /// One line for the log.
    fileprivate var logLine: String {
        "cycle ends after \(duration.text): \(modules.count) modules, \(failedModules.count) failed; "
            + "\(committedFiles.count) files with \(committedBytes) bytes committed, \(deliveredFiles.count) delivered to "
            + "\(destination), \(waitingFiles) waiting"
    }
}

extension ServerSettings {
    /// Where files go, for people.
    var destination: String {
        transferMode == .local ? path.string : "\(address) port \(port) (\(transferMode.rawValue))"
    }
}

extension Duration {
    /// Seconds with three decimals.
    var text: String {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        return "\(milliseconds / 1000).\(fraction) s"
    }
}
