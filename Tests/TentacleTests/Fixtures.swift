import Synchronization
import SystemPackage
import Tentacle
import TentacleServerDouble

/// Runs a test with a double, which is stopped afterwards.
func withServer<Result>(
    _ change: (inout TentacleServerDouble.Behaviour) -> Void = { _ in },
    _ body: (TentacleServerDouble) throws -> Result
) throws -> Result {
    var behaviour = TentacleServerDouble.Behaviour()
    change(&behaviour)
    let server = try TentacleServerDouble(behaviour)
    defer { server.stop() }
    return try body(server)
}

extension TentacleServerDouble {
    /// A client's view of the double.
    func settings(
        _ security: TransportSecurity = .plain, password: Secret? = nil, idle: Duration = .seconds(10)
    ) -> TentacleServer {
        TentacleServer(
            host: address, port: port, security: security, password: password,
            limits: TimeLimits(connect: idle, handshake: idle, idle: idle, total: .seconds(30)))
    }

    /// Sends one file on a connection of its own.
    @discardableResult
    func receiveFile(
        _ bytes: [UInt8] = Array("some data".utf8), _ name: String = "host.1.data", from settings: TentacleServer
    ) throws(TentacleError) -> TentacleTransfer {
        let connection = try TentacleClient(settings).connect()
        let transfer = try connection.send(.bytes(bytes), as: TentacleFileName(name))
        connection.quit()
        return transfer
    }
}

extension TentacleServerDouble.TLS {
    init(_ pair: TestAuthority.Pair, _ clients: ClientCertificates = .notAsked, newestVersion: Int = 0) {
        self.init(
            certificate: pair.certificate, key: pair.key, clientCertificates: clients, newestVersion: newestVersion)
    }
}

extension ClientCertificate {
    init(_ pair: TestAuthority.Pair) {
        self.init(certificate: pair.certificate, key: pair.key)
    }
}

/// The error that a body throws; `nil` where it throws none.
func failure(_ body: () throws(TentacleError) -> Void) -> TentacleError? {
    do throws(TentacleError) {
        try body()
        return nil
    } catch {
        return error
    }
}

/// Runs a body for many values at once, each on a thread of its own, because each spends its time waiting.
///
/// - Returns: What the bodies found wrong; an expectation on a thread of its own would belong to no test.
func problems<Value: Sendable>(
    of values: some Collection<Value>, _ body: @escaping @Sendable (Value) throws -> [String]
) throws -> [String] {
    let tally = ProblemTally()
    let ends = try FileDescriptor.pipe()
    for value in values {
        startThread {
            do { tally.add(try body(value)) } catch { tally.add(["\(value): \(error)"]) }
            _ = try? ends.writeEnd.writeAll([0])
        }
    }
    var byte: [UInt8] = [0]
    for _ in values { _ = try byte.withUnsafeMutableBytes { try ends.readEnd.read(into: $0) } }
    try ends.readEnd.close()
    try ends.writeEnd.close()
    return tally.found
}

private final class ProblemTally: Sendable {
    private let texts = Mutex<[String]>([])

    func add(_ more: [String]) {
        texts.withLock { $0 += more }
    }

    var found: [String] { texts.withLock { $0 } }
}

/// What an error says, for comments.
func sentence(of error: TentacleError?) -> String {
    error.map { "\($0)" } ?? "no error"
}
