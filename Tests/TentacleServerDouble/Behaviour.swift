public import SystemPackage

extension TentacleServerDouble {
    /// How the double behaves; what is not set is as a real server has it.
    public struct Behaviour: Sendable {
        /// Plain, or TLS with a certificate.
        public var tls: TLS?
        /// The password that PASS must prove.
        public var password: String?
        /// The largest file in bytes, as counted on the wire.
        public var sizeLimit = 2_000_000
        /// Whether a file may replace one of the same name.
        public var overwrites = false
        /// Whether ZSEND and ZRECV are known (0.4 and later).
        public var knowsCompression = true
        /// The milliseconds without a byte after which a connection is closed.
        public var idleLimit: CInt = 4000
        /// How many connections are served at a time; the next ones wait.
        public var connectionLimit = 10
        /// Where files are kept.
        public var store = Store.memory
        /// What goes wrong on the connections, by the number of the connection, from 0.
        public var faults: @Sendable (_ connection: Int) -> Fault? = { _ in nil }

        /// A server without password and TLS.
        public init() {}
    }

    /// Where the double keeps its files.
    public enum Store: Sendable {
        /// In ``TentacleServerDouble/files``.
        case memory
        /// In a folder, with a real server's routes by name.
        case folder(FilePath)
        /// Nowhere: bodies are read and forgotten.
        case nowhere
    }

    /// TLS on the server's side.
    public struct TLS: Sendable {
        /// What the server does about client certificates.
        public enum ClientCertificates: Sendable {
            /// It asks for none.
            case notAsked
            /// It asks, and checks one that is sent.
            case asked(authorities: FilePath)
            /// It needs a valid one.
            case required(authorities: FilePath)
        }

        /// A PEM file of the certificate and those above it.
        public var certificate: FilePath
        /// The PEM file of its key.
        public var key: FilePath
        /// What is asked of clients.
        public var clientCertificates = ClientCertificates.notAsked
        /// The newest TLS version, as OpenSSL's number; 0 for any.
        public var newestVersion = 0

        /// A server with a certificate.
        public init(
            certificate: FilePath, key: FilePath, clientCertificates: ClientCertificates = .notAsked,
            newestVersion: Int = 0
        ) {
            self.certificate = certificate
            self.key = key
            self.clientCertificates = clientCertificates
            self.newestVersion = newestVersion
        }
    }

    /// Something that goes wrong on one connection.
    public struct Fault: Sendable {
        /// What happens to the connection.
        public enum Action: Sendable {
            /// It is closed.
            case close
            /// It is reset.
            case reset
            /// Nothing more is read or written until the client leaves.
            case stall
        }

        /// What happens once that many bytes of the dialogue, both ways together and TLS not counted, have passed.
        public var after: (bytes: Int, action: Action)?
        /// Stalls or closes before the TLS handshake, or before anything is read.
        public var atStart: Action?
        /// Answers, by their number on the connection from 0, that are replaced by other bytes.
        public var answers: [Int: [UInt8]] = [:]
        /// Whether bodies that are sent have a byte changed in their middle.
        public var damagesBodies = false
        /// Whether the server asks for another TLS handshake after the first (TLS 1.2 and older).
        public var renegotiates = false
        /// The milliseconds between the single bytes that answers are sent as; `nil` sends them whole.
        public var trickle: CInt?

        /// Nothing goes wrong yet.
        public init() {}

        /// The connection is closed, reset or stalled after some bytes.
        public init(after bytes: Int, _ action: Action) {
            after = (bytes, action)
        }
    }
}
