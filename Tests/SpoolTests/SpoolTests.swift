import Glibc
import Spool
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("The spool", .timeLimit(.minutes(15)))
struct SpoolTests {
    @Test("Values and files are there after a commit and after opening again")
    func commit() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            let values = ["log /var/log/messages": "1 2 3", "empty": "", "ü%20": "a\nb\0 c%"]
            do {
                var spool = try disk.open()
                #expect(spool.values == [:])
                #expect(try spool.commit(files: [file(7)], values: values) == .complete)
            }
            let spool = try disk.open()
            #expect(spool.values == values)
            #expect(spool.warnings == [])
            #expect(try disk.delivered() == [7])
            let status = try Files.status(disk.outbox.appending(file(7).name))
            #expect(status.permissions == .ownerReadWrite)
        }
    }

    @Test("A commit without files keeps the values, and forgets those that are not given")
    func valuesOnly() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            do {
                var spool = try disk.open()
                try spool.commit(files: [file(1)], values: ["a": "1", "b": "2"])
                try spool.commit(files: [], values: ["a": "3"])
            }
            #expect(try disk.open().values == ["a": "3"])
            #expect(try disk.delivered() == [1])
        }
    }

    @Test("The outbox may be the spool folder of the state folder")
    func defaultOutbox() throws {
        try withTemporaryFolder { folder in
            let state = folder.appending("state")
            var spool = try Spool(state: state, outbox: Spool.defaultOutbox(of: state))
            try spool.commit(files: [file(1), file(2)], values: [:])
            #expect(try spool.waiting().map(\.name) == [file(1).name, file(2).name])
            #expect(try Files.names(in: state.appending("spool")).count == 2)
        }
    }

    @Test("A second agent on the state folder is told so, until the first ends")
    func lock() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            do {
                let first = try disk.open()
                #expect(throws: SpoolError.heldByAnother(state: disk.state)) { _ = try disk.open() }
                #expect(first.values == [:])
            }
            _ = try disk.open()
        }
    }

    @Test("Files wait oldest first, by their numbers however long, also those of other programs")
    func order() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            let spool = try disk.open()
            for name in [
                "q.10.data", "q.9.data", "a.b.010.data", "q.99999999999999999999999.data", "q.data", ".q.1.data",
            ] {
                try Files.create(disk.outbox.appending(name), [1])
            }
            try FilePath("/etc/passwd").makeLink(at: disk.outbox.appending("q.1.data"))
            try Files.makeFolder(disk.outbox.appending("q.2.data"))
            let waiting = try spool.waiting()
            #expect(waiting.map(\.name) == ["q.9.data", "a.b.010.data", "q.10.data", "q.99999999999999999999999.data"])
            #expect(waiting.map(\.queue) == ["q", "a.b", "q", "q"])
        }
    }

    @Test("A waiting file is opened, and is gone once it is delivered; a link in its place is not followed")
    func delivery() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            var spool = try disk.open()
            try spool.commit(files: [file(1), file(2)], values: [:])
            let waiting = try spool.waiting()
            #expect(try spool.open(waiting[0]).readToEnd(limit: 1000).bytes == file(1).bytes)
            try spool.delivered(waiting[0])
            #expect(try spool.waiting().map(\.name) == [file(2).name])
            try Files.remove(disk.outbox.appending(file(2).name))
            try FilePath("/etc/passwd").makeLink(at: disk.outbox.appending(file(2).name))
            #expect(throws: SpoolError.self) { _ = try spool.open(waiting[1]) }
        }
    }

    @Test("A refused file goes to the quarantine with its reason")
    func quarantine() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            var spool = try disk.open()
            try spool.commit(files: [file(1), file(2)], values: [:])
            try spool.quarantine(spool.waiting()[0], reason: "the server says: too large")
            let place = disk.state.appending("quarantine")
            #expect(try disk.delivered(from: place) == [1])
            let reason = try Files.read(place.appending(file(1).name + ".reason"), limit: 100)
            #expect(String(decoding: reason, as: UTF8.self) == "the server says: too large\n")
            let summary = try spool.summary()
            #expect(summary.waitingCount == 1)
            #expect(summary.waitingByteCount == Int64(file(2).bytes.count))
            #expect(summary.quarantinedCount == 1)
            let time = try #require(summary.oldestTime)
            #expect(summary.oldestAge(at: time + 60) == 60)
            #expect(summary.oldestAge(at: time - 60) == 0)
        }
    }

    @Test(
        "Damaged positions are kept aside with a warning, and uncommitted files with them",
        arguments: [
            "", "x", "pandora-agent positions 1\n", "pandora-agent positions 1\nvalue a b\nsha256 00\n", "\0\0\0\0",
        ])
    func damaged(text: String) throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            _ = try disk.open()
            try Files.replace(disk.state.appending("positions"), with: text.utf8)
            try Files.create(disk.state.appending("spool/incoming-\(file(1).name)"), file(1).bytes)
            var spool = try disk.open()
            #expect(spool.values == [:])
            #expect(spool.warnings.count == 1)
            #expect(spool.warnings.first?.description.contains("positions.damaged") == true)
            #expect(try Files.read(disk.state.appending("positions.damaged"), limit: 100) == Array(text.utf8))
            #expect(try disk.delivered(from: disk.state.appending("quarantine")) == [1])
            #expect(try spool.commit(files: [file(2)], values: ["a": "b"]) == .complete)
        }
    }

    @Test("Every changed byte of the positions is noticed")
    func everyByte() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            do {
                var spool = try disk.open()
                try spool.commit(files: [file(1)], values: ["key": "value %"])
            }
            let path = disk.state.appending("positions")
            let good = try Files.read(path, limit: 1000)
            for index in good.indices {
                var bad = good
                bad[index] ^= 1
                try Files.replace(path, with: bad)
                let spool = try disk.open()
                #expect(spool.values == [:])
                #expect(spool.warnings.count == 1)
            }
        }
    }

    @Test(
        "Links in place of the spool's own files and folders are refused",
        arguments: ["state", "outbox", "state/spool", "state/quarantine", "state/positions", "state/lock"])
    func links(name: String) throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            _ = try disk.open()
            let path = folder.appending(name)
            let target = folder.appending("elsewhere")
            if Files.exists(path) { try Files.rename(path, to: target) } else { try Files.create(target, []) }
            try target.makeLink(at: path)
            #expect {
                _ = try disk.open()
            } throws: { error in
                guard case .unsafe(path, let reason) = error as? SpoolError else { return false }
                return reason.hasPrefix("is a link")
            }
        }
    }

    @Test("Folders that others can change are refused; an outbox may be read by others")
    func modes() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            _ = try disk.open()
            try disk.outbox.changeMode(0o755)
            _ = try disk.open()
            for (path, mode) in [(disk.outbox, 0o770), (disk.outbox, 0o1777), (disk.state, 0o750)]
                as [(FilePath, UInt32)]
            {
                try path.changeMode(mode)
                let error = #expect(throws: SpoolError.self) { _ = try disk.open() }
                #expect(error?.description.contains("chmod") == true)
                try path.changeMode(0o700)
            }
            try Files.rename(disk.outbox, to: folder.appending("moved"))
            try Files.create(disk.outbox, [])
            #expect(throws: SpoolError.self) { _ = try disk.open() }
        }
    }

    @Test(
        "Names that are not those of data files are refused before anything is written",
        arguments: [
            "", "x", "../q.1.data", "q.1.data/../x", "q.x.data", ".q.1.data", "incoming-q.1.data", "q.1.data\n",
            "q/a.1.data",
        ])
    func badNames(name: String) throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            var spool = try disk.open()
            #expect(throws: SpoolError.self) { try spool.commit(files: [(name, [1])], values: ["a": "b"]) }
            #expect(spool.values == [:])
            #expect(try disk.leftovers() == [])
        }
    }

    @Test("A name that waits already and one that comes twice are refused")
    func takenNames() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            var spool = try disk.open()
            try spool.commit(files: [file(1)], values: [:])
            #expect(throws: SpoolError.self) { try spool.commit(files: [file(1)], values: [:]) }
            #expect(throws: SpoolError.self) { try spool.commit(files: [file(2), file(2)], values: [:]) }
            #expect(try disk.delivered() == [1])
        }
    }

    @Test("On a full disk nothing is committed, what was before stays, and what fits is committed afterwards")
    func fullDisk() throws {
        try withTemporaryFolder { folder in
            let isMounted = mount("tmpfs", folder.string, "tmpfs", 0, "size=1m,mode=0700") == 0
            defer { if isMounted { umount(folder.string) } }
            let disk = SpoolOnDisk(in: folder)
            var spool = try disk.open()
            try spool.commit(files: [file(1)], values: ["n": "1"])
            let large = (name: "queue.2.data", bytes: [UInt8](repeating: 120, count: 2 << 20))
            let full: @Sendable (FaultInjection.Call) -> Errno? = { call in
                !isMounted && call.operation == "write" ? .noSpace : nil
            }
            let error = FaultInjection.with(full) {
                #expect(throws: SpoolError.self) { try spool.commit(files: [large], values: ["n": "2"]) }
            }
            #expect(error?.description.contains("No space left on device") == true)
            #expect(spool.values == ["n": "1"])
            #expect(try disk.delivered() == [1])
            #expect(try disk.leftovers() == [])
            #expect(try spool.commit(files: [file(3)], values: ["n": "3"]) == .complete)
            #expect(try disk.delivered() == [1, 3])
        }
    }

    @Test("An outbox on another file system gets whole files")
    func otherFileSystem() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            let large = (name: "queue.5.data", bytes: (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13) })
            var spool = try disk.open()
            let outcome = try FaultInjection.with(acrossFileSystems) {
                try spool.commit(files: [large], values: [:])
            }
            #expect(outcome == .complete)
            #expect(try Files.read(disk.outbox.appending(large.name), limit: 2_000_000) == large.bytes)
            #expect(try disk.leftovers() == [])
        }
    }
}
