internal import SystemFiles
internal import SystemPackage

/// Reads sshd_config with what it includes.
///
/// What sshd would do is done here, with bounds: a file has at most 1 MiB, all together have 4 MiB and 1024 files, and
/// includes nest 16 deep, which is sshd's own bound.
struct SSHDConfigurationReader {
    /// The bounds, which no configuration that people write comes near.
    enum Limit {
        static let file = 1 << 20
        static let all = 4 << 20
        static let files = 1024
        /// SERVCONF_MAX_DEPTH of OpenSSH's servconf.c.
        static let depth = 16
    }

    private let host: AuditedHost
    private var configuration = SSHDConfiguration()
    private var byteCount = 0
    private var fileCount = 0
    private var isStopped = false

    /// Reads the configuration that begins in a file of the host.
    static func read(_ file: FilePath, on host: AuditedHost) -> SSHDConfiguration {
        var reader = SSHDConfigurationReader(host: host)
        reader.read(file, under: [], depth: 0, includedBy: nil)
        return reader.configuration
    }

    private init(host: AuditedHost) { self.host = host }

    private mutating func stop(_ file: FilePath, _ line: Int?, _ reason: String, stopsSSHD: Bool = true) {
        configuration.obstacles.append(
            .init(
                file: file, line: line, reason: reason, stopsSSHD: stopsSSHD,
                position: configuration.directives.count))
        if stopsSSHD { isStopped = true }
    }

    private mutating func read(
        _ file: FilePath, under conditions: [SSHDMatch], depth: Int, includedBy: (file: FilePath, line: Int)?
    ) {
        if isStopped { return }
        if depth > Limit.depth {
            let place = includedBy ?? (file, 1)
            stop(place.file, place.line, "includes nest more than \(Limit.depth) deep")
            return
        }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(host.path(file), limit: Limit.file)
        } catch {
            switch error.code {
            // The manual does not say it, and sshd does it: a folder counts as an empty file.
            case .isDirectory: return
            case .fileTooLarge:
                stop(file, nil, "it is larger than \(Limit.file >> 20) MiB", stopsSSHD: false)
            case .permissionDenied, .notPermitted:
                stop(file, nil, "it cannot be read by this user", stopsSSHD: false)
            default:
                stop(file, nil, "it cannot be read: \(error.code)")
            }
            return
        }
        byteCount += bytes.count
        fileCount += 1
        if byteCount > Limit.all || fileCount > Limit.files {
            stop(file, nil, "there is too much of it with all that it includes", stopsSSHD: false)
            isStopped = true
            return
        }
        if !configuration.files.contains(file) { configuration.files.append(file) }
        // A Match line counts until the next one or to the end of its file.
        var own: SSHDMatch?
        for (number, line) in Self.lines(bytes) {
            read(line: line, number, of: file, under: conditions, &own, depth: depth)
            if isStopped { return }
        }
    }

    /// The lines with their numbers. As sshd reads lines as C strings, what follows a NUL is lost with the line's end, and
    /// the next line continues this one.
    static func lines(_ bytes: [UInt8]) -> [(number: Int, line: ArraySlice<UInt8>)] {
        guard bytes.contains(0) else {
            return bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().map { ($0 + 1, $1) }
        }
        var joined: [UInt8] = []
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let visible = line.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
            if let end = visible.firstIndex(of: 0) {
                joined += visible[..<end]
            } else {
                joined += visible
                joined.append(0x0A)
            }
        }
        return lines(joined)
    }

    private mutating func read(
        line: ArraySlice<UInt8>, _ number: Int, of file: FilePath, under outer: [SSHDMatch],
        _ own: inout SSHDMatch?, depth: Int
    ) {
        var rest: ArraySlice<UInt8>? = SSHDWords.trimmed(line)
        guard var word = SSHDWords.next(&rest) else { return }
        if word.isEmpty { word = SSHDWords.next(&rest) ?? [] }
        guard let first = word.first, first != UInt8(ascii: "#") else { return }
        let name = SSHDWords.text(word)
        guard let arguments = SSHDWords.arguments(rest ?? []) else {
            return stop(file, number, "a quote is not closed")
        }
        guard !arguments.isEmpty else { return stop(file, number, "\(name) has no argument") }
        let conditions = own.map { outer + [$0] } ?? outer
        switch name.lowercased() {
        case "match":
            do throws(SSHDMatch.Refusal) {
                own = try SSHDMatch(rest ?? [])
            } catch {
                stop(file, number, error.reason)
            }
        case "include":
            include(arguments, under: conditions, depth: depth, (file, number))
        default:
            guard let keyword = SSHDKeyword(named: name) else { return }
            set(keyword, name, arguments.map(SSHDWords.text), under: conditions, file, number)
        }
    }

    private mutating func set(
        _ keyword: SSHDKeyword, _ name: String, _ arguments: [String], under conditions: [SSHDMatch],
        _ file: FilePath, _ line: Int
    ) {
        guard keyword.isAllowedInMatch || conditions.allSatisfy(\.isAll) else {
            return stop(file, line, "\(name) is not allowed in a Match block")
        }
        guard let argument = arguments.first, !argument.isEmpty, let value = keyword.value(argument) else {
            return stop(file, line, "\(name) cannot be \(arguments.first.map { "'\($0)'" } ?? "empty")")
        }
        if keyword == .authorizedKeysFile {
            let value = arguments.joined(separator: " ")
            configuration.directives.append(
                .init(keyword: keyword, value: value, file: file, line: line, conditions: conditions))
            return
        }
        let isRoutingDomain =
            keyword == .listenAddress && arguments.count == 3 && arguments[1].lowercased() == "rdomain"
        guard arguments.count == 1 || isRoutingDomain else {
            return stop(file, line, "\(name) has more than one argument")
        }
        configuration.directives.append(
            .init(keyword: keyword, value: value, file: file, line: line, conditions: conditions))
    }

    private mutating func include(
        _ arguments: [[UInt8]], under conditions: [SSHDMatch], depth: Int, _ place: (file: FilePath, line: Int)
    ) {
        for argument in arguments {
            if argument.isEmpty { return stop(place.file, place.line, "Include has an empty argument") }
            let text = String(decoding: argument, as: UTF8.self)
            let pattern = FilePath(text.hasPrefix("/") || text.hasPrefix("~") ? text : "/etc/ssh/\(text)")
            guard pattern.isAbsolute else { continue }
            let found = HostGlob.files(pattern, on: host)
            if let unreadable = found.unreadable {
                stop(unreadable, nil, "its files cannot be listed by this user", stopsSSHD: false)
            }
            for file in found.files {
                read(file, under: conditions, depth: depth + 1, includedBy: place)
                if isStopped { return }
            }
        }
    }
}
