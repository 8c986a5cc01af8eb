import Digests
import Tentacle

/// The protocol on the server's side, as the recorded dialogues show it.
struct ServerDialogue {
    private let channel: ServerChannel
    private let server: TentacleServerDouble
    private var behaviour: TentacleServerDouble.Behaviour { server.behaviour }

    init(_ channel: ServerChannel, _ server: TentacleServerDouble) {
        self.channel = channel
        self.server = server
    }

    /// Serves commands until one ends the connection.
    func run() throws {
        if let password = behaviour.password {
            let digest = Digest.md5(Digest.md5(password)).hexadecimal
            guard try command() == "PASS \(digest)" else { return }
            try channel.answer("PASS OK")
        }
        while true {
            let line = try command()
            if let (name, size) = parse(line, "SEND") {
                try takeFile(name, size, "SEND")
            } else if let (name, size) = parse(line, "ZSEND"), behaviour.knowsCompression {
                try takeFile(name, size, "ZSEND")
            } else if let name = parse(line, "RECV", tail: "") {
                try giveFile(name, "RECV")
            } else if let name = parse(line, "ZRECV", tail: ""), behaviour.knowsCompression {
                try giveFile(name, "ZRECV")
            } else {
                return
            }
        }
    }

    /// Reads blocks of 1024 bytes; the command is complete when what has come so far ends with a line feed.
    private func command() throws -> String {
        var bytes: [UInt8] = []
        while bytes.last != UInt8(ascii: "\n") {
            bytes += try channel.read(1024)
            if bytes.count > 1 << 16 { throw ServerChannel.Ended.silently }
        }
        let line = String(decoding: bytes.dropLast(), as: UTF8.self)
        server.note(line: line)
        return line
    }

    private func parse(_ line: String, _ command: String) -> (name: String, size: Int)? {
        guard let mark = line.utf8.lastIndex(of: UInt8(ascii: ">")) else { return nil }
        let tail = line[line.index(after: mark)...]
        guard tail.hasPrefix(" SIZE "), let size = Int(tail.dropFirst(" SIZE ".count)), size >= 0 else { return nil }
        return parse(line, command, tail: String(tail)).map { ($0, size) }
    }

    private func parse(_ line: String, _ command: String, tail: String) -> String? {
        guard line.hasPrefix("\(command) <"), line.hasSuffix(">\(tail)") else { return nil }
        return String(line.dropFirst(command.count + 2).dropLast(tail.count + 1))
    }

    private func isValid(_ name: String) -> Bool {
        !name.utf8.contains { "?[]/\\=+<>:;',*~".utf8.contains($0) }
    }

    private func takeFile(_ name: String, _ size: Int, _ command: String) throws {
        if !isValid(name) || !(1...255).contains(name.utf8.count) {
            return try channel.answer("\(command) ERR (invalid file name)")
        }
        if size == 0 || size > behaviour.sizeLimit { return try channel.answer("\(command) ERR (file is too big)") }
        if !behaviour.overwrites, server.hasFile(name) {
            return try channel.answer("\(command) ERR (file already exists)")
        }
        try channel.answer("\(command) OK")

        var body: [UInt8] = []
        var left = size
        while left > 0 {
            let piece = try channel.read(min(left, 1 << 16))
            left -= piece.count
            if case .nowhere = behaviour.store {
                server.note(bodyBytes: piece.count)
            } else {
                body += piece
            }
        }
        if command == "ZSEND" {
            if case .nowhere = behaviour.store { return try channel.answer("ZSEND OK") }
            guard let unpacked = try? ZIPArchive.unpack(body, limit: 1 << 30) else {
                return try channel.answer("ZSEND ERR")
            }
            body = unpacked
        }
        try server.store(body, name)
        try channel.answer("\(command) OK")
    }

    private func giveFile(_ name: String, _ command: String) throws {
        if !isValid(name) { return try channel.answer("\(command) ERR (file has an invalid file name)") }
        guard var body = server.contents(name) else {
            return try channel.answer("\(command) ERR (file does not exist)")
        }
        if command == "ZRECV" { body = try ZIPArchive.pack(body, name: name) }
        try channel.answer("\(command) SIZE \(body.count)")
        // Any other line than OK means that the client does not want the body.
        if try self.command() == "\(command) OK" { try channel.send(body: body) }
    }
}
