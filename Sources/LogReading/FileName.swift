internal import SystemPackage

/// The name of a file in its folder, as the bytes that it is: no system asks for UTF-8.
struct FileName: Hashable, Sendable {
    let bytes: [UInt8]

    init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    init(_ component: FilePath.Component) {
        bytes = component.withPlatformString { start in
            var end = start
            while end.pointee != 0 { end += 1 }
            return UnsafeBufferPointer(start: start, count: end - start).map { UInt8(bitPattern: $0) }
        }
    }

    /// The last name of a path; empty where it has none.
    init(of path: FilePath) {
        self = path.lastComponent.map { FileName($0) } ?? FileName([])
    }

    /// Where its ending begins, which is a dot with what follows; a dot at the start begins no ending.
    var endingDot: Int? {
        bytes.lastIndex(of: UInt8(ascii: ".")).flatMap { $0 == 0 ? nil : $0 }
    }

    /// What stands before its ending.
    var stem: ArraySlice<UInt8> { bytes[..<(endingDot ?? bytes.count)] }
}

extension FilePath {
    /// A file in this folder.
    func appending(_ name: FileName) -> FilePath {
        FilePath(bytes: name.bytes).map { appending($0.components) } ?? self
    }
}
