internal import Digests

/// An HTTP proxy that connects on our behalf (RFC 9110, section 9.3.6).
public struct HTTPProxy: Sendable, Hashable {
    /// The proxy's name or address.
    public var host: String
    /// The proxy's port.
    public var port: UInt16
    /// `user:password` for Basic authentication (RFC 7617); `nil` for none.
    public var credentials: Secret?

    /// Describes a proxy.
    public init(host: String, port: UInt16, credentials: Secret? = nil) {
        self.host = host
        self.port = port
        self.credentials = credentials
    }

    /// Reads `user:password@proxy:port` or `proxy:port`, an IPv6 address between brackets.
    ///
    /// - Returns: `nil` where the text is something else.
    public init?(_ text: String) {
        // A password may hold an @, a host cannot.
        var place = text[...]
        if let at = text.lastIndex(of: "@") {
            credentials = Secret(String(text[..<at]))
            place = text[text.index(after: at)...]
        }
        guard let colon = place.lastIndex(of: ":"), let number = UInt16(place[place.index(after: colon)...]), number > 0
        else { return nil }
        var name = place[..<colon]
        if name.hasPrefix("["), name.hasSuffix("]") {
            name = name.dropFirst().dropLast()
        } else if name.contains(":") {
            return nil
        }
        if name.isEmpty { return nil }
        host = String(name)
        port = number
    }

    /// The request that opens a tunnel to a server.
    func request(host: String, port: UInt16) -> [UInt8] {
        let name = host.contains(":") ? "[\(host)]" : host
        var lines = "CONNECT \(name):\(port) HTTP/1.0\r\n"
        if let credentials {
            lines += "Proxy-Authorization: Basic \(String(decoding: credentials.bytes.base64, as: UTF8.self))\r\n"
        }
        return Array("\(lines)\r\n".utf8)
    }
}
