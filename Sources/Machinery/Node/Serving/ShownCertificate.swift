import Authority
import Transport
import Trust

/// What a server shows of itself, place by place: made at the start, and again from each chain that the authority renews.
struct ShownCertificate: Sendable {
    /// A certificate of another CA for the outside, when `config.yaml` names one. The authority does not renew it.
    let outside: TLSMaterial?
    private let key: [UInt8]
    private let authorities: [[UInt8]]

    init(_ configuration: NodeConfiguration, _ state: TrustState, _ keys: NodeKeys) throws {
        outside = try configuration.externalCertificate.map(Self.read)
        key = Array(keys.current.pem.utf8)
        authorities = state.root.rootCertificates + state.root.issuingCertificates
    }

    /// For links that this server opens to its own network, and for its trust channel.
    func material(_ chain: [[UInt8]]) throws -> TLSMaterial {
        guard !chain.isEmpty else {
            throw StartFailure(
                "this server has no certificate yet", next: "entente node request, then entente node accept")
        }
        return try TLSMaterial(chain: chain, privateKey: key)
    }

    /// For a listener of this kind. Foreign stacks choose their certificate by the names that the inside asks for.
    func material(_ chain: [[UInt8]], for kind: ListenerKind) throws -> TLSMaterial {
        guard kind == .internal else { return try outside ?? material(chain) }
        return try TLSMaterial(chain: chain, privateKey: key, authorities: authorities)
    }

    private static func read(_ files: NodeConfiguration.ExternalCertificate) throws -> TLSMaterial {
        guard let chain = try DataFolder.read(files.chain), let key = try DataFolder.read(files.key) else {
            throw DataFolder.Failure(description: "\(files.chain) or \(files.key) is missing")
        }
        return try TLSMaterial(chain: PEMText.certificates(in: String(decoding: chain, as: UTF8.self)), privateKey: key)
    }
}
