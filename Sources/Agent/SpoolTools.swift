internal import AgentConfiguration
internal import Glibc
internal import Logging
public import Spool
internal import SystemFiles
internal import SystemPackage

/// What people do with a spool by hand.
public struct SpoolTools: Sendable {
    /// Why something could not be done, as a sentence.
    public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        /// The sentence.
        public let description: String
    }

    /// What a flush did.
    public struct Flush: Sendable, Hashable {
        /// How many files were sent.
        public let deliveredCount: Int
        /// How many were refused for good.
        public let quarantinedCount: Int
        /// How many wait now.
        public let waitingCount: Int
        /// Why they wait, each a sentence.
        public let failures: [String]
    }

    private let paths: AgentPaths
    private let configuration: Configuration
    private let verbosity: Verbosity

    /// Reads the configuration, which says where files wait.
    public init(_ paths: AgentPaths, verbosity: Verbosity) throws(Problem) {
        self.paths = paths
        self.verbosity = verbosity
        do throws(ConfigurationUnusable) {
            configuration = try AgentConfigurationReader(paths: paths, options: CycleOptions()).read()
        } catch {
            throw Problem(description: error.description)
        }
    }

    /// What the spool holds.
    public func contents() throws(Problem) -> SpoolContents {
        let outbox = Outbox(configuration.general, state: paths.state).folder
        let folders = Set([Spool.defaultOutbox(of: paths.state), outbox])
        do throws(SpoolError) {
            return try SpoolContents(state: paths.state, outboxes: folders.sorted { $0.string < $1.string })
        } catch {
            throw Problem(description: error.description)
        }
    }

    /// The bytes of a file that waits or is in quarantine.
    public func show(_ name: String) throws(Problem) -> [UInt8] {
        guard let path = try contents().path(of: name, state: paths.state) else {
            throw Problem(description: "there is no file \(name); 'spool list' shows what there is")
        }
        do throws(SystemError) {
            return try Files.read(path, limit: 1 << 30)
        } catch {
            throw Problem(description: error.description)
        }
    }

    /// Sends what waits, without collecting anything.
    public func flush() async throws(Problem) -> Flush {
        let logger = ExecutionLog.open(configuration.general, state: paths.state, verbosity: verbosity)
        let deadline = ContinuousClock.now + .seconds(3600)
        let shipper = Shipper(
            configuration.general, state: paths.state, deadline: deadline, verbosity: verbosity, logger: logger)
        do throws(SpoolError) {
            var spool = try open()
            let shipment = await shipper.ship(&spool)
            return Flush(
                deliveredCount: shipment.deliveredNames.count, quarantinedCount: shipment.quarantinedNames.count,
                waitingCount: try spool.waiting().count,
                failures: spool.recipients.compactMap { shipment.failures[$0] })
        } catch {
            throw Problem(description: error.description)
        }
    }

    /// Brings files back from the quarantine, to go with the next cycle.
    ///
    /// - Parameter names: The files; empty = all.
    /// - Returns: Those that were brought back.
    public func retry(_ names: [String]) throws(Problem) -> [String] {
        try change(names) { (spool, name) throws(SpoolError) in try spool.retry(name) }
    }

    /// Removes files from the quarantine for good.
    ///
    /// - Parameter names: The files; empty = all.
    /// - Returns: Those that were removed.
    public func purge(_ names: [String]) throws(Problem) -> [String] {
        try change(names) { (spool, name) throws(SpoolError) in try spool.purge(name) }
    }

    private func change(
        _ names: [String], _ body: (inout Spool, String) throws(SpoolError) -> Bool
    ) throws(Problem) -> [String] {
        let wanted = try names.isEmpty ? contents().quarantined.map(\.file.name) : names
        do throws(SpoolError) {
            var spool = try open()
            for name in wanted {
                if try !body(&spool, name) {
                    throw SpoolError.badName(name, reason: "there is no such file in the quarantine")
                }
            }
            return wanted
        } catch {
            throw Problem(description: error.description)
        }
    }

    private func open() throws(SpoolError) -> Spool {
        let outbox = Outbox(configuration.general, state: paths.state).folder
        var spool = try Spool(state: paths.state, outbox: outbox, recipients: configuration.general.recipients)
        try spool.tidy()
        return spool
    }
}
