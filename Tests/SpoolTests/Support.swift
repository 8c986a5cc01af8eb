import Spool
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// A state folder and an outbox beside it, and looks into them that go past the spool.
struct SpoolOnDisk {
    let state: FilePath
    let outbox: FilePath

    init(in folder: FilePath, outboxName: String = "outbox") {
        state = folder.appending("state")
        outbox = folder.appending(outboxName)
    }

    func open() throws(SpoolError) -> Spool {
        try Spool(state: state, outbox: outbox)
    }

    /// The numbers of the data files in the outbox, each checked to be whole.
    func delivered(from folder: FilePath? = nil) throws -> [Int] {
        try Files.names(in: folder ?? outbox).map(\.string).filter { $0.hasSuffix(".data") }.map { name in
            let number = try #require(Int(name.split(separator: ".")[1]))
            let bytes = try Files.read((folder ?? outbox).appending(name), limit: 1 << 20)
            #expect(bytes == file(number).bytes)
            return number
        }.sorted()
    }

    /// What lies around although nothing is being written.
    func leftovers() throws -> [String] {
        let names = try Files.names(in: state) + Files.names(in: state.appending("spool")) + Files.names(in: outbox)
        return names.map(\.string).filter { $0.contains("incoming") || $0.contains(".new") }
    }
}

/// The data file with a number.
func file(_ number: Int) -> (name: String, bytes: [UInt8]) {
    ("queue.\(number).data", Array("line \(number)\n".utf8) + [UInt8](repeating: 120, count: number % 7 * 100))
}

/// Fails all calls from one on: what a process that died there did not do.
func crash(at index: Int, _ isRefused: @escaping @Sendable (FaultInjection.Call) -> Errno? = { _ in nil })
    -> @Sendable (FaultInjection.Call) -> Errno?
{
    { $0.index >= index ? .ioError : isRefused($0) }
}

/// Lets renames out of the state folder fail as they do between file systems (rename(2), EXDEV).
let acrossFileSystems: @Sendable (FaultInjection.Call) -> Errno? = { call in
    guard call.operation == "rename", let subject = call.subject else { return nil }
    let isMove =
        subject.contains("/spool/incoming-") || subject.contains(" to ") && subject.contains("/quarantine/queue")
    return isMove && !subject.contains(".reason") && !subject.contains("/.incoming-") ? .improperLink : nil
}

/// Refuses renames out of the state folder, or nothing.
func refusals(_ isAcross: Bool) -> @Sendable (FaultInjection.Call) -> Errno? {
    { isAcross ? acrossFileSystems($0) : nil }
}
