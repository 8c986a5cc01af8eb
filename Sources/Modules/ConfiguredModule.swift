public import AgentConfiguration
internal import CommandRunner
internal import DataFile
internal import TextEncodings

/// A module of the configuration, ready to be collected.
public struct ConfiguredModule: ModuleKind {
    /// What the configuration says of it.
    public let definition: ModuleDefinition

    /// Makes a module ready.
    public init(_ definition: ModuleDefinition) {
        self.definition = definition
    }

    /// Collects its value and dresses it as the configuration says; a plugin's elements are its own.
    public func collect(in context: ModuleContext) async -> ModuleOutcome {
        if case .plugin(let command) = definition.source {
            return await PluginModule(command: command, timeLimit: timeLimit(in: context)).collect(in: context)
        }
        if case .command(let command) = definition.source {
            let measurement = CommandMeasurement(command: command, timeLimit: timeLimit(in: context))
            let result = await measurement.run(in: context)
            var outcome = self.outcome(of: CommandMeasurement.measurement(of: result), in: context)
            outcome.command = CommandReport(result)
            if result.isSuccess, result.isTruncated { outcome.failures.append(result.cutSentence) }
            return outcome
        }
        return outcome(of: await measure(in: context), in: context)
    }

    private func outcome(of measurement: Measurement, in context: ModuleContext) -> ModuleOutcome {
        switch measurement {
        case .value(let value, let explanation):
            return outcome(value, explanation: explanation, in: context)
        case .noData(let reason):
            var outcome = ModuleOutcome()
            outcome.notes = reason.map { [$0] } ?? []
            return outcome
        case .failure(let reason):
            return ModuleOutcome(failure: reason)
        case .elements(let outcome):
            return outcome
        }
    }

    /// What becomes of a text that a module of a numeric type brought; `nil` where the server keeps it.
    ///
    /// - Parameter value: The value, or its beginning.
    public static func problem(with value: String, of type: ConfiguredModuleType) -> String? {
        let dataType = ModuleType(rawValue: type.name)
        return dataType.accepts(Array(value.utf8)) ? nil : sentence(about: value, of: dataType)
    }

    private static func sentence(about value: String, of type: ModuleType) -> String {
        // Messages are one line.
        let shown = String(value.prefix(40).map { $0.isNewline ? " " : $0 })
        return
            "the server keeps numbers alone of type \(type.rawValue), and drops '\(shown)': use another module_type or "
            + "another command"
    }

    private func measure(in context: ModuleContext) async -> Measurement {
        switch definition.source {
        case .cpuUsage, .processRunning, .serviceRunning, .processCPU, .processMemory, .freeDisk, .freePercentDisk,
            .occupiedPercentDisk, .freeMemory, .freePercentMemory:
            await ProbeMeasurement(source: definition.source).measure(on: context.host)
        case .logPattern(let file, let pattern, let fromStart):
            await LogPatternMeasurement(
                name: definition.name, type: dataType, file: file, pattern: pattern, fromStart: fromStart
            ).measure(in: context, dressing: module(value:explanation:))
        case .tcpCheck(let host, let port):
            await TCPCheck(host: host, port: port, timeLimit: timeLimit(in: context)).measure()
        case .ping(let host, let count, let timeout):
            await Ping(host: host, count: count, timeout: timeout, environment: context.environment).measure()
        // What runs a command does not come here.
        case .command, .plugin:
            .noData(nil)
        }
    }

    private var dataType: ModuleType { ModuleType(rawValue: definition.type.name) }

    private func timeLimit(in context: ModuleContext) -> Duration {
        min(definition.timeout ?? context.longestCommand, context.longestCommand)
    }

    private func outcome(_ value: [UInt8], explanation: String?, in context: ModuleContext) -> ModuleOutcome {
        var outcome = ModuleOutcome()
        let value = dataType.isNumeric ? Array(value.trimmingSpaces) : value
        if !dataType.accepts(value) {
            outcome.warnings.append(Self.sentence(about: context.encoding.text(of: value), of: dataType))
        }
        outcome.value = context.encoding.text(of: value)
        outcome.elements = [.module(module(value: .value(value), explanation: explanation))]
        return outcome
    }

    /// The module as the data file carries it.
    private func module(value: Module.Data, explanation: String?) -> Module {
        var description = explanation
        var settings: [Module.Setting: String] = [.interval: String(definition.schedule.everyCycles)]
        for attribute in definition.attributes {
            if attribute.element == "description" {
                description = attribute.text
            } else if let setting = Module.Setting(rawValue: attribute.element) {
                settings[setting] = attribute.text
            }
        }
        settings[.crontab] = definition.schedule.crontab?.text
        settings[.cronInterval] = definition.schedule.cronInterval.map(String.init)
        return Module(
            name: definition.name, type: dataType, description: description, settings: settings, data: value)
    }
}

/// What measuring brought, before it is dressed as a module.
enum Measurement: Sendable {
    /// A value, and what the description says of it where the configuration says nothing.
    case value([UInt8], explanation: String? = nil)
    /// Nothing, which is no failure; with the reason where it may surprise.
    case noData(String?)
    /// Nothing, with the reason as a sentence.
    case failure(String)
    /// Elements that are complete already.
    case elements(ModuleOutcome)

    static func number(_ number: Double, explanation: String? = nil) -> Measurement {
        .value(Array(decimalText(number).utf8), explanation: explanation)
    }

    static func flag(_ isTrue: Bool, explanation: String? = nil) -> Measurement {
        .value([UInt8(ascii: isTrue ? "1" : "0")], explanation: explanation)
    }
}

/// A number with at most two decimals, without an exponent, as every server reads it.
func decimalText(_ number: Double) -> String {
    let hundredths = (number * 100).rounded()
    guard hundredths.isFinite, let scaled = Int64(exactly: hundredths) else { return "0" }
    let (whole, fraction) = scaled.magnitude.quotientAndRemainder(dividingBy: 100)
    let sign = scaled < 0 ? "-" : ""
    if fraction == 0 { return "\(sign)\(whole)" }
    let digits = fraction < 10 ? "0\(fraction)" : "\(fraction)"
    return "\(sign)\(whole).\(digits.hasSuffix("0") ? String(digits.dropLast()) : digits)"
}

extension Collection<UInt8> where SubSequence: BidirectionalCollection {
    /// Without the spaces, tabs and line ends around it.
    var trimmingSpaces: SubSequence {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let start = drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return start.prefix(0) }
        return start[...last]
    }
}
