import CommandRunner
import Digests
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Settings, as they show in data files and folders")
struct SettingsTests {
    /// The value of an attribute of a data file's root element.
    private func attribute(_ name: String, of file: FilePath) throws -> String {
        let text = String(decoding: try Files.read(file, limit: 1 << 20), as: UTF8.self)
        let rest = try #require(text.split(separator: " \(name)=\"", maxSplits: 1).dropFirst().first)
        return String(rest.prefix { $0 != "\"" })
    }

    @Test("'address auto' gives the addresses that hostname(1) knows of, IPv4 first")
    func automaticAddresses() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "address auto")
            #expect(await agent.run("run").status == 0)
            let known = await AgentUnderTest.run("/usr/bin/hostname", ["-I"])
            try #require(known.isSuccess)
            let text = try String(
                decoding: Files.read(try #require(try agent.delivered().first), limit: 1 << 20), as: UTF8.self)
            let told = text.contains(" address=\"") ? try attribute("address", of: agent.delivered()[0]) : ""
            let addresses = told.split(separator: ",").map(String.init)
            // Those of one link alone are told too, which hostname(1) leaves out.
            #expect(
                Set(addresses.filter { !$0.hasPrefix("fe80:") })
                    == Set(known.text.split(whereSeparator: \.isWhitespace).map(String.init)))
            #expect(addresses == addresses.filter { $0.contains(".") } + addresses.filter { !$0.contains(".") })
            #expect(!addresses.contains { $0.hasPrefix("127.") || $0 == "::1" })
        }
    }

    @Test("'autotime 1' leaves the time to the server; without it, it is that of the host")
    func automaticTime() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "autotime 1")
            #expect(await agent.run("run").status == 0)
            #expect(try attribute("timestamp", of: try #require(try agent.delivered().last)) == "AUTO")
            try agent.configure(module("a", "module_exec echo 1"))
            let before = await AgentUnderTest.run("/usr/bin/date", ["+%Y/%m/%d %H:%M:%S"])
            #expect(await agent.run("run").status == 0)
            let after = await AgentUnderTest.run("/usr/bin/date", ["+%Y/%m/%d %H:%M:%S"])
            let time = try attribute("timestamp", of: try #require(try agent.delivered().last))
            #expect(time + "\n" >= before.text && time + "\n" <= after.text)
        }
    }

    @Test("'disable_logfile 1' makes no log file, neither where 'logfile' says nor in the state folder")
    func noLog() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder, "disable_logfile 1\nnonsense\n" + module("a", "module_exec exit 1"))
            #expect(await agent.run("run").status == 0)
            #expect(try agent.delivered().count == 1)
            #expect(!Files.exists(agent.log) && !Files.exists(agent.state.appending("pandora_agent.log")))
            try agent.configure(module("a", "module_exec exit 1"))
            #expect(await agent.run("run").status == 0)
            #expect(try agent.logText().contains("module 'a': the command exited with status 1"))
        }
    }

    @Test("module_crontab and module_cron_interval reach the server as they are configured")
    func cronInterval() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                module("a", "module_crontab * * * * *", "module_cron_interval 45", "module_exec echo 1") + "\n"
                    + module("b", "module_cron_interval 46", "module_exec echo 2"))
            #expect(await agent.run("run", "--force").status == 0)
            let text = String(
                decoding: try Files.read(try #require(try agent.delivered().first), limit: 1 << 20), as: UTF8.self)
            let parts = text.split(separator: "</module>")
            #expect(parts[0].contains("<crontab>* * * * *</crontab>\n<cron_interval>45</cron_interval>"))
            #expect(parts[1].contains("<cron_interval>46</cron_interval>") && !parts[1].contains("<crontab>"))
        }
    }

    @Test("In local mode the configuration is registered in, and taken from, the folders that are configured")
    func localFolders() async throws {
        try await withTemporaryFolder { folder in
            let user = geteuid() == 0 ? "nobody" : String(cString: getpwuid(geteuid()).pointee.pw_name)
            let agent = try AgentUnderTest(
                in: folder,
                "remote_config 1\nserver_path_conf configurations\nserver_path_md5 \(folder)/digests\n"
                    + "transfer_mode_user \(user)\n" + module("a", "module_exec echo 1"))
            try Files.makeFolder(agent.server.appending("configurations"))
            try Files.makeFolder(folder.appending("digests"))
            let name = Digest.md5("unit").hexadecimal
            let configuration = agent.server.appending("configurations/\(name).conf")
            let digest = folder.appending("digests/\(name).md5")
            let written = try Files.read(agent.configuration, limit: 1 << 20)
            #expect(await agent.run("run").status == 0)
            #expect(try Files.read(configuration, limit: 1 << 20) == written)
            #expect(try Files.read(digest, limit: 1 << 10) == Array(Digest.md5(written).hexadecimal.utf8))
            let owner = getpwnam(user).pointee.pw_uid
            #expect(try Files.status(configuration).userID.rawValue == owner)
            #expect(try Files.status(digest).userID.rawValue == owner)

            let pushed = written + Array((module("b", "module_exec echo 2") + "\n").utf8)
            try Files.replace(configuration, with: pushed)
            try Files.replace(digest, with: Digest.md5(pushed).hexadecimal.utf8)
            #expect(await agent.run("run").status == 0)
            #expect(try Files.read(agent.configuration, limit: 1 << 20) == pushed)
            #expect(try await agent.received().last?.name == "b")
        }
    }
}
