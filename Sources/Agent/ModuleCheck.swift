internal import AgentConfiguration
internal import Confinement
internal import HostProbes
internal import LogReading
internal import Modules
internal import SystemFiles
internal import SystemPackage

/// What is wrong with the modules of a configuration that only this host, or the sight of all of them, can tell.
struct ModuleCheck {
    private let configuration: Configuration
    private let history: [String: ModuleRun]
    private var lookup: CommandLookup
    // Read where a module is about one of them.
    private lazy var cores = (try? CPUCounters(HostRoots.system))?.cores
    /// The users that were looked for, and whether they are there.
    private var users: [String: Bool] = [:]
    private(set) var diagnostics: [Diagnostic] = []

    /// - Parameters:
    ///   - lookup: Finds the programs of commands.
    ///   - history: The last runs, by the modules' display names.
    init(_ configuration: Configuration, lookup: CommandLookup, history: [String: ModuleRun]) {
        self.configuration = configuration
        self.history = history
        self.lookup = lookup
        addDuplicateNames()
        for module in configuration.modules { check(module) }
    }

    private mutating func addDuplicateNames() {
        var first: [String: SourcePosition] = [:]
        for module in configuration.modules where !module.name.isEmpty {
            // Servers compare names without case.
            let key = module.name.lowercased()
            if let earlier = first[key] {
                report(
                    module, at: module.position,
                    "has the name of the one at \(earlier): the server takes both for one")
            } else {
                first[key] = module.position
            }
        }
    }

    private mutating func check(_ module: ModuleDefinition) {
        let position = module.sourcePosition
        if let timeout = module.timeout, timeout > configuration.general.interval {
            report(module, at: module.position, "has a module_timeout above the interval, which ends it before")
        }
        switch module.source {
        case .command(let command): checkProgram(of: command, of: module, at: position)
        case .plugin(let command): checkPlugin(command, of: module, at: position)
        case .freeDisk(let mount), .freePercentDisk(let mount), .occupiedPercentDisk(let mount):
            if !Files.exists(FilePath(mount)) { report(module, at: position, "is about \(mount), which is not there") }
        case .logPattern(let file, let pattern, _):
            checkLog(file, of: module, at: position)
            checkPattern(pattern, of: module, at: module.positions(of: "module_pattern").last ?? position)
        case .cpuUsage(let core?):
            guard let cores, cores[core] == nil else { break }
            report(module, at: position, "is about the core \(core), which this host does not have")
        default: break
        }
        checkLastValue(of: module)
        checkConditions(of: module)
        checkServerPatterns(of: module)
        checkUser(of: module)
        checkValueOfPlugin(module)
    }

    /// What waits for a value that never comes.
    private mutating func checkValueOfPlugin(_ module: ModuleDefinition) {
        guard case .plugin(let command) = module.source,
            // The one that stands for a single module.
            ProgramOfCommand.find(in: command) != "nagios_plugin_wrapper"
        else { return }
        for token in ["module_condition", "module_save"] {
            guard let position = module.positions(of: token).first else { continue }
            report(module, at: position, "\(token) has no effect: a plugin has no value of its own", joinedBy: ": ")
        }
        if let position = module.positions(of: "module_intensive_condition").first {
            report(
                module, at: position,
                "module_intensive_condition is never tested: a plugin has no value of its own, and this one reports at "
                    + "every intensive cycle", joinedBy: ": ")
        }
    }

    /// A value of which the server keeps nothing.
    private mutating func checkLastValue(of module: ModuleDefinition) {
        // A plugin's value is not the one of its elements.
        if case .plugin = module.source { return }
        guard let run = history[module.displayName], run.result == .data, !run.text.isEmpty,
            let problem = ConfiguredModule.problem(with: run.text, of: module.type)
        else { return }
        report(module, at: module.sourcePosition, "when it last ran, \(problem)", joinedBy: ": ")
    }

    private mutating func checkConditions(of module: ModuleDefinition) {
        let preconditions = zip(module.preconditions, module.positions(of: "module_precondition"))
        let conditions = zip(module.conditions, module.positions(of: "module_condition"))
        for (condition, position) in preconditions {
            checkProgram(of: condition.command, of: module, at: position)
            check(condition.condition, of: module, at: position, costs: "the precondition never holds")
        }
        for (condition, position) in conditions {
            checkProgram(of: condition.command, of: module, at: position)
            check(condition.condition, of: module, at: position, costs: "the condition never holds")
        }
        let intensive = zip(module.intensiveConditions, module.positions(of: "module_intensive_condition"))
        for (condition, position) in intensive {
            check(condition, of: module, at: position, costs: "the condition never holds")
        }
    }

    private mutating func check(
        _ condition: Condition, of module: ModuleDefinition, at position: SourcePosition, costs: String
    ) {
        guard case .matches(let pattern) = condition, let problem = Self.problem(withPattern: pattern) else { return }
        diagnostics.append(Diagnostic(.error, at: position, "module '\(module.displayName)': \(problem); \(costs)"))
    }

    /// The patterns that the server compares text with.
    private mutating func checkServerPatterns(of module: ModuleDefinition) {
        // Of numbers they count for nothing, which the parser says.
        if module.type.isNumeric { return }
        for (token, element) in [("module_str_warning", "str_warning"), ("module_str_critical", "str_critical")] {
            guard let position = module.positions(of: token).last,
                let pattern = module.attributes.first(where: { $0.element == element })?.text,
                let problem = Self.problem(withPattern: pattern)
            else { continue }
            report(module, at: position, "\(token): \(problem); the server matches nothing with it", joinedBy: ": ")
        }
    }

    private mutating func checkUser(of module: ModuleDefinition) {
        guard let user = module.user, let position = module.positions(of: "module_user").last else { return }
        let isThere = users[user] ?? (UserAccount(named: user) != nil)
        users[user] = isThere
        if isThere { return }
        report(module, at: position, "does not run: there is no user '\(user.prefix(60))'")
    }

    /// Why nothing can be matched with a regular expression, as a sentence.
    private static func problem(withPattern pattern: String) -> String? {
        do throws(LogPatternError) {
            _ = try LogPattern(pattern, options: [.caseSensitive, .interpreted])
            return nil
        } catch {
            return "\(error)"
        }
    }

    private mutating func checkProgram(of command: String, of module: ModuleDefinition, at position: SourcePosition) {
        guard configuration.policy.allows(command: command) else {
            return report(module, at: position, "does not run: the local policy does not allow its command")
        }
        guard let program = ProgramOfCommand.find(in: command), let problem = lookup.problem(with: program) else {
            return
        }
        report(module, at: position, problem, joinedBy: ": ")
    }

    private mutating func checkPlugin(_ command: String, of module: ModuleDefinition, at position: SourcePosition) {
        guard let call = BuiltInCall(command) else { return checkProgram(of: command, of: module, at: position) }
        guard configuration.policy.allows(command: command) else {
            return report(module, at: position, "does not run: the local policy does not allow its command")
        }
        if let finding = call.finding {
            let place = SourcePosition(
                file: position.file, line: position.line, column: position.column + finding.offset)
            return report(module, at: place, "\(call.plugin.name): \(finding.text)", joinedBy: ": ")
        }
        switch call.way {
        case .inAgent(let arguments):
            guard ["grep_log_module", "grep_log"].contains(call.plugin.name), let file = arguments.first else { return }
            checkLog(file, of: module, at: position)
        case .byShell: checkProgram(of: command, of: module, at: position)
        case .unclosedQuotation: break
        }
    }

    private mutating func checkLog(_ file: String, of module: ModuleDefinition, at position: SourcePosition) {
        do throws(LogSourceError) {
            guard try LogSource(file).present(for: nil) == nil else { return }
            report(module, at: position, "reads the log \(file), which is not there")
        } catch {
            report(module, at: position, "\(error)", joinedBy: ": ")
        }
    }

    private mutating func checkPattern(_ pattern: String, of module: ModuleDefinition, at position: SourcePosition) {
        guard let problem = Self.problem(withPattern: pattern) else { return }
        report(module, at: position, problem, joinedBy: ": ")
    }

    private mutating func report(
        _ module: ModuleDefinition, at position: SourcePosition, _ text: String, joinedBy joint: String = " "
    ) {
        diagnostics.append(Diagnostic(.warning, at: position, "module '\(module.displayName)'\(joint)\(text)"))
    }
}
