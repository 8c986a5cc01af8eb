/// Text that the data file carries with the module.
public struct ModuleAttribute: Sendable, Hashable {
    /// The index of its token in ``ModuleToken/all``.
    let index: Int
    /// Its text.
    public let text: String

    /// The element's name in the data file.
    public var element: String { ModuleToken.all[index].element }
}

/// The lines of all modules of a file, which the modules share.
final class ModuleLines: Sendable {
    /// What the lines are places in.
    let text: ConfigurationText
    /// The lines, those of one module after those of the other.
    let settings: [RawModule.Setting]

    init(_ file: RawConfiguration) {
        text = file.text
        settings = file.moduleSettings
    }

    /// The text of a line's value, as it stands in the file.
    func value(of setting: RawModule.Setting) -> String { text.string(setting.line.value) }
}

/// Attributes of a module in the order of the data file: of those of one token the last line with a value counts.
enum ModuleAttributes: Sendable, Hashable {
    /// What the settings say as they stand in the file. Their texts are made when somebody asks: a host has tens of thousands,
    /// and few of its modules are due in a cycle.
    case inFile(ModuleLines, settings: Range<Int>)
    /// What macros made of them.
    case made([ModuleAttribute])

    var all: [ModuleAttribute] {
        switch self {
        case .made(let attributes): return attributes
        case .inFile(let lines, let settings):
            var attributes: [ModuleAttribute] = []
            for setting in lines.settings[settings] where !setting.line.value.isEmpty {
                guard case .attribute = ModuleToken.all[Int(setting.index)].role else { continue }
                Self.set(ModuleAttribute(index: Int(setting.index), text: lines.value(of: setting)), in: &attributes)
            }
            return attributes
        }
    }

    /// Takes an attribute that was made; one that stands in the file is there already.
    mutating func take(_ index: Int, _ text: @autoclosure () -> String) {
        guard case .made(var attributes) = self else { return }
        self = .made([])
        Self.set(ModuleAttribute(index: index, text: text()), in: &attributes)
        self = .made(attributes)
    }

    private static func set(_ attribute: ModuleAttribute, in attributes: inout [ModuleAttribute]) {
        // Mostly they stand in the order of the tokens, so the place is the end.
        var place = attributes.count
        while place > 0, attributes[place - 1].index > attribute.index { place -= 1 }
        if place > 0, attributes[place - 1].index == attribute.index {
            attributes[place - 1] = attribute
        } else {
            attributes.insert(attribute, at: place)
        }
    }

    static func == (left: Self, right: Self) -> Bool { left.all == right.all }

    func hash(into hasher: inout Hasher) { hasher.combine(all) }
}
