internal import Glibc
internal import SystemFiles
public import SystemPackage

/// The reference client's command line: sends files to a server or gets them from it.
public struct TentacleCommand {
    /// What the command needs of its surroundings.
    public struct Surroundings {
        /// Prints a line on standard output.
        public var print: (String) -> Void
        /// Prints a line on standard error.
        public var complain: (String) -> Void
        /// Asks on the terminal for the pass phrase of a key; `nil` where there is no answer.
        public var askForPassPhrase: @Sendable (_ key: FilePath) -> Secret?
        /// Where received files go.
        public var folder: FilePath
        /// Where compressed files are kept on the way.
        public var scratch: FilePath

        /// Describes the surroundings.
        public init(
            print: @escaping (String) -> Void, complain: @escaping (String) -> Void,
            askForPassPhrase: @escaping @Sendable (FilePath) -> Secret?, folder: FilePath = ".",
            scratch: FilePath = "/tmp"
        ) {
            self.print = print
            self.complain = complain
            self.askForPassPhrase = askForPassPhrase
            self.folder = folder
            self.scratch = scratch
        }
    }

    /// The options and what they do, for `-h`.
    public static let help = """
        Usage: tentacle_client [options] file...
        Sends files to a Tentacle server, or gets them from it.

          -a ADDRESS   the server's name or address (127.0.0.1)
          -p PORT      the server's port (41121)
          -b ADDRESS   the local address to connect from
          -c           TLS without a client certificate
          -e FILE      TLS with this client certificate (PEM)
          -k FILE      the private key of the certificate
          -w           ask for the key's pass phrase
          -f FILE      verify the server against these authorities (needs -e)
          -x PASSWORD  the server's password; other users of this host can see it
          -g           get the files instead of sending them
          -z           compress the files on the wire
          -r NUMBER    retries after a failure of the network (3)
          -t SECONDS   give up when nothing happens for so long (10)
          -y PROXY     an HTTP proxy, as user:password@host:port or host:port
          -q           no messages
          -v           more messages
          -h           this text
        """

    /// The most bytes of a file that is received: what one archive can hold.
    public static let largestReceivedFile = ZIPArchive.largestMember

    private let options: TentacleOptions
    private let surroundings: Surroundings

    /// Runs a command line.
    ///
    /// - Parameter arguments: The words after the program's name.
    /// - Returns: The exit status: 0 where every file was transferred, else 1.
    public static func run(_ arguments: [String], _ surroundings: Surroundings) -> CInt {
        let options: TentacleOptions
        do throws(TentacleOptions.Mistake) {
            options = try TentacleOptions(arguments)
        } catch {
            surroundings.complain("\(error); -h explains the options")
            return 1
        }
        if options.asksForHelp {
            // Nothing was transferred: the reference client ends with 1 as well.
            surroundings.print(help)
            return 1
        }
        if options.files.isEmpty {
            surroundings.complain("no file is named; -h explains the options")
            return 1
        }
        return TentacleCommand(options: options, surroundings: surroundings).transferAll() ? 0 : 1
    }

    private func transferAll() -> Bool {
        // A person may send a file of any size; only a connection on which nothing happens is given up.
        let limits = TimeLimits(total: .seconds(7 * 86_400))
        let server = TentacleServer(host: "127.0.0.1", limits: limits).applying(
            options, askForPassPhrase: surroundings.askForPassPhrase)
        var policy = RetryPolicy(budget: .seconds(600))
        if let retries = options.retries { policy.retries = retries }
        let session = TentacleSession(
            server, retry: policy, compression: options.compresses ? .on(scratch: surroundings.scratch) : .off)
        session.onRetry = { error, _ in report("\(error); trying again") }
        defer { session.end() }

        var isComplete = true
        for file in options.files {
            do throws(TentacleError) {
                let transfer = try options.receives ? receive(file, session) : send(file, session)
                if options.isVerbose { surroundings.print(line(transfer)) }
            } catch {
                report("\(printable(file)): \(error)")
                isComplete = false
                // The next file would fail for the same reason.
                if error.consequence != .finalForFile { break }
            }
        }
        return isComplete
    }

    private func send(_ file: String, _ session: TentacleSession) throws(TentacleError) -> TentacleTransfer {
        let path = FilePath(file)
        let source: OpenFile
        do throws(SystemError) {
            source = try OpenFile(path, options: .nonBlocking)
        } catch {
            throw .unreadableSource(reason: "\(error)")
        }
        let name = try TentacleFileName(path.lastComponent?.string ?? "")
        return try session.send(.file(source.descriptor), as: name)
    }

    /// Receives a file beside its final name, so that a failure leaves an older file of that name alone.
    private func receive(_ file: String, _ session: TentacleSession) throws(TentacleError) -> TentacleTransfer {
        let name = try TentacleFileName(file)
        let beside = surroundings.folder.appending(".tentacle-\(UInt64.random(in: 0 ... .max))")
        defer { unlink(beside.string) }
        let target: OpenFile
        do throws(SystemError) {
            target = try OpenFile(
                beside, .readWrite, options: [.create, .exclusiveCreate, .noFollow], permissions: .ownerReadWrite)
        } catch {
            throw .unwritableDestination(error.code)
        }
        let transfer = try session.receive(
            name, into: target.descriptor, limit: TentacleCommand.largestReceivedFile)
        do throws(SystemError) {
            try Files.rename(beside, to: surroundings.folder.appending(name.description))
        } catch {
            throw .unwritableDestination(error.code)
        }
        return transfer
    }

    private func report(_ sentence: String) {
        if !options.isQuiet { surroundings.complain(sentence) }
    }

    private func line(_ transfer: TentacleTransfer) -> String {
        let verb = options.receives ? "received" : "sent"
        let security = transfer.peer.tls.map { "\($0.version) \($0.cipher)" } ?? "in the clear"
        return "\(transfer.name): \(verb) \(transfer.size) bytes (\(transfer.wireSize) on the wire), "
            + "\(transfer.peer.address), \(security)"
    }
}
