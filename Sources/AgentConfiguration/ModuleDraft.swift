/// A line of a module, with what macros made of its value.
struct ModuleSetting: Sendable {
    let line: RawModule.Setting
    /// Which of the file's settings it is.
    let place: Int
    /// What macros made of its value; `nil` where it is as it stands in the file.
    let expansion: String?

    /// The token's name.
    var token: String { ModuleToken.all[Int(line.index)].name }
}

/// What the lines of a module say beside its definition, until all of them are read.
struct ModuleDraft: ~Copyable {
    var thresholds = Thresholds()
    var isDisabled = false
    /// Whether a line is wrong that the module must not run without.
    var isUnusable = false
    var source: (kind: ModuleToken.SourceToken, setting: ModuleSetting)?
    // Few modules have any, and an empty array costs nothing.
    var details: [(token: ModuleToken.DetailToken, setting: ModuleSetting)] = []
    /// The last line with a token of the Windows agent.
    var windowsToken: ModuleSetting?

    /// The last setting of a detail.
    func detail(_ token: ModuleToken.DetailToken) -> ModuleSetting? {
        details.last { $0.token == token }?.setting
    }
}

extension ModuleDefinition {
    /// Keeps the place of a line for whoever judges it on a host.
    mutating func remember(_ line: RawModule.Setting) {
        lines.append(
            ModuleLine(index: line.index, line: line.line.number, column: Int32(clamping: line.line.valueColumn)))
    }

    /// Makes a module that runs a single time one of which no rhythm is expected.
    mutating func finishType() {
        if schedule.absoluteInterval == .once { type = type.asynchronous }
    }
}

extension ConfiguredModuleType {
    /// The type of the same values without an expected rhythm, for modules that run a single time.
    fileprivate var asynchronous: ConfiguredModuleType {
        switch name {
        case "generic_data", "generic_data_inc", "generic_data_inc_abs": ConfiguredModuleType("async_data")
        case "generic_proc": ConfiguredModuleType("async_proc")
        case "generic_data_string": ConfiguredModuleType("async_string")
        default: self
        }
    }
}
