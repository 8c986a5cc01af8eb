/// A number of 64 bits for some bytes, the same in every process and on every machine, for tables that are kept in files.
///
/// It is FNV-1a with a last mixing step. It is quick, and no protection: who chooses the bytes can make two hashes equal.
public struct StableHash: Sendable, Hashable {
    /// The number.
    public let value: UInt64

    /// The hash of some bytes.
    public init(_ bytes: UnsafeRawBufferPointer) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        // So that the high bits depend on the last bytes too (the finaliser of MurmurHash3).
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        value = hash ^ hash >> 33
    }

    /// The hash of a text's UTF-8.
    public init(_ text: String) {
        var text = text
        self = text.withUTF8 { StableHash(UnsafeRawBufferPointer($0)) }
    }
}
