internal import COpenSSL
internal import Glibc

/// The errors of a call to OpenSSL, oldest first; taking them empties the thread's queue.
struct OpenSSLErrors {
    private let codes: [UInt]

    static func drain() -> OpenSSLErrors {
        var codes: [UInt] = []
        while true {
            let code = ERR_get_error()
            if code == 0 { return OpenSSLErrors(codes: codes) }
            codes.append(UInt(code))
        }
    }

    /// The reasons (`SSL_R_…`) of those errors that the TLS layer itself raised.
    var tlsReasons: [CInt] {
        codes.filter { ERR_GET_LIB($0) == ERR_LIB_SSL }.map { ERR_GET_REASON($0) }
    }

    /// OpenSSL's words for the errors.
    var text: String {
        let reasons = codes.map { code in
            ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
        }
        return reasons.isEmpty ? "no reason given" : reasons.joined(separator: ", ")
    }
}
