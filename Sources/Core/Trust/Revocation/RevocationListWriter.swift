public import Basis
import SwiftASN1
public import X509

extension RevocationList {
    /// Writes and signs a full list of version 2 for the whole issuer (RFC 5280 §5.1).
    ///
    /// `revoked` may come in any order; a serial number that comes twice is written once, with its first entry.
    /// Fails when the key does not sign with its usual algorithm.
    public static func issue(
        number: UInt64, thisUpdate: WallTime, nextUpdate: WallTime, revoked: [RevokedCertificate], issuer: Certificate,
        key: Certificate.PrivateKey
    ) throws -> [UInt8] {
        let algorithm = try usualAlgorithm(of: key)
        let facts = try CertificateFacts(issuer)
        var body = DER.Serializer()
        try body.appendConstructedNode(identifier: .sequence) { list in
            try list.serialize(1)
            try write(algorithm, into: &list)
            list.serializeRawBytes(facts.subject)
            try thisUpdate.encode(into: &list)
            try nextUpdate.encode(into: &list)
            if !revoked.isEmpty { try write(revoked, into: &list) }
            try list.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { wrapper in
                try writeExtensions(number: number, issuer: facts, into: &wrapper)
            }
        }
        let signature = try key.sign(bytes: body.serializedBytes, signatureAlgorithm: algorithm)
        var whole = DER.Serializer()
        try whole.appendConstructedNode(identifier: .sequence) { list in
            list.serializeRawBytes(body.serializedBytes)
            try write(algorithm, into: &list)
            try list.serialize(ASN1BitString(bytes: signature.rawRepresentation[...]))
        }
        return whole.serializedBytes
    }

    private static func usualAlgorithm(of key: Certificate.PrivateKey) throws -> Certificate.SignatureAlgorithm {
        guard let algorithm = key.supportedSignatureAlgorithms.first(where: { identifier(of: $0) != nil }) else {
            throw RevocationListError.weak("key of the issuer")
        }
        return algorithm
    }

    private static func identifier(of algorithm: Certificate.SignatureAlgorithm) -> ASN1ObjectIdentifier? {
        switch algorithm {
        case .ecdsaWithSHA256: [1, 2, 840, 10045, 4, 3, 2]
        case .ecdsaWithSHA384: [1, 2, 840, 10045, 4, 3, 3]
        case .sha256WithRSAEncryption: .AlgorithmIdentifier.sha256WithRSAEncryption
        case .ed25519: [1, 3, 101, 112]
        default: nil
        }
    }

    private static func write(_ algorithm: Certificate.SignatureAlgorithm, into list: inout DER.Serializer) throws {
        guard let identifier = identifier(of: algorithm) else { throw RevocationListError.weak("key of the issuer") }
        try list.appendConstructedNode(identifier: .sequence) { node in
            try node.serialize(identifier)
            if algorithm == .sha256WithRSAEncryption { try node.serialize(ASN1Null()) }
        }
    }

    private static func write(_ revoked: [RevokedCertificate], into list: inout DER.Serializer) throws {
        var written: Set<SerialNumber> = []
        try list.appendConstructedNode(identifier: .sequence) { nodes in
            for entry in revoked where written.insert(entry.number).inserted {
                try nodes.appendConstructedNode(identifier: .sequence) { node in
                    try writeInteger(entry.serial, into: &node)
                    try entry.revokedAt.encode(into: &node)
                    // RFC 5280 §5.3.1: the reason is left out when it is unspecified.
                    guard let reason = entry.reason, reason != .unspecified else { return }
                    try node.appendConstructedNode(identifier: .sequence) { extensions in
                        var code = DER.Serializer()
                        code.appendPrimitiveNode(identifier: .enumerated) { $0.append(reason.rawValue) }
                        try extensions.serialize(
                            Certificate.Extension(
                                oid: [2, 5, 29, 21], critical: false, value: code.serializedBytes[...]))
                    }
                }
            }
        }
    }

    /// RFC 5280 §5.2.1, §5.2.3: conforming issuers give the authority key identifier and the number.
    private static func writeExtensions(
        number: UInt64, issuer: CertificateFacts, into wrapper: inout DER.Serializer
    ) throws {
        try wrapper.appendConstructedNode(identifier: .sequence) { list in
            if let identifier = issuer.extensions.subjectKeyIdentifier {
                try list.serialize(
                    Certificate.Extension(AuthorityKeyIdentifier(keyIdentifier: identifier[...]), critical: false))
            }
            var value = DER.Serializer()
            try value.serialize(number)
            try list.serialize(
                Certificate.Extension(oid: [2, 5, 29, 20], critical: false, value: value.serializedBytes[...]))
        }
    }

    private static func writeInteger(_ magnitude: [UInt8], into node: inout DER.Serializer) throws {
        node.appendPrimitiveNode(identifier: .integer) { bytes in
            if let first = magnitude.first, first & 0x80 != 0 { bytes.append(0) }
            bytes += magnitude
        }
    }
}
