import Authority
import Basis
import Trust

/// The first decision of an epoch.
struct DecideCold: Benchmark {
    static let name = "decide-cold"
    static let summary = "the context of an epoch made, and a server's link decided by it"
    static let iterations = 100

    private let network: Network
    private let link: LinkEvidence

    init() throws {
        network = try Network()
        link = try network.edgeLink()
    }

    mutating func step() throws -> Int {
        guard decide(link, in: network.context).peer?.identity == Network.edge else {
            throw BenchmarkFailure("the edge is refused")
        }
        return 1
    }
}

/// Every later decision of an epoch, as a shard makes it.
struct DecideKept: Benchmark {
    static let name = "decide"
    static let summary = "a server's link decided by a context that is kept"
    static let iterations = 100

    private var context: TrustContext
    private let link: LinkEvidence
    private var now = Network.start

    init() throws {
        let network = try Network()
        context = network.context
        link = try network.edgeLink()
    }

    mutating func step() throws -> Int {
        now = now + .milliseconds(1)
        context.now = now
        guard decide(link, in: context).peer?.identity == Network.edge else {
            throw BenchmarkFailure("the edge is refused")
        }
        return 1
    }
}

/// Whether a certificate is revoked.
struct LookUpRevoked: Benchmark {
    static let name = "crl"
    static let summary = "a serial number looked up in a revocation list of 100,000, every other time found"
    static let iterations = 10_000
    private static let count = 100_000
    /// Has no factor in common with twice `count`: every number comes up.
    private static let stride = 7_919

    private let list: RevocationList
    private let serials: [[UInt8]]
    private var next = 0

    init() throws {
        let network = try Network()
        // Even numbers are on the list, odd ones are not; sixteen octets, as our CA gives them out.
        var chance = Chance(seed: [4])
        let serials = (0..<2 * Self.count).map { number in
            var serial = chance.bytes(16)
            serial[0] = 1 + serial[0] % 127
            serial[15] = serial[15] & 0xFE | UInt8(number & 1)
            return serial
        }
        guard let issuer = network.publisher.state.issuingAuthorities.first else {
            throw BenchmarkFailure("no issuing CA")
        }
        let revoked = Swift.stride(from: 0, to: serials.count, by: 2).compactMap { number in
            RevokedCertificate(serial: serials[number], revokedAt: Network.start, reason: .superseded)
        }
        self.serials = serials
        list = try RevocationList(
            der: RevocationList.issue(
                number: 1, thisUpdate: Network.start, nextUpdate: Network.start + .seconds(86_400), revoked: revoked,
                issuer: issuer, key: network.publisher.authority.issuingKey.x509))
        guard list.entries.count == Self.count else { throw BenchmarkFailure("\(list.entries.count) entries") }
    }

    mutating func step() throws -> Int {
        next = (next + Self.stride) % serials.count
        let isFound = list.contains(serial: serials[next])
        guard isFound == next.isMultiple(of: 2) else { throw BenchmarkFailure("number \(next) is wrong") }
        return isFound ? 1 : 0
    }
}
