import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Files")
struct FilesTests {
    @Test("A replaced file is the old one or the new one, whichever system call fails")
    func replaceIsAtomic() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending("positions")
            try Files.replace(path, with: "old".utf8)
            var failures = 0
            while true {
                let failing = failures
                do {
                    try FaultInjection.with({ $0.index == failing ? .ioError : nil }) {
                        try Files.replace(path, with: "new".utf8)
                    }
                    break
                } catch let error as SystemError {
                    failures += 1
                    #expect(error.code == .ioError)
                    let text = String(decoding: try Files.read(path, limit: 100), as: UTF8.self)
                    #expect(text == "old" || text == "new")
                    try Files.replace(path, with: "old".utf8)
                }
            }
            // remove, open, write, sync, rename, open of the folder, sync of the folder
            #expect(failures == 7)
            #expect(try Files.read(path, limit: 100) == Array("new".utf8))
            #expect(try Files.names(in: folder).map(\.string) == ["positions"])
        }
    }

    @Test("A file over the limit is refused, one at the limit is read")
    func limit() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending("x")
            try Files.create(path, [1, 2, 3])
            #expect(try Files.read(path, limit: 3) == [1, 2, 3])
            #expect(throws: SystemError("read", path.string, .fileTooLarge)) { try Files.read(path, limit: 2) }
        }
    }

    @Test("Files of /proc are read whole although their size is 0")
    func proc() throws {
        #expect(try !Files.read("/proc/self/stat", limit: 1 << 20).isEmpty)
    }

    @Test("Creating does not follow a link")
    func createDoesNotFollow() throws {
        try withTemporaryFolder { folder in
            try FilePath("/nonexistent/target").makeLink(at: folder.appending("link"))
            #expect(throws: SystemError.self) { try Files.create(folder.appending("link"), [1]) }
        }
    }

    @Test("A lock is held once and freed at the end of its life")
    func lock() throws {
        try withTemporaryFolder { folder in
            do {
                let first = try FileLock(folder.appending("lock"))
                let isHeld = first != nil
                #expect(isHeld)
                let second = try FileLock(folder.appending("lock"))
                let isRefused = second == nil
                #expect(isRefused)
                _ = consume first
            }
            let third = try FileLock(folder.appending("lock"))
            let isFree = third != nil
            #expect(isFree)
        }
    }

    @Test("Who else can write a file is found on the file and on the folders above it")
    func writeAccess() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending("inner/file")
            try Files.makeFolder(folder.appending("inner"))
            try Files.create(path, [])
            let user = try Files.status(path).userID.rawValue
            #expect(try Files.foreignWriteAccess(to: path, trusting: user).isEmpty)
            try folder.appending("inner").changeMode(0o777)
            try path.changeMode(0o666)
            let places = try Files.foreignWriteAccess(to: path, trusting: user)
            #expect(
                places.map(\.path.lastComponent?.string) == ["inner", "file"])
            #expect(places.allSatisfy { $0.writer == .everybody })
        }
    }

    @Test("A link on the way counts with the folders above it, and so does each folder that a path leads through")
    func foreignWriteAccessByLinks() throws {
        try withTemporaryFolder { folder in
            let user = geteuid()
            let folder = try Files.realPath(folder)
            for name in ["safe", "open", "way"] { try Files.makeFolder(folder.appending(name)) }
            let file = folder.appending("safe/file")
            try Files.create(file, [])
            let open = folder.appending("open")
            try file.makeLink(at: open.appending("link"))
            try FilePath("../open/link").makeLink(at: folder.appending("way/link"))
            for path in [open.appending("link"), folder.appending("way/link"), open.appending("../safe/file")] {
                #expect(try Files.foreignWriteAccess(to: path, trusting: user).isEmpty)
            }
            try open.changeMode(0o777)
            for path in [open.appending("link"), folder.appending("way/link"), open.appending("../safe/file")] {
                let places = try Files.foreignWriteAccess(to: path, trusting: user)
                #expect(places.map(\.description) == ["\(open) can be written by everybody"], "\(path)")
            }
            #expect(try Files.foreignWriteAccess(to: file, trusting: user).isEmpty)
            try open.changeMode(0o1777)
            #expect(try Files.foreignWriteAccess(to: open.appending("link"), trusting: user).isEmpty)
            try folder.appending("loop").makeLink(at: folder.appending("loop"))
            #expect(throws: SystemError.self) {
                try Files.foreignWriteAccess(to: folder.appending("loop"), trusting: user)
            }
        }
    }

    @Test("A folder that can be neither made nor found is refused")
    func impossibleFolder() {
        #expect(throws: SystemError.self) { try Files.makeFolder("/proc/nonexistent/folder") }
        #expect(throws: SystemError.self) { try Files.makeFolder("/proc/nonexistent") }
    }
}
