import Basis
import SIP
import Server

/// Where a user is, among many.
struct LookUpBindings: Benchmark {
    static let name = "location"
    static let summary = "the bindings of one address in a location service of 100,000"
    static let iterations = 10_000
    private static let count = 100_000
    /// Has no factor in common with `count`: every address comes up.
    private static let stride = 7_919

    private let location = LocationService()
    private let addresses: [[UInt8]]
    private var next = 0

    init() throws {
        addresses = (0..<Self.count).map { Array("user\(100_000 + $0)@contoso.example".utf8) }
        let loaded = location.load(
            addresses.map { address in
                let binding = Binding(
                    contact: Array("sip:".utf8) + address, expires: Network.start + .seconds(3_600),
                    callID: Array("843817637684230@192.0.2.7".utf8), cseq: 1, instanceID: [], regID: 0, q: 1_000,
                    flow: nil)
                return (key: address, value: BindingCoding.encode([binding]))
            })
        guard loaded.bindings == Self.count else { throw BenchmarkFailure("\(loaded.bindings) bindings") }
    }

    mutating func step() throws -> Int {
        next = (next + Self.stride) % Self.count
        let bindings = location.bindings(of: addresses[next], at: Network.start)
        guard bindings.count == 1 else { throw BenchmarkFailure("\(bindings.count) bindings of \(next)") }
        return bindings.count
    }
}

/// Whether somebody knows a password.
struct CheckDigest: Benchmark {
    static let name = "digest"
    static let summary = "Authorization read and its SHA-256 response checked"
    static let iterations = 1_000

    private let request: SIPMessage
    private let verifier: [UInt8]

    init() throws {
        let challenge = DigestChallenge(
            realm: "contoso.example", nonce: Array("5fd2a1c0b7e94d3aa1f0c2b4d6e8f00112233445566778899".utf8),
            algorithm: .sha256)
        guard
            let credentials = Digest.authorization(
                answering: challenge, username: "alice", password: "password", method: "REGISTER",
                uri: "sip:contoso.example", cnonce: Array("c0ffee".utf8), nc: 1)
        else { throw BenchmarkFailure("no credentials") }
        request = try SIPMessage.parse(
            Requests.register(
                "alice", port: 40_000, cSeq: 1, lines: ["Authorization: " + credentials[...].text]))
        verifier = Digest.verifier(
            algorithm: .sha256, username: "alice", realm: "contoso.example", password: "password")
    }

    mutating func step() throws -> Int {
        guard let credentials = request.credentials(in: .authorization).first,
            Digest.verify(credentials, verifier: verifier, algorithm: .sha256, method: request.methodBytes)
        else { throw BenchmarkFailure("the response is wrong") }
        return 1
    }
}
