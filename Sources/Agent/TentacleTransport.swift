internal import AgentConfiguration
internal import SystemFiles
internal import SystemPackage
internal import Tentacle

/// `transfer_mode tentacle`: the built-in Tentacle client, one connection for all files.
struct TentacleTransport: Transport {
    /// The largest file that servers take by default, in bytes on the wire; what is larger goes compressed.
    static let serverLimit: Int64 = 2_000_000

    let batchSize = 1
    private let server: TentacleServer
    private let session: TentacleSession
    private let compressesAll: Bool
    private let scratch: FilePath

    /// Prepares a session at the level and with the password that the configuration gives; it connects with the first
    /// file.
    ///
    /// - Parameters:
    ///   - budget: How long failed transfers are tried again.
    ///   - scratch: The folder for what is compressed.
    ///   - onRetry: Takes a sentence before each retry.
    init(
        _ settings: ServerSettings, budget: Duration, scratch: FilePath, onRetry: @escaping (String) -> Void = { _ in }
    ) throws(TransportUnavailable) {
        do throws(TentacleOptions.Mistake) {
            let options = try TentacleOptions(serverOptions: settings.options)
            server = try Self.server(settings)
            var policy = RetryPolicy(budget: budget)
            if let retries = options.retries { policy.retries = retries }
            session = TentacleSession(server, retry: policy)
            compressesAll = options.compresses
        } catch {
            throw TransportUnavailable(description: "server_opts: \(error)")
        }
        self.scratch = scratch
        session.onRetry = { error, pause in onRetry("\(error); trying again in \(pause.text)") }
    }

    /// The server of a configuration: `server_opts` say more than the plain tokens and win over them.
    static func server(_ settings: ServerSettings) throws(TentacleOptions.Mistake) -> TentacleServer {
        var server = TentacleServer(host: settings.address, port: UInt16(clamping: settings.port))
        server.limits.total = settings.transferTimeout
        server.security = TransportSecurity(settings)
        if !settings.password.isEmpty { server.password = Tentacle.Secret(settings.password.reveal()) }
        return server.applying(try TentacleOptions(serverOptions: settings.options))
    }

    mutating func send(_ files: [OutgoingFile]) async -> [Delivery] {
        files.prefix(1).map { file in
            let start = ContinuousClock.now
            let answer = send(file)
            return Delivery(answer: answer, server: facts, duration: .now - start)
        }
    }

    private func send(_ file: OutgoingFile) -> Delivery.Answer {
        do throws(SystemError) {
            let source = try file.open()
            return send(source, size: Int64(try source.status().size), as: file.name)
        } catch {
            return .unreadable("\(error)")
        }
    }

    private func send(_ source: borrowing OpenFile, size: Int64, as name: String) -> Delivery.Answer {
        do throws(TentacleError) {
            let isLarge = size > Self.serverLimit
            let transfer = try session.send(
                .file(source.descriptor), as: TentacleFileName(name),
                compression: compressesAll || isLarge ? .on(scratch: scratch) : .off)
            return transfer.confirmation == .alreadyThere ? .alreadyThere : .delivered
        } catch {
            if error == .refused(.alreadyExists) { return .alreadyThere }
            return error.consequence == .finalForFile
                ? .refused("\(error)") : .failed("server \(server.host) port \(server.port): \(error)")
        }
    }

    private var facts: ServerFacts {
        guard let peer = session.peer else { return ServerFacts(address: "\(server.host) port \(server.port)") }
        return ServerFacts(peer)
    }

    mutating func close() {
        session.end()
    }
}

extension ServerFacts {
    /// What a Tentacle connection knows.
    init(_ peer: TentaclePeer) {
        self.init(
            address: peer.address, version: peer.tls?.version, cipher: peer.tls?.cipher,
            key: peer.tls?.serverKey.map { "\($0)" }, certificateEnd: peer.tls?.certificateValidUntil)
    }
}

extension TransportSecurity {
    /// What the tokens of a configuration ask for: `server_ssl` and those that begin with `ssl_`.
    init(_ settings: ServerSettings) {
        let security = settings.security
        guard settings.usesTLS || security.isAnySet else {
            self = .plain
            return
        }
        var options = TLSOptions()
        options.clientCertificate = security.certificate.map { certificate in
            ClientCertificate(
                certificate: certificate, key: security.key,
                passPhrase: security.keyPasswordFile.map { .file($0) } ?? .none)
        }
        options.pinnedKey = security.pin.flatMap { PublicKeyPin($0) }
        if let oldest = security.minimumVersion.flatMap({ TLSVersion(rawValue: $0.rawValue) }) {
            options.minimumVersion = oldest
        }
        guard let authorities = security.authorities else {
            self = .unverified(options)
            return
        }
        let isFolder = (try? Files.status(authorities))?.type == .directory
        let check: NameCheck =
            switch security.verifiedName {
            case .host: .host
            case .off: .off
            case .name(let name): .name(name)
            }
        self = .verified(isFolder ? .folder(authorities) : .file(authorities), check, options)
    }
}
