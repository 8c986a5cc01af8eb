internal import AgentConfiguration
internal import Digests
internal import Glibc
internal import HostProbes
internal import Logging
internal import RemoteManagement
internal import Spool
internal import SystemFiles
internal import SystemPackage
internal import Tentacle

/// Remote management of one agent: what comes before its cycle, and what the cycle's end means for a new configuration.
///
/// Ask for the digest, fetch, verify, adopt; after the cycle keep it or roll it back. With the read-only flag set, nothing
/// of this is begun.
struct RemoteStep {
    private let paths: AgentPaths
    private let options: CycleOptions
    private let trial: ConfigurationTrial
    private var lock: RemoteLock?
    private var logger: Logger?
    /// What was done before the log was open.
    private var earlier: [String] = []
    private var onTrial: ConfigurationTrial.Record?

    init(_ paths: AgentPaths, _ options: CycleOptions) {
        self.paths = paths
        self.options = options
        trial = ConfigurationTrial(of: paths.configuration, state: paths.state)
    }

    /// Puts things right that an earlier run left behind: a configuration that did not complete its first cycle is rolled
    /// back. Nothing is asked of any server.
    mutating func recover() {
        guard options.changesState, trial.record() != nil, takeLock() else { return }
        switch trial.leftover() {
        case .nothing: break
        case .neverAdopted, .changedSince: try? trial.end()
        case .unfinished(let record):
            onTrial = record
            rollBack(because: "its first cycle did not end")
        }
    }

    /// Asks the server for a configuration, where the local policy lets it, and adopts one that is found good.
    ///
    /// - Returns: Whether the configuration is another one now.
    mutating func update(_ configuration: Configuration) async -> Bool {
        if !earlier.isEmpty || mayAsk(configuration) {
            logger = ExecutionLog.open(
                configuration.general, state: options.changesState ? paths.state : nil, verbosity: options.verbosity)
        }
        for sentence in earlier { logger?.error("\(sentence)") }
        earlier = []
        guard mayAsk(configuration), takeLock() else { return false }
        var memory = RemoteMemory(in: paths.state)
        let before = memory
        memory.failure = ""
        do throws(RemoteFailure) {
            try await exchange(configuration, &memory)
        } catch {
            memory.failure = error.description
            logger?.warning("remote_config: \(error)")
        }
        if memory != before { save(memory) }
        return onTrial != nil
    }

    /// Brings the collections of a configuration up to date.
    mutating func updateCollections(_ configuration: Configuration) {
        guard mayAsk(configuration), takeLock() else { return }
        var memory = RemoteMemory(in: paths.state)
        let before = memory
        let step = CollectionStep(configuration: configuration, role: options.role, logger: logger)
        guard step.isNeeded(memory) else { return }
        do throws(RemoteFailure) {
            var server = try Self.server(of: configuration.general)
            defer { server.close() }
            try step.update(from: &server, &memory)
        } catch {
            memory.failure += (memory.failure.isEmpty ? "" : "; ") + error.description
            logger?.warning("remote_config: \(error)")
        }
        if memory != before { save(memory) }
    }

    /// Whether this run may ask a server for anything.
    private func mayAsk(_ configuration: Configuration) -> Bool {
        options.changesState && options.sends && options.kind == .full && options.onlyModules.isEmpty
            && configuration.general.remoteConfiguration && !configuration.general.keepsSentFiles
            && !configuration.policy.isReadOnly
    }

    private mutating func exchange(
        _ configuration: Configuration, _ memory: inout RemoteMemory
    ) async throws(RemoteFailure) {
        let environment = CommandEnvironment.variables(of: configuration, agentName: "")
        let name = await AgentIdentity.name(
            AgentIdentity.Sources(
                configuration: configuration, role: options.role, environment: environment, roots: .system,
                state: Spool.values(in: paths.state), makesRandomName: false,
                deadline: .now + .seconds(30), problems: { [logger] in logger?.warning("\($0)") }))
        // The cycle makes the name; the next one is early enough.
        guard let name else { return }
        var server = try Self.server(of: configuration.general)
        defer { server.close() }
        try update(configuration, as: name, from: &server, &memory)
    }

    private static func server(of settings: GeneralSettings) throws(RemoteFailure) -> any RemoteServer {
        switch settings.primary.transferMode {
        case .tentacle:
            do throws(TentacleOptions.Mistake) {
                return TentacleRemoteServer(try TentacleTransport.server(settings.primary))
            } catch {
                throw .passing("server_opts: \(error)")
            }
        case .local:
            let base = settings.primary.path
            return FolderRemoteServer(
                configurations: base.pushing(FilePath(settings.serverPathConfigurations)),
                digests: base.pushing(FilePath(settings.serverPathMD5)),
                collections: base.pushing(FilePath(settings.serverPathCollections)), owner: settings.transferModeUser)
        case .ssh, .ftp:
            throw .passing("it is done with transfer_mode tentacle and local alone")
        }
    }

    /// The configuration: registers it, or finds it in step, or fetches the server's and judges it.
    private mutating func update(
        _ configuration: Configuration, as name: String, from server: inout any RemoteServer,
        _ memory: inout RemoteMemory
    ) throws(RemoteFailure) {
        let file: ConfigurationFile
        let bytes: [UInt8]
        do throws(SystemError) {
            file = try ConfigurationFile(paths.configuration)
            bytes = try file.bytes()
        } catch {
            throw .passing("\(error)")
        }
        let present = Digest.md5(bytes).hexadecimal
        // Somebody may put a new version there between the two questions, so they are asked twice.
        for attempt in 0..<2 {
            guard let answer = try server.fetch(.configurationDigest(agent: name)) else {
                try server.send(bytes, as: .configuration(agent: name))
                try server.send(Array(present.utf8), as: .configurationDigest(agent: name))
                memory.registered = Int64(time(nil))
                memory.refused = nil
                logger?.notice("remote_config: the server has this host's configuration now")
                return
            }
            guard let digest = RemoteDigest(answer)?.text else {
                throw .passing("\(RemoteFile.configurationDigest(agent: name).name) of the server holds no MD5")
            }
            if digest == present {
                memory.refused = nil
                return
            }
            if digest == memory.refused?.digest { return }
            if let problem = Self.obstacle(to: file) {
                throw .passing("the server has another configuration, \(digest), which cannot be adopted: \(problem)")
            }
            let contents: [UInt8]
            do throws(RemoteFailure) {
                guard let fetched = try server.fetch(.configuration(agent: name)) else {
                    throw .passing("the server has the digest of a configuration, and not the configuration")
                }
                contents = fetched
            } catch {
                guard case .unusable(let reason) = error else { throw error }
                return refuse(digest, reason, &memory)
            }
            if Digest.md5(contents).hexadecimal == digest {
                let pushed = PushedConfiguration(contents: contents, digest: digest)
                return try judge(pushed, configuration, bytes, present, &memory)
            }
            if attempt == 1 { refuse(digest, "what the server sent has another MD5: it is damaged or cut", &memory) }
        }
    }

    private mutating func judge(
        _ pushed: PushedConfiguration, _ configuration: Configuration, _ bytes: [UInt8], _ present: String,
        _ memory: inout RemoteMemory
    ) throws(RemoteFailure) {
        let (paths, options) = (paths, options)
        let verdict = pushed.verdict(against: configuration, from: bytes) { contents throws(ConfigurationUnusable) in
            try ConfigurationLoader().load(
                main: paths.configuration, contents: contents, local: paths.local, readOnlyOption: options.isReadOnly)
        }
        let changesServer: Bool
        switch verdict {
        case .refused(let reason): return refuse(pushed.digest, reason, &memory)
        case .acceptable(let value): changesServer = value
        }
        // Somebody may have locked the agent, or changed its configuration, while the server was asked.
        let reader = AgentConfigurationReader(paths: paths, options: options)
        guard let now = try? reader.read(), now.policy == configuration.policy,
            (try? ConfigurationFile(paths.configuration).bytes()) == bytes
        else { throw .passing("the host's own configuration changed meanwhile; the next cycle looks again") }
        let record = ConfigurationTrial.Record(new: pushed.digest, old: present, changesServer: changesServer)
        do throws(SystemError) {
            try trial.begin(pushed.contents, insteadOf: bytes, record)
        } catch {
            throw .passing("the configuration \(pushed.digest) of the server is good and cannot be stored: \(error)")
        }
        onTrial = record
        logger?.notice(
            "remote_config: the configuration \(pushed.digest) of the server is adopted, on trial for a cycle")
    }

    /// Why the configuration cannot be replaced, as a phrase; `nil` where nothing is seen.
    private static func obstacle(to file: ConfigurationFile) -> String? {
        if geteuid() != 0, let owner = try? Files.status(file.path).userID.rawValue, owner != geteuid() {
            return
                "\(file.path) belongs to another user, and a new file could not; give it to the agent's user, or set "
                + "remote_config 0"
        }
        let folder = file.path.removingLastComponent()
        guard folder.withPlatformString({ access($0, W_OK | X_OK) }) != 0 else { return nil }
        return "the agent's user cannot write in \(folder); let it, or set remote_config 0"
    }

    private func refuse(_ digest: String, _ reason: String, _ memory: inout RemoteMemory) {
        memory.refused = RemoteMemory.Version(digest: digest, time: Int64(time(nil)), reason: reason)
        logger?.error("remote_config: the configuration \(digest) of the server is refused: \(reason)")
    }

    /// What a cycle's end means for a configuration on trial.
    ///
    /// - Returns: Whether the one before it is in its place again.
    mutating func isRolledBack(after report: CycleReport) -> Bool {
        guard let record = onTrial else { return false }
        switch report.ending {
        case .notDelivered where record.changesServer:
            return rollBack(because: "with it the server is not reached: \(report.failures.first ?? "")")
        case .done, .notDelivered:
            keep(record)
            return false
        case .heldByAnother:
            // It never had its cycle.
            return rollBack(because: nil)
        case .failed, .unusableConfiguration:
            return rollBack(because: "its first cycle failed: \(report.failures.first ?? "")")
        }
    }

    private mutating func keep(_ record: ConfigurationTrial.Record) {
        var memory = RemoteMemory(in: paths.state)
        memory.adopted = RemoteMemory.Version(digest: record.new, time: Int64(time(nil)))
        memory.refused = nil
        do throws(SystemError) {
            try memory.save(in: paths.state)
            try trial.end()
            logger?.notice("remote_config: the configuration \(record.new) completed a cycle and stays")
        } catch {
            logger?.error("remote_config: \(error)")
        }
        onTrial = nil
    }

    /// Brings back the configuration before the one on trial.
    ///
    /// - Parameter reason: Why the new one is not tried again; `nil` = it is.
    /// - Returns: Whether it is back.
    @discardableResult
    mutating func rollBack(because reason: String?) -> Bool {
        guard let record = onTrial else { return false }
        onTrial = nil
        do throws(SystemError) {
            try trial.rollBack()
        } catch {
            tell("remote_config: the configuration before \(record.new) cannot be brought back: \(error)")
            return false
        }
        guard let reason else { return true }
        do throws(SystemError) {
            tell("remote_config: the configuration \(record.new) of the server is rolled back: \(reason)")
            var memory = RemoteMemory(in: paths.state)
            memory.refused = RemoteMemory.Version(
                digest: record.new, time: Int64(time(nil)), reason: "it was rolled back: \(reason)")
            try memory.save(in: paths.state)
        } catch {
            tell("remote_config: what was rolled back is not remembered: \(error)")
        }
        return true
    }

    private mutating func tell(_ sentence: String) {
        if let logger { logger.error("\(sentence)") } else { earlier.append(sentence) }
    }

    private func save(_ memory: RemoteMemory) {
        do throws(SystemError) {
            try memory.save(in: paths.state)
        } catch {
            logger?.warning("remote_config: what was found is not remembered: \(error)")
        }
    }

    private mutating func takeLock() -> Bool {
        if lock == nil { lock = RemoteLock(in: paths.state) }
        return lock != nil
    }
}

/// The lock of one agent's remote management, held until the cycle is over.
private final class RemoteLock: Sendable {
    private let lock: FileLock

    init?(in state: FilePath) {
        let folder = RemoteMemory.folder(in: state)
        guard (try? Files.makeFolder(folder)) != nil, let lock = try? FileLock(folder.appending("lock")) else {
            return nil
        }
        self.lock = lock
    }
}

extension CycleOptions {
    /// Whether a run may change anything on the host.
    fileprivate var changesState: Bool { !printsDocuments }
}

/// The MD5 in a file of the server's: its first word.
struct RemoteDigest {
    /// 32 lower-case hexadecimal digits.
    let text: String

    init?(_ bytes: [UInt8]) {
        guard let word = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first,
            word.utf8.count == 32, word.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit })
        else { return nil }
        text = word.lowercased()
    }
}
