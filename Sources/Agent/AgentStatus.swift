internal import AgentConfiguration
internal import Glibc
internal import RemoteManagement
internal import Spool
internal import SystemPackage
internal import Tentacle

/// What `status` tells: the last cycle, what waits, the server, who may change what.
public struct AgentStatus: Sendable, Hashable {
    /// A line of the answer.
    public struct Line: Sendable, Hashable {
        /// What it is about.
        public let key: String
        /// What there is to say.
        public let value: String
    }

    /// The lines, in the order in which they are shown.
    public private(set) var lines: [Line] = []
    /// Why the configuration cannot be used; `nil` where it can.
    public private(set) var problem: String?

    /// Looks at an agent's files. It changes nothing and needs no lock, so it answers while a cycle runs.
    public init(of paths: AgentPaths, isReadOnly: Bool = false) {
        add("configuration", paths.configuration.string)
        addLastCycle(in: paths.state)
        var options = CycleOptions()
        options.isReadOnly = isReadOnly
        do throws(ConfigurationUnusable) {
            let configuration = try AgentConfigurationReader(paths: paths, options: options).read()
            addSpool(of: configuration, state: paths.state)
            addServer(configuration.general.primary)
            if configuration.general.secondaryMode != .never {
                add("secondary server", configuration.general.secondary.destination)
            }
            addAuthority(configuration, state: paths.state)
        } catch {
            add("problem", error.description)
            problem = error.description
        }
    }

    private mutating func add(_ key: String, _ value: String) {
        lines.append(Line(key: key, value: value))
    }

    private mutating func addLastCycle(in state: FilePath) {
        guard let last = LastCycle(in: state) else {
            add("last cycle", "none that \(state) knows of")
            return
        }
        let age = max(0, Int64(time(nil)) - last.time)
        let ending = CycleEnding(rawValue: last.ending).map { "\($0)" } ?? "status \(last.ending)"
        add(
            "last cycle",
            "\(age) s ago, \(ending): \(last.moduleCount) modules, \(last.failedModuleCount) failed; "
                + "\(last.committedFileCount) files committed, \(last.deliveredFileCount) delivered")
        if !last.failure.isEmpty { add("last failure", last.failure) }
        for fact in last.confinement { add(fact.subject.title, fact.text) }
        if let certificate = last.certificate {
            let now = Int64(time(nil))
            add(
                "certificate",
                certificate.warning(at: now)
                    ?? "\(certificate.holder) is the first to end, in \(certificate.daysLeft(at: now)) days")
        }
    }

    private mutating func addSpool(of configuration: Configuration, state: FilePath) {
        let now = Int64(time(nil))
        let folders = Set([Spool.defaultOutbox(of: state), configuration.general.temporal])
        do throws(SpoolError) {
            for folder in folders.sorted(by: { $0.string < $1.string }) {
                let waiting = try Spool.waiting(in: folder)
                guard !waiting.isEmpty else { continue }
                let age = waiting.map { max(0, now - $0.modificationTime) }.max() ?? 0
                let bytes = waiting.reduce(0) { $0 + $1.byteCount }
                add("waiting", "\(waiting.count) files with \(bytes) bytes in \(folder), the oldest \(age) s old")
            }
        } catch {
            add("waiting", "\(error)")
        }
        if !lines.contains(where: { $0.key == "waiting" }) { add("waiting", "nothing") }
        guard let contents = try? SpoolContents(state: state, outboxes: []) else { return }
        if !contents.quarantined.isEmpty { add("quarantine", "\(contents.quarantined.count) files; see 'spool list'") }
        if contents.lostFileCount > 0 {
            add("lost", "\(contents.lostFileCount) files with \(contents.lostByteCount) bytes, at limits of the spool")
        }
    }

    private mutating func addServer(_ server: ServerSettings) {
        add("server", server.destination)
        guard server.transferMode == .tentacle else { return }
        do {
            switch try TentacleTransport.server(server).security {
            case .plain: add("security", "none: what is sent can be read and changed on the way")
            case .unverified(let options):
                let certificate = options.clientCertificate == nil ? "" : ", with a certificate of our own"
                let check = options.pinnedKey == nil ? "the server is not verified" : "the server's key is pinned"
                add("security", "TLS\(certificate); \(check)")
            case .verified: add("security", "TLS; the server's certificate is verified")
            }
        } catch {
            add("security", "server_opts: \(error)")
        }
    }

    private mutating func addAuthority(_ configuration: Configuration, state: FilePath) {
        let authority = ConfigurationAuthority(configuration)
        let readOnly = configuration.policy.readOnly.map(\.description).joined(separator: ", ")
        add("read-only", readOnly.isEmpty ? "no" : "yes: \(readOnly)")
        add("configuration may be changed by", authority.whoChangesTheConfiguration)
        for line in authority.restrictions { add("local policy", line) }
        guard configuration.general.remoteConfiguration else { return }
        let memory = RemoteMemory(in: state)
        for sentence in memory.sentences(at: Int64(time(nil))) { add("remote configuration", sentence) }
        if ConfigurationTrial(of: configuration.file, state: state).record() != nil {
            add("remote configuration", "the present one came from the server and has not completed a cycle yet")
        }
    }
}
