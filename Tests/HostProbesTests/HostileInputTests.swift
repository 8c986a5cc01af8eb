import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import HostProbes

/// Every parser takes well-formed files that were changed at random. None may crash or hang, and what it returns must hold
/// what its type promises.
@Suite("Hostile input")
struct HostileInputTests {
    private struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let files: [String]
        /// Parses, and says whether the result is sound.
        let parse: @Sendable ([UInt8]) -> Bool
    }

    private static func isPart(_ value: Double?) -> Bool { value.map { (0...100).contains($0) } ?? true }

    private static let cases: [Case] = [
        Case(testDescription: "os-release", files: ["debian12/etc/os-release", "alpine/usr/lib/os-release"]) {
            !OperatingSystem.fields(ofRelease: $0).values.contains { $0.utf8.contains(10) }
        },
        Case(testDescription: "CPU counters", files: ["debian12/proc/stat"]) { bytes in
            guard let counters = CPUCounters(parsing: bytes, boot: nil) else { return true }
            guard let zero = CPUCounters(text: "cpu  0 0 0 0\ncpu0 0 0 0 0\n") else { return false }
            return CPUCounters(text: counters.text)?.total == counters.total
                && isPart(counters.usage(since: zero)) && isPart(counters.usage(of: .core(0), since: zero))
        },
        Case(testDescription: "memory", files: ["debian12/proc/meminfo", "alpine/proc/meminfo"]) { bytes in
            guard let memory = Memory(parsing: bytes) else { return true }
            return isPart(memory.availablePercent) && isPart(memory.freePercent) && isPart(memory.swapFreePercent)
        },
        Case(testDescription: "control groups", files: ["container-v1/proc/1/cgroup", "debian12/proc/800/cgroup"]) {
            Container.ofProcess($0[...]).map { !$0.identifier.isEmpty } ?? true
        },
        Case(testDescription: "mounts", files: ["debian12/proc/self/mountinfo"]) { bytes in
            let mounts = Mount.parse(bytes)
            return Mount.real(among: mounts).count <= mounts.count
        },
        Case(testDescription: "process status", files: ["debian12/proc/800/stat", "debian12/proc/2/stat"]) {
            ProcessStatus(parsing: $0[...]).map { $0.state.isASCII } ?? true
        },
        Case(testDescription: "command lines", files: ["debian12/proc/801/cmdline", "debian12/proc/700/cmdline"]) {
            let arguments = ProcessArguments(parsing: $0[...])
            return !arguments.commandLine.utf8.contains(0) && arguments.program?.contains("/") != true
        },
        Case(testDescription: "users", files: ["debian12/etc/passwd"]) {
            PasswdEntry.parse($0).allSatisfy { !$0.name.isEmpty && !$0.name.contains("\n") }
        },
        Case(testDescription: "groups", files: ["debian12/etc/group"]) {
            GroupTable(parsing: $0).groups(of: "alice", primary: 1000).count >= 1
        },
        Case(testDescription: "password states", files: ["debian12/etc/shadow"]) {
            !ShadowEntry.states(parsing: $0, today: 19_800).values.contains(.unknown)
        },
        Case(testDescription: "dpkg", files: ["debian12/var/lib/dpkg/status"]) { bytes in
            var parser = DpkgStatus()
            return (bytes.lines + [[]]).compactMap { parser.take($0) }.allSatisfy { isOneLine($0) }
        },
        Case(testDescription: "package lists", files: ["debian12/var/lib/dpkg/status"]) { bytes in
            let installed = ["bash", "libc6"].map {
                Package(name: $0, version: "1", architecture: "amd64", description: "", manager: .dpkg)
            }
            var search = UpdateSearch(installed: installed)
            bytes.forEachLine { search.take($0) }
            search.take([])
            return search.updates.allSatisfy { DebianVersion($0.installedVersion) < DebianVersion($0.availableVersion) }
        },
        Case(testDescription: "apk", files: ["alpine/lib/apk/db/installed"]) { bytes in
            var parser = ApkDatabase()
            return (bytes.lines + [[]]).compactMap { parser.take($0) }.allSatisfy { isOneLine($0) }
        },
        Case(testDescription: "pacman", files: ["arch/var/lib/pacman/local/zlib-1:1.3.1-1/desc"]) {
            PacmanDatabase.parse($0).map { isOneLine($0) } ?? true
        },
        Case(testDescription: "rpm", files: ["rhel9/rpm-query-output"]) {
            RPMQuery.parse($0).allSatisfy { isOneLine($0) }
        },
        Case(testDescription: "snap", files: ["debian12/snap/core/16202/meta/snap.yaml"]) {
            SnapDatabase.parse($0).map { isOneLine($0) } ?? true
        },
        Case(testDescription: "interfaces", files: ["debian12/proc/net/dev"]) {
            NetworkInterface.parseCounters($0).allSatisfy { !$0.name.contains("/") && !$0.name.isEmpty }
        },
        Case(testDescription: "routes", files: ["debian12/proc/net/route"]) {
            Route.parse($0).allSatisfy { $0.mask.contains(".") }
        },
        Case(testDescription: "routes of IPv6", files: ["debian12/proc/net/ipv6_route"]) {
            Route.parseVersion6($0).allSatisfy { $0.mask.hasPrefix("/") }
        },
        Case(testDescription: "ports", files: ["debian12/proc/net/tcp", "debian12/proc/net/tcp6"]) {
            ListeningPort.parse($0, .tcp).allSatisfy { !$0.address.isEmpty }
        },
        Case(testDescription: "processors", files: ["debian12/proc/cpuinfo", "arm64/proc/cpuinfo"]) {
            Processor.parse($0).allSatisfy { $0.cores > 0 && !$0.product.isEmpty }
        },
        Case(testDescription: "PCI names", files: ["debian12/usr/share/misc/pci.ids"]) { bytes in
            var names = PCINames(wanted: [PCIDevice.Numbers(deviceClass: 0x030000, vendor: 0x8086, device: 0x1912)])
            bytes.forEachLine { names.take($0) }
            return names.products.count <= 1
        },
        Case(testDescription: "socket counts", files: ["debian12/proc/net/sockstat"]) {
            SocketCounts(parsing: $0, version6: $0).tcpInUse <= .max
        },
        Case(
            testDescription: "JSON",
            files: [
                "debian12/var/lib/containers/storage/overlay-containers/containers.json",
                "debian12/var/lib/docker/containers/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/"
                    + "config.v2.json",
            ]
        ) { JSONText(parsing: $0)?["Name"]?.elements.isEmpty ?? true },
    ]

    private static func isOneLine(_ package: Package) -> Bool {
        !package.name.isEmpty
            && ![package.name, package.version, package.architecture, package.description].contains {
                $0.utf8.contains(10)
            }
    }

    @Test("Changed files are parsed without a crash and to sound values", arguments: cases)
    private func changed(_ parser: Case) throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(parser.testDescription): seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for file in parser.files {
            let original = try Files.read(Fixture.folder.appending(file), limit: 1 << 20)
            try #require(!original.isEmpty)
            #expect(parser.parse(original))
            for round in 0..<300 {
                let text = original.mutated(by: &random)
                #expect(parser.parse(text), "round \(round) of seed \(seed)")
            }
        }
    }

    @Test("The DMI table at random gives modules or none")
    func memoryTable() {
        let seed = UInt64.random(in: 0 ... .max)
        print("DMI: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<3000 {
            let count = Int.random(in: 0...200, using: &random)
            var table = (0..<count).map { _ in UInt8.random(in: 0...40, using: &random) }
            if Bool.random(using: &random), count > 1 { table.replaceSubrange(0..<2, with: [17, 40]) }
            #expect(MemoryModule.parse(table).allSatisfy { !$0.description.isEmpty })
        }
    }

    @Test("A field of a megabyte stays one field")
    func hugeField() throws {
        let huge = String(repeating: "x;\u{e9}", count: 300_000)
        let entries = PasswdEntry.parse(bytes("a:x:1:1:\(huge):/:/bin/sh\nb:x:2:2:::\n"))
        #expect(entries.map(\.comment.utf8.count) == [huge.utf8.count, 0])
        try withTemporaryFolder { folder in
            let path = folder.appending("var/lib/dpkg")
            try Files.makeFolder(path)
            try Files.create(
                path.appending("status"),
                bytes(
                    "Package: a\nStatus: install ok installed\nVersion: 1\nDescription: \(huge)\n\n"
                        + "Package: b\nStatus: install ok installed\n"))
            let packages = PackageDatabase.installed(HostRoots(top: folder)).value
            #expect(packages.map(\.name) == ["a", "b"])
            #expect(packages.map { $0.description.utf8.count <= 64 << 10 } == [true, true])
        }
    }
}
