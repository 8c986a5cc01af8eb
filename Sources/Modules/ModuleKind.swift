internal import CommandRunner
public import DataFile
public import LogReading
public import SystemPackage
public import TextEncodings

/// Something that yields elements of the data file: a kind of module, or a built-in plugin.
///
/// "No data" is not a failure: a log without new lines, or a command without output, has nothing to say.
public protocol ModuleKind: Sendable {
    /// Collects once. It never throws: what goes wrong is part of the outcome, and costs this module alone.
    func collect(in context: ModuleContext) async -> ModuleOutcome
}

/// A module that can hand on its elements one after the other, for a program that writes each before the next comes and so
/// needs no memory for all of them.
public protocol StreamingModule: ModuleKind {
    /// Collects once.
    ///
    /// - Parameter take: Takes an element; what it throws ends the collection.
    /// - Returns: The outcome, without elements.
    func collect<Failure: Error>(
        in context: ModuleContext, take: (DataFileElement) throws(Failure) -> Void
    ) async throws(Failure) -> ModuleOutcome
}

/// What a module has to work with during one cycle.
public struct ModuleContext: Sendable {
    /// Readings of the host that modules of one cycle share.
    public let host: HostReadings
    /// The environment of every command, saved values of earlier modules included.
    public private(set) var environment: [String: String]
    /// What was committed with the last data files; see ``ModuleOutcome/stateChanges``.
    public let state: [String: String]
    /// When the cycle should be over: no command may take longer, however many wait for their turn.
    public let deadline: ContinuousClock.Instant
    /// Seconds since 1970.
    public let now: Int64
    /// Where Perl plugins may have left how far they read a log, the first that has it counts.
    public let legacyPositions: [FilePath]
    /// As whom the module's commands run, and within which limits.
    public private(set) var bounds = CommandBounds.none

    /// What lines that are not UTF-8 are in, of what commands print.
    public var encoding = TextEncoding.utf8
    /// Where modules keep what is not part of ``state``: caches, and what an administrator acknowledges; `nil` where nothing
    /// may be written.
    public var stateFolder: FilePath?
    /// The keys of ``state`` under which the log readers of the configuration keep their positions; `nil` where nobody knows
    /// all readers, as with a plugin that is a program of its own.
    public var keysOfLogReaders: (@Sendable () -> Set<String>)?
    /// Where the journal keeps its files.
    public var journalFolders = JournalFolders.usual
    /// Finds the agent's program and configuration, for the one check that watches them.
    public var agentFiles: @Sendable () -> [FilePath] = { [] }

    /// Gathers what modules work with.
    public init(
        host: HostReadings, environment: [String: String], state: [String: String], deadline: ContinuousClock.Instant,
        now: Int64, legacyPositions: [FilePath] = ["/tmp"]
    ) {
        self.host = host
        self.environment = environment
        self.state = state
        self.deadline = deadline
        self.now = now
        self.legacyPositions = legacyPositions
    }

    /// The same with another environment.
    public func with(environment: [String: String]) -> ModuleContext {
        var context = self
        context.environment = environment
        return context
    }

    /// The same with other bounds.
    public func with(bounds: CommandBounds) -> ModuleContext {
        var context = self
        context.bounds = bounds
        return context
    }

    /// How long a command may take from now on. Where the cycle's time is over, each that still waits gets a second.
    public var longestCommand: Duration {
        max(.seconds(1), ContinuousClock.now.duration(to: deadline))
    }
}

/// What became of a module's command, for people who try it.
public struct CommandReport: Sendable, Hashable {
    /// The exit status; `nil` where it did not end by itself.
    public let exitStatus: Int32?
    /// The beginning of what it wrote to standard error.
    public let errorOutput: [UInt8]

    init(_ result: CommandResult) {
        if case .exited(let status) = result.ending { exitStatus = status } else { exitStatus = nil }
        errorOutput = result.errorOutput
    }
}

/// What one collection brought.
public struct ModuleOutcome: Sendable {
    /// What goes into the data file; empty = no data.
    public var elements: [DataFileElement] = []
    /// The module's value as later modules and conditions see it; `nil` where it has none.
    public var value: String?
    /// Why there is nothing, or less than there should be; each a sentence. Not empty = the module failed.
    public var failures: [String] = []
    /// What the server will not do as it is meant, each a sentence; it is no failure of the module.
    public var warnings: [String] = []
    /// What the operator may want to know, each a sentence.
    public var notes: [String] = []
    /// How many of the failures and notes are about what a probe could not see.
    public var limitationCount = 0
    /// How many bytes of logs it could not read any more.
    public var missedLogBytes: Int64 = 0
    /// Whether it ran at all; a precondition that does not hold keeps it from running.
    public var didRun = true
    /// What must be committed together with the elements, and only with them: positions in logs, times of inventories.
    public var stateChanges: [String: String] = [:]
    /// Keys of the state that nobody needs any more, to be removed in the same step.
    public var stateRemovals: Set<String> = []

    /// What became of its command; `nil` where it has none.
    public var command: CommandReport?

    /// No data.
    public init() {}

    /// A failure.
    public init(failure: String) {
        failures = [failure]
    }
}
