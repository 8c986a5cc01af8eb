internal import AgentConfiguration
internal import DataFile
internal import HostProbes
internal import TextEncodings

/// Puts what was collected into data files.
struct Assembler: Sendable {
    /// The size that a file is not let grow over, in bytes: the limit of servers is 2,000,000. An element that is larger
    /// by itself has a file of its own, which goes compressed.
    static let fileLimit = 1_900_000

    let header: DataFileHeader
    let customFields: [CustomField]
    let encoding: TextEncoding

    init(_ settings: GeneralSettings, identity: AgentIdentity, now: Int64) {
        var header = DataFileHeader(
            agentName: identity.name, agentAlias: identity.alias, operatingSystemName: Self.operatingSystemName,
            operatingSystemVersion: identity.operatingSystem.name,
            interval: Int(settings.interval.components.seconds), agentVersion: AgentVersion.inDataFiles,
            timestamp: settings.leavesTimeToServer ? .automatic : .at(CalendarTime(localTimeOf: now)))
        header.description = settings.description
        header.group = settings.group
        header.groupPassword = settings.groupPassword.isEmpty ? nil : settings.groupPassword.reveal()
        header.groupID = settings.groupIdentifier.map(String.init)
        header.timezoneOffset = settings.timezoneOffset
        header.customID = settings.customIdentifier
        header.urlAddress = settings.urlAddress
        header.addresses = identity.addresses
        header.parentAgentName = settings.parentAgentName
        header.secondaryGroups = settings.secondaryGroups
        header.mode = DataFileHeader.Mode(rawValue: settings.agentMode.number)
        if let place = identity.coordinates {
            header.position = DataFileHeader.Position(
                longitude: Coordinates.text(place.longitude), latitude: Coordinates.text(place.latitude),
                altitude: place.altitude.map(Coordinates.text), description: settings.positionDescription)
        }
        self.header = header
        customFields = identity.customFields.map { CustomField(name: $0.name, value: $0.value) }
        encoding = settings.encoding
    }

    /// The documents: as few as the limit allows, each complete by itself, the elements in their order.
    ///
    /// - Parameter problems: Takes a sentence for each element that had to be cut.
    func documents(of elements: [DataFileElement], problems: (String) -> Void = { _ in }) -> [[UInt8]] {
        var documents: [[UInt8]] = []
        var writer = newWriter()
        var isEmpty = true
        let pieces = withoutActuallyEscaping(problems) { problems in
            let fitting = ElementFitting(
                limit: Self.fileLimit - newWriter().byteCount, encoding: encoding,
                document: { element in
                    var writer = newWriter()
                    writer.append(element)
                    return writer.finish()
                }, problems: problems)
            return elements.flatMap(fitting.fit)
        }
        for element in pieces {
            if !isEmpty, writer.byteCount + element.bytes.count > Self.fileLimit {
                documents.append(writer.finish())
                writer = newWriter()
            }
            writer.append(element)
            isEmpty = false
        }
        documents.append(writer.finish())
        return documents
    }

    private func newWriter() -> DataFileWriter {
        DataFileWriter(header: header, customFields: customFields, encoding: encoding)
    }

    // Servers look for the system's name in it.
    private static let operatingSystemName = "linux"
}
