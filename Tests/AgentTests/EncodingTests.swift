import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Encodings other than UTF-8")
struct EncodingTests {
    @Test("With 'encoding ISO-8859-1', what is in that already arrives as it is, and UTF-8 is converted")
    func latin1() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "")
            let lines =
                Array(
                    """
                    transfer_mode local
                    server_path \(agent.server)
                    logfile \(agent.log)
                    own_modules 0
                    agent_name_cmd printf 'Mu\\361oz'
                    encoding ISO-8859-1
                    module_plugin printf '<module><name>Pl\\351</name><data>caf\\351</data></module>'

                    """.utf8) + Array("module_begin\nmodule_name Memoria ".utf8) + [0xF1, 0x0A]
                + Array(
                    """
                    module_type generic_data_string
                    module_exec printf 'caf\\351 \\001\\n'; echo 'café ☂'
                    module_condition =~ ^café echo 1 > \(folder)/matched
                    module_end

                    """.utf8)
            try Files.replace(agent.configuration, with: lines)
            let result = await agent.run("run")
            #expect(result.status == 0, "\(result.complaint)")
            let received = try await agent.received()
            #expect(received.map(\.name) == ["Plé", "Memoria ñ"])
            #expect(received.map(\.text) == ["café", "café ?\ncafé ?"])
            #expect(Files.exists(folder.appending("matched")))
            let bytes = try Files.read(try #require(try agent.delivered().first), limit: 1 << 20)
            #expect(bytes.starts(with: "<?xml version='1.0' encoding='ISO-8859-1'?>".utf8))
            let name: [UInt8] = [0x4D, 0x75, 0xF1, 0x6F, 0x7A]
            #expect(bytes.split(separator: UInt8(ascii: "\"")).contains { Array($0) == name })
            #expect(
                try agent.logText().contains(".conf:9:1: warning: this line is not UTF-8: it is read as ISO-8859-1"))
        }
    }
}
