/// The limits of a module, looked at together: each alone may be right where the pair can never have an effect.
struct Thresholds: Sendable {
    /// A line that has no effect, or not the one that it looks like.
    struct Finding: Sendable {
        /// Which of the file's settings it is about.
        let setting: Int
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

    /// A state that has limits of its own.
    private enum State: String {
        case warning, critical

        var minimum: Limit { self == .warning ? .minimumWarning : .minimumCritical }
        var maximum: Limit { self == .warning ? .maximumWarning : .maximumCritical }
        var text: Limit { self == .warning ? .textWarning : .textCritical }
        var inverse: Limit { self == .warning ? .inverseWarning : .inverseCritical }
    }

    /// What each token of ``ModuleToken/all`` is among the limits.
    private static let limits = ModuleToken.all.map { token in Limit.allCases.first { $0.token == token.name } }

    /// Which limits there are, a bit for each: most modules have no pair to compare, and no text.
    private var present: UInt16 = 0
    /// Each limit as a number; NaN where it is none.
    private var numbers = InlineArray<11, Double>(repeating: .nan)
    /// Which of the file's settings each limit is.
    private var settings = InlineArray<11, Int32>(repeating: 0)

    /// Remembers a setting if it is a limit.
    ///
    /// - Parameters:
    ///   - index: That of its token in ``ModuleToken/all``.
    ///   - number: Its value, as ``ModuleToken/AttributeForm/number(in:)`` reads it.
    ///   - setting: Which of the file's settings it is.
    mutating func take(_ index: Int, number: Double?, setting: Int) {
        guard let limit = Self.limits[index] else { return }
        present |= 1 << limit.rawValue
        numbers[limit.rawValue] = number ?? .nan
        settings[limit.rawValue] = Int32(clamping: setting)
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
        for state in [State.warning, .critical] {
            if isNumeric, let setting = emptyRange(of: state) {
                let (minimum, maximum) = (state.minimum.token, state.maximum.token)
                findings.append(
                    Finding(
                        setting: setting,
                        text:
                            "\(maximum) is below \(minimum): the state is never \(state.rawValue); 0 stands for no end")
                )
            }
            if isNumeric, let finding = unreachableRange(of: state, for: type) { findings.append(finding) }
            if isNumeric, let setting = self[state.text] {
                let text = "\(state.text.token) counts for text, and the values of \(type) are numbers"
                findings.append(Finding(setting: setting, text: text))
            }
            if !isNumeric, let limit = [state.minimum, state.maximum].first(where: has), let setting = self[limit] {
                let text = "\(limit.token) counts for numbers, and the values of \(type) are text"
                findings.append(Finding(setting: setting, text: text))
            }
        }
        return findings
    }

    /// The setting that ends the range of a state before it begins.
    private func emptyRange(of state: State) -> Int? {
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
                setting: setting,
                text: "values of \(type) are 0 and 1, and neither is in the range of \(state.rawValue)")
        }
        let (least, greatest) = (number(.minimum) ?? -.infinity, number(.maximum) ?? .infinity)
        // Where both are the same, servers take every value.
        guard least < greatest else { return nil }
        if range.lowerBound > greatest, let setting = self[state.minimum] {
            return Finding(
                setting: setting,
                text: "\(state.minimum.token) is above module_max: the state is never \(state.rawValue)")
        }
        if range.upperBound < least, let setting = self[state.maximum] {
            return Finding(
                setting: setting,
                text: "\(state.maximum.token) is below module_min: the state is never \(state.rawValue)")
        }
        return nil
    }

    private func isTrue(_ limit: Limit) -> Bool { numbers[limit.rawValue] == 1 }

    private func number(_ limit: Limit) -> Double? {
        let number = numbers[limit.rawValue]
        return number.isNaN ? nil : number
    }

    private func pair(_ minimum: Limit, _ maximum: Limit) -> (Double, Double, Int)? {
        guard let low = number(minimum), let high = number(maximum), let setting = self[maximum] else { return nil }
        return (low, high, setting)
    }

    private func has(_ limit: Limit) -> Bool { present & (1 << limit.rawValue) != 0 }

    /// Which of the file's settings a limit is; `nil` where there is none.
    private subscript(limit: Limit) -> Int? { has(limit) ? Int(settings[limit.rawValue]) : nil }
}

extension ModuleToken.AttributeForm {
    /// What a value is as a number: 0 or 1 for a flag, NaN for what need be none; `nil` where it is not of this form.
    func number(in value: UnsafeRawBufferPointer) -> Double? {
        switch self {
        case .text, .pattern: return .nan
        case .number:
            return value.wholeNumber.map { Double($0) }
                ?? ValueReader<Double>.number(in: String(decoding: value, as: UTF8.self))
        case .count:
            return
                (value.wholeNumber
                ?? ValueReader<Int>.integer(0...Int.max).read(String(decoding: value, as: UTF8.self))).map {
                    Double($0)
                }
        case .flag:
            if let number = value.wholeNumber, number <= 1, value.count == 1 { return Double(number) }
            return ValueReader<Bool>.flag.read(String(decoding: value, as: UTF8.self)).map { $0 ? 1 : 0 }
        }
    }

    /// What is expected, as a phrase that follows "expected".
    var expectation: String {
        switch self {
        case .text, .pattern: ValueReader<String>.text.expectation
        case .number: ValueReader<Double>.decimal.expectation
        case .count: ValueReader<Int>.integer(0...Int.max).expectation
        case .flag: ValueReader<Bool>.flag.expectation
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The number that up to 15 digits are, as nearly all are; `nil` for all else. A Double holds each of those.
    fileprivate var wholeNumber: Int? {
        guard (1...15).contains(count) else { return nil }
        var number = 0
        for byte in self {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }
}
