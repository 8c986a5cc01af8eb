internal import AgentConfiguration

/// Settings that a configuration may hold and that this version does not act on: each is named, none is passed over.
enum UnsupportedSettings {
    /// A setting, and what to say of it.
    private struct Case {
        /// The token that sets it.
        let token: String
        /// Whether a configuration asks for what is not done.
        let isAskedFor: @Sendable (Configuration) -> Bool
        /// What happens instead, as a phrase.
        let consequence: String
    }

    /// What to tell about a configuration, in the order of its lines.
    static func diagnostics(about configuration: Configuration) -> [Diagnostic] {
        let start = SourcePosition(file: configuration.file, line: 1, column: 1)
        return cases.filter { $0.isAskedFor(configuration) }.map { unsupported in
            Diagnostic(
                .warning, at: configuration.generalPositions[unsupported.token] ?? start,
                "\(unsupported.token) is not in this version: \(unsupported.consequence)")
        }
    }

    /// The same as sentences.
    static func warnings(about configuration: Configuration) -> [String] {
        diagnostics(about: configuration).map { "\($0.position): \($0.text)" }
    }

    private static let cases: [Case] = [
        Case(
            token: "remote_config", isAskedFor: { $0.general.remoteConfiguration && $0.policy.isReadOnly },
            consequence: "the configuration stays as it is; the agent is read-only besides"),
        Case(
            token: "remote_config", isAskedFor: { $0.general.remoteConfiguration && !$0.policy.isReadOnly },
            consequence: "the configuration stays as it is"),
        Case(
            token: "file_collection", isAskedFor: { !$0.general.fileCollections.isEmpty },
            consequence: "no collection is fetched"),
        Case(
            token: "server_path_ref", isAskedFor: { $0.generalPositions["server_path_ref"] != nil },
            consequence: "the state folder remembers when modules ran"),
    ]
}
