import Crypto

/// What is known of the revocations of one issuer.
public struct IssuerRevocation: Sendable {
    /// The newest list that was verified; nil when only single revocations are remembered.
    public let list: RevocationList?
    /// 32 bytes: the SHA-256 of the list's DER; empty without a list.
    public let hash: [UInt8]
    /// Serial numbers (minimal, big-endian) that an earlier list named and `list` does not: a known revocation is never
    /// forgotten.
    public let remembered: Set<[UInt8]>

    init(list: RevocationList?, remembered: Set<[UInt8]>) {
        self.list = list
        self.hash = list.map { Array(SHA256.hash(data: $0.der)) } ?? []
        self.remembered = remembered
    }

    /// Whether the issuer ever revoked this serial number (minimal, big-endian), as far as we know.
    public func isRevoked(serial: [UInt8]) -> Bool {
        remembered.contains(serial) || list?.contains(serial: serial) == true
    }

    /// What a snapshot says about the list; nil without one.
    public var reference: ObjectReference? {
        list.map { ObjectReference(version: Self.version(of: $0.number), hash: hash) }
    }

    /// The low 53 bits of a CRL number: what JSON can carry. The hash tells the rest.
    static func version(of number: [UInt8]) -> UInt64 {
        number.suffix(8).reduce(0) { $0 << 8 | UInt64($1) } & UInt64(JSONValue.integerMax)
    }
}

/// What is known of all revocations, by the key of the issuer.
public struct RevocationState: Sendable {
    private var byIssuer: [KeyPin: IssuerRevocation] = [:]

    /// Nothing is known.
    public init() {}

    /// What is known of an issuer, by the pin of its public key; nil: no list ever came.
    public subscript(issuerKey: KeyPin) -> IssuerRevocation? { byIssuer[issuerKey] }

    /// The issuers of which something is known, in a fixed order.
    public var issuers: [KeyPin] { byIssuer.keys.sorted() }

    /// What a snapshot has to say about all lists.
    public var references: [KeyPin: ObjectReference] { byIssuer.compactMapValues(\.reference) }

    /// Takes a CRL in, when one of `issuers` signed it and it is not older than the list we have; the same list again
    /// is no change. Answers with the issuer's key.
    mutating func apply(_ der: [UInt8], issuers: [CertificateFacts]) throws(TrustStateError) -> KeyPin {
        let list: RevocationList
        do {
            list = try RevocationList(der: der)
        } catch {
            throw TrustStateError(.revocationList, .malformed(error.description))
        }
        guard let issuer = issuers.first(where: { $0.subject == list.issuer && list.isSigned(by: $0) }) else {
            throw TrustStateError(.revocationList, .unknownIssuer)
        }
        let pin = issuer.keyPin
        guard let old = byIssuer[pin], let known = old.list else {
            byIssuer[pin] = IssuerRevocation(list: list, remembered: byIssuer[pin]?.remembered ?? [])
            return pin
        }
        guard known.der != der else { return pin }
        // RFC 5280 §5.2.3: the CRL number of an issuer only grows, so a lower one is an older list.
        guard !Self.isLower(list.number, than: known.number) else {
            throw TrustStateError(
                .revocationList,
                .rolledBack(
                    version: IssuerRevocation.version(of: list.number),
                    known: IssuerRevocation.version(of: known.number)))
        }
        guard list.number != known.number else {
            throw TrustStateError(.revocationList, .forked(version: IssuerRevocation.version(of: list.number)))
        }
        let earlier = old.remembered.union(known.entries.map(\.serial))
        byIssuer[pin] = IssuerRevocation(list: list, remembered: earlier.subtracting(list.entries.map(\.serial)))
        return pin
    }

    /// Adds serial numbers that were known before a restart.
    mutating func remember(_ serials: Set<[UInt8]>, issuer: KeyPin) {
        let old = byIssuer[issuer]
        let named = serials.filter { old?.list?.contains(serial: $0) != true }
        byIssuer[issuer] = IssuerRevocation(list: old?.list, remembered: (old?.remembered ?? []).union(named))
    }

    /// Both numbers are minimal and big-endian.
    private static func isLower(_ left: [UInt8], than right: [UInt8]) -> Bool {
        left.count == right.count ? left.lexicographicallyPrecedes(right) : left.count < right.count
    }
}
