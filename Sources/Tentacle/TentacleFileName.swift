/// The name of a file on the server: a base name that the protocol can carry.
public struct TentacleFileName: Sendable, Hashable, CustomStringConvertible {
    /// The name.
    public let description: String

    /// Checks a name: 1 to 255 bytes, none of the characters that servers refuse, no control characters, which could
    /// end the command's line, and neither of the two names that every folder has.
    ///
    /// - Throws: ``TentacleError/unusableName(_:)``.
    public init(_ text: String) throws(TentacleError) {
        guard
            (1...255).contains(text.utf8.count), text != ".", text != "..",
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && !TentacleFileName.refused.contains($0) })
        else { throw .unusableName(text) }
        description = text
    }

    private static let refused = Set("?[]/\\=+<>:;',*~".utf8)
}
