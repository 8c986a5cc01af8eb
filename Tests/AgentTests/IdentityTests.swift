import AgentConfiguration
import CommandRunner
import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Agent

@Suite("Who the agent is")
struct IdentityTests {
    @Test("__rand__ makes a name of 64 digits once, writes it into the file, and leaves all else of the file alone")
    func randomName() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo $PANDORA_AGENT"))
            let rest = "# a comment\r\n\tinterval  300\nagent_name_cmd __rand__\nxml_buffer 1"
            let text =
                "transfer_mode local\nserver_path \(agent.server)\nagent_name old\nlogfile \(agent.log)\n\(rest)\n"
            try Files.replace(agent.configuration, with: (text + module("a", "module_exec true") + "\n").utf8)
            try agent.configuration.changeMode(0o640)
            #expect(await agent.run("run").status == 0)
            let written = String(decoding: try Files.read(agent.configuration, limit: 1 << 20), as: UTF8.self)
            let line = try #require(written.split(separator: "\n").first { $0.hasPrefix("agent_name ") })
            let name = String(line.dropFirst("agent_name ".count))
            #expect(RandomAgentName.isRandom(name))
            #expect(
                written.replacingFirst("agent_name \(name)", by: "agent_name old") == text
                    + module("a", "module_exec true")
                    + "\n")
            #expect(try Files.status(agent.configuration).permissions.rawValue == 0o640)
            _ = await agent.run("run", "--force")
            #expect(try Files.read(agent.configuration, limit: 1 << 20) == Array(written.utf8))
            let names = try agent.delivered().map { try attribute("agent_name", of: $0) }
            #expect(!names.isEmpty && Set(names) == [name])
        }
    }

    @Test("Where the configuration cannot be written the random name is committed, and a warning says what to do")
    func randomNameWithoutFile() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, "agent_name_cmd __rand__\n" + module("a", "module_exec echo 1"))
            // A folder in the way of the new file, which no permission of root's helps against.
            let obstacle = folder.appending(".pandora_agent.conf.new")
            try Files.makeFolder(obstacle)
            try Files.create(obstacle.appending("x"), [])
            for _ in 0..<3 { #expect(await agent.run("run").status == 0) }
            let names = try agent.delivered().map { try attribute("agent_name", of: $0) }
            let name = try #require(names.first)
            #expect(names == [name, name, name] && RandomAgentName.isRandom(name))
            let log = try agent.logText()
            #expect(log.contains("the name is kept in the state folder alone: write 'agent_name \(name)' into"))
            removeTree(obstacle)
            #expect(await agent.run("run").status == 0)
            let text = String(decoding: try Files.read(agent.configuration, limit: 1 << 20), as: UTF8.self)
            #expect(text.hasPrefix("agent_name \(name)\n"))
        }
    }

    @Test("--stdout makes no random name and leaves the file alone")
    func randomNamePrinted() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "agent_name_cmd __rand__\n" + module("a", "module_exec echo 1"))
            let before = try Files.read(agent.configuration, limit: 1 << 20)
            let result = await agent.run("run", "--stdout")
            #expect(result.text.replacing("\"", with: "'").contains(" agent_name='unit'"))
            #expect(try Files.read(agent.configuration, limit: 1 << 20) == before)
        }
    }

    @Test("A configuration that is a link stays one: the file that it leads to is replaced")
    func randomNameThroughLink() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "agent_name_cmd __rand__\n" + module("a", "module_exec echo 1"))
            try Files.makeFolder(folder.appending("real"))
            let real = folder.appending("real/agent.conf")
            try Files.rename(agent.configuration, to: real)
            try real.makeLink(at: agent.configuration)
            #expect(await agent.run("run").status == 0)
            #expect(try Files.status(agent.configuration, followingLinks: false).type == .symbolicLink)
            let text = String(decoding: try Files.read(real, limit: 1 << 20), as: UTF8.self)
            #expect(text.contains("agent_name ") && !text.contains("agent_name unit"))
        }
    }

    @Test("The alias is the host's name where nothing else is configured, a broker agent's its own name")
    func alias() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, "agent_name_cmd echo named\nbroker_agent second\n" + module("a", "module_exec echo 1"))
            #expect(await agent.run("run").status == 0)
            let aliases = try agent.delivered().reduce(into: [:]) { aliases, file in
                aliases[try attribute("agent_name", of: file)] = try attribute("agent_alias", of: file)
            }
            #expect(aliases == ["named": OperatingSystem().kernel.hostName, "second": "second"])
        }
    }

    @Test("A name is the first line without the space around it; an empty one is no name, whatever follows")
    func firstLine() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                "agent_name_cmd printf ' \\tthe name \\r\\nother\\n'\nagent_alias_cmd printf '\\nsecond\\n'\n")
            #expect(await agent.run("run").status == 0)
            let file = try #require(try agent.delivered().first)
            #expect(try attribute("agent_name", of: file) == "the name")
            #expect(try attribute("agent_alias", of: file) == OperatingSystem().kernel.hostName)
            #expect(try agent.logText().contains("agent_alias_cmd: the command printed an empty first line"))
        }
    }

    @Test("Where agent_name_cmd fails, its last name is used and said to be; agent_name goes before that")
    func lastName() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "")
            let settings = "transfer_mode local\nserver_path \(agent.server)\nlogfile \(agent.log)\n"
            let command = "agent_name_cmd cat \(folder)/name\n"
            let one = module("a", "module_exec echo 1") + "\n"
            func name(_ lines: String) async throws -> String {
                try Files.replace(agent.configuration, with: (settings + lines + one).utf8)
                #expect(await agent.run("run").status == 0)
                return try attribute("agent_name", of: try #require(try agent.delivered().last))
            }
            let hostName = OperatingSystem().kernel.hostName
            #expect(try await name(command) == hostName)
            #expect(try !agent.logText().contains("the last name"))
            try Files.create(folder.appending("name"), "known\n".utf8)
            // Names of files begin with that of the agent, so each has a folder of its own.
            for file in try agent.delivered() { try Files.remove(file) }
            #expect(try await name(command) == "known")
            try Files.remove(folder.appending("name"))
            #expect(try await name(command) == "known")
            #expect(
                try agent.logText().contains(
                    "warning: agent_name_cmd: the last name that the command printed, 'known', is used"))
            for file in try agent.delivered() { try Files.remove(file) }
            #expect(try await name(command + "agent_name configured\n") == "configured")
        }
    }

    @Test("gis_exec, ehorus_conf and commands for the names end up in the data file")
    func commands() async throws {
        try await withTemporaryFolder { folder in
            let key = folder.appending("ehorus.conf")
            try Files.create(key, "# eh_key no\neh_server x\neh_key  abc-123 \n".utf8)
            let agent = try AgentUnderTest(
                in: folder,
                """
                agent_name_cmd printf 'named\\nsecond line'
                agent_alias_cmd echo "alias of $PANDORA_HOME"
                latitude 1
                longitude 2
                gis_exec echo ' 40.4168, -3.70379 ,667.5'
                position_description here & there
                ehorus_conf \(key)
                custom_field1_name Owner
                custom_field1_value me
                """ + "\n" + module("a", "module_exec echo 1"))
            let text = await agent.run("run", "--stdout").text
            for part in [
                " agent_name='named'", " agent_alias='alias of \(folder)'", " latitude='40.4168'",
                " longitude='-3.70379'", " altitude='667.5'",
            ] { #expect(text.replacing("\"", with: "'").contains(part), "\(part) in \(text)") }
            #expect(text.contains("here &amp; there"))
            #expect(text.contains("Owner") && text.contains("eHorusID") && text.contains("abc-123"))
        }
    }

    @Test("What gis_exec prints must be a place; else the configured one is used and the log says why")
    func wrongPlace() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                "latitude 1.5\nlongitude 2\ngis_exec echo 91,0\nehorus_conf \(folder)/none\n"
                    + module("a", "module_exec echo 1"))
            #expect(await agent.run("run").status == 0)
            let file = try #require(try agent.delivered().first)
            #expect(try attribute("latitude", of: file) == "1.5")
            let log = try agent.logText()
            #expect(log.contains("gis_exec: the command printed '91,0', expected latitude,longitude[,altitude]"))
            #expect(log.contains("ehorus_conf: cannot open \(folder)/none: No such file or directory"))
        }
    }

    @Test("The local rules for commands hold for gis_exec and the names too")
    func rules() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, "gis_exec touch \(folder)/gis\nagent_name_cmd touch \(folder)/name\n")
            try Files.create(folder.appending("local.conf"), "allow_command echo *\n".utf8)
            _ = await agent.run("run")
            #expect(!Files.exists(folder.appending("gis")) && !Files.exists(folder.appending("name")))
            let log = try agent.logText()
            #expect(log.contains("gis_exec: the local policy does not allow"))
            #expect(log.contains("agent_name_cmd: the local policy does not allow"))
        }
    }

    @Test(
        "Two or three numbers are a place, and nothing else is",
        arguments: [
            ("40.4,-3.7", Coordinates(latitude: 40.4, longitude: -3.7, altitude: nil)),
            (" 0 , 0 , 12 ", Coordinates(latitude: 0, longitude: 0, altitude: 12)),
            ("90,180,-400", Coordinates(latitude: 90, longitude: 180, altitude: -400)),
            ("90.1,0", nil), ("0,-180.5", nil), ("nan,0", nil), ("0,0,inf", nil), ("1", nil), ("1,2,3,4", nil),
            ("", nil),
            ("1,2,", nil), ("1 2,3", nil), ("a,b", nil),
        ])
    func places(line: String, expected: Coordinates?) {
        #expect(Coordinates(printed: line) == expected)
    }

    @Test("Degrees are written without an exponent")
    func degrees() {
        #expect(Coordinates.text(0.000_01) == "0.00001")
        #expect(Coordinates.text(-0.5) == "-0.5")
        #expect(Coordinates.text(12) == "12")
        #expect(Coordinates.text(1e300) == "0")
        #expect(Coordinates.text(-179.123_456_789) == "-179.123457")
    }

    @Test("Setting and removing tokens changes their lines alone")
    func lines() {
        // Not UTF-8, and without a line end.
        let last: [UInt8] = [0x78, 0x20, 0xFF]
        var text = ConfigurationText(Array("a 1\r\n# b 2\r\n  b 3\r\nb 4\r\n".utf8) + last)
        text.set("b", to: "5")
        text.set("c", to: "6")
        text.remove(["a"])
        let expected: [UInt8] = Array("c 6\r\n# b 2\r\nb 5\r\n".utf8) + last + [0x0A]
        #expect(text.bytes == expected)
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var marked = ConfigurationText(mark + Array("a 1\n".utf8))
        marked.set("b", to: "2")
        let expectedMarked: [UInt8] = mark + Array("a 1\nb 2\n".utf8)
        #expect(marked.bytes == expectedMarked)
        #expect(ConfigurationText(Array("x  y z \t\n".utf8)).value(of: "x") == "y z")
    }

    private func attribute(_ name: String, of file: FilePath) throws -> String {
        let text = String(decoding: try Files.read(file, limit: 1 << 20), as: UTF8.self).replacing("\"", with: "'")
        let rest = try #require(text.split(separator: " \(name)='", maxSplits: 1).dropFirst().first)
        return String(rest.prefix { $0 != "'" })
    }
}

extension String {
    /// The text with the first of some parts replaced.
    fileprivate func replacingFirst(_ part: String, by other: String) -> String {
        let parts = split(separator: part, maxSplits: 1, omittingEmptySubsequences: false)
        return parts.joined(separator: other)
    }

    fileprivate func replacing(_ part: String, with other: String) -> String {
        split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
    }
}
