/// What the client learnt of the server that it is connected with.
public struct TentaclePeer: Sendable, Hashable {
    /// The address and port that took the connection, as text.
    public let address: String
    /// What the TLS handshake agreed on; `nil` without TLS.
    public let tls: TLSFacts?
}

/// What a TLS handshake agreed on.
public struct TLSFacts: Sendable, Hashable {
    /// OpenSSL's name of the version: `TLSv1.2`, `TLSv1.3`.
    public let version: String
    /// OpenSSL's name of the cipher: `TLS_AES_256_GCM_SHA384`.
    public let cipher: String
    /// The digest of the server's public key.
    public let serverKey: PublicKeyPin?
    /// The end of the validity of the server's certificate, in seconds since 1970.
    public let certificateValidUntil: Int64?
}

/// A file that was sent or received.
public struct TentacleTransfer: Sendable, Hashable {
    /// The file's name on the server.
    public let name: String
    /// The bytes of the file.
    public let size: UInt64
    /// The bytes that went over the wire for it: fewer or more than ``size`` where it was compressed.
    public let wireSize: UInt64
    /// How the client knows that the server has it, or that all of it came.
    public let confirmation: Confirmation
    /// From the command to the last answer or byte.
    public let duration: Duration
    /// Who took it or gave it.
    public let peer: TentaclePeer

    /// How a transfer is known to be complete.
    public enum Confirmation: Sendable, Hashable {
        /// The whole dialogue took place.
        case dialogue
        /// An earlier try was cut after the server had accepted the file's name, and now it says that it has a file of
        /// that name: servers store a file only when they have it whole.
        case alreadyThere
    }
}
