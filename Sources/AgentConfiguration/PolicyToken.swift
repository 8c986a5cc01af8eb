internal import Confinement
internal import SystemPackage

/// A token of local.conf that no other file may hold; `read_only` alone counts in pandora_agent.conf too.
///
/// A value that cannot be read restricts as much as its token can: a slip of the pen must not open what the
/// administrator meant to close.
public struct PolicyToken: Sendable {
    /// The name.
    public let name: String
    /// The default, as the documentation shows it; empty = none.
    public let defaultValue: String
    /// What it means, for the documentation.
    public let meaning: String
    /// Sets the value. Where it cannot be read, restricts and returns what was expected and what it costs.
    let apply: @Sendable (String, SourcePosition, inout LocalPolicy) -> Misreading?

    /// A value that cannot be read.
    struct Misreading: Sendable, Hashable {
        let expectation: String
        let consequence: String
    }

    private init<Value>(
        _ name: String, default defaultValue: String = "", _ reader: ValueReader<Value>, _ meaning: String,
        otherwise consequence: String = "the line has no effect",
        restrict: @escaping @Sendable (SourcePosition, inout LocalPolicy) -> Void = { _, _ in },
        set: @escaping @Sendable (Value, SourcePosition, inout LocalPolicy) -> Void
    ) {
        self.name = name
        self.defaultValue = defaultValue
        self.meaning = meaning
        apply = { text, position, policy in
            guard let value = reader.read(text) else {
                restrict(position, &policy)
                return Misreading(expectation: reader.expectation, consequence: consequence)
            }
            set(value, position, &policy)
            return nil
        }
    }

    /// A token of 0 and 1, where 1 restricts: what cannot be read counts as 1.
    private init(
        flag name: String, default defaultValue: String, meaning: String,
        set: @escaping @Sendable (Bool, inout LocalPolicy) -> Void
    ) {
        self.init(
            name, default: defaultValue, .flag, meaning, otherwise: "it counts as 1", restrict: { set(true, &$1) }
        ) { isSet, _, policy in
            set(isSet, &policy)
        }
    }

    static let readOnlyName = "read_only"

    /// Every token, in the order of the documentation.
    public static let all: [PolicyToken] = [
        PolicyToken(
            readOnlyName, default: "0", .flag, "1: the agent asks the server for nothing",
            otherwise: "the agent is read-only", restrict: { $1.readOnly.append(.token($0)) }
        ) { isSet, position, policy in
            if isSet { policy.readOnly.append(.token(position)) }
        },
        PolicyToken(
            "pin", .word, "tokens that keep the value of the main file, whatever a server pushes"
        ) { text, _, policy in
            policy.pinnedTokens.formUnion(text.split(whereSeparator: \.isWhitespace).map(String.init))
        },
        PolicyToken(
            "remote_may", default: "all of them", .remoteScopes,
            "what a pushed configuration may change: modules, commands, plugins, collections, general",
            otherwise: "a server may change nothing", restrict: { $1.remoteMay = [] }
        ) { scopes, _, policy in
            policy.remoteMay = scopes
        },
        PolicyToken(
            "allow_command", .word,
            "shell wildcards over a whole command that may run; the first rule that matches decides"
        ) { pattern, _, policy in
            policy.commandRules.append(CommandRule(allows: true, pattern: pattern))
        },
        PolicyToken(
            "deny_command", .word, "the same for a command that may not run",
            otherwise: "no command runs", restrict: { $1.commandRules.append(CommandRule(allows: false, pattern: "*")) }
        ) { pattern, _, policy in
            policy.commandRules.append(CommandRule(allows: false, pattern: pattern))
        },
        PolicyToken("plugin_manifest", .path, "digests of the plugins that may run, as sha256sum writes them") {
            path, _, policy in
            policy.pluginManifest = path
        },
        PolicyToken(
            "require_signature", .path, "public key (PEM, Ed25519) that must have signed what a server pushes",
            otherwise: "a server may change nothing", restrict: { $1.remoteMay = [] }
        ) { path, _, policy in
            policy.signatureKey = path
        },
        PolicyToken(
            flag: "strict_permissions", default: "1 as root, else 0",
            meaning: "1: refuse files that others can write, 0: warn", set: { $1.strictPermissions = $0 }),
        PolicyToken(
            "keep_capabilities", .capabilities,
            "what the agent keeps of root's power as pandora_user: dac_read_search, to read all files",
            otherwise: "it keeps none", restrict: { $1.keptCapabilities = [] }
        ) { capabilities, _, policy in
            policy.keptCapabilities = capabilities
        },
        PolicyToken(
            flag: "deny_listen", default: "1",
            meaning: "1: the kernel refuses listening to the agent and to all commands",
            set: { $1.refusesListening = $0 }),
        PolicyToken(
            flag: "confine_writes", default: "1",
            meaning: "1: the kernel keeps the agent itself from writing elsewhere than to its state, log and target",
            set: { $1.restrictsWriting = $0 }),
        PolicyToken(
            "command_limits", .commandLimits,
            "what each process of a command may take: memory, cpu (seconds), processes, files, file_size, as memory=512M",
            otherwise: "no command runs",
            restrict: { $1.commandRules.insert(CommandRule(allows: false, pattern: "*"), at: 0) }
        ) { limits, _, policy in
            policy.commandLimits.merge(limits) { $1 }
        },
    ]

    static func named(_ name: String) -> PolicyToken? { all.first { $0.name == name } }
}

extension ValueReader where Value == Set<RemoteScope> {
    fileprivate static var remoteScopes: Self {
        let words = RemoteScope.allCases.map(\.rawValue).joined(separator: ", ")
        return Self(expectation: "any of \(words)") { text in
            let scopes = text.split(whereSeparator: \.isWhitespace).map { RemoteScope(rawValue: String($0)) }
            return scopes.contains(nil) ? nil : Set(scopes.compactMap { $0 })
        }
    }
}

extension ValueReader where Value == Set<Capability> {
    fileprivate static var capabilities: Self {
        Self(expectation: "any of \(Capability.allCases.map(\.rawValue).joined(separator: ", "))") { text in
            let words = text.split(whereSeparator: \.isWhitespace)
            let capabilities = words.compactMap { Capability(rawValue: $0.lowercased().removingPrefix("cap_")) }
            return capabilities.count == words.count && !words.isEmpty ? Set(capabilities) : nil
        }
    }
}

extension String {
    fileprivate func removingPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
