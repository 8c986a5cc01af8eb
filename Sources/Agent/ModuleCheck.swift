internal import AgentConfiguration
internal import LogReading
internal import Modules
internal import SystemFiles
internal import SystemPackage
internal import Tentacle

/// What is wrong with the modules of a configuration that only this host, or the sight of all of them, can tell.
struct ModuleCheck {
    private let configuration: Configuration
    private var lookup: CommandLookup
    private(set) var diagnostics: [Diagnostic] = []

    /// - Parameter lookup: Finds the programs of commands.
    init(_ configuration: Configuration, lookup: CommandLookup) {
        self.configuration = configuration
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
            checkPattern(pattern, of: module, at: position)
        default: break
        }
        for condition in module.preconditions + module.conditions {
            checkProgram(of: condition.command, of: module, at: module.position)
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
        guard let name = ProgramOfCommand.find(in: command),
            let plugin = BuiltInPlugins.all.first(where: { $0.name == name })
        else { return checkProgram(of: command, of: module, at: position) }
        guard configuration.policy.allows(command: command) else {
            return report(module, at: position, "does not run: the local policy does not allow its command")
        }
        guard let words = try? ShellWords.split(command) else { return }
        guard !words.contains(where: { $0.contains("$") || $0.contains("`") }) else { return }
        if let (misuse, offset) = BuiltInPlugins.misuse(in: command) {
            let place = SourcePosition(file: position.file, line: position.line, column: position.column + offset)
            report(module, at: place, "\(plugin.name): \(misuse)", joinedBy: ": ")
        } else if ["grep_log_module", "grep_log"].contains(plugin.name), let file = words.dropFirst().first {
            checkLog(file, of: module, at: position)
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
        do {
            _ = try LogPattern(pattern)
        } catch {
            report(module, at: position, "\(error)", joinedBy: ": ")
        }
    }

    private mutating func report(
        _ module: ModuleDefinition, at position: SourcePosition, _ text: String, joinedBy joint: String = " "
    ) {
        diagnostics.append(Diagnostic(.warning, at: position, "module '\(module.displayName)'\(joint)\(text)"))
    }
}
