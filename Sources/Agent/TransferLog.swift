internal import Digests
internal import Glibc
internal import Spool
internal import SystemFiles
internal import SystemPackage

/// The record of all that was sent or tried: `transfers.log` in the state folder, one line a try, `key=value` each.
///
/// ```
/// time=2026-11-23T06:00:00Z file=b33a….1700000000123456789.data bytes=1234 sha256=… for=primary mode=tentacle
///     server=192.0.2.1:41121 tls=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 key=sha256:… answer=stored duration=0.012
/// ```
/// A value that has other characters than letters, digits and `._:/+@-` stands between quotation marks, `"` and `\` in it
/// after a `\`. It is rotated by size.
struct TransferLog: Sendable {
    /// The name of the file in the state folder.
    static let name = "transfers.log"

    private let file: LogFile

    init(in state: FilePath) throws(SystemError) {
        file = try LogFile(state.appending(Self.name), rotation: .init(size: 1_000_000, kept: 3))
    }

    /// What is known of a file before it goes.
    struct Fingerprint: Sendable, Hashable {
        let byteCount: Int64
        /// The SHA-256 of the contents, hexadecimal.
        let digest: String

        /// Reads the file; `nil` where it cannot be read.
        init?(_ file: OutgoingFile) {
            var stream = DigestStream(.sha256)
            var count: Int64 = 0
            do throws(SystemError) {
                try file.open().forEachPiece { piece in
                    stream.update(piece)
                    count += Int64(piece.count)
                }
            } catch {
                return nil
            }
            byteCount = count
            digest = stream.finish().hexadecimal
        }
    }

    /// Records a try.
    func record(
        _ file: OutgoingFile, _ fingerprint: Fingerprint?, for recipient: String, mode: String, _ delivery: Delivery
    ) {
        var pairs: [(String, String)] = [("time", Self.now), ("file", file.name)]
        if let fingerprint {
            pairs += [("bytes", "\(fingerprint.byteCount)"), ("sha256", fingerprint.digest)]
        }
        pairs += [("for", recipient), ("mode", mode), ("server", delivery.server.address)]
        pairs.append(("tls", delivery.server.version ?? "none"))
        if let cipher = delivery.server.cipher { pairs.append(("cipher", cipher)) }
        if let key = delivery.server.key { pairs.append(("key", key)) }
        let (answer, reason) = delivery.answer.words
        pairs.append(("answer", answer))
        if let reason { pairs.append(("reason", reason)) }
        pairs.append(("duration", String(delivery.duration.text.dropLast(" s".count))))
        self.file.append(pairs.map { "\($0.0)=\(Self.quoted($0.1))" }.joined(separator: " ") + "\n")
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy {
            $0.isASCII
                && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "._:/+@-".unicodeScalars.contains($0))
        }
        if isPlain, !text.isEmpty { return text }
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: "\u{FFFD}"
            default: String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }

    /// The time in UTC (ISO 8601).
    private static var now: String {
        var seconds = time(nil)
        var fields = tm()
        gmtime_r(&seconds, &fields)
        return [CChar](unsafeUninitializedCapacity: 32) { buffer, count in
            count = strftime(buffer.baseAddress, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &fields)
        }.withUnsafeBufferPointer { String(decoding: UnsafeRawBufferPointer($0), as: UTF8.self) }
    }
}

extension Delivery.Answer {
    /// The answer in one word, and the reason.
    fileprivate var words: (answer: String, reason: String?) {
        switch self {
        case .delivered: ("stored", nil)
        case .alreadyThere: ("there-already", nil)
        case .refused(let reason): ("refused", reason)
        case .unreadable(let reason): ("unreadable", reason)
        case .failed(let reason): ("failed", reason)
        }
    }
}
