internal import AgentConfiguration
internal import RemoteManagement
internal import SystemFiles
internal import SystemPackage

/// A configuration that a server has for this host, as bytes that nobody has looked at yet.
struct PushedConfiguration {
    let contents: [UInt8]
    /// The MD5 by which the server calls it.
    let digest: String

    /// What would become of a pushed configuration.
    enum Verdict {
        /// It may be adopted.
        case acceptable(changesServer: Bool)
        /// Why not, as one sentence.
        case refused(String)
    }

    /// Looks at it in the order of what costs least: signature, tokens, and then as a whole what it changes, and the check.
    ///
    /// - Parameters:
    ///   - current: The host's configuration.
    ///   - bytes: The bytes of its main file.
    ///   - load: Reads the configuration as it would be with other bytes in the main file.
    func verdict(
        against current: Configuration, from bytes: [UInt8],
        load: ([UInt8]) throws(ConfigurationUnusable) -> Configuration
    ) -> Verdict {
        if let problem = signatureProblem(current.policy) { return .refused(problem) }
        // Before it is read whole: what it includes, for example, would be read with it.
        let tokens = current.tokenChanges(from: bytes, to: contents)
        let refusedTokens = ServerRights.refusals(of: tokens, under: current.policy)
        if !refusedTokens.isEmpty { return .refused(Self.sentence(refusedTokens)) }
        let next: Configuration
        do throws(ConfigurationUnusable) {
            next = try load(contents)
        } catch {
            return .refused(error.description)
        }
        if next.policy != current.policy { return .refused("it changes the local policy, which no server may do") }
        let changes = current.moduleChanges(from: bytes, to: next, from: contents)
        let refusals = ServerRights.refusals(of: changes, under: current.policy)
        if !refusals.isEmpty { return .refused(Self.sentence(refusals)) }
        // A change of nothing that counts, as in comments, is a change all the same.
        if current.policy.remoteMay.isEmpty { return .refused("remote_may in local.conf allows a server nothing") }
        let errors = ConfigurationCheck(next).diagnostics.filter {
            $0.severity == .error && $0.position.file == current.file
        }
        if !errors.isEmpty {
            return .refused(Self.sentence(errors.map { "line \($0.position.line): \($0.text)" }))
        }
        let way: Set<ConfigurationChange> = [.token("server_ip"), .token("server_port"), .token("transfer_timeout")]
        return .acceptable(changesServer: tokens.contains { way.contains($0) })
    }

    private func signatureProblem(_ policy: LocalPolicy) -> String? {
        guard let file = policy.signatureKey else { return nil }
        do throws(SignatureKey.Unusable) {
            return ConfigurationSignature.problem(with: contents, try SignatureKey(verifyingWith: file))
        } catch {
            return "require_signature in local.conf: \(error)"
        }
    }

    /// The first reasons, and how many more there are.
    private static func sentence(_ reasons: [String]) -> String {
        let more = reasons.count > 3 ? "; and \(reasons.count - 3) more reasons" : ""
        return reasons.prefix(3).joined(separator: "; ") + more
    }
}
