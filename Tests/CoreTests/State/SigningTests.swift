import Basis
import Testing
import Trust

struct SigningTests {
    @Test("RFC 8032 §7.1, test 1: key, public key and signature of the empty message")
    func ed25519() throws {
        let seed = try #require(Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60".utf8))
        let key = try SigningKey(seed: seed)
        #expect(
            Hex.encode(key.publicKey.raw) == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        let expected =
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd"
            + "25bf5f0595bbe24655141438e7a100b"
        let signature = try #require(Hex.decode(expected.utf8))
        #expect(key.publicKey.isValid(signature: signature, of: []))
        #expect(!key.publicKey.isValid(signature: signature, of: [0]))
        #expect(!key.publicKey.isValid(signature: Array(signature.dropLast()), of: []))
        #expect(key.publicKey.isValid(signature: try key.sign([1, 2]), of: [1, 2]))
    }

    @Test("RFC 8410 §10.1: the SubjectPublicKeyInfo of the example, its key and its SHA-256 as OpenSSL has it")
    func subjectPublicKeyInfo() throws {
        let der = try #require(Base64.decode("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="))
        let key = try SignaturePublicKey(subjectPublicKeyInfo: der)
        #expect(Hex.encode(key.raw) == "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")
        #expect(key.subjectPublicKeyInfo == der)
        #expect(key.id.hex == "a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f")
        #expect(KeyPin(key.id.description) == key.id)
        #expect(throws: SigningError.notAnEd25519Key) { try SignaturePublicKey(subjectPublicKeyInfo: der + [0]) }
    }

    @Test("TUF §4.2: 2 of 3 means two different keys of the role, each with a good signature")
    func threshold() throws {
        let keys = StateWorld.keys(1...3)
        let role = SignerRole(keys: keys.map(\.publicKey), threshold: 2)
        let content = JSONValue.object(["a": .integer(1)])
        #expect(role.accepts(try SignedEnvelope(signing: content, with: [keys[0], keys[2]])))
        #expect(role.accepts(try SignedEnvelope(signing: content, with: keys)))
        #expect(!role.accepts(try SignedEnvelope(signing: content, with: [keys[1]])))
        #expect(!role.accepts(try SignedEnvelope(signing: content, with: [keys[1], StateWorld.key(9)])))
        #expect(!role.accepts(try SignedEnvelope(signing: content, with: keys), atLeast: 4))
        #expect(!SignerRole(keys: [], threshold: 0).accepts(try SignedEnvelope(signing: content, with: keys)))
    }

    @Test("One key that signs twice, or lends its signature to another name, counts once")
    func duplicates() throws {
        let keys = StateWorld.keys(1...3)
        let role = SignerRole(keys: keys.map(\.publicKey), threshold: 2)
        let envelope = try SignedEnvelope(signing: .object(["a": .integer(1)]), with: [keys[0]])
        guard case .object(var members) = envelope.json, let entry = members["signatures"]?.arrayValue?.first else {
            Issue.record("an envelope is an object with signatures")
            return
        }
        members["signatures"] = .array([entry, entry])
        #expect(role.validSigners(of: try SignedEnvelope(json: .object(members))) == 1)
        var lent = entry.objectValue ?? [:]
        lent["keyid"] = .string(keys[1].publicKey.id.hex)
        members["signatures"] = .array([entry, .object(lent)])
        #expect(role.validSigners(of: try SignedEnvelope(json: .object(members))) == 1)
    }

    @Test("An envelope keeps its bytes and its hash; a changed bit of content loses the signature")
    func tampering() throws {
        let key = StateWorld.key(1)
        let role = SignerRole(keys: [key.publicKey], threshold: 1)
        let envelope = try SignedEnvelope(signing: .object(["version": .integer(1)]), with: [key])
        let again = try SignedEnvelope(parsing: envelope.bytes)
        #expect(again == envelope && again.hash == envelope.hash && role.accepts(again))
        let text = String(decoding: envelope.bytes, as: UTF8.self)
        let changed = text.split(separator: "\"version\":1").joined(separator: "\"version\":2")
        #expect(!role.accepts(try SignedEnvelope(parsing: Array(changed.utf8))))
        #expect(throws: DocumentError.self) {
            try SignedEnvelope(parsing: Array(text.utf8.dropLast()) + Array(",\"x\":1}".utf8))
        }
    }

    @Test("RFC 7616 §3.4.2: HA1 of the example account, hashes as OpenSSL computes them")
    func verifiers() {
        let verifiers = UserVerifiers(
            user: "Mufasa", realm: "http-auth@example.org", password: "Circle of Life", algorithms: [.sha256, .md5])
        #expect(Hex.encode(verifiers.md5 ?? []) == "3d78807defe7de2157e2b0b6573a855f")
        #expect(
            Hex.encode(verifiers.sha256 ?? []) == "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232")
    }
}
