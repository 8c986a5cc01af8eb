extension StringProtocol {
    /// The lines of a text, without their ends: a line feed, or both a carriage return and a line feed, which are one
    /// `Character` of Swift.
    var textLines: [Substring] {
        Substring(self).utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            Substring(line.last == 0x0D ? line.dropLast() : line)
        }
    }
}
