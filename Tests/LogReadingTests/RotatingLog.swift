import SystemFiles
import SystemPackage

/// A log that is rotated by renaming or copying, as logrotate does.
final class RotatingLog: NumberedLog {
    /// How the rotation program names what it put away.
    enum Naming: CaseIterable {
        case numbers, numbersPacked, numbersPackedLate, dates, datesPacked, datesBeforeEnding
        /// As no rotation does, such as `20260102_a.log`. Only a pattern that matches such names can follow.
        case datesFirst

        var isDated: Bool { ![.numbers, .numbersPacked, .numbersPackedLate].contains(self) }
    }

    private let naming: Naming
    private let mostRotated: Int
    /// The newest first, with the name of each.
    private var rotated: [(content: Content, name: String)] = []
    private var date = 20_260_101

    init(_ folder: FilePath, name: String, naming: Naming, mostRotated: Int) {
        self.naming = naming
        self.mostRotated = mostRotated
        super.init(folder, name: name)
    }

    override var older: [Content] { rotated.reversed().map(\.content) }
    override var areFilesLogs: Bool { naming == .datesFirst }
    override func owns(_ path: FilePath) -> Bool {
        super.owns(path) || areFilesLogs && path.lastComponent?.string.hasSuffix("_\(name)") == true
    }

    /// Renames the log. The daemon goes on writing to it until it reopens.
    override func rotate(makesNewFile: Bool) throws {
        guard let content = current, isCurrentInUse else { return }
        try shift()
        let rotatedName = newName()
        try Files.rename(path(name), to: path(rotatedName))
        rotated.insert((content, rotatedName), at: 0)
        putAway(content)
        current = nil
        if makesNewFile {
            _ = try OpenFile(path(name), .writeOnly, options: .create)
            current = Content()
        }
    }

    /// Packs what may be packed by now.
    override func pack() throws {
        for index in rotated.indices where !rotated[index].name.hasSuffix(".gz") {
            switch naming {
            case .numbers, .dates, .datesFirst: continue
            case .numbersPackedLate: if index == 0 { continue }
            case .numbersPacked, .datesPacked, .datesBeforeEnding: if rotated[index].content === writesTo { continue }
            }
            try Files.gzip(path(rotated[index].name))
            rotated[index].name += ".gz"
        }
    }

    override func copyAndTruncate() throws {
        // A copy under a name that is none of a rotation is another log.
        guard let content = current, !isInsideLine, isCurrentInUse, naming != .datesFirst else { return }
        try shift()
        let copyName = newName()
        try OpenFile(path(copyName), .writeOnly, options: .create).write(try Files.read(path(name), limit: 1 << 20))
        rotated.insert((content, copyName), at: 0)
        putAway(content)
        leaveToCopy()
    }

    private func shift() throws {
        // The program sends its signal each time, so the daemon has left what was rotated before.
        try pack()
        while rotated.count >= mostRotated {
            let dropped = rotated.removeLast()
            lose(dropped.content)
            try Files.remove(path(dropped.name))
        }
        guard !naming.isDated else { return }
        for index in rotated.indices.reversed() {
            let ending = rotated[index].name.hasSuffix(".gz") ? ".gz" : ""
            let next = "\(name).\(index + 2)\(ending)"
            try Files.rename(path(rotated[index].name), to: path(next))
            rotated[index].name = next
        }
    }

    private func newName() -> String {
        guard naming.isDated else { return "\(name).1" }
        date += 1
        if naming == .datesFirst { return "\(date)_\(name)" }
        let ending = naming == .datesBeforeEnding ? ".log" : ""
        return "\(name.dropLast(ending.count))-\(date)\(ending)"
    }
}
