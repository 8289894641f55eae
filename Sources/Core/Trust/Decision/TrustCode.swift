/// Why trust was refused. The raw value is what people, logs, metrics and JSON see; SIP statuses use the same numbers,
/// so the `E` is never left out.
public enum TrustCode: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// Not TLS.
    case e001 = "E001"
    /// TLS version or cipher suite not accepted.
    case e002 = "E002"
    /// ALPN offers or selection not ours.
    case e003 = "E003"
    /// A resumed session that shows a certificate, but no validated chain.
    case e004 = "E004"
    /// The handshake failed.
    case e005 = "E005"
    /// No certificate where one is required.
    case e101 = "E101"
    /// A malformed certificate.
    case e102 = "E102"
    /// The issuer is not trusted for this class.
    case e103 = "E103"
    /// A signature in the chain is wrong.
    case e104 = "E104"
    /// A name outside its issuer's constraints.
    case e105 = "E105"
    /// CA flag or path length.
    case e106 = "E106"
    /// A weak key or hash.
    case e107 = "E107"
    /// An unknown critical extension.
    case e108 = "E108"
    /// A chain over its limits.
    case e109 = "E109"
    /// Expired.
    case e201 = "E201"
    /// Not yet valid.
    case e202 = "E202"
    /// Our own clock is not to be trusted.
    case e203 = "E203"
    /// No usable identity.
    case e301 = "E301"
    /// Key usage, extended key usage or profile does not fit the class.
    case e302 = "E302"
    /// The name is not the one asked for.
    case e303 = "E303"
    /// A wildcard where a SIP identity is needed.
    case e304 = "E304"
    /// The names match two records.
    case e305 = "E305"
    /// The domain is not federated.
    case e401 = "E401"
    /// The certificate does not prove an identity of the partner record.
    case e402 = "E402"
    /// From is not proven by this link.
    case e403 = "E403"
    /// The partner is blocked.
    case e404 = "E404"
    /// Discovery of partners is off.
    case e405 = "E405"
    /// The request leads to none of ours.
    case e406 = "E406"
    /// Revoked.
    case e501 = "E501"
    /// Whether it is revoked is not known, and the grace is over.
    case e502 = "E502"
    /// The revocation list is invalid, or older than one seen before.
    case e503 = "E503"
    /// Not in the issuance log.
    case e504 = "E504"
    /// Not in the topology.
    case e601 = "E601"
    /// The key is not pinned.
    case e602 = "E602"
    /// The class is not allowed on this listener.
    case e603 = "E603"
    /// The topology has expired.
    case e604 = "E604"
    /// The topology is older than one seen before, or not properly signed.
    case e605 = "E605"
    /// These roles do not link.
    case e606 = "E606"
    /// Too many in a time.
    case e701 = "E701"
    /// Too many connections.
    case e702 = "E702"
    /// Too large.
    case e703 = "E703"
    /// Too slow.
    case e704 = "E704"

    public var description: String { rawValue }

    /// The code in a few words, for tables and help.
    public var meaning: String {
        switch self {
        case .e001: "not TLS"
        case .e002: "TLS version or cipher not accepted"
        case .e003: "ALPN is not SIP"
        case .e004: "resumed session that shows a certificate"
        case .e005: "handshake failed"
        case .e101: "no certificate where one is required"
        case .e102: "malformed certificate"
        case .e103: "issuer not trusted for this class"
        case .e104: "bad signature"
        case .e105: "name outside its constraints"
        case .e106: "CA flag or path length"
        case .e107: "weak key or hash"
        case .e108: "unknown critical extension"
        case .e109: "chain over its limits"
        case .e201: "expired"
        case .e202: "not yet valid"
        case .e203: "our clock is not to be trusted"
        case .e301: "no usable identity"
        case .e302: "key usage or profile does not fit"
        case .e303: "name is not the one asked for"
        case .e304: "wildcard in a SIP identity"
        case .e305: "names match two records"
        case .e401: "domain not federated"
        case .e402: "not an identity of the partner record"
        case .e403: "From is not proven by this link"
        case .e404: "partner blocked"
        case .e405: "discovery is off"
        case .e406: "request leads to none of ours"
        case .e501: "revoked"
        case .e502: "revocation unknown, past grace"
        case .e503: "revocation list invalid or rolled back"
        case .e504: "not in the issuance log"
        case .e601: "not in the topology"
        case .e602: "key not pinned"
        case .e603: "class not allowed on this listener"
        case .e604: "topology expired"
        case .e605: "topology rolled back or not signed"
        case .e606: "these roles do not link"
        case .e701: "rate"
        case .e702: "connections"
        case .e703: "size"
        case .e704: "time"
        }
    }
}
