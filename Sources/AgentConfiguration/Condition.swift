/// A test of a value: `> n`, `< n`, `= n`, `!= n`, `=~ regexp`, `(a, b)`.
public enum Condition: Sendable, Hashable {
    /// Greater than.
    case greater(Double)
    /// Less than.
    case less(Double)
    /// Equal.
    case equal(Double)
    /// Not equal.
    case notEqual(Double)
    /// Matches a regular expression.
    case matches(String)
    /// Between two numbers, neither of which counts.
    case between(Double, Double)

    /// Whether a number holds; `nil` for ``matches(_:)``, which is about text.
    public func holds(for number: Double) -> Bool? {
        switch self {
        case .greater(let limit): number > limit
        case .less(let limit): number < limit
        case .equal(let other): number == other
        case .notEqual(let other): number != other
        case .between(let low, let high): number > low && number < high
        case .matches: nil
        }
    }

    static let expectation = "a condition: > n, < n, = n, != n, =~ regexp or (a, b)"

    static let reader = ValueReader<Condition>(expectation: expectation) { text in
        // All of the rest is the regular expression where no command follows.
        if text.hasPrefix("=~") {
            let pattern = text.dropFirst(2).drop(while: \.isWhitespace)
            return pattern.isEmpty ? nil : .matches(String(pattern))
        }
        guard let (condition, rest) = parse(text), rest.isEmpty else { return nil }
        return condition
    }

    /// The condition in front of some text, and what follows it.
    static func parse(_ text: String) -> (Condition, rest: Substring)? {
        let text = text[...].drop(while: \.isWhitespace)
        if text.hasPrefix("(") {
            guard let close = text.firstIndex(of: ")") else { return nil }
            let bounds = text[text.index(after: text.startIndex)..<close]
                .split(separator: ",", omittingEmptySubsequences: false).map { number($0) }
            guard bounds.count == 2, let low = bounds[0], let high = bounds[1] else { return nil }
            return (.between(low, high), text[text.index(after: close)...].drop(while: \.isWhitespace))
        }
        guard let sign = ["!=", "=~", "==", "=", "<", ">"].first(where: { text.hasPrefix($0) }) else { return nil }
        let operand = text.dropFirst(sign.count).drop(while: \.isWhitespace)
        let word = operand.prefix { !$0.isWhitespace }
        let rest = operand.dropFirst(word.count).drop(while: \.isWhitespace)
        if sign == "=~" { return word.isEmpty ? nil : (.matches(String(word)), rest) }
        guard let number = number(word) else { return nil }
        switch sign {
        case "!=": return (.notEqual(number), rest)
        case "<": return (.less(number), rest)
        case ">": return (.greater(number), rest)
        default: return (.equal(number), rest)
        }
    }

    private static func number(_ text: some StringProtocol) -> Double? {
        let parts = text.split(whereSeparator: \.isWhitespace)
        return parts.count == 1 ? ValueReader<Double>.decimal.read(String(parts[0])) : nil
    }
}

/// A condition and a command: for a precondition the command gives the value, for a condition it is what to do.
public struct CommandCondition: Sendable, Hashable {
    /// The test.
    public let condition: Condition
    /// The command, for `sh -c`.
    public let command: String

    static let reader = ValueReader<CommandCondition>(
        expectation: Condition.expectation + " and then a command"
    ) { text in
        guard let (condition, rest) = Condition.parse(text), !rest.isEmpty else { return nil }
        return CommandCondition(condition: condition, command: String(rest))
    }
}
