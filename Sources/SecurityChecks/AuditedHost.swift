public import CommandRunner
public import HostProbes
public import SystemPackage

/// A host that checks look at: where its files are, how its programs are asked, and what its administrator allows.
public struct AuditedHost: Sendable {
    /// Runs a program of the host within bounds. A tree of files has none: there every command is not started.
    public typealias Runner = @Sendable (_ command: Command) async -> CommandResult

    /// Where the host's files are.
    public var roots: HostRoots
    /// What the host's administrator says about it.
    public var settings: AuditSettings
    /// The folder in which checks remember what they saw, private to the agent's user; `nil` where nothing may be
    /// remembered. A check that needs it then answers what it can, and "cannot tell" else.
    public var stateFolder: FilePath?
    /// The effective user that looks, which decides what is visible; 0 is root.
    public var userIdentifier: UInt32
    /// Finds the agent's own files: its program, its configuration. The check that watches them alone asks, as the whole
    /// configuration may have to be read for it.
    public var agentFiles: @Sendable () -> [FilePath] = { [] }
    /// Told how far a check that takes long has come, from whatever thread; `nil` where nobody looks.
    public var progress: (@Sendable (AuditProgress) -> Void)?
    private let runner: Runner?
    /// What checks share.
    let memory = AuditMemory()

    /// Describes a host.
    ///
    /// - Parameter runner: How its programs are asked; `nil` where they cannot be, as in a tree of files.
    public init(
        roots: HostRoots = .system, settings: AuditSettings = AuditSettings(), stateFolder: FilePath? = nil,
        userIdentifier: UInt32, runner: Runner? = nil
    ) {
        self.roots = roots
        self.settings = settings
        self.stateFolder = stateFolder
        self.userIdentifier = userIdentifier
        self.runner = runner
    }

    /// Whether programs of the host can be asked.
    public var canRunPrograms: Bool { runner != nil }

    /// Runs a program with its arguments, which no shell sees, and without an environment but `PATH` and the plain
    /// locale.
    ///
    /// - Returns: How it ended and what it wrote; `nil` where programs of the host cannot be asked.
    public func run(
        _ program: FilePath, _ arguments: [String], timeLimit: Duration = .seconds(5), outputLimit: Int = 1 << 20,
        environment: [String: String] = [:]
    ) async -> CommandResult? {
        guard let runner else { return nil }
        var whole = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"]
        whole.merge(environment) { _, given in given }
        return await runner(
            Command(
                .file(program, arguments: arguments), environment: whole, timeLimit: timeLimit,
                outputLimit: outputLimit))
    }

    /// A path of the host, such as `/etc/ssh/sshd_config`, as a path below its roots.
    public func path(_ path: FilePath) -> FilePath {
        var relative = path
        relative.root = nil
        if let first = relative.components.first {
            var rest = relative
            rest.components.removeFirst()
            switch first.string {
            case "etc": return roots.etc.appending(rest.components)
            case "proc": return roots.proc.appending(rest.components)
            case "sys": return roots.sys.appending(rest.components)
            default: break
            }
        }
        return roots.top.appending(relative.components)
    }
}

/// What a host's administrator says about it, so that checks know what is meant to be.
public struct AuditSettings: Sendable, Hashable {
    /// TCP and UDP ports that may listen for others than the host itself.
    public var allowedPorts: Set<UInt16>
    /// Files of passwords to try, one a line, besides the shipped list.
    public var passwordLists: [FilePath]
    /// Files whose content must not change, besides those that are always watched.
    public var watchedFiles: [FilePath]
    /// How long passwords are tried in one audit; `nil` for as long as it takes. With a state folder the next audit goes
    /// on where this one ended.
    public var passwordTimeLimit: Duration?

    /// More passwords to try.
    public var passwords: [String] = []
    /// Whether the shipped list of passwords is tried.
    public var usesShippedPasswords = true
    /// The file of the baseline; `nil` is one in the state folder.
    public var baselineFile: FilePath?
    /// What becomes of the baseline of files.
    public var baselineUse = BaselineUse.compare

    /// The settings where nobody said anything: ports 22 and 80, no more lists and files, half a minute for passwords.
    public init(
        allowedPorts: Set<UInt16> = [22, 80], passwordLists: [FilePath] = [], watchedFiles: [FilePath] = [],
        passwordTimeLimit: Duration? = .seconds(30)
    ) {
        self.allowedPorts = allowedPorts
        self.passwordLists = passwordLists
        self.watchedFiles = watchedFiles
        self.passwordTimeLimit = passwordTimeLimit
    }
}

/// How far a check has come.
public struct AuditProgress: Sendable, Hashable {
    /// What is counted, such as `passwords`.
    public let subject: String
    /// How many steps are done.
    public let done: Int
    /// How many there are.
    public let total: Int
}

/// What an audit does with the baseline of watched files.
public enum BaselineUse: Sendable, Hashable {
    /// Compare with it, and write nothing but that a file differs.
    case compare
    /// Compare with it; what was never remembered is remembered now.
    case compareOrTake
    /// Remember what is now.
    case take
}
