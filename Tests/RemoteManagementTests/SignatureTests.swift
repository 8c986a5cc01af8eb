import CommandRunner
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import RemoteManagement

/// Makes keys with the openssl program.
struct TestKeys {
    let folder: FilePath

    func make(_ name: String, algorithm: String = "ed25519") async throws {
        let pair = folder.appending("\(name).pem")
        try await openssl("genpkey", "-algorithm", algorithm, "-out", pair.string)
        try await openssl("pkey", "-in", pair.string, "-pubout", "-out", folder.appending("\(name).pub").string)
    }

    func openssl(_ words: String...) async throws {
        let result = await Command(
            .file("/usr/bin/openssl", arguments: words), environment: [:], timeLimit: .seconds(60)
        ).run()
        try #require(result.isSuccess, "\(String(decoding: result.errorOutput, as: UTF8.self))")
    }
}

@Suite("Signatures")
struct SignatureTests {
    @Test("A signed configuration verifies with its key, and with no other, changed, cut or moved")
    func configurations() async throws {
        try await withTemporaryFolder { folder in
            let keys = TestKeys(folder: folder)
            try await keys.make("one")
            try await keys.make("two")
            let private1 = try SignatureKey(signingWith: folder.appending("one.pem"))
            let public1 = try SignatureKey(verifyingWith: folder.appending("one.pub"))
            let public2 = try SignatureKey(verifyingWith: folder.appending("two.pub"))
            func problem(_ contents: [UInt8], _ key: borrowing SignatureKey) -> String? {
                ConfigurationSignature.problem(with: contents, key)
            }
            for text in ["interval 60\n", "interval 60", "", "a\r\nb\r\n"] {
                guard let signed = ConfigurationSignature.sign(Array(text.utf8), private1) else {
                    Issue.record("not signed")
                    continue
                }
                #expect(signed.starts(with: text.utf8))
                let clean = problem(signed, public1)
                #expect(clean == nil)
                let other = problem(signed, public2)
                #expect(other != nil)
                let unsigned = problem(Array(text.utf8), public1)
                #expect(unsigned?.contains("not signed") == true)
                // To sign again changes nothing.
                let again = ConfigurationSignature.sign(signed, private1)
                #expect(again == signed)
                let longer = problem(signed + Array("x 1\n".utf8), public1)
                #expect(longer != nil)
                for index in signed.indices.dropLast() {
                    var changed = signed
                    changed[index] ^= 1
                    let found = problem(changed, public1)
                    #expect(found != nil, "byte \(index)")
                    let cut = problem(Array(signed[..<index]), public1)
                    #expect(cut != nil)
                }
            }
            // A public key signs nothing.
            let forged = ConfigurationSignature.sign([], public1)
            #expect(forged == nil)
        }
    }

    @Test("Keys of another kind, encrypted ones and what is no key are named")
    func keys() async throws {
        try await withTemporaryFolder { folder in
            let keys = TestKeys(folder: folder)
            try await keys.make("other", algorithm: "x25519")
            try await keys.openssl(
                "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:x", "-out",
                folder.appending("locked.pem").string)
            try Files.create(folder.appending("text"), "no key\n".utf8)
            func problem(_ name: String, signing: Bool) -> String {
                do throws(SignatureKey.Unusable) {
                    _ =
                        try signing
                        ? SignatureKey(signingWith: folder.appending(name))
                        : SignatureKey(verifyingWith: folder.appending(name))
                    return ""
                } catch {
                    return error.description
                }
            }
            #expect(problem("other.pub", signing: false).contains("another kind"))
            #expect(problem("locked.pem", signing: true).contains("without a pass phrase"))
            #expect(problem("text", signing: false).contains("holds no Ed25519 public key"))
            #expect(problem("absent", signing: false).contains("No such file"))
            try await keys.make("open")
            try folder.appending("open.pub").changeMode(0o666)
            #expect(problem("open.pub", signing: false).contains("can be written by everybody"))
        }
    }
}
