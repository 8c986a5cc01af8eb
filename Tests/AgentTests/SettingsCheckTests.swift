import Testing

@testable import Agent

@Suite struct SettingsCheckTests {
    @Test func `A name that no server keeps is an error where nothing else gives one`() throws {
        let tooLong = "the name needs 608 characters as entities, and a server keeps 600: no cycle is done with it"
        let name = String(repeating: "é", count: 76)
        #expect(try findings("agent_name \(name)\n") == ["3:12: error: agent_name: \(tooLong)"])
        #expect(try findings("agent_name \(name.dropLast())\n") == [])
        #expect(try findings("agent_name \(name)\nagent_name_cmd __rand__\n") == [])
        #expect(
            try findings("agent_name \(name)\nagent_name_cmd echo x\n") == [
                "3:12: warning: agent_name: \(tooLong), where agent_name_cmd finds no other"
            ])
    }

    @Test func `Attributes that the server cuts`() throws {
        let text = String(repeating: "é", count: 255)
        #expect(try findings("description \(text)\ncustom_id \(text)\n") == [])
        #expect(
            try findings("description \(text)x\ncustom_id \(text)xy\n") == [
                "3:13: warning: description has 256 characters: the server cuts it after 255",
                "4:11: warning: custom_id has 257 characters: the server cuts it after 255",
            ])
    }

    @Test func `Settings that nothing can be done with`() throws {
        #expect(
            try findings("encoding KOI8-R\n") == [
                "3:10: error: encoding: 'KOI8-R', expected one of UTF-8, ISO-8859-1, ISO-8859-15, US-ASCII, "
                    + "windows-1252; the line has no effect"
            ])
        #expect(try findings("encoding latin1\nintensive_interval 300\n") == [])
        #expect(
            try findings("intensive_interval 60\ninterval 30\n") == [
                "3:20: warning: intensive_interval is longer than interval and has no effect: intensive modules run once an "
                    + "interval"
            ])
        #expect(
            try findings("ehorus_conf FOLDER/none\n") == [
                "3:13: warning: ehorus_conf: cannot open FOLDER/none: No such file or directory; there is no field eHorusID"
            ])
    }

    @Test func `Commands outside modules are looked for`() throws {
        #expect(
            try findings("agent_name_cmd nonexistent-a\nagent_alias_cmd nonexistent-b\ngis_exec /nonexistent/c 1\n")
                == [
                    "3:16: warning: agent_name_cmd: no program 'nonexistent-a' is on PATH",
                    "4:17: warning: agent_alias_cmd: no program 'nonexistent-b' is on PATH",
                    "5:10: warning: gis_exec: there is no program /nonexistent/c",
                ])
        #expect(try findings("agent_name_cmd __rand__\nagent_alias_cmd hostname\n") == [])
        #expect(
            try findings("gis_exec ls\n", local: "deny_command ls\n") == [
                "3:10: warning: gis_exec does not run: the local policy does not allow its command"
            ])
    }

    @Test func `Users that this host does not have`() throws {
        #expect(
            try findings("transfer_mode_user nobody-here\n") == [
                "3:20: warning: transfer_mode_user: there is no user 'nobody-here': files stay the agent's own"
            ])
        #expect(try findings("transfer_mode_user root\n") == [])
        #expect(try findings("transfer_mode_user nobody-here\ntransfer_mode tentacle\n") == [])
    }
}
