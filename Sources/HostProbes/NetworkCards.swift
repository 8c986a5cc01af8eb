internal import SystemFiles
internal import SystemPackage

/// A network interface that is a device, not one that the kernel makes up.
public struct NetworkCard: Sendable, Hashable {
    /// The interface, such as `eth0`.
    public let interface: String
    /// The device's name.
    public let product: String
    /// What it is, such as `Ethernet interface`.
    public let description: String
    /// The maker's name; empty where it is not known.
    public let vendor: String
    /// The hardware address; empty where it has none.
    public let hardwareAddress: String

    /// The cards, sorted by the interface's name.
    public static func all(_ roots: HostRoots = .system) -> Reading<[NetworkCard]> {
        let folder = roots.sys.appending("class/net")
        var reading = Reading<[NetworkCard]>([])
        do throws(SystemError) {
            for name in try Files.names(in: folder) {
                guard let card = card(folder.appending(name), roots, &reading.limitations) else { continue }
                reading.value.append(card)
            }
        } catch {
            reading.limitations.append(Limitation("the network cards", error))
        }
        return reading
    }

    private static func card(
        _ folder: FilePath, _ roots: HostRoots, _ limitations: inout [Limitation]
    ) -> NetworkCard? {
        guard let device = try? Files.realPath(folder.appending("device")) else { return nil }
        let interface = folder.lastComponent?.string ?? ""
        let address = (try? Files.value(folder.appending("address")))?.text ?? ""
        let isWireless = Files.exists(folder.appending("wireless")) || Files.exists(folder.appending("phy80211"))
        func card(_ product: String, _ description: String, _ vendor: String) -> NetworkCard {
            NetworkCard(
                interface: interface, product: product, description: isWireless ? "Wireless interface" : description,
                vendor: vendor, hardwareAddress: address)
        }
        // The device itself, or the one that it is a part of: a port of a virtio or a USB device.
        var place = device
        for _ in 0..<4 {
            if let found = PCIDevice(folder: place) {
                let named = PCIDevice.named([found], roots)
                limitations += named.limitations.filter { !limitations.contains($0) }
                let device = named.value.first ?? found
                return card(device.product, device.description, device.vendor)
            }
            if let product = (try? Files.value(place.appending("product")))?.text, !product.isEmpty {
                let vendor = (try? Files.value(place.appending("manufacturer")))?.text ?? ""
                return card(product, "USB network interface", vendor)
            }
            place.removeLastComponent()
        }
        let driver = (try? Files.realPath(device.appending("driver")))?.lastComponent?.string
        return card(driver ?? "unknown device", "Network interface", "")
    }
}
