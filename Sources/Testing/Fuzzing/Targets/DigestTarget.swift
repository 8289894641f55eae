import SIP

extension FuzzTarget {
    /// RFC 7616: a challenge is answered with credentials that prove the password, and no others do.
    static let digest = FuzzTarget(
        "digest", "a challenge, credentials, and who they prove", bytesMax: 2_048, seeds: { digestSeeds }
    ) { bytes in
        var choices = Choices(bytes)
        let (user, password) = (choices.octets(atMost: 32), choices.octets(atMost: 32))
        let (uri, method) = (choices.octets(atMost: 64), choices.octets(atMost: 16))
        let count = UInt32(choices.octet()) << 24 | UInt32(choices.octet())
        let value = choices.rest()
        if let credentials = DigestCredentials(value[...]) { try check(credentials) }
        guard let challenge = DigestChallenge(value[...]) else { return }
        try check(challenge)
        try answer(
            challenge, user: user[...].text, password: password[...].text, method: method[...].text, uri: uri[...].text,
            count)
    }

    private static let digestSeeds: [[UInt8]] = [
        #"Digest realm="contoso.example", nonce="n", opaque="o", algorithm=SHA-256, qop="auth,auth-int", stale=true"#,
        #"Digest realm="a\"b\\", nonce="n", algorithm=MD5"#, #"Digest realm="r", nonce="n", qop="auth""#,
        #"Digest username="alice", realm="r", nonce="n", uri="sip:r", response="00", cnonce="c", nc=00000001, qop=auth"#,
    ].map { value in
        var seed: [UInt8] = []
        for part in ["alice", "secret", "sip:contoso.example", "REGISTER"] {
            seed += [UInt8(part.utf8.count)] + part.utf8
        }
        return seed + [0, 1] + value.utf8
    }

    private static func check(_ credentials: DigestCredentials) throws(Finding) {
        try Finding.unless(credentials.ncBytes == nil || credentials.ncBytes?.count == 8, "nc has not eight digits")
        let isProof = DigestAlgorithm.allCases.contains { algorithm in
            Digest.verify(
                credentials, verifier: [UInt8](repeating: 0, count: 32), algorithm: algorithm, method: [1, 2, 3])
        }
        try Finding.unless(!isProof, "credentials out of nothing are a proof")
    }

    /// What is written is read as what it was.
    private static func check(_ challenge: DigestChallenge) throws(Finding) {
        let written = challenge.headerValue()
        guard let again = DigestChallenge(written[...]) else { throw Finding("\(written[...].text) is no challenge") }
        try Finding.unless(
            again.realm == challenge.realm && again.nonce == challenge.nonce && again.stale == challenge.stale
                && again.algorithm == challenge.algorithm ?? .md5 && again.opaque == challenge.opaque,
            "\(written[...].text) is read as another challenge")
    }

    private static func answer(
        _ challenge: DigestChallenge, user: String, password: String, method: String, uri: String, _ count: UInt32
    ) throws(Finding) {
        guard let algorithm = challenge.algorithm,
            let value = Digest.authorization(
                answering: challenge, username: user, password: password, method: method, uri: uri,
                cnonce: Array("c".utf8), nc: count)
        else { return }
        // A quoted string takes every octet but control characters; those come from nobody's configuration.
        let texts = [user, uri, challenge.realm.text]
        guard texts.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }),
            String(decoding: challenge.realm, as: UTF8.self).utf8.elementsEqual(challenge.realm)
        else { return }
        guard let credentials = DigestCredentials(value[...]) else {
            throw Finding("\(value[...].text) cannot be read")
        }
        try Finding.unless(credentials.username.text == user, "the user is \(credentials.username.text), not \(user)")
        try Finding.unless(credentials.uri.text == uri, "the URI is \(credentials.uri.text), not \(uri)")
        guard challenge.offersAuth else { return }
        try Finding.unless(credentials.nc == count, "the count is \(credentials.nc ?? 0), not \(count)")
        func proves(_ password: String, _ method: String) -> Bool {
            let verifier = Digest.verifier(
                algorithm: algorithm, username: user, realm: challenge.realm.text, password: password)
            return Digest.verify(credentials, verifier: verifier, algorithm: algorithm, method: Array(method.utf8)[...])
        }
        try Finding.unless(proves(password, method), "the right password proves nothing: \(value[...].text)")
        try Finding.unless(!proves(password + "x", method), "another password proves it as well")
        try Finding.unless(!proves(password, method + "x"), "another method is proven as well")
    }
}
