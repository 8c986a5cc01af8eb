public import SystemPackage

/// A connection to a Tentacle server, on which any number of files go one after the other.
///
/// After a ``TentacleError/refused(_:)`` it can still be used; after any other error of the wire it is over.
public final class TentacleConnection {
    /// Who the server is.
    public let peer: TentaclePeer
    /// Whether the next file can go.
    public var isUsable: Bool { dialogue != nil }

    private var dialogue: Dialogue?
    private let limits: TimeLimits

    init(
        over stream: any ByteStream, with peer: TentaclePeer, _ server: TentacleServer, _ waiting: Waiting
    ) throws(TentacleError) {
        let dialogue = Dialogue(stream)
        self.peer = peer
        limits = server.limits
        self.dialogue = dialogue
        if let password = server.password { try dialogue.authenticate(password, waiting) }
    }

    /// Sends a file (SEND).
    ///
    /// - Returns: The transfer, once the server has confirmed that it has the whole file.
    @discardableResult
    public func send(_ body: TentacleBody, as name: TentacleFileName) throws(TentacleError) -> TentacleTransfer {
        let size = try body.size()
        if size == 0 { throw .emptyFile }
        return try transfer(name) { dialogue, waiting throws(TentacleError) in
            try dialogue.send("SEND", body, size, as: name, waiting)
            return (size, size)
        }
    }

    /// Sends a packed file (ZSEND), which the server unpacks before it stores it.
    ///
    /// A server that does not know the command closes the connection (``TentacleError/closed(_:)`` in the step
    /// ``TentacleStep/command``).
    @discardableResult
    public func send(_ file: PackedFile) throws(TentacleError) -> TentacleTransfer {
        let body = file.store.body
        return try transfer(file.name) { dialogue, waiting throws(TentacleError) in
            try dialogue.send("ZSEND", body, file.wireSize, as: file.name, waiting)
            return (file.size, file.wireSize)
        }
    }

    /// How a file comes over the wire.
    public enum WireFormat: Sendable, Hashable {
        /// As it is (RECV).
        case plain
        /// Packed (ZRECV), which old servers do not know. The packed bytes are kept in a file without a name in a folder.
        case packed(scratch: FilePath)
    }

    /// Receives a file into memory.
    ///
    /// - Parameter limit: The most bytes that are accepted.
    public func receive(
        _ name: TentacleFileName, limit: UInt64, format: WireFormat = .plain
    ) throws(TentacleError) -> (bytes: [UInt8], transfer: TentacleTransfer) {
        var bytes: [UInt8] = []
        let transfer = try receive(name, limit: limit, format) { piece in bytes += piece }
        return (bytes, transfer)
    }

    /// Receives a file and writes it at the descriptor's offset. After an error, part of it may have been written.
    ///
    /// - Parameter limit: The most bytes that are accepted.
    public func receive(
        _ name: TentacleFileName, into descriptor: FileDescriptor, limit: UInt64, format: WireFormat = .plain
    ) throws(TentacleError) -> TentacleTransfer {
        try receive(name, limit: limit, format) { piece throws(TentacleError) in
            do {
                _ = try descriptor.writeAll(piece)
            } catch {
                throw .unwritableDestination(error as? Errno ?? .ioError)
            }
        }
    }

    private func receive(
        _ name: TentacleFileName, limit: UInt64, _ format: WireFormat,
        _ store: (UnsafeRawBufferPointer) throws(TentacleError) -> Void
    ) throws(TentacleError) -> TentacleTransfer {
        try transfer(name) { dialogue, waiting throws(TentacleError) in
            switch format {
            case .plain:
                let size = try dialogue.receive("RECV", name, limit: limit, waiting, store)
                return (size, size)
            case .packed(let scratch):
                let archive = try ArchiveStore(in: scratch)
                // What cannot be compressed grows by less than this.
                let wireLimit = limit.addingReportingOverflow(limit / 1000 + 2048)
                let wireSize = try dialogue.receive(
                    "ZRECV", name, limit: wireLimit.overflow ? .max : wireLimit.partialValue, waiting
                ) { piece throws(TentacleError) in try archive.append(piece) }
                return (try dialogue.unpack(archive, limit: limit, waiting, store), wireSize)
            }
        }
    }

    /// Ends the dialogue and closes the connection. How the server ends it does not matter.
    public func quit() {
        dialogue?.quit(Waiting(.command, idle: limits.idle, whole: min(limits.idle, limits.total)))
        dialogue = nil
    }

    /// Runs the dialogue of one file, after which the connection is over unless the file went or was refused.
    private func transfer(
        _ name: TentacleFileName,
        _ body: (Dialogue, Waiting) throws(TentacleError) -> (size: UInt64, wireSize: UInt64)
    ) throws(TentacleError) -> TentacleTransfer {
        guard let dialogue else { throw .over }
        let start = ContinuousClock.now
        do throws(TentacleError) {
            let sizes = try body(dialogue, Waiting(.command, idle: limits.idle, whole: limits.total))
            return TentacleTransfer(
                name: name.description, size: sizes.size, wireSize: sizes.wireSize, confirmation: .dialogue,
                duration: .now - start, peer: peer)
        } catch {
            if case .refused = error { throw error }
            self.dialogue = nil
            throw error
        }
    }
}
