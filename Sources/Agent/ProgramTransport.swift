internal import CommandRunner
internal import SystemPackage

/// What a program that sends several files at once leaves behind.
struct ProgramOutcome: Sendable {
    let files: [OutgoingFile]
    /// How many of the files, from the first, are at their place.
    let completeCount: Int
    /// Why the next one is not; `nil` where all are.
    let failure: String?
    let server: ServerFacts
    let duration: Duration

    /// The answers, the first failure last. Programs tell no time for single files: each gets its part.
    var deliveries: [Delivery] {
        let share = duration / max(1, completeCount + (failure == nil ? 0 : 1))
        var deliveries = files.prefix(completeCount).map { _ in
            Delivery(answer: .delivered, server: server, duration: share)
        }
        if let failure {
            deliveries.append(Delivery(answer: .failed(failure), server: server, duration: share))
        }
        return deliveries
    }
}

extension CommandResult {
    /// Why a program failed: its last words, or how it ended.
    func failure(of program: String) -> String {
        let words = String(decoding: errorOutput, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { String($0.filter { $0.isASCII && !$0.isNewline && $0 != "\u{1B}" }) }.filter { !$0.isEmpty }
        switch ending {
        case .exited: return "\(program): \(words.suffix(2).joined(separator: "; "))"
        case .killed, .timedOut, .stoppedAtOutputLimit, .notStarted: return "\(program) \(ending)"
        }
    }
}

/// What programs that send files need to know of the agent's environment.
enum ProgramEnvironment {
    static var variables: [String: String] {
        var variables = ["LANG": "C", "LC_ALL": "C"]
        for name in ["PATH", "HOME", "USER", "LOGNAME"] { variables[name] = environment(name) }
        if variables["PATH"] == nil { variables["PATH"] = "/usr/bin:/bin" }
        return variables
    }
}

/// Whether a server's address can stand in a command line or URL: no option, no word of its own.
func isPlainAddress(_ address: String) -> Bool {
    !address.isEmpty && !address.hasPrefix("-")
        && address.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
}
