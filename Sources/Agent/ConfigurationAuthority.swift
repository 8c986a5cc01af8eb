internal import AgentConfiguration
internal import RemoteManagement

/// Who may change what on this host, in sentences for `status` and `check`.
struct ConfigurationAuthority {
    /// Who may change the configuration.
    let whoChangesTheConfiguration: String
    /// What local.conf restricts, a phrase for each thing.
    let restrictions: [String]

    /// The same as whole lines.
    var lines: [String] {
        ["The configuration may be changed by \(whoChangesTheConfiguration)"]
            + restrictions.map { "Local policy: \($0)" }
    }

    init(_ configuration: Configuration) {
        let policy = configuration.policy
        let general = configuration.general
        let alone = "this host's administrator alone"
        let scopes = RemoteScope.allCases.filter { policy.remoteMay.contains($0) }.map(\.rawValue)
        whoChangesTheConfiguration =
            if let source = policy.readOnly.first {
                "\(alone): the agent is read-only by \(source)"
            } else if !general.remoteConfiguration {
                "\(alone): remote_config is 0"
            } else if scopes.isEmpty {
                "\(alone): remote_may allows a server nothing"
            } else {
                "this host's administrator, and by the server \(general.primary.destination): "
                    + scopes.joined(separator: ", ")
            }
        var restrictions: [String] = []
        if let key = policy.signatureKey {
            restrictions.append("what a server pushes must be signed by the key of \(key)")
        }
        if !policy.pinnedTokens.isEmpty {
            restrictions.append("no server changes \(policy.pinnedTokens.sorted().joined(separator: ", "))")
        }
        if !policy.commandRules.isEmpty {
            let kind =
                policy.commandRules.last?.allows == true ? "only listed commands run" : "some commands do not run"
            restrictions.append("\(policy.commandRules.count) rules of allow_command and deny_command: \(kind)")
        }
        if let manifest = policy.pluginManifest { restrictions.append("plugins run as \(manifest) lists them") }
        if let isStrict = policy.strictPermissions {
            restrictions.append("what others could write is \(isStrict ? "refused" : "used all the same")")
        }
        self.restrictions = restrictions
    }
}

extension RemoteMemory {
    /// What became of the server's configuration, each a sentence.
    func sentences(at now: Int64) -> [String] {
        var sentences: [String] = []
        if let refused {
            sentences.append(
                "refused the version \(refused.digest) of the server \(Self.ago(refused.time, now)): \(refused.reason)")
        }
        if !failure.isEmpty { sentences.append(failure) }
        if sentences.isEmpty { sentences.append("nothing stands in the way") }
        if let adopted { sentences.append("the version \(adopted.digest) was adopted \(Self.ago(adopted.time, now))") }
        for (name, version) in refusedCollections.sorted(by: { $0.key < $1.key }) {
            sentences.append(
                "refused the collection '\(name)' \(Self.ago(version.time, now)): \(version.reason)")
        }
        return sentences
    }

    private static func ago(_ time: Int64, _ now: Int64) -> String { "\(max(0, now &- time)) s ago" }
}
