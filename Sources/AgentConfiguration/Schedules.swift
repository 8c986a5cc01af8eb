/// `module_absoluteinterval`: a time between two runs that is remembered on disk.
public enum AbsoluteInterval: Sendable, Hashable {
    /// A single time ever.
    case once
    /// Not before this much time has passed.
    case every(Duration)

    static let reader = ValueReader<AbsoluteInterval>(
        expectation: "once, or a whole number of seconds or with one of the units s, m, h, d"
    ) { text in
        guard let last = text.utf8.last else { return nil }
        var digits = text[...]
        var unit = 1
        if !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(last) {
            if text.lowercased() == "once" { return .once }
            guard let seconds = seconds(of: last) else { return nil }
            unit = seconds
            digits.removeLast()
        }
        guard let count = Int(digits), count > 0, count <= 1_000_000_000 else { return nil }
        return .every(.seconds(count * unit))
    }

    /// The seconds of a unit's letter, in either case.
    private static func seconds(of letter: UInt8) -> Int? {
        switch letter | 0x20 {
        case UInt8(ascii: "s"): 1
        case UInt8(ascii: "m"): 60
        case UInt8(ascii: "h"): 3600
        case UInt8(ascii: "d"): 86400
        default: nil
        }
    }
}

/// `module_crontab`: the minutes at which a module runs, in local time.
public struct Crontab: Sendable, Hashable {
    /// The values that a field accepts.
    public enum Field: Sendable, Hashable {
        /// `*`
        case any
        /// A number, or a range; a range whose start is greater than its end wraps. In small numbers, as there may be
        /// very many.
        case range(Int8, Int8)

        /// Whether a value is accepted.
        public func contains(_ value: Int) -> Bool {
            switch self {
            case .any: true
            case .range(let start, let end) where start <= end: start <= value && value <= end
            case .range(let start, let end): value >= start || value <= end
            }
        }
    }

    /// 0 … 59
    public let minute: Field
    /// 0 … 23
    public let hour: Field
    /// 1 … 31
    public let day: Field
    /// 1 … 12
    public let month: Field
    /// 0 … 7; 0 and 7 are Sunday
    public let weekday: Field
    /// The five fields as the data file carries them.
    public let text: String

    /// Whether a minute is accepted. All five fields must accept it.
    ///
    /// - Parameter weekday: 0 … 6 from Sunday.
    public func contains(minute: Int, hour: Int, day: Int, month: Int, weekday: Int) -> Bool {
        self.minute.contains(minute) && self.hour.contains(hour) && self.day.contains(day)
            && self.month.contains(month)
            && (self.weekday.contains(weekday) || weekday == 0 && self.weekday.contains(7))
    }

    /// Whether there is a day, in any year, that the fields of day and month both accept.
    var meetsSomeDay: Bool {
        let lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return day == .any
            || lengths.enumerated().contains { index, length in
                month.contains(index + 1) && (1...length).contains { day.contains($0) }
            }
    }

    static let reader = ValueReader<Crontab>(
        expectation: "five fields `minute hour day month weekday`, each *, a number or a range a-b"
    ) { text in
        let words = text.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map { String($0) ?? "" }
        let limits = [0...59, 0...23, 1...31, 1...12, 0...7]
        guard words.count == limits.count else { return nil }
        let fields = zip(words, limits).compactMap(field)
        guard fields.count == limits.count else { return nil }
        return Crontab(
            minute: fields[0], hour: fields[1], day: fields[2], month: fields[3], weekday: fields[4],
            text: words.joined(separator: " "))
    }

    private static func field(_ word: String, _ limits: ClosedRange<Int>) -> Field? {
        if word == "*" { return .any }
        let numbers = word.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let first = numbers[0], limits.contains(first) else { return nil }
        if numbers.count == 1 { return .range(Int8(first), Int8(first)) }
        guard numbers.count == 2, let second = numbers[1], limits.contains(second) else { return nil }
        return .range(Int8(first), Int8(second))
    }
}
