/// The journal's name for the place of an entry, such as `s=9f…;i=1a;b=7c…;m=4c4b40;t=65bf…;x=1b68…`.
///
/// journalctl(1) keeps the form to itself: what is in it that is not known is no reason to fail.
struct JournalCursor: Equatable {
    /// The name.
    let text: String

    init(_ text: String) { self.text = text }

    /// Whether both are names of the same entry.
    ///
    /// The parts s and i are a sequence of numbers and the number in it. Within a sequence they tell entries apart that are
    /// the same otherwise, as lines are that a program repeats at once. A copy of the entry in another file may be of
    /// another sequence: there, the boot, both times and the sum of its content (b, m, t and x) have to be the same.
    func namesSameEntry(as other: JournalCursor) -> Bool {
        if text == other.text { return true }
        let (parts, others) = (parts, other.parts)
        guard parts["s"] != others["s"] else { return false }
        return ["b", "m", "t", "x"].allSatisfy { parts[$0] != nil && parts[$0] == others[$0] }
    }

    private var parts: [Substring: Substring] {
        let pairs = text.split(separator: ";").map { $0.split(separator: "=", maxSplits: 1) }
        return Dictionary(pairs.compactMap { $0.count == 2 ? ($0[0], $0[1]) : nil }) { first, _ in first }
    }
}
