/// What the first word of a line means for modules.
enum ModuleWord: Sendable, Hashable {
    /// `module_begin`
    case begin
    /// `module_end`
    case end
    /// A token of a module, by its index in ``ModuleToken/all``.
    case token(Int)

    /// The meaning of a word; `nil` where it has none, and for macros, whose names have a part to fill in.
    init?(_ word: UnsafeRawBufferPointer) {
        guard let index = Self.table.index(of: word) else { return nil }
        self =
            switch index {
            case 0: .begin
            case 1: .end
            default: .token(index - 2)
            }
    }

    private static let table = TokenTable(["module_begin", "module_end"] + ModuleToken.all.map(\.name))
}

extension ModuleToken {
    /// The index in ``all`` of the token of a name.
    static func index(of name: String) -> Int? {
        var name = name
        guard case .token(let index) = name.withUTF8({ ModuleWord(UnsafeRawBufferPointer($0)) }) else { return nil }
        return index
    }

    /// The index in ``all`` of `module_macro*`.
    static let macroIndex = index(of: "module_macro*")

    /// The index in ``all`` of `module_plugin`.
    static let pluginIndex = index(of: "module_plugin")
}
