/// One thing that is fed with octets: a body that reads them as it likes and says what is wrong.
///
/// The same bodies run under libFuzzer (`Fuzz/`) and, over the cases that once failed, in an ordinary test.
public struct FuzzTarget: Sendable {
    /// Its name: of the command, of the folders of its corpus and its cases.
    public let name: String
    /// What is fed, in a few words.
    public let summary: String
    /// Octets of an input at most: as many as the target can make something of.
    public let bytesMax: Int
    private let makeSeeds: @Sendable () throws -> [[UInt8]]
    private let body: @Sendable ([UInt8]) throws -> Void

    init(
        _ name: String, _ summary: String, bytesMax: Int, seeds: @escaping @Sendable () throws -> [[UInt8]],
        _ body: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.name = name
        self.summary = summary
        self.bytesMax = bytesMax
        self.makeSeeds = seeds
        self.body = body
    }

    /// Inputs to begin with: each leads to a place that chance would find late.
    public func seeds() throws -> [[UInt8]] { try makeSeeds() }

    /// Feeds `bytes`; returns what is wrong with what came out. A trap is a finding as well, and ends the process.
    public func run(_ bytes: [UInt8]) -> Finding? {
        do {
            try body(bytes)
            return nil
        } catch let finding as Finding {
            return finding
        } catch {
            // Bodies catch what a peer can cause; what is left is a world that could not be made.
            return Finding("unexpected: \(error)")
        }
    }

    /// The target with this name; nil when there is none.
    public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }

    /// Every target, the most exposed first.
    public static let all: [FuzzTarget] = [
        .server, .sequence, .message, .stream, .headers, .uri, .digest, .documents, .topology, .evidence, .crl, .state,
    ]
}

/// A property that does not hold.
public struct Finding: Error, Sendable, CustomStringConvertible {
    /// What was expected, and what was found.
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    /// Throws when `holds` is false.
    static func unless(_ holds: Bool, _ description: @autoclosure () -> String) throws(Finding) {
        guard holds else { throw Finding(description()) }
    }
}
