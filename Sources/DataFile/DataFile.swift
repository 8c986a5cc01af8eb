internal import Digests
public import TextEncodings

/// A data file: what an agent sends, one XML document.
public struct DataFile: Sendable, Hashable {
    /// The attributes of the root element.
    public var header: DataFileHeader
    /// The site's own fields of the agent.
    public var customFields: [CustomField]
    /// Modules, logs, inventory, in the order in which they are written.
    public var elements: [DataFileElement]

    /// A data file.
    public init(header: DataFileHeader, customFields: [CustomField] = [], elements: [DataFileElement]) {
        self.header = header
        self.customFields = customFields
        self.elements = elements
    }

    /// The document in an encoding.
    public func bytes(in encoding: TextEncoding = .utf8) -> [UInt8] {
        var writer = DataFileWriter(header: header, customFields: customFields, encoding: encoding)
        for element in elements { writer.append(element) }
        return writer.finish()
    }
}

/// Writes a data file element by element.
public struct DataFileWriter: Sendable {
    private static let end = "</agent_data>\n"
    private var writer: XMLWriter

    /// Begins a document.
    public init(header: DataFileHeader, customFields: [CustomField] = [], encoding: TextEncoding = .utf8) {
        writer = XMLWriter(encoding)
        writer.declaration()
        writer.openRoot(header)
        writer.customFields(customFields)
    }

    /// How many bytes the document would have if it were finished now.
    public var byteCount: Int { writer.bytes.count + DataFileWriter.end.utf8.count }

    /// Adds an element.
    public mutating func append(_ element: DataFileElement) {
        writer.element(element)
    }

    /// Adds an element that was encoded before, in this document's encoding.
    public mutating func append(_ element: EncodedElement) {
        writer.append(element.bytes)
    }

    /// Ends the document and returns it.
    public consuming func finish() -> [UInt8] {
        writer.markup(DataFileWriter.end)
        return writer.bytes
    }
}

/// An element as it stands in data files of one encoding: for those who need to know its size before they place it, or
/// print it without a document around it.
public struct EncodedElement: Sendable, Hashable {
    /// Its bytes, with a line feed at the end.
    public let bytes: [UInt8]

    /// Encodes an element.
    public init(_ element: DataFileElement, in encoding: TextEncoding = .utf8) {
        var writer = XMLWriter(encoding)
        writer.element(element)
        bytes = writer.bytes
    }
}

extension DataFileElement {
    /// Hands on the element as it stands in data files in UTF-8, in pieces, for those who write them to a file or a pipe:
    /// of lines of a log there is never more than a piece in memory.
    public func encode<Failure: Error>(
        take: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        func handOn(_ bytes: [UInt8]) throws(Failure) {
            try bytes.withUnsafeBufferPointer { (bytes) throws(Failure) in try take(UnsafeRawBufferPointer(bytes)) }
        }
        guard case .logModule(let logModule) = self else { return try handOn(EncodedElement(self).bytes) }
        var start = XMLWriter(.utf8)
        start.openLogModule(logModule.source)
        try handOn(start.bytes)
        try logModule.lines.base64(take: take)
        var end = XMLWriter(.utf8)
        end.closeLogModule()
        try handOn(end.bytes)
    }
}
