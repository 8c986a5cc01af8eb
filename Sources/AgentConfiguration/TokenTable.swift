internal import Glibc

/// Finds names by their bytes, so that no text has to be made of the words that a configuration repeats in each module.
struct TokenTable: Sendable {
    /// A name at its hash, or in the next free slot after it.
    private struct Slot: Sendable {
        /// The index of the name; -1 = free.
        var index = -1
        /// The place of the name in ``TokenTable/text``.
        var start = 0
        var count = 0
    }

    /// All names, one after the other.
    private let text: [UInt8]
    private let slots: [Slot]

    /// A table of names that differ.
    init(_ names: [String]) {
        var text: [UInt8] = []
        // At least half of the slots stay free, so each search ends, and soon.
        var size = 1
        while size < 2 * names.count + 2 { size *= 2 }
        var slots = Array(repeating: Slot(), count: size)
        for (index, name) in names.enumerated() {
            let start = text.count
            text += Array(name.utf8)
            var slot = text[start...].withUnsafeBytes { Self.hash($0) } & (size - 1)
            while slots[slot].index >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Slot(index: index, start: start, count: text.count - start)
        }
        self.text = text
        self.slots = slots
    }

    /// The index of a name, or `nil` for a word that is none.
    func index(of word: UnsafeRawBufferPointer) -> Int? {
        guard let start = word.baseAddress else { return nil }
        return text.withUnsafeBytes { names -> Int? in
            guard let base = names.baseAddress else { return nil }
            var place = Self.hash(word) & (slots.count - 1)
            while true {
                let slot = slots[place]
                if slot.index < 0 { return nil }
                if slot.count == word.count, memcmp(base + slot.start, start, word.count) == 0 { return slot.index }
                place = (place + 1) & (slots.count - 1)
            }
        }
    }

    /// A hash of the length, of eight bytes behind what most names begin with, and of the last eight: names differ there,
    /// and two words are quicker than a step for each byte. The names are known beforehand, so nobody can choose ones that
    /// collide; a word that does is compared with a few names more.
    private static func hash(_ word: UnsafeRawBufferPointer) -> Int {
        var hash = UInt64(truncatingIfNeeded: word.count) &* 0x9E37_79B9_7F4A_7C15
        if word.count < 8 {
            for byte in word { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        } else {
            let end = word.count - 8
            let behindCommonStart = word.loadUnaligned(fromByteOffset: min(7, end), as: UInt64.self)
            hash = (hash ^ behindCommonStart) &* 0xFF51_AFD7_ED55_8CCD
            hash ^= hash >> 32 ^ word.loadUnaligned(fromByteOffset: end, as: UInt64.self)
            hash = hash &* 0xC4CE_B9FE_1A85_EC53
        }
        return Int(truncatingIfNeeded: hash >> 33)
    }
}
