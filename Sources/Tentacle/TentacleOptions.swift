public import SystemPackage

/// The options of the reference client's command line, which `server_opts` of an agent's configuration holds too.
///
/// An option that is absent is `nil` or `false`: the caller's own settings hold then.
public struct TentacleOptions: Sendable, Equatable {
    /// `-a`: the server's name or address.
    public var address: String?
    /// `-p`: the server's port.
    public var port: UInt16?
    /// `-b`: the local address to connect from.
    public var localAddress: String?
    /// `-c`: TLS without a client certificate.
    public var usesTLS = false
    /// `-e`: the client's certificate; means TLS.
    public var certificate: FilePath?
    /// `-k`: the certificate's private key.
    public var key: FilePath?
    /// `-f`: the authorities that the server's certificate is verified against.
    public var authorities: FilePath?
    /// `-w`: ask for the key's pass phrase.
    public var asksForPassPhrase = false
    /// `-x`: the server's password.
    public var password: Secret?
    /// `-g`: receive the files instead of sending them.
    public var receives = false
    /// `-z`: compress on the wire.
    public var compresses = false
    /// `-r`: how often a failed transfer is tried again.
    public var retries: Int?
    /// `-t`: the seconds without progress after which a connection is given up.
    public var timeLimit: Int?
    /// `-y`: the HTTP proxy.
    public var proxy: HTTPProxy?
    /// `-q`: no messages.
    public var isQuiet = false
    /// `-v`: more messages.
    public var isVerbose = false
    /// `-h`: only explain the options.
    public var asksForHelp = false
    /// What follows the options: the files.
    public var files: [String] = []

    /// Reads the words of a command line, without the program's name.
    ///
    /// Options may be joined (`-cv`), a value may follow its option directly (`-p41121`), and `--` ends the options.
    ///
    /// - Throws: The first ``Mistake``. Its text never holds a value, which may be a password at the wrong place.
    public init(_ words: [String]) throws(Mistake) {
        var index = 0
        while index < words.count, words[index].hasPrefix("-"), words[index] != "-" {
            if words[index] == "--" {
                index += 1
                break
            }
            var letters = words[index].dropFirst()
            let word = index + 1
            while let letter = letters.popFirst() {
                if set(flag: letter) { continue }
                guard TentacleOptions.lettersWithValue.contains(letter) else {
                    throw Mistake(option: letter, word: word, reason: .unknown)
                }
                var value = String(letters)
                letters = ""
                if value.isEmpty {
                    index += 1
                    guard index < words.count else { throw Mistake(option: letter, word: word, reason: .valueMissing) }
                    value = words[index]
                }
                guard set(letter, value) else { throw Mistake(option: letter, word: word, reason: .valueUnusable) }
            }
            index += 1
        }
        files = Array(words[index...])
        try checkCombination(words: words.count)
    }

    /// Reads the text of `server_opts`: the words of a command line, quoted as for a shell, and no files.
    public init(serverOptions text: String) throws(Mistake) {
        let words: [String]
        do throws(ShellWords.UnclosedQuotation) {
            words = try ShellWords.split(text)
        } catch {
            throw Mistake(option: nil, word: error.word, reason: .unclosedQuotation(error.mark))
        }
        try self.init(words)
        if !files.isEmpty { throw Mistake(option: nil, word: words.count - files.count + 1, reason: .notAnOption) }
    }

    private static let lettersWithValue: Set<Character> = ["a", "p", "b", "e", "k", "f", "x", "r", "t", "y"]

    private mutating func set(flag: Character) -> Bool {
        switch flag {
        case "c": usesTLS = true
        case "w": asksForPassPhrase = true
        case "g": receives = true
        case "z": compresses = true
        case "q": isQuiet = true
        case "v": isVerbose = true
        case "h": asksForHelp = true
        default: return false
        }
        return true
    }

    /// - Returns: Whether the value is one for the option.
    private mutating func set(_ letter: Character, _ value: String) -> Bool {
        if value.isEmpty { return false }
        switch letter {
        case "a": address = value
        case "b": localAddress = value
        case "e": certificate = FilePath(value)
        case "k": key = FilePath(value)
        case "f": authorities = FilePath(value)
        case "x": password = Secret(value)
        case "p":
            guard let number = UInt16(value), number > 0 else { return false }
            port = number
        case "r":
            guard let number = Int(value), (0...1000).contains(number) else { return false }
            retries = number
        case "t":
            guard let number = Int(value), (1...86400).contains(number) else { return false }
            timeLimit = number
        case "y":
            guard let parsed = HTTPProxy(value) else { return false }
            proxy = parsed
        default: return false
        }
        return true
    }

    private func checkCombination(words: Int) throws(Mistake) {
        if usesTLS, certificate != nil { throw Mistake(option: "c", word: nil, reason: .excludes("e")) }
        if key != nil, certificate == nil { throw Mistake(option: "k", word: nil, reason: .needs("e")) }
        if authorities != nil, certificate == nil { throw Mistake(option: "f", word: nil, reason: .needs("e")) }
        if asksForPassPhrase, certificate == nil { throw Mistake(option: "w", word: nil, reason: .needs("e")) }
    }
}

extension TentacleOptions {
    /// Something in the options that cannot be used.
    public struct Mistake: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong.
        public enum Reason: Sendable, Hashable {
            /// There is no such option.
            case unknown
            /// The option needs a value, and nothing follows it.
            case valueMissing
            /// The value is not one for the option.
            case valueUnusable
            /// The option cannot go together with another one.
            case excludes(Character)
            /// The option means nothing without another one.
            case needs(Character)
            /// A word stands where only options may.
            case notAnOption
            /// A quotation mark is never closed.
            case unclosedQuotation(Character)
        }

        /// The option's letter; `nil` where the word is no option.
        public let option: Character?
        /// The word that it is in, counted from 1; `nil` where several words together are wrong.
        public let word: Int?
        /// What is wrong.
        public let reason: Reason

        /// The sentence for an operator.
        public var description: String {
            let place = word.map { " (word \($0))" } ?? ""
            let name = option.map { "option -\($0)" } ?? "word \(word ?? 0)"
            return switch reason {
            case .unknown: "\(name)\(place) is unknown"
            case .valueMissing: "\(name)\(place) needs a value"
            case .valueUnusable: "\(name)\(place) has a value that it cannot use"
            case .excludes(let other): "\(name) cannot go together with option -\(other)"
            case .needs(let other): "\(name) needs option -\(other)"
            case .notAnOption: "\(name) is not an option"
            case .unclosedQuotation(let mark): "\(name) has a quotation mark \(mark) that is never closed"
            }
        }
    }
}

extension TentacleServer {
    /// The server with those settings replaced that the options name.
    ///
    /// The levels follow from the options as in the reference client: `-c` level 1, `-e` level 2, `-e` with `-f` level
    /// 3. What was set for TLS otherwise (a pinned key, the oldest version, the name check) stays.
    ///
    /// - Parameter askForPassPhrase: Asks for the pass phrase of a key (`-w`).
    public func applying(
        _ options: TentacleOptions, askForPassPhrase: @escaping @Sendable (FilePath) -> Secret? = { _ in nil }
    ) -> TentacleServer {
        var server = self
        if let address = options.address { server.host = address }
        if let port = options.port { server.port = port }
        if let localAddress = options.localAddress { server.localAddress = localAddress }
        if let password = options.password { server.password = password }
        if let proxy = options.proxy { server.proxy = proxy }
        if let seconds = options.timeLimit {
            let limit = Duration.seconds(seconds)
            server.limits.connect = limit
            server.limits.handshake = limit
            server.limits.idle = limit
        }
        var tls = security.tls ?? TLSOptions()
        if let certificate = options.certificate {
            tls.clientCertificate = ClientCertificate(
                certificate: certificate, key: options.key,
                passPhrase: options.asksForPassPhrase ? .asked(askForPassPhrase) : .none)
            server.security = security.replacing(tls)
        } else if options.usesTLS {
            server.security = security.replacing(tls)
        }
        if let authorities = options.authorities {
            server.security = .verified(.file(authorities), security.nameCheck, tls)
        }
        return server
    }
}

extension TransportSecurity {
    /// The same level with other options; a plain connection becomes unverified TLS.
    fileprivate func replacing(_ options: TLSOptions) -> TransportSecurity {
        switch self {
        case .plain, .unverified: .unverified(options)
        case .verified(let authorities, let check, _): .verified(authorities, check, options)
        }
    }

    fileprivate var nameCheck: NameCheck {
        if case .verified(_, let check, _) = self { check } else { .host }
    }
}
