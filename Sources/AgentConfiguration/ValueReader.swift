/// Reads the text of a value as a type, or says what it expected.
struct ValueReader<Value>: Sendable {
    let read: @Sendable (String) -> Value?
    // Made where a value is wrong, which few are, while there is a reader for each value.
    private let phrase: @Sendable () -> String

    init(expectation: @autoclosure @escaping @Sendable () -> String, read: @escaping @Sendable (String) -> Value?) {
        self.read = read
        phrase = expectation
    }

    /// What is expected, as a phrase that follows "expected".
    var expectation: String { phrase() }
}

extension ValueReader where Value == String {
    /// Any text, the empty one included.
    static var text: Self { Self(expectation: "text") { $0 } }

    /// Text that is not empty.
    static var word: Self { Self(expectation: "a value") { $0.isEmpty ? nil : $0 } }
}

extension ValueReader where Value == Secret {
    /// Any text, hidden from here on.
    static var secret: Self { ValueReader<String>.text.map { Secret($0) } }
}

extension ValueReader where Value == Int {
    /// A whole number in a range.
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self(expectation: phrase(for: range)) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
    }

    private static func phrase(for range: ClosedRange<Int>) -> String {
        range.upperBound == .max
            ? "a whole number, \(range.lowerBound) or more"
            : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    }
}

extension ValueReader where Value == Double {
    /// A decimal number, with a point.
    static var decimal: Self { Self(expectation: "a number") { number(in: $0) } }

    /// A decimal number in a range.
    static func decimal(_ range: ClosedRange<Double>) -> Self {
        Self(expectation: "a number from \(Int(range.lowerBound)) to \(Int(range.upperBound))") { text in
            number(in: text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// The number that a text is; `nil` where it is none.
    static func number(in text: String) -> Double? {
        // A Double holds each whole number of so few digits, and they are read at a fraction of the cost; -0 is no
        // whole number.
        if text.utf8.count <= 15, let whole = Int(text), whole != 0 { return Double(whole) }
        return isPlain(text) ? Double(text).flatMap { $0.isFinite ? $0 : nil } : nil
    }

    /// Whether there is nothing in it but what decimal numbers are made of: no `nan`, no hexadecimal digits.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                true
            default: false
            }
        }
    }
}

extension ValueReader where Value == Bool {
    /// `1` or `0`; also the words that people write instead.
    static var flag: Self {
        Self(expectation: "0 or 1") { text in
            switch text.lowercased() {
            case "1", "yes", "true", "on": true
            case "0", "no", "false", "off": false
            default: nil
            }
        }
    }
}

extension ValueReader where Value == Duration {
    /// A whole number of seconds.
    static func seconds(_ range: ClosedRange<Int>) -> Self {
        let number = ValueReader<Int>.integer(range)
        return Self(expectation: number.expectation + " (seconds)") { number.read($0).map { .seconds($0) } }
    }
}

extension ValueReader where Value: CaseIterable & RawRepresentable<String> & SendableMetatype {
    /// One of a type's words, in any case.
    static var choice: Self {
        Self(expectation: "one of " + Value.allCases.map(\.rawValue).joined(separator: ", ")) {
            Value(rawValue: $0.lowercased())
        }
    }
}

extension ValueReader {
    /// The same, turned into another type.
    func map<Other>(_ transform: @escaping @Sendable (Value) -> Other) -> ValueReader<Other> {
        ValueReader<Other>(expectation: expectation) { read($0).map(transform) }
    }
}
