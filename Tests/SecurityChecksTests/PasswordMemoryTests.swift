import Glibc
import Synchronization
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

@Suite("What is remembered of passwords")
struct PasswordMemoryTests {
    /// Counts the words that are tried.
    private final class Count: Sendable {
        private let value = Mutex(0)

        func add() { value.withLock { $0 += 1 } }

        func take() -> Int {
            value.withLock { value in
                defer { value = 0 }
                return value
            }
        }
    }

    private func fixture(_ folder: FilePath, _ count: Count) -> PasswordFixture {
        var fixture = PasswordFixture(folder)
        fixture.remembers = true
        fixture.progress = { _ in count.add() }
        return fixture
    }

    private func hash(_ password: String, salt: String = "saltsalt") async throws -> String {
        try await output(of: "/usr/bin/openssl", ["passwd", "-1", "-salt", salt, password])
    }

    @Test("An unchanged account costs nothing; a new hash, a new name and a new list are tried")
    func unchanged() async throws {
        let good = try await hash("gT4-unlikely")
        let weak = try await hash("dragon")
        let other = try await hash("gT4-unlikely", salt: "othersalt")
        try await withTemporaryFolder { folder in
            let count = Count()
            let fixture = fixture(folder, count)
            try fixture.write(["alice": good, "bob": weak])
            let first = await fixture.weak()
            #expect(first.summary == "Easily guessed: bob" && count.take() > 0)
            #expect(await fixture.weak() == first)
            #expect(count.take() == 0)
            let file = fixture.state.appending("weak-passwords")
            let before = try Files.status(file)
            #expect(await fixture.weak() == first)
            #expect(try Files.status(file).inode == before.inode, "what has not changed is not written again")
            try fixture.write(["alice": other, "bob": weak])
            #expect(await fixture.weak() == first)
            let one = count.take()
            #expect(one == PasswordWords.variants(ofName: "alice", comment: []).count + 2)
            try fixture.write(["alicia": other, "bob": weak])
            #expect(await fixture.weak() == first)
            #expect(count.take() > 0)
            #expect(await fixture.weak(["dragon", "letmein", "more"]) == first)
            #expect(count.take() > one)
        }
    }

    @Test("The file is for the agent's user alone, and has no name, no hash, no word, nor how many words it took")
    func secrecy() async throws {
        let good = try await hash("gT4-unlikely")
        let weak = try await hash("letmein")
        try await withTemporaryFolder { folder in
            let fixture = fixture(folder, Count())
            try fixture.write(["alice": good, "bob": weak])
            _ = await fixture.weak()
            let file = fixture.state.appending("weak-passwords")
            #expect(try Files.status(file).permissions == .ownerReadWrite)
            #expect(try Files.status(fixture.state).permissions == .ownerReadWriteExecute)
            let text = String(decoding: try Files.read(file, limit: 1 << 16), as: UTF8.self)
            for secret in ["alice", "bob", "letmein", "saltsalt", good, weak] { #expect(!text.contains(secret)) }
            #expect(text.split(separator: "\n").filter { $0.hasSuffix(" 0 found") }.count == 1)
            // The same accounts on another host have other digests.
            try Files.remove(file)
            _ = await fixture.weak()
            let again = String(decoding: try Files.read(file, limit: 1 << 16), as: UTF8.self)
            #expect(Set(text.split(separator: "\n")).isDisjoint(with: again.split(separator: "\n")))
        }
    }

    @Test("When the time is up the answer says so, and the next audit goes on where this one ended")
    func timeLimit() async throws {
        let good = try await hash("gT4-unlikely")
        try await withTemporaryFolder { folder in
            let count = Count()
            var fixture = fixture(folder, count)
            try fixture.write(["alice": good])
            fixture.settings.passwordTimeLimit = .zero
            let none = await fixture.weak()
            #expect(none.verdict == .cannotTell && none.summary == "0 of 1 passwords are tried with all words")
            #expect(count.take() == 0)
            // As if the time had been up after five words.
            let file = fixture.state.appending("weak-passwords")
            let text = String(decoding: try Files.read(file, limit: 1 << 16), as: UTF8.self)
            #expect(text.hasSuffix(" 0 not-found\n"))
            try Files.replace(file, with: (text.dropLast(" 0 not-found\n".count) + " 5 not-found\n").utf8)
            fixture.settings.passwordTimeLimit = nil
            #expect(await fixture.weak().verdict == .pass)
            #expect(count.take() == PasswordWords.variants(ofName: "alice", comment: []).count + 2 - 5)
        }
    }

    @Test("A file that cannot be understood counts as none; one that cannot be written is told")
    func damagedFile() async throws {
        let good = try await hash("gT4-unlikely")
        try await withTemporaryFolder { folder in
            let count = Count()
            let fixture = fixture(folder, count)
            try fixture.write(["alice": good])
            let texts = [
                "", "\n\n", "weak-passwords 1 zz\n", "weak-passwords 9 00\na 1 found\n", "a b c d\n\0\u{7F}",
                "weak-passwords 1 " + String(repeating: "0g", count: 32)
                    + "\n\(String(repeating: "0", count: 64)) -1 found\n",
            ]
            for text in texts {
                try fixture.write("state/weak-passwords", text.utf8)
                #expect(await fixture.weak().verdict == .pass)
                #expect(count.take() > 0)
                #expect(await fixture.weak().verdict == .pass)
                #expect(count.take() == 0)
            }
            removeTree(fixture.state)
            try fixture.write("state", "a file".utf8)
            let answer = await fixture.weak()
            #expect(answer.verdict == .pass && "\(answer.evidence)".contains("nothing is remembered"))
        }
    }
}
