internal import AgentConfiguration
internal import Glibc

/// The minutes of local time that began since the last cycle: those that the schedules of this cycle answer.
///
/// Clocks that are put forward or back for daylight saving time are treated as cron(8) of most systems does: what is
/// planned for a skipped time runs right after it, and what is planned for a time that comes twice runs the first time.
/// A schedule with `*` for its minute or hour goes by elapsed time instead.
struct ElapsedMinutes: Sendable {
    /// A minute as a schedule sees it.
    struct Minute: Sendable, Hashable {
        let minute: Int
        let hour: Int
        let day: Int
        let month: Int
        let weekday: Int
        /// How it came about.
        let origin: Origin
    }

    /// How a minute came about.
    enum Origin: Sendable, Hashable {
        /// It passed, for the first time.
        case passed
        /// The clock was put back, and it passed for the second time.
        case repeated
        /// The clock was put forward over it.
        case skipped
    }

    /// The minutes, in the order of time.
    let all: [Minute]

    /// How long is looked back for minutes that no cycle answered, in seconds.
    static let longestLookBack: Int64 = 86400
    /// The largest change of the clock that counts as daylight saving time, in seconds.
    private static let largestChange = 3 * 3600

    /// The minutes that began after the one of the last cycle, up to the present one.
    ///
    /// Before the first cycle, and where the clock was set back, that is the present one alone.
    init(after last: Int64?, until now: Int64, in zone: LocalTime) {
        let current = now - now % 60
        var first = current
        if let last, last <= now {
            first = max(last - last % 60 + 60, current - Self.longestLookBack)
        }
        var minutes: [Minute] = []
        for time in stride(from: first, through: current, by: 60) {
            let offset = zone.offset(time)
            let jump = offset - zone.offset(time - 60)
            if jump > 0, jump <= Self.largestChange {
                for skipped in stride(from: -jump, to: 0, by: 60) {
                    minutes.append(Self.minute(time + Int64(offset + skipped), .skipped))
                }
            }
            let isRepeated = Self.isRepeated(time, offset: offset, in: zone)
            minutes.append(Self.minute(time + Int64(offset), isRepeated ? .repeated : .passed))
        }
        all = minutes
    }

    /// Whether a schedule is met.
    func meet(_ crontab: Crontab) -> Bool {
        let isByElapsedTime = crontab.minute == .any || crontab.hour == .any
        return all.contains { minute in
            if minute.origin == (isByElapsedTime ? .skipped : .repeated) { return false }
            return crontab.contains(
                minute: minute.minute, hour: minute.hour, day: minute.day, month: minute.month,
                weekday: minute.weekday)
        }
    }

    /// Whether the same local time was before, in the hours until now.
    private static func isRepeated(_ time: Int64, offset: Int, in zone: LocalTime) -> Bool {
        let earlier = zone.offset(time - Int64(largestChange))
        return earlier > offset && zone.offset(time - Int64(earlier - offset)) == earlier
    }

    /// The fields of a local time, given as seconds as if it were UTC.
    private static func minute(_ time: Int64, _ origin: Origin) -> Minute {
        var seconds = time_t(time)
        var fields = tm()
        _ = gmtime_r(&seconds, &fields)
        return Minute(
            minute: Int(fields.tm_min), hour: Int(fields.tm_hour), day: Int(fields.tm_mday),
            month: Int(fields.tm_mon) + 1, weekday: Int(fields.tm_wday), origin: origin)
    }
}

/// How far local time is ahead of UTC.
struct LocalTime: Sendable {
    /// The seconds that it is ahead at a time, given in seconds since 1970.
    let offset: @Sendable (Int64) -> Int

    /// The time zone of this process (tzset(3)).
    static let system = LocalTime { time in
        var seconds = time_t(time)
        var local = tm()
        return localtime_r(&seconds, &local) == nil ? 0 : local.tm_gmtoff
    }
}
