internal import AgentConfiguration

/// Which modules are due in a cycle, and what is to be remembered if it is committed.
struct CyclePlan: Sendable {
    /// The modules to run, in the order of the configuration.
    var due: [PlannedModule] = []
    /// The times from which the absolute intervals of the modules that are due count, by their keys.
    private var newTimes: [(key: String, time: Int64)] = []
    private let times: RunTimes

    /// The values of one cycle.
    struct Moment: Sendable {
        /// Seconds since 1970.
        let now: Int64
        /// How many full cycles were committed before this one.
        let cycle: Int
        /// The time of the last full cycle that was committed; `nil` before the first.
        let lastCycle: Int64?
        /// What kind of cycle it is.
        var kind = CycleKind.full
    }

    /// Plans a cycle.
    ///
    /// - Parameters:
    ///   - modules: All that are configured.
    ///   - moment: When.
    ///   - state: What was committed.
    ///   - force: Whether everything is due.
    ///   - zone: The time that schedules are written in.
    init(
        _ modules: [ModuleDefinition], at moment: Moment, state: [String: String], force: Bool,
        in zone: LocalTime = .system
    ) {
        times = RunTimes(in: state)
        let minutes = ElapsedMinutes(after: moment.lastCycle, until: moment.now, in: zone)
        let keys = Self.stateKeys(of: modules)
        // By index, as a definition is large, and only those that are due are worth a copy.
        for index in modules.indices {
            let schedule = modules[index].schedule
            let key = keys[index]
            let lastRun = schedule.absoluteInterval == nil ? nil : key.flatMap { Self.lastRun($0, in: times) }
            if force || moment.kind == .full && Self.isDue(schedule, lastRun: lastRun, at: moment, minutes) {
                due.append(PlannedModule(definition: modules[index], stateKey: key ?? "", reporting: .always))
                if let key, schedule.absoluteInterval != nil {
                    newTimes.append((key, Self.remembered(schedule.absoluteInterval, lastRun: lastRun, at: moment)))
                }
            } else if let key, !modules[index].intensiveConditions.isEmpty {
                let matched = state[PlannedModule.matchKey(key)] == "1"
                due.append(
                    PlannedModule(
                        definition: modules[index], stateKey: key, reporting: .changeOfMatch(from: matched)))
            }
        }
    }

    /// What must be committed with this cycle's data.
    ///
    /// - Parameter heldBack: The keys of modules that were due and did not run: they are due again.
    func stateChanges(heldBack: Set<String> = []) -> [String: String] {
        var times = times
        for (key, time) in newTimes where !heldBack.contains(key) { times.remember(time, for: key) }
        return times.stateChange.map { [$0.key: $0.value] } ?? [:]
    }

    /// The names under which the state remembers modules: their own, and a number for those that bear one name. `nil` for
    /// modules of which nothing is remembered.
    static func stateKeys(of modules: [ModuleDefinition]) -> [String?] {
        var namesakes: [String: Int] = [:]
        return modules.indices.map { index in
            if modules[index].schedule.absoluteInterval == nil, modules[index].intensiveConditions.isEmpty {
                return nil
            }
            if namesakes.isEmpty { namesakes.reserveCapacity(modules.count - index) }
            let name = modules[index].displayName
            let count = Self.increased(&namesakes[name, default: 0])
            return count > 1 ? "\(name) \(count)" : name
        }
    }

    private static func increased(_ count: inout Int) -> Int {
        count += 1
        return count
    }

    /// When the module of a key last ran, where it has an absolute interval and ran. What is no time of the past or
    /// future that a clock can show is not a time.
    static func lastRun(_ key: String, in times: RunTimes) -> Int64? {
        times[key].flatMap { (0...latest).contains($0) ? $0 : nil }
    }

    /// The end of the year 9999.
    private static let latest: Int64 = 253_402_300_799

    private static func isDue(
        _ schedule: ModuleSchedule, lastRun: Int64?, at moment: Moment, _ minutes: ElapsedMinutes
    ) -> Bool {
        if let crontab = schedule.crontab, !minutes.meet(crontab) { return false }
        switch (schedule.absoluteInterval, lastRun) {
        case (.once?, let last):
            return last == nil
        case (.every(let interval)?, let last?):
            // A clock that was set back does not silence the module until it has caught up.
            return moment.now - last >= interval.components.seconds || moment.now < last
        case (.every?, nil):
            return true
        case (nil, _):
            return moment.cycle % max(schedule.everyCycles, 1) == 0
        }
    }

    /// The time to count the next interval from.
    ///
    /// A module that runs in the first cycle after its time, and not much later, was on time: to count from that time,
    /// rather than from the cycle's, keeps the small unevenness of cycles from making it miss every second one.
    private static func remembered(_ interval: AbsoluteInterval?, lastRun: Int64?, at moment: Moment) -> Int64 {
        guard case .every(let interval)? = interval, let lastRun, let lastCycle = moment.lastCycle else {
            return moment.now
        }
        let time = lastRun + interval.components.seconds
        let isOnTime = time > lastCycle && time <= moment.now && moment.now - time < interval.components.seconds / 2
        return isOnTime ? time : moment.now
    }
}
