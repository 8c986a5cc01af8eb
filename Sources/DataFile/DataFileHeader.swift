/// What the root element of a data file says of the agent: its attributes.
public struct DataFileHeader: Sendable, Hashable {
    /// When the data were collected.
    public enum Timestamp: Sendable, Hashable {
        /// At this moment.
        case at(CalendarTime)
        /// The server takes the moment at which it reads the file.
        case automatic
        /// The attribute is left out.
        case omitted
    }

    /// What a server does with modules that it does not know.
    public enum Mode: Int, Sendable, Hashable {
        /// It ignores them.
        case noLearn = 0
        /// It makes them.
        case learn = 1
        /// It makes them, and disables the agent when its modules go unknown.
        case autodisable = 2
    }

    /// Where the host stands.
    public struct Position: Sendable, Hashable {
        /// Degrees.
        public var longitude: String
        /// Degrees.
        public var latitude: String
        /// Metres; `nil` where it is not known.
        public var altitude: String?
        /// A name for the place.
        public var description: String?

        /// A position on the earth.
        public init(longitude: String, latitude: String, altitude: String? = nil, description: String? = nil) {
            self.longitude = longitude
            self.latitude = latitude
            self.altitude = altitude
            self.description = description
        }
    }

    /// The unique name, by which the server knows the agent; see ``AgentName``.
    public var agentName: String
    /// The shown name.
    public var agentAlias: String
    /// What the agent is for; servers cut it at 255 characters.
    public var description = ""
    /// The group, which must exist on the server.
    public var group = ""
    /// The group's password, where it has one.
    public var groupPassword: String?
    /// The group's number, which wins over its name.
    public var groupID: String?
    /// `linux`, `darwin` …: the server derives the icon and the inventory modules from it.
    public var operatingSystemName: String
    /// The name and version of the distribution.
    public var operatingSystemVersion: String
    /// Seconds between two data files.
    public var interval: Int
    /// `NAME(Build NNNNNN)`.
    public var agentVersion: String
    /// When the data were collected.
    public var timestamp: Timestamp
    /// Hours that the server adds to every timestamp. Other than 0 shifts values twice on real servers.
    public var timezoneOffset = 0
    /// An identifier of the site's own; servers cut it at 255 characters.
    public var customID = ""
    /// A link that consoles show.
    public var urlAddress = ""
    /// The addresses of the host.
    public var addresses: [String] = []
    /// The unique name of the agent above this one.
    public var parentAgentName: String?
    /// Further groups, comma separated.
    public var secondaryGroups: String?
    /// What a server does with modules that it does not know; `nil` leaves that to the server.
    public var mode: Mode?
    /// Where the host stands.
    public var position: Position?

    /// A header with all that data files always say; the rest can be set afterwards.
    public init(
        agentName: String, agentAlias: String, operatingSystemName: String, operatingSystemVersion: String,
        interval: Int, agentVersion: String, timestamp: Timestamp
    ) {
        self.agentName = agentName
        self.agentAlias = agentAlias
        self.operatingSystemName = operatingSystemName
        self.operatingSystemVersion = operatingSystemVersion
        self.interval = interval
        self.agentVersion = agentVersion
        self.timestamp = timestamp
    }
}

extension XMLWriter {
    mutating func openRoot(_ header: DataFileHeader) {
        markup("<agent_data")
        attribute("description", header.description)
        attribute("group", header.group)
        optionalAttribute("group_password", header.groupPassword)
        optionalAttribute("group_id", header.groupID)
        attribute("os_name", header.operatingSystemName)
        attribute("os_version", header.operatingSystemVersion)
        attribute("interval", String(header.interval))
        attribute("version", header.agentVersion)
        switch header.timestamp {
        case .at(let time): attribute("timestamp", time.description)
        case .automatic: attribute("timestamp", "AUTO")
        case .omitted: break
        }
        attribute("agent_name", header.agentName)
        attribute("agent_alias", header.agentAlias)
        attribute("timezone_offset", String(header.timezoneOffset))
        attribute("custom_id", header.customID)
        attribute("url_address", header.urlAddress)
        optionalAttribute("address", header.addresses.joined(separator: ","))
        optionalAttribute("parent_agent_name", header.parentAgentName)
        optionalAttribute("secondary_groups", header.secondaryGroups)
        optionalAttribute("agent_mode", header.mode.map { String($0.rawValue) })
        optionalAttribute("longitude", header.position?.longitude)
        optionalAttribute("latitude", header.position?.latitude)
        optionalAttribute("altitude", header.position?.altitude)
        optionalAttribute("position_description", header.position?.description)
        markup(">\n")
    }

    private mutating func optionalAttribute(_ name: StaticString, _ value: String?) {
        if let value, !value.isEmpty { attribute(name, value) }
    }
}
