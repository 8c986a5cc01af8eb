/// The limits of a module, looked at together: each alone may be right where the pair can never have an effect.
struct Thresholds: Sendable {
    /// A line that has no effect, or not the one that it looks like.
    struct Finding: Sendable {
        let setting: RawSetting
        let text: String
    }

    /// The tokens of limits.
    private enum Limit: Int, CaseIterable {
        case minimum, maximum, factor
        case minimumWarning, maximumWarning, textWarning, inverseWarning
        case minimumCritical, maximumCritical, textCritical, inverseCritical

        var token: String {
            switch self {
            case .minimum: "module_min"
            case .maximum: "module_max"
            case .factor: "module_postprocess"
            case .minimumWarning: "module_min_warning"
            case .maximumWarning: "module_max_warning"
            case .textWarning: "module_str_warning"
            case .inverseWarning: "module_warning_inverse"
            case .minimumCritical: "module_min_critical"
            case .maximumCritical: "module_max_critical"
            case .textCritical: "module_str_critical"
            case .inverseCritical: "module_critical_inverse"
            }
        }
    }

    /// The limits of one state.
    private struct State {
        let name: String
        let minimum: Limit
        let maximum: Limit
        let text: Limit
        let inverse: Limit
    }

    private static let states = [
        State(
            name: "warning", minimum: .minimumWarning, maximum: .maximumWarning, text: .textWarning,
            inverse: .inverseWarning),
        State(
            name: "critical", minimum: .minimumCritical, maximum: .maximumCritical, text: .textCritical,
            inverse: .inverseCritical),
    ]

    /// What each token of ``ModuleToken/all`` is among the limits.
    private static let limits = ModuleToken.all.map { token in Limit.allCases.first { $0.token == token.name } }

    // A module has two or three.
    private var settings: [(limit: Limit, setting: RawSetting)] = []
    /// Which limits are among the settings, a bit for each: most modules have no pair to compare, and no text.
    private var present: UInt16 = 0

    /// Remembers a setting if it is a limit.
    ///
    /// - Parameter index: That of its token in ``ModuleToken/all``.
    mutating func take(_ setting: RawSetting, index: Int) {
        guard let limit = Self.limits[index] else { return }
        if has(limit), let earlier = settings.firstIndex(where: { $0.limit == limit }) {
            settings[earlier].setting = setting
        } else {
            if settings.isEmpty { settings.reserveCapacity(4) }
            settings.append((limit, setting))
            present |= 1 << limit.rawValue
        }
    }

    /// What is wrong with the limits for values of a type.
    func findings(for type: ConfiguredModuleType) -> [Finding] {
        if present == 0 { return [] }
        var findings: [Finding] = []
        if let (minimum, maximum, setting) = pair(.minimum, .maximum), minimum > maximum {
            findings.append(
                Finding(setting: setting, text: "module_max is below module_min: the server accepts no value"))
        }
        let isNumeric = type.isNumeric
        for state in Self.states {
            if isNumeric, let setting = emptyRange(of: state) {
                let (minimum, maximum) = (state.minimum.token, state.maximum.token)
                findings.append(
                    Finding(
                        setting: setting,
                        text: "\(maximum) is below \(minimum): the state is never \(state.name); 0 stands for no end"))
            }
            if isNumeric, let finding = unreachableRange(of: state, for: type) { findings.append(finding) }
            if isNumeric, let setting = self[state.text] {
                let text = "\(setting.token) counts for text, and the values of \(type) are numbers"
                findings.append(Finding(setting: setting, text: text))
            }
            if !isNumeric, let setting = self[state.minimum] ?? self[state.maximum] {
                let text = "\(setting.token) counts for numbers, and the values of \(type) are text"
                findings.append(Finding(setting: setting, text: text))
            }
        }
        return findings
    }

    /// The setting that ends the range of a state before it begins.
    private func emptyRange(of state: State) -> RawSetting? {
        // A greatest value of 0 stands for no end.
        guard let (minimum, maximum, setting) = pair(state.minimum, state.maximum), minimum > maximum, maximum != 0
        else { return nil }
        return isTrue(state.inverse) ? nil : setting
    }

    /// A range of a state that no value of the module can fall into.
    private func unreachableRange(of state: State, for type: ConfiguredModuleType) -> Finding? {
        guard has(state.minimum) || has(state.maximum) else { return nil }
        let isFlag = type.isFlag
        guard isFlag || has(.minimum) || has(.maximum), !isTrue(state.inverse) else { return nil }
        // The server compares what it made of a value by then with the range, but what arrived with the limits.
        guard isFlag || !has(.factor) && !type.isIncremental else { return nil }
        let low = number(state.minimum)
        // A greatest value of 0 stands for no end.
        let high = number(state.maximum).flatMap { $0 == 0 ? nil : $0 }
        // Two that are 0 stand for no range, and an empty one is a finding of its own.
        guard low ?? 0 != 0 || high != nil, low ?? -.infinity <= high ?? .infinity else { return nil }
        let range = (low ?? -.infinity)...(high ?? .infinity)
        if isFlag {
            guard !range.contains(0), !range.contains(1), let setting = self[state.minimum] ?? self[state.maximum]
            else {
                return nil
            }
            return Finding(
                setting: setting, text: "values of \(type) are 0 and 1, and neither is in the range of \(state.name)")
        }
        let (least, greatest) = (number(.minimum) ?? -.infinity, number(.maximum) ?? .infinity)
        // Where both are the same, servers take every value.
        guard least < greatest else { return nil }
        if range.lowerBound > greatest, let setting = self[state.minimum] {
            return Finding(
                setting: setting,
                text: "\(state.minimum.token) is above module_max: the state is never \(state.name)")
        }
        if range.upperBound < least, let setting = self[state.maximum] {
            return Finding(
                setting: setting,
                text: "\(state.maximum.token) is below module_min: the state is never \(state.name)")
        }
        return nil
    }

    private func isTrue(_ limit: Limit) -> Bool {
        self[limit].flatMap { ValueReader<Bool>.flag.read($0.value) } ?? false
    }

    private func number(_ limit: Limit) -> Double? {
        self[limit].flatMap { ValueReader<Double>.number(in: $0.value) }
    }

    private func pair(_ minimum: Limit, _ maximum: Limit) -> (Double, Double, RawSetting)? {
        guard has(minimum), has(maximum), let low = number(minimum), let setting = self[maximum],
            let high = number(maximum)
        else { return nil }
        return (low, high, setting)
    }

    private func has(_ limit: Limit) -> Bool { present & (1 << limit.rawValue) != 0 }

    private subscript(limit: Limit) -> RawSetting? {
        has(limit) ? settings.first { $0.limit == limit }?.setting : nil
    }
}

extension ModuleToken.AttributeForm {
    /// What was expected instead of a text; `nil` where it is of this form.
    func expectation(for text: String) -> String? {
        switch self {
        case .text: nil
        case .number: ValueReader<Double>.number(in: text) == nil ? ValueReader<Double>.decimal.expectation : nil
        case .count: Self.expectation(ValueReader<Int>.integer(0...Int.max), text)
        case .flag: Self.expectation(ValueReader<Bool>.flag, text)
        }
    }

    private static func expectation<Value>(_ reader: ValueReader<Value>, _ text: String) -> String? {
        reader.read(text) == nil ? reader.expectation : nil
    }
}
