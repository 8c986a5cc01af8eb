internal import Digests
internal import SystemFiles

/// When the modules with an absolute interval last ran.
///
/// A host may have ten thousand of them of which ten are due, so the times are one value of the state rather than one for
/// each module: a record of 26 hexadecimal digits a module, 16 of its key's hash and 10 of the time in seconds since
/// 1970, in ascending order of the hashes.
struct RunTimes: Sendable, Hashable {
    private struct Record: Sendable, Hashable {
        let hash: UInt64
        let time: Int64
    }

    // In ascending order of the hashes.
    private var records: [Record] = []
    private var changes: [UInt64: Int64] = [:]

    /// The name of the value in the state.
    static let stateKey = "module times"

    private static let recordLength = 26
    private static let hashLength = 16

    /// Reads the value. What is none was never written: the modules are due.
    init(in state: [String: String]) {
        guard var text = state[Self.stateKey] else { return }
        records = text.withUTF8 { Self.records(in: UnsafeRawBufferPointer($0)) } ?? []
    }

    /// When the module of a key last ran; `nil` where it never did.
    subscript(key: String) -> Int64? {
        let hash = StableHash(key).value
        let index = records.partitioningIndex { $0.hash >= hash }
        return index < records.endIndex && records[index].hash == hash ? records[index].time : nil
    }

    /// Remembers that the module of a key ran.
    mutating func remember(_ time: Int64, for key: String) {
        changes[StableHash(key).value] = time
    }

    /// What is to be kept: the value with all that was remembered; `nil` where nothing was.
    var stateChange: (key: String, value: String)? {
        if changes.isEmpty { return nil }
        var all = records.map { Record(hash: $0.hash, time: changes[$0.hash] ?? $0.time) }
        let known = Set(records.lazy.map(\.hash))
        all += changes.lazy.filter { !known.contains($0.key) }.map { Record(hash: $0.key, time: $0.value) }
        all.sort { $0.hash < $1.hash }
        let text = String(unsafeUninitializedCapacity: all.count * Self.recordLength) { buffer in
            var place = 0
            for record in all {
                for shift in stride(from: 60, through: 0, by: -4) {
                    buffer[place] = Self.digit(record.hash >> shift)
                    place += 1
                }
                for shift in stride(from: 36, through: 0, by: -4) {
                    buffer[place] = Self.digit(UInt64(bitPattern: record.time) >> shift)
                    place += 1
                }
            }
            return place
        }
        return (Self.stateKey, text)
    }

    private static func digit(_ value: UInt64) -> UInt8 {
        let value = UInt8(value & 15)
        return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// The records of a text; `nil` where it is not made of them.
    private static func records(in text: UnsafeRawBufferPointer) -> [Record]? {
        guard text.count % recordLength == 0 else { return nil }
        var records: [Record] = []
        records.reserveCapacity(text.count / recordLength)
        for start in stride(from: 0, to: text.count, by: recordLength) {
            guard let hash = number(text, start..<(start + hashLength)),
                let time = number(text, (start + hashLength)..<(start + recordLength)),
                records.last.map({ $0.hash < hash }) ?? true
            else { return nil }
            records.append(Record(hash: hash, time: Int64(bitPattern: time)))
        }
        return records
    }

    private static func number(_ text: UnsafeRawBufferPointer, _ digits: Range<Int>) -> UInt64? {
        var number: UInt64 = 0
        for index in digits {
            let byte = text[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            number = number << 4 | UInt64(digit)
        }
        return number
    }
}
