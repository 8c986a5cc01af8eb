internal import AgentConfiguration
internal import Glibc

/// A cycle of the agent, and then one of each broker agent that its configuration names.
public struct AgentCycles: Sendable {
    private let paths: AgentPaths
    private let options: CycleOptions

    /// How many broker agents run their cycles at the same time.
    private static let width = 4

    /// Prepares the cycles; nothing is read yet.
    public init(paths: AgentPaths, options: CycleOptions) {
        self.paths = paths
        self.options = options
    }

    /// Runs the cycles. What goes wrong with one broker agent costs that one.
    ///
    /// - Returns: What the main agent did, and in it what the broker agents did. Its ending is the main agent's, or, where
    ///   that is done, the first of a broker agent that is not.
    public func run() async -> CycleReport {
        var report = await Cycle(paths: paths, options: options).run()
        // Modules that somebody names are those of the main configuration.
        guard options.onlyModules.isEmpty else { return report }
        report.brokers = await run(brokers: report.brokerNames)
        if report.ending == .done {
            report.ending = report.brokers.first { $0.report.ending != .done }?.report.ending ?? .done
        }
        return report
    }

    /// Runs a cycle of each broker agent, some at a time.
    func run(brokers names: [String]) async -> [BrokerReport] {
        var seen: Set<String> = []
        let names = names.filter { seen.insert($0).inserted }
        return await withTaskGroup(of: (Int, BrokerReport).self) { group in
            var reports = [BrokerReport?](repeating: nil, count: names.count)
            for (index, name) in names.enumerated() {
                if index >= Self.width, let (done, report) = await group.next() { reports[done] = report }
                group.addTask { (index, BrokerReport(name: name, report: await run(broker: name))) }
            }
            for await (index, report) in group { reports[index] = report }
            return reports.compactMap { $0 }
        }
    }

    /// Runs a cycle of one broker agent, whose configuration is made where it is missing.
    func run(broker name: String) async -> CycleReport {
        do throws(BrokerAgent.Unusable) {
            let broker = try BrokerAgent(name, of: paths)
            if !broker.isMade {
                guard !options.printsDocuments else {
                    throw BrokerAgent.Unusable(
                        description: "broker_agent \(name): the first cycle that sends makes its configuration")
                }
                try broker.make()
            }
            var options = options
            options.role = .broker
            return await Cycle(paths: broker.paths, options: options).run()
        } catch {
            writeToStandardError("pandora-agent: error: \(error)\n")
            var report = CycleReport(ending: .failed)
            report.failures = [error.description]
            return report
        }
    }
}
