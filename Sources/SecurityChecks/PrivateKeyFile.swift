/// What a file with a private key says of itself. The key is not kept.
struct PrivateKeyFile: Sendable, Hashable {
    /// What it takes to use the key.
    enum Protection: Sendable, Hashable {
        /// The file is enough.
        case none
        /// A pass phrase.
        case passPhrase
        /// The security device that it belongs to.
        case device
    }

    /// The form of the file, such as `OpenSSH`.
    let format: String
    let protection: Protection

    /// Finds a private key in a file's bytes; one without protection before others. `nil` where there is none.
    ///
    /// Known are OpenSSH's own form, PEM in its traditional form (RFC 1421) and as PKCS #8 (RFC 7468), both in DER too,
    /// PuTTY's versions 1 to 3, those of ssh.com, and those of version 1 of the protocol.
    static func find(in bytes: [UInt8]) -> PrivateKeyFile? {
        if bytes.starts(with: oldMagic) {
            // The magic text with its line break and NUL, then the number of the cipher, 0 for none.
            return bytes.dropFirst(oldMagic.count + 2).first.map {
                PrivateKeyFile(format: "SSH 1", protection: $0 == 0 ? .none : .passPhrase)
            }
        }
        if bytes.first == 0x30 {
            return der(bytes[...]).map { PrivateKeyFile(format: "\($0) in DER", protection: .none) }
        }
        let found = inText(bytes)
        return found.first { $0.protection == .none } ?? found.first
    }

    private static let oldMagic = Array("SSH PRIVATE KEY FILE FORMAT 1.1".utf8)
    private static let puttyMagic = "PuTTY-User-Key-File-"
    private static let begin = "-----BEGIN "
    private static let comBegin = "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"

    private static func inText(_ bytes: [UInt8]) -> [PrivateKeyFile] {
        let lines = bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        if let first = lines.first, first.starts(with: puttyMagic.utf8) {
            // "Encryption: none" is within the first lines, before the public key.
            guard let line = lines.prefix(8).first(where: { $0.starts(with: "Encryption:".utf8) }) else { return [] }
            let cipher = SSHDWords.text(line.dropFirst("Encryption:".utf8.count)).filter { $0 != " " }
            return [PrivateKeyFile(format: "PuTTY", protection: cipher == "none" ? .none : .passPhrase)]
        }
        var found: [PrivateKeyFile] = []
        var index = 0
        while index < lines.count {
            let line = lines[index]
            index += 1
            let isCom = line.starts(with: comBegin.utf8)
            guard isCom || line.starts(with: begin.utf8) else { continue }
            var label = SSHDWords.text(line.dropFirst(begin.utf8.count).prefix(60))
            if let dashes = label.firstIndex(of: "-") { label = String(label[..<dashes]) }
            guard isCom || label.hasSuffix("PRIVATE KEY") else { continue }
            let start = index
            while index < lines.count, !lines[index].starts(with: "----".utf8) { index += 1 }
            // What has no end is no key.
            guard index < lines.count else { break }
            if let key = block(isCom ? nil : label, lines[start..<index]) { found.append(key) }
        }
        return found
    }

    /// Reads what stands between the lines that begin and end a key.
    ///
    /// - Parameter label: What the beginning says; `nil` for the form of ssh.com.
    private static func block(_ label: String?, _ lines: ArraySlice<ArraySlice<UInt8>>) -> PrivateKeyFile? {
        let isEncrypted = lines.contains {
            $0.starts(with: "Proc-Type:".utf8) && SSHDWords.text($0).contains("ENCRYPTED")
        }
        // Headers have a colon; those of ssh.com go on in the next line after a backslash.
        var body: [UInt8] = []
        var isContinued = false
        for line in lines {
            let isHeader = isContinued || line.contains(UInt8(ascii: ":"))
            isContinued = isHeader && line.last == UInt8(ascii: "\\")
            if !isHeader { body += line }
        }
        guard let bytes = KeyBase64.decode(body), !bytes.isEmpty else { return nil }
        switch label {
        case nil: return com(bytes)
        case "OPENSSH PRIVATE KEY"?: return openSSH(bytes)
        case "ENCRYPTED PRIVATE KEY"?: return PrivateKeyFile(format: "PKCS #8", protection: .passPhrase)
        case let label?:
            let format = label == "PRIVATE KEY" ? "PKCS #8" : "PEM"
            if isEncrypted { return PrivateKeyFile(format: format, protection: .passPhrase) }
            return bytes.first == 0x30 ? PrivateKeyFile(format: format, protection: .none) : nil
        }
    }

    /// PROTOCOL.key of OpenSSH: a magic text, the cipher, the derivation of its key with options, the number of keys, the
    /// public key.
    private static func openSSH(_ bytes: [UInt8]) -> PrivateKeyFile? {
        let magic = Array("openssh-key-v1".utf8) + [0]
        guard bytes.starts(with: magic) else { return nil }
        var reader = SSHWireReader(bytes.dropFirst(magic.count))
        guard let cipher = reader.string(), reader.string() != nil, reader.string() != nil, reader.number() != nil,
            let blob = reader.string()
        else { return nil }
        let isOnDevice = SSHPublicKey(blob: Array(blob))?.isOnDevice == true
        let open: Protection = isOnDevice ? .device : .none
        return PrivateKeyFile(
            format: "OpenSSH", protection: cipher.elementsEqual("none".utf8) ? open : .passPhrase)
    }

    /// The form of ssh.com: a magic number, the length, the type of the key, the cipher.
    private static func com(_ bytes: [UInt8]) -> PrivateKeyFile? {
        var reader = SSHWireReader(bytes)
        guard reader.number() == 0x3F6F_F9EB, reader.number() != nil, reader.string() != nil,
            let cipher = reader.string()
        else { return nil }
        return PrivateKeyFile(
            format: "ssh.com", protection: cipher.elementsEqual("none".utf8) ? .none : .passPhrase)
    }

    /// The form of a private key in DER: a sequence as long as the file that begins with a version, behind which PKCS #8 has a
    /// sequence, SEC 1 (RFC 5915) an octet string and PKCS #1 (RFC 8017) a number. `nil` where it is none.
    private static func der(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.count > 16 else { return nil }
        let bytes = Array(bytes)
        let header: Int
        let length: Int
        switch bytes[1] {
        case 0..<0x80: (header, length) = (2, Int(bytes[1]))
        case 0x81: (header, length) = (3, Int(bytes[2]))
        case 0x82: (header, length) = (4, Int(bytes[2]) << 8 | Int(bytes[3]))
        default: return nil
        }
        guard header + length == bytes.count, bytes[header] == 0x02, bytes[header + 1] == 0x01 else { return nil }
        switch (bytes[header + 2], bytes[header + 3]) {
        case (0...1, 0x30): return "PKCS #8"
        case (1, 0x04): return "SEC 1"
        case (0, 0x02): return "PKCS #1"
        default: return nil
        }
    }
}
