import Glibc
import SystemPackage

/// A TCP connection that a test plays by hand; blocking, with a limit of 20 s on each read.
final class RawClient {
    private let descriptor: CInt

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
    }

    deinit {
        close(descriptor)
    }

    func send(_ bytes: [UInt8]) throws {
        guard Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else {
            throw Errno(rawValue: errno)
        }
    }

    /// Reads bytes until `count` are there, or a line feed where it is `nil`; fewer at the end of the connection.
    func read(_ count: Int?) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while count.map({ bytes.count < $0 }) ?? (bytes.last != UInt8(ascii: "\n")) {
            var byte: UInt8 = 0
            let result = recv(descriptor, &byte, 1, 0)
            if result == 0 || result < 0 && errno == ECONNRESET { return bytes }
            guard result == 1 else { throw Errno(rawValue: errno) }
            bytes.append(byte)
        }
        return bytes
    }
}
