import Basis
import Basis
import NIOCore
import NIOSSL

/// The one place where the rules for TLS are turned into settings of NIOSSL.
///
/// No setting here admits anybody: the chain is kept as presented, and the decision is made after the handshake.
enum TLSSettings {
    /// The protocols that a SIP listener accepts by ALPN.
    static let sipProtocols = ["sip/2", "sip"]
    /// What is offered to servers of the own network; other peers may refuse a client that offers any.
    static let ownServerProtocols = ["sip/2"]

    static func server(_ material: TLSMaterial, protocols: [String] = sipProtocols) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: material.chain.map { .certificate($0) }, privateKey: .privateKey(material.privateKey))
        // A certificate is asked for always, and never required here: whether one is needed is a rule of the decision.
        configuration.certificateVerification = .optionalVerification
        // NIOSSL takes the names for its request from the roots. As roots they mean nothing: our callback replaces the
        // verification altogether. An empty list keeps the system's roots from being loaded.
        configuration.trustRoots = .certificates(material.authorities)
        configuration.sendCANameList = !material.authorities.isEmpty
        configuration.applicationProtocols = protocols
        common(&configuration)
        return configuration
    }

    static func client(_ material: TLSMaterial?, protocols: [String]) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates([])
        if let material {
            configuration.certificateChain = material.chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(material.privateKey)
        }
        configuration.applicationProtocols = protocols
        common(&configuration)
        return configuration
    }

    private static func common(_ configuration: inout TLSConfiguration) {
        // RFC 8996 §2: nothing below TLS 1.2.
        configuration.minimumTLSVersion = .tlsv12
        configuration.maximumTLSVersion = .tlsv13
        // RFC 9325 §4.2: forward secrecy and AEAD only. TLS 1.3 has no other suites.
        configuration.cipherSuiteValues = [
            .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ]
        configuration.curves = [.x25519_MLKEM768, .x25519, .secp256r1, .secp384r1]
        // No SHA-1. PKCS#1 serves TLS 1.2 with RSA keys alone, BoringSSL refuses it in 1.3.
        configuration.verifySignatureAlgorithms = [
            .ecdsaSecp256R1Sha256, .ecdsaSecp384R1Sha384, .ed25519, .rsaPssRsaeSha256, .rsaPssRsaeSha384,
            .rsaPssRsaeSha512, .rsaPkcs1Sha256, .rsaPkcs1Sha384, .rsaPkcs1Sha512,
        ]
        // RFC 9325 §3.5: no renegotiation.
        configuration.renegotiationSupport = .none
        let deadline = TransportLimits.standard.closeNotifyDeadline
        configuration.shutdownTimeout = .nanoseconds(Int64(clamping: deadline.nanoseconds))
    }
}
