internal import AgentConfiguration
internal import Digests
internal import Glibc
internal import Modules
internal import SystemFiles
internal import SystemPackage

/// When a module last ran, and what came of it.
public struct ModuleRun: Sendable, Hashable {
    /// How it ended.
    public enum Result: String, Sendable, Hashable {
        /// It brought something.
        case data
        /// It had nothing to say, which is no failure.
        case noData = "nothing"
        /// Something went wrong.
        case failed
    }

    /// Seconds since 1970.
    public let time: Int64
    /// How long it took, in milliseconds.
    public let milliseconds: Int64
    /// How it ended.
    public let result: Result
    /// The beginning of its value; of a failure the reason; empty where there is neither.
    public let text: String

    /// The most bytes of text that are remembered.
    static let textLimit = 200

    init(_ module: CollectedModule, at time: Int64) {
        self.time = time
        let (seconds, attoseconds) = module.duration.components
        milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        if let failure = module.outcome.failures.first {
            result = .failed
            text = Self.shortened(failure)
        } else {
            let value = module.outcome.value ?? ""
            result = value.isEmpty && module.outcome.elements.isEmpty ? .noData : .data
            text = Self.shortened(value)
        }
    }

    private static func shortened(_ text: String) -> String {
        var beginning = ""
        for character in text {
            if beginning.utf8.count + character.utf8.count > textLimit { break }
            beginning.append(character)
        }
        return beginning
    }

    /// A line of the history, without the name.
    fileprivate init?(fields: [Substring]) {
        guard fields.count == 4, let time = Int64(fields[0]), let milliseconds = Int64(fields[1]),
            let result = Result(rawValue: String(fields[2]))
        else { return nil }
        self.time = time
        self.milliseconds = milliseconds
        self.result = result
        text = ModuleHistory.unescaped(fields[3])
    }

    fileprivate var line: String { "\(time) \(milliseconds) \(result.rawValue) \(ModuleHistory.escaped(text))" }
}

/// The last run of each module: the file `modules` in the state folder, one line a module, for people who ask. Nothing
/// depends on it, so it is no part of the commit.
///
/// ```
/// NAME TIME MILLISECONDS RESULT TEXT
/// ```
/// with spaces, line ends and `%` in names and texts as `%` and two hexadecimal digits.
enum ModuleHistory {
    /// Far more than the modules of a host need.
    private static let limit = 64 << 20

    /// The last runs by the modules' display names. What cannot be read was never there.
    static func read(in state: FilePath) -> [String: ModuleRun] {
        var runs: [String: ModuleRun] = [:]
        guard let bytes = try? Files.read(path(in: state), limit: limit) else { return [:] }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
            runs[unescaped(fields[0])] = ModuleRun(fields: Array(fields.dropFirst()))
        }
        return runs
    }

    /// Remembers runs beside the earlier ones of other modules; of modules that bear one name the last counts. What
    /// cannot be saved is only missing in the list of modules.
    static func add(_ modules: [CollectedModule], at time: Int64, in state: FilePath) {
        var added: [[UInt8]: [UInt8]] = [:]
        for module in modules {
            let name = Array(escaped(module.definition.displayName).utf8)
            added[name] = name + Array(" \(ModuleRun(module, at: time).line)\n".utf8)
        }
        // Lines of other modules are copied as they are, many at a time: a host may have ten thousand of which ten ran.
        let earlier = (try? Files.read(path(in: state), limit: limit)) ?? []
        let hashes = Set(added.keys.map { name in name.withUnsafeBytes { StableHash($0) } })
        var bytes: [UInt8] = []
        bytes.reserveCapacity(earlier.count + added.values.reduce(0) { $0 + $1.count })
        earlier.withUnsafeBytes { earlier in
            var kept = 0
            forEachLine(in: earlier) { name, line in
                guard hashes.contains(StableHash(UnsafeRawBufferPointer(rebasing: earlier[name]))),
                    added[Array(earlier[name])] != nil
                else { return }
                bytes.append(contentsOf: earlier[kept..<line.lowerBound])
                kept = line.upperBound
            }
            bytes.append(contentsOf: earlier[kept...])
        }
        for line in added.values { bytes += line }
        guard bytes.count <= limit else { return }
        try? Files.replace(path(in: state), with: bytes)
    }

    /// Goes through lines, each with its end and with the name that it begins with.
    private static func forEachLine(
        in bytes: UnsafeRawBufferPointer, _ body: (_ name: Range<Int>, _ line: Range<Int>) -> Void
    ) {
        guard let base = bytes.baseAddress else { return }
        var start = 0
        while start < bytes.count {
            let newline = memchr(base + start, CInt(UInt8(ascii: "\n")), bytes.count - start)
            let end = newline.map { UnsafeRawPointer($0) - base } ?? bytes.count
            let space = memchr(base + start, CInt(UInt8(ascii: " ")), end - start)
            body(start..<(space.map { UnsafeRawPointer($0) - base } ?? end), start..<min(end + 1, bytes.count))
            start = end + 1
        }
    }

    private static func path(in state: FilePath) -> FilePath { state.appending("modules") }

    fileprivate static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "%") {
                bytes += Array((byte < 16 ? "%0" : "%").utf8) + Array(String(byte, radix: 16).utf8)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    fileprivate static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
