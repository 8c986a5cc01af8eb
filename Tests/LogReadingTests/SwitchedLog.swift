import Glibc
import SystemFiles
import SystemPackage
import TestSupport

/// A log that is a symbolic link to the file that is written now: `current -> app-3.log`. A rotation makes a file with the
/// next number and switches the link.
final class SwitchedLog: NumberedLog {
    private let targets: FilePath
    private let linkPrefix: String
    private let mostKept: Int
    private var number = 1
    /// The newest first, with the name of each.
    private var left: [(content: Content, name: String)] = []

    /// - Parameter isFar: Whether the files are in a folder of their own.
    init(_ folder: FilePath, name: String, isFar: Bool, mostKept: Int) throws {
        targets = isFar ? folder.appending("disk-\(name)") : folder
        linkPrefix = isFar ? "disk-\(name)/" : ""
        self.mostKept = mostKept
        super.init(folder, name: name)
        if isFar { try Files.makeFolder(targets) }
        try FilePath(linkPrefix + target).makeLink(at: path(name))
    }

    private var target: String { "target-\(number)" }

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
