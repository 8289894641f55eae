import Basis
import Crypto

/// The computations of RFC 7616 §3.4, for `qop=auth` and for the older form without it.
public enum Digest {
    /// H(username ":" realm ":" password) in octets: what is stored instead of a password.
    public static func verifier(
        algorithm: DigestAlgorithm, username: String, realm: String, password: String
    ) -> [UInt8] {
        hash(algorithm, Array("\(username):\(realm):\(password)".utf8))
    }

    /// Whether `credentials` prove knowledge of the password behind `verifier`, for this method.
    ///
    /// The caller checks realm, nonce, nonce count and that `uri` fits the request. `qop` must be `auth` with cnonce
    /// and nc. The time taken does not depend on where the responses differ.
    public static func verify(
        _ credentials: DigestCredentials, verifier: [UInt8], algorithm: DigestAlgorithm, method: ArraySlice<UInt8>
    ) -> Bool {
        guard credentials.algorithm == algorithm, credentials.qop?.equalsIgnoringCase("auth") == true,
            let cnonce = credentials.cnonce, let count = credentials.ncBytes
        else { return false }
        let expected = response(
            verifier: verifier, algorithm: algorithm, method: method, uri: credentials.uri, nonce: credentials.nonce,
            cnonce: cnonce, count: count)
        return isSame(expected, credentials.response)
    }

    /// The response for `qop=auth` in hexadecimal digits; `count` is the nonce count as written.
    public static func response(
        verifier: [UInt8], algorithm: DigestAlgorithm, method: ArraySlice<UInt8>, uri: ArraySlice<UInt8>,
        nonce: ArraySlice<UInt8>, cnonce: ArraySlice<UInt8>, count: ArraySlice<UInt8>
    ) -> [UInt8] {
        var text = start(verifier, nonce)
        text.append(contentsOf: count)
        text.append(Octet.colon)
        text.append(contentsOf: cnonce)
        text.append(text: ":auth:")
        text.append(contentsOf: secondHash(algorithm, method, uri))
        return Hex.encodeBytes(hash(algorithm, text))
    }

    /// RFC 7616 §3.4.1: the response without qop, in hexadecimal digits. Only ever sent, never accepted.
    public static func response(
        verifier: [UInt8], algorithm: DigestAlgorithm, method: ArraySlice<UInt8>, uri: ArraySlice<UInt8>,
        nonce: ArraySlice<UInt8>
    ) -> [UInt8] {
        let text = start(verifier, nonce) + secondHash(algorithm, method, uri)
        return Hex.encodeBytes(hash(algorithm, text))
    }

    /// The value for Authorization or Proxy-Authorization that answers `challenge`; nil for an algorithm not spoken
    /// here.
    public static func authorization(
        answering challenge: DigestChallenge, username: String, password: String, method: String, uri: String,
        cnonce: [UInt8], nc: UInt32
    ) -> [UInt8]? {
        guard let algorithm = challenge.algorithm else { return nil }
        let realm = challenge.realm.text
        let verifier = verifier(algorithm: algorithm, username: username, realm: realm, password: password)
        let methodBytes = Array(method.utf8)[...]
        let uriBytes = Array(uri.utf8)[...]
        let count = Array((0..<8).map { Hex.encodeBytes([UInt8(nc >> (28 - 4 * UInt32($0)) & 15)])[1] })[...]
        var output: [UInt8] = []
        output.append(text: "Digest username=")
        output.appendQuoted(username.utf8)
        output.append(text: ", realm=")
        output.appendQuoted(challenge.realm)
        output.append(text: ", nonce=")
        output.appendQuoted(challenge.nonce)
        output.append(text: ", uri=")
        output.appendQuoted(uriBytes)
        output.append(text: ", response=")
        if challenge.offersAuth {
            output.appendQuoted(
                response(
                    verifier: verifier, algorithm: algorithm, method: methodBytes, uri: uriBytes,
                    nonce: challenge.nonce,
                    cnonce: cnonce[...], count: count))
            output.append(text: ", cnonce=")
            output.appendQuoted(cnonce)
            output.append(text: ", qop=auth, nc=")
            output.append(contentsOf: count)
        } else {
            output.appendQuoted(
                response(
                    verifier: verifier, algorithm: algorithm, method: methodBytes, uri: uriBytes, nonce: challenge.nonce
                ))
        }
        output.append(text: ", algorithm=")
        output.append(text: algorithm.text)
        if let opaque = challenge.opaque {
            output.append(text: ", opaque=")
            output.appendQuoted(opaque)
        }
        return output
    }

    private static func start(_ verifier: [UInt8], _ nonce: ArraySlice<UInt8>) -> [UInt8] {
        var text = Hex.encodeBytes(verifier)
        text.reserveCapacity(256)
        text.append(Octet.colon)
        text.append(contentsOf: nonce)
        text.append(Octet.colon)
        return text
    }

    private static func secondHash(
        _ algorithm: DigestAlgorithm, _ method: ArraySlice<UInt8>, _ uri: ArraySlice<UInt8>
    ) -> [UInt8] {
        var text = Array(method)
        text.append(Octet.colon)
        text.append(contentsOf: uri)
        return Hex.encodeBytes(hash(algorithm, text))
    }

    private static func hash(_ algorithm: DigestAlgorithm, _ bytes: [UInt8]) -> [UInt8] {
        switch algorithm {
        case .sha256: Array(SHA256.hash(data: bytes))
        case .md5: Array(Insecure.MD5.hash(data: bytes))
        }
    }

    private static func isSame(_ left: [UInt8], _ right: ArraySlice<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1.lowercased) } == 0
    }
}
