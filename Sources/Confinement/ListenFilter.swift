public import CConfinement

/// The filter of system calls by which nothing of a process tree can listen (seccomp(2)).
///
/// listen(2) and accept(2) in all their forms are refused: on sockets of every kind, in the calls of 32-bit programs too,
/// and in io_uring_setup(2), since rings listen and accept without these calls; programs take its ENOSYS for an old kernel
/// and go on without. bind(2) stays: outgoing connections and the list of addresses (netlink) need it, and without
/// listen(2) it serves nobody.
public enum ListenFilter {
    /// What becomes of a call that is refused.
    public enum Refusal: Sendable, Hashable {
        /// It fails with EACCES.
        case error
        /// The filter's listener is asked, and has it fail.
        case notice

        fileprivate var action: UInt32 {
            switch self {
            case .error: ListenFilter.failure(.accessDenied)
            case .notice: 0x7FC0_0000
            }
        }
    }

    /// A set of system calls that a processor's kernel offers, by the numbers of its unistd.h.
    struct Interface: Sendable {
        /// AUDIT_ARCH_… (linux/audit.h).
        let architecture: UInt32
        let listen: UInt32
        let accept: UInt32?
        let accept4: UInt32
        /// socketcall(2), whose first argument says which.
        let multiplexer: UInt32?
        /// A bit that the numbers of another interface of the same architecture have besides (x32).
        let variantBit: UInt32?
    }

    static let interfaces = [
        Interface(
            architecture: 0xC000_003E, listen: 50, accept: 43, accept4: 288, multiplexer: nil, variantBit: 0x4000_0000),
        Interface(
            architecture: 0x4000_0003, listen: 363, accept: nil, accept4: 364, multiplexer: 102, variantBit: nil),
        Interface(
            architecture: 0xC000_00B7, listen: 201, accept: 202, accept4: 242, multiplexer: nil, variantBit: nil),
        Interface(
            architecture: 0x4000_0028, listen: 284, accept: 285, accept4: 366, multiplexer: nil, variantBit: nil),
    ]

    /// Whether the program knows the system calls of the processor that it is built for.
    static var isKnownHere: Bool {
        #if arch(x86_64) || arch(arm64)
            true
        #else
            false
        #endif
    }

    private enum Failure: UInt32 {
        case accessDenied = 13
        case noSuchCall = 38
    }

    private static let allowed: UInt32 = 0x7FFF_0000
    /// The same number everywhere, as all calls since Linux 5.1 have.
    private static let ringSetup: UInt32 = 425
    /// listen, accept and accept4 as first argument of socketcall(2) (linux/net.h).
    private static let multiplexed: [UInt32] = [4, 5, 18]

    // Offsets in struct seccomp_data.
    private static let number: UInt32 = 0
    private static let architecture: UInt32 = 4
    private static let firstArgument: UInt32 = 16

    private static func failure(_ failure: Failure) -> UInt32 { 0x0005_0000 | failure.rawValue }

    /// The filter as a program for the kernel (BPF, socket(7)).
    public static func program(refusal: Refusal) -> [sock_filter] {
        var program = [load(architecture)]
        for interface in interfaces {
            let body = body(of: interface, refusal)
            program.append(unless(interface.architecture, skip: UInt8(body.count)))
            program += body
        }
        // What no table describes might listen by a number that means something else here.
        return program + [end(failure(.accessDenied))]
    }

    private static func body(of interface: Interface, _ refusal: Refusal) -> [sock_filter] {
        var body = [load(number)]
        if let bit = interface.variantBit { body.append(mask(~bit)) }
        for call in [interface.listen, interface.accept, interface.accept4].compactMap({ $0 }) {
            body += [unless(call, skip: 1), end(refusal.action)]
        }
        body += [unless(ringSetup, skip: 1), end(failure(.noSuchCall))]
        if let multiplexer = interface.multiplexer {
            let choices = multiplexed.flatMap { [unless($0, skip: 1), end(refusal.action)] }
            body += [unless(multiplexer, skip: UInt8(choices.count + 1)), load(firstArgument)] + choices
        }
        return body + [end(allowed)]
    }

    // Instructions, by their codes in linux/bpf_common.h.
    private static func load(_ offset: UInt32) -> sock_filter { sock_filter(code: 0x20, jt: 0, jf: 0, k: offset) }
    private static func mask(_ bits: UInt32) -> sock_filter { sock_filter(code: 0x54, jt: 0, jf: 0, k: bits) }
    private static func end(_ action: UInt32) -> sock_filter { sock_filter(code: 0x06, jt: 0, jf: 0, k: action) }

    private static func unless(_ value: UInt32, skip count: UInt8) -> sock_filter {
        sock_filter(code: 0x15, jt: 0, jf: count, k: value)
    }
}
