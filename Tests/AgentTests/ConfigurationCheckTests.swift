import AgentConfiguration
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Agent

@Suite struct ConfigurationCheckTests {
    @Test func `A configuration with nothing wrong has no findings`() throws {
        #expect(
            try findings(
                "temporal FOLDER\nlogfile FOLDER/log\nmodule_begin\nmodule_name n\nmodule_exec /bin/ls / | wc -l\n"
                    + "module_end\nmodule_plugin inventory 0 users\n") == [])
    }

    @Test func `Findings come in the order of the lines, whoever finds them`() throws {
        let found = try findings(
            """
            module_begin
            module_name a
            module_exec nonexistent-program
            module_end
            intervall 5
            pandora_user x
            module_begin
            module_name A
            module_freedisk /nonexistent
            module_end
            """, local: "nonsense\n")
        #expect(
            found == [
                "5:13: warning: module 'a': no program 'nonexistent-program' is on PATH",
                "7:1: error: unknown token 'intervall': did you mean 'interval'?",
                "8:14: error: pandora_user: there is no user 'x': started by root, the agent ends",
                "9:1: warning: module 'A' has the name of the one at FOLDER/pandora_agent.conf:3:1: the server takes both "
                    + "for one",
                "11:17: warning: module 'A' is about /nonexistent, which is not there",
                "local.conf:1:1: error: unknown token 'nonsense'",
            ])
    }

    @Test(arguments: [
        "module_exec /nonexistent/x -y", "module_exec A=1 /nonexistent/x", "module_plugin /nonexistent/x",
        "module_exec /nonexistent/x; true",
    ])
    func `A program that is not there is named`(_ line: String) throws {
        #expect(
            try findings(ofModule: line).map { $0.drop { $0 != "w" } } == [
                "warning: module 'n': there is no program /nonexistent/x"
            ])
    }

    @Test(arguments: [
        "module_exec if true; then echo 1; fi", "module_exec $HOME/x", "module_exec \"/nonexistent/x\"",
        "module_exec (cd /; ls)", "module_exec echo 1", "module_exec ./relative", "module_exec A=$(x) y",
        "module_exec `x`", "module_exec f() { x; }; f", "module_exec { x; }", "module_exec [ -f /x ] && echo 1",
        "module_exec ! grep x /etc/passwd", "module_exec LC_ALL=C ls", "module_exec cat /proc/loadavg",
    ])
    func `What only a shell can tell is not complained about`(_ line: String) throws {
        #expect(try findings(ofModule: line) == [])
    }

    @Test func `Commands of conditions are looked for, and a file that is no program is named`() throws {
        let found = try findings(
            ofModule:
                "module_exec FOLDER/script\nmodule_precondition > 1 nonexistent-a\nmodule_condition > 1 nonexistent-b"
        ) { folder in
            try Files.create(folder.appending("script"), "#!/bin/sh\n".utf8)
        }
        #expect(
            found == [
                "5:13: warning: module 'n': FOLDER/script is not executable for this user",
                "6:21: warning: module 'n': no program 'nonexistent-a' is on PATH",
                "7:18: warning: module 'n': no program 'nonexistent-b' is on PATH",
            ])
    }

    @Test func `A program that others can change is named, and the folder in which they could replace it`() throws {
        let found = try findings(ofModule: "module_exec FOLDER/open/script\nmodule_condition > 1 FOLDER/script") {
            folder in
            for path in [folder.appending("script"), folder.appending("open/script")] {
                try Files.makeFolder(path.removingLastComponent())
                try Files.create(path, "#!/bin/sh\n".utf8, permissions: .ownerReadWriteExecute)
            }
            try folder.appending("open").changeMode(0o777)
            try folder.appending("script").changeMode(0o757)
        }
        #expect(
            found == [
                "5:13: warning: module 'n': FOLDER/open can be written by everybody, who could so have the agent run what "
                    + "they like",
                "6:18: warning: module 'n': FOLDER/script can be written by everybody, who could so have the agent run what "
                    + "they like",
            ])
    }

    @Test func `A configuration that others can change is named where it is not refused`() throws {
        try withTemporaryFolder { folder in
            let main = folder.appending("pandora_agent.conf")
            try Files.create(main, "include more\n".utf8)
            try Files.create(folder.appending("more"), [])
            try Files.create(folder.appending("local.conf"), "strict_permissions 0\n".utf8)
            try main.changeMode(0o666)
            try folder.appending("more").changeMode(0o602)
            let check = try ConfigurationCheck(
                AgentPaths(configuration: folder.string, local: nil, state: folder.string))
            let sentence = "can be written by everybody, who could so have the agent run what they like"
            #expect(check.diagnostics.contains { $0.text == "\(main) \(sentence)" })
            #expect(check.diagnostics.contains { $0.text == "\(folder.appending("more")) \(sentence)" })
            #expect(!check.hasErrors)
        }
    }

    @Test func `Logs that are not there, and patterns that are none`() throws {
        #expect(
            try findings(ofModule: "module_regexp /nonexistent/log\nmodule_pattern a") == [
                "5:15: warning: module 'n' reads the log /nonexistent/log, which is not there"
            ])
        #expect(
            try findings("module_plugin grep_log_module /nonexistent/log Name \\.*\n") == [
                "3:15: warning: module 'grep_log_module /nonexistent/log Name \\.*' reads the log /nonexistent/log, which is "
                    + "not there"
            ])
        #expect(try findings(ofModule: "module_regexp FOLDER/pandora_agent.conf\nmodule_pattern a") == [])
        #expect(
            try findings(ofModule: "module_regexp FOLDER/pandora_agent.conf\nmodule_type log\nmodule_pattern  (a") == [
                "7:17: warning: module 'n': the pattern \"(a\" is not valid at offset 2: missing closing parenthesis"
            ])
        let short = try findings("module_plugin grep_log_module /x\n")
        #expect(short.count == 1 && short.first?.contains("it takes 3 arguments and got 1") == true)
    }

    @Test func `Commands that the local policy does not allow`() throws {
        #expect(
            try findings(ofModule: "module_exec /bin/ls", local: "deny_command *ls*\n") == [
                "5:13: warning: module 'n' does not run: the local policy does not allow its command"
            ])
        #expect(
            try findings("module_plugin inventory 0 users\n", local: "allow_command df\n").first?.contains(
                "does not run") == true)
    }

    @Test func `A time limit beyond the interval`() throws {
        #expect(
            try findings(ofModule: "module_exec ls\nmodule_timeout 301") == [
                "3:1: warning: module 'n' has a module_timeout above the interval, which ends it before"
            ])
        #expect(try findings(ofModule: "module_exec ls\nmodule_timeout 300") == [])
    }

    @Test func `Folders that cannot take files`() throws {
        let found = try findings(
            "temporal /nonexistent\nlogfile FOLDER/none/log\nserver_path FOLDER/pandora_agent.conf\n")
        #expect(
            found == [
                "3:10: warning: temporal: cannot inspect /nonexistent: No such file or directory; files wait in the state "
                    + "folder instead",
                "4:9: warning: logfile: cannot inspect FOLDER/none: No such file or directory",
                "5:13: warning: server_path: FOLDER/pandora_agent.conf is not a folder, and transfer_mode is local: files "
                    + "would wait",
            ])
        #expect(
            try findings("temporal FOLDER/open\n") { folder in
                try Files.makeFolder(folder.appending("open"))
                try folder.appending("open").changeMode(0o777)
            } == [
                "3:10: warning: temporal: FOLDER/open can be written by everybody; files wait in the state folder instead"
            ])
        #expect(
            try findings("temporal /tmp\n") == [
                "3:10: warning: temporal: /tmp can be written by everybody; files wait in the state folder instead"
            ])
    }

    @Test(arguments: ["server_pwd hunter2", "server_opts -x hunter2"])
    func `A password in the clear is named without being shown`(_ line: String) throws {
        let found = try findings("transfer_mode tentacle\n\(line)\n")
        #expect(
            found == [
                "4:\(line.utf8.firstIndex(of: 32).map { line.utf8.distance(from: line.startIndex, to: $0) + 2 } ?? 0): "
                    + "warning: the password crosses the network in the clear: set 'server_ssl 1', or -c or -e in server_opts"
            ])
        #expect(try findings("transfer_mode tentacle\n\(line)\nserver_ssl 1\n") == [])
    }

    @Test func `Options of the Tentacle client that are none`() throws {
        let found = try findings("transfer_mode tentacle\nserver_opts --verbose hunter2\n")
        #expect(found.count == 1 && found.first?.hasPrefix("4:13: error: server_opts: ") == true)
        #expect(found.first?.contains("hunter2") == false)
    }

    @Test func `What has no effect is named at its line`() throws {
        let found = try findings(
            "file_collection c\nserver_path_ref r\nserver_path FOLDER\n")
        #expect(found.count == 2)
        #expect(found.first?.contains("file_collection has no effect without remote_config 1") == true)
        #expect(found.last?.contains("server_path_ref has no effect: the state folder remembers") == true)
        #expect(found.map { $0.prefix { $0 != ":" } } == (3...4).map { "\($0)" })
    }
}
