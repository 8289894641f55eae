internal import Basis
internal import SwiftASN1
internal import Trust
internal import X509

/// What a certificate is to say, before any byte of it exists.
struct CertificateContents: Sendable {
    var profile: CertificateProfile
    var serial: CertificateSerial
    /// The issuer's name as the subject field of its certificate has it.
    var issuer: DistinguishedName
    /// The SubjectPublicKeyInfo of the issuer, DER.
    var issuerKey: [UInt8]
    var subject: DistinguishedName
    /// The SubjectPublicKeyInfo of the subject, DER.
    var subjectKey: [UInt8]
    var notBefore: WallTime
    var notAfter: WallTime
    var names: [GeneralName] = []
    /// For `issuing`: the domains below which its DNS names lie; empty for no constraint.
    var permittedDomains: [String] = []
}

/// Writes the DER of certificates. Knows the encoding alone; what is right is `CertificateLint`'s to say, which shares no code with this.
enum CertificateEncoder {
    /// The bytes that are signed (RFC 5280 §4.1).
    static func toBeSigned(_ contents: CertificateContents, algorithm: CertificateKey.Algorithm) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { coder in
            try coder.appendConstructedNode(identifier: context(0)) { try $0.serialize(2) }
            coder.appendPrimitiveNode(identifier: .integer) { $0 += positive(contents.serial.bytes) }
            try appendAlgorithm(algorithm, to: &coder)
            try coder.serialize(contents.issuer)
            try coder.appendConstructedNode(identifier: .sequence) {
                try appendTime(contents.notBefore, to: &$0)
                try appendTime(contents.notAfter, to: &$0)
            }
            try coder.serialize(contents.subject)
            coder.serializeRawBytes(contents.subjectKey)
            try coder.appendConstructedNode(identifier: context(3)) {
                try $0.appendConstructedNode(identifier: .sequence) { try appendExtensions(contents, to: &$0) }
            }
        }
        return serializer.serializedBytes
    }

    /// The certificate of these signed bytes and their signature.
    static func certificate(
        toBeSigned: [UInt8], algorithm: CertificateKey.Algorithm, signature: [UInt8]
    ) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { coder in
            coder.serializeRawBytes(toBeSigned)
            try appendAlgorithm(algorithm, to: &coder)
            try coder.serialize(ASN1BitString(bytes: signature[...]))
        }
        return serializer.serializedBytes
    }

    /// RFC 7093 §2, method 1: the leftmost 160 bits of the SHA-256 of the key's BIT STRING; here of the whole
    /// SubjectPublicKeyInfo, which is as unique and is the pin that people see.
    static func keyIdentifier(_ subjectPublicKeyInfo: [UInt8]) -> [UInt8] {
        Array(KeyPin(subjectPublicKeyInfo: subjectPublicKeyInfo).bytes.prefix(20))
    }

    // MARK: Parts

    private static func appendAlgorithm(_ algorithm: CertificateKey.Algorithm, to coder: inout DER.Serializer) throws {
        // RFC 5758 §3.2, RFC 8410 §3: both without parameters.
        let identifier: ASN1ObjectIdentifier =
            switch algorithm {
            case .p256: [1, 2, 840, 10045, 4, 3, 2]
            case .ed25519: [1, 3, 101, 112]
            }
        try coder.appendConstructedNode(identifier: .sequence) { try $0.serialize(identifier) }
    }

    private static func appendTime(_ time: WallTime, to coder: inout DER.Serializer) throws {
        // The text form is `YYYY-MM-DDTHH:MM:SS.mmmZ`; its numbers are the fields.
        let fields = WallTime(seconds: time.seconds).description.split { !$0.isNumber }.compactMap { Int($0) }
        guard fields.count == 7 else { throw AuthorityError.timeOutOfRange(time) }
        // RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050.
        if (1950..<2050).contains(fields[0]) {
            try coder.serialize(
                UTCTime(
                    year: fields[0], month: fields[1], day: fields[2], hours: fields[3], minutes: fields[4],
                    seconds: fields[5]))
        } else {
            try coder.serialize(
                GeneralizedTime(
                    year: fields[0], month: fields[1], day: fields[2], hours: fields[3], minutes: fields[4],
                    seconds: fields[5], fractionalSeconds: 0))
        }
    }

    private static func appendExtensions(_ contents: CertificateContents, to coder: inout DER.Serializer) throws {
        let isAuthority = contents.profile.isAuthority
        try appendExtension([2, 5, 29, 19], critical: true, to: &coder) { value in
            try value.appendConstructedNode(identifier: .sequence) {
                guard isAuthority else { return }
                try $0.serialize(true)
                // The issuing CA signs no further CA.
                if contents.profile == .issuing { try $0.serialize(0) }
            }
        }
        try appendExtension([2, 5, 29, 15], critical: true, to: &coder) {
            // RFC 5280 §4.2.1.3: bit 0 digitalSignature; bits 5 and 6 keyCertSign and cRLSign.
            let bits =
                isAuthority
                ? ASN1BitString(bytes: [0x06], paddingBits: 1) : ASN1BitString(bytes: [0x80], paddingBits: 7)
            try $0.serialize(bits)
        }
        let usages = usages(of: contents.profile)
        if !usages.isEmpty {
            try appendExtension([2, 5, 29, 37], critical: false, to: &coder) {
                try $0.appendConstructedNode(identifier: .sequence) { for usage in usages { try $0.serialize(usage) } }
            }
        }
        if !contents.names.isEmpty {
            // RFC 5280 §4.2.1.6: critical when the subject is empty.
            try appendExtension([2, 5, 29, 17], critical: contents.subject.isEmpty, to: &coder) {
                try $0.appendConstructedNode(identifier: .sequence) {
                    for name in contents.names { try $0.serialize(name) }
                }
            }
        }
        if !contents.permittedDomains.isEmpty {
            // RFC 5280 §4.2.1.10: permitted subtrees, of dNSName alone; a URI constraint would make every `sip:` URI fail.
            // Deviation: RFC 5280 §4.2.1.10 wants this critical. Softphones on mbedTLS refuse a chain with a critical
            // extension that they do not know, this one among them; our own verifier obeys it either way.
            try appendExtension([2, 5, 29, 30], critical: false, to: &coder) {
                try $0.appendConstructedNode(identifier: .sequence) {
                    try $0.appendConstructedNode(identifier: context(0)) { subtrees in
                        for domain in contents.permittedDomains {
                            try subtrees.appendConstructedNode(identifier: .sequence) {
                                try $0.serialize(GeneralName.dnsName(domain))
                            }
                        }
                    }
                }
            }
        }
        try appendExtension([2, 5, 29, 14], critical: false, to: &coder) {
            try $0.serialize(ASN1OctetString(contentBytes: keyIdentifier(contents.subjectKey)[...]))
        }
        // RFC 5280 §4.2.1.1: may be left out of a self-signed certificate.
        guard contents.profile != .root else { return }
        try appendExtension([2, 5, 29, 35], critical: false, to: &coder) {
            $0.appendConstructedNode(identifier: .sequence) {
                $0.appendPrimitiveNode(identifier: context(0)) {
                    $0 += keyIdentifier(contents.issuerKey)
                }
            }
        }
    }

    private static func appendExtension(
        _ identifier: ASN1ObjectIdentifier, critical: Bool, to coder: inout DER.Serializer,
        value: (inout DER.Serializer) throws -> Void
    ) throws {
        var inner = DER.Serializer()
        try value(&inner)
        let bytes = inner.serializedBytes
        try coder.appendConstructedNode(identifier: .sequence) {
            try $0.serialize(identifier)
            if critical { try $0.serialize(true) }
            try $0.serialize(ASN1OctetString(contentBytes: bytes[...]))
        }
    }

    private static func usages(of profile: CertificateProfile) -> [ASN1ObjectIdentifier] {
        switch profile {
        case .root, .issuing: []
        // RFC 5924 §4: id-kp-sipDomain beside the two usages of TLS, because one certificate serves both directions.
        case .server: [[1, 3, 6, 1, 5, 5, 7, 3, 1], [1, 3, 6, 1, 5, 5, 7, 3, 2], [1, 3, 6, 1, 5, 5, 7, 3, 20]]
        case .user: [[1, 3, 6, 1, 5, 5, 7, 3, 2]]
        }
    }

    private static func context(_ number: UInt) -> ASN1Identifier {
        ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific)
    }

    private static func positive(_ bytes: [UInt8]) -> [UInt8] {
        (bytes.first ?? 0) & 0x80 == 0 ? bytes : [0] + bytes
    }
}
