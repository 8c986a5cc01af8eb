import Glibc

/// Draws what a server sees in several runs, one panel below the other.
enum FleetPlot {
    private static let width = 900
    private static let height = 130
    private static let left = 60
    private static let gap = 62
    private static let decades = 4

    /// The runs as an SVG document (SVG 1.1).
    static func svg(_ runs: [(title: String, outcome: FleetModel.Outcome, outage: Range<Int>)]) -> String {
        let total = runs.count * (height + gap) + 50
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(left + width + 20) \(total)\" "
                + "font-family=\"sans-serif\" font-size=\"13\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
        ]
        for (index, run) in runs.enumerated() {
            lines += panel(run.title, run.outcome, run.outage, top: index * (height + gap) + gap)
        }
        let bottom = total - 12
        lines.append(text("seconds since the agents began, or since a full interval", left, bottom))
        lines.append("<rect x=\"600\" y=\"\(bottom - 10)\" width=\"12\" height=\"10\" fill=\"#2b6cb0\"/>")
        lines.append(text("accepted in a second", 617, bottom))
        lines.append("<rect x=\"780\" y=\"\(bottom - 10)\" width=\"12\" height=\"10\" fill=\"#e05252\"/>")
        lines.append(text("refused in a second", 797, bottom))
        lines.append("</svg>")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func panel(
        _ title: String, _ outcome: FleetModel.Outcome, _ outage: Range<Int>, top: Int
    ) -> [String] {
        var lines = [text(title, left, top - 26, weight: "bold"), text(numbers(outcome), left, top - 9)]
        if !outage.isEmpty {
            lines.append(
                "<rect x=\"\(left + outage.lowerBound)\" y=\"\(top)\" width=\"\(outage.count)\" "
                    + "height=\"\(height)\" fill=\"#eeeeee\"/>")
            lines.append(text("the server is away", left + outage.lowerBound + 6, top + 16))
        }
        for decade in 0...decades {
            let y = top + height - height * decade / decades
            lines.append(
                "<line x1=\"\(left)\" y1=\"\(y)\" x2=\"\(left + width)\" y2=\"\(y)\" stroke=\"#cccccc\"/>")
            let label = ["1", "10", "100", "1,000", "10,000"][decade]
            lines.append(text(label, left - 6, y + 4, anchor: "end"))
        }
        for second in stride(from: 0, through: width, by: 150) {
            lines.append(text("\(second)", left + second, top + height + 15, anchor: "middle"))
        }
        for (second, seen) in outcome.seconds.enumerated() {
            let all = pixels(seen.accepted + seen.refused)
            let accepted = pixels(seen.accepted)
            if all > accepted { lines.append(bar(second, top: top + height - all, height: all, "#e05252")) }
            if accepted > 0 { lines.append(bar(second, top: top + height - accepted, height: accepted, "#2b6cb0")) }
        }
        return lines
    }

    private static func numbers(_ outcome: FleetModel.Outcome) -> String {
        let delays = [0.5, 0.99, 1].map { "\(Int(outcome.delay(ofPart: $0).rounded(.up))) s" }
        return "busiest second: \(outcome.busiestSecond) connections; refused in all: \(outcome.refused); a file waits "
            + "\(delays[0]) (median), \(delays[1]) (99 %), \(delays[2]) (longest)"
    }

    /// The height of a number on a logarithmic scale; 1 is still to be seen.
    private static func pixels(_ number: Int) -> Int {
        number < 1 ? 0 : max(2, Int((log10(Double(number)) * Double(height) / Double(decades)).rounded()))
    }

    private static func bar(_ second: Int, top: Int, height: Int, _ colour: String) -> String {
        "<rect x=\"\(left + second)\" y=\"\(top)\" width=\"1\" height=\"\(height)\" fill=\"\(colour)\"/>"
    }

    private static func text(
        _ text: String, _ x: Int, _ y: Int, anchor: String = "start", weight: String = "normal"
    ) -> String {
        "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\" font-weight=\"\(weight)\">\(text)</text>"
    }
}
