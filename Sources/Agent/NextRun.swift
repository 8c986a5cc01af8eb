internal import AgentConfiguration
internal import Glibc

/// When a module runs next.
public enum NextRun: Sendable, Hashable {
    /// At the first cycle from this time on, in seconds since 1970.
    case from(Int64)
    /// Never again: it ran the single time that it was to.
    case never

    /// Finds out when.
    ///
    /// - Parameters:
    ///   - lastRun: When a module with an absolute interval last ran.
    ///   - moment: Now, and the cycles until now.
    ///   - interval: Seconds between two cycles.
    ///   - zone: The time that schedules are written in.
    init(
        _ schedule: ModuleSchedule, lastRun: Int64?, at moment: CyclePlan.Moment, interval: Int64,
        in zone: LocalTime = .system
    ) {
        // A cycle that is overdue comes at any moment, and so may one after a clock that was set back.
        let lastCycle = moment.lastCycle.flatMap { $0 <= moment.now ? $0 : nil } ?? moment.now - interval
        let nextCycle = max(moment.now, lastCycle + interval)
        var earliest = nextCycle
        switch (schedule.absoluteInterval, lastRun) {
        case (.once?, _?):
            self = .never
            return
        case (.every(let interval)?, let last?) where last <= moment.now:
            earliest = max(nextCycle, last + interval.components.seconds)
        case (nil, _):
            let every = max(1, schedule.everyCycles)
            let skipped = (every - moment.cycle % every) % every
            earliest += Int64(skipped) * interval
        default:
            break
        }
        guard let crontab = schedule.crontab else {
            self = .from(earliest)
            return
        }
        // A cycle answers the minutes that began since the one before it.
        let answered = earliest > nextCycle ? earliest - interval : Self.answered(at: moment)
        let minute = crontab.firstMinute(from: answered - answered % 60 + 60, in: zone)
        self = minute.map { .from(max(earliest, $0)) } ?? .never
    }

    /// The time up to which minutes were answered.
    private static func answered(at moment: CyclePlan.Moment) -> Int64 {
        guard let last = moment.lastCycle, last <= moment.now else { return moment.now - 60 }
        return max(last, moment.now - ElapsedMinutes.longestLookBack)
    }
}

extension Crontab {
    /// The longest time that is looked ahead: from one 29 February to the next, where a century has none.
    private static let longestLookAhead: Int64 = 8 * 366 * 86400

    /// The first minute that is accepted, in seconds since 1970; `nil` where there is none.
    ///
    /// - Parameter time: The beginning of the first minute that is looked at.
    func firstMinute(from time: Int64, in zone: LocalTime) -> Int64? {
        var minute = time
        let end = minute + Self.longestLookAhead
        while minute < end {
            var seconds = time_t(minute + Int64(zone.offset(minute)))
            var local = tm()
            guard gmtime_r(&seconds, &local) != nil else { return nil }
            let hour = Int(local.tm_hour)
            let isDay =
                day.contains(Int(local.tm_mday)) && month.contains(Int(local.tm_mon) + 1)
                && (weekday.contains(Int(local.tm_wday)) || local.tm_wday == 0 && weekday.contains(7))
            if isDay, self.hour.contains(hour), self.minute.contains(Int(local.tm_min)) { return minute }
            // Whole hours and days are passed over; near midnight in hours, as clocks change by one.
            let hourEnd = minute + Int64(60 - local.tm_min) * 60
            if !isDay, hour < 20 {
                minute = hourEnd + Int64(20 - hour) * 3600
            } else if !isDay || !self.hour.contains(hour) {
                minute = hourEnd
            } else {
                minute += 60
            }
        }
        return nil
    }
}
