import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

@testable import Tentacle

/// The dialogues that were recorded from a real server, played against the double. The record lives beside the
/// repository's folder: ../shared/data/tentacle/transcripts.md.
@Suite("Recorded dialogues")
struct TranscriptTests {
    struct Dialogue: Sendable, CustomTestStringConvertible {
        let title: String
        var lines: [(side: Character, text: String)] = []
        var testDescription: String { title }
    }

    @Test("The double behaves as the recorded server in every dialogue")
    func replay() throws {
        let dialogues = try readDialogues()
        #expect(dialogues.count >= 18)
        var plain = TentacleServerDouble.Behaviour()
        plain.idleLimit = 300
        var secured = plain
        secured.password = "secret"
        let plainServer = try TentacleServerDouble(plain)
        let securedServer = try TentacleServerDouble(secured)
        defer {
            plainServer.stop()
            securedServer.stop()
        }
        for dialogue in dialogues {
            let isSecured = ["PASS right", "PASS wrong", "no PASS"].contains { dialogue.title.hasPrefix($0) }
            try play(dialogue, on: isSecured ? securedServer : plainServer)
        }
    }

    private let document = Array(#"<?xml version="1.0"?><agent_data agent_name="x"/>"#.utf8)

    private func readDialogues() throws -> [Dialogue] {
        let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        let path = root.removingLastComponent().appending("shared/data/tentacle/transcripts.md")
        guard let bytes = try? Files.read(path, limit: 1 << 20) else {
            throw Program.Failure(description: "\(path) with the recorded dialogues is missing")
        }
        var dialogues: [Dialogue] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            if line.hasPrefix("## ") {
                dialogues.append(Dialogue(title: String(line.dropFirst(3))))
            } else if !dialogues.isEmpty, line.hasPrefix("C: ") || line.hasPrefix("S: "), let side = line.first {
                dialogues[dialogues.count - 1].lines.append((side, String(line.dropFirst(3))))
            }
        }
        return dialogues
    }

    /// Plays the client's lines and compares the server's.
    private func play(_ dialogue: Dialogue, on server: TentacleServerDouble) throws {
        let client = try RawClient(port: server.port)
        let archive = try ZIPArchive.pack(document, name: "z.1.data")
        var bodySize = 0
        for (side, text) in dialogue.lines {
            let comment = Comment(rawValue: "\(dialogue.title): \(side): \(text)")
            if side == "C" {
                var bytes = unescape(text)
                if text == "(49 bytes)" { bytes = document }
                if text.hasPrefix("(ZIP archive") { bytes = archive }
                if text.hasPrefix("(first 60 bytes") { bytes = Array(archive.prefix(60)) }
                if text.contains("SIZE 169") {
                    // The archive that was recorded is not ours; its size is the only difference.
                    bytes = Array("ZSEND <z.1.data> SIZE \(archive.count)\n".utf8)
                }
                if text.contains("1100 bytes") {
                    bytes = Array("RECV <\(String(repeating: "a", count: 1100))>\n".utf8)
                }
                try client.send(bytes)
            } else if text.hasPrefix("(connection closed") {
                #expect(try client.read(1).isEmpty, comment)
            } else if text == "(270 bytes)" {
                let unpacked = try ZIPArchive.unpack(try client.read(bodySize), limit: 1000)
                #expect(unpacked == document, comment)
            } else if text.hasPrefix("ZRECV SIZE") {
                let answer = String(decoding: try client.read(nil), as: UTF8.self)
                bodySize = Int(answer.dropFirst("ZRECV SIZE ".count).dropLast()) ?? 0
                #expect(bodySize > 0, comment)
            } else {
                let expected = unescape(text)
                let answer = try client.read(expected.last == UInt8(ascii: "\n") ? nil : expected.count)
                #expect(answer == expected, comment)
            }
        }
    }

    private func unescape(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            bytes.append(next == UInt8(ascii: "n") ? 10 : 13)
        }
        return bytes
    }
}
