/// The type of a module, such as `generic_data`: lower case, without padding.
public struct ModuleType: Sendable, Hashable, RawRepresentable, ExpressibleByStringLiteral {
    /// The type as data files write it.
    public let rawValue: String

    /// A type by its name.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// A type by its name.
    public init(stringLiteral value: String) {
        rawValue = value
    }

    /// Whether the server takes numbers alone as values of this type: `…_data`, `…_data_inc`, `…_data_inc_abs` and
    /// `…_proc`. Types that are not known count as text.
    public var isNumeric: Bool {
        ["_data", "_proc", "_data_inc", "_data_inc_abs", "_inc"].contains { rawValue.hasSuffix($0) }
    }

    /// Whether the server keeps a value of this type; what it does not keep is lost without a word.
    ///
    /// Numbers are digits with an optional sign, one `.` or `,`, and an optional exponent, with nothing around them.
    /// Of any other type it keeps everything.
    public func accepts(_ value: some Collection<UInt8>) -> Bool {
        !isNumeric || ModuleType.isNumber(value)
    }

    private static func isNumber(_ value: some Collection<UInt8>) -> Bool {
        var rest = value[...]
        func skipSign() {
            if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") { rest.removeFirst() }
        }
        func skipDigits() -> Int {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest.dropFirst(digits.count)
            return digits.count
        }
        skipSign()
        var digitCount = skipDigits()
        if let first = rest.first, first == UInt8(ascii: ".") || first == UInt8(ascii: ",") {
            rest.removeFirst()
            digitCount += skipDigits()
        }
        guard digitCount > 0 else { return false }
        if let first = rest.first, first | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            skipSign()
            guard skipDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
