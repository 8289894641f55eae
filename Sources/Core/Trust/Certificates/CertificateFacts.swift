public import Basis
import Crypto
import SwiftASN1
import Synchronization
public import X509

/// A certificate read once: everything that the rules ask about, typed.
///
/// Reading checks the form of RFC 5280 §4.1 and that key and signature are of a kind that counts, and nothing that
/// depends on time, issuer or purpose.
public final class CertificateFacts: Sendable {
    /// The bytes as presented.
    public let der: [UInt8]
    /// The same certificate for the X.509 package, which checks signatures.
    public let certificate: Certificate
    /// The serial number, big-endian without leading zeros.
    public let serial: [UInt8]
    /// The issuer's name in DER.
    public let issuer: [UInt8]
    /// The subject's name in DER.
    public let subject: [UInt8]
    /// The first moment of its validity.
    public let notBefore: WallTime
    /// The last second of its validity.
    public let notAfter: WallTime
    /// The subject's name as text (RFC 4514 §2), safe to show. Every trace names it.
    public let subjectText: String
    /// The pin of its key: over the SubjectPublicKeyInfo as presented, not as somebody would encode it again.
    public let keyPin: KeyPin
    /// Its subject alternative names.
    public let names: CertificateNames
    let keyKind: PublicKeyKind
    let extensions: ExtensionFacts
    /// 1, 2 or 3.
    let version: Int
    /// The key that is known to have signed this. That it did holds for ever, so it is checked once for an object.
    private let signer = Mutex<KeyPin?>(nil)
    /// Whether the serial number is positive and at most 20 bytes long, as RFC 5280 §4.1.2.2 wants it.
    let hasProperSerial: Bool

    /// Reads DER.
    public init(der: [UInt8]) throws(CertificateProblem) {
        guard der.count <= CertificateLimits.chainBytesMax else { throw .tooLarge("\(der.count) bytes") }
        let fields = try TBSFields(der)
        self.der = der
        self.keyKind = try PublicKeyKind.read(fields.publicKey)
        guard keyKind.isAccepted else { throw .weak("\(keyKind.text) key") }
        self.certificate = try Self.parse(fields.root)
        self.serial = fields.serial
        self.hasProperSerial = fields.hasProperSerial
        self.issuer = fields.issuer
        self.subject = fields.subject
        self.subjectText = PrintableText.of(certificate.subject.description)
        self.notBefore = fields.notBefore
        self.notAfter = fields.notAfter
        self.version = fields.version
        self.keyPin = KeyPin(subjectPublicKeyInfo: fields.publicKey.encodedBytes)
        self.extensions = try ExtensionFacts(certificate.extensions)
        self.names = extensions.names
        guard names.count + (extensions.nameConstraints?.count ?? 0) <= CertificateLimits.namesMax else {
            throw .tooLarge("more than \(CertificateLimits.namesMax) names")
        }
    }

    /// Reads a certificate of the X.509 package.
    public convenience init(_ certificate: Certificate) throws(CertificateProblem) {
        var serializer = DER.Serializer()
        do {
            try serializer.serialize(certificate)
        } catch {
            throw .malformed("cannot be encoded")
        }
        try self.init(der: serializer.serializedBytes)
    }

    /// The SHA-256 of the DER.
    public var fingerprint: [UInt8] { Array(SHA256.hash(data: der)) }

    /// The issuer's name as text (RFC 4514 §2), safe to show.
    public var issuerText: String { PrintableText.of(certificate.issuer.description) }

    /// The serial number as people write it: pairs of hexadecimal digits.
    public var serialText: String { serial.map { Hex.encode([$0]) }.joined(separator: ":") }

    /// Whether it may issue certificates, as far as its basic constraints tell.
    public var isAuthority: Bool {
        if case .isCertificateAuthority? = extensions.basicConstraints { true } else { false }
    }

    /// How many issuing certificates may follow below it; nil for any number.
    public var pathLength: Int? {
        if case .isCertificateAuthority(let length)? = extensions.basicConstraints { length } else { nil }
    }

    /// URIs under which its issuer publishes revocation lists.
    public var distributionPoints: [String] { extensions.distributionPoints }

    /// RFC 9608 §2: its issuer publishes no revocation data about it.
    public var hasNoRevocationData: Bool { extensions.hasNoRevocationData }

    /// Whether the subject's name is not empty.
    var hasSubject: Bool { subject.count > 2 }

    /// Whether issuer and subject are the same name.
    var isSelfIssued: Bool { issuer == subject }

    /// Whether `issuer` may be the one that signed this: name, and key identifiers where both give one.
    func mayBeIssued(by issuer: CertificateFacts) -> Bool {
        guard self.issuer == issuer.subject else { return false }
        guard let wanted = extensions.authorityKeyIdentifier, let given = issuer.extensions.subjectKeyIdentifier else {
            return true
        }
        return wanted == given
    }

    /// Whether the key of `issuer` signed this.
    func isSigned(by issuer: CertificateFacts) -> Bool {
        if signer.withLock({ $0 == issuer.keyPin }) { return true }
        guard issuer.certificate.publicKey.isValidSignature(certificate.signature, for: certificate) else {
            return false
        }
        signer.withLock { $0 = issuer.keyPin }
        return true
    }

    private static func parse(_ root: ASN1Node) throws(CertificateProblem) -> Certificate {
        do {
            return try Certificate(derEncoded: root)
        } catch let error as CertificateError
            where error.code == .unsupportedSignatureAlgorithm || error.code == .unsupportedPublicKeyAlgorithm
        {
            throw .weak("key or signature algorithm")
        } catch {
            throw .malformed("not X.509")
        }
    }
}

/// The fields of a certificate that the X.509 package does not hand out as they were encoded.
private struct TBSFields {
    let root: ASN1Node
    let version: Int
    let serial: [UInt8]
    let hasProperSerial: Bool
    let issuer: [UInt8]
    let subject: [UInt8]
    let notBefore: WallTime
    let notAfter: WallTime
    let publicKey: ASN1Node

    /// RFC 5280 §4.1.
    init(_ der: [UInt8]) throws(CertificateProblem) {
        guard let root = try? DER.parse(der), root.identifier == .sequence, let parts = root.children, parts.count == 3,
            let body = parts[0].children
        else { throw .malformed("not DER of a certificate") }
        self.root = root
        var fields = body[...]
        var version = 1
        if let first = fields.first, first.isTagged(0) {
            guard let number = first.children?.first?.unsignedInteger, number == [1] || number == [2] else {
                throw .malformed("version")
            }
            version = number == [1] ? 2 : 3
            fields = fields.dropFirst()
        }
        self.version = version
        let six = Array(fields.prefix(6))
        guard six.count == 6, six[0].identifier == .integer, let serialBytes = six[0].primitive else {
            throw .malformed("fields are missing")
        }
        serial = six[0].unsignedInteger ?? Array(serialBytes)
        hasProperSerial = six[0].unsignedInteger.map { $0 != [0] && serialBytes.count <= 20 } ?? false
        // RFC 5280 §4.1.1.2: the algorithm inside the signed part is the one outside.
        _ = try SignatureAlgorithms.read(parts[1])
        guard six[1].encodedBytes == parts[1].encodedBytes else { throw .malformed("two signature algorithms") }
        guard let validity = six[3].children, validity.count == 2, let start = validity[0].time,
            let end = validity[1].time
        else { throw .malformed("validity") }
        guard let issuerFields = six[2].children, !issuerFields.isEmpty else { throw .malformed("empty issuer name") }
        issuer = Array(six[2].encodedBytes)
        notBefore = start
        notAfter = end
        subject = Array(six[4].encodedBytes)
        publicKey = six[5]
        // RFC 5280 §4.1.2.9: extensions only in version 3.
        if version < 3, fields.dropFirst(6).contains(where: { $0.isTagged(3) }) {
            throw .malformed("extensions in version \(version)")
        }
    }
}
