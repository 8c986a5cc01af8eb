import SystemPackage
import TestSupport
import Testing
import TextEncodings

@testable import AgentConfiguration

@Suite struct SyntaxTests {
    @Test func `Blank lines and comments are passed over, and a # inside a value is part of it`() throws {
        let configuration = try load("\n   \n# interval 1\n  # interval 2\n\t description  a # b  \t\n")
        #expect(configuration.general.description == "a # b")
        #expect(configuration.findings.isEmpty)
    }

    @Test func `A CR alone ends no line, which is named`() throws {
        let sentence =
            "a CR alone ends no line, and what follows belongs to this one: save the file with LF or CR LF as "
            + "line ends"
        #expect(try load("# old\rinterval 60\rmodule_begin\r").findings == ["1:6: error: \(sentence)"])
        #expect(try load("interval 60\n\ngroup a\rb\r\ngroup a\rb\n").findings == ["3:8: warning: \(sentence)"])
        #expect(try load("interval 60\r\r\n\r\n\r \r\ngroup a\r").findings.isEmpty)
    }

    @Test func `There are no continuation lines`() throws {
        let configuration = try load("description a \\\ngroup b\n")
        #expect(configuration.general.description == "a \\")
        #expect(configuration.general.group == "b")
    }

    @Test func `CR LF ends a line, and positions are those of LF`() throws {
        let configuration = try load("interval 60\r\n\r\nintervall 1\r\nmodule_plugin df\r\n")
        #expect(configuration.general.interval == .seconds(60))
        #expect(configuration.modules.map(\.source) == [.plugin("df")])
        #expect(configuration.findings == ["3:1: error: unknown token 'intervall': did you mean 'interval'?"])
    }

    @Test func `The last line needs no line feed, and an empty file is a configuration`() throws {
        #expect(try load("interval 60").general.interval == .seconds(60))
        let empty = try load("")
        #expect(empty.general == GeneralSettings())
        #expect(empty.modules.isEmpty && empty.findings.isEmpty)
    }

    @Test func `A byte order mark is passed over`() throws {
        let configuration = try load(bytes: [0xEF, 0xBB, 0xBF] + Array("interval 60\nintervall 2".utf8))
        #expect(configuration.general.interval == .seconds(60))
        #expect(configuration.findings == ["2:1: error: unknown token 'intervall': did you mean 'interval'?"])
    }

    @Test func `A line with a NUL byte costs that line`() throws {
        let configuration = try load(bytes: Array("group a\ndescription x\0y\ninterval 60".utf8))
        #expect(configuration.general.description == "")
        #expect(configuration.general.interval == .seconds(60))
        #expect(configuration.findings == ["2:1: error: this line holds a NUL byte and is left out"])
    }

    @Test func `Bytes that are not UTF-8 are replaced and named`() throws {
        let configuration = try load(bytes: Array("description Espa".utf8) + [0xF1] + Array("a\ninterval 60".utf8))
        #expect(configuration.general.description == "Espa\u{FFFD}a")
        #expect(configuration.general.interval == .seconds(60))
        #expect(
            configuration.findings == ["1:1: warning: this line is not UTF-8: the wrong bytes are replaced by U+FFFD"])
    }

    @Test func `A line that is not UTF-8 is in the encoding that the main file names, wherever it names it`() throws {
        let configuration = try load(
            bytes: Array("description Espa".utf8) + [0xF1] + Array("a\nmodule_begin\nmodule_name Memoria ".utf8)
                + [0xF1, 0x0A] + Array("module_exec echo ñ\nmodule_end\nencoding KOI8-R\nencoding latin1\n\t ".utf8)
                + [0xE9] + Array(" 1\ngroup \u{20AC} ñ\n".utf8))
        #expect(configuration.general.description == "España")
        #expect(configuration.general.group == "\u{20AC} ñ")
        #expect(configuration.general.encoding == .latin1)
        #expect(configuration.modules.map(\.name) == ["Memoria ñ"])
        #expect(configuration.modules.first?.source == .command("echo ñ"))
        #expect(
            configuration.findings == [
                "1:1: warning: this line is not UTF-8: it is read as ISO-8859-1",
                "3:1: warning: this line is not UTF-8: it is read as ISO-8859-1",
                "6:10: error: encoding: 'KOI8-R', expected one of UTF-8, ISO-8859-1, ISO-8859-15, US-ASCII, "
                    + "windows-1252; the line has no effect",
                "8:3: warning: this line is not UTF-8: it is read as ISO-8859-1",
                "8:3: error: unknown token 'é'",
            ])
    }

    @Test func `Other files are in the main file's encoding, local.conf in its own where there is none`() throws {
        var files = MemoryFiles(main: "include more.conf\nencoding ISO-8859-15\n")
        let module =
            Array("module_begin\nmodule_name ".utf8) + [0xA4, 0x0A] + Array("module_exec x\nmodule_end\n".utf8)
        files.files["/etc/pandora/more.conf"] = module
        files.files[MemoryFiles.local] = Array("encoding UTF-8\ndescription ".utf8) + [0xA4]
        let configuration = try files.load()
        #expect(configuration.modules.map(\.name) == ["€"])
        #expect(configuration.general.description == "€")
        #expect(configuration.general.encoding == .utf8)
        files.files[MemoryFiles.main] = Array("group ".utf8) + [0xA4]
        files.files[MemoryFiles.local] = Array("encoding windows-1252\ndescription ".utf8) + [0x80]
        let local = try files.load().general
        #expect(local.group == "\u{FFFD}" && local.description == "€")
    }

    @Test func `Text in UTF-8 comes through, and columns count bytes`() throws {
        let configuration = try load("description España ☂\nmodule_begin\n  ñandú x\nmodule_end\n")
        #expect(configuration.general.description == "España ☂")
        #expect(configuration.findings.contains("3:3: error: unknown token 'ñandú'"))
    }

    @Test func `A line of 10 MB costs that line, and so does a comment of 10 MB nothing`() throws {
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000_000)
        let configuration = try load(
            bytes: Array("description ".utf8) + long + Array("\n#".utf8) + long + Array("\n".utf8) + long
                + Array("\ninterval 60\n".utf8))
        #expect(configuration.general.interval == .seconds(60))
        #expect(configuration.general.description == "")
        #expect(
            configuration.findings == [
                "1:1: error: this line is longer than 131072 bytes and is left out",
                "3:1: error: this line is longer than 131072 bytes and is left out",
            ])
    }

    @Test func `A module without module_end ends where the next begins, or with the file`() throws {
        let configuration = try load(
            "module_begin\nmodule_name a\nmodule_exec true\nmodule_begin\nmodule_name b\nmodule_exec true\n")
        #expect(configuration.modules.map(\.name) == ["a", "b"])
        #expect(
            configuration.findings == [
                "4:1: warning: the module that began at line 1 has no module_end; it is used as it stands",
                "4:1: warning: this module has no module_end before the end of the file; it is used as it stands",
            ])
    }

    @Test func `General tokens inside a module and module tokens outside have no effect`() throws {
        let configuration = try load(
            "module_exec true\nmodule_end\nmodule_begin x\nmodule_name a\nmodule_exec true\ninterval 60\nmodule_end y\n"
        )
        #expect(configuration.general.interval == .seconds(300))
        #expect(
            configuration.findings == [
                "1:1: error: 'module_exec' stands outside module_begin … module_end and has no effect",
                "2:1: error: module_end without a module_begin before it",
                "3:14: warning: what follows module_begin on its line has no effect",
                "6:1: error: 'interval' is a general token and has no effect inside a module: is module_end missing?",
                "7:12: warning: what follows module_end on its line has no effect",
            ])
    }

    @Test func `More modules than there is room for are left out with one message`() throws {
        let count = RawConfiguration.mostModules + 5
        let line = Array("module_plugin a\n".utf8)
        var bytes: [UInt8] = []
        for _ in 0..<count { bytes += line }
        let configuration = try load(bytes: bytes)
        #expect(configuration.modules.count == RawConfiguration.mostModules)
        #expect(
            configuration.findings == ["100001:1: error: more than 100000 modules: the 5 from here on are left out"])
    }

    @Test func `A thousand findings are enough`() throws {
        let configuration = try load(String(repeating: "nonsense\n", count: 1500))
        #expect(configuration.findings.count == 1001)
        #expect(configuration.findings.last == "1500:1: error: 500 more findings are left out, the last one here")
    }

    @Test func `Suggestions are near, and none is made where nothing is`() {
        let names = ModuleToken.all.map(\.name)
        #expect(nearest(to: "module_intervall", among: names) == "module_interval")
        #expect(nearest(to: "module_nmae", among: names) == "module_name")
        #expect(nearest(to: "MODULE_EXEC", among: names) == "module_exec")
        #expect(nearest(to: "frobnicate", among: names) == nil)
        #expect(nearest(to: String(repeating: "a", count: 100_000), among: names) == nil)
        #expect(nearest(to: "", among: names) == nil)
    }

    @Test func `The nearest name is the first one of the least distance`() {
        /// The distance by its definition, from the ends.
        func distance(_ left: Substring.UTF8View.SubSequence, _ right: Substring.UTF8View.SubSequence) -> Int {
            guard let last = left.last, let other = right.last else { return max(left.count, right.count) }
            let (before, otherBefore) = (left.dropLast(), right.dropLast())
            var least = min(
                distance(before, otherBefore) + (last == other ? 0 : 1), distance(before, right) + 1,
                distance(left, otherBefore) + 1)
            if before.last == other, otherBefore.last == last {
                least = min(least, distance(before.dropLast(), otherBefore.dropLast()) + 1)
            }
            return least
        }
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        func word() -> String {
            String(
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in "ab_".randomElement(using: &generator) ?? "a"
                })
        }
        for _ in 0..<100 {
            let (wanted, names) = (word(), (0..<4).map { _ in word() })
            let distances = names.map { distance(wanted[...].utf8, $0[...].utf8) }
            let allowed = max(1, wanted.utf8.count / 3)
            let expected = zip(names, distances).filter { $1 <= allowed }.min { $0.1 < $1.1 }?.0
            #expect(nearest(to: wanted, among: names) == expected, "seed \(seed): \(wanted) among \(names)")
        }
    }
}

@Suite struct WrongLinesTests {
    @Test func `Twenty wrong lines cost twenty lines, each named where it is`() throws {
        let configuration = try load(
            """
            server_ip monitor.example.org
            server_prot 41121
            server_port 411210
            interval 5m
            transfer_mode carrier-pigeon
            temporal_max_files many
            udp_server 1
            timezone_offset 99
            remote_may nothing
            module_end
            module_name stray
            module_begin
              module_nam CPU
              module_name Load
              module_typ generic_data
              module_type generic_proc_
              module_exec cat /proc/loadavg
              module_interval -1
              module_timeout 0
              module_condition 5 echo
              module_save 5
            module_end
            module_begin
              module_name Disk
              module_crontab * * *
              module_freedisk /
              interval 60
            module_end
            custom_field_name Rack
            module_begin
              module_name Empty
            module_end
            description the last line counts
            """)
        #expect(
            configuration.findings == [
                "2:1: error: unknown token 'server_prot': did you mean 'server_port'?",
                "3:13: error: server_port: '411210', expected a whole number from 1 to 65535; the line has no effect",
                "4:10: error: interval: '5m', expected a whole number from 1 to 31536000 (seconds); the line has no effect",
                "5:15: error: transfer_mode: 'carrier-pigeon', expected one of tentacle, local, ssh, ftp; the line has no "
                    + "effect",
                "6:20: error: temporal_max_files: 'many', expected a whole number, 0 or more; the line has no effect",
                "7:1: warning: 'udp_server' is refused: it would listen on UDP, and this agent never listens",
                "8:17: error: timezone_offset: '99', expected a whole number from -12 to 12; the line has no effect",
                "9:1: error: 'remote_may' counts in local.conf alone",
                "10:1: error: module_end without a module_begin before it",
                "11:1: error: 'module_name' stands outside module_begin … module_end and has no effect",
                "13:3: error: unknown token 'module_nam': did you mean 'module_name'?",
                "15:3: error: unknown token 'module_typ': did you mean 'module_type'?",
                "16:3: warning: unknown module type 'generic_proc_': did you mean 'generic_proc'?",
                "18:19: error: module_interval: '-1', expected a whole number from 1 to 1000000000; the line has no effect",
                "19:18: error: module_timeout: '0', expected a whole number from 1 to 86400 (seconds); the line has no "
                    + "effect",
                "20:20: error: module_condition: '5…', expected a condition: > n, < n, = n, != n, =~ regexp or (a, b) and "
                    + "then a command; the line has no effect",
                "21:15: error: module_save: '5', expected the name of an environment variable; the line has no effect",
                "25:18: error: module_crontab: '* * *', expected five fields `minute hour day month weekday`, each *, a "
                    + "number or a range a-b; the module is skipped",
                "27:3: error: 'interval' is a general token and has no effect inside a module: is module_end missing?",
                "29:1: error: unknown token 'custom_field_name': did you mean 'custom_fieldN_name'?",
                "30:1: warning: module 'Empty' is skipped: it has nothing to run (module_exec, module_plugin …)",
            ])
        #expect(configuration.modules.map(\.name) == ["Load"])
        #expect(configuration.skippedModules.map(\.name) == ["Disk", "Empty"])
        #expect(configuration.general.primary.address == "monitor.example.org")
        #expect(configuration.general.description == "the last line counts")
    }
}
