extension Array<UInt8> {
    /// The bytes with one to four changes of the kinds that break parsers: other bytes, pieces that are missing, double, moved
    /// or cut off, and tokens that mean something in one format or another.
    public func mutated(by random: inout SeededGenerator) -> [UInt8] {
        var text = self
        let tokens =
            [
                "\n", "\n\n", ";", ":", " ", "\t", "\u{0}", "-1", "18446744073709551615", "18446744073709551616",
                "9223372036854775808", "4294967296", "99999999999999999999999999", "0x", "NaN", "1e999", "(", ")", "\\",
                "\"",
                "'", "=", "%", "é", "../", "]]>",
            ].map { Array($0.utf8) } + [[0xff], [0xc3], [0xed, 0xa0, 0x80]]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let start = Int.random(in: 0...text.count, using: &random)
            let end = Swift.min(text.count, start + Int.random(in: 0...20, using: &random))
            switch Int.random(in: 0...5, using: &random) {
            case 0 where start < text.count: text[start] = UInt8.random(in: 0...255, using: &random)
            case 1: text.removeSubrange(start..<end)
            case 2: text.insert(contentsOf: Array(text[start..<end]), at: start)
            case 3:
                let piece = Array(text[start..<end])
                text.removeSubrange(start..<end)
                text.insert(contentsOf: piece, at: Int.random(in: 0...text.count, using: &random))
            case 4: text.removeSubrange(start...)
            default: text.replaceSubrange(start..<end, with: tokens[Int.random(in: 0..<tokens.count, using: &random)])
            }
        }
        return text
    }
}
