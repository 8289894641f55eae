import Testing
import Trust

@Suite("Evidence, trace and code as they are written down")
struct EvidenceEncodingTests {
    @Test("what is read is what was written")
    func roundTrip() throws {
        let world = try DecisionWorld()
        let chain = try world.chain(of: "edge1")
        let listener = ListenerFacts(
            kind: .combined, classes: [.client, .partner], deviceRoots: [try world.vendor.der])
        let rows: [LinkEvidence] = [
            .inside(chain), .outside([]), .dialled(.server("a"), chain), .dialled(.application("b"), chain),
            .dialled(.partner("c"), []), .dialled(.registrar("d"), chain),
            LinkEvidence(
                direction: .inbound(listener), chain: chain, hasValidatedChain: false,
                remoteAddress: NetworkAddress("[::1]:5061"), tlsVersion: .tls12, cipherSuite: 0xC02F, group: "X25519",
                sni: "sip.contoso.example", alpnOffers: ["sip/2", "h2"], alpnSelected: "sip/2",
                handshakeFailure: "line\r\nbreak \u{1B}", isLive: true),
            LinkEvidence(direction: .inbound(listener), chain: [], tlsVersion: nil),
        ]
        for evidence in rows {
            #expect(try LinkEvidence(decoding: evidence.encoded) == evidence)
            let trace = decide(evidence, in: try world.context()).trace
            #expect(try Trace(decoding: trace.encoded) == trace)
            #expect(trace.steps.count > 5)
        }
    }

    @Test("another schema, an unknown member and damaged bytes are errors")
    func strict() throws {
        let good = LinkEvidence.inside([[1, 2, 3]])
        var members = try #require(good.json.objectValue)
        members["schema"] = .integer(2)
        #expect(throws: DocumentError.self) { try LinkEvidence(json: .object(members)) }
        members["schema"] = .integer(1)
        #expect(try LinkEvidence(json: .object(members)) == good)
        members["extra"] = .bool(true)
        #expect(throws: DocumentError.self) { try LinkEvidence(json: .object(members)) }
        #expect(throws: DocumentError.self) { try LinkEvidence(decoding: Array(good.encoded.dropLast())) }
    }

    @Test("a code prints with its E, and has a meaning")
    func codes() {
        #expect(TrustCode.e402.rawValue == "E402")
        #expect(Set(TrustCode.allCases.map(\.meaning)).count == TrustCode.allCases.count)
        #expect(Refusal.limit(.connections, seen: "65").code == .e702)
    }

    @Test("a step prints what it saw, and why it did not run")
    func steps() {
        let step = { (outcome: TraceOutcome) in
            TraceStep(rule: "tls.alpn", citation: "RFC 9325 §3.7", saw: "h2", expected: "sip/2", outcome: outcome)
        }
        #expect("\(step(.failed(.e003)))" == "E003 tls.alpn: saw h2, expected sip/2 (RFC 9325 §3.7)")
        #expect("\(step(.notRun))" == "notRun tls.alpn: h2 (RFC 9325 §3.7)")
    }

    @Test("certificates come out of a text as they went in; what is no Base64 is left out")
    func pem() {
        let ders = [[0x30, 0x00], Array(repeating: 0xAB, count: 100)] as [[UInt8]]
        let text = ders.map(PEMText.pem).joined(separator: "subject=one\r\n")
        #expect(PEMText.certificates(in: text) == ders)
        #expect(PEMText.certificates(in: text.replacing("MAA=", with: "MA%=")) == Array(ders.dropFirst()))
    }

    @Test("text of a peer is shown without its control characters")
    func inert() throws {
        let world = try DecisionWorld()
        let chain = try world.chain(of: "edge1") { $0.dns = ["a\u{1B}[31m\r\n.example"] }
        let refusal = try #require(decide(.inside(chain), in: try world.context()).refusal)
        #expect(refusal.seen.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) })
        #expect(refusal.seen.contains("\\u{1b}"))
    }
}
