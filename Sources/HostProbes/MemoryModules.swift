internal import SystemFiles
internal import SystemPackage

/// A memory module in a slot (SMBIOS Reference Specification, type 17), or the host's memory as a whole where the slots are
/// not known.
public struct MemoryModule: Sendable, Hashable {
    /// The slot, form, type and speed: `DIMM A1: DIMM DDR4 2400 MT/s, Samsung`.
    public let description: String
    /// The size in bytes.
    public let size: UInt64

    /// The modules. Virtual machines and boards without DMI have none: then the whole memory stands as one, which is no
    /// limitation.
    public static func all(_ roots: HostRoots = .system) throws(Limitation) -> Reading<[MemoryModule]> {
        var limitations: [Limitation] = []
        do throws(SystemError) {
            let table = try Files.read(roots.sys.appending("firmware/dmi/tables/DMI"), limit: SizeLimit.table)
            let modules = parse(table)
            if !modules.isEmpty { return Reading(modules) }
        } catch {
            if error.code != .noSuchFileOrDirectory { limitations.append(Limitation(.memoryModules, error)) }
        }
        let whole = MemoryModule(description: "System memory", size: try Memory(roots).total)
        return Reading([whole], limitations: limitations)
    }

    /// Walks over the structures of the table. Each has a type, a length, a handle and fixed fields of that length together, then
    /// texts that each end in a zero byte, then another zero byte.
    static func parse(_ table: [UInt8]) -> [MemoryModule] {
        var modules: [MemoryModule] = []
        var rest = table[...]
        while rest.count >= 4 {
            let type = rest[rest.startIndex]
            let length = Int(rest[rest.startIndex + 1])
            guard length >= 4, length <= rest.count else { break }
            let fields = rest.prefix(length)
            rest = rest.dropFirst(length)
            var texts: [String] = []
            while let end = rest.firstIndex(of: 0) {
                let text = rest[..<end]
                rest = rest[(end + 1)...]
                if text.isEmpty {
                    // Without any text there are two zero bytes.
                    if texts.isEmpty, rest.first == 0 { rest = rest.dropFirst() }
                    break
                }
                texts.append(text.trimmed.text)
            }
            let memoryDevice: UInt8 = 17
            if type == memoryDevice, let module = MemoryModule(fields: fields, texts: texts) { modules.append(module) }
            let endOfTable: UInt8 = 127
            if type == endOfTable { break }
        }
        return modules
    }

    /// `nil` for an empty slot, and for one whose size is not known.
    private init?(fields: Bytes, texts: [String]) {
        func byte(_ offset: Int) -> UInt8 { fields.dropFirst(offset).first ?? 0 }
        func word(_ offset: Int) -> UInt64 { UInt64(byte(offset)) | UInt64(byte(offset + 1)) << 8 }
        func text(_ offset: Int) -> String? {
            let number = Int(byte(offset))
            guard number > 0, texts.indices.contains(number - 1) else { return nil }
            let text = texts[number - 1]
            // What makers leave in fields that they do not fill.
            return ["", "Not Specified", "Unknown", "NO DIMM"].contains(text) ? nil : text
        }
        let size = word(0x0c)
        switch size {
        case 0, 0xffff: return nil
        // Too large for the field: megabytes in another one.
        case 0x7fff: self.size = ((word(0x1c) | word(0x1e) << 16) & 0x7fff_ffff) << 20
        // The highest bit says kilobytes.
        case 0x8000...: self.size = (size & 0x7fff) << 10
        default: self.size = size << 20
        }
        let speed = word(0x20) > 0 && word(0x20) < 0xffff ? word(0x20) : word(0x15)
        let kind = [
            Self.forms[byte(0x0e)], Self.types[byte(0x12)], speed > 0 && speed < 0xffff ? "\(speed) MT/s" : nil,
        ].compactMap { $0 }.joined(separator: " ")
        let described = [kind.isEmpty ? "memory" : kind, text(0x17)].compactMap { $0 }.joined(separator: ", ")
        description = [text(0x10), described].compactMap { $0 }.joined(separator: ": ")
    }

    private init(description: String, size: UInt64) {
        self.description = description
        self.size = size
    }

    private static let forms: [UInt8: String] = [
        0x03: "SIMM", 0x05: "chip", 0x09: "DIMM", 0x0b: "row of chips", 0x0c: "RIMM", 0x0d: "SODIMM", 0x0f: "FB-DIMM",
        0x10: "die",
    ]
    private static let types: [UInt8: String] = [
        0x07: "RAM", 0x0f: "SDRAM", 0x12: "DDR", 0x13: "DDR2", 0x14: "DDR2 FB-DIMM", 0x18: "DDR3", 0x1a: "DDR4",
        0x1b: "LPDDR", 0x1c: "LPDDR2", 0x1d: "LPDDR3", 0x1e: "LPDDR4", 0x1f: "non-volatile", 0x20: "HBM", 0x21: "HBM2",
        0x22: "DDR5", 0x23: "LPDDR5",
    ]
}
