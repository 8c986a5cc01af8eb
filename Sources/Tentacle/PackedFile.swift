public import SystemPackage

/// A file packed for ZSEND. It is made before the connection is opened, because a server does not wait for that.
public final class PackedFile {
    /// The name on the server, also that of the archive's member.
    public let name: TentacleFileName
    /// The bytes before they were packed.
    public let size: UInt64
    /// The bytes that go over the wire.
    public var wireSize: UInt64 { UInt64(store.count) }
    let store: ArchiveStore

    /// Whether a file of this size fits into an archive: almost 4 GiB.
    public static func canPack(_ size: UInt64) -> Bool {
        size <= ZIPArchive.largestMember
    }

    /// Packs a file.
    ///
    /// - Parameters:
    ///   - scratch: A folder for the packed bytes of a file that comes from a descriptor. They are in a file that has no
    ///     name and goes with this value.
    public init(_ body: TentacleBody, as name: TentacleFileName, scratch: FilePath) throws(TentacleError) {
        self.name = name
        size = try body.size()
        if size == 0 { throw .emptyFile }
        if !PackedFile.canPack(size) { throw .unreadableSource(reason: "it is too large to be compressed") }
        switch body {
        case .bytes: store = ArchiveStore()
        case .file: store = try ArchiveStore(in: scratch)
        }
        try ZIPArchive.pack(body, size, name: name.description, into: store)
    }
}
