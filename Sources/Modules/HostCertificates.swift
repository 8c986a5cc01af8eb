internal import Certificates
internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// A certificate that a service of the host shows.
struct HostCertificate: Sendable, Hashable {
    /// Its file.
    let file: FilePath
    /// What it says of itself.
    let facts: CertificateFacts

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
                if let facts = CertificateFacts(pem: bytes) {
                    reading.value.append(HostCertificate(file: file, facts: facts))
                }
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
}
