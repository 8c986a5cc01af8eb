internal import AgentConfiguration

/// Settings that a configuration may hold and that the agent does not act on: each is named, none is passed over.
enum UnsupportedSettings {
    /// A setting, and what to say of it.
    private struct Case {
        /// The token that sets it.
        let token: String
        /// Whether a configuration asks for what is not done.
        let isAskedFor: @Sendable (Configuration) -> Bool
        /// What is not done and what happens instead, after the token.
        let sentence: String
    }

    /// What to tell about a configuration, in the order of its lines.
    static func diagnostics(about configuration: Configuration) -> [Diagnostic] {
        cases.filter { $0.isAskedFor(configuration) }.map { unsupported in
            Diagnostic(
                .warning, at: configuration.position(of: unsupported.token),
                "\(unsupported.token) \(unsupported.sentence)")
        }
    }

    /// The same as sentences.
    static func warnings(about configuration: Configuration) -> [String] {
        diagnostics(about: configuration).map { "\($0.position): \($0.text)" }
    }

    private static let cases: [Case] = [
        Case(
            token: "remote_config", isAskedFor: { $0.general.remoteConfiguration && $0.policy.isReadOnly },
            sentence: "has no effect: the agent is read-only"),
        Case(
            token: "remote_config",
            isAskedFor: {
                $0.general.remoteConfiguration && [.ssh, .ftp].contains($0.general.primary.transferMode)
            },
            sentence: "is done with transfer_mode tentacle and local alone: the configuration stays as it is"),
        Case(
            token: "remote_config", isAskedFor: { $0.general.remoteConfiguration && $0.general.keepsSentFiles },
            sentence: "has no effect with debug 1: the configuration stays as it is"),
        Case(
            token: "file_collection",
            isAskedFor: { !$0.general.fileCollections.isEmpty && !$0.general.remoteConfiguration },
            sentence: "has no effect without remote_config 1: no collection is fetched"),
        Case(
            token: "server_path_ref", isAskedFor: { $0.generalPositions["server_path_ref"] != nil },
            sentence: "has no effect: the state folder remembers when modules ran, together with what they brought"),
    ]
}
