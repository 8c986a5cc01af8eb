internal import COpenSSL
internal import Certificates
internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// A certificate that OpenSSL holds.
final class Certificate {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        X509_free(pointer)
    }
}

/// A private key that OpenSSL holds.
final class PrivateKey {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(pointer)
    }
}

/// A file in PEM format (RFC 7468).
struct PEMFile {
    private let path: FilePath
    private let bytes: [UInt8]

    init(_ path: FilePath) throws(TentacleError) {
        self.path = path
        bytes = try readSmallFile(path)
    }

    /// Every certificate in the file, in order; at least one.
    func certificates() throws(TentacleError) -> [Certificate] {
        let found = withMemory { memory in
            var found: [Certificate] = []
            while let certificate = PEM_read_bio_X509(memory, nil, nil, nil) {
                found.append(Certificate(owning: certificate))
            }
            return found
        }
        if found.isEmpty { throw .unusableFile(path, .noCertificate) }
        return found
    }

    /// The end of the validity of the first certificate, in seconds since 1970.
    func endOfValidity() throws(TentacleError) -> Int64 {
        guard let facts = CertificateFacts(pem: bytes) else { throw .unusableFile(path, .noCertificate) }
        return facts.end
    }

    /// The private key in the file.
    func privateKey(_ passPhrase: ClientCertificate.PassPhrase) throws(TentacleError) -> PrivateKey {
        let request = PassPhraseRequest(passPhrase, for: path)
        let key = withMemory { memory in
            PEM_read_bio_PrivateKey(
                memory, nil,
                { buffer, size, _, reference in
                    guard let buffer, let reference, size > 0 else { return -1 }
                    return Unmanaged<PassPhraseRequest>.fromOpaque(reference).takeUnretainedValue()
                        .answer(UnsafeMutableRawBufferPointer(start: buffer, count: Int(size)))
                }, Unmanaged.passUnretained(request).toOpaque())
        }
        if let key { return PrivateKey(owning: key) }
        switch request.outcome {
        case .notAsked: throw .unusableFile(path, .noKey)
        case .given: throw .unusableFile(path, .passPhraseWrong)
        case .missing: throw .unusableFile(path, .passPhraseMissing)
        case .failed(let error): throw error
        }
    }

    private func withMemory<Result>(_ body: (OpaquePointer?) -> Result) -> Result {
        bytes.withUnsafeBytes { bytes in
            let memory = BIO_new_mem_buf(bytes.baseAddress, CInt(bytes.count))
            defer {
                BIO_free(memory)
                // The end of the last block is reported as an error.
                ERR_clear_error()
            }
            return body(memory)
        }
    }
}

/// OpenSSL's question for the pass phrase of a key, and what came of it.
private final class PassPhraseRequest {
    enum Outcome {
        case notAsked
        case given
        case missing
        case failed(TentacleError)
    }

    private(set) var outcome = Outcome.notAsked
    private let source: ClientCertificate.PassPhrase
    private let key: FilePath

    init(_ source: ClientCertificate.PassPhrase, for key: FilePath) {
        self.source = source
        self.key = key
    }

    /// Writes the pass phrase into OpenSSL's buffer.
    ///
    /// - Returns: Its length; -1 where there is none.
    func answer(_ buffer: UnsafeMutableRawBufferPointer) -> CInt {
        do throws(TentacleError) {
            let phrase = try passPhrase()
            guard let phrase, phrase.bytes.count <= buffer.count else {
                outcome = .missing
                return -1
            }
            outcome = .given
            buffer.copyBytes(from: phrase.bytes)
            return CInt(phrase.bytes.count)
        } catch {
            outcome = .failed(error)
            return -1
        }
    }

    private func passPhrase() throws(TentacleError) -> Secret? {
        switch source {
        case .none: nil
        case .file(let path):
            Secret(try readSmallFile(path).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") })
        case .environment(let variable): getenv(variable).map { Secret(String(cString: $0)) }
        case .asked(let ask): ask(key)
        }
    }
}

/// Certificates, keys and pass phrases are small; whatever is larger is none of them.
private func readSmallFile(_ path: FilePath) throws(TentacleError) -> [UInt8] {
    do throws(SystemError) {
        return try Files.read(path, limit: 4 << 20)
    } catch {
        throw .unusableFile(path, .unreadable(error.code))
    }
}
