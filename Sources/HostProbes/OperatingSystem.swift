internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// What the host runs: the distribution's name (os-release(5)) and the kernel (uname(2)).
public struct OperatingSystem: Sendable, Hashable {
    /// The name for people: `PRETTY_NAME` of os-release, or the kernel's release where there is none.
    public let name: String
    /// The distribution's short name, such as `debian`; `nil` where os-release says none.
    public let identifier: String?
    /// The distribution's version, such as `12`; `nil` where os-release says none (rolling ones do not).
    public let version: String?
    /// The kernel.
    public let kernel: Kernel

    /// What the kernel says of itself (uname(2)).
    public struct Kernel: Sendable, Hashable, CustomStringConvertible {
        /// The kernel's name, `Linux`.
        public let name: String
        /// The host's name, as set on the host, without a look at DNS.
        public let hostName: String
        /// The release, such as `6.1.0-18-amd64`.
        public let release: String
        /// The build, such as `#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1`.
        public let version: String
        /// The kind of machine, such as `x86_64` or `aarch64`.
        public let machine: String

        /// The line that `uname -a` prints.
        public var description: String {
            "\(name) \(hostName) \(release) \(version) \(machine) GNU/Linux"
        }
    }

    /// Reads `os-release` in /etc, then in /usr/lib, and what the kernel says.
    public init(_ roots: HostRoots = .system) {
        let release =
            (try? Files.read(roots.etc.appending("os-release"), limit: SizeLimit.value))
            ?? (try? Files.read(roots.top.appending("usr/lib/os-release"), limit: SizeLimit.value))
        let fields = release.map { Self.fields(ofRelease: $0) } ?? [:]
        func field(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
        kernel = Kernel(roots)
        name = field("PRETTY_NAME") ?? kernel.release
        identifier = field("ID")
        version = field("VERSION_ID")
    }

    /// The assignments of an os-release file (os-release(5)), unquoted as a shell would.
    static func fields(ofRelease bytes: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        bytes.forEachLine { line in
            let line = line.trimmed
            guard line.first != UInt8(ascii: "#"), let (name, value) = line.cut(at: Byte.equals) else { return }
            fields[name.trimmed.text] = unquoted(value).text
        }
        return fields
    }

    private static func unquoted(_ value: Bytes) -> Bytes {
        let single = UInt8(ascii: "'")
        var result: [UInt8] = []
        var quote: UInt8?
        var isEscaped = false
        for byte in value {
            if isEscaped {
                result.append(byte)
                isEscaped = false
            } else if byte == Byte.backslash, quote != single {
                isEscaped = true
            } else if byte == quote {
                quote = nil
            } else if quote == nil, byte == single || byte == UInt8(ascii: "\"") {
                quote = byte
            } else {
                result.append(byte)
            }
        }
        return result[...]
    }
}

extension OperatingSystem.Kernel {
    /// Reads /proc/sys/kernel; what is not there comes from uname(2).
    init(_ roots: HostRoots) {
        var running = utsname()
        uname(&running)
        func field(_ file: String, _ fallback: String) -> String {
            guard let value = try? Files.value(roots.proc.appending("sys/kernel/\(file)")), !value.isEmpty else {
                return fallback
            }
            return value.text
        }
        name = field("ostype", text(of: &running.sysname))
        hostName = field("hostname", text(of: &running.nodename))
        release = field("osrelease", text(of: &running.release))
        version = field("version", text(of: &running.version))
        machine = field("arch", text(of: &running.machine))
    }
}

/// The text in a C array of characters, up to its first zero byte.
private func text<Characters>(of characters: inout Characters) -> String {
    withUnsafeBytes(of: &characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
