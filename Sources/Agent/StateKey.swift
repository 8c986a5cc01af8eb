/// Names of the values that are committed with the data, beside those of modules.
enum StateKey {
    /// How many full cycles were committed.
    static let cycle = "cycle"
    /// When the last one was, in seconds since 1970.
    static let lastCycleTime = "cycle time"
    /// When the last data file was made, in seconds since 1970.
    static let lastFileTime = "data file time"
    /// The number in the name of the last data file.
    static let lastFileNumber = "data file number"
    /// CPU counters of the last cycle.
    static let cpuCounters = "cpu counters"
    /// The name that `agent_name_cmd __rand__` made, where the configuration may not hold it.
    static let randomName = "random agent name"
    /// The name that `agent_name_cmd` printed last.
    static let commandName = "agent name of command"
    /// How many bytes of logs were ever missed.
    static let missedLogBytes = "log bytes missed"
    /// The digest of the configuration's files, and by what they are known to be the same.
    static let configurationDigest = "configuration digest"

    // A word of its own in front, as a variable may have any name.
    private static let savedPrefix = "saved value "

    /// The value that `module_save` keeps for an environment variable.
    static func savedValue(_ name: String) -> String { savedPrefix + name }

    /// The variable of a value that `module_save` keeps; `nil` where the value is another.
    static func savedName(_ key: String) -> String? {
        key.hasPrefix(savedPrefix) ? String(key.dropFirst(savedPrefix.count)) : nil
    }
}

extension CyclePlan.Moment {
    /// A time, with the cycles that were committed before it.
    init(now: Int64, state: [String: String], kind: CycleKind = .full) {
        self.init(
            now: now, cycle: state[StateKey.cycle].flatMap(Int.init) ?? 0,
            lastCycle: state[StateKey.lastCycleTime].flatMap(Int64.init), kind: kind)
    }
}
