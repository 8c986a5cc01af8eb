public import SystemPackage

/// A command to run, and the bounds within which it runs.
public struct Command: Sendable, Hashable {
    /// What is executed.
    public enum Program: Sendable, Hashable {
        /// Text that `/bin/sh -c` interprets.
        case shell(String)
        /// A program and its arguments, which no shell sees. A name without a slash is looked up along `PATH` of
        /// ``Command/environment``.
        case file(FilePath, arguments: [String])
    }

    /// Another user, and the groups that the command is in, by their numbers.
    public struct User: Sendable, Hashable {
        /// The user.
        public let userID: UInt32
        /// The primary group.
        public let groupID: UInt32
        /// All groups.
        public let groups: [UInt32]

        /// Names a user.
        public init(userID: UInt32, groupID: UInt32, groups: [UInt32]) {
            self.userID = userID
            self.groupID = groupID
            self.groups = groups
        }
    }

    /// What becomes of a command that writes more than ``Command/outputLimit``.
    public enum Excess: Sendable, Hashable {
        /// It runs to its end; the rest is read, counted and dropped.
        case isDropped
        /// It is killed with all that it started, where only the beginning is of use.
        case endsCommand
    }

    /// What is executed.
    public var program: Program
    /// The whole environment; nothing is inherited from the agent. Names hold no `=` and do not begin with a digit.
    public var environment: [String: String]
    /// How long the command may take before it is killed with all that it started.
    public var timeLimit: Duration
    /// How many bytes of its standard output are kept: the first ones.
    public var outputLimit: Int
    /// What happens when it writes more than that.
    public var excess: Excess
    /// How many bytes of its standard error are kept: the first ones.
    public var errorOutputLimit: Int
    /// The folder that it starts in; `nil` means the agent's.
    public var workingFolder: FilePath?
    /// What it reads on its standard input, which may be a secret: no other process sees it; `nil` means /dev/null.
    public var input: [UInt8]?
    /// Who runs it, for good and without a way to new privileges (`no_new_privs`); `nil` means the agent's user. Only root
    /// can choose.
    public var user: User?
    /// What it and each process that it starts may take of the host.
    public var limits = ResourceLimits()

    /// A command with its bounds.
    public init(
        _ program: Program, environment: [String: String], timeLimit: Duration, outputLimit: Int = 16 << 20,
        excess: Excess = .isDropped, errorOutputLimit: Int = 4096, workingFolder: FilePath? = nil,
        input: [UInt8]? = nil
    ) {
        self.program = program
        self.environment = environment
        self.timeLimit = timeLimit
        self.outputLimit = outputLimit
        self.excess = excess
        self.errorOutputLimit = errorOutputLimit
        self.workingFolder = workingFolder
        self.input = input
    }
}
