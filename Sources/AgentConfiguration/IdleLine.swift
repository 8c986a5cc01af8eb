/// A line of a module that would have an effect beside another source alone.
struct IdleLine {
    /// The line.
    let line: ConfigurationLine
    /// What to say of it.
    let text: String

    /// The idle ones among a module's lines, in their order.
    ///
    /// - Parameter source: What the module does.
    static func all(
        among settings: ArraySlice<RawModule.Setting>, beside source: ModuleToken.SourceToken
    ) -> [IdleLine] {
        details(among: settings, beside: source) + (source == .plugin ? dressing(among: settings) : [])
    }

    private static func details(
        among settings: ArraySlice<RawModule.Setting>, beside source: ModuleToken.SourceToken
    ) -> [IdleLine] {
        settings.compactMap { setting in
            guard !setting.isMacro, case .detail(let detail) = ModuleToken.all[Int(setting.index)].role,
                detail.source != source
            else { return nil }
            let name = ModuleToken.all[Int(setting.index)].name
            return IdleLine(line: setting.line, text: "'\(name)' has no effect without \(detail.source.name)")
        }
    }

    /// What a module's value is sent with, which a plugin prints itself: one finding for all of it, at the first line.
    private static func dressing(among settings: ArraySlice<RawModule.Setting>) -> [IdleLine] {
        var tokens: [String] = []
        var first: ConfigurationLine?
        for setting in settings where !setting.isMacro {
            let token = ModuleToken.all[Int(setting.index)]
            guard token.dressesValue, !tokens.contains(token.name) else { continue }
            tokens.append(token.name)
            first = first ?? setting.line
        }
        guard let first else { return [] }
        let verb = tokens.count == 1 ? "has" : "have"
        return [
            IdleLine(
                line: first,
                text: "of a plugin \(tokens.joined(separator: ", ")) \(verb) no effect: what it prints says all of its "
                    + "modules")
        ]
    }
}

extension ModuleToken {
    /// Whether it is about the value that the agent sends as the module's, which no plugin has.
    fileprivate var dressesValue: Bool {
        switch role {
        case .type, .attribute, .schedule(.cronInterval): true
        default: false
        }
    }
}

extension ModuleToken.DetailToken {
    /// The token that it completes.
    fileprivate var source: ModuleToken.SourceToken {
        switch self {
        case .pattern, .noSeekEOF: .regexp
        case .port: .tcpCheck
        case .pingCount, .pingTimeout: .ping
        }
    }
}

extension ModuleToken.SourceToken {
    /// The name of its token.
    fileprivate var name: String { ModuleToken.all.first { $0.role == .source(self) }?.name ?? "" }
}
