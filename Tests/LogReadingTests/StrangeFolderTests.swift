import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import LogReading

@Suite("Folders and positions of others")
struct StrangeFolderTests {
    /// A log with many files beside it whose names are those of rotations.
    private func fill(_ folder: FilePath, _ count: Int, _ name: (Int) -> String) throws {
        for number in 1...count {
            try OpenFile(folder.appending(name(number)), .writeOnly, options: .create).write("of \(number)\n".utf8)
        }
    }

    @Test func aFolderFullOfRotatedNamesCostsTheLogNothing() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("1\n")
            try log.read(firstRun: .fromStart)
            try fill(folder, 2_000) { "app.log.\($0 + 1)" }
            try log.append("2\n")
            try log.rename("app.log", "app.log.1")
            try log.append("3\n")
            let first = try log.read()
            #expect(first.text == "2\n3\n", "\(first.notes) \(first.failures) \(first.text.prefix(100))")
            // Where the file is gone, what is left is read within limits, a part of the files at a time.
            try log.append("4\n")
            try Files.remove(log.log)
            try log.append("5\n")
            let batch = try log.read()
            #expect(batch.missedBytes == 0 || batch.missedBytes == 2)
            #expect(batch.text == "5\n")
        }
    }

    @Test func whatIsLeftOfManyFilesIsReadPartByPart() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("")
            try log.read(firstRun: .fromStart)
            try fill(folder, 1_500) { "app.log.\(2_000 - $0)" }
            try log.append("end\n")
            var text = ""
            var readings = 0
            repeat {
                let batch = try log.read()
                text += batch.text
                readings += 1
                if !batch.hasMore { break }
            } while readings < 100
            #expect(text == (1...1_500).map { "of \($0)\n" }.joined() + "end\n")
        }
    }

    @Test func positionsOfEarlierVersionsAreTakenOver() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("1\n2\n")
            try log.read(limits: LogLimits(lines: 1), firstRun: .fromStart)
            let text = try unwrap(log.position)
            // With the time of the last change, and without.
            for fieldCount in [9, 8] {
                let words = text.split(separator: " ").map { word in
                    guard word.hasPrefix("file=") else { return String(word) }
                    let fields = word.split(separator: ":", omittingEmptySubsequences: false)
                    #expect(fields.count == 10)
                    return (fields[..<fieldCount] + [fields[9]]).joined(separator: ":")
                }
                var old = log
                old.position = words.joined(separator: " ")
                #expect(try old.read().text == "2\n")
            }
        }
    }
}
