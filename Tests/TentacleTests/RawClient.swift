import Glibc
import SystemPackage
import TentacleServerDouble

/// A TCP connection that a test plays by hand; blocking, with a limit of 20 s on each read.
final class RawClient {
    private let descriptor: CInt

    init(port: UInt16) throws {
        guard let descriptor = connectLocally(port) else { throw Errno.connectionRefused }
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
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
