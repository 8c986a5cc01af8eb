import TestSupport
import Testing

@testable import Agent

@Suite("The times of modules with an absolute interval")
struct RunTimesTests {
    @Test("Whatever is remembered in whatever order comes back, and nothing else", arguments: 0..<40)
    func model(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var model: [String: Int64] = [:]
        var state = ["other": "value"]
        for _ in 0..<20 {
            var times = RunTimes(in: state)
            for _ in 0..<Int.random(in: 0...30, using: &generator) {
                let key = "module \(Int.random(in: 0..<100, using: &generator))"
                let time = Int64.random(in: 0...253_402_300_799, using: &generator)
                times.remember(time, for: key)
                model[key] = time
            }
            if let change = times.stateChange { state[change.key] = change.value }
            let kept = RunTimes(in: state)
            for number in 0..<100 {
                #expect(kept["module \(number)"] == model["module \(number)"], "seed \(seed), module \(number)")
            }
        }
        #expect((state[RunTimes.stateKey]?.utf8.count ?? 0) == 26 * model.count)
    }

    @Test("Where nothing ran there is nothing to keep")
    func noChange() {
        #expect(RunTimes(in: [:]).stateChange == nil)
    }
}
