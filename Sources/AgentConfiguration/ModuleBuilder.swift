internal import SystemPackage

/// Turns the lines of a file's modules into their definitions.
struct ModuleBuilder {
    /// Why a module does not run, as a phrase.
    private struct Skipped: Error {
        let reason: String
    }

    /// What there is to tell of all modules so far.
    var diagnostics = DiagnosticLog()

    private let file: FilePath
    private let lines: ModuleLines
    private let macroTable: MacroTable
    /// The macros of modules that define none; `nil` = there are none.
    private let macros: Macros?

    /// - Parameter macros: The macros of the configuration.
    init(_ file: RawConfiguration, macros: MacroTable) {
        self.file = file.file
        lines = ModuleLines(file)
        macroTable = macros
        self.macros = macros.isEmpty ? nil : Macros(macros)
    }

    /// Builds a module of the file at the end of others: to move ten thousand of them costs as much as to read them.
    ///
    /// - Parameter room: How much longer macros may still make the settings of the configuration.
    /// - Returns: The module, where it does not run and was not added.
    mutating func build(
        _ raw: RawModule, into modules: inout [ModuleDefinition], _ room: inout MacroRoom
    ) -> SkippedModule? {
        let position = position(raw.first, column: raw.first.column)
        // What it does is known last.
        modules.append(
            ModuleDefinition(name: "", position: position, source: .command(""), sourcePosition: position))
        do throws(Skipped) {
            try build(raw, &modules[modules.count - 1], &room)
            return nil
        } catch {
            let name = modules.removeLast().name
            return SkippedModule(name: name, position: position, reason: error.reason)
        }
    }

    private mutating func build(
        _ raw: RawModule, _ module: inout ModuleDefinition, _ room: inout MacroRoom
    ) throws(Skipped) {
        var draft = ModuleDraft()
        if let macros = raw.definesMacros ? Macros(macroTable, own: ownMacros(of: raw)) : macros {
            takeLines(of: raw, macros, &room, &draft, &module)
        } else {
            module.attributeLines = .inFile(lines, settings: raw.settings)
            for place in raw.settings {
                take(ModuleSetting(line: lines.settings[place], place: place, expansion: nil), &draft, &module)
            }
        }
        try finish(raw, draft, &module)
    }

    private mutating func takeLines(
        of raw: RawModule, _ macros: Macros, _ room: inout MacroRoom, _ draft: inout ModuleDraft,
        _ module: inout ModuleDefinition
    ) {
        for place in raw.settings {
            let line = lines.settings[place]
            if line.isMacro { continue }
            // A value that no macro can change is read where it stands. Names have the bytes of UTF-8.
            guard line.line.damage != nil || lines.text.withBytes(line.line.value, macros.mayChange) else {
                take(ModuleSetting(line: line, place: place, expansion: nil), &draft, &module)
                continue
            }
            do throws(Macros.Refusal) {
                let expansion = try macros.expand(lines.value(of: line), &room)
                take(ModuleSetting(line: line, place: place, expansion: expansion), &draft, &module)
            } catch {
                leaveOut(line, error, &draft)
            }
        }
    }

    private mutating func finish(
        _ raw: RawModule, _ draft: borrowing ModuleDraft, _ module: inout ModuleDefinition
    ) throws(Skipped) {
        if let setting = draft.windowsToken {
            throw skip(module, "'\(setting.token)' exists in the Windows agent only", at: setting)
        }
        // What is switched off is not complained about.
        if draft.isDisabled { throw Skipped(reason: "module_disabled 1") }
        if draft.isUnusable { throw Skipped(reason: "a line that it cannot do without is wrong") }
        guard let (kind, setting) = draft.source else {
            throw skip(module, "it has nothing to run (module_exec, module_plugin …)", at: nil)
        }
        if module.name.isEmpty, kind != .plugin { throw skip(module, "it has no module_name", at: nil) }
        reportIdle(draft, raw, beside: kind)
        guard let source = makeSource(kind, setting, draft) else {
            throw Skipped(reason: "'\(setting.token)' is wrong")
        }
        for finding in draft.thresholds.findings(for: module.type) {
            let line = lines.settings[finding.setting].line
            diagnostics.report(.warning, at: position(line, column: line.column), finding.text)
        }
        module.source = source
        module.sourcePosition = valuePosition(setting)
        if kind == .regexp, let pattern = draft.detail(.pattern) { module.remember(pattern.line) }
        module.finishType()
    }

    private mutating func take(
        _ setting: ModuleSetting, _ draft: inout ModuleDraft, _ module: inout ModuleDefinition
    ) {
        let token = Int(setting.line.index)
        switch ModuleToken.all[token].role {
        case .attribute(let form): takeAttribute(form, setting, &draft, &module)
        case .name: module.name = value(of: setting)
        case .type: takeType(setting, &module)
        case .schedule(let part): takeSchedule(part, setting, &draft, &module)
        case .source(let kind):
            if let earlier = draft.source {
                report(.warning, setting, "'\(setting.token)' replaces the '\(earlier.setting.token)' above it")
            }
            draft.source = (kind, setting)
        case .detail(let detail): draft.details.append((detail, setting))
        case .none:
            switch ModuleToken.all[token].support {
            case .windowsOnly: draft.windowsToken = setting
            case .ignored(let reason): report(.warning, setting, "'\(setting.token)' has no effect: \(reason)")
            case .refused(let reason): report(.warning, setting, "'\(setting.token)' is refused: \(reason)")
            case .used: break
            }
        case .macro: break
        }
    }

    /// Leaves out a setting that macros make too long.
    private mutating func leaveOut(
        _ line: RawModule.Setting, _ refusal: Macros.Refusal, _ draft: inout ModuleDraft
    ) {
        let token = ModuleToken.all[Int(line.index)]
        if token.role.isIndispensable { draft.isUnusable = true }
        let place = position(line.line, column: line.line.valueColumn)
        let costs = token.role.isIndispensable ? Self.skippedPhrase : "the line has no effect"
        switch refusal {
        case .tooLong:
            diagnostics.report(
                .error, at: place,
                "\(token.name): with its macros it is longer than \(ConfigurationLine.longestLine) bytes; \(costs)")
        case .noRoom(isFirst: true):
            diagnostics.report(
                .error, at: place,
                "macros make the settings more than \(ConfigurationLoader.largestFile) bytes longer: this one is left "
                    + "out, and so are all from here on that they make longer")
        case .noRoom(isFirst: false): break
        }
    }

    /// The macros of a module's own, without those that have no effect.
    private mutating func ownMacros(of raw: RawModule) -> MacroTable {
        var own: [(name: String, value: String)] = []
        for setting in lines.settings[raw.settings] where setting.isMacro {
            let token = lines.text.string(setting.line.token)
            let name = String(token.dropFirst("module_macro".count))
            if let reason = MacroTable.misnaming(name) {
                diagnostics.report(
                    .error, at: position(setting.line, column: setting.line.column),
                    "'\(shownToken(token))' has no effect: \(reason)")
            } else {
                own.append((name, lines.value(of: setting)))
            }
        }
        return MacroTable(own)
    }

    private mutating func takeType(_ setting: ModuleSetting, _ module: inout ModuleDefinition) {
        let value = value(of: setting)
        if value.isEmpty {
            return report(.warning, setting, "module_type: no value, expected a type; the line has no effect")
        }
        // So are nearly all, and all of those are in lower case.
        if ConfiguredModuleType.known.contains(value) {
            return module.type = ConfiguredModuleType(value)
        }
        let type = ConfiguredModuleType(value.lowercased())
        module.type = type
        if type.name != value {
            report(.warning, setting, "the server knows types in lower case only: '\(type)' is used")
        }
        if !type.isKnown {
            let hint = nearest(to: type.name, among: ConfiguredModuleType.known).map { ": did you mean '\($0)'?" } ?? ""
            report(.warning, setting, "unknown module type '\(type)'\(hint)")
        }
    }

    private mutating func takeAttribute(
        _ form: ModuleToken.AttributeForm, _ setting: ModuleSetting, _ draft: inout ModuleDraft,
        _ module: inout ModuleDefinition
    ) {
        let number: Double?
        if var expansion = setting.expansion {
            if expansion.isEmpty { return }
            number = expansion.withUTF8 { form.number(in: UnsafeRawBufferPointer($0)) }
        } else {
            if setting.line.line.value.isEmpty { return }
            number = lines.text.withBytes(setting.line.line.value) { form.number(in: $0) }
        }
        module.attributeLines.take(Int(setting.line.index), value(of: setting))
        draft.thresholds.take(Int(setting.line.index), number: number, setting: setting.place)
        if number == nil {
            let shown = quotedValue(setting)
            diagnostics.report(
                .warning, at: valuePosition(setting),
                "\(setting.token): \(shown), expected \(form.expectation); the server gets it as it is")
        }
        if form == .pattern { module.remember(setting.line) }
    }

    private mutating func takeSchedule(
        _ part: ModuleToken.ScheduleToken, _ setting: ModuleSetting, _ draft: inout ModuleDraft,
        _ module: inout ModuleDefinition
    ) {
        switch part {
        case .interval:
            if let value = read(Self.interval, setting) { module.schedule.everyCycles = value }
        case .absoluteInterval:
            if let value = read(AbsoluteInterval.reader, setting) { module.schedule.absoluteInterval = value }
        case .crontab:
            // To run at times that nobody asked for would be worse than not to run.
            guard let crontab = read(Crontab.reader, setting, costs: Self.skippedPhrase) else {
                return draft.isUnusable = true
            }
            if !crontab.meetsSomeDay {
                diagnostics.report(
                    .warning, at: valuePosition(setting),
                    "\(setting.token): there is no such day in any year, and the module never runs")
            }
            module.schedule.crontab = crontab
        case .cronInterval:
            if let value = read(.integer(0...Int.max), setting) { module.schedule.cronInterval = value }
        case .precondition:
            // Without its precondition the module would run when it must not.
            guard let condition = read(CommandCondition.reader, setting, costs: Self.skippedPhrase) else {
                return draft.isUnusable = true
            }
            module.preconditions.append(condition)
            module.remember(setting.line)
        case .condition:
            guard let condition = read(CommandCondition.reader, setting) else { return }
            module.conditions.append(condition)
            module.remember(setting.line)
        case .intensiveCondition:
            guard let condition = read(Condition.reader, setting) else { return }
            module.intensiveConditions.append(condition)
            module.remember(setting.line)
        case .timeout:
            if let value = read(.seconds(1...86400), setting) { module.timeout = value }
        case .user:
            // As another user, the agent's, it might do what it must not.
            module.user = read(.word, setting, costs: Self.skippedPhrase)
            if module.user == nil { draft.isUnusable = true }
            module.remember(setting.line)
        case .save:
            guard let name = read(.environmentName, setting) else { return }
            module.savesAs = name
            module.remember(setting.line)
        case .disabled:
            if let value = read(.flag, setting) { draft.isDisabled = value }
        }
    }

    /// Made once, as most modules have one.
    private static let interval = ValueReader<Int>.integer(1...1_000_000_000)

    /// Names the lines that have no effect beside what the module does.
    private mutating func reportIdle(
        _ draft: borrowing ModuleDraft, _ raw: RawModule, beside source: ModuleToken.SourceToken
    ) {
        // Of nearly all modules there is nothing to ask.
        guard !draft.details.isEmpty || source == .plugin else { return }
        for idle in IdleLine.all(among: lines.settings[raw.settings], beside: source) {
            diagnostics.report(.warning, at: position(idle.line, column: idle.line.column), idle.text)
        }
    }

    static let skippedPhrase = "the module is skipped"

    /// Reads a value, or says what is wrong with it and what that costs.
    mutating func read<Value>(
        _ reader: ValueReader<Value>, _ setting: ModuleSetting, costs: String = "the line has no effect"
    ) -> Value? {
        if let value = reader.read(value(of: setting)) { return value }
        let shown = quotedValue(setting)
        diagnostics.report(
            .error, at: valuePosition(setting),
            "\(setting.token): \(shown), expected \(reader.expectation); \(costs)")
        return nil
    }

    mutating func report(
        _ severity: Diagnostic.Severity, _ setting: ModuleSetting, _ text: @autoclosure () -> String
    ) {
        diagnostics.report(severity, at: tokenPosition(setting), text())
    }

    private mutating func skip(_ module: ModuleDefinition, _ reason: String, at setting: ModuleSetting?) -> Skipped {
        let called = module.name.isEmpty ? "this module" : "module '\(module.name)'"
        diagnostics.report(
            .warning, at: setting.map { tokenPosition($0) } ?? module.position, "\(called) is skipped: \(reason)")
        return Skipped(reason: reason)
    }

    /// The text of a setting's value.
    func value(of setting: ModuleSetting) -> String { setting.expansion ?? lines.value(of: setting.line) }

    /// A value as messages show it.
    private func quotedValue(_ setting: ModuleSetting) -> String {
        RawSetting(setting.line.line, token: setting.token, value: value(of: setting)).quotedValue
    }

    private func tokenPosition(_ setting: ModuleSetting) -> SourcePosition {
        position(setting.line.line, column: setting.line.line.column)
    }

    private func valuePosition(_ setting: ModuleSetting) -> SourcePosition {
        position(setting.line.line, column: setting.line.line.valueColumn)
    }

    private func position(_ line: ConfigurationLine, column: Int) -> SourcePosition {
        SourcePosition(file: file, line: line.line, column: column)
    }
}

extension RawModule.Setting {
    /// Whether it defines a macro.
    var isMacro: Bool { Int(index) == ModuleToken.macroIndex }
}

extension ValueReader where Value == String {
    /// A name that a shell accepts for a variable.
    fileprivate static var environmentName: Self {
        Self(expectation: "the name of an environment variable") { text in
            let isName = text.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || Character(UnicodeScalar(byte)).isLetter
                    || Character(UnicodeScalar(byte)).isNumber
            }
            return isName && text.utf8.allSatisfy { $0 < 0x80 } && text.first?.isNumber == false ? text : nil
        }
    }
}
