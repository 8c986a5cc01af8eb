public import SystemPackage

/// How the connection to a Tentacle server is protected, beside `server_ssl`: each of these means TLS.
public struct SecuritySettings: Sendable, Hashable {
    /// PEM file of our certificate (`ssl_cert`).
    public var certificate: FilePath?
    /// PEM file of its private key (`ssl_key`); `nil` = the certificate's file.
    public var key: FilePath?
    /// File whose first line is the key's pass phrase (`ssl_key_password_file`).
    public var keyPasswordFile: FilePath?
    /// File or folder of the authorities that the server's certificate must lead to (`ssl_ca`).
    public var authorities: FilePath?
    /// The name that the server's certificate must have (`ssl_verify_name`).
    public var verifiedName = ServerNameCheck.host
    /// SHA-256 of the server's public key, 64 hexadecimal digits (`ssl_pin`).
    public var pin: String?
    /// The oldest version of TLS that is accepted (`ssl_min_version`); `nil` = 1.2.
    public var minimumVersion: MinimumTLSVersion?

    /// Whether any of them asks for TLS.
    public var isAnySet: Bool { self != SecuritySettings() }
}

/// Which name the certificate of a server must have.
public enum ServerNameCheck: Sendable, Hashable {
    /// The one that the server is called by.
    case host
    /// Another one.
    case name(String)
    /// Any: whoever holds a certificate of the authorities can pose as the server.
    case off
}

/// The versions of TLS that a configuration can ask for.
public enum MinimumTLSVersion: String, Sendable, Hashable, CaseIterable {
    /// TLS 1.0, which is broken.
    case tls10 = "1.0"
    /// TLS 1.1, which is broken.
    case tls11 = "1.1"
    /// TLS 1.2.
    case tls12 = "1.2"
    /// TLS 1.3.
    case tls13 = "1.3"
}

extension ValueReader where Value == ServerNameCheck {
    /// `1`, `0` or a name.
    static var nameCheck: Self {
        Self(expectation: "1, 0 or the name in the server's certificate") { text in
            if text.isEmpty || text.contains(where: \.isWhitespace) { return nil }
            return switch ValueReader<Bool>.flag.read(text) {
            case true?: .host
            case false?: .off
            case nil: .name(text)
            }
        }
    }
}

extension ValueReader where Value == String {
    /// SHA-256 of a public key: 64 hexadecimal digits, with or without `sha256:` before and colons between.
    static var keyDigest: Self {
        Self(expectation: "SHA-256 of the server's public key, 64 hexadecimal digits") { text in
            var digits = text.lowercased()
            if digits.hasPrefix("sha256:") { digits.removeFirst("sha256:".count) }
            digits.removeAll { $0 == ":" }
            let isDigest = digits.utf8.count == 64 && digits.allSatisfy { $0.isASCII && $0.isHexDigit }
            return isDigest ? digits : nil
        }
    }
}
