internal import Glibc

/// A moment in the host's local time, as data files write it: `YYYY/MM/DD HH:MM:SS`.
public struct CalendarTime: Sendable, Hashable, CustomStringConvertible {
    /// The text.
    public let description: String

    /// A moment in the host's time zone.
    ///
    /// - Parameter seconds: Seconds since 1970-01-01 00:00:00 UTC; what has no year of four digits is held at the
    ///   nearest moment that has.
    public init(localTimeOf seconds: Int64) {
        // From a day after the year 0 begins to a day before the year 9999 ends, in whatever time zone.
        var moment = time_t(min(max(seconds, -62_167_132_800), 253_402_128_000))
        var fields = tm()
        localtime_r(&moment, &fields)
        func padded(_ number: Int32, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let day = [padded(fields.tm_year + 1900, 4), padded(fields.tm_mon + 1, 2), padded(fields.tm_mday, 2)]
        let time = [padded(fields.tm_hour, 2), padded(fields.tm_min, 2), padded(fields.tm_sec, 2)]
        description = day.joined(separator: "/") + " " + time.joined(separator: ":")
    }
}
