internal import CommandRunner
internal import DataFile

/// `module_plugin`: a built-in plugin, or a command whose standard output is elements of the data file.
///
/// A name without a slash is a built-in plugin first. What needs a shell is left to one.
struct PluginModule: ModuleKind {
    let command: String
    let timeLimit: Duration

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        if let words = ShellWords.split(command), let name = words.first,
            let plugin = BuiltInPlugins.make(name, arguments: Array(words.dropFirst()))
        {
            switch plugin {
            case .success(let plugin): return await plugin.collect(in: context)
            case .failure(let misuse): return ModuleOutcome(failure: misuse.description)
            }
        }
        let result = await context.bounds.bound(
            Command(.shell(command), environment: context.environment, timeLimit: timeLimit)
        ).run()
        var outcome =
            result.isSuccess
            ? self.outcome(of: result, in: context) : ModuleOutcome(failure: result.failureSentence)
        outcome.command = CommandReport(result)
        return outcome
    }

    private func outcome(of result: CommandResult, in context: ModuleContext) -> ModuleOutcome {
        var outcome = ModuleOutcome()
        if result.output.trimmingSpaces.isEmpty {
            outcome.notes = ["the plugin printed nothing"]
            return outcome
        }
        let check = FragmentCheck(result.output, encoding: context.encoding)
        outcome.elements = check.fragments.map { .verified($0) }
        outcome.failures = check.problems.map { "its output is left out in part: \($0)" }
        if check.unreportedProblemCount > 0 {
            outcome.failures.append("its output has \(check.unreportedProblemCount) more problems")
        }
        if result.isTruncated {
            outcome.failures.append(result.cutSentence)
        }
        return outcome
    }
}
