/// The name that a rotation gave to an old log: the log's own name with a number or a date, such as `syslog.1`,
/// `syslog.2.gz`, `syslog-20260131`, `app-2026-01-31.log.gz` or `app.1.log`.
struct RotatedName: Hashable {
    /// What tells which of two is older.
    enum Age: Hashable {
        /// The higher the older.
        case number(Int)
        /// The parts of a date or a time; the lower the older.
        case date([Int])
    }

    /// How the content is packed.
    enum Packing: Hashable {
        case none
        case gzip
        /// With a program that is not built in.
        case other
    }

    let name: String
    let age: Age
    let packing: Packing

    private static let packings: [(suffix: String, packing: Packing)] = [
        (".gz", .gzip), (".Z", .other), (".bz2", .other), (".xz", .other), (".lzma", .other), (".zst", .other),
        (".lz4", .other),
    ]

    /// Takes a name apart; `nil` if it is not one that a rotation of `log` gives.
    init?(_ name: String, of log: String) {
        // Most names in a folder belong to other logs: look at the bytes before anything else.
        guard name.utf8.count > log.utf8.count, name.utf8.starts(with: Self.beginning(of: log).utf8) else { return nil }
        var rest = name[...]
        var packing = Packing.none
        for candidate in Self.packings where rest.hasSuffix(candidate.suffix) {
            rest = rest.dropLast(candidate.suffix.count)
            packing = candidate.packing
            break
        }
        guard let middle = Self.middle(of: rest, log: log) else { return nil }
        // `app.log.gz` is app.log itself, packed where it was.
        guard let age = middle.isEmpty && packing != .none ? .number(0) : Self.age(middle) else { return nil }
        self.name = name
        self.age = age
        self.packing = packing
    }

    /// What the names begin with that rotations of a log give, and its own.
    static func beginning(of log: String) -> String { String(log[..<(log.endingDot ?? log.endIndex)]) }

    /// Whether a name is that of a packed file.
    static func isPacked(_ name: String) -> Bool { packings.contains { name.hasSuffix($0.suffix) } }

    /// What stands between the log's name and its end, or between the name without its ending and the ending.
    private static func middle(of name: Substring, log: String) -> Substring? {
        if name.hasPrefix(log) { return name.dropFirst(log.count) }
        guard let dot = log.endingDot else { return nil }
        let (stem, ending) = (log[..<dot], log[dot...])
        guard name.count > log.count, name.hasPrefix(stem), name.hasSuffix(ending) else { return nil }
        return name.dropFirst(stem.count).dropLast(ending.count)
    }

    private static func age(_ middle: Substring) -> Age? {
        if [".old", ".bak", "~"].contains(middle) { return .number(1) }
        let separators = ".-_:T"
        guard let first = middle.first, separators.contains(first) else { return nil }
        let parts = middle.split(whereSeparator: separators.contains)
        var numbers: [Int] = []
        for part in parts {
            guard part.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(part)
            else { return nil }
            numbers.append(number)
        }
        guard let number = numbers.first else { return nil }
        // Nobody keeps a hundred thousand generations; a date has eight digits, or three parts.
        return numbers.count == 1 && number < 100_000 ? .number(number) : .date(yearFirst(numbers))
    }

    /// The parts of a date with the year in front, from dates that begin with the day, too (`-%d%m%Y`).
    private static func yearFirst(_ numbers: [Int]) -> [Int] {
        let first = numbers[0]
        if (1_000_000...99_999_999).contains(first) {
            let dayFirst = [first % 10000, first / 10000 % 100, first / 1_000_000]
            let isYearFirst = isDate(year: first / 10000, month: first / 100 % 100, day: first % 100)
            if !isYearFirst, isDate(year: dayFirst[0], month: dayFirst[1], day: dayFirst[2]) {
                return [dayFirst[0] * 10000 + dayFirst[1] * 100 + dayFirst[2]] + numbers.dropFirst()
            }
        } else if numbers.count >= 3, isDate(year: numbers[2], month: numbers[1], day: numbers[0]) {
            return [numbers[2], numbers[1], numbers[0]] + numbers.dropFirst(3)
        }
        return numbers
    }

    private static func isDate(year: Int, month: Int, day: Int) -> Bool {
        (1970...2999).contains(year) && (1...12).contains(month) && (1...31).contains(day)
    }

    /// Whether this name was given after the other; `nil` if the two do not belong to one way of naming.
    func isNewer(than other: RotatedName) -> Bool? {
        switch (age, other.age) {
        case (.number(let mine), .number(let theirs)): mine < theirs
        case (.date(let mine), .date(let theirs)): theirs.lexicographicallyPrecedes(mine)
        default: nil
        }
    }
}

extension String {
    /// Where the ending of a file's name begins; a dot at the start begins no ending.
    fileprivate var endingDot: String.Index? {
        utf8.lastIndex(of: UInt8(ascii: ".")).flatMap { $0 == startIndex ? nil : $0 }
    }
}
