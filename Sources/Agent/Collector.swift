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

/// Runs modules side by side, and gives their outcomes in the order of the configuration.
struct Collector: Sendable {
    /// How many run at the same time.
    let width: Int
    let policy: LocalPolicy
    let plugins: PluginGate
    let context: ModuleContext

    /// Runs modules. One that saves its value for later ones ends before those begin.
    ///
    /// - Parameter saved: What was saved before, and then what is saved now.
    func collect(_ modules: [PlannedModule], saving saved: inout SavedValues) async -> [CollectedModule] {
        var collected: [CollectedModule] = []
        for wave in waves(modules) where !Task.isCancelled {
            let environment = context.environment.merging(saved.variables) { $1 }
            var outcomes = await collect(wave: wave, context.with(environment: environment))
            // What a signal ended has no value, and takes none away.
            for index in outcomes.indices where outcomes[index].outcome.didRun && !Task.isCancelled {
                guard let name = outcomes[index].definition.savesAs else { continue }
                let failure = saved.save(outcomes[index].outcome.value, as: name)
                outcomes[index].outcome.failures += failure.map { [$0] } ?? []
            }
            collected += outcomes
        }
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

    /// Splits after each module that saves its value.
    private func waves(_ modules: [PlannedModule]) -> [[PlannedModule]] {
        var waves: [[PlannedModule]] = [[]]
        for module in modules {
            waves[waves.count - 1].append(module)
            if module.definition.savesAs != nil { waves.append([]) }
        }
        return waves.filter { !$0.isEmpty }
    }

    private func collect(wave: [PlannedModule], _ context: ModuleContext) async -> [CollectedModule] {
        await withTaskGroup(of: (Int, CollectedModule).self) { group in
            var next = 0
            func startNext() {
                // What a signal ended is not begun any more.
                guard next < wave.count, !Task.isCancelled else { return }
                let index = next
                next += 1
                group.addTask { (index, await collect(wave[index], context)) }
            }
            for _ in 0..<max(1, width) { startNext() }
            var collected = [CollectedModule?](repeating: nil, count: wave.count)
            while let (index, module) = await group.next() {
                collected[index] = module
                startNext()
            }
            return collected.compactMap { $0 }
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
                if try precondition.holds(after: result) { continue }
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
