/// A resource of which commands may be given less (setrlimit(2)).
public enum LimitedResource: String, Sendable, Hashable, CaseIterable {
    /// Bytes of address space of a process.
    case memory
    /// Seconds of a processor's time of a process.
    case cpu
    /// Processes of the user who runs the command.
    case processes
    /// Open files of a process.
    case files
    /// Bytes of a file that a process writes.
    case fileSize = "file_size"
}

extension ValueReader where Value == [LimitedResource: UInt64] {
    /// `memory=512M cpu=60 files=100`
    static var commandLimits: Self {
        let words = LimitedResource.allCases.map { "\($0.rawValue)=N" }.joined(separator: " ")
        return Self(expectation: "any of \(words), N a whole number, also with K, M or G") { text in
            var limits: [LimitedResource: UInt64] = [:]
            for word in text.split(whereSeparator: \.isWhitespace) {
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, let resource = LimitedResource(rawValue: String(parts[0])),
                    let value = amount(parts[1])
                else { return nil }
                limits[resource] = value
            }
            return limits.isEmpty ? nil : limits
        }
    }

    private static func amount(_ text: Substring) -> UInt64? {
        let shifts: [Character: UInt64] = ["K": 10, "M": 20, "G": 30]
        let shift = text.last.flatMap { shifts[$0] } ?? 0
        guard let number = UInt64(shift == 0 ? text : text.dropLast()), number > 0 else { return nil }
        let (product, isTooLarge) = number.multipliedReportingOverflow(by: 1 << shift)
        return isTooLarge ? nil : product
    }
}
