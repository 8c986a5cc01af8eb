import SystemPackage
import Tentacle
import TentacleServerDouble
import TestSupport
import Testing

@Suite("An HTTP proxy")
struct ProxyTests {
    @Test("A file goes through a proxy with credentials, in the clear and in TLS")
    func tunnel() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let pair = try authority.issue()
            for tls in [nil, TentacleServerDouble.TLS(pair)] {
                try withServer {
                    $0.tls = tls
                } _: { server in
                    let relay = try Relay(
                        to: server.port, .proxy(answer: "HTTP/1.0 200 Connection established\r\nVia: test\r\n\r\n"))
                    defer { relay.stop() }
                    var settings = server.settings(
                        tls == nil ? .plain : .verified(.file(authority.certificate), .host, TLSOptions()))
                    settings.proxy = HTTPProxy("user:pass@127.0.0.1:\(relay.port)")
                    try server.receiveFile(from: settings)
                    #expect(server.files.count == 1)
                    #expect(
                        relay.heads == [
                            "CONNECT 127.0.0.1:\(server.port) HTTP/1.0\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"
                        ])
                }
            }
        }
    }

    @Test(
        "A proxy that does not connect is quoted, without the credentials",
        arguments: ["HTTP/1.0 407 Proxy Authentication Required", "HTTP/1.1 502 Bad Gateway", "SSH-2.0-OpenSSH_9.2"])
    func refusal(statusLine: String) throws {
        let relay = try Relay(to: 1, .proxy(answer: "\(statusLine)\r\n\r\n"))
        defer { relay.stop() }
        var settings = TentacleServer(host: "server.invalid")
        settings.proxy = HTTPProxy(host: "127.0.0.1", port: relay.port, credentials: "user:hunter2")
        let error = failure { () throws(TentacleError) in _ = try TentacleClient(settings).connect() }
        #expect(error == .proxyRefused(statusLine: statusLine))
        #expect(!sentence(of: error).contains("hunter2"))
        #expect(relay.heads.first?.hasPrefix("CONNECT server.invalid:41121 HTTP/1.0\r\n") == true)
    }

    @Test("A proxy's answer that never ends is cut off")
    func endless() throws {
        let relay = try Relay(to: 1, .proxy(answer: String(repeating: "x", count: 20_000)))
        defer { relay.stop() }
        var settings = TentacleServer(host: "server.invalid")
        settings.proxy = HTTPProxy(host: "127.0.0.1", port: relay.port)
        let error = failure { () throws(TentacleError) in _ = try TentacleClient(settings).connect() }
        #expect(error == .proxyRefused(statusLine: String(repeating: "x", count: 100)))
    }

    @Test(
        "The text of a proxy is read",
        arguments: [
            ("proxy:3128", HTTPProxy(host: "proxy", port: 3128)),
            ("u:p@ss@[2001:db8::1]:80", HTTPProxy(host: "2001:db8::1", port: 80, credentials: "u:p@ss")),
            ("proxy", nil), (":1", nil), ("proxy:0", nil), ("proxy:x", nil), ("2001:db8::1:80", nil),
        ])
    func text(text: String, proxy: HTTPProxy?) {
        #expect(HTTPProxy(text) == proxy)
    }
}
