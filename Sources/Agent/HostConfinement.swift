internal import AgentConfiguration
internal import CommandRunner
internal import Confinement
internal import Glibc
internal import Synchronization
internal import SystemFiles
internal import SystemPackage

/// What the process gives up before it does anything with a configuration: root's power, and the ability to listen.
public enum HostConfinement {
    /// Something that is in force, or is not, as `status` tells it.
    struct Fact: Sendable, Hashable {
        enum Subject: String, Sendable, CaseIterable {
            case user, listening, writing

            var title: String {
                switch self {
                case .user: "user"
                case .listening: "listening"
                case .writing: "writing"
                }
            }
        }

        let subject: Subject
        let text: String
    }

    private struct State {
        var facts: [Fact] = []
        var problems: [String] = []
        /// Where the agent can write; `nil` = everywhere.
        var places: WritablePlaces?
    }

    private static let state = Mutex(State())

    /// How this process is confined; empty before ``begin(paths:extent:)``.
    static var facts: [Fact] { state.withLock { $0.facts } }

    /// How much the program will do.
    public enum Extent: Sendable, Hashable {
        /// It looks at files, or tidies them.
        case tool
        /// It runs cycles, for which it may need a state folder.
        case cycles(makesState: Bool)

        fileprivate var makesState: Bool {
            if case .cycles(let makesState) = self { makesState } else { false }
        }
    }

    /// Confines the process as its files say: as root, it becomes `pandora_user`; then listening is refused to it and to all
    /// that it will start; and a program that runs cycles can itself write its own places alone.
    ///
    /// Files that cannot be read are no error here: whoever reads them next says so. Then nobody's user is taken, and
    /// listening is refused.
    ///
    /// - Throws: ``Refusal`` where root's power was to be given up and could not be: the program must end.
    public static func begin(paths: AgentPaths, extent: Extent) throws(Refusal) {
        let configuration = try? ConfigurationLoader.loadGeneral(main: paths.configuration, local: paths.local)
        if geteuid() == 0, let configuration, let name = configuration.general.user {
            do throws(ConfigurationUnusable) {
                try become(name, paths: paths, configuration: configuration, makesState: extent.makesState)
            } catch {
                throw Refusal(description: error.description)
            }
        }
        PrivilegeDrop.withholdFromCommands()
        note(.user, userText)
        note(.listening, refuseListening(configuration?.policy ?? LocalPolicy()))
        // From here on, whoever reads the configuration says what is wrong with it.
        if let configuration, case .cycles = extent {
            if extent.makesState { try? Files.makeFolder(paths.state) }
            note(.writing, restrictWriting(configuration, paths))
        }
    }

    /// Why the program ends, as a sentence.
    public struct Refusal: Error, Sendable, CustomStringConvertible {
        /// The sentence.
        public let description: String
    }

    // MARK: The user

    private static func become(
        _ name: String, paths: AgentPaths, configuration: Configuration, makesState: Bool
    ) throws(ConfigurationUnusable) {
        guard let account = UserAccount(named: name) else {
            throw ConfigurationUnusable("pandora_user: \(noUser(name))")
        }
        if account.userID == 0 { return }
        try checkFiles(paths, decidingFor: account, configuration.policy)
        do throws(SystemError) {
            try handOver(paths.state, to: account, makesState: makesState)
        } catch {
            throw ConfigurationUnusable("pandora_user: \(error)")
        }
        do throws(SystemError) {
            try PrivilegeDrop(to: account, keeping: configuration.policy.keptCapabilities).perform()
        } catch {
            throw ConfigurationUnusable(
                "pandora_user: \(error); let root start the agent with CAP_SETUID and CAP_SETGID, or start it as \(name)"
            )
        }
        setenv("HOME", account.home, 1)
        setenv("USER", account.name, 1)
        setenv("LOGNAME", account.name, 1)
        setenv("SHELL", account.shell, 1)
        // Root's own.
        unsetenv("XDG_RUNTIME_DIR")
    }

    /// What root takes a user from must be writable by root alone, or by that user: for nobody else can then become more
    /// than they are. What the user is left of root's power is root's alone to say.
    private static func checkFiles(
        _ paths: AgentPaths, decidingFor account: UserAccount, _ policy: LocalPolicy
    ) throws(ConfigurationUnusable) {
        var checks: [(file: FilePath, trusted: UInt32)] = []
        if policy.strictPermissions ?? true { checks.append((paths.configuration, account.userID)) }
        if Files.exists(paths.local) {
            checks.append((paths.local, policy.keptCapabilities.isEmpty ? account.userID : 0))
        }
        for (file, trusted) in checks {
            do throws(SystemError) {
                guard let place = try Files.foreignWriteAccess(to: file, trusting: trusted).first else { continue }
                throw SystemError("use", "\(file), as \(place)", .permissionDenied)
            } catch {
                throw ConfigurationUnusable(
                    "pandora_user: \(error); root runs nothing that others decide: make it, and the folders above it, "
                        + "writable by root alone")
            }
        }
    }

    /// The state folder becomes the user's, where it is not there yet.
    private static func handOver(
        _ state: FilePath, to account: UserAccount, makesState: Bool
    ) throws(SystemError) {
        if Files.exists(state) {
            let owner = try Files.status(state).userID.rawValue
            if owner == account.userID { return }
            let advice = "chown -R \(account.name) \(state)"
            throw SystemError("use", "\(state), which belongs to user \(owner) (\(advice))", .permissionDenied)
        }
        guard makesState else { return }
        try Files.makeFolder(state, permissions: .ownerReadWriteExecute)
        try systemCall("give away", state.string) { lchown(state.string, account.userID, account.groupID) }
    }

    private static func noUser(_ name: String) -> String { "there is no user '\(name.prefix(60))'" }

    private static var userText: String {
        let number = geteuid()
        let name = getpwuid(number).map { String(cString: $0.pointee.pw_name) } ?? "\(number)"
        let kept = number == 0 ? [] : Capability.held.map(\.name).sorted()
        return kept.isEmpty ? name : "\(name), with \(kept.joined(separator: ", "))"
    }

    // MARK: Listening

    private static func refuseListening(_ policy: LocalPolicy) -> String {
        guard policy.refusesListening else { return "not refused by the kernel: deny_listen 0" }
        do throws(SystemError) {
            switch try ListenGuard.shared.install() {
            case .watched: return "refused by the kernel (seccomp); tries are in the log"
            case .unwatched: return "refused by the kernel (seccomp); tries are in the kernel's log alone"
            }
        } catch {
            let text = "not refused by the kernel: \(error)"
            state.withLock { $0.problems.append("deny_listen: listening is \(text)") }
            return text
        }
    }

    // MARK: Writing

    private static func restrictWriting(_ configuration: Configuration, _ paths: AgentPaths) -> String {
        guard configuration.policy.restrictsWriting else { return "not restricted by the kernel: confine_writes 0" }
        let places = WritablePlaces(configuration, paths: paths).adding(
            configuration.general.brokerAgents.compactMap { brokerPlaces($0, of: paths) })
        // These stay free of it: what commands write, and which process has which socket open.
        CommandLauncher.start()
        EarlierThread.start()
        do throws(SystemError) {
            try WriteRestriction.begin(allowing: places.paths)
            state.withLock { $0.places = places }
            return "restricted by the kernel (Landlock) to \(places.shown)"
        } catch {
            let text = "not restricted by the kernel: \(error)"
            state.withLock { $0.problems.append("confine_writes: writing is \(text)") }
            return text
        }
    }

    private static func brokerPlaces(_ name: String, of paths: AgentPaths) -> WritablePlaces? {
        guard let broker = try? BrokerAgent(name, of: paths),
            let configuration = try? ConfigurationLoader.loadGeneral(
                main: broker.paths.configuration, local: broker.paths.local)
        else { return nil }
        return WritablePlaces(configuration, paths: broker.paths)
    }

    private static func note(_ subject: Fact.Subject, _ text: String) {
        state.withLock { $0.facts.append(Fact(subject: subject, text: text)) }
    }

    // MARK: What there is to tell

    /// What `check` tells about `pandora_user`.
    static func diagnostics(about configuration: Configuration, user: UInt32) -> [Diagnostic] {
        guard let name = configuration.general.user, let position = configuration.generalPositions["pandora_user"]
        else {
            return []
        }
        guard let account = UserAccount(named: name) else {
            return [Diagnostic(.error, at: position, "pandora_user: \(noUser(name)): started by root, the agent ends")]
        }
        if [0, user].contains(account.userID) || user == 0 { return [] }
        return [
            Diagnostic(
                .warning, at: position, "pandora_user: only root can become '\(account.name)': it runs as who starts it"
            )
        ]
    }

    /// What the log tells: what was asked for and is not in force.
    static func warnings(about configuration: Configuration, paths: AgentPaths) -> [String] {
        let user = geteuid()
        var warnings = diagnostics(about: configuration, user: user).map { "\($0.position): \($0.text)" }
        if user == 0, let name = configuration.general.user, let account = UserAccount(named: name), account.userID != 0
        {
            warnings.append(
                "pandora_user: the agent has been root since it was started: restart it to become '\(name)'")
        }
        if let places = state.withLock({ $0.places }) {
            warnings += places.missing(of: WritablePlaces(configuration, paths: paths)).map {
                "confine_writes: the agent cannot write to \($0) since its start, when the configuration did not name it: "
                    + "restart it"
            }
        }
        return warnings + state.withLock { $0.problems }
    }
}
