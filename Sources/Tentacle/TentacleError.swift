public import SystemPackage

/// Why a transfer did not happen. The description is a sentence for an operator.
public enum TentacleError: Error, Sendable, Hashable {
    /// The server's name has no address that could be found out.
    case nameNotResolved(host: String, reason: String)
    /// The address to connect from is no IP address, or no address of the server is of its kind.
    case unusableLocalAddress(String)
    /// No address of the server took the connection.
    case notConnected([FailedAddress])
    /// A limit of ``TimeLimits`` passed.
    case timedOut(TentacleStep, after: Duration)
    /// The server closed the connection without a word.
    case closed(TentacleStep)
    /// The connection broke.
    case lost(TentacleStep, Errno)
    /// A certificate, key, authority or pass phrase file of ours cannot be used.
    case unusableFile(FilePath, FileProblem)
    /// A TLS setting of ours cannot be used.
    case unusableSetting(String)
    /// The server's certificate was not accepted.
    case serverCertificate(CertificateProblem)
    /// The server did not accept our certificate, or wants one and got none.
    case clientCertificateRefused(sentOne: Bool, reason: String)
    /// The proxy did not open the tunnel; its status line.
    case proxyRefused(statusLine: String)
    /// The peer does not speak TLS.
    case peerWithoutTLS
    /// The peer speaks TLS, and the connection was to be plain.
    case peerWithTLS
    /// Client and server have no TLS version or cipher in common.
    case nothingInCommon(reason: String)
    /// The TLS layer failed in another way; the reason is OpenSSL's.
    case tls(TentacleStep, reason: String)
    /// The server closed the connection on PASS: a wrong password, or a server that has none.
    case passwordRefused
    /// The server refused a file.
    case refused(Refusal)
    /// The server answered something that is not in the protocol.
    case unexpectedAnswer(TentacleStep, line: String)
    /// The protocol cannot carry a file of this name.
    case unusableName(String)
    /// The protocol cannot carry empty files.
    case emptyFile
    /// The file to send could not be read, or became shorter while it was sent.
    case unreadableSource(reason: String)
    /// The received bytes, or a compressed copy of those to send, could not be stored.
    case unwritableDestination(Errno)
    /// The compressed file that the server sent cannot be unpacked.
    case unusableArchive(reason: String)
    /// The server's file is larger than the caller accepts.
    case tooLargeToReceive(size: UInt64, limit: UInt64)
    /// The connection ended earlier, by ``TentacleConnection/quit()`` or by an error.
    case over

    /// An address of the server and what happened there.
    public struct FailedAddress: Sendable, Hashable {
        /// The address and port as text.
        public let address: String
        /// Why it failed: `ECONNREFUSED`, `ETIMEDOUT` …
        public let code: Errno
    }

    /// What is wrong with a file of ours.
    public enum FileProblem: Sendable, Hashable {
        /// It cannot be read.
        case unreadable(Errno)
        /// It holds no PEM certificate.
        case noCertificate
        /// It holds no PEM private key.
        case noKey
        /// The key is encrypted and no pass phrase was given.
        case passPhraseMissing
        /// The key is encrypted with another pass phrase.
        case passPhraseWrong
        /// The key belongs to another certificate.
        case keyOfAnotherCertificate
        /// OpenSSL finds the certificate or its key too weak.
        case refusedByOpenSSL(reason: String)
    }

    /// What a failure means for the file that was to go.
    public enum Consequence: Sendable, Hashable {
        /// This file never goes; others may, on the same connection for a ``TentacleError/refused(_:)``.
        case finalForFile
        /// The network or the server failed: worth a retry after a pause.
        case worthARetry
        /// Nothing goes until somebody mends the configuration, here or on the server.
        case needsOperator
    }

    /// What the failure means for the file.
    public var consequence: Consequence {
        switch self {
        case .refused, .unusableName, .emptyFile, .unreadableSource, .tooLargeToReceive, .unusableArchive:
            .finalForFile
        case .nameNotResolved, .notConnected, .timedOut, .closed, .lost, .tls, .unexpectedAnswer,
            .unwritableDestination, .over:
            .worthARetry
        case .unusableLocalAddress, .unusableFile, .unusableSetting, .serverCertificate, .clientCertificateRefused,
            .proxyRefused, .peerWithoutTLS, .peerWithTLS, .nothingInCommon, .passwordRefused:
            .needsOperator
        }
    }
}

/// Where in the dialogue something happened.
public enum TentacleStep: Sendable, Hashable {
    /// Looking up the server's name.
    case resolving
    /// Opening the TCP connection.
    case connecting
    /// The proxy's answer to CONNECT.
    case proxy
    /// The TLS handshake.
    case handshake
    /// PASS and its answer.
    case password
    /// The command's line and its answer.
    case command
    /// The bytes of the file.
    case body
    /// The answer after the whole file.
    case confirmation

    /// A phrase that says when.
    public var phrase: String {
        switch self {
        case .resolving: "while its name was looked up"
        case .connecting: "while connecting"
        case .proxy: "while the proxy opened the tunnel"
        case .handshake: "in the TLS handshake"
        case .password: "after the password"
        case .command: "after the command"
        case .body: "in the middle of the file"
        case .confirmation: "after the whole file, before it confirmed it"
        }
    }
}

/// Why a server refused a file (`ERR (reason)`).
public enum Refusal: Sendable, Hashable {
    /// The server wants no file of this name.
    case invalidName
    /// The file is larger than the server's limit.
    case tooBig
    /// The server has a file of this name and does not overwrite. For a name that is used once, the answer to a
    /// second try means that the first one was delivered.
    case alreadyExists
    /// The server has no file of this name.
    case doesNotExist
    /// The server could not unpack the compressed file; it gives no reason for that.
    case withoutReason
    /// Another reason, in the server's words.
    case other(String)

    /// Sorts the server's words, the text between the parentheses.
    init(reason: String?) {
        self =
            switch reason {
            case nil: .withoutReason
            case "invalid file name", "file has an invalid file name": .invalidName
            case "file is too big": .tooBig
            case "file already exists": .alreadyExists
            case "file does not exist": .doesNotExist
            case let other?: .other(other)
            }
    }
}

/// What is wrong with a server's certificate. Times are seconds since 1970.
public enum CertificateProblem: Sendable, Hashable {
    /// It, or one above it, was valid until a time that has passed.
    case expired(subject: String, end: Int64)
    /// It, or one above it, is valid from a time that has not come.
    case notYetValid(subject: String, start: Int64)
    /// It names another server.
    case wrongName(expected: String, presented: String)
    /// It does not lead to one of the configured authorities.
    case unknownAuthority(issuer: String)
    /// It is signed by itself and is none of the configured authorities.
    case selfSigned(subject: String)
    /// It was made for another purpose than a server's.
    case wrongPurpose
    /// The server's public key is not the pinned one.
    case otherKey(expected: PublicKeyPin, found: PublicKeyPin)
    /// Another reason, in OpenSSL's words.
    case other(subject: String, reason: String)
}
