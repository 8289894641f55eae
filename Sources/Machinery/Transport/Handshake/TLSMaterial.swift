import NIOSSL

/// What one end shows in a TLS handshake: its certificate chain, the key of it, and the authorities whose names it sends.
public struct TLSMaterial: Sendable {
    /// Why certificates or key cannot be used.
    public enum Problem: Error, Sendable, Hashable, CustomStringConvertible {
        /// The certificate at this place of the chain, counted from 0, cannot be read.
        case certificate(Int)
        /// The authority at this place of the list cannot be read.
        case authority(Int)
        /// The private key is neither PKCS#8 in DER nor a PEM of a kind that TLS can use.
        case privateKey
        /// The chain is empty.
        case noCertificate
        /// BoringSSL takes each alone but not all together; mostly the key is not that of the first certificate.
        case mismatch(String)

        public var description: String {
            switch self {
            case .certificate(let place): "certificate \(place + 1) of the chain cannot be read"
            case .authority(let place): "authority \(place + 1) cannot be read"
            case .privateKey: "the private key is neither PKCS#8 in DER nor a PEM that TLS can use"
            case .noCertificate: "there is no certificate"
            case .mismatch(let why): "the private key does not fit the certificate: \(why)"
            }
        }
    }

    let chain: [NIOSSLCertificate]
    let privateKey: NIOSSLPrivateKey
    let authorities: [NIOSSLCertificate]

    /// Reads certificates and key.
    ///
    /// - Parameters:
    ///   - chain: DER of each certificate, the own one first, without the root.
    ///   - privateKey: PKCS#8 in DER, or a PEM document.
    ///   - authorities: DER of the certificates whose subject names an internal listener sends in its request for a
    ///     certificate. Foreign stacks choose by that list, so an external listener sends none.
    public init(chain: [[UInt8]], privateKey: [UInt8], authorities: [[UInt8]] = []) throws(Problem) {
        guard !chain.isEmpty else { throw .noCertificate }
        self.chain = try Self.parse(chain) { .certificate($0) }
        self.authorities = try Self.parse(authorities) { .authority($0) }
        let isPEM = privateKey.starts(with: Array("-----BEGIN".utf8))
        guard let key = try? NIOSSLPrivateKey(bytes: privateKey, format: isPEM ? .pem : .der) else { throw .privateKey }
        self.privateKey = key
        do {
            _ = try NIOSSLContext(configuration: TLSSettings.server(self))
        } catch {
            throw .mismatch(String(describing: error))
        }
    }

    private static func parse(
        _ certificates: [[UInt8]], problem: (Int) -> Problem
    ) throws(Problem) -> [NIOSSLCertificate] {
        var result: [NIOSSLCertificate] = []
        for (place, der) in certificates.enumerated() {
            guard let certificate = try? NIOSSLCertificate(bytes: der, format: .der) else { throw problem(place) }
            result.append(certificate)
        }
        return result
    }
}
