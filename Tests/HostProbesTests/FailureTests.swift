import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import HostProbes

/// Every probe, with each of its system calls failing in turn.
@Suite("Failing system calls")
struct FailureTests {
    /// What a probe says: the number of things that it saw, and its limitations.
    private struct Outcome {
        let count: Int
        let limitations: [Limitation]
    }

    private struct Probe: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Whether every file that it reads is needed, so that a failure must be said.
        var saysEveryFailure = false
        let run: @Sendable () throws -> Outcome
    }

    private static func outcome<Value>(_ reading: Reading<[Value]>) -> Outcome {
        Outcome(count: reading.value.count, limitations: reading.limitations)
    }

    private static let probes: [Probe] = [
        Probe(testDescription: "users", saysEveryFailure: true) { outcome(try Account.all(Fixture.debian)) },
        Probe(testDescription: "packages") { outcome(PackageDatabase.installed(Fixture.debian)) },
        Probe(testDescription: "processes") { outcome(try ProcessTable.all(Fixture.debian)) },
        Probe(testDescription: "ports") { outcome(try ListeningPort.all(Fixture.debian)) },
        Probe(testDescription: "containers") { outcome(try Container.all(Fixture.debian)) },
        Probe(testDescription: "routes", saysEveryFailure: true) { outcome(Route.all(Fixture.debian)) },
        Probe(testDescription: "disks") { outcome(Disk.all(Fixture.debian)) },
        Probe(testDescription: "PCI devices") { outcome(PCIDevice.all(Fixture.debian)) },
        Probe(testDescription: "network cards") { outcome(NetworkCard.all(Fixture.debian)) },
        Probe(testDescription: "memory modules") { outcome(try MemoryModule.all(Fixture.debian)) },
        Probe(testDescription: "updates") { outcome(PendingUpdate.all(Fixture.debian)) },
        Probe(testDescription: "services") {
            outcome(Reading(ServiceDirectory(Fixture.debian).all(among: [])))
        },
        Probe(testDescription: "mounts", saysEveryFailure: true) { outcome(Reading(try Mount.all(Fixture.debian))) },
        Probe(testDescription: "interfaces") { outcome(Reading(try NetworkInterface.all(Fixture.debian))) },
        Probe(testDescription: "memory") { outcome(Reading([try Memory(Fixture.container)])) },
        Probe(testDescription: "CPU") { outcome(Reading([try CPUCounters(Fixture.debian)])) },
        Probe(testDescription: "system") { outcome(Reading([OperatingSystem(Fixture.debian)])) },
        Probe(testDescription: "counts") {
            _ = try FileHandleCounts(Fixture.debian)
            return outcome(Reading([try SocketCounts(Fixture.debian)]))
        },
    ]

    @Test("A call that fails costs what it would have shown, never the probe's other results", arguments: probes)
    private func failures(_ probe: Probe) throws {
        let whole = try probe.run()
        try #require(whole.count > 0)
        let codes = [Errno.ioError, .permissionDenied, .noSuchFileOrDirectory]
        var index = 0
        var isLast = false
        while !isLast {
            let failing = index
            let code = codes[index % codes.count]
            let calls = CallLog()
            do {
                let outcome = try FaultInjection.with({ call in
                    calls.operations.append(call.operation)
                    return call.index == failing ? code : nil
                }) { try probe.run() }
                #expect(outcome.count <= whole.count, "call \(failing)")
                // A file's size is only a hint, and a file that is not there says that there is nothing.
                let isNeeded = calls.operations.count > failing && calls.operations[failing] != "inspect"
                if probe.saysEveryFailure, isNeeded, code != .noSuchFileOrDirectory {
                    #expect(outcome.limitations.count > whole.limitations.count, "call \(failing)")
                }
            } catch let limitation as Limitation {
                #expect(limitation.description.hasPrefix("cannot see "))
            }
            isLast = calls.operations.count <= failing
            index += 1
        }
        #expect(index > 1)
    }
}

/// The system calls that the body has made; only ever touched by the thread that makes them.
private final class CallLog: @unchecked Sendable {
    var operations: [String] = []
}
