internal import DataFile
internal import SystemPackage
internal import Tentacle
internal import TextEncodings

/// Makes elements small enough for the files that servers take.
///
/// Lines of a log and values of a list are spread over several elements. What a server takes once it is compressed stays whole, in a file of
/// its own. What is larger still is cut, and said so.
struct ElementFitting {
    /// The most bytes that an element may have in a file that is sent as it is.
    let limit: Int
    let encoding: TextEncoding
    /// The data file that has a single element.
    let document: (EncodedElement) -> [UInt8]
    /// The most bytes that a compressed file may have on the wire.
    var compressedLimit = TentacleTransport.serverLimit
    /// Takes a sentence about what was cut.
    let problems: (String) -> Void

    /// The element, or what takes its place.
    func fit(_ element: DataFileElement) -> [EncodedElement] {
        let encoded = EncodedElement(element, in: encoding)
        if encoded.bytes.count <= limit { return [encoded] }
        if case .logModule(let log) = element { return split(log) }
        if case .module(let module) = element, case .list(let values) = module.data, values.count > 1 {
            return split(module, values)
        }
        if fitsCompressed(encoded) { return [encoded] }
        switch element {
        case .logModule(let log): return split(log)
        case .module(let module): return [cut(module)]
        case .inventory(let inventory): return [cut(inventory)]
        case .verified:
            problems(
                "an element of a plugin with \(encoded.bytes.count) bytes is larger than a server takes; it is left out"
            )
            return []
        }
    }

    private func fitsCompressed(_ element: EncodedElement) -> Bool {
        do throws(TentacleError) {
            // The name stands in the archive; none is longer than this one.
            let name = try TentacleFileName(String(repeating: "x", count: 200))
            let packed = try PackedFile(.bytes(document(element)), as: name, scratch: "/tmp")
            return Int64(clamping: packed.wireSize) <= compressedLimit
        } catch {
            return false
        }
    }

    /// Several elements, each with whole lines; a line that is too long by itself is cut.
    private func split(_ log: LogModule) -> [EncodedElement] {
        var empty = log
        empty.lines = []
        // Base64 makes four bytes of three.
        let room = (limit - EncodedElement(.logModule(empty), in: encoding).bytes.count) / 4 * 3
        if room <= 0 { return [] }
        var elements: [EncodedElement] = []
        var piece: [UInt8] = []
        func finish() {
            if piece.isEmpty { return }
            elements.append(EncodedElement(.logModule(LogModule(source: log.source, lines: piece)), in: encoding))
            piece = []
        }
        var rest = log.lines[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
            var line = rest[..<end]
            rest = rest[end...]
            if line.count > room {
                problems("log '\(log.source)': a line of \(line.count) bytes is cut after \(room) bytes")
                line = line.prefix(room)
            }
            if piece.count + line.count > room { finish() }
            piece += line
        }
        finish()
        return elements
    }

    /// Several modules of the same name, each with some of the values, in their order.
    private func split(_ module: Module, _ values: [Module.TimedValue]) -> [EncodedElement] {
        let middle = values.count / 2
        return [values[..<middle], values[middle...]].flatMap { half in
            var module = module
            module.data = .list(Array(half))
            return fit(.module(module))
        }
    }

    private func cut(_ module: Module) -> EncodedElement {
        var module = module
        let whole: [UInt8]
        let make: ([UInt8]) -> Module.Data
        switch module.data {
        case .value(let bytes):
            whole = bytes
            make = { .value($0) }
        case .list(let values):
            // One at most: more are spread.
            whole = values.first?.value ?? []
            make = { .list([.init($0, at: values.first?.time)]) }
        }
        let (element, kept) = largest(whole.count) { count in
            var end = count
            // Not within a character of UTF-8.
            while end > 0, end < whole.count, whole[end] & 0xC0 == 0x80 { end -= 1 }
            module.data = make(Array(whole[..<end]))
            return .module(module)
        }
        problems(
            "module '\(module.name)': the value of \(whole.count) bytes is larger than a server takes; it is cut after "
                + "\(kept) bytes")
        return element
    }

    private func cut(_ inventory: Inventory) -> EncodedElement {
        let most = inventory.tables.map(\.rows.count).max() ?? 0
        let (element, kept) = largest(most) { count in
            .inventory(
                Inventory(tables: inventory.tables.map { .init(name: $0.name, rows: Array($0.rows.prefix(count))) }))
        }
        problems("the inventory is larger than a server takes; the first \(kept) rows of each table are sent")
        return element
    }

    /// The element with the most parts that is small enough, found by halving.
    private func largest(_ count: Int, _ make: (Int) -> DataFileElement) -> (EncodedElement, kept: Int) {
        var fitting = 0
        var tooMany = count + 1
        while tooMany - fitting > max(1, count / 1000) {
            let middle = fitting + (tooMany - fitting) / 2
            if EncodedElement(make(middle), in: encoding).bytes.count <= limit {
                fitting = middle
            } else {
                tooMany = middle
            }
        }
        return (EncodedElement(make(fitting), in: encoding), fitting)
    }
}
