/// Bytes that no log, message or dump may show: a password, a pass phrase.
public struct Secret: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    /// The bytes themselves.
    public let bytes: [UInt8]

    /// A secret of some bytes.
    public init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    /// A secret of some text's UTF-8.
    public init(_ text: String) {
        self.init(text.utf8)
    }

    /// A secret of a literal, which only tests and examples should have.
    public init(stringLiteral text: String) {
        self.init(text)
    }

    /// Always the same, whatever the secret.
    public var description: String { "(secret)" }

    /// Always the same, whatever the secret.
    public var debugDescription: String { description }

    /// Shows nothing of the bytes.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
