import Glibc
import SystemFiles
import SystemPackage
import TestSupport

/// A log that is a symbolic link to the file that is written now: `current -> app-3.log`. A rotation makes a file with the
/// next number and switches the link.
final class SwitchedLog: NumberedLog {
    /// Where the files are to which the link leads.
    enum Place: Sendable {
        /// Beside the link, under names of which those who look for logs do not ask.
        case beside
        /// In a folder of their own.
        case far
        /// Beside the link, under names with a beginning that a pattern matches as it does the link's.
        case matched(String)
    }

    private let targets: FilePath
    private let linkPrefix: String
    private let targetName: String
    private let mostKept: Int
    private var number = 1
    /// The newest first, with the name of each.
    private var left: [(content: Content, name: String)] = []

    override var areFilesLogs: Bool { targetName != Self.unmatchedName }
    private static let unmatchedName = "target-"

    init(_ folder: FilePath, name: String, at place: Place, mostKept: Int) throws {
        var isFar = false
        switch place {
        case .beside: targetName = Self.unmatchedName
        case .far:
            isFar = true
            targetName = Self.unmatchedName
        case .matched(let beginning): targetName = beginning
        }
        targets = isFar ? folder.appending("disk-\(name)") : folder
        linkPrefix = isFar ? "disk-\(name)/" : ""
        self.mostKept = mostKept
        super.init(folder, name: name)
        if isFar { try Files.makeFolder(targets) }
        try FilePath(linkPrefix + target).makeLink(at: path(name))
    }

    private var target: String { areFilesLogs ? "\(targetName)\(number + 100).log" : "\(targetName)\(number)" }

    override func owns(_ path: FilePath) -> Bool {
        super.owns(path) || areFilesLogs && path.lastComponent?.string.hasPrefix(targetName) == true
    }

    override var older: [Content] { left.reversed().map(\.content) }

    override func rotate(makesNewFile: Bool) throws {
        guard let content = current, isCurrentInUse else { return }
        left.insert((content, target), at: 0)
        // The link leads elsewhere before a reader has seen anything in it: nobody can know that there was such a file.
        putAway(content, isFindable: place === content)
        number += 1
        if makesNewFile { try Files.create(targets.appending(target), []) }
        try FilePath(linkPrefix + target).makeLink(at: path("\(name).new"))
        try Files.rename(path("\(name).new"), to: path(name))
        current = makesNewFile ? Content() : nil
        while left.count > mostKept {
            let dropped = left.removeLast()
            lose(dropped.content)
            try Files.remove(targets.appending(dropped.name))
        }
    }

    override func removeFile() throws { try Files.remove(targets.appending(target)) }
}
