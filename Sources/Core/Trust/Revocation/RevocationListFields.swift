import Basis
import SwiftASN1
import X509

/// A CertificateList taken apart (RFC 5280 §5.1).
struct RevocationListFields {
    private(set) var issuer: [UInt8] = []
    private(set) var number: [UInt8] = []
    private(set) var thisUpdate = WallTime(milliseconds: 0)
    private(set) var nextUpdate = WallTime(milliseconds: 0)
    private(set) var entries: [RevokedCertificate] = []
    private(set) var distributionPoints: [String] = []
    private(set) var scope = RevocationList.Scope.all
    let signature: Certificate.Signature
    let algorithm: Certificate.SignatureAlgorithm
    let signed: ArraySlice<UInt8>

    init(_ der: [UInt8]) throws(RevocationListError) {
        guard der.count <= RevocationList.bytesMax else { throw .tooLarge("\(der.count) bytes") }
        guard let root = try? DER.parse(der), root.identifier == .sequence, let parts = root.children, parts.count == 3,
            let body = parts[0].children, let bits = try? ASN1BitString(derEncoded: parts[2])
        else { throw .malformed("not DER of a revocation list") }
        algorithm = try Self.algorithm(parts[1])
        signed = parts[0].encodedBytes
        guard let signature = try? Certificate.Signature(signatureAlgorithm: algorithm, signatureBytes: bits) else {
            throw .malformed("signature")
        }
        self.signature = signature
        var fields = body[...]
        // RFC 5280 §5.1.2.1: version 2, because there are extensions.
        guard fields.popFirst()?.unsignedInteger == [1] else { throw .malformed("version") }
        guard fields.popFirst()?.encodedBytes == parts[1].encodedBytes else {
            throw .malformed("two signature algorithms")
        }
        guard let name = fields.popFirst(), name.identifier == .sequence, let start = fields.popFirst()?.time,
            let end = fields.popFirst()?.time
        else { throw .malformed("issuer or times") }
        issuer = Array(name.encodedBytes)
        thisUpdate = start
        nextUpdate = end
        if let first = fields.first, first.identifier == .sequence {
            try readEntries(first)
            fields = fields.dropFirst()
        }
        guard let wrapper = fields.popFirst(), wrapper.isTagged(0), let list = wrapper.children?.first?.children,
            fields.isEmpty
        else { throw .malformed("extensions") }
        try readExtensions(list)
    }

    private static func algorithm(_ node: ASN1Node) throws(RevocationListError) -> Certificate.SignatureAlgorithm {
        do {
            return try SignatureAlgorithms.read(node)
        } catch {
            throw .weak(error.description)
        }
    }

    private mutating func readEntries(_ node: ASN1Node) throws(RevocationListError) {
        guard case .constructed(let nodes) = node.content else { throw .malformed("entries") }
        for entry in nodes {
            guard entries.count < RevocationList.entriesMax else {
                throw .tooLarge("more than \(RevocationList.entriesMax) entries")
            }
            guard let fields = entry.children, (2...3).contains(fields.count), let bytes = fields[0].unsignedInteger,
                let serial = SerialNumber(bytes), let time = fields[1].time
            else { throw .malformed("entry \(entries.count + 1)") }
            let reason = fields.count == 3 ? try Self.reason(fields[2]) : nil
            entries.append(RevokedCertificate(number: serial, revokedAt: time, reason: reason))
        }
        entries.sort { $0.number < $1.number }
    }

    /// RFC 5280 §5.3: an entry extension that is critical and not known spoils the list; `certificateIssuer` makes it
    /// an indirect one.
    private static func reason(_ node: ASN1Node) throws(RevocationListError) -> RevocationReason? {
        var reason: RevocationReason?
        for item in node.children ?? [] {
            let field = try ListExtension(item)
            switch field.identifier {
            case [2, 5, 29, 21]:
                guard let code = try? DER.parse(field.value), code.identifier == .enumerated,
                    let value = code.primitive, value.count == 1
                else { throw .malformed("reason of an entry") }
                if value.first == 8 { throw .unsupported("an entry of a delta list") }
                reason = value.first.flatMap(RevocationReason.init(rawValue:))
            case [2, 5, 29, 29]: throw .unsupported("indirect")
            default:
                if field.critical { throw .unsupported("critical entry extension \(field.identifier)") }
            }
        }
        return reason
    }

    private mutating func readExtensions(_ list: [ASN1Node]) throws(RevocationListError) {
        var seen: Set<ASN1ObjectIdentifier> = []
        for item in list {
            let field = try ListExtension(item)
            guard seen.insert(field.identifier).inserted else { throw .malformed("an extension twice") }
            switch field.identifier {
            case [2, 5, 29, 20]:
                guard let value = (try? DER.parse(field.value))?.unsignedInteger, value.count <= 20,
                    !field.critical
                else {
                    throw .malformed("number of the list")
                }
                number = value
            case [2, 5, 29, 27]: throw .unsupported("delta")
            case [2, 5, 29, 28]: try readDistributionPoint(field.value)
            case [2, 5, 29, 35], [2, 5, 29, 46]: break
            default:
                if field.critical { throw .unsupported("critical extension \(field.identifier)") }
            }
        }
        if number.isEmpty { throw .malformed("no number of the list") }
    }

    /// RFC 5280 §5.2.5.
    private mutating func readDistributionPoint(_ value: ArraySlice<UInt8>) throws(RevocationListError) {
        guard let fields = (try? DER.parse(value))?.children else { throw .malformed("issuing distribution point") }
        for field in fields {
            if field.isTagged(0) {
                distributionPoints = ExtensionFacts.fullNameURIs(of: field)
                if distributionPoints.isEmpty { throw .unsupported("distribution point without a URI") }
            } else if field.isTagged(3) {
                throw .unsupported("for some reasons only")
            } else if field.primitive.map(Array.init) == [0xFF] {
                if field.isTagged(1) {
                    scope = .endEntities
                } else if field.isTagged(2) {
                    scope = .authorities
                } else if field.isTagged(4) {
                    throw .unsupported("indirect")
                } else {
                    throw .unsupported("attribute certificates")
                }
            } else {
                throw .malformed("issuing distribution point")
            }
        }
    }
}

/// One extension of a list or of an entry.
private struct ListExtension {
    let identifier: ASN1ObjectIdentifier
    let critical: Bool
    let value: ArraySlice<UInt8>

    init(_ node: ASN1Node) throws(RevocationListError) {
        guard let parsed = try? Certificate.Extension(derEncoded: node) else { throw .malformed("extension") }
        identifier = parsed.oid
        critical = parsed.critical
        value = parsed.value
    }
}
