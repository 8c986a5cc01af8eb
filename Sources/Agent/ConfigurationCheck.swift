public import AgentConfiguration
internal import Glibc
internal import RemoteManagement
internal import SystemPackage

/// What `check` finds: the diagnostics of the files, and what only this host can tell.
public struct ConfigurationCheck: Sendable {
    /// The findings, in the order of files and lines, those of broker agents after the main agent's.
    public private(set) var diagnostics: [Diagnostic]
    /// How many modules run.
    public let moduleCount: Int
    /// The modules that do not run.
    public let skippedModules: [SkippedModule]

    /// Who may change what, a sentence for each thing.
    public let authority: [String]

    /// Checks.
    ///
    /// - Throws: ``ConfigurationUnusable``.
    public init(_ paths: AgentPaths, isReadOnly: Bool = false) throws(ConfigurationUnusable) {
        var options = CycleOptions()
        options.isReadOnly = isReadOnly
        let configuration = try AgentConfigurationReader(paths: paths, options: options).read()
        self.init(configuration, history: ModuleHistory.read(in: paths.state))
        diagnostics += BrokerCheck(configuration, paths: paths, options: options, known: diagnostics).diagnostics
    }

    /// Checks a configuration that is read, without the broker agents that it names.
    ///
    /// - Parameter history: The last runs of its modules, by their display names.
    init(_ configuration: Configuration, history: [String: ModuleRun] = [:]) {
        let environment = CommandEnvironment.variables(of: configuration, agentName: "")
        let user = geteuid()
        let lookup = CommandLookup(path: environment["PATH"] ?? "", user: user)
        let gate = PluginGate(configuration.policy, state: nil, path: environment["PATH"] ?? "")
        diagnostics = Self.sorted(
            configuration.diagnostics + UnsupportedSettings.diagnostics(about: configuration)
                + HostConfinement.diagnostics(about: configuration, user: user)
                + PlaceCheck(configuration, user: user).diagnostics
                + SettingsCheck(configuration, lookup: lookup).diagnostics
                + ModuleCheck(configuration, lookup: lookup, history: history).diagnostics
                + Self.findings(of: gate, in: configuration) + Self.signatureFindings(in: configuration),
            by: configuration.files)
        moduleCount = configuration.modules.count
        skippedModules = configuration.skippedModules
        authority = ConfigurationAuthority(configuration).lines
    }

    /// Whether a line or a module is lost.
    public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// A key that verifies nothing.
    private static func signatureFindings(in configuration: Configuration) -> [Diagnostic] {
        guard let file = configuration.policy.signatureKey else { return [] }
        do throws(SignatureKey.Unusable) {
            _ = try SignatureKey(verifyingWith: file)
            return []
        } catch {
            return [
                Diagnostic(
                    .warning, at: SourcePosition(startOf: configuration.file),
                    "require_signature: \(error); a server may change nothing")
            ]
        }
    }

    /// The plugins that do not run.
    private static func findings(of gate: PluginGate, in configuration: Configuration) -> [Diagnostic] {
        configuration.modules.compactMap { module in
            do throws(PluginGate.Closed) {
                _ = try gate.admit(module)
                return nil
            } catch {
                return Diagnostic(
                    .warning, at: module.sourcePosition, "module '\(module.displayName)' does not run: \(error)")
            }
        }
    }

    private static func sorted(_ diagnostics: [Diagnostic], by files: [FilePath]) -> [Diagnostic] {
        let ranks = Dictionary(files.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: min)
        return diagnostics.enumerated().sorted { left, right in
            let (a, b) = (left.element.position, right.element.position)
            return (ranks[a.file] ?? files.count, a.line, a.column, left.offset)
                < (ranks[b.file] ?? files.count, b.line, b.column, right.offset)
        }.map(\.element)
    }
}
