/// One child of a data file's root element.
public enum DataFileElement: Sendable, Hashable {
    /// A module with its value or values.
    case module(Module)
    /// Lines of a log.
    case logModule(LogModule)
    /// What the host has.
    case inventory(Inventory)
    /// An element that a plugin printed and that was found well-formed.
    case verified(VerifiedFragment)
}

/// A module: one thing that is measured, what is known of it, and what was measured.
public struct Module: Sendable, Hashable {
    /// What a configuration may say of a module beside its name, description and type, in the order in which data files
    /// carry it. The raw values are the names of the elements.
    public enum Setting: String, Sendable, Hashable, CaseIterable {
        case interval = "module_interval"
        case minimum = "min"
        case maximum = "max"
        case postProcess = "post_process"
        case minimumWarning = "min_warning"
        case maximumWarning = "max_warning"
        case minimumCritical = "min_critical"
        case maximumCritical = "max_critical"
        case textWarning = "str_warning"
        case textCritical = "str_critical"
        case warningInverse = "warning_inverse"
        case criticalInverse = "critical_inverse"
        case disabled
        case unit
        case group = "module_group"
        case customID = "custom_id"
        case tags
        case quiet
        case minimumFlipFlop = "min_ff_event"
        case minimumFlipFlopNormal = "min_ff_event_normal"
        case minimumFlipFlopWarning = "min_ff_event_warning"
        case minimumFlipFlopCritical = "min_ff_event_critical"
        case flipFlopType = "ff_type"
        case flipFlopTimeout = "ff_timeout"
        case eachFlipFlop = "each_ff"
        case flipFlopInterval = "module_ff_interval"
        case alertTemplate = "alert_template"
        case crontab
        case cronInterval = "cron_interval"
        case criticalInstructions = "critical_instructions"
        case warningInstructions = "warning_instructions"
        case unknownInstructions = "unknown_instructions"
        case parent = "module_parent"
        case parentUnlink = "module_parent_unlink"
    }

    /// What was measured.
    public enum Data: Sendable, Hashable {
        /// One value, at the time of the data file.
        case value([UInt8])
        /// Several values, each with its own time or, where that is `nil`, at that of the data file.
        case list([TimedValue])
    }

    /// A value of a list.
    public struct TimedValue: Sendable, Hashable {
        /// The value; text in UTF-8, or whatever bytes a command printed.
        public var value: [UInt8]
        /// When it was measured.
        public var time: CalendarTime?

        /// A value and when it was measured.
        public init(_ value: [UInt8], at time: CalendarTime? = nil) {
            self.value = value
            self.time = time
        }
    }

    /// The name, by which the server knows the module; line breaks in it are written as spaces.
    public var name: String
    /// The type, such as `generic_data`; see ``ModuleType``.
    public var type: ModuleType
    /// What the module means; `nil` leaves it out.
    public var description: String?
    /// What else is configured.
    public var settings: [Setting: String]
    /// What was measured.
    public var data: Data

    /// A module.
    public init(
        name: String, type: ModuleType, description: String? = nil, settings: [Setting: String] = [:], data: Data
    ) {
        self.name = name
        self.type = type
        self.description = description
        self.settings = settings
        self.data = data
    }
}

/// Lines of a log.
public struct LogModule: Sendable, Hashable {
    /// The name under which the server keeps them.
    public var source: String
    /// The lines as they were read; they travel in Base64 and so come back byte for byte.
    public var lines: [UInt8]

    /// Lines of a log.
    public init(source: String, lines: [UInt8]) {
        self.source = source
        self.lines = lines
    }
}

/// What the host has: tables of text.
public struct Inventory: Sendable, Hashable {
    /// One table.
    public struct Table: Sendable, Hashable {
        /// The name of the inventory module, such as `Software`.
        public var name: String
        /// The rows, each a list of fields. In a field, `;` becomes `,` and a line break a space: they would end the
        /// field or the row.
        public var rows: [[String]]

        /// A table.
        public init(name: String, rows: [[String]]) {
            self.name = name
            self.rows = rows
        }
    }

    /// The tables. The server replaces a table as a whole, so one table must not be spread over files.
    public var tables: [Table]

    /// An inventory.
    public init(tables: [Table]) {
        self.tables = tables
    }
}

/// A field of the agent that the site defines.
public struct CustomField: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Its value.
    public var value: String

    /// A field.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
