import DataFile
import TestSupport
import Testing
import TextEncodings

@Suite("The check of what plugins print", .timeLimit(.minutes(15)))
struct FragmentCheckTests {
    @Test("Well-formed elements are kept verbatim, with their names and places")
    func good() {
        let check = FragmentCheck(
            text(
                "  <module><name><![CDATA[A]]></name><data>1</data></module>\n<log_module a='1'><source>S</source>"
                    + "</log_module><!-- a comment --><inventory/>\n"))
        #expect(check.problems == [])
        #expect(check.fragments.map(\.elementName) == ["module", "log_module", "inventory"])
        #expect(check.fragments.map(\.moduleName) == ["A", "S", nil])
        #expect(
            check.fragments.map(\.position.description) == [
                "line 1, column 3", "line 2, column 1", "line 2, column 68",
            ])
    }

    @Test("Nothing and white space are fine", arguments: ["", " \n\t\r\n", "<?xml version='1.0'?>\n", "\u{FEFF}"])
    func nothing(output: String) {
        let check = FragmentCheck(text(output))
        #expect(check.fragments.isEmpty)
        #expect(check.problems.isEmpty)
    }

    @Test(
        "Broken elements are left out alone and named with their place",
        arguments: [
            ("<module><name>B & C</name></module>", "line 2, column 18"),
            ("<module><name>B</module>", "mismatched tag"),
            ("<module><name>B</name><data>&nbsp;</data></module>", "undefined entity"),
            ("<module><name>B</name>", "not closed before <module>"),
            ("<module><data>&#0;</data></module>", "invalid character number"),
            ("<module a='1' a='2'></module>", "duplicate attribute"),
            ("<module><a:b/></module>", "'a:b' is not plain ASCII"),
            ("<module><é/></module>", "'é' is not plain ASCII"),
            ("<module xmlns='urn:x'/>", "'xmlns' is not plain"),
            ("<module><?php echo ?></module>", "a processing instruction"),
            (
                "<module><data><![CDATA[</module><module><name>fake</name></module>]]>&</data></module>",
                "not well-formed"
            ),
            ("<module>&<![CDATA[</module><module><name>fake</name></module>]]></module>", "not well-formed"),
            ("<module><data>]]></data></module>", "not well-formed"),
            ("<module", "not well-formed"),
            ("stray text", "text outside"),
            ("</module>", "a closing tag without"),
            ("<![CDATA[<module><name>fake</name></module>]]>", "a CDATA section outside"),
            ("<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]>", "a document type declaration is refused"),
            ("<?php <module/> ?>", "a processing instruction is left out"),
            ("1 < 2", "text outside"),
        ])
    func broken(output: String, complaint: String) {
        let check = FragmentCheck(text("<module><name>A</name></module>\n\(output)\n<module><name>Z</name></module>"))
        #expect(check.names == ["A", "Z"])
        // What is not closed is noticed where the next element begins.
        #expect(
            check.complaints.first?.hasPrefix("line 2, ") == true
                || check.complaints.first?.hasPrefix("line 3, column") == true)
        #expect(check.complaints.contains { $0.contains(complaint) })
    }

    @Test("An entity bomb expands to nothing")
    func entityBomb() {
        var bomb = "<!DOCTYPE lolz [<!ENTITY lol0 \"lol\">"
        for level in 1...9 {
            let references = String(repeating: "&lol\(level - 1);", count: 10)
            bomb += "<!ENTITY lol\(level) \"\(references)\">"
        }
        let check = FragmentCheck(text(bomb + "]><module><data>&lol9;</data></module><module><name>Z</name></module>"))
        #expect(check.names == ["Z"])
        #expect(check.problems.count == 2)
    }

    @Test("Depth, size and attributes have limits, which themselves are allowed")
    func limits() {
        func nested(_ depth: Int) -> String {
            (1...depth).map { "<e\($0)>" }.joined()
                + (1...depth).reversed().map { "</e\($0)>" }.joined()
        }
        #expect(FragmentCheck(text(nested(32))).fragments.count == 1)
        #expect(FragmentCheck(text(nested(33))).complaints.first?.contains("nested deeper than 32") == true)
        func attributed(_ count: Int) -> String { "<m " + (1...count).map { "a\($0)='' " }.joined() + "/>" }
        #expect(FragmentCheck(text(attributed(64))).fragments.count == 1)
        #expect(FragmentCheck(text(attributed(65))).complaints.first?.contains("more than 64 attributes") == true)
        var limits = FragmentCheck.Limits()
        limits.byteCount = 20
        #expect(
            FragmentCheck(text("<m>" + String(repeating: "x", count: 13) + "</m>"), limits: limits).names == ["<m>"])
        let large = FragmentCheck(
            text("<m>" + String(repeating: "x", count: 14) + "</m><module/>"), limits: limits)
        #expect(large.names == ["<module>"])
        #expect(large.complaints.first?.contains("larger than 20 bytes") == true)
    }

    @Test("Problems beyond the limit are counted")
    func manyProblems() {
        let check = FragmentCheck(text(String(repeating: "x<m/>", count: 1000)))
        #expect(check.fragments.count == 1000)
        #expect(check.problems.count == 50)
        #expect(check.unreportedProblemCount == 950)
    }

    @Test(
        "Hostile repetitions cost what they are long",
        arguments: [
            "<module>", "<a>", "<module><![CDATA[", "<module><!--", "<module><?", "<module a='", "<module>&", "<!--",
            "<",
            "</module>", "<![CDATA[", "<!DOCTYPE [", "<module></a>", "<a><b></a>", "]]>", "<module><name>", "<x ", "é",
        ])
    func hostile(piece: String) {
        // 20,000 pieces: a quadratic cost would be minutes and run into the time limit.
        let check = FragmentCheck(text(String(repeating: piece, count: 20_000) + "<module><name>Z</name></module>"))
        #expect(check.fragments.count <= 1)
        #expect(check.problems.count + check.unreportedProblemCount > 0)
    }

    @Test("A declared encoding is honoured, an unknown one is reported")
    func declaredEncoding() async throws {
        let latin =
            text("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><module><data>") + [0xE9] + text("</data></module>")
        let check = FragmentCheck(latin)
        #expect(check.problems == [])
        let file = DataFile(header: header, elements: check.fragments.map { .verified($0) })
        #expect(try await parsedByPython([file.bytes()]).first?.contains("('data', 'é')") == true)
        #expect(try await parsedByPython([file.bytes(in: .latin1)]).first?.contains("('data', 'é')") == true)
        #expect(try await parsedByPython([file.bytes(in: .ascii)]).first?.contains("('data', '?')") == true)
        let unknown = FragmentCheck(text("<?xml version='1.0' encoding='KOI8-R'?><module/>"))
        #expect(unknown.names == ["<module>"])
        #expect(unknown.complaints == ["line 1, column 1: unknown encoding 'KOI8-R', taken for UTF-8"])
    }

    @Test("Without a declaration, a line that is not UTF-8 is in the encoding of the data file")
    func undeclaredEncoding() async throws {
        let output =
            text("<module><name>Pl") + [0xE9] + text("</name>\n<data>é</data></module>")
            + text("\n<?xml version='1.0'?>")
        let check = FragmentCheck(output, encoding: .latin1)
        #expect(check.fragments.map(\.moduleName) == ["Plé"])
        let file = DataFile(header: header, elements: check.fragments.map { .verified($0) })
        #expect(try await parsedByPython([file.bytes(in: .latin1)]).first?.contains("('data', 'é')") == true)
        let declared =
            text("<?xml version='1.0' encoding='windows-1252'?><module><name>") + [0x80] + text("</name></module>")
        #expect(FragmentCheck(declared, encoding: .latin1).fragments.map(\.moduleName) == ["€"])
    }

    @Test("Bytes and characters that XML forbids are replaced within a fragment")
    func cleaned() async throws {
        let check = FragmentCheck(text("<module><data>a\u{1}") + [0xFF] + text("b</data></module>"))
        let file = DataFile(header: header, elements: check.fragments.map { .verified($0) })
        #expect(try await parsedByPython([file.bytes()]).first?.contains("'a\u{FFFD}\u{FFFD}b'") == true)
    }

    @Test("Whatever a plugin prints, the file parses and the check ends", arguments: [11, 12, 13] as [UInt64])
    func random(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "<module>", "</module>", "<data>", "</data>", "<![CDATA[", "]]>", "<!--", "-->", "&amp;", "&", "<", ">",
            "<?x ?>",
            "<a b='c'>", "<a/>", "</a>", "text", "é", "\r", "<!DOCTYPE a>", "<!DOCTYPE b [", "\0", "&#10;",
            "xmlns:a='b'",
        ]
        var documents: [[UInt8]] = []
        var keptCount = 0
        for _ in 0..<150 {
            var output: [UInt8] = []
            for _ in 0..<Int.random(in: 0...30, using: &generator) {
                output += text(pieces.randomElement(using: &generator) ?? "")
                if Int.random(in: 0...9, using: &generator) == 0 {
                    output.append(.random(in: 0...255, using: &generator))
                }
            }
            let check = FragmentCheck(output)
            keptCount += check.fragments.count
            let encoding = TextEncoding.allCases.randomElement(using: &generator) ?? .utf8
            documents.append(
                DataFile(header: header, elements: check.fragments.map { .verified($0) }).bytes(in: encoding))
        }
        #expect(keptCount > 10)
        #expect(try await complaintsOfXmllint(documents) == "", "seed \(seed)")
        #expect(try await parsedByPython(documents).allSatisfy { $0.hasPrefix("ok") }, "seed \(seed)")
    }

    private func text(_ string: String) -> [UInt8] { Array(string.utf8) }
}
