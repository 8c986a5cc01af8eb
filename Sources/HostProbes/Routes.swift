internal import SystemFiles
internal import SystemPackage

/// A route of the main tables (proc(5), /proc/net/route and /proc/net/ipv6_route), in the columns of route(8).
public struct Route: Sendable, Hashable {
    /// The network that it leads to; `0.0.0.0` or `::` for the default route.
    public let destination: String
    /// The next host on the way; `0.0.0.0` or `::` where the network is reached directly.
    public let gateway: String
    /// The network's mask, or `/` and the length of the prefix for IPv6.
    public let mask: String
    /// Letters: `U` up, `G` through a gateway, `H` to a host, `D` and `M` made or changed by a redirect, `R` to be
    /// reinstated, `!` refused.
    public let flags: String
    /// The route's cost; the lowest wins.
    public let metric: UInt32
    /// How often it was looked up, where the kernel counts that.
    public let use: UInt32
    /// The interface.
    public let interface: String
}

extension Route {
    /// The routes of both versions of the protocol. A table that the kernel does not have, as without IPv6, is empty; the routes
    /// of the IPv6 table that deliver to the host itself are left out, as route(8) keeps them in a table of their own for
    /// IPv4.
    public static func all(_ roots: HostRoots = .system) -> Reading<[Route]> {
        var reading = Reading<[Route]>([])
        let tables: [(String, ([UInt8]) -> [Route])] = [("route", parse), ("ipv6_route", parseVersion6)]
        for (file, parse) in tables {
            do throws(SystemError) {
                reading.value += parse(try Files.read(roots.proc.appending("net/\(file)"), limit: SizeLimit.table))
            } catch {
                if error.code != .noSuchFileOrDirectory { reading.limitations.append(Limitation("the routes", error)) }
            }
        }
        return reading
    }

    /// Columns: interface, destination, gateway, flags, references, use, metric, mask.
    static func parse(_ bytes: [UInt8]) -> [Route] {
        bytes.lines.dropFirst().compactMap { line in
            let columns = line.words
            guard columns.count >= 8, let destination = IPText.version4(kernelHexadecimal: columns[1]),
                let gateway = IPText.version4(kernelHexadecimal: columns[2]),
                let flags = columns[3].hexadecimal(as: UInt32.self), let use = columns[5].decimal(as: UInt32.self),
                let metric = columns[6].decimal(as: UInt32.self),
                let mask = IPText.version4(kernelHexadecimal: columns[7])
            else { return nil }
            return Route(
                destination: destination, gateway: gateway, mask: mask, flags: letters(flags), metric: metric, use: use,
                interface: columns[0].text)
        }
    }

    /// Columns: destination, its prefix, source, its prefix, gateway, metric, references, use, flags, interface.
    static func parseVersion6(_ bytes: [UInt8]) -> [Route] {
        bytes.lines.compactMap { line in
            let columns = line.words
            guard columns.count >= 10, let destination = IPText.version6(hexadecimal: columns[0]),
                let prefix = columns[1].hexadecimal(as: UInt8.self), prefix <= 128,
                let gateway = IPText.version6(hexadecimal: columns[4]),
                let metric = columns[5].hexadecimal(as: UInt32.self), let use = columns[7].hexadecimal(as: UInt32.self),
                let flags = columns[8].hexadecimal(as: UInt32.self)
            else { return nil }
            let isOwn = flags & (Flag.local | Flag.anycast) != 0
            let isMulticast = destination.hasPrefix("ff") && prefix == 8
            // The kernel's own entry that stands for "no route".
            let isEmptyEntry = metric == .max && flags & Flag.reject != 0
            if isOwn || isMulticast || isEmptyEntry { return nil }
            return Route(
                destination: destination, gateway: gateway, mask: "/\(prefix)", flags: letters(flags), metric: metric,
                use: use, interface: columns[9].text)
        }
    }

    /// Bits of the column of flags (linux/route.h, linux/ipv6_route.h).
    private enum Flag {
        static let reject: UInt32 = 0x0200
        static let anycast: UInt32 = 0x0010_0000
        static let local: UInt32 = 0x8000_0000
        static let letters: [(UInt32, Character)] = [
            (0x0001, "U"), (0x0002, "G"), (0x0004, "H"), (0x0008, "R"), (0x0010, "D"), (0x0020, "M"),
            (0x0004_0000, "A"), (reject, "!"),
        ]
    }

    private static func letters(_ flags: UInt32) -> String {
        String(Flag.letters.filter { flags & $0.0 != 0 }.map(\.1))
    }
}
