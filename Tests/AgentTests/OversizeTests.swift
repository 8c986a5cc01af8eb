import DataFile
import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing
import TextEncodings

@testable import Agent

@Suite("Data over the server's size limit")
struct OversizeTests {
    /// A plugin that prints a module whose value is the output of a command.
    private func plugin(_ folder: FilePath, value command: String) throws -> String {
        let script = folder.appending("plugin")
        let text = """
            #!/bin/sh
            printf '<module><name>big</name><type>generic_data_string</type><data>'
            \(command)
            printf '</data></module>'
            """
        try Files.create(script, text.utf8, permissions: FilePermissions(rawValue: 0o755))
        return "module_plugin \(script)\n" + module("small", "module_exec echo 1")
    }

    private func agent(_ folder: FilePath, _ double: TentacleServerDouble, _ lines: String) throws -> AgentUnderTest {
        try AgentUnderTest(in: folder, lines, transfer: "server_ip 127.0.0.1\nserver_port \(double.port)")
    }

    /// What the double got, parsed.
    private func received(_ double: TentacleServerDouble, in folder: FilePath) async throws -> [ReceivedElement] {
        let place = folder.appending("received")
        try Files.makeFolder(place)
        let names = double.files.keys.sorted()
        for name in names { try Files.create(place.appending(name), double.files[name] ?? []) }
        return try await ReceivedElement.parse(names.map { place.appending($0) })
    }

    @Test("What fits once it is compressed goes with ZSEND, whole, in a file of its own")
    func compressed() async throws {
        try await withTemporaryFolder { folder in
            let double = try TentacleServerDouble()
            defer { double.stop() }
            let agent = try agent(
                folder, double, try plugin(folder, value: "head -c 3000000 /dev/zero | tr '\\0' x"))
            let result = await agent.run("run")
            #expect(result.status == 0, "\(result.complaint)")
            let elements = try await received(double, in: folder)
            #expect(Set(elements.map(\.name)) == ["big", "small"])
            #expect(elements.first { $0.name == "big" }?.value.count == 3_000_000)
            #expect(double.lines.contains { $0.hasPrefix("ZSEND") } && double.lines.contains { $0.hasPrefix("SEND") })
            #expect(try Files.names(in: agent.outbox).isEmpty)
        }
    }

    @Test("A server that cannot unpack refuses the large file alone, which goes to quarantine")
    func oldServer() async throws {
        try await withTemporaryFolder { folder in
            var behaviour = TentacleServerDouble.Behaviour()
            behaviour.knowsCompression = false
            let double = try TentacleServerDouble(behaviour)
            defer { double.stop() }
            let agent = try agent(
                folder, double, try plugin(folder, value: "head -c 3000000 /dev/zero | tr '\\0' x"))
            _ = await agent.run("run", "-q")
            #expect(try await received(double, in: folder).map(\.name) == ["small"])
            #expect(try Files.names(in: agent.state.appending("quarantine")).count == 2)
            #expect(try Files.names(in: agent.outbox).isEmpty)
        }
    }

    @Test("A plugin's element that does not fit even compressed is left out and named, and its neighbours stay")
    func leftOut() async throws {
        try await withTemporaryFolder { folder in
            let double = try TentacleServerDouble()
            defer { double.stop() }
            let agent = try agent(
                folder, double, try plugin(folder, value: "head -c 4000000 /dev/urandom | base64 -w 0"))
            let result = await agent.run("run")
            #expect(result.status == 0, "\(result.complaint)")
            #expect(try await received(double, in: folder).map(\.name) == ["small"])
            #expect(try agent.logText().contains("larger than a server takes; it is left out"))
        }
    }

    private let header = DataFileHeader(
        agentName: "a", agentAlias: "a", operatingSystemName: "linux", operatingSystemVersion: "1", interval: 300,
        agentVersion: "1(Build 1)", timestamp: .automatic)

    /// Fits an element with a limit of 100,000 bytes, compressed or not, and gives back what was said.
    private func fit(_ element: DataFileElement) -> (elements: [EncodedElement], said: [String]) {
        var said: [String] = []
        let elements = withoutActuallyEscaping({ (sentence: String) in said.append(sentence) }) { problems in
            ElementFitting(
                limit: 100_000, encoding: .utf8,
                document: { [header] element in
                    var writer = DataFileWriter(header: header)
                    writer.append(element)
                    return writer.finish()
                }, compressedLimit: 100_000, problems: problems
            ).fit(element)
        }
        return (elements, said)
    }

    @Test("Lines of a log are spread at line ends, in order; a line that is too long is cut and named")
    func log() throws {
        let lines = (0..<5000).map { "\($0) " + String(repeating: "ab", count: $0 % 100) }
        let text = lines.joined(separator: "\n") + "\n"
        let (elements, said) = fit(.logModule(LogModule(source: "App", lines: Array(text.utf8))))
        #expect(elements.count >= 6 && said.isEmpty)
        #expect(elements.allSatisfy { $0.bytes.count <= 100_000 })
        let empty = EncodedElement(.logModule(LogModule(source: "App", lines: []))).bytes.count
        let base64 = elements.reduce(0) { $0 + $1.bytes.count - empty }
        #expect(abs(base64 - text.utf8.count * 4 / 3) < 4 * elements.count)

        let long = String(repeating: "x", count: 200_000) + "\nshort\n"
        let (cut, words) = fit(.logModule(LogModule(source: "App", lines: Array(long.utf8))))
        #expect(cut.count == 2 && words.count == 1 && words[0].contains("a line of 200001 bytes is cut"))
    }

    @Test("A value that does not fit even compressed is cut between characters, as late as possible, and named")
    func cut() throws {
        var random = SeededGenerator(seed: 11)
        let text = (0..<300_000).map { _ in UInt8.random(in: 0x21...0x7E, using: &random) }
        let bytes = text.flatMap { $0 == UInt8(ascii: "A") ? Array("é".utf8) : [$0] }
        let module = Module(name: "noise", type: "generic_data_string", data: .value(bytes))
        let (elements, said) = fit(.module(module))
        #expect(elements.count == 1 && said.count == 1)
        #expect(said.joined().hasPrefix("module 'noise': the value of \(bytes.count) bytes is larger"))
        let size = elements.first?.bytes.count ?? 0
        #expect((95_000...100_000).contains(size))
        let sent = String(decoding: elements.flatMap(\.bytes), as: UTF8.self)
        #expect(!sent.contains("\u{FFFD}"))
    }

    @Test("Values of a list are spread over modules of the same name, in order; one that is too long is cut and named")
    func list() throws {
        let values = (0..<3000).map { "\($0)," + String(repeating: "ab", count: $0 % 100) }
        let module = Module(
            name: "Errors", type: "async_string", data: .list(values.map { .init(Array($0.utf8)) }))
        let (elements, said) = fit(.module(module))
        #expect(elements.count >= 4 && said.isEmpty)
        #expect(elements.allSatisfy { $0.bytes.count <= 100_000 })
        let sent = elements.flatMap { element in
            String(decoding: element.bytes, as: UTF8.self).split(separator: "<value><![CDATA[").dropFirst()
                .map { String($0.prefix { $0 != "]" }) }
        }
        #expect(sent == values)

        var random = SeededGenerator(seed: 12)
        let long = (0..<300_000).map { _ in UInt8.random(in: 0x61...0x7A, using: &random) }
        let (cut, words) = fit(
            .module(Module(name: "E", type: "async_string", data: .list([.init(long), .init([0x78])]))))
        #expect(cut.count == 2 && words.count == 1 && words.joined().contains("the value of 300000 bytes"))
    }
}
