/// Something that one configuration has otherwise than another one of the same host.
public enum ConfigurationChange: Sendable, Hashable {
    /// A general token of the main file has other values; its name as ``GeneralToken/name`` has it, or as it stands there
    /// where nobody knows it.
    case token(String)
    /// A token that the local policy pins has other values, or one that would make its value count no more.
    case pinned(String)
    /// Module definitions of the main file differ, be it in their order.
    case modules
    /// A module of another file than the main one would become another, by a macro for example; how messages call it.
    case moduleElsewhere(String)
    /// A command that did not run before would.
    case command(String)
    /// A plugin, with its arguments, that did not run before would.
    case plugin(String)
    /// A value would go into the environment of commands under a name that it did not have before.
    case savedValue(String)
}

extension Configuration {
    /// Which general tokens, and which pinned ones, other bytes in the main file would change. Nothing but these bytes is
    /// looked at, so no `include` among them is followed.
    ///
    /// - Parameters:
    ///   - current: The bytes of the main file.
    ///   - contents: The bytes in their place.
    /// - Returns: Each change once, in the order of the names.
    public func tokenChanges(from current: [UInt8], to contents: [UInt8]) -> [ConfigurationChange] {
        let before = MainFileValues(RawConfiguration(current, file: file))
        let after = MainFileValues(RawConfiguration(contents, file: file))
        var changes: [ConfigurationChange] = []
        var tokens: Set<String> = []
        for name in Set(before.general.keys).union(after.general.keys).sorted()
        where before.general[name] != after.general[name] {
            let token = GeneralToken.matching(name)?.name ?? name
            if tokens.insert(token).inserted { changes.append(.token(token)) }
        }
        for pin in policy.pinnedTokens.sorted()
        where Self.pinned(with: pin).contains(where: { before.values(of: $0) != after.values(of: $0) }) {
            changes.append(.pinned(pin))
        }
        return changes
    }

    /// What another configuration would change of modules, those of other files than the main one included, and of what
    /// they run.
    ///
    /// - Parameters:
    ///   - current: The bytes of the main file.
    ///   - other: The configuration with other bytes in its place.
    ///   - contents: Those bytes.
    /// - Returns: Each change once.
    public func moduleChanges(
        from current: [UInt8], to other: Configuration, from contents: [UInt8]
    ) -> [ConfigurationChange] {
        let before = MainFileValues(RawConfiguration(current, file: file)).modules
        let after = MainFileValues(RawConfiguration(contents, file: file)).modules
        var changes: [ConfigurationChange] = before == after ? [] : [.modules]
        changes += changedModulesElsewhere(in: other)
        changes += newOnes(\.commandsToRun, in: other).map { .command($0.text.text) }
        changes += newOnes(\.pluginsToRun, in: other).map { .plugin($0.text.text) }
        changes += newOnes(\.savedNames, in: other).map { .savedValue($0) }
        return changes
    }

    /// A token, and those that would take its place.
    private static func pinned(with token: String) -> [String] {
        switch token {
        case "delayed_startup", "startup_delay": ["delayed_startup", "startup_delay"]
        case "agent_name", "agent_alias": [token, "\(token)_cmd"]
        case "latitude", "longitude", "altitude": [token, "gis_exec"]
        default: [token]
        }
    }

    private func changedModulesElsewhere(in other: Configuration) -> [ConfigurationChange] {
        let before = modules.filter { $0.position.file != file }
        let after = other.modules.filter { $0.position.file != file }
        let changed = Set(before).symmetricDifference(after)
        return Set(changed.map(\.displayName)).sorted().map { .moduleElsewhere($0) }
    }

    private func newOnes<Item: Hashable>(
        _ list: KeyPath<Configuration, [Item]>, in other: Configuration
    ) -> [Item] {
        var known = Set(self[keyPath: list])
        return other[keyPath: list].filter { known.insert($0).inserted }
    }

    /// A command, and as whom it runs: as another user it is another command.
    private struct CommandToRun: Hashable {
        let text: ExactText
        let user: String?

        init(_ text: String, user: String?) {
            self.text = ExactText(text)
            self.user = user
        }
    }

    private var commandsToRun: [CommandToRun] {
        let general = [self.general.agentNameCommand, self.general.agentAliasCommand, self.general.positionCommand]
        return general.compactMap { $0.map { CommandToRun($0, user: nil) } }
            + modules.flatMap { module -> [CommandToRun] in
                var commands = (module.preconditions + module.conditions).map(\.command)
                if case .command(let text) = module.source { commands.append(text) }
                return commands.map { CommandToRun($0, user: module.user) }
            }
    }

    private var pluginsToRun: [CommandToRun] {
        modules.compactMap {
            if case .plugin(let text) = $0.source { CommandToRun(text, user: $0.user) } else { nil }
        }
    }

    private var savedNames: [String] { modules.compactMap(\.savesAs) }
}

/// What the lines of a main file say, without their places.
private struct MainFileValues {
    /// The values of each general token, in their order.
    let general: [String: [ExactText]]
    /// The tokens and values of each module.
    let modules: [[[ExactText]]]

    init(_ file: RawConfiguration) {
        general = file.general.reduce(into: [:]) { $0[$1.token, default: []].append(ExactText($1.value)) }
        modules = file.modules.map { module in
            file.moduleSettings[module.settings].map { setting in
                [setting.line.token, setting.line.value].map { ExactText(file.text.string($0)) }
            }
        }
    }

    /// The values of a token in the whole file.
    func values(of token: String) -> [ExactText] {
        (general[token] ?? []) + modules.joined().filter { $0.first?.text == token }.compactMap(\.last)
    }
}

/// Text that is the same only in the same bytes, as for a shell: for a String, é is the same as e with an accent behind it.
private struct ExactText: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(0xFF as UInt8)
    }
}
