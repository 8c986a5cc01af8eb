/// How a cycle ended, as the exit status of the program.
public enum CycleEnding: Int32, Sendable, Hashable {
    /// Done. Modules that failed are reported and no error of the run.
    case done = 0
    /// The cycle could not do its job.
    case failed = 1
    /// The configuration cannot be used.
    case unusableConfiguration = 2
    /// Collected and safely in the spool, but not delivered.
    case notDelivered = 3
    /// Another instance holds the state folder.
    case heldByAnother = 4
}

/// What one module did in a cycle.
public struct ModuleReport: Sendable, Hashable {
    /// Its name, or what it ran.
    public let name: String
    /// Its value; `nil` where it has none of its own, as plugins.
    public let value: String?
    /// How many elements it brought.
    public let elementCount: Int
    /// What went wrong, each a sentence.
    public let failures: [String]
    /// What else there is to know, each a sentence.
    public let notes: [String]
    /// How long it took.
    public let duration: Duration
}

/// What the cycle of a broker agent did.
public struct BrokerReport: Sendable, Hashable {
    /// The name that the configuration gives it.
    public let name: String
    /// What its cycle did.
    public let report: CycleReport
}

/// What a cycle did: the value that the log, the summary and the exit status are made of.
public struct CycleReport: Sendable, Hashable {
    /// How it ended.
    public var ending: CycleEnding
    /// The modules that ran, in the order of the configuration.
    public var modules: [ModuleReport] = []
    /// What there is to tell about the configuration, `file:line:column: …`.
    public var diagnostics: [String] = []
    /// What the log was told of the configuration, now or before; `nil` where it could not be read.
    var findings: [String]?
    /// What went wrong outside modules, each a sentence.
    public var failures: [String] = []
    /// The data files that were committed.
    public var committedFiles: [String] = []
    /// The bytes of those.
    public var committedBytes = 0
    /// Data files that the server took, older ones included.
    public var deliveredFiles: [String] = []
    /// Data files that the server refused for good.
    public var quarantinedFiles: [String] = []
    /// The certificates that deliveries depended on, those that end first at the front.
    public var certificates: [CertificateValidity] = []
    /// How many data files wait in the spool.
    public var waitingFiles = 0
    /// How many data files were ever given up at a limit of the spool.
    public var lostFiles = 0
    /// Where data files go.
    public var destination = ""
    /// The data files, where they were asked for instead of sent.
    public var documents: [[UInt8]] = []
    /// Whether the agent is read-only, and where that was set.
    public var readOnly: [String] = []
    /// How long the cycle took.
    public var duration = Duration.zero

    /// What the broker agents of the configuration did, in its order; empty where there are none.
    public var brokers: [BrokerReport] = []
    /// Which broker agents the configuration names.
    var brokerNames: [String] = []
    /// What the loop goes by from now on; `nil` where the configuration could not be read.
    var loop: LoopSettings?

    init(ending: CycleEnding) {
        self.ending = ending
    }

    /// The modules that brought nothing because something went wrong, or less than they should have.
    public var failedModules: [ModuleReport] { modules.filter { !$0.failures.isEmpty } }
}
