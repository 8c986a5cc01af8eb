internal import AgentConfiguration
internal import CommandRunner
internal import Modules

/// What one module did in a cycle.
struct CollectedModule: Sendable {
    let planned: PlannedModule
    var outcome: ModuleOutcome
    let duration: Duration

    var definition: ModuleDefinition { planned.definition }
}

/// Runs modules in the order of the configuration, at its pace, and gives their outcomes in that order.
struct Collector: Sendable {
    let pace: ModulePace
    let policy: LocalPolicy
    let plugins: PluginGate
    let context: ModuleContext

    /// What the wait for a module can end with.
    private enum Event: Sendable {
        case ended(index: Int, CollectedModule)
        case timeIsOver
    }

    /// Runs modules. One that saves its value for later ones ends before those begin.
    ///
    /// - Parameter saved: What was saved before, and then what is saved now.
    func collect(_ modules: [PlannedModule], saving saved: inout SavedValues) async -> [CollectedModule] {
        let before = saved
        let (collected, after) = await withTaskGroup(of: Event.self) { group in
            var collected = [CollectedModule?](repeating: nil, count: modules.count)
            var saved = before
            var runningCount = 0
            // One at a time, which is set anew where it was for a module that has ended: most end at once.
            var isTimerSet = false
            func waitForEvent() async {
                switch await group.next() {
                case .ended(let index, var module):
                    runningCount -= 1
                    // What a signal ended has no value, and takes none away.
                    if let name = module.definition.savesAs, module.outcome.didRun, !Task.isCancelled {
                        let failure = saved.save(module.outcome.value, as: name)
                        module.outcome.failures += failure.map { [$0] } ?? []
                    }
                    collected[index] = module
                case .timeIsOver, nil:
                    isTimerSet = false
                }
            }
            // What a signal ended is not begun any more.
            for (index, module) in modules.enumerated() where !Task.isCancelled {
                let context = context.with(environment: context.environment.merging(saved.variables) { $1 })
                group.addTask { .ended(index: index, await collect(module, context)) }
                runningCount += 1
                let end = pace.grace > .zero ? ContinuousClock.now + pace.grace : nil
                while collected[index] == nil {
                    if module.definition.savesAs == nil {
                        guard let end, ContinuousClock.now < end, !Task.isCancelled else { break }
                        if !isTimerSet {
                            isTimerSet = true
                            group.addTask {
                                try? await Task.sleep(until: end, clock: .continuous)
                                return .timeIsOver
                            }
                        }
                    }
                    await waitForEvent()
                }
                while runningCount >= pace.width { await waitForEvent() }
            }
            while runningCount > 0 { await waitForEvent() }
            group.cancelAll()
            return (collected.compactMap { $0 }, saved)
        }
        saved = after
        return withoutRepetitions(collected)
    }

    /// Two modules that read on from one and the same position bring the same lines; those of the first are sent.
    private func withoutRepetitions(_ collected: [CollectedModule]) -> [CollectedModule] {
        var readers: [String: String] = [:]
        return collected.map { module in
            let keys = module.outcome.stateChanges.keys
            let name = module.definition.displayName
            if let first = keys.lazy.compactMap({ readers[$0] }).first {
                let failure =
                    "it reads the same as the module '\(first)', and what is new is sent once: remove one of them"
                return CollectedModule(
                    planned: module.planned, outcome: ModuleOutcome(failure: failure), duration: module.duration)
            }
            for key in keys { readers[key] = name }
            return module
        }
    }

    private func collect(_ module: PlannedModule, _ context: ModuleContext) async -> CollectedModule {
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = await collectAllowed(module, context)
        return CollectedModule(planned: module, outcome: outcome, duration: clock.now - start)
    }

    private func collectAllowed(_ planned: PlannedModule, _ context: ModuleContext) async -> ModuleOutcome {
        let module = planned.definition
        let commands =
            [module.source.command].compactMap { $0 } + (module.preconditions + module.conditions).map(\.command)
        if let denied = commands.first(where: { !policy.allows(command: $0) }) {
            return ModuleOutcome(failure: "the local policy does not allow the command '\(CommandDisplay(denied))'")
        }
        let admitted: ModuleDefinition
        do throws(PluginGate.Closed) {
            admitted = try plugins.admit(module)
        } catch {
            return ModuleOutcome(failure: error.description)
        }
        let limits = ResourceLimits(policy.commandLimits)
        do throws(CommandBounds.Refusal) {
            return await collectBounded(
                planned, admitted, context.with(bounds: try CommandBounds(user: module.user, limits: limits)))
        } catch {
            return ModuleOutcome(failure: error.description)
        }
    }

    private func collectBounded(
        _ planned: PlannedModule, _ admitted: ModuleDefinition, _ context: ModuleContext
    ) async -> ModuleOutcome {
        let module = planned.definition
        for precondition in module.preconditions {
            let result = await run(precondition.command, module, context)
            // Either way what is to run a single time is still to be run.
            var heldBack = ModuleOutcome()
            heldBack.didRun = false
            do throws(ConditionUnanswered) {
                if try precondition.holds(after: result, in: context.encoding) { continue }
            } catch {
                heldBack.failures = ["its precondition could not be asked: \(error)"]
            }
            return heldBack
        }
        let (reported, isReported) = planned.reported(await ConfiguredModule(admitted).collect(in: context))
        var outcome = reported
        // A log without new lines has an empty value, and nothing to ask about.
        guard isReported, let value = outcome.value, !outcome.elements.isEmpty else { return outcome }
        for condition in module.conditions {
            do throws(ConditionUnanswered) {
                guard try condition.condition.holds(for: value) else { continue }
            } catch {
                outcome.failures.append("its condition could not be asked: \(error)")
                continue
            }
            let result = await run(condition.command, module, context)
            if !result.isSuccess { outcome.failures.append("the command of its condition \(result.ending)") }
        }
        return outcome
    }

    private func run(_ command: String, _ module: ModuleDefinition, _ context: ModuleContext) async -> CommandResult {
        let limit = min(module.timeout ?? context.longestCommand, context.longestCommand)
        return await context.bounds.bound(
            Command(
                .shell(command), environment: context.environment, timeLimit: limit,
                outputLimit: CommandCondition.outputLimit)
        ).run()
    }
}

extension ResourceLimits {
    /// The limits of the local policy.
    fileprivate init(_ limits: [LimitedResource: UInt64]) {
        self.init()
        for (resource, value) in limits { values[Resource(resource)] = value }
    }
}

extension ResourceLimits.Resource {
    fileprivate init(_ resource: LimitedResource) {
        self =
            switch resource {
            case .memory: .memory
            case .cpu: .cpu
            case .processes: .processes
            case .files: .files
            case .fileSize: .fileSize
            }
    }
}
