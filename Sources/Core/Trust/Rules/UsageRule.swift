import SwiftASN1
import X509

/// E302: the certificate was made for what its holder does here.
enum UsageRule {
    static let rule = Rule("usage.purpose", "RFC 5924 §4")
    private static let serverAuth: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 3, 1]
    private static let clientAuth: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 3, 2]
    private static let sipDomain: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 3, 20]
    private static let anyPurpose: ASN1ObjectIdentifier = [2, 5, 29, 37, 0]

    static func check(_ subject: Case) -> Finding {
        // RFC 5280 §4.2.1.3: TLS proves the key by signing.
        if let usage = subject.leaf.extensions.keyUsage, !usage.digitalSignature {
            return failed("key usage without digitalSignature", "digitalSignature")
        }
        let purposes = subject.leaf.extensions.extendedKeyUsage
        let saw = purposes.map { $0.map(name).joined(separator: ", ") } ?? "no extended key usage"
        let (fits, expected) = judge(purposes, subject.claim)
        return fits ? .passed(rule, saw: saw, expected: expected) : failed(saw, expected)
    }

    /// Own servers: our whole profile. Applications and partners: one of four, in either direction, because public
    /// authorities have stopped to issue clientAuth and SIP peers show one certificate both ways.
    private static func judge(_ purposes: [ASN1ObjectIdentifier]?, _ claim: Claim) -> (fits: Bool, expected: String) {
        switch claim {
        case .server:
            let wanted = [serverAuth, clientAuth, sipDomain]
            return (purposes.map { wanted.allSatisfy($0.contains) } ?? false, "serverAuth, clientAuth and sipDomain")
        case .homeServer:
            return (purposes?.contains { $0 == serverAuth || $0 == anyPurpose } ?? true, "serverAuth")
        case .application, .partner:
            return (
                purposes?.contains { [sipDomain, serverAuth, anyPurpose].contains($0) } ?? true,
                "sipDomain, serverAuth, anyExtendedKeyUsage, or no extended key usage"
            )
        case .user: return (purposes?.contains(clientAuth) ?? false, "clientAuth")
        case .device, .anonymous:
            return (purposes?.contains { $0 == clientAuth || $0 == anyPurpose } ?? true, "clientAuth")
        }
    }

    private static func failed(_ saw: String, _ expected: String) -> Finding {
        .failed(rule, .e302, saw: saw, expected: expected, next: "entente cert show FILE.pem")
    }

    private static func name(_ purpose: ASN1ObjectIdentifier) -> String {
        switch purpose {
        case serverAuth: "serverAuth"
        case clientAuth: "clientAuth"
        case sipDomain: "sipDomain"
        case anyPurpose: "anyExtendedKeyUsage"
        case [1, 3, 6, 1, 5, 5, 7, 3, 3]: "codeSigning"
        case [1, 3, 6, 1, 5, 5, 7, 3, 4]: "emailProtection"
        case [1, 3, 6, 1, 5, 5, 7, 3, 9]: "OCSPSigning"
        default: purpose.description
        }
    }
}
