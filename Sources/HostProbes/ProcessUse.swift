/// What the processes of one name use together.
public struct ProcessUse: Sendable, Hashable {
    /// How many run.
    public let count: Int
    /// Memory in use, in MB of 1,048,576 bytes; pages that they share count for each of them.
    public let residentMegabytes: Double
    /// CPU use in % of one core, so that 200 is two cores busy. Against an earlier reading where there is one, else over the
    /// life of each process, as ps(1) counts it.
    public let cpuPercent: Double

    /// Sums up the processes that a name matches.
    ///
    /// - Parameters:
    ///   - name: The name, as ``HostProcess/matches(_:)`` takes it.
    ///   - now: The processes.
    ///   - uptime: The host's time since its boot when they were read, in seconds.
    ///   - earlier: An earlier reading of the same boot, and its `uptime`.
    public init(
        of name: String, among now: [HostProcess], uptime: Double,
        since earlier: (processes: [HostProcess], uptime: Double)? = nil
    ) {
        let matching = now.filter { $0.matches(name) }
        count = matching.count
        residentMegabytes = matching.reduce(0) { $0 + Double($1.residentBytes) } / 1_048_576
        let rate = Double(ClockRate.ticksPerSecond)
        if let earlier, uptime > earlier.uptime {
            let before = earlier.processes.reduce(into: [Identity: UInt64]()) { $0[Identity($1)] = $1.cpuTicks }
            let ticks = matching.reduce(0.0) {
                $0 + Double($1.cpuTicks.subtractingSaturating(before[Identity($1)] ?? 0))
            }
            cpuPercent = ticks / rate / (uptime - earlier.uptime) * 100
        } else {
            cpuPercent = matching.reduce(0.0) { sum, process in
                let age = uptime - Double(process.startTicks) / rate
                return age > 0 ? sum + Double(process.cpuTicks) / rate / age * 100 : sum
            }
        }
    }

    /// A number alone may belong to another process by now.
    private struct Identity: Hashable {
        let identifier: Int32
        let startTicks: UInt64

        init(_ process: HostProcess) {
            identifier = process.identifier
            startTicks = process.startTicks
        }
    }
}
