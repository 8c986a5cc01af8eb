import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import RemoteManagement

@Suite("What is remembered of a server")
struct RemoteMemoryTests {
    @Test("It comes back as it was saved, and tabs and line ends in reasons break nothing")
    func saved() throws {
        try withTemporaryFolder { state in
            #expect(RemoteMemory(in: state) == RemoteMemory())
            var memory = RemoteMemory()
            memory.adopted = .init(digest: "a", time: 1)
            memory.refused = .init(digest: "b", time: 2, reason: "line\twith\nmore")
            memory.registered = 3
            memory.failure = "not reached"
            memory.collections["one two"] = .init(digest: "c", time: 4)
            memory.refusedCollections["three"] = .init(digest: "d", time: 5, reason: "why")
            try memory.save(in: state)
            memory.refused?.reason = "line with more"
            #expect(RemoteMemory(in: state) == memory)
            #expect(try Files.status(RemoteMemory.folder(in: state)).permissions == .ownerReadWriteExecute)
        }
    }

    @Test("What is damaged is not remembered")
    func damaged() throws {
        try withTemporaryFolder { state in
            try Files.makeFolder(RemoteMemory.folder(in: state))
            let file = RemoteMemory.folder(in: state).appending("memory")
            for text in ["adopted\tx", "adopted\ta\tb\tc", "\u{0}\n\t\t\t\t", "refused\t\t\t\t\t\t", "collection\n"] {
                try Files.replace(file, with: text.utf8)
                #expect(RemoteMemory(in: state) == RemoteMemory())
            }
        }
    }
}
