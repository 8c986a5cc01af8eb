import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Agent

@Suite struct ModuleCheckTests {
    @Test func `A value that the server dropped is named until another one comes`() throws {
        func findings(_ type: String, _ value: String) throws -> [String] {
            try AgentTests.findings(ofModule: "module_exec echo x\nmodule_type \(type)") { folder in
                try Files.makeFolder(folder.appending("state"))
                try Files.create(folder.appending("state/modules"), "n 1764500000 5 data \(value)\n".utf8)
            }
        }
        #expect(
            try findings("generic_data", "12%25%0amore") == [
                "5:13: warning: module 'n': when it last ran, the server keeps numbers alone of type generic_data, and drops "
                    + "'12% more': use another module_type or another command"
            ])
        #expect(try findings("async_proc", "up").count == 1)
        #expect(try findings("generic_data", "3,14") == [])
        #expect(try findings("generic_data_string", "up") == [])
    }

    @Test func `Regular expressions of conditions are compiled, and one that is none is an error at its line`() throws {
        let fault = "the pattern \"[\" is not valid at offset 1: missing terminating ] for character class"
        let lines = "module_condition =~ a.*b ls\nmodule_condition =~ [ ls\nmodule_intensive_condition =~ ["
        #expect(
            try findings(ofModule: "module_exec ls\nmodule_precondition =~ [ ls\n\(lines)") == [
                "6:21: error: module 'n': \(fault); the precondition never holds",
                "8:18: error: module 'n': \(fault); the condition never holds",
                "9:28: error: module 'n': \(fault); the condition never holds",
            ])
    }

    @Test func `Regular expressions for the server are compiled`() throws {
        let patterns = "module_str_warning (\nmodule_str_warning a(b|c)\nmodule_str_critical *"
        #expect(
            try findings(ofModule: "module_exec ls\nmodule_type async_string\n\(patterns)") == [
                "9:21: warning: module 'n': module_str_critical: the pattern \"*\" is not valid at offset 0: quantifier does "
                    + "not follow a repeatable item; the server matches nothing with it"
            ])
    }

    @Test func `A core that this host does not have`() throws {
        #expect(
            try findings(ofModule: "module_cpuusage 100000") == [
                "5:17: warning: module 'n' is about the core 100000, which this host does not have"
            ])
        #expect(try findings(ofModule: "module_cpuusage all") == [])
    }

    @Test func `What waits for the value of a plugin`() throws {
        let lines = "module_condition > 1 ls\nmodule_save x\nmodule_intensive_condition > 1"
        #expect(
            try findings(ofModule: "module_plugin cat /dev/null\n\(lines)") == [
                "6:18: warning: module 'n': module_condition has no effect: a plugin has no value of its own",
                "7:13: warning: module 'n': module_save has no effect: a plugin has no value of its own",
                "8:28: warning: module 'n': module_intensive_condition is never tested: a plugin has no value of its own, and "
                    + "this one reports at every intensive cycle",
            ])
        #expect(try findings(ofModule: "module_plugin nagios_plugin_wrapper x ls\n\(lines)") == [])
    }

    @Test func `What a shell would run of a plugin that remembers where it stands is named in its place`() throws {
        let start = "grep_log_module FOLDER/pandora_agent.conf N"
        for (end, offset, what) in [
            (" (", 1, "'('"), (" (error|fail)", 1, "'('"), (" a|b", 2, "'|'"), (" a --pattern X=$HOME", 15, "'$'"),
            (" a --bad (", 9, "'('"), (" \"a$1\"", 3, "'$'"), (" a > /dev/null", 3, "'>'"), (" #a", 1, "'#'"),
        ] {
            let found = try findings("module_plugin \(start)\(end)\n")
            let column = try Self.column(of: offset, behind: start)
            #expect(found.count == 1, "\(found)")
            #expect(
                found.first?.hasPrefix("3:\(column): warning: module '") == true
                    && found.first?.contains("': grep_log_module: \(what) is for a shell, which starts a program")
                        == true,
                "\(end), \(column): \(found)")
        }
        for command in [
            "inventory 1 $PARTS", "inventory_changes users;ls", "LANG=C grep_log /x N a", "grep_log /a|/b N a",
        ] {
            let found = try findings("module_plugin \(command)\n")
            #expect(found.count == 1 && found.first?.contains(" is for a shell") == true, "\(found)")
        }
        for end in [" error$", " \"(a|b)$\"", " '(a|b)$'", " a\\$1"] {
            #expect(try findings("module_plugin \(start)\(end)\n") == [], "\(end)")
        }
    }

    /// The column of a byte behind the beginning of a plugin's command, in which `FOLDER` is a folder.
    private static func column(of offset: Int, behind start: String) throws -> Int {
        let end = try #require(try findings("module_plugin \(start) 'a\n").first?.split(separator: ":")[1])
        return try #require(Int(end)) - 1 + offset
    }

    @Test func `A quotation without an end in a plugin's command is found at its beginning`() throws {
        #expect(
            try findings("module_plugin grep_log_module /x N \"a b\n") == [
                "3:36: warning: module 'grep_log_module /x N \"a b': grep_log_module: the quotation that begins with \" has no "
                    + "end"
            ])
        #expect(try findings("module_plugin pandora_df '/home\n").count == 1)
    }

    @Test func `A shell that is handed what a plugin prints starts a program, which is looked at`() throws {
        func findings(mode: UInt32) throws -> [String] {
            try AgentTests.findings("module_plugin pandora_df | head\n") { folder in
                let program = folder.appending("plugins/pandora_df")
                try Files.makeFolder(program.removingLastComponent())
                try Files.create(program, [])
                try program.changeMode(mode)
            }
        }
        #expect(try findings(mode: 0o755) == [])
        let found = try findings(mode: 0o777)
        #expect(found.first?.contains("pandora_df can be written by everybody") == true, "\(found)")
    }

    @Test func `A user that this host does not have`() throws {
        #expect(
            try findings(ofModule: "module_exec ls\nmodule_user nobody-here") == [
                "6:13: warning: module 'n' does not run: there is no user 'nobody-here'"
            ])
        #expect(try findings(ofModule: "module_exec ls\nmodule_user root") == [])
    }
}
