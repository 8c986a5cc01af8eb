import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import HostProbes

@Suite("Large hosts")
struct ScaleTests {
    @Test("100,000 processes are all read")
    func processes() throws {
        try withTemporaryFolderInMemory { folder in
            let roots = HostRoots(top: folder)
            try Files.makeFolder(roots.proc)
            // Plain text and C calls, as a hundred thousand paths take long to build.
            let one = Fixture.debian.proc.appending("801").string
            let places = (1...100_000).map { "\(roots.proc.string)/\($0)" }
            for place in places { try #require(symlink(one, place) == 0) }
            defer { for place in places { unlink(place) } }
            var count = 0
            var matching = 0
            let limitations = try ProcessTable.forEach(roots, details: [.commandLine]) { process in
                count += 1
                if process.matches("mysqld") { matching += 1 }
            }
            #expect(count == 100_000)
            #expect(matching == 100_000)
            #expect(limitations.isEmpty)
        }
    }

    @Test("50,000 packages are all read, in their order")
    func packages() throws {
        try withTemporaryFolderInMemory { folder in
            let path = folder.appending("var/lib/dpkg")
            try Files.makeFolder(path)
            var status: [UInt8] = []
            for number in 1...50_000 {
                status += Array(
                    """
                    Package: package-\(number)
                    Status: install ok \(number % 10 == 0 ? "half-installed" : "installed")
                    Architecture: amd64
                    Version: 1:\(number)-1
                    Depends: libc6 (>= 2.34)
                    Description: number \(number)
                     More of it.


                    """.utf8)
            }
            try Files.create(path.appending("status"), status)
            var last = 0
            var isInOrder = true
            var count = 0
            let limitations = PackageDatabase.forEach(HostRoots(top: folder)) { package in
                count += 1
                let number = Int(package.name.dropFirst(8)) ?? 0
                if number <= last || package.description != "number \(number)" { isInOrder = false }
                last = number
            }
            #expect(count == 45_000)
            #expect(isInOrder)
            #expect(limitations.isEmpty)
        }
    }
}
