internal import SystemFiles
internal import SystemPackage

/// `ehorus_conf`: the identifier that a configuration of eHorus holds, as a custom field.
enum EHorusKey {
    /// The custom field's name.
    static let fieldName = "eHorusID"

    /// Why there is no key, as a sentence.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// The value of the last `eh_key` line of a file.
    ///
    /// - Throws: ``SystemError``, or ``Missing``.
    static func read(_ file: FilePath) throws -> String {
        let text = String(decoding: try Files.read(file, limit: 1 << 20), as: UTF8.self)
        let keys = text.split(whereSeparator: \.isNewline).compactMap { line -> Substring? in
            let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            guard words.count == 2, words[0] == "eh_key" else { return nil }
            return words[1].split(whereSeparator: \.isWhitespace).first
        }
        guard let key = keys.last else { throw Missing(description: "there is no line 'eh_key KEY' in \(file)") }
        return String(key)
    }
}
