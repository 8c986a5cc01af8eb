internal import Glibc

/// Times as people read them.
enum TimeOfDay {
    /// A time in the host's own time zone, to the second, such as `2026-03-01 07:30:00`.
    ///
    /// - Parameter time: Seconds since 1970.
    static func local(_ time: Int64) -> String {
        var seconds = time_t(time)
        var local = tm()
        guard localtime_r(&seconds, &local) != nil else { return "\(time)" }
        return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            count = buffer.withMemoryRebound(to: CChar.self) {
                strftime($0.baseAddress, $0.count, "%Y-%m-%d %H:%M:%S", &local)
            }
        }.reduce(into: "") { $0.unicodeScalars.append(UnicodeScalar($1)) }
    }
}
