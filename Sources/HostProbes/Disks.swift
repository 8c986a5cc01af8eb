internal import SystemFiles
internal import SystemPackage

/// A disk or an optical drive (/sys/block).
public struct Disk: Sendable, Hashable {
    /// The kind of drive.
    public enum Kind: Sendable, Hashable {
        /// A disk of any make.
        case disk
        /// A drive for CDs, DVDs and the like.
        case optical
    }

    /// The device's name below /dev.
    public let name: String
    /// The kind.
    public let kind: Kind
    /// The model, or the device's name where the kernel knows none.
    public let product: String
    /// What it is, such as `NVMe disk` or `rotating SCSI disk`.
    public let description: String
    /// The maker; empty where the kernel knows none.
    public let vendor: String
    /// The size in bytes; for an optical drive that of its medium.
    public let size: UInt64

    /// The drives that are devices: no partitions, and none that the kernel makes of files, of memory or of other disks.
    public static func all(_ roots: HostRoots = .system) -> Reading<[Disk]> {
        let folder = roots.sys.appending("block")
        do throws(SystemError) {
            return Reading(try Files.names(in: folder).compactMap { Disk(folder: folder.appending($0)) })
        } catch {
            return Reading([], limitations: [Limitation("the disks", error)])
        }
    }

    private init?(folder: FilePath) {
        guard let name = folder.lastComponent?.string, Self.isDevice(name) else { return nil }
        func value(_ file: String) -> String {
            (try? Files.value(folder.appending(file)))?.text ?? ""
        }
        // In blocks of 512 bytes, whatever the drive's own are.
        let blocks = Array(value("size").utf8)[...].decimal(as: UInt64.self) ?? 0
        let kind: Kind = name.hasPrefix("sr") ? .optical : .disk
        // A drive without a size is a reader without a card.
        if kind == .disk, blocks == 0 { return nil }
        self.name = name
        self.kind = kind
        size = blocks.multipliedSaturating(by: 512)
        let model = value("device/model")
        let cardName = value("device/name")
        product = !model.isEmpty ? model : !cardName.isEmpty ? cardName : name
        let vendor = value("device/vendor")
        // Virtio devices have a number there.
        self.vendor = vendor.hasPrefix("0x") ? "" : vendor
        description =
            kind == .optical ? "optical drive" : Self.description(name, isRotating: value("queue/rotational") == "1")
    }

    private static func isDevice(_ name: String) -> Bool {
        let madeUp = ["loop", "ram", "zram", "dm-", "md", "nbd", "fd", "zd", "rbd", "drbd", "bcache"]
        if madeUp.contains(where: { name.hasPrefix($0) }) { return false }
        // The boot areas of memory cards are parts of them.
        return !(name.hasPrefix("mmcblk") && (name.contains("boot") || name.contains("rpmb")))
    }

    private static func description(_ name: String, isRotating: Bool) -> String {
        let kinds = [("nvme", "NVMe disk"), ("mmcblk", "memory card"), ("vd", "virtio disk"), ("xvd", "Xen disk")]
        if let kind = kinds.first(where: { name.hasPrefix($0.0) }) { return kind.1 }
        let kind = name.hasPrefix("sd") ? "SCSI disk" : "disk"
        return isRotating ? "rotating \(kind)" : kind
    }
}
