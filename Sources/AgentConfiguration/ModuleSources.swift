extension ModuleBuilder {
    /// What a module does to get its value; `nil`, and said, where its line is wrong.
    mutating func makeSource(
        _ kind: ModuleToken.SourceToken, _ setting: ModuleSetting, _ draft: borrowing ModuleDraft
    ) -> ModuleSource? {
        let value = value(of: setting)
        switch kind {
        case .freeMemory: return .freeMemory
        case .freePercentMemory: return .freePercentMemory
        case .cpuUsage:
            if value.isEmpty || value.lowercased() == "all" { return .cpuUsage(core: nil) }
            let reader = ValueReader<Int>(expectation: "all, or the number of a core") { text in
                Int(text).flatMap { $0 < 0 ? nil : $0 }
            }
            return read(reader, setting, costs: Self.skippedPhrase).map { .cpuUsage(core: $0) }
        default: break
        }
        if value.isEmpty, read(.word, setting, costs: Self.skippedPhrase) == nil { return nil }
        switch kind {
        case .exec: return .command(value)
        case .plugin: return .plugin(value)
        case .process: return .processRunning(value)
        case .service: return .serviceRunning(value)
        case .processCPU: return .processCPU(value)
        case .processMemory: return .processMemory(value)
        case .freeDisk: return .freeDisk(mount: value)
        case .freePercentDisk: return .freePercentDisk(mount: value)
        case .occupiedPercentDisk: return .occupiedPercentDisk(mount: value)
        case .regexp: return logPattern(file: value, setting, draft)
        case .tcpCheck: return tcpCheck(host: value, setting, draft)
        case .ping: return ping(host: value, draft)
        case .cpuUsage, .freeMemory, .freePercentMemory: return nil
        }
    }

    private mutating func logPattern(
        file: String, _ setting: ModuleSetting, _ draft: borrowing ModuleDraft
    ) -> ModuleSource? {
        guard let pattern = draft.detail(.pattern).map({ value(of: $0) }), !pattern.isEmpty else {
            report(.error, setting, "module_regexp needs a module_pattern; the module is skipped")
            return nil
        }
        let fromStart = draft.detail(.noSeekEOF).flatMap { read(.flag, $0) } ?? false
        return .logPattern(file: file, pattern: pattern, fromStart: fromStart)
    }

    private mutating func tcpCheck(
        host: String, _ setting: ModuleSetting, _ draft: borrowing ModuleDraft
    ) -> ModuleSource? {
        guard let port = draft.detail(.port) else {
            report(.error, setting, "module_tcpcheck needs a module_port; the module is skipped")
            return nil
        }
        return read(.integer(1...65535), port, costs: Self.skippedPhrase).map { .tcpCheck(host: host, port: $0) }
    }

    private mutating func ping(host: String, _ draft: borrowing ModuleDraft) -> ModuleSource {
        let count = draft.detail(.pingCount).flatMap { read(.integer(1...100), $0) } ?? 1
        let milliseconds = draft.detail(.pingTimeout).flatMap { read(.integer(1...3_600_000), $0) } ?? 1000
        return .ping(host: host, count: count, timeout: .milliseconds(milliseconds))
    }
}
