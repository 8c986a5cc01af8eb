internal import AgentConfiguration

/// A place on the earth.
struct Coordinates: Sendable, Hashable {
    /// Degrees north, −90 … 90.
    let latitude: Double
    /// Degrees east, −180 … 180.
    let longitude: Double
    /// Metres.
    let altitude: Double?

    /// A place; `nil` where there is none such.
    init?(latitude: Double, longitude: Double, altitude: Double?) {
        guard (-90...90).contains(latitude), (-180...180).contains(longitude), altitude?.isFinite ?? true else {
            return nil
        }
        self.latitude = latitude
        self.longitude = longitude
        self.altitude = altitude
    }

    /// The place of `latitude`, `longitude` and `altitude`, where the configuration has the first two.
    init?(_ settings: GeneralSettings) {
        guard let latitude = settings.latitude, let longitude = settings.longitude else { return nil }
        self.init(latitude: latitude, longitude: longitude, altitude: settings.altitude)
    }

    /// What `gis_exec` printed: `latitude,longitude[,altitude]`.
    init?(printed line: String) {
        let numbers = line.split(separator: ",", omittingEmptySubsequences: false).map { field in
            let words = field.split(whereSeparator: \.isWhitespace)
            return words.count == 1 ? Double(words[0]) : nil
        }
        guard numbers.count == 2 || numbers.count == 3, let latitude = numbers[0],
            let longitude = numbers[1]
        else {
            return nil
        }
        if numbers.count == 3, numbers[2] == nil { return nil }
        self.init(latitude: latitude, longitude: longitude, altitude: numbers.count == 3 ? numbers[2] : nil)
    }

    /// A number as servers read it: without an exponent, with six decimals at most, which is a hand's breadth of the
    /// earth.
    static func text(_ number: Double) -> String {
        guard let millionths = Int64(exactly: (number * 1_000_000).rounded()) else { return "0" }
        let (whole, fraction) = millionths.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        var digits = String(String(1_000_000 + fraction).dropFirst())
        while digits.last == "0" { digits.removeLast() }
        return (millionths < 0 ? "-" : "") + String(whole) + (digits.isEmpty ? "" : "." + digits)
    }
}
