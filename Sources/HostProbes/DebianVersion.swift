/// A version of Debian's packages, in their order (deb-version(7)): an epoch, an upstream version and a revision.
struct DebianVersion: Comparable {
    private let epoch: UInt64
    private let upstream: Bytes
    private let revision: Bytes

    /// Any text is a version: an epoch that is no number counts as 0.
    init(_ text: String) {
        var rest = Array(text.utf8)[...]
        if let (epoch, after) = rest.cut(at: Byte.colon) {
            self.epoch = epoch.decimal() ?? 0
            rest = after
        } else {
            epoch = 0
        }
        let dash = rest.lastIndex(of: Byte.minus)
        upstream = dash.map { rest[..<$0] } ?? rest
        revision = dash.map { rest[($0 + 1)...] } ?? []
    }

    static func == (left: DebianVersion, right: DebianVersion) -> Bool {
        left.epoch == right.epoch && order(left.upstream, right.upstream) == 0
            && order(left.revision, right.revision) == 0
    }

    static func < (left: DebianVersion, right: DebianVersion) -> Bool {
        if left.epoch != right.epoch { return left.epoch < right.epoch }
        let upstream = order(left.upstream, right.upstream)
        return upstream != 0 ? upstream < 0 : order(left.revision, right.revision) < 0
    }

    /// Compares by turns what is no number, character by character, and numbers by their value: negative where the left is
    /// earlier, 0 where they are equal.
    private static func order(_ left: Bytes, _ right: Bytes) -> Int {
        var left = left
        var right = right
        while !left.isEmpty || !right.isEmpty {
            while startsWithText(left) || startsWithText(right) {
                let difference = weight(left.first) - weight(right.first)
                if difference != 0 { return difference }
                left = left.dropFirst()
                right = right.dropFirst()
            }
            let leftDigits = left.prefix(while: isDigit)
            let rightDigits = right.prefix(while: isDigit)
            left = left.dropFirst(leftDigits.count)
            right = right.dropFirst(rightDigits.count)
            // Numbers of any length: without their zeros the longer one is greater.
            let leftNumber = leftDigits.drop { $0 == UInt8(ascii: "0") }
            let rightNumber = rightDigits.drop { $0 == UInt8(ascii: "0") }
            if leftNumber.count != rightNumber.count { return leftNumber.count - rightNumber.count }
            if let (first, second) = zip(leftNumber, rightNumber).first(where: { $0 != $1 }) {
                return Int(first) - Int(second)
            }
        }
        return 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private static func startsWithText(_ bytes: Bytes) -> Bool { bytes.first.map { !isDigit($0) } ?? false }

    /// `~` is before the end, letters are before everything else.
    private static func weight(_ byte: UInt8?) -> Int {
        switch byte {
        case nil: 0
        case UInt8(ascii: "~"): -1
        case .some(let byte) where isDigit(byte): 0
        case .some(UInt8(ascii: "A")...UInt8(ascii: "Z")), .some(UInt8(ascii: "a")...UInt8(ascii: "z")): Int(byte ?? 0)
        case .some(let byte): Int(byte) + 256
        }
    }
}
