internal import AgentConfiguration
internal import Tentacle

/// Until when a certificate is valid that deliveries depend on.
public struct CertificateValidity: Sendable, Hashable, CustomStringConvertible {
    /// Whose it is: `our certificate PATH`, `the certificate of the server ADDRESS`.
    public let holder: String
    /// The end, in seconds since 1970.
    public let end: Int64

    /// With fewer days left it is time to renew it.
    static let warningDays: Int64 = 30

    /// Whole days that are left; negative after the end.
    func daysLeft(at now: Int64) -> Int64 {
        let seconds = end.subtractingReportingOverflow(now)
        let left = seconds.overflow ? end : seconds.partialValue
        let (days, rest) = left.quotientAndRemainder(dividingBy: 86_400)
        return rest < 0 ? days - 1 : days
    }

    /// What to tell an operator; `nil` while there is time enough.
    func warning(at now: Int64) -> String? {
        let days = daysLeft(at: now)
        if days >= Self.warningDays { return nil }
        return days < 0
            ? "\(holder) is no longer valid: renew it"
            : "\(holder) ends in \(days) days: renew it before nothing is taken"
    }

    /// The holder and the end.
    public var description: String { "\(holder) until \(end)" }

    /// What a server showed, and what is shown to it.
    static func all(of server: ServerSettings, shown: ServerFacts) -> [CertificateValidity] {
        var all: [CertificateValidity] = []
        if let end = shown.certificateEnd {
            all.append(CertificateValidity(holder: "the certificate of the server \(shown.address)", end: end))
        }
        if server.transferMode == .tentacle, let known = try? TentacleTransport.server(server),
            let own = known.security.tls?.clientCertificate, let end = try? own.validUntil()
        {
            all.append(CertificateValidity(holder: "our certificate \(own.certificate)", end: end))
        }
        return all
    }
}
