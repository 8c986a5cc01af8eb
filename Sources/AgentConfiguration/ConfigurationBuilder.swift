internal import SystemPackage

/// Turns raw files into a ``Configuration``. Files are taken in the order in which they count.
struct ConfigurationBuilder {
    private let main: FilePath
    private var settings = GeneralSettings()
    private var policy = LocalPolicy()
    private var macros: [(name: String, value: String)] = []
    // Those whose modules are still to be made, since macros of any file count in all of them.
    private var moduleFiles: [RawConfiguration] = []
    private var customFields: [Int: CustomField] = [:]
    private var diagnostics = DiagnosticLog()
    // In the order in which people read them, which is that of the diagnostics.
    private var files: [FilePath]
    private var positions: [String: SourcePosition] = [:]
    private var refused: [RefusedSetting] = []
    // Applied last, to a copy of the primary's settings, since what they leave open is as at the primary.
    private var secondary: [(token: GeneralToken, setting: RawSetting, position: SourcePosition)] = []

    /// What the two tokens of a custom field say.
    private struct CustomField {
        var name: String?
        var value: (text: String, token: String, position: SourcePosition)?
    }

    /// A setting of something that this agent never does, which is told where it is asked for.
    private struct RefusedSetting {
        let token: GeneralToken
        let setting: RawSetting
        let reason: String
        let position: SourcePosition
    }

    init(main: FilePath) {
        self.main = main
        files = [main]
    }

    /// Adds what was found elsewhere.
    mutating func take(diagnostics other: DiagnosticLog) {
        diagnostics.append(other)
    }

    mutating func addReadOnly(_ source: ReadOnlySource) {
        policy.readOnly.append(source)
    }

    /// An included file: its modules, plugins and collections count, its general tokens do not.
    mutating func take(included file: RawConfiguration) {
        for setting in begin(file) where setting.token != "include" {
            if setting.token == "file_collection" {
                applyGeneral(setting, of: file)
            } else if PolicyToken.named(setting.token) != nil || GeneralToken.matching(setting.token) != nil {
                diagnostics.report(
                    .warning, at: file.position(setting),
                    "'\(shownToken(setting.token))' has no effect in an included file: move it to \(main)")
            } else {
                reportUnknown(setting, of: file)
            }
        }
        moduleFiles.append(file)
    }

    /// The main file.
    mutating func take(main file: RawConfiguration) {
        for setting in begin(file) {
            if let token = PolicyToken.named(setting.token) {
                if token.name == PolicyToken.readOnlyName {
                    applyPolicy(token, setting, of: file)
                } else {
                    diagnostics.report(
                        .error, at: file.position(setting), "'\(setting.token)' counts in local.conf alone")
                }
            } else {
                applyGeneral(setting, of: file)
            }
        }
        moduleFiles.append(file)
    }

    /// The host's own file, whose settings win.
    mutating func take(local file: RawConfiguration) {
        for setting in begin(file) {
            if let token = PolicyToken.named(setting.token) {
                applyPolicy(token, setting, of: file)
            } else if setting.token == "include" {
                diagnostics.report(
                    .error, at: file.position(setting), "'include' has no effect in local.conf: move it to \(main)")
            } else {
                applyGeneral(setting, of: file)
            }
        }
        moduleFiles.append(file)
    }

    private mutating func begin(_ file: RawConfiguration) -> [RawSetting] {
        files.append(file.file)
        diagnostics.append(file.diagnostics)
        return file.general
    }

    consuming func finish() -> Configuration {
        settings.secondary = settings.primary
        for (token, setting, position) in secondary { apply(token, setting, at: position) }
        finishCustomFields()
        reportRefused()
        var modules: [ModuleDefinition] = []
        var skipped: [SkippedModule] = []
        modules.reserveCapacity(moduleFiles.reduce(0) { $0 + $1.modules.count })
        let macros = MacroTable(macros)
        var macroRoom = MacroRoom()
        for file in moduleFiles {
            var builder = ModuleBuilder(file, macros: macros)
            for raw in file.modules {
                if let one = builder.build(raw, into: &modules, &macroRoom) { skipped.append(one) }
            }
            diagnostics.append(builder.diagnostics)
        }
        return Configuration(
            file: main, files: Self.unique(files), general: settings, generalPositions: positions, modules: modules,
            skippedModules: skipped, policy: policy,
            diagnostics: diagnostics.sorted(by: files))
    }

    private mutating func applyPolicy(_ token: PolicyToken, _ setting: RawSetting, of file: RawConfiguration) {
        if let misreading = token.apply(setting.value, file.position(setting), &policy) {
            reportValue(
                setting, at: file.position(setting), misreading.expectation, costs: misreading.consequence)
        }
    }

    private mutating func applyGeneral(_ setting: RawSetting, of file: RawConfiguration) {
        let position = file.position(setting)
        guard let token = GeneralToken.matching(setting.token) else { return reportUnknown(setting, of: file) }
        switch token.support {
        case .used, .windowsOnly:
            break
        case .ignored(let reason):
            return diagnostics.report(
                .warning, at: position, "'\(shownToken(setting.token))' has no effect: \(reason)")
        case .refused(let reason):
            return refused.append(
                RefusedSetting(token: token, setting: setting, reason: reason, position: position))
        }
        switch token.name {
        case "include": if setting.value.isEmpty { reportValue(setting, at: position, "a path or a wildcard") }
        case "macro*": define(macro: String(setting.token.dropFirst("macro".count)), setting, at: position)
        case "custom_fieldN_name":
            customFields[setting.customFieldNumber ?? 0, default: CustomField()].name = setting.value
        case "custom_fieldN_value":
            customFields[setting.customFieldNumber ?? 0, default: CustomField()].value =
                (setting.value, setting.token, position)
        case _ where token.isAboutSecondary: secondary.append((token, setting, position))
        default: apply(token, setting, at: position)
        }
    }

    private mutating func define(macro name: String, _ setting: RawSetting, at position: SourcePosition) {
        if let reason = MacroTable.misnaming(name) {
            return diagnostics.report(.error, at: position, "'\(shownToken(setting.token))' has no effect: \(reason)")
        }
        macros.append((name, setting.value))
    }

    private mutating func apply(_ token: GeneralToken, _ setting: RawSetting, at position: SourcePosition) {
        if let expectation = token.apply(setting.value, &settings) {
            reportValue(setting, at: position, expectation)
        } else {
            let place = SourcePosition(file: position.file, line: position.line, column: setting.valueColumn)
            positions[token.name] = place
            if token.name == "broker_agent" { positions["broker_agent \(setting.value)"] = place }
        }
    }

    private static func unique(_ files: [FilePath]) -> [FilePath] {
        var seen: Set<FilePath> = []
        return files.filter { seen.insert($0).inserted }
    }

    private mutating func finishCustomFields() {
        for number in customFields.keys.sorted() {
            guard let field = customFields[number] else { continue }
            if let name = field.name {
                settings.customFields.append(ConfiguredField(name: name, value: field.value?.text ?? ""))
            } else if let (_, token, position) = field.value {
                diagnostics.report(
                    .warning, at: position, "'\(token)' has no effect without 'custom_field\(number)_name'")
            }
        }
    }

    /// Shipped samples carry what is refused here switched off, and with it the details of what is switched off.
    private mutating func reportRefused() {
        var isOn: [String: Bool] = [:]
        for entry in refused where entry.token.name == entry.token.featureSwitch {
            isOn[entry.token.name] = ValueReader<Bool>.flag.read(entry.setting.value) ?? true
        }
        for entry in refused where entry.setting.value != "0" {
            if let feature = entry.token.featureSwitch, isOn[feature] != true { continue }
            diagnostics.report(
                .warning, at: entry.position,
                "'\(shownToken(entry.setting.token))' is refused: \(entry.reason)")
        }
    }

    private mutating func reportUnknown(_ setting: RawSetting, of file: RawConfiguration) {
        if ModuleToken.index(of: setting.token) != nil {
            diagnostics.report(
                .error, at: file.position(setting),
                "'\(setting.token)' stands outside module_begin … module_end and has no effect")
        } else {
            let names = GeneralToken.all.map(\.name) + PolicyToken.all.map(\.name)
            diagnostics.report(
                .error, at: file.position(setting),
                unknownToken(setting.token, among: names + ["module_begin", "module_end", "module_plugin"]))
        }
    }

    private mutating func reportValue(
        _ setting: RawSetting, at position: SourcePosition, _ expectation: String,
        costs: String = "the line has no effect"
    ) {
        diagnostics.report(
            .error,
            at: SourcePosition(file: position.file, line: position.line, column: setting.valueColumn),
            "\(setting.token): \(setting.quotedValue), expected \(expectation); \(costs)")
    }
}

extension RawSetting {
    /// The value as messages show it: short, and never what may hold a password.
    var quotedValue: String {
        if token.hasSuffix("_pwd") || token.hasSuffix("password") { return "the value" }
        if value.isEmpty { return "no value" }
        // What follows the first word is a command in these.
        let isCommand = token.hasSuffix("condition")
        let shown = isCommand ? value.prefix { !$0.isWhitespace }.prefix(60) : value.prefix(60)
        return shown.utf8.count < value.utf8.count ? "'\(shown)…'" : "'\(value)'"
    }

    /// The N of `custom_fieldN_name` and `custom_fieldN_value`.
    var customFieldNumber: Int? {
        guard token.hasPrefix("custom_field") else { return nil }
        return Int(token.dropFirst("custom_field".count).prefix { $0.isNumber })
    }
}

extension GeneralToken {
    /// The token that a name in a file stands for, those with a part to fill in included.
    static func matching(_ name: String) -> GeneralToken? {
        if let token = named(name) { return token.name.contains("*") ? nil : token }
        if name.hasPrefix("custom_field") {
            let rest = name.dropFirst("custom_field".count)
            let number = rest.prefix { $0.isNumber }
            guard Int(number) != nil else { return nil }
            return named("custom_fieldN\(rest.dropFirst(number.count))")
        }
        if name.hasPrefix("macro"), name != "macro" { return named("macro*") }
        if name.hasPrefix("process_"), name.hasSuffix("_start") { return named("process_*_start") }
        if name.hasPrefix("process_"), name.hasSuffix("_stop") { return named("process_*_stop") }
        return nil
    }
}
