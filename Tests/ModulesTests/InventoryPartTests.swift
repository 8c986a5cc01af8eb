import CommandRunner
import DataFile
import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Modules

@Suite("Parts of the inventory that need programs or libraries")
struct InventoryPartTests {
    private func rows(_ part: String, _ top: FilePath) async throws -> Reading<[[String]]> {
        let part = try #require(InventoryPart.all.first { $0.name == part })
        return await part.read(
            ModuleContext(
                host: HostReadings(roots: HostRoots(top: top)), environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
                state: [:], deadline: .now + .seconds(60), now: Int64(time(nil))))
    }

    /// - Parameter home: rpm makes files there.
    private func shell(_ script: String, home: FilePath) async throws {
        let result = await Command(
            .shell(script), environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home.string],
            timeLimit: .seconds(60)
        ).run()
        try #require(result.isSuccess, "\(String(decoding: result.errorOutput, as: UTF8.self))")
    }

    @Test("The packages of a root are those that rpmbuild made and rpm installed there")
    func rpm() async throws {
        try await withTemporaryFolder { folder in
            let spec = """
                Name: hello
                Epoch: 2
                Version: 1.5
                Release: 3
                Summary: Says; hello, and no more
                License: none
                BuildArch: noarch
                %description
                It says hello.
                %files

                """
            try Files.create(folder.appending("hello.spec"), spec.utf8)
            try await shell(
                """
                cd '\(folder)' && rpmbuild -bb --define '_topdir \(folder)/build' hello.spec >/dev/null 2>&1
                mkdir root && rpm --root '\(folder)/root' --dbpath /var/lib/rpm --initdb
                rpm --root '\(folder)/root' --dbpath /var/lib/rpm --nodeps -i build/RPMS/noarch/hello-1.5-3.noarch.rpm
                """, home: folder)
            let reading = try await rows("software", folder.appending("root"))
            #expect(reading.value.contains(["hello", "2:1.5-3", "Says; hello, and no more"]))
            #expect(reading.limitations.isEmpty, "\(reading.limitations)")
        }
    }

    @Test("Certificates of services are found, in their order; keys, bundles and rubbish are not taken for any")
    func certificates() async throws {
        try await withTemporaryFolder { folder in
            try await shell(
                """
                cd '\(folder)' && mkdir -p etc/ssl etc/nginx etc/letsencrypt/live/example.org && cd etc
                openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/O=Example/CN=web.example' \\
                    -keyout ssl/key.pem -out ssl/web.pem 2>/dev/null
                cp ssl/web.pem letsencrypt/live/example.org/cert.pem
                cp ssl/web.pem letsencrypt/live/example.org/fullchain.pem
                cp ssl/web.pem nginx/ca-bundle.crt
                head -c 3000 /dev/urandom > nginx/random.crt
                printf -- '-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n' > nginx/broken.pem
                mkfifo nginx/fifo.pem
                """, home: folder)
            let reading = try await rows("certificates", folder)
            #expect(
                reading.value.map { $0.prefix(3) } == [
                    [
                        "\(folder)/etc/letsencrypt/live/example.org/cert.pem", "CN=web.example,O=Example",
                        "CN=web.example,O=Example",
                    ],
                    ["\(folder)/etc/ssl/web.pem", "CN=web.example,O=Example", "CN=web.example,O=Example"],
                ])
            #expect(reading.value.allSatisfy { $0[3] < $0[4] && $0[4].hasSuffix("Z") })
        }
    }

    @Test("Every part has as many example fields as columns, and names of its own")
    func table() {
        for part in InventoryPart.all { #expect(part.example.count == part.columns.count, "\(part.name)") }
        #expect(Set(InventoryPart.all.map(\.name)).count == InventoryPart.all.count)
        #expect(Set(InventoryPart.all.map(\.title)).count == InventoryPart.all.count)
    }

    @Test("docs/inventory.md has every part with its columns")
    func documented() throws {
        let document = FilePath(#filePath).removingLastComponent().appending("../../docs/inventory.md")
        let text = String(decoding: try Files.read(document, limit: 1 << 20), as: UTF8.self)
        for part in InventoryPart.all { #expect(text.contains("| `\(part.name)` | \(part.title) |"), "\(part.name)") }
        for part in InventoryPart.all where !part.isPartOfAll {
            #expect(text.contains("| \(part.columns.joined(separator: "; ")) |"), "\(part.name)")
        }
    }

    @Test("Two hundred mounts are all looked at, each real file system once")
    func mounts() async throws {
        try await withTemporaryFolder { folder in
            try Files.makeFolder(folder.appending("proc/self"))
            let lines = (0..<200).map { number in
                try? Files.makeFolder(folder.appending("mnt/\(number)"))
                return
                    "\(100 + number) 1 8:\(number % 100) / \(folder)/mnt/\(number) rw - ext4 /dev/sd\(number % 100) rw\n"
            }
            try Files.create(folder.appending("proc/self/mountinfo"), lines.joined().utf8)
            let reading = try await rows("filesystem", folder)
            #expect(reading.value.count == 100)
            #expect(reading.limitations.isEmpty)
        }
    }
}
