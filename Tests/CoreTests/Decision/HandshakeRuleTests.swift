import Testing
import Trust

@Suite("E001 to E005: the handshake")
struct HandshakeRuleTests {
    @Test("RFC 9325 §3.1.1, §3.7, §4.2: version, cipher and protocol")
    func handshake() throws {
        let world = try DecisionWorld()
        let good = LinkEvidence.inside(try world.chain(of: "edge1"))
        expect(
            [
                .init("TLS 1.3", good, nil),
                .init(
                    "TLS 1.2 with ECDHE and AES-GCM",
                    good.with {
                        $0.tlsVersion = .tls12; $0.cipherSuite = 0xC02F
                    }, nil),
                .init("plain text", good.with { $0.tlsVersion = nil }, .e001),
                .init("TLS 1.1", good.with { $0.tlsVersion = .tls11 }, .e002),
                .init(
                    "TLS 1.0",
                    good.with {
                        $0.tlsVersion = .tls10; $0.handshakeFailure = "version"
                    }, .e002),
                .init(
                    "TLS 1.2 with CBC",
                    good.with {
                        $0.tlsVersion = .tls12; $0.cipherSuite = 0xC013
                    }, .e002),
                .init(
                    "TLS 1.2 with static RSA",
                    good.with {
                        $0.tlsVersion = .tls12; $0.cipherSuite = 0x009C
                    }, .e002),
                .init(
                    "ALPN sip",
                    good.with {
                        $0.alpnOffers = ["sip"]; $0.alpnSelected = "sip"
                    }, nil),
                .init("ALPN sip/2 among others", good.with { $0.alpnOffers = ["x", "sip/2"] }, nil),
                .init("ALPN h2", good.with { $0.alpnOffers = ["h2", "http/1.1"] }, .e003),
                .init("ALPN h2 selected", good.with { $0.alpnSelected = "h2" }, .e003),
                .init("resumed with a certificate", good.with { $0.hasValidatedChain = false }, .e004),
                .init(
                    "resumed without a certificate",
                    good.with {
                        $0.chain = []; $0.hasValidatedChain = false
                    }, nil),
                .init("failed handshake", good.with { $0.handshakeFailure = "certificate unknown" }, .e005),
            ], in: try world.context())
    }
}
