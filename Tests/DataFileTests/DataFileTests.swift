import DataFile
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing
import TextEncodings

@Suite("Data files", .timeLimit(.minutes(15)))
struct DataFileTests {
    @Test("A full data file is the golden one, byte for byte, and two other parsers read it")
    func golden() async throws {
        var header = header
        header.agentAlias = "it's <\"ours\"> & theirs"
        header.description = "line one\nline\ttwo\r"
        header.group = "Servers"
        header.groupPassword = "group & password"
        header.groupID = "4"
        header.customID = "custom"
        header.urlAddress = "https://example.org/?a=1&b=2"
        header.addresses = ["192.0.2.1", "2001:db8::1"]
        header.parentAgentName = "parent"
        header.secondaryGroups = "A,B"
        header.mode = .learn
        header.position = .init(longitude: "-3.7", latitude: "40.4", altitude: "650", description: "Büro")
        let check = FragmentCheck(Array("<event><name>E</name></event>".utf8))
        var settings: [Module.Setting: String] = [:]
        for setting in Module.Setting.allCases { settings[setting] = "\(setting.rawValue) <&>" }
        let file = DataFile(
            header: header, customFields: [CustomField(name: "Serial", value: "1 < 2")],
            elements: [
                .module(
                    Module(
                        name: "CPU\nload", type: "generic_data", description: "a ]]> b", settings: settings,
                        data: .value(Array("7".utf8)))),
                .module(
                    Module(
                        name: "list", type: "async_string", data: .list([.init(Array("a\nb".utf8)), .init([])]))),
                .logModule(LogModule(source: "Syslog", lines: Array("one\ntwo\n".utf8))),
                .inventory(
                    Inventory(tables: [
                        .init(name: "Software", rows: [["bash", "5.2", "a; b\nc"], ["ñandú", "", ""]])
                    ])),
            ] + check.fragments.map { .verified($0) })
        let bytes = file.bytes()
        let path = FilePath(#filePath).removingLastComponent().appending("Golden/full.xml")
        if getenv("UPDATE_GOLDEN") != nil {
            try Files.replace(path, with: bytes, permissions: [.ownerReadWrite, .groupRead, .otherRead])
        }
        #expect(bytes == (try Files.read(path, limit: 1 << 20)))
        #expect(try await complaintsOfXmllint([bytes]) == "")
        let parsed = try #require(try await parsedByPython([bytes]).first)
        #expect(parsed.hasPrefix("ok"))
        #expect(parsed.contains("('name', 'CPU load'), ('description', 'a ]]> b')"))
        #expect(parsed.contains("('value', 'a\\nb'), ('value', None)"))
        #expect(parsed.contains("('data', 'bash;5.2;a, b c'), ('data', 'ñandú;;')"))
    }

    @Test("Optional attributes are left out where nothing is configured, and a moment is written as servers take it")
    func minimalHeader() {
        var header = header
        header.timestamp = .omitted
        let bytes = DataFile(header: header, elements: []).bytes()
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                <?xml version='1.0' encoding='UTF-8'?>
                <agent_data description="" group="" os_name="linux" os_version="Debian" interval="300" \
                version="0.1(Build 260101)" agent_name="agent" agent_alias="alias" timezone_offset="0" custom_id="" \
                url_address="">
                </agent_data>

                """)
    }

    @Test(
        "A value comes back as it went in, or as the rules say",
        arguments: [
            ("plain", "plain"), ("]]>", "]]>"), ("]]]]>>", "]]]]>>"), ("a]]", "a]]"), ("<&>'\"", "<&>'\\\""),
            ("lone\rreturn", "lone\\rreturn"), ("end\r", "end\\r"), ("dos\r\nline", "dos\\nline"), ("]]\r>", "]]\\r>"),
            ("nul\0bell\u{7}", "nul\u{FFFD}bell\u{FFFD}"), ("\u{FFFE}\u{FFFF}", "\u{FFFD}\u{FFFD}"), ("é€😀", "é€😀"),
        ])
    func values(value: String, expected: String) async throws {
        let bytes = document(Array(value.utf8))
        let quote = expected.contains("'") ? "'<&>\\'\"'" : "'\(expected)'"
        #expect(try await parsedByPython([bytes]).first?.contains("('data', \(quote))") == true)
    }

    @Test("Bytes that are not UTF-8 become U+FFFD")
    func invalid() async throws {
        let parsed = try await parsedByPython([document([0x61, 0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80])])
        #expect(parsed.first?.contains("('data', 'a\u{FFFD}\u{FFFD}(\u{FFFD}\u{FFFD}\u{FFFD}')") == true)
    }

    @Test(
        "Other encodings have what they have, and ? for the rest",
        arguments: [
            (TextEncoding.latin1, "é?\u{A4}??"), (.latin9, "é€?Š?"), (.windows1252, "é€\u{A4}Š?"), (.ascii, "?????"),
            (.utf8, "é€\u{A4}Š漢"),
        ])
    func encodings(encoding: TextEncoding, expected: String) async throws {
        let bytes = document(Array("é€\u{A4}Š漢".utf8), in: encoding)
        #expect(
            String(decoding: bytes, as: UTF8.self).hasPrefix("<?xml version='1.0' encoding='\(encoding.rawValue)'?>"))
        #expect(try await complaintsOfXmllint([bytes]) == "")
        #expect(try await parsedByPython([bytes]).first?.contains("('data', '\(expected)')") == true)
    }

    @Test("A line that is in the declared encoding already stays as it is, but for what XML forbids")
    func declaredAlready() async throws {
        let value = Array("é€\n".utf8) + [0xE9, 0xA4, 0x01, 0x0A] + Array("]]>".utf8) + [0xFF]
        let bytes = document(value, in: .latin9)
        let second: [UInt8] = [0xE9, 0xA4, UInt8(ascii: "?")]
        #expect(bytes.split(separator: 0x0A).contains { Array($0) == second })
        #expect(try await complaintsOfXmllint([bytes]) == "")
        #expect(try await parsedByPython([bytes]).first?.contains("('data', 'é€\\né€?\\n]]>ÿ')") == true)
    }

    @Test("Whatever bytes go in anywhere, the file parses", arguments: [1, 2, 3, 4] as [UInt64])
    func randomBytes(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        var documents: [[UInt8]] = []
        for _ in 0..<50 {
            let encoding = TextEncoding.allCases.randomElement(using: &generator) ?? .utf8
            documents.append(randomDocument(in: encoding, &generator))
        }
        #expect(try await complaintsOfXmllint(documents) == "", "seed \(seed)")
        let parsed = try await parsedByPython(documents)
        #expect(parsed.count == documents.count)
        #expect(parsed.allSatisfy { $0.hasPrefix("ok") }, "seed \(seed)")
    }

    @Test("The running size is that of the finished file")
    func byteCount() {
        var writer = DataFileWriter(header: header)
        writer.append(.logModule(LogModule(source: "x", lines: [1, 2, 3])))
        let count = writer.byteCount
        #expect(writer.finish().count == count)
    }

    @Test("A moment is written in local time, and one beyond the calendar is held at its end")
    func calendarTime() {
        #expect(CalendarTime(localTimeOf: 1_700_000_000).description.count == 19)
        #expect(CalendarTime(localTimeOf: 1_700_000_000).description.hasPrefix("2023/11/1"))
        #expect(CalendarTime(localTimeOf: .max).description.hasPrefix("9999/12/3"))
        #expect(CalendarTime(localTimeOf: .min).description.hasPrefix("000"))
    }

    private func document(_ value: [UInt8], in encoding: TextEncoding = .utf8) -> [UInt8] {
        let module = Module(name: "m", type: "generic_data_string", data: .value(value))
        return DataFile(header: header, elements: [.module(module)]).bytes(in: encoding)
    }

    private func randomDocument(in encoding: TextEncoding, _ generator: inout SeededGenerator) -> [UInt8] {
        let pieces = [
            "]]>", "<![CDATA[", "&", "<", "\r", "\n", "\"", "'", "é", "\u{FFFE}", "-->", "]", ">", "<module>",
        ]
        func bytes() -> [UInt8] {
            (0..<Int.random(in: 0...40, using: &generator)).flatMap { _ -> [UInt8] in
                Bool.random(using: &generator)
                    ? [UInt8.random(in: 0...255, using: &generator)]
                    : Array((pieces.randomElement(using: &generator) ?? "").utf8)
            }
        }
        func text() -> String { String(decoding: bytes(), as: UTF8.self) }
        var header = header
        header.agentAlias = text()
        header.description = text()
        header.position = .init(longitude: text(), latitude: text(), altitude: text(), description: text())
        let module = Module(
            name: text(), type: ModuleType(rawValue: text()), description: text(),
            settings: [.unit: text(), .tags: text()], data: .list([.init(bytes()), .init(bytes())]))
        return DataFile(
            header: header, customFields: [CustomField(name: text(), value: text())],
            elements: [
                .module(module), .logModule(LogModule(source: text(), lines: bytes())),
                .inventory(Inventory(tables: [.init(name: text(), rows: [[text(), text()], []])])),
            ]
                + FragmentCheck(Array("<module><data>".utf8) + bytes() + Array("</data></module>".utf8)).fragments.map {
                    .verified($0)
                }
        ).bytes(in: encoding)
    }
}
