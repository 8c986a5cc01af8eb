internal import SystemPackage

extension TentacleError: CustomStringConvertible {
    /// The sentence for an operator: what happened, and what to look at.
    public var description: String {
        switch self {
        case .nameNotResolved(let host, let reason):
            "the server's name \(printable(host)) cannot be resolved: \(reason)"
        case .unusableLocalAddress(let address):
            "the local address \(printable(address)) is not an IP address of the same kind as one of the server's"
        case .notConnected(let attempts):
            "cannot connect to the server: "
                + attempts.map { "\($0.address): \($0.code)" }.joined(separator: "; ")
        case .timedOut(let step, let limit):
            "the server gave no sign for \(limit.formatted) \(step.phrase)"
        case .closed(.handshake):
            "the server closed the connection in the TLS handshake"
        case .closed(.command), .lost(.command, .connectionReset):
            "the server closed the connection without a word after the command: it may want a password or TLS"
        case .closed(let step):
            "the server closed the connection without a word \(step.phrase)"
        case .lost(let step, let code):
            "the connection to the server broke \(step.phrase): \(code)"
        case .unusableFile(let path, let problem):
            problem.sentence(path)
        case .unusableSetting(let sentence):
            sentence
        case .serverCertificate(let problem):
            problem.description
        case .clientCertificateRefused(sentOne: true, let reason):
            "the server refused our certificate (\(reason)): it must be valid, allowed for clients and issued by an "
                + "authority that the server knows"
        case .clientCertificateRefused(sentOne: false, let reason):
            "the server wants a client certificate (\(reason)) and none is configured"
        case .proxyRefused(let line):
            "the proxy did not connect to the server: “\(line)”"
        case .peerWithoutTLS:
            "the server does not answer in TLS: it runs without TLS, or something else listens on this port"
        case .peerWithTLS:
            "the server wants TLS, and the connection is configured without"
        case .nothingInCommon(let reason):
            "the server accepts no TLS version or cipher that is allowed here (\(reason)): an old server may need a "
                + "lower minimum version"
        case .tls(let step, let reason):
            "TLS failed \(step.phrase): \(reason)"
        case .passwordRefused:
            "the server closed the connection after the password: it is wrong, or the server has none"
        case .refused(let refusal):
            "the server refused the file: \(refusal)"
        case .unexpectedAnswer(let step, let line):
            "the server answered something unexpected \(step.phrase): “\(line)”"
        case .unusableName(let name):
            "the name “\(printable(name))” cannot be sent: it must have 1 to 255 bytes, no control characters and none "
                + "of ? [ ] / \\ = + < > : ; ' , * ~"
        case .emptyFile:
            "the file is empty, which the protocol cannot carry"
        case .unreadableSource(let reason):
            "the file to send cannot be read: \(reason)"
        case .unwritableDestination(let code):
            "the file cannot be written: \(code)"
        case .unusableArchive(let reason):
            "the compressed file from the server cannot be unpacked: \(reason)"
        case .tooLargeToReceive(let size, let limit):
            "the server's file has \(size) bytes, and at most \(limit) are accepted"
        case .over:
            "the connection is over already"
        }
    }
}

extension TentacleError.FileProblem {
    func sentence(_ path: FilePath) -> String {
        switch self {
        case .unreadable(let code): "cannot read \(path): \(code)"
        case .noCertificate: "\(path) holds no certificate in PEM format"
        case .noKey: "\(path) holds no private key in PEM format"
        case .passPhraseMissing: "the private key in \(path) is encrypted, and no pass phrase was given"
        case .passPhraseWrong: "the private key in \(path) is encrypted, and the pass phrase is wrong"
        case .keyOfAnotherCertificate: "the private key in \(path) does not belong to the certificate"
        case .refusedByOpenSSL(let reason): "the certificate or key in \(path) cannot be used: \(reason)"
        }
    }
}

extension Refusal: CustomStringConvertible {
    /// The reason, in our words where it is a known one.
    public var description: String {
        switch self {
        case .invalidName: "it accepts no file of this name"
        case .tooBig: "it is larger than the server's limit"
        case .alreadyExists: "the server has a file of this name"
        case .doesNotExist: "the server has no file of this name"
        case .withoutReason: "the server gave no reason"
        case .other(let reason): reason
        }
    }
}

extension CertificateProblem: CustomStringConvertible {
    /// The sentence for an operator.
    public var description: String {
        switch self {
        case .expired(let subject, let end):
            "the server's certificate (\(subject)) expired on \(universalTime(end))"
        case .notYetValid(let subject, let start):
            "the server's certificate (\(subject)) is not valid before \(universalTime(start)): "
                + "is the clock of this host right?"
        case .wrongName(let expected, let presented):
            "the server's certificate is for \(presented), not for \(expected)"
        case .unknownAuthority(let issuer):
            "the server's certificate was issued by \(issuer), which leads to none of the configured authorities"
        case .selfSigned(let subject):
            "the server's certificate chain ends at the self-signed \(subject), which is none of the configured "
                + "authorities"
        case .wrongPurpose:
            "the server's certificate was not made for servers (extended key usage)"
        case .otherKey(let expected, let found):
            "the server's public key is \(found), and the pinned one is \(expected)"
        case .other(let subject, let reason):
            "the server's certificate (\(subject)) was not accepted: \(reason)"
        }
    }
}

extension Duration {
    /// Seconds with at most one decimal.
    fileprivate var formatted: String {
        let tenths = components.seconds * 10 + components.attoseconds / 100_000_000_000_000_000
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}

/// Foreign text made fit for a line of a log: 100 characters at most, control characters as dots.
func printable(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.prefix(100).map { $0.properties.generalCategory == .control ? "." : $0 }))
}

/// A time as `2026-01-31 23:59:59 UTC`.
private func universalTime(_ seconds: Int64) -> String {
    let (days, rest) = seconds.quotientAndRemainder(flooringBy: 86_400)
    // Years that begin in March put the leap day at their end, and 400 of them have 146,097 days; day 0 is 0000-03-01.
    let (era, day) = (days + 719_468).quotientAndRemainder(flooringBy: 146_097)
    let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let year = era * 400 + yearOfEra + (month < 10 ? 0 : 1)
    func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(year)-\(padded(month < 10 ? month + 3 : month - 9))-\(padded(dayOfYear - (153 * month + 2) / 5 + 1)) "
        + "\(padded(rest / 3600)):\(padded(rest / 60 % 60)):\(padded(rest % 60)) UTC"
}

extension Int64 {
    /// Division that rounds down, so that the remainder of a time before 1970 is not negative.
    fileprivate func quotientAndRemainder(flooringBy divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
