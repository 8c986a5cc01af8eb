/// The name that a rotation gave to an old log: the log's own name with a number or a date, such as `syslog.1`,
/// `syslog.2.gz`, `syslog-20260131`, `app-2026-01-31.log.gz` or `app.1.log`.
struct RotatedName: Hashable {
    /// What tells which of two is older.
    enum Age: Hashable {
        /// The higher the older.
        case number(Int)
        /// The parts of a date or a time; the lower the older.
        case date([Int])
        /// The numbers in a name that is one of a series; the lower the older.
        case series([Int])
        /// When it was written to last, where the name tells no more than a day of the week or a month; 0 if nobody looked.
        case written(Int64)
    }

    /// How the content is packed.
    enum Packing: Hashable {
        case none
        case gzip
        /// With a program that is not built in.
        case other
    }

    let name: FileName
    var age: Age
    let packing: Packing

    private static let packings: [(suffix: [UInt8], packing: Packing)] = [
        (Array(".gz".utf8), .gzip), (Array(".Z".utf8), .other), (Array(".bz2".utf8), .other),
        (Array(".xz".utf8), .other), (Array(".lzma".utf8), .other), (Array(".zst".utf8), .other),
        (Array(".lz4".utf8), .other),
    ]

    /// Takes a name apart; `nil` if it is not one of a series.
    init?(_ name: FileName, in series: NameSeries) {
        let (rest, packing) = Self.unpacked(name)
        guard let numbers = series.numbers(in: FileName(rest)) else { return nil }
        self.name = name
        age = .series(numbers)
        self.packing = packing
    }

    /// Takes a name apart; `nil` if it is not one that a rotation of `log` gives.
    init?(_ name: FileName, of log: FileName) {
        if let beginning = Self.otherBeginning(of: log), name.bytes.starts(with: beginning) {
            let (rest, packing) = Self.unpacked(name)
            guard let parts = Self.atomicTime(rest) else { return nil }
            self.name = name
            age = .date(parts)
            self.packing = packing
            return
        }
        // Most names in a folder belong to other logs: look at the bytes before anything else.
        guard name.bytes.count > log.bytes.count, name.bytes.starts(with: log.stem) else { return nil }
        let (rest, packing) = Self.unpacked(name)
        guard let middle = Self.middle(of: rest, log: log) else { return nil }
        // `app.log.gz` is app.log itself, packed where it was.
        guard let age = middle.isEmpty && packing != .none ? .number(0) : Self.age(middle) else { return nil }
        self.name = name
        self.age = age
        self.packing = packing
    }

    /// What the names of rotated files begin with where that is not the log's name: multilog(8) and svlogd(8) write to
    /// `current`, and put it away as `@4000000065a1….s`.
    static func otherBeginning(of log: FileName) -> ArraySlice<UInt8>? {
        log.bytes.elementsEqual("current".utf8) ? [UInt8(ascii: "@")] : nil
    }

    /// A name without what a packing added to it.
    static func unpackedName(of name: FileName) -> FileName { FileName(unpacked(name).rest) }

    private static func unpacked(_ name: FileName) -> (rest: ArraySlice<UInt8>, packing: Packing) {
        let bytes = name.bytes[...]
        for candidate in packings where bytes.ends(with: candidate.suffix) {
            return (bytes.dropLast(candidate.suffix.count), candidate.packing)
        }
        return (bytes, .none)
    }

    /// The parts of a time as tai64nlocal(8) reads it: `@`, 16 to 32 hexadecimal digits and, after a dot, how the file was
    /// left.
    private static func atomicTime(_ text: ArraySlice<UInt8>) -> [Int]? {
        guard text.first == UInt8(ascii: "@") else { return nil }
        let digits = text.dropFirst().prefix { $0 != UInt8(ascii: ".") }
        let ending = text[digits.endIndex...]
        guard (16...32).contains(digits.count), ending.isEmpty || ending.count == 2 else { return nil }
        var parts: [Int] = []
        for start in stride(from: digits.startIndex, to: digits.endIndex, by: 8) {
            guard let part = UInt64(digits: digits[start...].prefix(8), radix: 16) else { return nil }
            parts.append(Int(part))
        }
        return parts
    }

    private static let daysAndMonths = Set(
        [
            "mon", "tue", "wed", "thu", "fri", "sat", "sun", "monday", "tuesday", "wednesday", "thursday", "friday",
            "saturday", "sunday", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
            "january", "february", "march", "april", "june", "july", "august", "september", "october", "november",
            "december",
        ].map { Array($0.utf8) })

    /// Whether a name is that of a packed file.
    static func isPacked(_ name: FileName) -> Bool { packings.contains { name.bytes[...].ends(with: $0.suffix) } }

    /// Whether a name is that of a file that gzip packed.
    static func isGzip(_ name: FileName) -> Bool { unpacked(name).packing == .gzip }

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
        if let parts = atomicTime(middle.dropFirst()) { return .date(parts) }
        let word = middle.dropFirst().map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
        if daysAndMonths.contains(word) { return .written(0) }
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
        case (.date(let mine), .date(let theirs)), (.series(let mine), .series(let theirs)):
            theirs.lexicographicallyPrecedes(mine)
        case (.written(let mine), .written(let theirs)): mine > theirs
        default: nil
        }
    }
}

/// Names that differ in numbers alone, such as `app-1.log` and `app-2.log`, or those with a date.
struct NameSeries {
    /// What stands between the numbers.
    private let texts: [ArraySlice<UInt8>]
    /// The numbers of the name that it was made of.
    let last: [Int]
    /// What all of its names begin with.
    var beginning: ArraySlice<UInt8> { texts.first ?? [] }

    /// The series that a name is of; `nil` where it has no number.
    init?(_ name: FileName) {
        guard let (texts, numbers) = Self.parts(of: name), !numbers.isEmpty else { return nil }
        self.texts = texts
        last = numbers
    }

    /// The numbers in a name; `nil` where it is none of the series.
    func numbers(in name: FileName) -> [Int]? {
        guard name.bytes.starts(with: beginning), let (texts, numbers) = Self.parts(of: name), texts == self.texts
        else {
            return nil
        }
        return numbers
    }

    private static func parts(of name: FileName) -> (texts: [ArraySlice<UInt8>], numbers: [Int])? {
        let isDigit: (UInt8) -> Bool = { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        var texts: [ArraySlice<UInt8>] = []
        var numbers: [Int] = []
        var rest = name.bytes[...]
        while true {
            let text = rest.prefix { !isDigit($0) }
            texts.append(text)
            rest = rest[text.endIndex...]
            let digits = rest.prefix(while: isDigit)
            if digits.isEmpty { return (texts, numbers) }
            guard let number = Int64(digits: digits) else { return nil }
            numbers.append(Int(number))
            rest = rest[digits.endIndex...]
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate func ends(with suffix: some BidirectionalCollection<UInt8>) -> Bool {
        suffix.count <= count && self.suffix(suffix.count).elementsEqual(suffix)
    }
}
