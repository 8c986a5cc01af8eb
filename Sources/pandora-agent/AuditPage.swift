internal import SecurityChecks

/// An audit as one page of HTML that needs nothing else: no script, no font, no picture, no other host.
struct AuditPage {
    let report: AuditReport
    let host: String
    /// The day and time, as it is shown.
    let time: String
    let version: String

    private static let style = """
        :root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2430;--soft:#5b6675;--line:#dde2e8;\
        --good:#1a7f4b;--bad:#b3261e;--open:#8a6100}
        @media(prefers-color-scheme:dark){:root{--bg:#14181d;--card:#1d232b;--ink:#e8ecf1;--soft:#9aa6b5;--line:#323b46;\
        --good:#5cc98c;--bad:#ff8a80;--open:#e2b44f}}
        body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
        main{max-width:60rem;margin:auto;padding:1.5rem}
        h1{margin:0;font-size:1.6rem}h2{margin:2rem 0 .6rem;font-size:1.2rem}
        .soft{color:var(--soft)}
        .card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.2rem}
        .top{display:flex;gap:1.5rem;align-items:center;flex-wrap:wrap;margin-top:1rem}
        .score{font-size:3.2rem;font-weight:700;line-height:1}
        table{border-collapse:collapse;width:100%}
        td,th{text-align:left;vertical-align:top;padding:.45rem .6rem;border-top:1px solid var(--line)}
        tr:first-child td,tr:first-child th{border-top:0}
        .bar{display:block;height:.6rem;min-width:8rem;background:var(--line);border-radius:.3rem;overflow:hidden}
        .bar i{display:block;height:100%;background:var(--good)}
        .v{white-space:nowrap;font-weight:600}
        .pass{color:var(--good)}.fail{color:var(--bad)}.cannotTell{color:var(--open)}.notApplicable{color:var(--soft)}
        ol{padding-left:1.4rem;margin:.2rem 0}li{margin:.4rem 0}
        code{font-size:.85em;overflow-wrap:anywhere}details{margin-top:.2rem}summary{cursor:pointer;color:var(--soft)}
        @media print{body{background:#fff}details>*{display:block}}
        """

    var text: String {
        let title = "Security of \(Self.escaped(host))"
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(title)</title><style>\(Self.style)</style></head><body><main>
            <h1>\(title)</h1>
            <div class="soft">\(Self.escaped(time)) · pandora-agent \(Self.escaped(version))</div>
            \(overview)
            \(toDo)
            \(SecurityArea.allCases.map(section).joined())
            </main></body></html>
            """
    }

    private var overview: String {
        let score = report.score
        let grade = score.map { $0 >= 90 ? "pass" : $0 >= 70 ? "cannotTell" : "fail" } ?? "notApplicable"
        let counts = Verdict.allCases.map { "<span class=\"\($0.rawValue)\">\(report.count($0)) \($0.words)</span>" }
        var areas = ""
        for area in SecurityArea.allCases {
            guard let score = report.score(of: area) else { continue }
            areas +=
                "<tr><th>\(area.rawValue)</th><td>\(score)</td><td><span class=\"bar\"><i style=\"width:\(score)%\"></i></span></td></tr>"
        }
        return """
            <div class="card top"><div><div class="score \(grade)">\(score.map(String.init) ?? "–")</div>
            <div class="soft">of 100</div></div><div>\(counts.joined(separator: " · "))
            <div class="soft">The score weighs what could be checked by how grave a failure is.</div></div></div>
            <h2>By area</h2><div class="card"><table>\(areas)</table></div>
            """
    }

    private var toDo: String {
        let failures = report.failures
        if failures.isEmpty { return "<h2>What to do first</h2><div class=\"card\">Nothing failed.</div>" }
        let items = failures.map { entry in
            "<li><b>\(Self.escaped(entry.result.summary))</b> <span class=\"soft\">(\(entry.check.severity))</span><br>"
                + "\(Self.escaped(entry.result.advice ?? ""))"
                + "<div class=\"soft\">So that it holds: \(Self.escaped(entry.check.title)).</div></li>"
        }
        return "<h2>What to do first</h2><div class=\"card\"><ol>\(items.joined())</ol></div>"
    }

    private func section(_ area: SecurityArea) -> String {
        let entries = report.entries.filter { $0.check.area == area }
        if entries.isEmpty { return "" }
        let rows = entries.map { entry in
            let facts = entry.result.evidence.map { "<div><code>\(Self.escaped("\($0)"))</code></div>" }
            let evidence = facts.isEmpty ? "" : "<details><summary>Evidence</summary>\(facts.joined())</details>"
            let isOpen = entry.result.verdict == .cannotTell
            let remedy = isOpen ? entry.result.advice.map { "<div class=\"soft\">\(Self.escaped($0))</div>" } ?? "" : ""
            return "<tr><td class=\"v \(entry.result.verdict.rawValue)\">\(entry.result.verdict.words)</td>"
                + "<td>\(Self.escaped(entry.check.title))<div class=\"soft\">\(Self.escaped(entry.result.summary))</div>"
                + "\(remedy)\(evidence)</td></tr>"
        }
        return "<h2>\(area.rawValue)</h2><div class=\"card\"><table>\(rows.joined())</table></div>\n"
    }

    /// Text that cannot become markup, whatever a host's files say; control characters are shown.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in TerminalText.visible(text) {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
