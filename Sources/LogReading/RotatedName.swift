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

    let name: FileName
    let age: Age
    let packing: Packing

    private static let packings: [(suffix: [UInt8], packing: Packing)] = [
        (Array(".gz".utf8), .gzip), (Array(".Z".utf8), .other), (Array(".bz2".utf8), .other),
        (Array(".xz".utf8), .other), (Array(".lzma".utf8), .other), (Array(".zst".utf8), .other),
        (Array(".lz4".utf8), .other),
    ]

    /// Takes a name apart; `nil` if it is not one that a rotation of `log` gives.
    init?(_ name: FileName, of log: FileName) {
        // Most names in a folder belong to other logs: look at the bytes before anything else.
        guard name.bytes.count > log.bytes.count, name.bytes.starts(with: log.stem) else { return nil }
        var rest = name.bytes[...]
        var packing = Packing.none
        for candidate in Self.packings where rest.ends(with: candidate.suffix) {
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

    /// Whether a name is that of a packed file.
    static func isPacked(_ name: FileName) -> Bool { packings.contains { name.bytes[...].ends(with: $0.suffix) } }

    /// What stands between the log's name and its end, or between the name without its ending and the ending.
    private static func middle(of name: ArraySlice<UInt8>, log: FileName) -> ArraySlice<UInt8>? {
        if name.starts(with: log.bytes) { return name.dropFirst(log.bytes.count) }
        guard let dot = log.endingDot else { return nil }
        let (stem, ending) = (log.stem, log.bytes[dot...])
        guard name.count > log.bytes.count, name.starts(with: stem), name.ends(with: ending) else { return nil }
        return name.dropFirst(stem.count).dropLast(ending.count)
    }

    private static func age(_ middle: ArraySlice<UInt8>) -> Age? {
        if [".old", ".bak", "~"].contains(where: { middle.elementsEqual($0.utf8) }) { return .number(1) }
        let separators = ".-_:T".utf8
        guard let first = middle.first, separators.contains(first) else { return nil }
        let parts = middle.split(whereSeparator: separators.contains)
        var numbers: [Int] = []
        for part in parts {
            guard let number = Int64(digits: part) else { return nil }
            numbers.append(Int(number))
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

extension ArraySlice<UInt8> {
    fileprivate func ends(with suffix: some BidirectionalCollection<UInt8>) -> Bool {
        suffix.count <= count && self.suffix(suffix.count).elementsEqual(suffix)
    }
}
