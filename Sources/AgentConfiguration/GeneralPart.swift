internal import Glibc

/// What stands outside modules in a configuration that is read piece by piece: its text with a blank line in place of each
/// line of a module, so that lines keep their numbers.
///
/// Modules are by far the larger part of a large configuration. Neither they nor the file are ever held whole here.
struct GeneralPart: Sendable {
    /// The text so far.
    private(set) var bytes: [UInt8] = []
    private var isInModule = false
    /// How many lines ended since what was kept last. Those at the end of the text need not be there.
    private var endsBefore = 0
    /// Of a line whose end has not come yet.
    private var beginning: [UInt8] = []
    private var isFirstLine = true

    /// Takes the next piece of the file.
    mutating func take(_ piece: UnsafeRawBufferPointer) {
        var rest = piece
        while let line = rest.firstLine {
            rest = UnsafeRawBufferPointer(rebasing: rest[(line.count + 1)...])
            if beginning.isEmpty {
                take(line: line)
            } else {
                beginning.append(contentsOf: line)
                takeBeginning()
            }
        }
        beginning.append(contentsOf: rest)
    }

    /// Ends the file, whose last line may have no end.
    mutating func finish() {
        if !beginning.isEmpty { takeBeginning() }
    }

    private mutating func takeBeginning() {
        let line = beginning
        beginning = []
        line.withUnsafeBytes { take(line: $0) }
    }

    private mutating func take(line: UnsafeRawBufferPointer) {
        var line = line
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: ConfigurationText.byteOrderMark) {
                bytes += ConfigurationText.byteOrderMark
                line = UnsafeRawBufferPointer(rebasing: line[ConfigurationText.byteOrderMark.count...])
            }
        }
        switch Self.word(of: line) {
        case .begin: isInModule = true
        case .end: isInModule = false
        case .token(ModuleToken.pluginIndex): break
        case .token, nil: if !isInModule { append(line) }
        }
        endsBefore += 1
    }

    private mutating func append(_ line: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "\n"), count: endsBefore))
        endsBefore = 0
        bytes.append(contentsOf: line)
    }

    /// What the first word of a line means for modules, where the line is one that counts.
    private static func word(of line: UnsafeRawBufferPointer) -> ModuleWord? {
        // Most lines are settings of modules, and need no closer look.
        let start = line.endOfSpace(from: 0, to: line.count)
        guard start + 8 < line.count, line[start + 6] == UInt8(ascii: "_") else { return nil }
        switch (line[start + 7], line[start + 8]) {
        case (UInt8(ascii: "b"), UInt8(ascii: "e")), (UInt8(ascii: "e"), UInt8(ascii: "n")),
            (UInt8(ascii: "p"), UInt8(ascii: "l")):
            break
        default: return nil
        }
        guard let parsed = ConfigurationLine(in: line, 0..<line.count, number: 1), parsed.damage?.isFatal != true else {
            return nil
        }
        return ModuleWord(
            UnsafeRawBufferPointer(rebasing: line[Int(parsed.token.lowerBound)..<Int(parsed.token.upperBound)]))
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes before the first LF; `nil` where there is none.
    fileprivate var firstLine: UnsafeRawBufferPointer? {
        guard let start = baseAddress, let end = memchr(start, CInt(UInt8(ascii: "\n")), count) else { return nil }
        return UnsafeRawBufferPointer(start: start, count: UnsafeRawPointer(end) - start)
    }
}
