/// Whom a peer claims to be: what the roots are chosen by, before anything is verified.
enum Claim: Sendable {
    /// A server of ours: the entry of its pinned key or of the dialled name; none for a certificate that nothing claims.
    case server(ServerRecord?, asked: String?)
    /// The server that a user's machine dialled.
    case homeServer(host: String)
    /// An application.
    case application(ApplicationRecord?, asked: String?)
    /// A partner; `domain` is the one that was dialled.
    case partner(PartnerRecord?, domain: String?)
    /// A device with a certificate of our CA's user profile, for this address-of-record.
    case user(String)
    /// A device with the certificate of its maker.
    case device
    /// A device without certificate.
    case anonymous

    /// The class that the claim stands for.
    var peerClass: PeerClass {
        switch self {
        case .server, .homeServer: .server
        case .application: .application
        case .partner: .partner
        case .user, .device, .anonymous: .client
        }
    }

    /// The column of the condition table.
    var party: TrustPolicy.Party {
        switch self {
        case .server, .homeServer: .ownServer
        case .application: .application
        case .partner: .partner
        case .user, .device: .userCertificate
        case .anonymous: .digestUser
        }
    }

    /// For people.
    var text: String {
        switch self {
        case .server(let record, let asked):
            "server \(record?.name ?? asked.map(PrintableText.of) ?? "that nothing names")"
        case .homeServer(let host): "home server \(PrintableText.of(host))"
        case .application(let record, let asked): "application \(record?.name ?? PrintableText.of(asked ?? ""))"
        case .partner(let record, let domain): "partner \(record?.name ?? PrintableText.of(domain ?? ""))"
        case .user(let aor): "client with the certificate of \(aor)"
        case .device: "client with the certificate of its maker"
        case .anonymous: "client without certificate"
        }
    }
}

/// One certificate under judgement: what every rule of identity, usage, revocation and topology looks at.
struct Case {
    let evidence: LinkEvidence
    let context: TrustContext
    let claim: Claim
    let leaf: CertificateFacts
    /// The way to a root; nil when there is none, and then the trace runs on without it.
    let path: CertificatePath?
}
