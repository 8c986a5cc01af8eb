internal import Digests

extension XMLWriter {
    mutating func element(_ element: DataFileElement) {
        switch element {
        case .module(let module): self.module(module)
        case .logModule(let logModule): self.logModule(logModule)
        case .inventory(let inventory): self.inventory(inventory)
        case .verified(let fragment):
            verified(fragment.bytes)
            markup("\n")
        }
    }

    mutating func customFields(_ fields: [CustomField]) {
        if fields.isEmpty { return }
        markup("<custom_fields>\n")
        for field in fields {
            markup("<field>\n")
            element("name", characterData: field.name.utf8)
            element("value", characterData: field.value.utf8)
            markup("</field>\n")
        }
        markup("</custom_fields>\n")
    }

    private mutating func module(_ module: Module) {
        markup("<module>\n")
        element("name", characterData: module.name.onOneLine.utf8)
        if let description = module.description { element("description", characterData: description.utf8) }
        element("type", text: module.type.rawValue.utf8)
        for setting in Module.Setting.allCases {
            if let text = module.settings[setting] { element(setting.rawValue, text: text.utf8) }
        }
        switch module.data {
        case .value(let value):
            element("data", characterData: value)
        case .list(let values):
            markup("<datalist>\n")
            for value in values {
                markup("<data>\n")
                element("value", characterData: value.value)
                if let time = value.time { element("timestamp", text: time.description.utf8) }
                markup("</data>\n")
            }
            markup("</datalist>\n")
        }
        markup("</module>\n")
    }

    private mutating func logModule(_ logModule: LogModule) {
        openLogModule(logModule.source)
        append(base64: logModule.lines)
        closeLogModule()
    }

    mutating func openLogModule(_ source: String) {
        markup("<log_module>\n")
        element("source", characterData: source.utf8)
        markup("<type>log</type>\n<encoding>base64</encoding>\n<data>")
    }

    mutating func closeLogModule() {
        markup("</data>\n</log_module>\n")
    }

    private mutating func inventory(_ inventory: Inventory) {
        markup("<inventory>\n")
        for table in inventory.tables {
            markup("<inventory_module>\n")
            element("name", characterData: table.name.onOneLine.utf8)
            markup("<datalist>\n")
            for row in table.rows {
                let fields = row.map { $0.onOneLine.replacingSemicolons }
                element("data", characterData: fields.joined(separator: ";").utf8)
            }
            markup("</datalist>\n</inventory_module>\n")
        }
        markup("</inventory>\n")
    }
}

extension String {
    /// The text with a space for each line break.
    fileprivate var onOneLine: String {
        // Most text is plain, and an inventory has much of it.
        if utf8.allSatisfy({ 0x20...0x7E ~= $0 }) { return self }
        return String(map { $0.isNewline ? " " : $0 })
    }

    /// The text with `,` for each `;`, also where a combining character follows it.
    fileprivate var replacingSemicolons: String {
        if !utf8.contains(UInt8(ascii: ";")) { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { $0 == ";" ? "," : $0 }))
    }
}
