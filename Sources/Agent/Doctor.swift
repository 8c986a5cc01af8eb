internal import AgentConfiguration
internal import DataFile
internal import Glibc
internal import HostProbes
internal import Logging
internal import Spool
internal import SystemFiles
internal import SystemPackage
internal import Tentacle

/// Looks for trouble between the configuration and a file that a server took.
public struct Doctor {
    /// How one step went.
    public enum Outcome: String, Sendable, Hashable {
        /// As it should.
        case fine
        /// It works, and somebody should look at it.
        case warning
        /// It does not work.
        case failed
        /// Not tried, because an earlier step failed or it does not apply.
        case skipped
    }

    /// One step.
    public struct Step: Sendable, Hashable {
        /// What was looked at.
        public let name: String
        /// How it went.
        public let outcome: Outcome
        /// What there is to say.
        public let detail: String
    }

    private let paths: AgentPaths
    private let isSending: Bool
    private var steps: [Step] = []

    /// Prepares.
    ///
    /// - Parameter isSending: Whether a data file without modules, a sign of life, is sent to see whether it is taken.
    public init(_ paths: AgentPaths, isSending: Bool) {
        self.paths = paths
        self.isSending = isSending
    }

    /// Looks.
    public func run() async -> [Step] {
        var doctor = self
        await doctor.look()
        return doctor.steps
    }

    private mutating func add(_ name: String, _ outcome: Outcome, _ detail: String) {
        steps.append(Step(name: name, outcome: outcome, detail: detail))
    }

    private mutating func look() async {
        let configuration: Configuration
        do throws(ConfigurationUnusable) {
            configuration = try AgentConfigurationReader(paths: paths, options: CycleOptions()).read()
        } catch {
            add("configuration", .failed, error.description)
            return
        }
        let errors = configuration.diagnostics.filter { $0.severity == .error }
        add(
            "configuration", errors.isEmpty ? .fine : .warning,
            errors.isEmpty
                ? "\(paths.configuration): \(configuration.modules.count) modules"
                : "\(errors.count) lines have no effect, the first: \(errors[0]); 'check' shows all")
        lookAtFolders(configuration)
        await lookAt(configuration.general.primary, "server", configuration)
        if configuration.general.secondaryMode != .never {
            await lookAt(configuration.general.secondary, "secondary server", configuration)
        }
    }

    private mutating func lookAtFolders(_ configuration: Configuration) {
        let outbox = Outbox(configuration.general, state: paths.state)
        do throws(SpoolError) {
            let spool = try Spool(state: paths.state, outbox: outbox.folder)
            for warning in spool.warnings { add("state folder", .warning, warning.description) }
            add("state folder", .fine, "\(paths.state) is the agent's alone, files wait in \(outbox.folder)")
        } catch {
            // A cycle that is at work is no trouble.
            if case .heldByAnother = error {
                add("state folder", .fine, "\(paths.state): an agent is at work there")
            } else {
                add("state folder", .failed, error.description)
            }
        }
        if let complaint = outbox.complaint { add("temporal", .warning, complaint) }
        do throws(SpoolError) {
            let contents = try SpoolContents(state: paths.state, outboxes: [outbox.folder])
            let now = Int64(time(nil))
            let age = contents.waiting.map { max(0, now - $0.file.modificationTime) }.max() ?? 0
            let isLate = age > 2 * configuration.general.interval.components.seconds
            add(
                "spool", isLate ? .warning : .fine,
                contents.waiting.isEmpty
                    ? "nothing waits" : "\(contents.waiting.count) files wait, the oldest for \(age) s")
            if !contents.quarantined.isEmpty {
                add(
                    "quarantine", .warning,
                    "\(contents.quarantined.count) files were refused, the last: \(contents.quarantined.last?.reason ?? "")"
                )
            }
            if contents.lostFileCount > 0 {
                add("lost", .warning, "\(contents.lostFileCount) files were given up at the limits of the spool")
            }
        } catch {
            add("spool", .failed, error.description)
        }
    }

    private mutating func lookAt(_ server: ServerSettings, _ title: String, _ configuration: Configuration) async {
        if server.transferMode == .tentacle, !connect(to: server, title) {
            add("\(title): file", .skipped, "there is no connection")
            return
        }
        if server.transferMode == .ftp { add("\(title): security", .warning, FTPTransport.warning) }
        guard isSending else {
            add("\(title): file", .skipped, "not asked for")
            return
        }
        await sendSignOfLife(to: server, title, configuration)
    }

    /// - Returns: Whether the server can be spoken to.
    private mutating func connect(to settings: ServerSettings, _ title: String) -> Bool {
        let server: TentacleServer
        do throws(TentacleOptions.Mistake) {
            server = try TentacleTransport.server(settings)
        } catch {
            add("\(title): options", .failed, "server_opts: \(error)")
            return false
        }
        do throws(TentacleError) {
            let connection = try TentacleClient(server).connect()
            defer { connection.quit() }
            addConnection(connection.peer, server, title)
            return true
        } catch {
            add("\(title): \(error.stage)", .failed, "\(server.host) port \(server.port): \(error)")
            return false
        }
    }

    private mutating func addConnection(_ peer: TentaclePeer, _ server: TentacleServer, _ title: String) {
        add("\(title): connection", .fine, "\(server.host) answers at \(peer.address)")
        if let tls = peer.tls {
            let isProven =
                if case .verified = server.security { true } else { server.security.tls?.pinnedKey != nil }
            add(
                "\(title): TLS", isProven ? .fine : .warning,
                "\(tls.version), \(tls.cipher), key \(tls.serverKey.map { "\($0)" } ?? "unknown")"
                    + (isProven ? "" : "; the server proves nothing: set ssl_ca or ssl_pin"))
            addValidity(tls.certificateValidUntil, "\(title): its certificate")
        } else {
            add("\(title): TLS", .warning, "none: what is sent can be read and changed on the way")
        }
        if let certificate = server.security.tls?.clientCertificate {
            addValidity(try? certificate.validUntil(), "\(title): our certificate")
        }
        add(
            "\(title): password", .fine, server.password == nil ? "none is configured" : "the server took it")
    }

    private mutating func addValidity(_ end: Int64?, _ name: String) {
        guard let end else { return }
        let days = CertificateValidity(holder: name, end: end).daysLeft(at: Int64(time(nil)))
        if days < CertificateValidity.warningDays {
            add(name, .warning, "it ends in \(days) days")
        } else {
            add(name, .fine, "valid for \(days) days")
        }
    }

    private mutating func sendSignOfLife(
        to server: ServerSettings, _ title: String, _ configuration: Configuration
    ) async {
        let name = "\(title): file"
        do {
            let file = try await signOfLife(configuration)
            defer { try? Files.remove(file.path) }
            var transport: any Transport =
                switch server.transferMode {
                case .local: LocalTransport(folder: server.path)
                case .ssh: try SSHTransport(server)
                case .ftp: try FTPTransport(server)
                case .tentacle: try TentacleTransport(server, budget: .zero, scratch: paths.state)
                }
            let answer = await transport.send([file]).first?.answer
            transport.close()
            switch answer {
            case .delivered?, .alreadyThere?: add(name, .fine, "a sign of life was taken: \(file.name)")
            case .refused(let reason)?, .failed(let reason)?, .unreadable(let reason)?: add(name, .failed, reason)
            case nil: add(name, .failed, "there was no answer")
            }
        } catch {
            add(name, .failed, "\(error)")
        }
    }

    /// A data file without modules, which waits in the state folder and not in the outbox.
    private func signOfLife(_ configuration: Configuration) async throws -> OutgoingFile {
        let identity = try await AgentIdentity.find(
            AgentIdentity.Sources(
                configuration: configuration, role: .main,
                environment: CommandEnvironment.variables(of: configuration, agentName: ""), roots: .system,
                state: Spool.values(in: paths.state), makesRandomName: false,
                deadline: .now + .seconds(30), problems: { _ in }))
        let now = Int64(time(nil))
        let assembler = Assembler(configuration.general, identity: identity, now: now)
        var names = DataFileNames(
            agentName: identity.name, last: 0, now: { UInt64(clamping: now) &* 1_000_000_000 })
        let name = names.next().description
        let path = paths.state.appending(".doctor-\(name)")
        try? Files.remove(path)
        try Files.create(path, assembler.documents(of: [])[0])
        return OutgoingFile(name: name, path: path)
    }
}

extension TentacleError {
    /// The part of the way where it happened, in one word.
    fileprivate var stage: String {
        switch self {
        case .nameNotResolved: "name"
        case .passwordRefused, .closed(.password), .lost(.password, _), .timedOut(.password, _): "password"
        case .unusableFile, .unusableSetting, .serverCertificate, .clientCertificateRefused, .peerWithoutTLS,
            .peerWithTLS, .nothingInCommon, .tls, .closed(.handshake), .lost(.handshake, _), .timedOut(.handshake, _):
            "TLS"
        case .proxyRefused, .closed(.proxy), .lost(.proxy, _), .timedOut(.proxy, _): "proxy"
        default: "connection"
        }
    }
}
