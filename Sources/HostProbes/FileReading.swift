internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// Sizes beyond which a file is not what a probe takes it for.
enum SizeLimit {
    /// Files of the kernel and of /etc that people write.
    static let table = 64 << 20
    /// Files with one value.
    static let value = 64 << 10
}

extension Files {
    /// Calls `body` with each line of a file, without its line feed, while holding a fixed number of bytes.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - lineLimit: How many bytes of a line are handed on; the rest of it is left out.
    ///   - body: Takes a line. The bytes are valid until it returns.
    static func forEachLine(
        of path: FilePath, lineLimit: Int = 64 << 10, _ body: (Bytes) -> Void
    ) throws(SystemError) {
        let file = try OpenFile(path, options: .nonBlocking)
        var buffer = [UInt8](repeating: 0, count: max(lineLimit, 128 << 10))
        var filled = 0
        var isInsideCutLine = false
        while true {
            let count = try file.read(into: &buffer, from: filled)
            let isEnd = count == 0
            filled += count
            let complete = isEnd ? filled : buffer[..<filled].lastIndex(of: Byte.newline).map { $0 + 1 } ?? 0
            buffer[..<complete].forEachLine { line in
                if !isInsideCutLine { body(line.prefix(lineLimit)) }
                isInsideCutLine = false
            }
            if isEnd { return }
            if complete == 0, filled == buffer.count {
                if !isInsideCutLine { body(buffer[..<filled].prefix(lineLimit)) }
                isInsideCutLine = true
                filled = 0
            } else {
                buffer.withUnsafeMutableBytes { bytes in
                    guard let base = bytes.baseAddress else { return }
                    _ = memmove(base, base + complete, filled - complete)
                }
                filled -= complete
            }
        }
    }

    /// The first line of a file that holds one value, without space around it.
    static func value(_ path: FilePath) throws(SystemError) -> Bytes {
        try read(path, limit: SizeLimit.value).lines.first?.trimmed ?? []
    }
}

/// Reads many small files below one folder through one buffer.
struct FolderReader: ~Copyable {
    private let folder: OpenFile
    private var buffer: [UInt8] = []

    /// Opens the folder.
    init(_ path: FilePath) throws(SystemError) {
        folder = try OpenFile(path, options: .directory)
    }

    /// Calls `body` with the bytes of a file, `limit` of them at most.
    ///
    /// - Parameters:
    ///   - name: The file's path below the folder.
    ///   - limit: How many bytes are wanted.
    ///   - body: Takes the bytes, which are valid until it returns.
    mutating func read<Result>(
        _ name: String, limit: Int, _ body: (Bytes) -> Result
    ) throws(SystemError) -> Result {
        let path = folder.path
        let number = try systemCall("open", "\(path)/\(name)") {
            openat(folder.descriptor.rawValue, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        }
        let file = OpenFile(taking: FileDescriptor(rawValue: number), path: path)
        var filled = 0
        while filled < limit {
            if filled == buffer.count {
                buffer.append(contentsOf: repeatElement(0, count: min(max(4096, buffer.count), limit - filled)))
            }
            let count = try file.read(into: &buffer, from: filled)
            if count == 0 { break }
            filled += count
        }
        return body(buffer[..<min(filled, limit)])
    }

    /// Calls `body` with what a symbolic link in the folder holds; `nil` where there is no such link.
    func withLink<Result>(_ name: String, _ body: (Bytes) -> Result) -> Result? {
        var target = [UInt8](repeating: 0, count: 256)
        let count = target.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                characters.baseAddress.map { readlinkat(folder.descriptor.rawValue, name, $0, characters.count) } ?? 0
            }
        }
        return count > 0 ? body(target[..<count]) : nil
    }

    /// The names in the folder that are numbers, in the order in which the folder lists them.
    func numbers() throws(SystemError) -> [Int32] {
        guard let stream = folder.path.withPlatformString({ opendir($0) }) else {
            throw SystemError("list", folder.path.string, Errno(rawValue: Glibc.errno))
        }
        defer { closedir(stream) }
        var numbers: [Int32] = []
        while let entry = readdir(stream) {
            let number: Int32? = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                var result: Int32 = 0
                for (index, byte) in bytes.enumerated() {
                    if byte == 0 { return index == 0 ? nil : result }
                    guard (48...57).contains(byte) else { return nil }
                    let (product, overflowed) = result.multipliedReportingOverflow(by: 10)
                    let (sum, overflowedAgain) = product.addingReportingOverflow(Int32(byte) - 48)
                    if overflowed || overflowedAgain { return nil }
                    result = sum
                }
                return nil
            }
            if let number { numbers.append(number) }
        }
        return numbers
    }
}
