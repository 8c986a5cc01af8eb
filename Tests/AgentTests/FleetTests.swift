import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Agent

@Suite("Ten thousand agents and one server, as a model")
struct FleetTests {
    private static let plot = FilePath(#filePath).removingLastComponent().appending("../../docs/fleet.svg")

    private static let crowd: FleetModel.Outcome = {
        var model = FleetModel()
        model.start = .cron
        model.retry = .everySecond
        return model.run(seed: 1)
    }()

    private static let spreadCron: FleetModel.Outcome = {
        var model = FleetModel()
        model.start = .spreadCron(.seconds(240))
        return model.run(seed: 1)
    }()

    private static let loop = FleetModel().run(seed: 1)

    private static let outage = 200..<500

    private static let loopWithOutage: FleetModel.Outcome = {
        var model = FleetModel()
        model.outage = outage
        return model.run(seed: 1)
    }()

    @Test("Spread agents are hardly ever refused, and their files come at once; the others crowd")
    func spreading() {
        #expect(Self.crowd.busiestSecond > 9_000)
        #expect(Self.crowd.refused > 300_000)
        #expect(Self.spreadCron.refused == 0)
        #expect(Self.spreadCron.delay(ofPart: 0.99) < 1)
        // The first cycle after a start at the same moment comes within ten seconds, as somebody may wait for it.
        #expect(Self.loop.seconds[300...].allSatisfy { $0.refused == 0 && $0.accepted < 100 })
        #expect(Self.loop.refused * 10 < Self.crowd.refused)
    }

    @Test("After an outage nobody crowds: what waited comes at each agent's own place")
    func afterOutage() {
        let outcome = Self.loopWithOutage
        #expect(outcome.seconds[510...].allSatisfy { $0.refused == 0 && $0.accepted < 100 })
        #expect(outcome.delays.count > outcome.filesMade - 200)
    }

    @Test("--spread waits as long as the host's name says")
    func spread() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, module("a", "module_exec echo 1"))
            let wait = StartSpread.delay(upTo: .seconds(2), hostName: OperatingSystem().kernel.hostName)
            let start = ContinuousClock.now
            #expect(await agent.run("run", "--spread", "2").status == 0)
            #expect(.now - start >= wait)
            #expect(try agent.delivered().count == 1)
            let names = (0..<100).map { StartSpread.delay(upTo: .seconds(100), hostName: "host-\($0)") }
            #expect(Set(names.map { Int($0 / .seconds(10)) }) == Set(0..<10))
        }
    }

    @Test("The plot in docs/ is what the model gives")
    func plotIsCurrent() throws {
        let svg = FleetPlot.svg([
            ("cron at the full interval, a refused connection tried again every second", Self.crowd, 0..<0),
            ("cron with 'run --spread 240'", Self.spreadCron, 0..<0),
            ("the agent's loop, begun on all hosts at the same moment", Self.loop, 0..<0),
            ("the agent's loop, and a server that is away for five minutes", Self.loopWithOutage, Self.outage),
        ])
        if getenv("REGENERATE_FLEET") != nil { try Files.replace(Self.plot, with: svg.utf8) }
        let kept = String(decoding: try Files.read(Self.plot, limit: 4 << 20), as: UTF8.self)
        #expect(kept == svg, "docs/fleet.svg fell behind: make fleet")
    }
}
