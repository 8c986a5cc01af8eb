import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import HostProbes

@Suite("Hardware")
struct HardwareTests {
    @Test("Processors are one for each socket, with the kernel's name")
    func processors() throws {
        let xeon = "Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz"
        #expect(
            try Processor.all(Fixture.debian) == [
                Processor(product: xeon, vendor: "GenuineIntel", hertz: 2_100_000_000, cores: 2),
                Processor(product: xeon, vendor: "GenuineIntel", hertz: 2_100_000_000, cores: 1),
            ])
    }

    @Test("Processors of ARM are named by their numbers, unknown ones by the number itself")
    func armProcessors() throws {
        #expect(
            try Processor.all(Fixture.arm) == [
                Processor(product: "Neoverse-N1", vendor: "ARM", hertz: 3_000_000_000, cores: 2),
                Processor(
                    product: "implementer 0x99 part 0x123", vendor: "implementer 0x99", hertz: 3_000_000_000, cores: 1),
            ])
        #expect(throws: Limitation.self) { try Processor.all(Fixture.arch) }
        #expect(Processor.parse(bytes("processor : 0\ncpu MHz : -1e999\n")).first?.hertz == nil)
        let old = Processor.parse(bytes("Processor : ARMv7 rev 3\nprocessor : 0\n\nHardware : x\n"))
        #expect(old.map(\.product) == ["ARMv7 rev 3"])
    }

    /// A structure of the DMI table.
    private func structure(_ type: UInt8, _ fields: [UInt8], _ texts: [String]) -> [UInt8] {
        let head: [UInt8] = [type, UInt8(4 + fields.count), 0, 0]
        return head + fields + (texts.isEmpty ? [0] : texts.flatMap { Array($0.utf8) + [0] }) + [0]
    }

    /// A memory device: size, form DIMM, type DDR4, 2400 MT/s, text 1 the slot, text 2 the maker.
    private func memoryDevice(size: UInt16, extended: UInt32 = 0) -> [UInt8] {
        var fields = [UInt8](repeating: 0, count: 0x22 - 4)
        func put(_ offset: Int, _ bytes: [UInt8]) {
            fields.replaceSubrange((offset - 4)..<(offset - 4 + bytes.count), with: bytes)
        }
        put(0x0c, [UInt8(size & 0xff), UInt8(size >> 8)])
        put(0x0e, [0x09])
        put(0x10, [1])
        put(0x12, [0x1a])
        put(0x15, [0x60, 0x09])
        put(0x17, [2])
        put(0x1c, (0..<4).map { UInt8(truncatingIfNeeded: extended >> (8 * $0)) })
        return structure(17, fields, ["DIMM A1", "Samsung"])
    }

    @Test("Memory modules are those of the filled slots, of all three ways to write a size")
    func memoryModules() {
        let table =
            structure(0, [1, 2], ["BIOS"]) + structure(16, [0], []) + memoryDevice(size: 16_384) + memoryDevice(size: 0)
            + memoryDevice(size: 0x8000 | 512) + memoryDevice(size: 0x7fff, extended: 65_536)
            + memoryDevice(size: 0xffff) + structure(127, [], []) + memoryDevice(size: 1)
        let modules = MemoryModule.parse(table)
        #expect(modules.map(\.size) == [16_384 << 20, 512 << 10, 65_536 << 20])
        #expect(modules.first?.description == "DIMM A1: DIMM DDR4 2400 MT/s, Samsung")
    }

    @Test("A table that is cut anywhere gives the modules before the cut")
    func cutTable() {
        let whole = memoryDevice(size: 1024) + memoryDevice(size: 2048)
        for length in 0...whole.count {
            let sizes = MemoryModule.parse(Array(whole.prefix(length))).map(\.size)
            #expect([[], [1024 << 20], [1024 << 20, 2048 << 20]].contains(sizes))
        }
    }

    @Test("Without the table the memory stands as one module, and a refusal is named")
    func noTable() throws {
        #expect(try MemoryModule.all(Fixture.debian).value.map(\.size) == [8_148_832 * 1024])
        #expect(try MemoryModule.all(Fixture.debian).limitations.isEmpty)
        let refused = try FaultInjection.with({
            $0.subject?.hasSuffix("/DMI") == true ? .permissionDenied : nil
        }) { try MemoryModule.all(Fixture.debian) }
        #expect(refused.limitations.first?.allowedBy == [.capability("CAP_DAC_READ_SEARCH")])
        #expect(refused.value.count == 1)
    }

    @Test("Devices have the names of pci.ids, or their numbers where it does not know them")
    func pciDevices() {
        let displays = PCIDevice.all(Fixture.debian, where: \.isDisplay).value
        #expect(displays.map(\.product) == ["HD Graphics 530", "device ffff"])
        #expect(displays.map(\.vendor) == ["Intel Corporation", "NVIDIA Corporation"])
        #expect(displays.map(\.description) == ["VGA compatible controller", "3D controller"])
        #expect(PCIDevice.all(Fixture.debian).value.count == 4)
        #expect(PCIDevice.all(Fixture.alpine) == Reading([]))
    }

    @Test("Without pci.ids the numbers stand for the names, and that is said")
    func noNames() {
        FaultInjection.with({ $0.subject?.hasSuffix("pci.ids") == true ? .noSuchFileOrDirectory : nil }) {
            let reading = PCIDevice.all(Fixture.debian, where: \.isDisplay)
            #expect(reading.value.map(\.product) == ["device 1912", "device ffff"])
            #expect(reading.limitations.map(\.subject) == ["the names of PCI devices"])
            #expect(NetworkCard.all(Fixture.debian).limitations.map(\.subject) == ["the names of PCI devices"])
        }
    }

    @Test("Network cards are the interfaces with a device behind them")
    func networkCards() {
        #expect(
            NetworkCard.all(Fixture.debian).value == [
                NetworkCard(
                    interface: "enx0", product: "USB 10/100/1000 LAN", description: "USB network interface",
                    vendor: "Realtek", hardwareAddress: "00:e0:4c:68:00:01"),
                NetworkCard(
                    interface: "eth0", product: "Virtio network device", description: "Ethernet interface",
                    vendor: "Red Hat, Inc.", hardwareAddress: "52:54:00:12:34:56"),
            ])
    }

    @Test("Disks are the drives, without partitions, loops, maps and empty readers")
    func disks() {
        let disks = Disk.all(Fixture.debian).value
        #expect(disks.map(\.name) == ["nvme0n1", "sda", "sr0", "vda"])
        #expect(disks.map(\.product) == ["SAMSUNG MZVLB512HBJQ-000L7", "WDC WD40EFRX-68N", "DVD-RAM UJ8E2", "vda"])
        #expect(disks.map(\.vendor) == ["", "ATA", "MATSHITA", ""])
        #expect(disks.map(\.description) == ["NVMe disk", "rotating SCSI disk", "optical drive", "virtio disk"])
        #expect(disks.map(\.kind) == [.disk, .disk, .optical, .disk])
        #expect(disks[1].size == 7_814_037_168 * 512)
    }
}
