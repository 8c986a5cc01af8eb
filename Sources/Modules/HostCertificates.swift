internal import COpenSSL
internal import Glibc
internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// A certificate that a service of the host shows.
struct HostCertificate: Sendable, Hashable {
    /// Its file.
    let file: FilePath
    /// Whose it is, in the form of RFC 2253.
    let subject: String
    /// Who signed it.
    let issuer: String
    /// The beginning and the end of its validity, in seconds since 1970.
    let begin: Int64
    let end: Int64

    /// The folders below /etc in which services have their certificates; the store of authorities is not among them.
    private static let folders: [FilePath] = [
        "ssl", "ssl/private", "pki/tls/certs", "pki/tls/private", "nginx", "nginx/ssl", "apache2/ssl", "httpd/conf/ssl",
        "postfix", "postfix/ssl", "dovecot", "dovecot/private", "ldap", "mysql", "mysql/ssl", "pandora", "pandora/tls",
    ]
    private static let extensions: Set<String> = ["pem", "crt", "cer"]
    private static let mostFiles = 2000
    private static let mostBytes = 1 << 20

    /// The certificates in the usual folders, in the order of their paths; of a file with a chain, the first one.
    static func all(_ roots: HostRoots) -> Reading<[HostCertificate]> {
        var reading = Reading<[HostCertificate]>([])
        var places = folders.map { roots.etc.appending($0.components) }
        // A folder for each name, as certbot makes them.
        let live = roots.etc.appending("letsencrypt/live")
        places += names(in: live, &reading).map { live.appending($0) }
        var files: [FilePath] = []
        for place in places {
            for name in names(in: place, &reading) where files.count < mostFiles {
                let file = place.appending(name)
                // Bundles of authorities, and the same certificate with its chain.
                if name.string.hasPrefix("ca-") || ["chain.pem", "fullchain.pem"].contains(name.string) { continue }
                if extensions.contains(file.extension?.lowercased() ?? "") { files.append(file) }
            }
        }
        for file in files.sorted(by: { $0.string < $1.string }) {
            do throws(SystemError) {
                if try Files.status(file).type != .regular { continue }
                let bytes = try Files.read(file, limit: mostBytes)
                // A key is no certificate, and has the same ending often.
                if let certificate = HostCertificate(pem: bytes, file: file) { reading.value.append(certificate) }
            } catch {
                add(error, "the certificate \(file)", &reading)
            }
        }
        return reading
    }

    private static func names(
        in folder: FilePath, _ reading: inout Reading<[HostCertificate]>
    ) -> [FilePath.Component] {
        do throws(SystemError) {
            return try Files.names(in: folder)
        } catch {
            add(error, "the certificates in \(folder)", &reading)
            return []
        }
    }

    private static func add(_ error: SystemError, _ subject: String, _ reading: inout Reading<[HostCertificate]>) {
        switch error.code {
        case .noSuchFileOrDirectory, .notDirectory: break
        case .permissionDenied, .notPermitted:
            reading.limitations.append(
                Limitation(subject, because: "\(error)", allowedBy: [.capability("CAP_DAC_READ_SEARCH")]))
        default: reading.limitations.append(Limitation(subject, because: "\(error)"))
        }
    }

    /// The first certificate of a file in PEM format (RFC 7468); `nil` where there is none.
    init?(pem bytes: [UInt8], file: FilePath) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        let found = bytes.withUnsafeBytes { buffer -> OpaquePointer? in
            guard let memory = BIO_new_mem_buf(buffer.baseAddress, CInt(clamping: buffer.count)) else { return nil }
            defer { BIO_free(memory) }
            return PEM_read_bio_X509(memory, nil, nil, nil)
        }
        guard let found else { return nil }
        defer { X509_free(found) }
        guard let begin = Self.seconds(X509_get0_notBefore(found)), let end = Self.seconds(X509_get0_notAfter(found))
        else {
            return nil
        }
        self.file = file
        subject = Self.text(X509_get_subject_name(found))
        issuer = Self.text(X509_get_issuer_name(found))
        self.begin = begin
        self.end = end
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var fields = tm()
        guard let time, ASN1_TIME_to_tm(time, &fields) == 1 else { return nil }
        return Int64(timegm(&fields))
    }

    private static func text(_ name: OpaquePointer?) -> String {
        guard let name, let memory = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(memory) }
        _ = X509_NAME_print_ex(memory, name, 0, pandora_name_flags())
        let bytes = [UInt8](unsafeUninitializedCapacity: 1000) { buffer, count in
            count = max(0, Int(BIO_read(memory, buffer.baseAddress, CInt(buffer.count))))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
