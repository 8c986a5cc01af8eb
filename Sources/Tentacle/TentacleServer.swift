internal import Digests
public import SystemPackage

/// Where a Tentacle server is and how to speak with it.
public struct TentacleServer: Sendable {
    /// The port that IANA gave the protocol.
    public static let standardPort: UInt16 = 41121

    /// A host name, an IPv4 or an IPv6 address (without brackets). Every address that a name has is tried.
    public var host: String
    /// The TCP port.
    public var port: UInt16
    /// The local IPv4 or IPv6 address to connect from; `nil` leaves the choice to the system.
    public var localAddress: String?
    /// Plain TCP or TLS, and how far the server has to prove who it is.
    public var security: TransportSecurity
    /// The password for PASS; `nil` for a server that has none, which would close the connection on a PASS.
    public var password: Secret?
    /// The HTTP proxy to go through; `nil` connects directly.
    public var proxy: HTTPProxy?
    /// How long the client waits.
    public var limits: TimeLimits

    /// Describes a server.
    public init(
        host: String, port: UInt16 = standardPort, localAddress: String? = nil,
        security: TransportSecurity = .plain, password: Secret? = nil, proxy: HTTPProxy? = nil,
        limits: TimeLimits = TimeLimits()
    ) {
        self.host = host
        self.port = port
        self.localAddress = localAddress
        self.security = security
        self.password = password
        self.proxy = proxy
        self.limits = limits
    }
}

/// How long a client waits before it gives up. Nothing waits without one of these limits.
public struct TimeLimits: Sendable, Hashable {
    /// For the look-up of the name, and then again for the TCP connection to each address.
    public var connect: Duration
    /// For the TLS handshake.
    public var handshake: Duration
    /// For the next byte to come or go, at any step.
    public var idle: Duration
    /// For everything before the first file together, and then again for each file.
    public var total: Duration

    /// The defaults suit a server across a slow network.
    public init(
        connect: Duration = .seconds(10), handshake: Duration = .seconds(10), idle: Duration = .seconds(10),
        total: Duration = .seconds(30)
    ) {
        self.connect = connect
        self.handshake = handshake
        self.idle = idle
        self.total = total
    }
}

/// What protects the connection. The protocol's levels 0 to 3 are `plain`, `unverified` without and with a client
/// certificate, and `verified`.
public enum TransportSecurity: Sendable {
    /// Plain TCP: everybody on the way can read all and replay the password's digest.
    case plain
    /// TLS with a server that proves nothing, unless ``TLSOptions/pinnedKey`` is set.
    case unverified(TLSOptions)
    /// TLS with a server whose certificate chain leads to one of the authorities and, unless the check is off, names
    /// the server.
    case verified(Authorities, NameCheck = .host, TLSOptions)

    /// The certificates that a server's chain may end at.
    public enum Authorities: Sendable, Hashable {
        /// A PEM file of one or more certificates.
        case file(FilePath)
        /// A folder of PEM files named by hash, as `openssl rehash` makes it.
        case folder(FilePath)
    }

    /// Which name the server's certificate must have.
    public enum NameCheck: Sendable, Hashable {
        /// That of ``TentacleServer/host``, a name or an IP address.
        case host
        /// Another name or IP address.
        case name(String)
        /// Any: for old certificates that name nothing useful. Whoever holds any certificate of the authorities can
        /// then pose as the server.
        case off
    }

    /// The TLS options, `nil` where there is no TLS.
    public var tls: TLSOptions? {
        switch self {
        case .plain: nil
        case .unverified(let options), .verified(_, _, let options): options
        }
    }
}

/// What holds at every level that has TLS.
public struct TLSOptions: Sendable {
    /// The certificate that the client shows when the server asks for one.
    public var clientCertificate: ClientCertificate?
    /// The public key that the server must have.
    public var pinnedKey: PublicKeyPin?
    /// The oldest version that is accepted.
    public var minimumVersion: TLSVersion
    /// The ciphers for TLS 1.2 and older in OpenSSL's notation (openssl-ciphers(1)); `nil` leaves OpenSSL's choice.
    public var ciphers: String?

    /// Options of a connection.
    public init(
        clientCertificate: ClientCertificate? = nil, pinnedKey: PublicKeyPin? = nil,
        minimumVersion: TLSVersion = .tls12, ciphers: String? = nil
    ) {
        self.clientCertificate = clientCertificate
        self.pinnedKey = pinnedKey
        self.minimumVersion = minimumVersion
        self.ciphers = ciphers
    }
}

/// A version of the TLS protocol.
public enum TLSVersion: String, Sendable, Hashable, CaseIterable, Comparable {
    /// RFC 2246; broken, for servers that know nothing newer.
    case tls10 = "1.0"
    /// RFC 4346; broken, for servers that know nothing newer.
    case tls11 = "1.1"
    /// RFC 5246.
    case tls12 = "1.2"
    /// RFC 8446.
    case tls13 = "1.3"

    /// Older versions come first.
    public static func < (one: TLSVersion, other: TLSVersion) -> Bool {
        one.rawValue < other.rawValue
    }
}

/// A certificate and its private key.
public struct ClientCertificate: Sendable {
    /// Where the pass phrase of an encrypted key comes from.
    public enum PassPhrase: Sendable {
        /// The key is not encrypted.
        case none
        /// The first line of a file.
        case file(FilePath)
        /// The value of an environment variable.
        case environment(variable: String)
        /// Asked for when the key turns out to be encrypted; gets the key's path, returns `nil` for "no answer".
        case asked(@Sendable (FilePath) -> Secret?)
    }

    /// A PEM file: the certificate, then any intermediate ones.
    public var certificate: FilePath
    /// The PEM file of the private key, which may be the same file.
    public var key: FilePath
    /// The key's pass phrase.
    public var passPhrase: PassPhrase

    /// The end of the certificate's validity in seconds since 1970, for a warning in time.
    public func validUntil() throws(TentacleError) -> Int64 {
        try PEMFile(certificate).endOfValidity()
    }

    /// A certificate with its key, by default from the same file.
    public init(certificate: FilePath, key: FilePath? = nil, passPhrase: PassPhrase = .none) {
        self.certificate = certificate
        self.key = key ?? certificate
        self.passPhrase = passPhrase
    }
}

/// The SHA-256 digest of a server's public key (of its DER SubjectPublicKeyInfo), which outlives renewed certificates.
public struct PublicKeyPin: Sendable, Hashable, CustomStringConvertible {
    /// The 32 bytes.
    public let digest: [UInt8]

    init(ofKey digest: [UInt8]) {
        self.digest = digest
    }

    /// Reads 64 hexadecimal digits, with or without a `sha256:` before them and colons between the bytes.
    ///
    /// - Returns: `nil` where the text is something else.
    public init?(_ text: String) {
        var rest = Substring(text.lowercased())
        if rest.hasPrefix("sha256:") { rest = rest.dropFirst("sha256:".count) }
        guard let digest = [UInt8](hexadecimal: rest.utf8.filter { $0 != UInt8(ascii: ":") }), digest.count == 32 else {
            return nil
        }
        self.digest = digest
    }

    /// `sha256:` and 64 hexadecimal digits.
    public var description: String { "sha256:\(digest.hexadecimal)" }
}
