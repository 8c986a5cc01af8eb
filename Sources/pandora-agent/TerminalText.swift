/// Text of the host on a terminal, which must not obey it.
enum TerminalText {
    /// Control characters as U+FFFD.
    static func visible(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}
