internal import SystemFiles
internal import SystemPackage

/// A processor in a socket (proc(5), /proc/cpuinfo).
public struct Processor: Sendable, Hashable {
    /// The model, such as `Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz` or `Neoverse-N1`.
    public let product: String
    /// Who makes it, such as `GenuineIntel` or `ARM`; empty where the kernel does not say.
    public let vendor: String
    /// The highest frequency in Hz, or the one of now where the kernel does not say the highest; `nil` where it says none.
    public let hertz: UInt64?
    /// How many logical cores it has online.
    public let cores: Int

    /// The processors, one for each socket; where the kernel does not tell sockets apart, one for each model.
    public static func all(_ roots: HostRoots = .system) throws(Limitation) -> [Processor] {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(roots.proc.appending("cpuinfo"), limit: SizeLimit.table)
        } catch {
            throw Limitation("the processors", error)
        }
        let kilohertz = (try? Files.value(roots.sys.appending("devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")))?
            .decimal(as: UInt64.self)
        let processors = parse(bytes, highestHertz: kilohertz?.multipliedSaturating(by: 1000))
        if processors.isEmpty {
            throw Limitation("the processors", because: "\(roots.proc)/cpuinfo names none")
        }
        return processors
    }

    /// Paragraphs of `key : value`, one for each logical core; on some machines followed by one for the whole host.
    static func parse(_ bytes: [UInt8], highestHertz: UInt64? = nil) -> [Processor] {
        var sockets: [(key: String, processor: Processor)] = []
        var places: [String: Int] = [:]
        var common: [String: String] = [:]
        var paragraph: [String: String] = [:]
        func finish() {
            defer { paragraph = [:] }
            guard let number = paragraph["processor"] else {
                common.merge(paragraph) { old, _ in old }
                return
            }
            // Old 32-bit ARM kernels put the model's name where others put the core's number.
            guard number.utf8.allSatisfy({ (48...57).contains($0) }) else {
                common["Processor"] = number
                return
            }
            let product = product(paragraph) ?? ""
            let key = "\(paragraph["physical id"] ?? "")/\(product)"
            if let place = places[key] {
                let old = sockets[place].processor
                sockets[place].processor = Processor(
                    product: product, vendor: old.vendor, hertz: old.hertz, cores: old.cores + 1)
            } else {
                places[key] = sockets.count
                let hertz = highestHertz ?? paragraph["cpu MHz"].flatMap(hertz(megahertz:))
                sockets.append((key, Processor(product: product, vendor: vendor(paragraph), hertz: hertz, cores: 1)))
            }
        }
        bytes.forEachLine { line in
            if line.trimmed.isEmpty { return finish() }
            guard let (key, value) = line.cut(at: Byte.colon) else { return }
            paragraph[key.trimmed.text] = value.trimmed.text
        }
        finish()
        let commonProduct = product(common) ?? "unknown processor"
        return sockets.map { _, processor in
            Processor(
                product: processor.product.isEmpty ? commonProduct : processor.product,
                vendor: processor.vendor.isEmpty ? vendor(common) : processor.vendor, hertz: processor.hertz,
                cores: processor.cores)
        }
    }

    /// The kernel's name for the model where it has one; else, on ARM, what its numbers stand for.
    private static func product(_ fields: [String: String]) -> String? {
        for key in ["model name", "Processor", "cpu model", "uarch", "cpu"] {
            if let name = fields[key], !name.isEmpty { return name }
        }
        guard let implementer = armNumber(fields["CPU implementer"]), let part = armNumber(fields["CPU part"]) else {
            return nil
        }
        return armParts[implementer]?[part] ?? "\(vendor(fields)) part 0x\(String(part, radix: 16))"
    }

    private static func vendor(_ fields: [String: String]) -> String {
        if let name = fields["vendor_id"] ?? fields["vendor"] { return name }
        guard let implementer = armNumber(fields["CPU implementer"]) else { return "" }
        return armImplementers[implementer] ?? "implementer 0x\(String(implementer, radix: 16))"
    }

    private static func hertz(megahertz text: String) -> UInt64? {
        guard let megahertz = Double(text), megahertz > 0, megahertz < 1_000_000 else { return nil }
        return UInt64((megahertz * 1_000_000).rounded())
    }

    private static func armNumber(_ text: String?) -> UInt16? {
        guard let text else { return nil }
        return Array(text.utf8)[...].dropping(prefix: "0x")?.hexadecimal()
    }

    /// The numbers of MIDR_EL1 (Arm Architecture Reference Manual), as lscpu(1) names them.
    private static let armImplementers: [UInt16: String] = [
        0x41: "ARM", 0x42: "Broadcom", 0x43: "Cavium", 0x46: "Fujitsu", 0x48: "HiSilicon", 0x4e: "NVIDIA", 0x50: "APM",
        0x51: "Qualcomm", 0x53: "Samsung", 0x56: "Marvell", 0x61: "Apple", 0x6d: "Microsoft", 0x70: "Phytium",
        0xc0: "Ampere",
    ]
    private static let armParts: [UInt16: [UInt16: String]] = [
        0x41: [
            0xd03: "Cortex-A53", 0xd04: "Cortex-A35", 0xd05: "Cortex-A55", 0xd07: "Cortex-A57", 0xd08: "Cortex-A72",
            0xd09: "Cortex-A73", 0xd0a: "Cortex-A75", 0xd0b: "Cortex-A76", 0xd0c: "Neoverse-N1", 0xd0d: "Cortex-A77",
            0xd40: "Neoverse-V1", 0xd41: "Cortex-A78", 0xd44: "Cortex-X1", 0xd46: "Cortex-A510", 0xd47: "Cortex-A710",
            0xd48: "Cortex-X2", 0xd49: "Neoverse-N2", 0xd4d: "Cortex-A715", 0xd4e: "Cortex-X3", 0xd4f: "Neoverse-V2",
            0xd80: "Cortex-A520", 0xd81: "Cortex-A720", 0xd82: "Cortex-X4", 0xd84: "Neoverse-V3", 0xd8e: "Neoverse-N3",
        ],
        0x43: [0x0a1: "ThunderX", 0x0af: "ThunderX2"], 0x46: [0x001: "A64FX"], 0x48: [0xd01: "Kunpeng-920"],
        0xc0: [0xac3: "Ampere-1", 0xac4: "Ampere-1a"],
    ]
}
