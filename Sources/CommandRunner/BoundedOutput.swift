internal import Glibc

/// The first bytes of a stream, and how many came after them.
struct BoundedOutput {
    private(set) var kept: [UInt8] = []
    private(set) var droppedByteCount = 0
    private let limit: Int

    /// As much as a pipe holds by default (pipe(7)).
    private static let chunk = 64 << 10
    /// The most that a pipe can hold (pipe(7): /proc/sys/fs/pipe-max-size), and so the most that a command can have
    /// left behind in it.
    private static let pipeCapacity = 1 << 20

    init(limit: Int) { self.limit = limit }

    /// Reads what is there of a descriptor that does not block, one chunk at most.
    ///
    /// - Returns: Whether there may be more: not after the end, nor after an error, which is one.
    mutating func read(from descriptor: Int32) -> Bool {
        guard let count = readChunk(descriptor) else { return errno == EAGAIN || errno == EINTR }
        return count > 0
    }

    /// Reads what a command that has ended left behind, and nothing that anybody adds to it.
    mutating func drain(_ descriptor: Int32) {
        var left = Self.pipeCapacity
        while left > 0 {
            guard let count = readChunk(descriptor) else {
                if errno == EINTR { continue }
                return
            }
            if count == 0 { return }
            left -= count
        }
    }

    private mutating func readChunk(_ descriptor: Int32) -> Int? {
        withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 16) { buffer in
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            guard count >= 0 else { return nil }
            let room = max(0, min(limit - kept.count, count))
            kept.append(contentsOf: buffer.prefix(room))
            droppedByteCount += count - room
            return count
        }
    }
}
