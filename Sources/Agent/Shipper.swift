internal import AgentConfiguration
internal import Logging
internal import Spool
internal import SystemFiles
internal import SystemPackage

/// What went out in a cycle.
struct Shipment: Sendable {
    /// The files that a server took: once for each server.
    var deliveredNames: [String] = []
    var deliveredBytes: Int64 = 0
    var quarantinedNames: [String] = []
    /// Why files still wait, a sentence for each server.
    var failures: [Recipient: String] = [:]
    /// The certificates that deliveries depended on.
    var certificates: Set<CertificateValidity> = []
}

/// Brings what waits in the spool to its servers, oldest first. A file leaves the spool only after they took it.
struct Shipper {
    private let settings: GeneralSettings
    private let state: FilePath
    private let deadline: ContinuousClock.Instant
    private let verbosity: Verbosity
    private let logger: Logger
    private let transfers: TransferLog?

    /// Prepares shipping.
    ///
    /// - Parameter deadline: When no further file is begun and nothing is tried again: the cycle has to end.
    init(
        _ settings: GeneralSettings, state: FilePath, deadline: ContinuousClock.Instant, verbosity: Verbosity,
        logger: Logger
    ) {
        self.settings = settings
        self.state = state
        self.deadline = deadline
        self.verbosity = verbosity
        self.logger = logger
        do throws(SystemError) {
            transfers = try TransferLog(in: state)
        } catch {
            transfers = nil
            logger.warning("what is sent is not recorded: \(error)")
        }
    }

    /// Sends to each server what waits for it. With `secondary_mode on_error`, what the first server cannot be given goes
    /// to the second.
    func ship(_ spool: inout Spool) async -> Shipment {
        var shipment = Shipment()
        for recipient in spool.recipients {
            let server = recipient == .primary ? settings.primary : settings.secondary
            await ship(&spool, for: recipient, to: server, &shipment)
        }
        if settings.secondaryMode == .onError, let failure = shipment.failures[.primary] {
            logger.warning("\(failure); the second server is tried")
            shipment.failures[.primary] = nil
            await ship(&spool, for: .primary, to: settings.secondary, &shipment)
            if let second = shipment.failures[.primary] {
                shipment.failures[.primary] = "\(failure); the second server: \(second)"
            }
        }
        for recipient in spool.recipients {
            guard let failure = shipment.failures[recipient] else { continue }
            let server = spool.recipients.count > 1 ? " to the \(recipient.rawValue) server" : ""
            let consequence = settings.keepsUnsentFiles ? ", the files wait in the spool" : ""
            logger.error("not delivered\(server)\(consequence): \(failure)")
        }
        return shipment
    }

    private func ship(
        _ spool: inout Spool, for recipient: Recipient, to server: ServerSettings, _ shipment: inout Shipment
    ) async {
        do throws(SpoolError) {
            let waiting = try spool.waiting(for: recipient)
            if waiting.isEmpty { return }
            let opened: any Transport
            do throws(TransportUnavailable) {
                opened = try transport(to: server)
            } catch {
                shipment.failures[recipient] = error.description
                return
            }
            var transport = opened
            var progress = ProgressBar(total: waiting.count, verbosity: verbosity)
            defer {
                transport.close()
                progress?.end()
            }
            var rest = waiting[...]
            var lastServer: ServerFacts?
            while !rest.isEmpty, shipment.failures[recipient] == nil {
                if ContinuousClock.now >= deadline {
                    shipment.failures[recipient] =
                        "the time of this cycle is over; \(rest.count) files wait for the next"
                    break
                }
                let batch = Array(rest.prefix(transport.batchSize))
                rest = rest.dropFirst(batch.count)
                let files = batch.map { OutgoingFile(name: $0.name, path: spool.outbox.appending($0.name)) }
                let prints = files.map { TransferLog.Fingerprint($0) }
                let deliveries = await transport.send(files)
                if let facts = deliveries.first?.server, facts != lastServer {
                    shipment.certificates.formUnion(CertificateValidity.all(of: server, shown: facts))
                    lastServer = facts
                }
                for (index, delivery) in deliveries.enumerated() {
                    transfers?.record(
                        files[index], prints[index], for: recipient.rawValue, mode: server.transferMode.rawValue,
                        delivery)
                    try note(delivery, of: batch[index], for: recipient, in: &spool, &shipment)
                    progress?.advance()
                }
            }
        } catch {
            shipment.failures[recipient] = "\(error)"
        }
    }

    private func note(
        _ delivery: Delivery, of file: WaitingFile, for recipient: Recipient, in spool: inout Spool,
        _ shipment: inout Shipment
    ) throws(SpoolError) {
        switch delivery.answer {
        case .delivered, .alreadyThere:
            let note = delivery.answer == .alreadyThere ? ", where it was already" : ""
            logger.info("sent \(file.name), \(file.byteCount) bytes, to \(delivery.server.phrase)\(note)")
            shipment.deliveredNames.append(file.name)
            shipment.deliveredBytes += file.byteCount
            try spool.delivered(file, to: recipient, keepingCopy: settings.keepsSentFiles)
        case .refused(let reason):
            logger.error("refused for good and put into quarantine: \(file.name): \(reason)")
            shipment.quarantinedNames.append(file.name)
            try spool.quarantine(file, for: recipient, reason: reason)
        case .unreadable(let reason):
            // One file that cannot be read must not keep the others.
            logger.error("\(reason)")
        case .failed(let reason):
            shipment.failures[recipient] = reason
        }
    }

    private func transport(to server: ServerSettings) throws(TransportUnavailable) -> any Transport {
        switch server.transferMode {
        case .local: return LocalTransport(folder: server.path)
        case .ssh: return try SSHTransport(server)
        case .ftp:
            logger.warning("\(FTPTransport.warning)")
            return try FTPTransport(server)
        case .tentacle:
            let budget = max(.zero, deadline - .now)
            return try TentacleTransport(
                server, budget: budget, scratch: state, onRetry: { [logger] in logger.info("\($0)") })
        }
    }
}

extension GeneralSettings {
    /// The servers that every file is for.
    var recipients: [Recipient] { secondaryMode == .always ? [.primary, .secondary] : [.primary] }
}
