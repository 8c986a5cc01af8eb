internal import SystemFiles
internal import SystemPackage

/// A device on the PCI bus (/sys/bus/pci/devices), with the names of the file pci.ids where it is installed.
public struct PCIDevice: Sendable, Hashable {
    /// The place on the bus, such as `0000:00:02.0`.
    public let address: String
    /// Its numbers.
    public let numbers: Numbers
    /// The device's name, or its number as `device 1234` where the name is not known.
    public var product: String
    /// The maker's name, or its number as `vendor 1234` where the name is not known.
    public var vendor: String

    /// What identifies a kind of device.
    public struct Numbers: Sendable, Hashable {
        /// Base class, sub-class and programming interface, from the highest byte down.
        public let deviceClass: UInt32
        /// The maker.
        public let vendor: UInt16
        /// The maker's number for the device.
        public let device: UInt16
    }

    /// What it does, from its class.
    public var description: String {
        let classes: [UInt32: String] = [
            0x0200: "Ethernet interface", 0x0207: "InfiniBand interface", 0x0280: "Network interface",
            0x0300: "VGA compatible controller", 0x0301: "XGA compatible controller", 0x0302: "3D controller",
            0x0380: "Display controller",
        ]
        let name = classes[numbers.deviceClass >> 8]
        return name ?? (isDisplay ? "Display controller" : isNetwork ? "Network interface" : "PCI device")
    }

    /// Whether it drives a display (base class 03).
    public var isDisplay: Bool { numbers.deviceClass >> 16 == 0x03 }
    /// Whether it is a network interface (base class 02).
    public var isNetwork: Bool { numbers.deviceClass >> 16 == 0x02 }

    /// The devices that `isWanted` accepts, with their names. A host without the bus has none.
    public static func all(
        _ roots: HostRoots = .system, where isWanted: (PCIDevice) -> Bool = { _ in true }
    ) -> Reading<[PCIDevice]> {
        let bus = roots.sys.appending("bus/pci/devices")
        do throws(SystemError) {
            let devices = try Files.names(in: bus).compactMap { PCIDevice(folder: bus.appending($0)) }.filter(isWanted)
            return named(devices, roots)
        } catch {
            if error.code == .noSuchFileOrDirectory { return Reading([]) }
            return Reading([], limitations: [Limitation("the PCI devices", error)])
        }
    }

    /// Reads the device of a folder of sysfs; `nil` where it is no PCI device.
    init?(folder: FilePath) {
        func number<Number: FixedWidthInteger>(_ file: String) -> Number? {
            (try? Files.value(folder.appending(file)))?.dropping(prefix: "0x")?.hexadecimal()
        }
        guard let deviceClass: UInt32 = number("class"), let vendor: UInt16 = number("vendor"),
            let device: UInt16 = number("device")
        else { return nil }
        address = folder.lastComponent?.string ?? ""
        numbers = Numbers(deviceClass: deviceClass, vendor: vendor, device: device)
        product = "device \(fourDigits(device))"
        self.vendor = "vendor \(fourDigits(vendor))"
    }

    /// The same devices with the names that pci.ids has for them.
    static func named(_ devices: [PCIDevice], _ roots: HostRoots) -> Reading<[PCIDevice]> {
        guard !devices.isEmpty else { return Reading([]) }
        var names = PCINames(wanted: Set(devices.map(\.numbers)))
        let places = ["usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids", "var/lib/pciutils/pci.ids"]
        let isFound = places.contains { place in
            (try? Files.forEachLine(of: roots.top.appending(place)) { names.take($0) }) != nil
        }
        let value = devices.map { device in
            var device = device
            if let name = names.vendors[device.numbers.vendor] { device.vendor = name }
            if let name = names.products[device.numbers] { device.product = name }
            return device
        }
        if isFound { return Reading(value) }
        let limitation = Limitation(
            "the names of PCI devices", because: "no file pci.ids is installed (package pci.ids or hwdata)")
        return Reading(value, limitations: [limitation])
    }
}

/// Finds names in the file pci.ids: a line `1234  Vendor`, then its devices as lines with a tab, `\t5678  Device`; lines
/// with two tabs are for boards, and classes follow at the end behind `C`.
struct PCINames {
    private(set) var vendors: [UInt16: String] = [:]
    private(set) var products: [PCIDevice.Numbers: String] = [:]
    private let wanted: [UInt16: [UInt16: [PCIDevice.Numbers]]]
    /// The devices that are wanted of the vendor whose lines follow.
    private var current: [UInt16: [PCIDevice.Numbers]]?

    init(wanted: Set<PCIDevice.Numbers>) {
        self.wanted = Dictionary(grouping: wanted, by: \.vendor).mapValues { Dictionary(grouping: $0, by: \.device) }
    }

    mutating func take(_ line: Bytes) {
        guard let first = line.first, first != UInt8(ascii: "#") else { return }
        if first != Byte.tab {
            current = nil
            guard let number = line.prefix(4).hexadecimal(as: UInt16.self), line.dropFirst(4).first == Byte.space,
                let devices = wanted[number]
            else { return }
            vendors[number] = line.dropFirst(4).trimmed.text
            current = devices
        } else if let current {
            let entry = line.dropFirst()
            guard let number = entry.prefix(4).hexadecimal(as: UInt16.self), let devices = current[number] else {
                return
            }
            for device in devices { products[device] = entry.dropFirst(4).trimmed.text }
        }
    }
}

private func fourDigits(_ number: UInt16) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 4 - digits.count) + digits
}
