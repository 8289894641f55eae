import X509

/// The CA certificates of a trust state, parsed once for each root and topology.
struct EnterpriseAuthorities: Sendable {
    /// The roots of the enterprise's CA.
    let roots: [CertificateFacts]
    /// Its issuing CAs.
    let issuing: [CertificateFacts]

    /// The CAs that a root names; one that cannot be read makes the whole root unusable.
    init(_ root: RootObject) throws(TrustStateError) {
        do {
            self.roots = try root.rootCertificates.map { try CertificateFacts(der: $0) }
            self.issuing = try root.issuingCertificates.map { try CertificateFacts(der: $0) }
        } catch {
            throw TrustStateError(.root, .malformed("a CA certificate cannot be read: \(error)"))
        }
    }
}

/// The root certificates that a topology names, parsed once. One that cannot be read is left out, and with it whatever
/// would lead to it: `Topology.check` reports it before publishing.
struct NamedAuthorities: Sendable {
    private let byName: [String: CertificateFacts]

    init(_ topology: Topology?) {
        var parsed: [String: CertificateFacts] = [:]
        for root in topology?.roots ?? [] {
            if let facts = try? CertificateFacts(der: root.certificate) { parsed[root.name] = facts }
        }
        self.byName = parsed
    }

    subscript(name: String) -> CertificateFacts? { byName[name] }

    /// All of them, in a fixed order.
    var all: [CertificateFacts] { byName.sorted { $0.key < $1.key }.map(\.value) }
}
