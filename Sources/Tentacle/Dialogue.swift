internal import Digests

/// The protocol's lines and bodies on an open stream. One line goes out, its answer comes in, and only then the next.
struct Dialogue {
    private let stream: any ByteStream

    init(_ stream: any ByteStream) {
        self.stream = stream
    }

    /// PASS.
    func authenticate(_ password: Secret, _ waiting: Waiting) throws(TentacleError) {
        let digest = Digest.md5(Digest.md5(password.bytes)).hexadecimal
        do throws(TentacleError) {
            let answer = try ask("PASS \(digest)", waiting.next(.password))
            if answer != .accepted { throw answer.error(.password, to: "PASS") }
        } catch {
            switch error {
            case .closed, .lost: throw .passwordRefused
            default: throw error
            }
        }
    }

    /// SEND or ZSEND of the first `size` bytes of a body.
    func send(
        _ command: String, _ body: TentacleBody, _ size: UInt64, as name: TentacleFileName, _ waiting: Waiting
    ) throws(TentacleError) {
        let offered = try ask("\(command) <\(name)> SIZE \(size)", waiting.next(.command))
        if offered != .accepted { throw offered.error(.command, to: command) }
        let inBody = waiting.next(.body)
        try body.read(size) { piece throws(TentacleError) in try stream.write(piece, inBody) }
        let confirmed = try answer(command, waiting.next(.confirmation))
        if confirmed != .accepted { throw confirmed.error(.confirmation, to: command) }
    }

    /// RECV or ZRECV.
    ///
    /// - Returns: How many bytes came, all of which `store` got.
    func receive(
        _ command: String, _ name: TentacleFileName, limit: UInt64, _ waiting: Waiting,
        _ store: (UnsafeRawBufferPointer) throws(TentacleError) -> Void
    ) throws(TentacleError) -> UInt64 {
        let announced = try ask("\(command) <\(name)>", waiting.next(.command))
        guard case .size(let size) = announced else { throw announced.error(.command, to: command) }
        // A refusal has no answer, so the next command could run into it: the connection ends instead.
        if size > limit { throw .tooLargeToReceive(size: size, limit: limit) }
        let inBody = waiting.next(.body)
        try write("\(command) OK", inBody)

        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 4096)
        defer { buffer.deallocate() }
        var left = size
        while left > 0 {
            let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(clamping: left)))
            let count = try stream.read(into: wanted, inBody)
            if count == 0 { throw .closed(.body) }
            try store(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
            left -= UInt64(count)
        }
        return size
    }

    /// Unpacks what ZRECV brought; tells the server where that fails.
    func unpack(
        _ archive: ArchiveStore, limit: UInt64, _ waiting: Waiting,
        _ store: (UnsafeRawBufferPointer) throws(TentacleError) -> Void
    ) throws(TentacleError) -> UInt64 {
        do throws(ZIPArchive.UnpackFailure) {
            return try ZIPArchive.unpack(archive.body, limit: limit, store)
        } catch {
            switch error {
            case .other(let error):
                throw error
            case .defect(let defect):
                try? write("ZRECV ERR", waiting.next(.confirmation))
                throw .unusableArchive(reason: defect.rawValue)
            }
        }
    }

    /// QUIT, and the end of TLS.
    func quit(_ waiting: Waiting) {
        try? write("QUIT", waiting)
        (stream as? TLSStream)?.close()
    }

    /// Sends a line and waits for the answer, which must come before anything else may be sent.
    private func ask(_ line: String, _ waiting: Waiting) throws(TentacleError) -> ServerAnswer {
        try write(line, waiting)
        return try answer(String(line.prefix { $0 != " " }), waiting)
    }

    private func write(_ line: String, _ waiting: Waiting) throws(TentacleError) {
        try Array("\(line)\n".utf8).withBuffer { bytes throws(TentacleError) in try stream.write(bytes, waiting) }
    }

    private func answer(_ command: String, _ waiting: Waiting) throws(TentacleError) -> ServerAnswer {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: AnswerLine.longest, alignment: 1)
        defer { buffer.deallocate() }
        var line = AnswerLine()
        while true {
            let count = try stream.read(into: buffer, waiting)
            if count == 0 { throw .closed(waiting.step) }
            switch line.add(buffer.prefix(count)) {
            case .incomplete:
                continue
            case .complete(let bytes):
                if let answer = ServerAnswer(bytes, to: command) { return answer }
                throw .unexpectedAnswer(waiting.step, line: printable(String(decoding: bytes, as: UTF8.self)))
            case .broken:
                if line.isTLSAlert { throw .peerWithTLS }
                throw .unexpectedAnswer(waiting.step, line: printable(String(decoding: line.bytes, as: UTF8.self)))
            }
        }
    }
}

extension ServerAnswer {
    /// The error of an answer that is not the one that the protocol needs here.
    fileprivate func error(_ step: TentacleStep, to command: String) -> TentacleError {
        switch self {
        case .refused(let reason): .refused(Refusal(reason: reason))
        case .accepted: .unexpectedAnswer(step, line: "\(command) OK")
        case .size(let size): .unexpectedAnswer(step, line: "\(command) SIZE \(size)")
        }
    }
}
