internal import SystemFiles
internal import SystemPackage

/// The kernel's count of open files (proc(5), /proc/sys/fs/file-nr).
public struct FileHandleCounts: Sendable, Hashable {
    /// File handles that are allocated.
    public let allocated: UInt64
    /// Of these, those that are free; always 0 since Linux 2.6.
    public let free: UInt64
    /// The most that there may be.
    public let maximum: UInt64

    /// Reads the counts of now.
    public init(_ roots: HostRoots = .system) throws(Limitation) {
        let subject = "the number of open files"
        let path = roots.proc.appending("sys/fs/file-nr")
        let line: Bytes
        do throws(SystemError) {
            line = try Files.value(path)
        } catch {
            throw Limitation(subject, error)
        }
        guard let counts = FileHandleCounts(parsing: line) else {
            throw Limitation(subject, because: "\(path) does not hold three numbers")
        }
        self = counts
    }

    init?(parsing line: Bytes) {
        let numbers = line.words.compactMap { $0.decimal(as: UInt64.self) }
        guard numbers.count == 3 else { return nil }
        allocated = numbers[0]
        free = numbers[1]
        maximum = numbers[2]
    }
}

/// The kernel's count of sockets (proc(5), /proc/net/sockstat).
public struct SocketCounts: Sendable, Hashable {
    /// All sockets of all kinds.
    public let all: UInt64
    /// TCP sockets that are connected or listen, of IPv4; those of IPv6 are in ``tcp6InUse``.
    public let tcpInUse: UInt64
    /// The same for IPv6.
    public let tcp6InUse: UInt64
    /// TCP sockets that no process holds any longer.
    public let tcpOrphaned: UInt64
    /// TCP connections that wait to be forgotten.
    public let tcpTimeWait: UInt64
    /// TCP sockets that are allocated in any state.
    public let tcpAllocated: UInt64

    /// Reads the counts of now.
    public init(_ roots: HostRoots = .system) throws(Limitation) {
        do throws(SystemError) {
            let bytes = try Files.read(roots.proc.appending("net/sockstat"), limit: SizeLimit.value)
            // A kernel without IPv6 has no such file.
            let more = try? Files.read(roots.proc.appending("net/sockstat6"), limit: SizeLimit.value)
            self.init(parsing: bytes, version6: more ?? [])
        } catch {
            throw Limitation("the number of sockets", error)
        }
    }

    init(parsing bytes: [UInt8], version6: [UInt8]) {
        func count(_ protocolName: StaticString, _ name: StaticString, in bytes: [UInt8]) -> UInt64 {
            for line in bytes.lines {
                guard let words = line.dropping(prefix: protocolName)?.words else { continue }
                for (word, number) in zip(words, words.dropFirst()) where word.equals(name) {
                    return number.decimal() ?? 0
                }
            }
            return 0
        }
        all = count("sockets:", "used", in: bytes)
        tcpInUse = count("TCP:", "inuse", in: bytes)
        tcp6InUse = count("TCP6:", "inuse", in: version6)
        tcpOrphaned = count("TCP:", "orphan", in: bytes)
        tcpTimeWait = count("TCP:", "tw", in: bytes)
        tcpAllocated = count("TCP:", "alloc", in: bytes)
    }
}
