import CZlib
import Glibc
import LogReading
import SystemFiles
import SystemPackage
import TestSupport

/// A daemon that writes numbered lines, a rotation program that interferes, and what a reader may be expected to see of
/// it: the model of the random sequences.
///
/// The daemon keeps its file open across a renaming until it is told to reopen it, as real ones do. Lines that were in
/// a file that was deleted or emptied before a reading may be lost; all others must arrive once, in order.
final class RotatingLog {
    /// How the rotation program names what it put away.
    enum Naming: CaseIterable { case numbers, numbersPacked, numbersPackedLate, dates, datesPacked }

    private final class Content {
        var lines: [Int] = []
    }

    private(set) var nextLine = 0
    private(set) var mayBeLost: Set<Int> = []
    private var received: Set<Int> = []

    private let folder: FilePath
    private let naming: Naming
    private let mostRotated: Int
    private var current: Content?
    private var writesTo: Content?
    /// The newest first, with the name of each.
    private var rotated: [(content: Content, name: String)] = []
    private var descriptor: Int32 = -1
    private var rest: String?
    private var date = 20_260_101

    init(_ folder: FilePath, naming: Naming, mostRotated: Int) {
        self.folder = folder
        self.naming = naming
        self.mostRotated = mostRotated
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    private func path(_ name: String) -> FilePath { folder.appending(name) }

    func note(received lines: [Int]) { received.formUnion(lines) }

    // MARK: The daemon

    func reopen() {
        finishLine()
        if descriptor >= 0 { close(descriptor) }
        descriptor = open(path("log").string, O_WRONLY | O_APPEND | O_CREAT, 0o600)
        if current == nil { current = Content() }
        writesTo = current
    }

    func write(_ count: Int) {
        if descriptor < 0 { reopen() }
        finishLine()
        for _ in 0..<count { put("line \(beginLine()) of the log\n") }
    }

    func writeHalf() {
        if descriptor < 0 { reopen() }
        finishLine()
        put("line \(beginLine()) of")
        rest = " the log\n"
    }

    func finishLine() {
        if let rest { put(rest) }
        rest = nil
    }

    private func beginLine() -> Int {
        writesTo?.lines.append(nextLine)
        defer { nextLine += 1 }
        return nextLine
    }

    private func put(_ text: String) {
        let bytes = Array(text.utf8)
        precondition(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    }

    // MARK: Those who interfere

    /// Renames the log. The daemon goes on writing to it until it reopens.
    func rotate(makesNewFile: Bool) throws {
        guard let content = current, descriptor < 0 || writesTo === current else { return }
        try shift()
        let name = try newName()
        try Files.rename(path("log"), to: path(name))
        rotated.insert((content, name), at: 0)
        current = nil
        if makesNewFile {
            _ = try OpenFile(path("log"), .writeOnly, options: .create)
            current = Content()
        }
    }

    /// Packs what may be packed by now.
    func pack() throws {
        for index in rotated.indices where !rotated[index].name.hasSuffix(".gz") {
            switch naming {
            case .numbers, .dates: continue
            case .numbersPackedLate: if index == 0 { continue }
            case .numbersPacked, .datesPacked: if rotated[index].content === writesTo { continue }
            }
            let old = rotated[index].name
            let bytes = try Files.read(path(old), limit: 1 << 20)
            let file = gzopen(path(old + ".gz").string, "wb")
            precondition(bytes.isEmpty || gzwrite(file, bytes, UInt32(bytes.count)) == bytes.count)
            gzclose(file)
            try Files.remove(path(old))
            rotated[index].name = old + ".gz"
        }
    }

    func copyAndTruncate() throws {
        guard let content = current, rest == nil, descriptor < 0 || writesTo === current else { return }
        try shift()
        let name = try newName()
        try OpenFile(path(name), .writeOnly, options: .create).write(try Files.read(path("log"), limit: 1 << 20))
        let copy = Content()
        copy.lines = content.lines
        content.lines = []
        rotated.insert((copy, name), at: 0)
        Glibc.truncate(path("log").string, 0)
    }

    func empty() {
        guard let content = current, rest == nil else { return }
        lose(content)
        content.lines = []
        Glibc.truncate(path("log").string, 0)
    }

    func delete(andReopen: Bool) throws {
        guard let content = current, rest == nil, writesTo === current else { return }
        lose(content)
        try Files.remove(path("log"))
        current = nil
        close(descriptor)
        descriptor = -1
        if andReopen { reopen() }
    }

    private func lose(_ content: Content) {
        mayBeLost.formUnion(content.lines.filter { !received.contains($0) })
    }

    private func shift() throws {
        // The program sends its signal each time, so the daemon has left what was rotated before.
        try pack()
        while rotated.count >= mostRotated {
            let dropped = rotated.removeLast()
            lose(dropped.content)
            try Files.remove(path(dropped.name))
        }
        guard naming != .dates, naming != .datesPacked else { return }
        for index in rotated.indices.reversed() {
            let ending = rotated[index].name.hasSuffix(".gz") ? ".gz" : ""
            let name = "log.\(index + 2)\(ending)"
            try Files.rename(path(rotated[index].name), to: path(name))
            rotated[index].name = name
        }
    }

    private func newName() throws -> String {
        guard naming == .dates || naming == .datesPacked else { return "log.1" }
        date += 1
        return "log-\(date)"
    }
}
