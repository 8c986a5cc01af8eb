import Testing

/// Waits for what a running program does, for as long as a loaded machine may need.
func waitUntil(_ condition: () throws -> Bool) async throws {
    for _ in 0..<4000 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("what was waited for did not happen")
}
