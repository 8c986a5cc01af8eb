internal import Glibc

/// Finds names by their bytes, so that no text has to be made of the words that a configuration repeats in each module.
struct TokenTable: Sendable {
    /// All names, one after the other.
    private let text: [UInt8]
    /// The place of each name in ``text``.
    private let places: [Range<Int>]
    /// Indices of names, each at its hash or in the next free slot after it; -1 = free.
    private let slots: [Int]

    /// A table of names that differ.
    init(_ names: [String]) {
        var text: [UInt8] = []
        var places: [Range<Int>] = []
        // At least half of the slots stay free, so each search ends, and soon.
        var size = 1
        while size < 2 * names.count + 2 { size *= 2 }
        var slots = Array(repeating: -1, count: size)
        for (index, name) in names.enumerated() {
            let start = text.count
            text += Array(name.utf8)
            places.append(start..<text.count)
            var slot = text[start...].withUnsafeBytes { Self.hash($0) } & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = index
        }
        self.text = text
        self.places = places
        self.slots = slots
    }

    /// The index of a name, or `nil` for a word that is none.
    func index(of word: UnsafeRawBufferPointer) -> Int? {
        var slot = Self.hash(word) & (slots.count - 1)
        while slots[slot] >= 0 {
            let index = slots[slot]
            if isSame(places[index], word) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private func isSame(_ place: Range<Int>, _ word: UnsafeRawBufferPointer) -> Bool {
        guard place.count == word.count, let start = word.baseAddress else { return false }
        return text.withUnsafeBytes { names in
            names.baseAddress.map { memcmp($0 + place.lowerBound, start, word.count) == 0 } ?? false
        }
    }

    /// A hash of the length, of eight bytes behind what most names begin with, and of the last eight: names differ there,
    /// and two words are quicker than a step for each byte. The names are known beforehand, so nobody can choose ones that
    /// collide; a word that does is compared with a few names more.
    private static func hash(_ word: UnsafeRawBufferPointer) -> Int {
        var hash = UInt64(truncatingIfNeeded: word.count) &* 0x9E37_79B9_7F4A_7C15
        if word.count < 15 {
            for byte in word { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        } else {
            let behindCommonStart = word.loadUnaligned(fromByteOffset: 7, as: UInt64.self)
            let end = word.loadUnaligned(fromByteOffset: word.count - 8, as: UInt64.self)
            hash = (hash ^ behindCommonStart) &* 0xFF51_AFD7_ED55_8CCD
            hash = (hash ^ hash >> 32 ^ end) &* 0xC4CE_B9FE_1A85_EC53
        }
        return Int(truncatingIfNeeded: hash >> 33)
    }
}
