import Basis
import SIP
import Testing

@Suite("Digest")
struct DigestTests {
    private func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    @Test(
        "RFC 7616 §3.9.1: the example with MD5 and with SHA-256",
        arguments: [
            (DigestAlgorithm.md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (.sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ])
    func rfc7616(algorithm: DigestAlgorithm, expected: String) throws {
        let verifier = Digest.verifier(
            algorithm: algorithm, username: "Mufasa", realm: "http-auth@example.org", password: "Circle of Life")
        let value = """
            Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=\(algorithm.text), \
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, \
            cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="\(expected)", \
            opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
            """
        let credentials = try #require(DigestCredentials(bytes(value)))
        #expect(credentials.nc == 1)
        #expect(Digest.verify(credentials, verifier: verifier, algorithm: algorithm, method: bytes("GET")))
        #expect(!Digest.verify(credentials, verifier: verifier, algorithm: algorithm, method: bytes("PUT")))
        let other: DigestAlgorithm = algorithm == .md5 ? .sha256 : .md5
        #expect(!Digest.verify(credentials, verifier: verifier, algorithm: other, method: bytes("GET")))
        let response = Digest.response(
            verifier: verifier, algorithm: algorithm, method: bytes("GET"), uri: credentials.uri,
            nonce: credentials.nonce,
            cnonce: credentials.cnonce ?? [], count: credentials.ncBytes ?? [])
        #expect(String(decoding: response, as: UTF8.self) == expected)
    }

    @Test("RFC 2617 §3.5: the example")
    func rfc2617() {
        let verifier = Digest.verifier(
            algorithm: .md5, username: "Mufasa", realm: "testrealm@host.com", password: "Circle Of Life")
        #expect(Hex.encode(verifier) == "939e7578ed9e3c518a452acee763bce9")
        let response = Digest.response(
            verifier: verifier, algorithm: .md5, method: bytes("GET"), uri: bytes("/dir/index.html"),
            nonce: bytes("dcd98b7102dd2f0e8b11d0f600bfb0c093"), cnonce: bytes("0a4f113b"), count: bytes("00000001"))
        #expect(String(decoding: response, as: UTF8.self) == "6629fae49393a05397450978507c4ef1")
    }

    @Test("RFC 7616 §3.4: an answer of ours proves the password, and only it")
    func roundTrip() throws {
        for algorithm in DigestAlgorithm.allCases {
            let challenge = DigestChallenge(
                realm: "contoso.example", nonce: Array("abc".utf8), algorithm: algorithm, stale: true, opaque: "o\"p")
            let parsed = try #require(DigestChallenge(challenge.headerValue()[...]))
            #expect(parsed.stale)
            #expect(parsed.offersAuth)
            #expect(parsed.algorithm == algorithm)
            #expect(parsed.opaque?.text == "o\"p")
            let answer = try #require(
                Digest.authorization(
                    answering: parsed, username: "alice", password: "pw", method: "REGISTER",
                    uri: "sip:contoso.example",
                    cnonce: Array("c0".utf8), nc: 0x1A))
            let credentials = try #require(DigestCredentials(answer[...]))
            #expect(credentials.nc == 26)
            #expect(credentials.ncBytes?.text == "0000001a")
            let right = Digest.verifier(
                algorithm: algorithm, username: "alice", realm: "contoso.example", password: "pw")
            let wrong = Digest.verifier(
                algorithm: algorithm, username: "alice", realm: "contoso.example", password: "px")
            #expect(Digest.verify(credentials, verifier: right, algorithm: algorithm, method: bytes("REGISTER")))
            #expect(!Digest.verify(credentials, verifier: wrong, algorithm: algorithm, method: bytes("REGISTER")))
        }
    }

    @Test(
        "RFC 7616 §3.4: incomplete or odd credentials are none",
        arguments: [
            "Basic abc", "Digest", "Digest username=\"a\"",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", nc=1",
            "Digest username=\"a\", username=\"b\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\"",
            "Digest username=\"a, realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\"",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\",",
        ])
    func odd(text: String) { #expect(DigestCredentials(bytes(text)) == nil) }

    @Test("RFC 7616 §3.3: an algorithm that is not spoken is kept apart, none means MD5")
    func algorithms() throws {
        let start = "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\""
        #expect(try #require(DigestCredentials(bytes(start))).algorithm == .md5)
        #expect(try #require(DigestCredentials(bytes(start + ", algorithm=MD5-sess"))).algorithm == nil)
        #expect(try #require(DigestCredentials(bytes(start + ", algorithm=sha-256"))).algorithm == .sha256)
    }
}
