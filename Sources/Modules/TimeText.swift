internal import Glibc

/// A time as `2026-01-31T08:00:00Z` (RFC 3339); empty for one that the calendar cannot hold.
func timeText(_ seconds: Int64) -> String {
    var seconds = time_t(seconds)
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return "" }
    return [UInt8](unsafeUninitializedCapacity: 40) { buffer, count in
        count = buffer.withMemoryRebound(to: CChar.self) {
            strftime($0.baseAddress, $0.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        }
    }.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
}
