/// Text that must not reach a log, a command line or an error: printing it shows a placeholder.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    /// Hides some text.
    public init(_ text: String) {
        self.text = text
    }

    /// The text itself, for the one place that sends it to whom it is meant for.
    public func reveal() -> String { text }

    /// Whether there is nothing to hide.
    public var isEmpty: Bool { text.isEmpty }

    /// A placeholder.
    public var description: String { isEmpty ? "(empty)" : "(hidden)" }

    /// A placeholder.
    public var debugDescription: String { description }

    /// A mirror that shows no child, so that dumps show nothing either.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
