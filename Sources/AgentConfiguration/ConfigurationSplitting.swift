internal import SystemPackage
internal import TextEncodings

/// The splitting of one file, line by line.
struct ConfigurationSplitting {
    private let file: FilePath
    private let text: ConfigurationText
    private var general: [RawSetting] = []
    private var modules: [RawModule] = []
    private var moduleSettings: [RawModule.Setting] = []
    private var diagnostics = DiagnosticLog()

    /// Whether some line is not UTF-8.
    private(set) var isDamaged = false

    /// How many modules there were beyond ``RawConfiguration/mostModules``, and the first of them.
    private var surplus: (count: Int, first: SourcePosition)?

    /// The module that the next lines belong to.
    private var openModule: OpenModule?

    /// A module whose end was not found yet.
    private struct OpenModule {
        let first: ConfigurationLine
        /// How many settings of modules stand before its own.
        let settingsBefore: Int
        var definesMacros = false
    }

    /// Splits a file.
    ///
    /// - Parameter encoding: What lines that are not UTF-8 are in.
    init(_ bytes: [UInt8], file: FilePath, encoding: TextEncoding) {
        self.file = file
        text = ConfigurationText(bytes, encoding: encoding)
        // Room for lines of a usual length. Memory that is never written to costs nothing, and growing would copy.
        moduleSettings.reserveCapacity(bytes.count / 24)
        reportCarriageReturns()
        text.forEachLine { take($0, token: $1) }
        if let unfinished = openModule {
            report(
                .warning, unfinished.first,
                "this module has no module_end before the end of the file; it is used as it stands")
            append(unfinished)
        }
        if let surplus {
            diagnostics.report(
                .error, at: surplus.first,
                "more than \(RawConfiguration.mostModules) modules: the \(surplus.count) from here on are left out")
        }
    }

    /// What the file holds.
    var result: RawConfiguration {
        RawConfiguration(
            file: file, text: text, general: general, modules: modules, moduleSettings: moduleSettings,
            diagnostics: diagnostics)
    }

    private mutating func take(_ line: ConfigurationLine, token: UnsafeRawBufferPointer) {
        guard isUsable(line) else { return }
        switch ModuleWord(token) {
        case .token(let index) where openModule != nil:
            appendSetting(line, index: index)
        case .begin:
            if let unfinished = openModule { close(unfinished, before: line) }
            warnOfValue(line)
            openModule = OpenModule(first: line, settingsBefore: moduleSettings.count)
        case .end:
            warnOfValue(line)
            if let module = openModule {
                append(module)
            } else {
                report(.error, line, "module_end without a module_begin before it")
            }
            openModule = nil
        case .token(let index) where index == ModuleToken.pluginIndex:
            let module = OpenModule(first: line, settingsBefore: moduleSettings.count)
            appendSetting(line, index: index)
            append(module)
        case nil where openModule != nil:
            takeUnknown(line)
        case .token, nil:
            general.append(setting(line))
        }
    }

    private func position(_ line: ConfigurationLine) -> SourcePosition {
        SourcePosition(file: file, line: line.line, column: line.column)
    }

    private func setting(_ line: ConfigurationLine) -> RawSetting {
        RawSetting(line, token: text.string(line.token), value: text.string(line.value))
    }

    private mutating func isUsable(_ line: ConfigurationLine) -> Bool {
        guard let damage = line.damage else { return true }
        switch damage {
        case .notUTF8:
            isDamaged = true
            let encoding = text.encoding
            report(
                .warning, line,
                encoding == .utf8
                    ? "this line is not UTF-8: the wrong bytes are replaced by U+FFFD"
                    : "this line is not UTF-8: it is read as \(encoding)")
        case .containsNUL:
            report(.error, line, "this line holds a NUL byte and is left out")
        case .tooLong:
            report(.error, line, "this line is longer than \(ConfigurationLine.longestLine) bytes and is left out")
        }
        return !damage.isFatal
    }

    private mutating func reportCarriageReturns() {
        guard let (line, column) = text.loneCarriageReturn else { return }
        diagnostics.report(
            text.isSingleLine ? .error : .warning, at: SourcePosition(file: file, line: line, column: column),
            "a CR alone ends no line, and what follows belongs to this one: save the file with LF or CR LF as line ends"
        )
    }

    private mutating func close(_ module: OpenModule, before line: ConfigurationLine) {
        report(
            .warning, line,
            "the module that began at line \(module.first.line) has no module_end; it is used as it stands")
        append(module)
    }

    private mutating func warnOfValue(_ line: ConfigurationLine) {
        if line.value.isEmpty { return }
        diagnostics.report(
            .warning, at: SourcePosition(file: file, line: line.line, column: line.valueColumn),
            "what follows \(text.string(line.token)) on its line has no effect")
    }

    private mutating func append(_ module: OpenModule) {
        if modules.count < RawConfiguration.mostModules {
            let settings = module.settingsBefore..<moduleSettings.count
            return modules.append(
                RawModule(first: module.first, settings: settings, definesMacros: module.definesMacros))
        }
        moduleSettings.removeSubrange(module.settingsBefore...)
        surplus = ((surplus?.count ?? 0) + 1, surplus?.first ?? position(module.first))
    }

    private mutating func appendSetting(_ line: ConfigurationLine, index: Int) {
        if index == ModuleToken.macroIndex { openModule?.definesMacros = true }
        moduleSettings.append(RawModule.Setting(line: line, index: Int16(index)))
    }

    /// A line of a module whose first word is no token of a module: a macro, or an error.
    private mutating func takeUnknown(_ line: ConfigurationLine) {
        let token = text.string(line.token)
        let macro = "module_macro"
        if let index = ModuleToken.macroIndex, token.hasPrefix(macro), token.utf8.count > macro.utf8.count {
            appendSetting(line, index: index)
        } else if GeneralToken.matching(token) != nil {
            report(
                .error, line,
                "'\(shownToken(token))' is a general token and has no effect inside a module: is module_end missing?")
        } else {
            report(.error, line, unknownToken(token, among: ModuleToken.all.lazy.map(\.name)))
        }
    }

    private mutating func report(
        _ severity: Diagnostic.Severity, _ line: ConfigurationLine, _ text: @autoclosure () -> String
    ) {
        diagnostics.report(severity, at: position(line), text())
    }
}
