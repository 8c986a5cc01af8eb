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

    /// Signs a file in place; owner and mode stay.
    ///
    /// - Parameters:
    ///   - file: The file to sign.
    ///   - key: The file of the private key.
    /// - Returns: What was done, as a sentence, with the MD5 that the server must have beside the file.
    public static func sign(_ file: String, key: String) throws -> String {
        let target = try ConfigurationFile(FilePath(file))
        let signingKey = try SignatureKey(signingWith: FilePath(key))
        guard let signed = ConfigurationSignature.sign(try target.bytes(), signingKey) else {
            throw Problem(description: "\(key) does not sign: it must be a private key")
        }
        try target.replace(with: signed)
        return "\(file) is signed; its MD5 is now \(Digest.md5(signed).hexadecimal)"
    }
}
