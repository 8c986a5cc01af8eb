import CConfinement
import Glibc
import Testing

@testable import Confinement

@Suite("The filter of system calls")
struct ListenFilterTests {
    private static let refused: UInt32 = 0x0005_0000 | 13
    private static let noSuchCall: UInt32 = 0x0005_0000 | 38
    private static let allowed: UInt32 = 0x7FFF_0000

    /// What the kernel would do with a call (struct seccomp_data).
    private func verdict(_ architecture: UInt32, _ number: UInt32, argument: UInt32 = 0) -> UInt32? {
        let data = [number, architecture, 0, 0, argument, 0]
        let program = ListenFilter.program(refusal: .error)
        var accumulator: UInt32 = 0
        var index = 0
        while index < program.count {
            let step = program[index]
            index += 1
            switch step.code {
            case 0x20: accumulator = data[Int(step.k / 4)]
            case 0x54: accumulator &= step.k
            case 0x15: index += Int(accumulator == step.k ? step.jt : step.jf)
            case 0x06: return step.k
            default: return nil
            }
        }
        return nil
    }

    /// Each way to listen or accept, of unistd.h and net.h of the processor's interface.
    private static let calls: [(architecture: UInt32, number: UInt32, argument: UInt32)] = [
        (0xC000_003E, 50, 0), (0xC000_003E, 43, 0), (0xC000_003E, 288, 0),
        (0xC000_003E, 0x4000_0000 | 50, 0), (0xC000_003E, 0x4000_0000 | 43, 0), (0xC000_003E, 0x4000_0000 | 288, 0),
        (0x4000_0003, 363, 0), (0x4000_0003, 364, 0), (0x4000_0003, 102, 4), (0x4000_0003, 102, 5),
        (0x4000_0003, 102, 18), (0xC000_00B7, 201, 0), (0xC000_00B7, 202, 0), (0xC000_00B7, 242, 0),
        (0x4000_0028, 284, 0), (0x4000_0028, 285, 0), (0x4000_0028, 366, 0),
    ]

    @Test("Every way to listen or accept is refused, in each interface of the kernel", arguments: calls)
    func refuses(architecture: UInt32, number: UInt32, argument: UInt32) {
        #expect(verdict(architecture, number, argument: argument) == Self.refused)
    }

    @Test("Rings, which would listen without these calls, do not exist", arguments: ListenFilter.interfaces)
    func rings(interface: ListenFilter.Interface) {
        #expect(verdict(interface.architecture, 425) == Self.noSuchCall)
    }

    @Test("Of all other calls none is refused", arguments: ListenFilter.interfaces)
    func allows(interface: ListenFilter.Interface) {
        let others = (0..<600 as Range<UInt32>).filter {
            verdict(interface.architecture, $0, argument: 3) != Self.allowed
        }
        let expected = [interface.listen, interface.accept, interface.accept4, 425].compactMap { $0 }
        #expect(others == expected.sorted())
    }

    @Test("A call of an interface that is not known is refused")
    func unknown() {
        #expect(verdict(0x1234, 1) == Self.refused)
    }

    @Test("With somebody to ask, the same calls are referred")
    func notice() {
        let errors = ListenFilter.program(refusal: .error).map(\.k).filter { $0 == Self.refused }.count
        let notices = ListenFilter.program(refusal: .notice).map(\.k).filter { $0 == 0x7FC0_0000 }.count
        // That of unknown interfaces stays an error.
        #expect(notices == errors - 1)
    }
}
