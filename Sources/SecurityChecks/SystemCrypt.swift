internal import Glibc
internal import SystemPackage

/// crypt(3) of the system, which knows every method of hashing that its log-ins know.
///
/// The library is loaded when a password is tried, since it has another name in each family of distributions
/// (`libcrypt.so.1` on Debian and with the older glibc, `libcrypt.so.2` on Fedora), and hosts without it have nothing to
/// try.
struct SystemCrypt: Sendable {
    private typealias Function =
        @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer) ->
        UnsafeMutablePointer<CChar>?

    /// Why the system's library cannot be used.
    struct Missing: Error {
        let reason: String
    }

    /// How a word compares with a hash.
    enum Answer: Sendable, Hashable {
        case isPassword
        case isOther
        /// The system cannot compute such a hash, so that nobody gets in by it either.
        case isUnknownMethod
        /// It could not be computed this time, for lack of memory.
        case failed(Errno)
    }

    private let function: Function

    /// Loads the library; it stays loaded.
    init() throws(Missing) {
        for name in ["libcrypt.so.1", "libcrypt.so.2"] {
            guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
            guard let symbol = dlsym(library, "crypt_r") else { continue }
            function = unsafeBitCast(symbol, to: Function.self)
            return
        }
        throw Missing(reason: "there is neither libcrypt.so.1 nor libcrypt.so.2")
    }

    /// Room for the state of one thread's calls.
    struct Scratch: ~Copyable {
        // struct crypt_data has 32 KiB in libxcrypt and 128 KiB in the older glibc, and begins as zeros.
        fileprivate let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)

        init() { memory.initializeMemory(as: UInt8.self, repeating: 0) }

        deinit {
            // The last word and the last hash are in it.
            if let start = memory.baseAddress { explicit_bzero(start, memory.count) }
            memory.deallocate()
        }
    }

    /// Hashes a word as a hash was made, and compares them.
    ///
    /// - Parameters:
    ///   - word: The word with a NUL behind it, at most 511 bytes, as crypt(3) takes no longer ones.
    ///   - hash: The hash with a NUL behind it.
    func compare(_ word: [CChar], with hash: [CChar], _ scratch: borrowing Scratch) -> Answer {
        guard word.last == 0, hash.last == 0, let memory = scratch.memory.baseAddress else { return .isOther }
        errno = 0
        guard let made = function(word, hash, memory), made.pointee != CChar(0x2A) else {
            let code = Errno(rawValue: errno)
            return code == .noMemory ? .failed(code) : .isUnknownMethod
        }
        return strcmp(made, hash) == 0 ? .isPassword : .isOther
    }
}
