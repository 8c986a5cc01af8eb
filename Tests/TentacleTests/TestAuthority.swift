import SystemFiles
import SystemPackage

/// A certificate authority made by openssl(1) in a folder of a test.
struct TestAuthority {
    /// A certificate and its key.
    struct Pair {
        let certificate: FilePath
        let key: FilePath
    }

    /// What a certificate says.
    struct Request {
        var name = "localhost"
        var alternatives = "DNS:localhost,IP:127.0.0.1,IP:::1"
        var from = "20200101000000Z"
        var until = "20991231235959Z"
        var usage: String?
        var isAuthority = false
    }

    let folder: FilePath
    let own: Pair
    var certificate: FilePath { own.certificate }

    /// Makes a self-signed authority.
    init(in parent: FilePath, name: String = "authority") throws {
        folder = parent.appending(name)
        own = Pair(certificate: folder.appending("own.crt"), key: folder.appending("own.key"))
        try prepare()
        try Program.succeed(
            ["openssl", "req", "-x509"] + newKey(own.key)
                + ["-subj", "/CN=\(name)", "-days", "30", "-out", own.certificate.string], in: folder)
    }

    /// An authority with a certificate that another one issued.
    init(in parent: FilePath, name: String, issuedBy issuer: TestAuthority) throws {
        folder = parent.appending(name)
        try Files.makeFolder(folder)
        own = try issuer.issue(Request(name: name, alternatives: "", isAuthority: true))
        try prepare()
    }

    private func prepare() throws {
        try Files.makeFolder(folder)
        try Files.create(folder.appending("index"), [])
        let configuration = """
            [ca]
            default_ca = here
            [here]
            database = index
            new_certs_dir = .
            rand_serial = yes
            unique_subject = no
            default_md = sha256
            policy = any
            [any]
            commonName = supplied
            """
        try Files.create(folder.appending("ca.cnf"), configuration.utf8)
    }

    private func newKey(_ key: FilePath) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key.string]
    }

    /// Issues a certificate with a fresh key.
    func issue(_ request: Request = Request()) throws -> Pair {
        let base = "\(UInt64.random(in: 0 ... .max))"
        let pair = Pair(certificate: folder.appending("\(base).crt"), key: folder.appending("\(base).key"))
        var extensions = request.isAuthority ? "basicConstraints = CA:TRUE\n" : "basicConstraints = CA:FALSE\n"
        if !request.alternatives.isEmpty { extensions += "subjectAltName = \(request.alternatives)\n" }
        if let usage = request.usage { extensions += "extendedKeyUsage = \(usage)\n" }
        try Files.create(folder.appending("\(base).ext"), extensions.utf8)
        try Program.succeed(
            ["openssl", "req", "-new"] + newKey(pair.key) + ["-subj", "/CN=\(request.name)", "-out", "\(base).csr"],
            in: folder)
        try Program.succeed(
            [
                "openssl", "ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", own.certificate.string,
                "-keyfile", own.key.string, "-startdate", request.from, "-enddate", request.until,
                "-extfile", "\(base).ext", "-in", "\(base).csr", "-out", pair.certificate.string,
            ], in: folder)
        return pair
    }
}
