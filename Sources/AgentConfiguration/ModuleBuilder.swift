internal import SystemPackage

/// Turns the lines of one module into its definition.
struct ModuleBuilder {
    /// Why a module does not run.
    struct Skipped: Error {
        let text: String
    }

    private(set) var name = ""
    private(set) var diagnostics = DiagnosticLog()

    /// Where the module begins.
    let position: SourcePosition

    private let text: ConfigurationText
    private let settings: ArraySlice<RawModule.Setting>
    private let macros: Macros
    private var type = ConfiguredModuleType.genericData
    // In the order of their tokens.
    private var attributes: [ModuleAttribute] = []
    private var thresholds = Thresholds()
    private var schedule = ModuleSchedule()
    private var preconditions: [CommandCondition] = []
    private var conditions: [CommandCondition] = []
    private var intensiveConditions: [Condition] = []
    private var timeout: Duration?
    private var user: String?
    private var savesAs: String?
    private var isDisabled = false
    private var source: (kind: ModuleToken.SourceToken, setting: RawSetting)?
    // Few modules have any, and an empty array costs nothing.
    private var details: [(token: ModuleToken.DetailToken, setting: RawSetting)] = []
    private var windowsToken: RawSetting?
    private var isUnusable = false
    private var lines: [ModuleLine] = []

    init(_ raw: RawModule, of file: RawConfiguration, macros general: MacroTable) {
        position = SourcePosition(file: file.file, line: raw.first.line, column: raw.first.column)
        text = file.text
        settings = file.moduleSettings[raw.settings]
        var own: [(name: String, value: String)] = []
        for setting in settings where setting.isMacro {
            let token = text.string(setting.line.token)
            let name = String(token.dropFirst("module_macro".count))
            if let reason = MacroTable.misnaming(name) {
                let place = SourcePosition(file: file.file, line: setting.line.line, column: setting.line.column)
                diagnostics.report(.error, at: place, "'\(shownToken(token))' has no effect: \(reason)")
            } else {
                own.append((name, text.string(setting.line.value)))
            }
        }
        macros = Macros(general, own: own.isEmpty ? .none : MacroTable(own))
    }

    /// - Parameter room: How much longer macros may still make the settings of the configuration.
    mutating func build(_ room: inout MacroRoom) throws(Skipped) -> ModuleDefinition {
        for setting in settings where !setting.isMacro {
            let index = Int(setting.index)
            var value = text.string(setting.line.value)
            do throws(Macros.Refusal) {
                value = try macros.expand(value, &room)
            } catch {
                leaveOut(index, setting.line, error)
                continue
            }
            take(index, RawSetting(setting.line, token: ModuleToken.all[index].name, value: value))
        }
        if let windowsToken {
            let text = "'\(windowsToken.token)' exists in the Windows agent only"
            throw skip(text, at: windowsToken)
        }
        // What is switched off is not complained about.
        if isDisabled { throw Skipped(text: "module_disabled 1") }
        if isUnusable { throw Skipped(text: "a line that it cannot do without is wrong") }
        guard let source else { throw skip("it has nothing to run (module_exec, module_plugin …)", at: nil) }
        if name.isEmpty, source.kind != .plugin { throw skip("it has no module_name", at: nil) }
        let sourcePosition = valuePosition(source.setting)
        reportIdle(beside: source.kind)
        guard let source = makeSource(source.kind, source.setting) else {
            throw Skipped(text: "'\(source.setting.token)' is wrong")
        }
        for finding in thresholds.findings(for: type) { report(.warning, finding.setting, finding.text) }
        var module = ModuleDefinition(
            name: name, position: position, source: source, sourcePosition: sourcePosition)
        module.type = schedule.absoluteInterval == .once ? type.asynchronous : type
        module.attributes = attributes
        module.schedule = schedule
        module.preconditions = preconditions
        module.conditions = conditions
        module.intensiveConditions = intensiveConditions
        module.timeout = timeout
        module.user = user
        module.savesAs = savesAs
        module.lines = lines
        return module
    }

    private mutating func take(_ index: Int, _ setting: RawSetting) {
        switch ModuleToken.all[index].role {
        case .name: name = setting.value
        case .type: takeType(setting)
        case .attribute(_, let form): takeAttribute(index, form, setting)
        case .schedule(let part): takeSchedule(index, part, setting)
        case .source(let kind):
            if let earlier = source {
                report(.warning, setting, "'\(setting.token)' replaces the '\(earlier.setting.token)' above it")
            }
            source = (kind, setting)
        case .detail(let detail): details.append((detail, setting))
        case .none: takeUnused(ModuleToken.all[index].support, setting)
        case .macro: break
        }
    }

    /// Leaves out a setting that macros make too long.
    private mutating func leaveOut(_ index: Int, _ line: ConfigurationLine, _ refusal: Macros.Refusal) {
        let token = ModuleToken.all[index]
        if token.role.isIndispensable { isUnusable = true }
        let place = SourcePosition(file: position.file, line: line.line, column: line.valueColumn)
        let costs = token.role.isIndispensable ? skippedPhrase : "the line has no effect"
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

    private mutating func takeUnused(_ support: TokenSupport, _ setting: RawSetting) {
        switch support {
        case .windowsOnly: windowsToken = setting
        case .ignored(let reason): report(.warning, setting, "'\(setting.token)' has no effect: \(reason)")
        case .refused(let reason): report(.warning, setting, "'\(setting.token)' is refused: \(reason)")
        case .used: break
        }
    }

    private mutating func takeType(_ setting: RawSetting) {
        if setting.value.isEmpty {
            return report(.warning, setting, "module_type: no value, expected a type; the line has no effect")
        }
        // So are nearly all, and all of those are in lower case.
        if ConfiguredModuleType.known.contains(setting.value) { return type = ConfiguredModuleType(setting.value) }
        let type = ConfiguredModuleType(setting.value.lowercased())
        self.type = type
        if type.name != setting.value {
            report(.warning, setting, "the server knows types in lower case only: '\(type)' is used")
        }
        if !type.isKnown {
            let hint = nearest(to: type.name, among: ConfiguredModuleType.known).map { ": did you mean '\($0)'?" } ?? ""
            report(.warning, setting, "unknown module type '\(type)'\(hint)")
        }
    }

    private mutating func takeAttribute(
        _ index: Int, _ form: ModuleToken.AttributeForm, _ setting: RawSetting
    ) {
        if setting.value.isEmpty { return }
        setAttribute(ModuleAttribute(index: Int16(index), text: setting.value))
        if let expectation = form.expectation(for: setting.value) {
            diagnostics.report(
                .warning, at: valuePosition(setting),
                "\(setting.token): \(setting.quotedValue), expected \(expectation); the server gets it as it is")
        }
        thresholds.take(setting, index: index)
        if Self.patternIndices.contains(index) { remember(index, setting) }
    }

    /// The indices in ``ModuleToken/all`` of the attributes that are regular expressions.
    private static let patternIndices = ["module_str_warning", "module_str_critical"].compactMap {
        ModuleToken.index(of: $0)
    }

    /// Keeps the place of a line for whoever judges it on a host.
    private mutating func remember(_ index: Int, _ setting: RawSetting) {
        lines.append(
            ModuleLine(
                index: Int16(clamping: index), line: Int32(clamping: setting.line),
                column: Int32(clamping: setting.valueColumn)))
    }

    private mutating func setAttribute(_ attribute: ModuleAttribute) {
        // Mostly they stand in the order of the tokens, so the place is the end.
        var place = attributes.count
        while place > 0, attributes[place - 1].index > attribute.index { place -= 1 }
        if place > 0, attributes[place - 1].index == attribute.index {
            attributes[place - 1] = attribute
        } else if place == attributes.count {
            // A name, a type and a command are no attributes, and nearly every module has them.
            if attributes.isEmpty { attributes.reserveCapacity(settings.count - 3) }
            attributes.append(attribute)
        } else {
            attributes.insert(attribute, at: place)
        }
    }

    private mutating func takeSchedule(_ index: Int, _ part: ModuleToken.ScheduleToken, _ setting: RawSetting) {
        switch part {
        case .interval:
            if let value = read(.integer(1...1_000_000_000), setting) { schedule.everyCycles = value }
        case .absoluteInterval:
            schedule.absoluteInterval = read(AbsoluteInterval.reader, setting) ?? schedule.absoluteInterval
        case .crontab:
            // To run at times that nobody asked for would be worse than not to run.
            guard let crontab = read(Crontab.reader, setting, costs: "the module is skipped") else {
                return isUnusable = true
            }
            if !crontab.meetsSomeDay {
                diagnostics.report(
                    .warning, at: valuePosition(setting),
                    "\(setting.token): there is no such day in any year, and the module never runs")
            }
            schedule.crontab = crontab
        case .cronInterval:
            schedule.cronInterval = read(.integer(0...Int.max), setting) ?? schedule.cronInterval
        case .precondition:
            // Without its precondition the module would run when it must not.
            guard let condition = read(CommandCondition.reader, setting, costs: "the module is skipped") else {
                return isUnusable = true
            }
            preconditions.append(condition)
            remember(index, setting)
        case .condition:
            guard let condition = read(CommandCondition.reader, setting) else { return }
            conditions.append(condition)
            remember(index, setting)
        case .intensiveCondition:
            guard let condition = read(Condition.reader, setting) else { return }
            intensiveConditions.append(condition)
            remember(index, setting)
        case .timeout:
            timeout = read(.seconds(1...86400), setting) ?? timeout
        case .user:
            // As another user, the agent's, it might do what it must not.
            user = read(.word, setting, costs: "the module is skipped")
            if user == nil { isUnusable = true }
            remember(index, setting)
        case .save:
            guard let name = read(.environmentName, setting) else { return }
            savesAs = name
            remember(index, setting)
        case .disabled:
            isDisabled = read(.flag, setting) ?? isDisabled
        }
    }

    private mutating func makeSource(_ kind: ModuleToken.SourceToken, _ setting: RawSetting) -> ModuleSource? {
        switch kind {
        case .freeMemory: return .freeMemory
        case .freePercentMemory: return .freePercentMemory
        case .cpuUsage:
            if setting.value.isEmpty || setting.value.lowercased() == "all" { return .cpuUsage(core: nil) }
            let reader = ValueReader<Int>(expectation: "all, or the number of a core") { text in
                Int(text).flatMap { $0 < 0 ? nil : $0 }
            }
            return read(reader, setting, costs: skippedPhrase).map { .cpuUsage(core: $0) }
        default: break
        }
        guard let value = read(.word, setting, costs: skippedPhrase) else { return nil }
        switch kind {
        case .exec: return .command(value)
        case .plugin: return .plugin(value)
        case .process: return .processRunning(value)
        case .service: return .serviceRunning(value)
        case .processCPU: return .processCPU(value)
        case .processMemory: return .processMemory(value)
        case .freeDisk: return .freeDisk(mount: value)
        case .freePercentDisk: return .freePercentDisk(mount: value)
        case .occupiedPercentDisk: return .occupiedPercentDisk(mount: value)
        case .regexp: return logPattern(file: value, setting)
        case .tcpCheck: return tcpCheck(host: value, setting)
        case .ping: return ping(host: value)
        case .cpuUsage, .freeMemory, .freePercentMemory: return nil
        }
    }

    /// Names the lines that have no effect beside what the module does.
    private mutating func reportIdle(beside source: ModuleToken.SourceToken) {
        // Of nearly all modules there is nothing to ask.
        guard !details.isEmpty || source == .plugin else { return }
        for idle in IdleLine.all(among: settings, beside: source) {
            diagnostics.report(
                .warning, at: SourcePosition(file: position.file, line: idle.line.line, column: idle.line.column),
                idle.text)
        }
    }

    /// The last setting of a detail.
    private func detail(_ token: ModuleToken.DetailToken) -> RawSetting? {
        details.last { $0.token == token }?.setting
    }

    private var skippedPhrase: String { "the module is skipped" }

    private mutating func logPattern(file: String, _ setting: RawSetting) -> ModuleSource? {
        guard let pattern = detail(.pattern), !pattern.value.isEmpty else {
            report(.error, setting, "module_regexp needs a module_pattern; the module is skipped")
            return nil
        }
        let fromStart = detail(.noSeekEOF).flatMap { read(.flag, $0) } ?? false
        return .logPattern(file: file, pattern: pattern.value, fromStart: fromStart)
    }

    private mutating func tcpCheck(host: String, _ setting: RawSetting) -> ModuleSource? {
        guard let port = detail(.port) else {
            report(.error, setting, "module_tcpcheck needs a module_port; the module is skipped")
            return nil
        }
        return read(.integer(1...65535), port, costs: skippedPhrase).map { .tcpCheck(host: host, port: $0) }
    }

    private mutating func ping(host: String) -> ModuleSource {
        let count = detail(.pingCount).flatMap { read(.integer(1...100), $0) } ?? 1
        let milliseconds = detail(.pingTimeout).flatMap { read(.integer(1...3_600_000), $0) } ?? 1000
        return .ping(host: host, count: count, timeout: .milliseconds(milliseconds))
    }

    private mutating func read<Value>(
        _ reader: ValueReader<Value>, _ setting: RawSetting, costs: String = "the line has no effect"
    ) -> Value? {
        if let value = reader.read(setting.value) { return value }
        diagnostics.report(
            .error, at: valuePosition(setting),
            "\(setting.token): \(setting.quotedValue), expected \(reader.expectation); \(costs)")
        return nil
    }

    private mutating func report(
        _ severity: Diagnostic.Severity, _ setting: RawSetting, _ text: @autoclosure () -> String
    ) {
        diagnostics.report(severity, at: tokenPosition(setting), text())
    }

    private mutating func skip(_ reason: String, at setting: RawSetting?) -> Skipped {
        let called = name.isEmpty ? "this module" : "module '\(name)'"
        diagnostics.report(
            .warning, at: setting.map { tokenPosition($0) } ?? position, "\(called) is skipped: \(reason)")
        return Skipped(text: reason)
    }

    private func tokenPosition(_ setting: RawSetting) -> SourcePosition {
        SourcePosition(file: position.file, line: setting.line, column: setting.column)
    }

    private func valuePosition(_ setting: RawSetting) -> SourcePosition {
        SourcePosition(file: position.file, line: setting.line, column: setting.valueColumn)
    }
}

extension RawModule.Setting {
    /// Whether it defines a macro.
    var isMacro: Bool { Int(index) == ModuleToken.macroIndex }
}

extension ConfiguredModuleType {
    /// The type of the same values without an expected rhythm, for modules that run a single time.
    var asynchronous: ConfiguredModuleType {
        switch name {
        case "generic_data", "generic_data_inc", "generic_data_inc_abs": ConfiguredModuleType("async_data")
        case "generic_proc": ConfiguredModuleType("async_proc")
        case "generic_data_string": ConfiguredModuleType("async_string")
        default: self
        }
    }
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
