internal import SystemPackage
internal import TextEncodings

/// A line of a configuration as it was written: which token, what value, where.
struct RawSetting: Sendable {
    let token: String
    let value: String
    let line: Int
    let column: Int
    let valueColumn: Int

    /// - Parameters:
    ///   - token: The text of the line's token.
    ///   - value: The text of its value, or what macros made of it.
    init(_ line: ConfigurationLine, token: String, value: String) {
        self.token = token
        self.value = value
        self.line = line.line
        column = line.column
        valueColumn = line.valueColumn
    }
}

/// Which lines of a file make a module.
struct RawModule: Sendable {
    /// A line with a token of ``ModuleToken/all``.
    struct Setting: Sendable {
        let line: ConfigurationLine
        /// The index of the token in ``ModuleToken/all``.
        let index: Int16
    }

    /// The line that it begins with.
    let first: ConfigurationLine
    /// Which of the file's ``RawConfiguration/moduleSettings`` are its own.
    let settings: Range<Int>
    /// Whether a macro is among them.
    let definesMacros: Bool
}

/// One file, split into general settings and modules. Nothing of another file is looked at, and no value is read yet.
struct RawConfiguration: Sendable {
    let file: FilePath
    let text: ConfigurationText
    let general: [RawSetting]
    let modules: [RawModule]
    /// The settings of all modules, in one array since there are so many.
    let moduleSettings: [RawModule.Setting]
    let diagnostics: DiagnosticLog

    /// The most modules that one file may define; what is beyond has no effect.
    static let mostModules = 100_000

    /// What the file says that data files are in; `nil` where it says nothing that is known.
    var namedEncoding: TextEncoding? {
        general.reversed().lazy.filter { $0.token == "encoding" }.compactMap { TextEncoding(name: $0.value) }.first
    }

    /// The position of a setting of this file.
    func position(_ setting: RawSetting) -> SourcePosition {
        SourcePosition(file: file, line: setting.line, column: setting.column)
    }
}

extension RawConfiguration {
    /// Reads a file.
    ///
    /// - Parameter encoding: What lines that are not UTF-8 are in; `nil` = what the file itself says of data files.
    init(_ bytes: [UInt8], file: FilePath, encoding: TextEncoding? = nil) {
        var splitting = ConfigurationSplitting(bytes, file: file, encoding: encoding ?? .utf8)
        // That is known once the file is read. Few files need to be read twice.
        if splitting.isDamaged, encoding == nil, let named = splitting.result.namedEncoding, named != .utf8 {
            splitting = ConfigurationSplitting(bytes, file: file, encoding: named)
        }
        self = splitting.result
    }
}

/// The sentence about a token that nobody knows.
func unknownToken(_ name: String, among candidates: some Sequence<String>) -> String {
    let hint = nearest(to: name, among: candidates).map { ": did you mean '\($0)'?" } ?? ""
    return "unknown token '\(shownToken(name))'\(hint)"
}

/// A word that may be a token, short, and without what somebody glued to it: after a `=` there may be a password.
func shownToken(_ name: String) -> String {
    let isPartOfName: (Character) -> Bool = { $0.isLetter || $0.isNumber || "_-.*".contains($0) }
    let shown = name.prefix { isPartOfName($0) }.prefix(60)
    return shown.utf8.count == name.utf8.count ? name : shown + "…"
}
