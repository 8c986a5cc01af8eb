import COpenSSL
import Testing

@testable import Digests

@Suite("Digests and text encodings")
struct DigestTests {
    @Test("MD5 of the test suite of RFC 1321")
    func md5() {
        #expect(Digest.md5("").hexadecimal == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(Digest.md5("message digest").hexadecimal == "f96b697d7cb7938d525a2f31aaf161d0")
    }

    @Test("SHA-256 of the example of FIPS 180-4, in one piece and in many")
    func sha256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Digest.sha256("abc").hexadecimal == expected)
        var stream = DigestStream(.sha256)
        for byte in "abc".utf8 { stream.update(CollectionOfOne(byte)) }
        #expect(stream.finish().hexadecimal == expected)
    }

    @Test(
        "Bytes are read from hexadecimal digits of either case",
        arguments: [
            ("", []), ("00", [0]), ("7f80fF", [0x7F, 0x80, 0xFF]),
            ("AbCdEf0123456789", [0xAB, 0xCD, 0xEF, 1, 35, 69, 103, 137]),
        ] as [(String, [UInt8])])
    func hexadecimalDigits(text: String, bytes: [UInt8]) {
        #expect([UInt8](hexadecimal: text.utf8) == bytes)
        #expect(bytes.hexadecimal == text.lowercased())
    }

    @Test(
        "What is no even number of hexadecimal digits is no bytes",
        arguments: ["0", "abc", "0g", "0x12", " 12", "12 ", "1 2", "+1", "-1", "12\n", "\u{FF11}", "é"])
    func noHexadecimalDigits(text: String) {
        #expect([UInt8](hexadecimal: text.utf8) == nil)
    }

    @Test("Every byte comes back from its hexadecimal digits")
    func hexadecimalOfEveryByte() {
        let bytes = [UInt8](0...255)
        #expect([UInt8](hexadecimal: bytes.hexadecimal.utf8) == bytes)
    }

    @Test(
        "Base64 of the test vectors of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
        ])
    func base64(plain: String, encoded: String) {
        #expect(Array(plain.utf8).base64 == Array(encoded.utf8))
    }

    @Test("Base64 is the same in all steps that the processor can take, and none writes beyond its text")
    func base64InAllSteps() {
        for length in Array(0...200) + [48 * 1024 - 1, 48 * 1024] {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ length) }
            func encode(in steps: Base64.Steps) -> [UInt8] {
                var text = [UInt8](repeating: 0xEE, count: (length + 2) / 3 * 4 + 64)
                let count = bytes.withUnsafeBytes { bytes in
                    text.withUnsafeMutableBytes { Base64.encode(bytes, into: $0, in: steps) }
                }
                #expect(count == (length + 2) / 3 * 4 && text[count...].allSatisfy { $0 == 0xEE })
                return text
            }
            for steps in Base64.Steps.possible {
                #expect(encode(in: steps) == encode(in: .small), "length \(length), \(steps)")
            }
        }
    }

    @Test("Base64 of every length and byte is what openssl prints")
    func base64AsOpenSSL() throws {
        var generator = SystemRandomNumberGenerator()
        for length in Array(0...70) + [4096, 1_000_003] {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(bytes.base64 == reference(bytes), "bytes: \(length < 100 ? bytes : [])")
        }
        let pairs = (0...UInt16.max).flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        #expect(pairs.base64 == reference(pairs))
    }

    /// The same by OpenSSL (EVP_EncodeBlock(3)), which counts in int and appends a NUL.
    private func reference(_ bytes: [UInt8]) -> [UInt8] {
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let length = EVP_EncodeBlock(&text, bytes, CInt(bytes.count))
        return Array(text.prefix(Int(length)))
    }
}
