import Glibc
import HostProbes
import Synchronization
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

@Suite("Passwords")
struct PasswordTests {
    /// Every method of Debian's mkpasswd at its lowest cost, and those of openssl passwd.
    private static let makers: [(method: String, program: FilePath, arguments: [String])] =
        [
            ("yescrypt", ["-m", "yescrypt", "-R", "1"]), ("gost-yescrypt", ["-m", "gost-yescrypt", "-R", "1"]),
            ("scrypt", ["-m", "scrypt", "-R", "6"]), ("bcrypt", ["-m", "bcrypt", "-R", "4"]),
            ("bcrypt", ["-m", "bcrypt-a", "-R", "4"]), ("sha512crypt", ["-m", "sha512crypt", "-R", "1000"]),
            ("sha256crypt", ["-m", "sha256crypt", "-R", "1000"]), ("sha512crypt", ["-m", "sha512crypt"]),
            ("sunmd5", ["-m", "sunmd5"]), ("md5crypt", ["-m", "md5crypt"]), ("bsdicrypt", ["-m", "bsdicrypt"]),
            ("descrypt", ["-m", "descrypt"]), ("NT", ["-m", "nt"]),
        ].map { ($0.0, "/usr/bin/mkpasswd", $0.1) }
        + [("md5crypt", ["-1"]), ("sha256crypt", ["-5"]), ("sha512crypt", ["-6"])]
        .map { ($0.0, "/usr/bin/openssl", ["passwd"] + $0.1) }

    @Test("A weak password is found and a good one is not, by every method that mkpasswd and openssl make")
    func everyMethod() async throws {
        for maker in Self.makers {
            let weak = try await output(of: maker.program, maker.arguments + ["letmein"])
            let good = try await output(of: maker.program, maker.arguments + ["gT4-unlikely"])
            #expect(PasswordScheme(of: Array(weak.utf8)).name == maker.method)
            let crypt = try SystemCrypt()
            let scratch = SystemCrypt.Scratch()
            let word = PasswordWords.terminated("letmein".utf8)
            #expect(crypt.compare(word, with: PasswordWords.terminated(weak.utf8), scratch) == .isPassword)
            #expect(crypt.compare(word, with: PasswordWords.terminated(good.utf8), scratch) == .isOther)
            // The two that cannot be made cheap are tried with these words alone.
            if ["sunmd5", "scrypt"].contains(maker.method) { continue }
            try await withTemporaryFolder { folder in
                let fixture = PasswordFixture(folder)
                try fixture.write(["alice": good, "bob": weak, "carol": "!" + weak, "dave": "!!" + good])
                let answer = await fixture.weak()
                #expect(answer.verdict == .fail && answer.summary == "Easily guessed: bob", "\(maker)")
                #expect(
                    answer.evidence.map(\.description) == [
                        "/etc/shadow:2: the password of bob is easily guessed",
                        "/etc/shadow:3: the password of carol is locked, and easily guessed once it is unlocked",
                        "/etc/shadow:4: the password of dave is locked and set",
                    ], "\(maker)")
                for secret in ["letmein", weak, good] { #expect(!"\(answer)".contains(secret)) }
            }
        }
    }

    @Test(
        "What people make of their names is found, and so is what the site's lists name; a list that is missing is told"
    )
    func wordsOfSiteAndName() async throws {
        let made = try await ["alice", "ecila", "Alice123!", "smith1", "Corp2019", "corp-two", ""].asyncMap {
            try await output(of: "/usr/bin/openssl", ["passwd", "-1", $0])
        }
        try await withTemporaryFolder { folder in
            var fixture = PasswordFixture(folder)
            for hash in made[..<4] + made[6...] {
                try fixture.write(["alice": hash], comment: "Alice Smith,room 1,,")
                #expect(await fixture.weak().verdict == .fail)
            }
            try fixture.write(["bob": made[0], "eve": made[4], "mallory": made[5]], comment: "")
            #expect(await fixture.weak().verdict == .pass)
            try fixture.write("etc/pandora/password-list", "#!comment: ours\r\nCorp2019\r\n\0\n".utf8)
            try fixture.write("more", "corp-two".utf8)
            fixture.settings.passwordLists = [folder.appending("more")]
            #expect(await fixture.weak().summary == "Easily guessed: eve, mallory")
            try fixture.write(["bob": made[0]])
            fixture.settings.passwordLists.append(folder.appending("missing"))
            let answer = await fixture.weak()
            #expect(answer.verdict == .cannotTell && "\(answer.evidence)".contains("No such file"))
        }
    }

    @Test(
        "An empty password fails, accounts without one pass, and a shadow file that is hidden leaves the question open")
    func states() async throws {
        try await withTemporaryFolder { folder in
            let fixture = PasswordFixture(folder)
            try fixture.write(["root": "*", "daemon": "!", "new": "!!", "odd": "x", "short": "abc"])
            let none = await fixture.weak()
            #expect(none.verdict == .pass && none.summary == "No account has a password that could be guessed")
            try fixture.write(["root": "*", "alice": ""])
            #expect(await fixture.weak().summary == "Empty: alice")
            // A shadow file that cannot be read, also by root; a hash in the file that everybody can read.
            try Files.remove(folder.appending("etc/shadow"))
            try Files.makeFolder(folder.appending("etc/shadow"))
            let hidden = await fixture.weak()
            #expect(hidden.verdict == .cannotTell && hidden.summary.contains("not visible"))
            #expect(await PasswordSchemeCheck().result(on: fixture.host()).verdict == .cannotTell)
            let old = try await output(of: "/usr/bin/openssl", ["passwd", "-1", "dragon"])
            try fixture.write("etc/passwd", "old:\(old):5:5::/:/bin/sh\n".utf8)
            let visible = await fixture.weak()
            #expect(visible.verdict == .fail && visible.evidence.first?.source == "/etc/passwd")
        }
    }

    @Test("Methods of the past are named; current ones pass")
    func outdatedMethods() async throws {
        let good = try await output(of: "/usr/bin/mkpasswd", ["-m", "yescrypt", "-R", "1", "x"])
        let old = try await output(of: "/usr/bin/mkpasswd", ["-m", "descrypt", "x"])
        try await withTemporaryFolder { folder in
            let fixture = PasswordFixture(folder)
            try fixture.write(["alice": good, "bob": "*"])
            let current = await PasswordSchemeCheck().result(on: fixture.host())
            #expect(current.verdict == .pass && current.summary == "By yescrypt")
            try fixture.write(["alice": good, "bob": old])
            let past = await PasswordSchemeCheck().result(on: fixture.host())
            #expect(past.verdict == .fail && past.summary == "Stored by a method of the past: bob")
            #expect(!"\(past)".contains(old))
            try fixture.write(["bob": "*"])
            #expect(await PasswordSchemeCheck().result(on: fixture.host()).verdict == .notApplicable)
        }
    }

    @Test("Garbage in the shadow file costs its own lines alone")
    func garbage() async throws {
        let weak = try await output(of: "/usr/bin/openssl", ["passwd", "-6", "dragon"])
        var bytes: [UInt8] = Array(
            """
            no colon
            :nameless:1
            +::::::::
            -bob::::::::
            # alice::::
            short:$6$
            bell\u{7}:$6$salt$
            quote:$6$ with spaces and ; signs
            star:$6$salt$*0*0*0*0*0*0
            unknown:$99$saltsalt$aaaaaaaaaaaaaaaaaaaaaaaaaaaa
            apache:$apr1$h9GFb6hV$5uLSCq.pY4CrtMz3lx6QX/
            double:*:1
            double::1

            """.utf8)
        bytes += Array("long:".utf8) + [UInt8](repeating: 0x41, count: 200_000) + [0x0A]
        bytes += Array("binary:".utf8) + (0...255).map { UInt8($0) } + [0x0A] + [0, 0, 0x0A]
        bytes += Array("last:\(weak)".utf8)
        try await withTemporaryFolder { folder in
            let fixture = PasswordFixture(folder)
            try fixture.write("etc/shadow", bytes)
            let answer = await fixture.weak()
            #expect(answer.summary == "Easily guessed: last")
            let unknown = answer.evidence.filter { $0.value.contains("does not know") }.map(\.value)
            #expect(unknown.count == 2 && unknown.allSatisfy { $0.contains("unknown") || $0.contains("apache") })
            #expect(!"\(answer)".contains("\u{7}"))
            var random = SeededGenerator(seed: 7)
            for _ in 0..<50 {
                try fixture.write(
                    "etc/shadow", (0..<2000).map { _ in "ab:$61\n!*\0\u{7F}".utf8.randomElement(using: &random) ?? 0 })
                _ = await fixture.weak([])
            }
        }
    }

    @Test(
        "A hash that would take hours or all memory is not tried, and said not to be",
        arguments: [
            "$6$rounds=999999999$salt$aaaaaaaaaaaaaaaa", "$5$rounds=99999999999999999999$salt$aaaa",
            "$2b$31$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "$y$jKT$saltsalt$aaaaaaaaaaaaa",
            "$y$jzzzzzzz$saltsalt$aaaaaaaaaaaaa", "$gy$jLT$saltsalt$aaaaaaaaaaaaa", "$7$zU..../....saltsalt$aaaaaaaa",
            "$7$CzzzzzzzzzzsaltsaltAAAA$aaaaaaaa", "$md5,rounds=4000000000$salt$$aaaa", "$sha1$4000000000$salt$aaaa",
        ])
    func costlyHash(hash: String) async throws {
        #expect(!PasswordScheme(of: Array(hash.utf8)).isAffordable)
        try await withTemporaryFolder { folder in
            let fixture = PasswordFixture(folder)
            try fixture.write(["eve": hash])
            let answer = await fixture.weak()
            #expect(answer.verdict == .cannotTell)
            #expect(
                answer.evidence.map(\.value) == ["the password of eve takes too long or too much memory to be tried"])
        }
    }

    @Test("The cost of the methods is read as crypt(5) describes it")
    func costs() {
        // What mkpasswd makes without options: N = 2^12 and 2^14 blocks of 32 · 128 bytes.
        #expect(PasswordScheme(of: Array("$y$j9T$salt$".utf8)).memory == 16 << 20)
        #expect(PasswordScheme(of: Array("$7$CU..../....salt$".utf8)).memory == 64 << 20)
        #expect(PasswordScheme(of: Array("$y$jDT$salt$".utf8)).isAffordable)
        #expect(PasswordScheme(of: Array("$2b$12$salt".utf8)).isAffordable)
        #expect(PasswordScheme(of: []).name == "descrypt")
        #expect(PasswordScheme(of: Array("$".utf8)).name == "an unknown method")
    }

    @Test("The built-in list is conf/passwords.txt, of 500 words")
    func builtInList() throws {
        let file = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
            .appending("conf/passwords.txt")
        let words = try Files.read(file, limit: 1 << 16).split(separator: 0x0A)
        #expect(words.count == 500 && Set(words).count == 500)
        #expect(words.elementsEqual(CommonPasswords.all) { $0.elementsEqual($1) })
        let fixture = PasswordFixture("/nonexistent")
        #expect(PasswordWords(fixture.host()).words.count == 500)
    }

    @Test("Words are tried by threads of the lowest priority, and progress is told up to the end")
    func priority() async throws {
        let hash = try await output(of: "/usr/bin/openssl", ["passwd", "-1", "gT4-unlikely"])
        let seen = Mutex<(nice: Set<Int32>, last: AuditProgress?)>(([], nil))
        try await withTemporaryFolder { folder in
            var fixture = PasswordFixture(folder)
            try fixture.write(["alice": hash, "bob": hash])
            fixture.progress = { progress in
                seen.withLock { $0 = ($0.nice.union([getpriority(Int32(PRIO_PROCESS.rawValue), 0)]), progress) }
            }
            #expect(await fixture.weak().verdict == .pass)
        }
        seen.withLock { seen in
            #expect(seen.nice == [19])
            #expect(seen.last.map { $0.done == $0.total } == true)
        }
        #expect(PasswordTrial.cores >= 1)
    }
}

extension Array {
    fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
