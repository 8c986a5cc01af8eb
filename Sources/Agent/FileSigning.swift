internal import Digests
internal import RemoteManagement
internal import SystemFiles
internal import SystemPackage

/// `sign`: what an administrator signs for hosts that take nothing else from a server.
public enum FileSigning {
    /// Why something could not be signed, as a sentence.
    public struct Problem: Error, CustomStringConvertible {
        /// The sentence.
        public let description: String
    }

    /// Signs a configuration or a collection in place; owner and mode stay.
    ///
    /// - Parameters:
    ///   - file: The file to sign. What begins as a ZIP archive is a collection.
    ///   - name: The name of a collection; `nil` = that of the file without its ending.
    ///   - key: The file of the private key.
    /// - Returns: What was done, as a sentence, with the MD5 that the server must have beside the file.
    public static func sign(_ file: String, name: String?, key: String) throws -> String {
        let target = try ConfigurationFile(FilePath(file))
        let bytes = try target.bytes()
        let signingKey = try SignatureKey(signingWith: FilePath(key))
        let collection = name ?? FilePath(file).stem ?? ""
        let signed =
            bytes.starts(with: "PK".utf8)
            ? try CollectionSignature.sign(bytes, named: collection, signingKey)
            : ConfigurationSignature.sign(bytes, signingKey)
        guard let signed else { throw Problem(description: "\(key) does not sign: it must be a private key") }
        try target.replace(with: signed)
        return "\(file) is signed; its MD5 is now \(Digest.md5(signed).hexadecimal)"
    }
}
