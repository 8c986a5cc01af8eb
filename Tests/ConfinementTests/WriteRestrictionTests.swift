import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Confinement

/// The restriction is a thread's own, so these tests restrict threads that end with them. They need a kernel with Landlock.
@Suite("Restricted writing")
struct WriteRestrictionTests {
    /// What a restricted thread made of each attempt: `nil` where it succeeded.
    private func tries(
        allowing places: [FilePath], _ attempts: [@Sendable () throws -> Void]
    ) async -> [Errno?] {
        await withCheckedContinuation { continuation in
            let isBegun = WaitingThread.begin {
                do {
                    try WriteRestriction.begin(allowing: places)
                } catch {
                    continuation.resume(returning: [Errno.notSupported])
                    return
                }
                let results = attempts.map { attempt -> Errno? in
                    do {
                        try attempt()
                        return nil
                    } catch {
                        return (error as? SystemError)?.code ?? .ioError
                    }
                }
                continuation.resume(returning: results)
            }
            if !isBegun { continuation.resume(returning: []) }
        }
    }

    @Test("What is allowed can be written, and nothing else; reading is as it was")
    func writing() async throws {
        try await withTemporaryFolder { folder in
            let mine = folder.appending("mine")
            let other = folder.appending("other")
            for place in [mine, other] {
                try Files.makeFolder(place)
                try Files.create(place.appending("file"), "text".utf8)
            }
            try other.makeLink(at: mine.appending("link"))
            let results = await tries(
                allowing: [mine, folder.appending("not there"), "/dev/null"],
                [
                    { try Files.replace(mine.appending("new"), with: "a".utf8) },
                    { try Files.makeFolder(mine.appending("below/it")) },
                    { () throws(SystemError) in
                        try Files.rename(mine.appending("new"), to: mine.appending("below/new"))
                    },
                    { try Files.remove(mine.appending("file")) },
                    { try OpenFile("/dev/null", .writeOnly).write("x".utf8) },
                    { _ = try Files.read(other.appending("file"), limit: 10) },
                    { try Files.create(other.appending("new"), "a".utf8) },
                    { _ = try OpenFile(other.appending("file"), .writeOnly) },
                    { _ = try OpenFile(mine.appending("link/file"), .writeOnly) },
                    { try Files.remove(other.appending("file")) },
                    { () throws(SystemError) in
                        try Files.rename(mine.appending("below/new"), to: other.appending("new"))
                    },
                    { () throws(SystemError) in
                        try systemCall("cut", nil) { truncate(other.appending("file").string, 0) }
                    },
                    { () throws(SystemError) in
                        try systemCall("make", nil) { mkfifo(other.appending("fifo").string, 0o600) }
                    },
                ])
            #expect(results.count == 13)
            #expect(results.prefix(6).allSatisfy { $0 == nil }, "\(results)")
            #expect(results.dropFirst(6).allSatisfy { $0 == .permissionDenied || $0 == .improperLink }, "\(results)")
            #expect(try Files.read(other.appending("file"), limit: 10) == Array("text".utf8))
        }
    }

    @Test("With nothing allowed, nothing can be written")
    func nothing() async throws {
        await withTemporaryFolder { folder in
            let results = await tries(
                allowing: [], [{ try Files.create(folder.appending("new"), "a".utf8) }])
            #expect(results == [.permissionDenied])
        }
    }

    @Test("An earlier thread reads what is asked, of many who ask")
    func earlierThread() async {
        #expect(EarlierThread.read { 1 } == 1)
        EarlierThread.start()
        let answers = await withTaskGroup(of: (Int, Bool).self) { group in
            for number in 0..<50 {
                group.addTask {
                    let here = pthread_self()
                    return EarlierThread.read { (number, pthread_equal(here, pthread_self()) == 0) }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(answers.count == 50)
        #expect(answers.values.allSatisfy { $0 })
    }
}
