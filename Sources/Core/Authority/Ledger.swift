public import Basis
public import Trust

/// A certificate that our CA has signed.
public struct CertificateRecord: Sendable, Hashable {
    /// Its serial number.
    public var serial: CertificateSerial
    /// The hash of the public key of the CA that signed it.
    public var issuer: KeyPin
    /// The server's FQDN, the user's address-of-record, or the name of the CA.
    public var subject: String
    /// What it is for.
    public var profile: CertificateProfile
    /// The hash of its public key.
    public var key: KeyPin
    /// Its beginning.
    public var notBefore: WallTime
    /// Its end.
    public var notAfter: WallTime
    /// The certificate in DER.
    public var der: [UInt8]

    /// A record with these fields.
    public init(
        serial: CertificateSerial, issuer: KeyPin, subject: String, profile: CertificateProfile, key: KeyPin,
        notBefore: WallTime, notAfter: WallTime, der: [UInt8]
    ) {
        self.serial = serial
        self.issuer = issuer
        self.subject = subject
        self.profile = profile
        self.key = key
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.der = der
    }

    /// Whether more than half of its life has gone: the time to issue the next one.
    public func isPastHalf(at now: WallTime) -> Bool {
        now - notBefore > Interval(nanoseconds: (notAfter - notBefore).nanoseconds / 2)
    }
}

/// A revocation: never taken back, never forgotten.
public struct RevocationRecord: Sendable, Hashable {
    /// The certificate.
    public var serial: CertificateSerial
    /// The hash of the public key of the CA that had signed it.
    public var issuer: KeyPin
    /// Why.
    public var reason: RevocationReason
    /// When it was revoked.
    public var time: WallTime

    /// A revocation with these fields.
    public init(serial: CertificateSerial, issuer: KeyPin, reason: RevocationReason, time: WallTime) {
        self.serial = serial
        self.issuer = issuer
        self.reason = reason
        self.time = time
    }
}

/// One line of the ledger. Lines are only ever added.
public enum LedgerEntry: Sendable, Hashable {
    /// A certificate was signed.
    case certificate(CertificateRecord)
    /// A certificate was revoked.
    case revocation(RevocationRecord)
    /// A CRL with this number was signed (RFC 5280 §5.2.3).
    case listNumber(UInt64)
    /// A snapshot with this epoch was signed.
    case epoch(TrustEpoch)
    /// The user directory has this sequence.
    case directorySequence(UInt64)
}

/// The numbers that only grow: what a restored authority must never go below.
public struct LedgerCounters: Sendable, Hashable {
    /// The number of the newest CRL; 0 before the first.
    public var listNumber: UInt64
    /// The epoch of the newest snapshot; 0 before the first.
    public var epoch: TrustEpoch
    /// The newest sequence of the user directory; 0 before the first.
    public var directorySequence: UInt64

    /// Counters with these values.
    public init(listNumber: UInt64 = 0, epoch: TrustEpoch = TrustEpoch(0), directorySequence: UInt64 = 0) {
        self.listNumber = listNumber
        self.epoch = epoch
        self.directorySequence = directorySequence
    }
}

/// The storage behind the ledger could not do it.
public struct LedgerFailure: Error, Sendable, Hashable {
    /// What it said, for the operator.
    public let reason: String
    /// Whether what is stored is not what was written: to try again changes nothing, a person has to bring back a backup.
    public let isDamage: Bool

    /// A failure with its reason.
    public init(reason: String, isDamage: Bool = false) {
        self.reason = reason
        self.isDamage = isDamage
    }
}

extension LedgerFailure: CustomStringConvertible {
    /// The reason.
    public var description: String { reason }
}

/// The book of everything that the authority has signed.
///
/// Every entry is committed before what it tells of leaves the authority: a certificate that nobody can revoke must not
/// exist. One call is one transaction: all entries, or none. Calls block until the commit is on the disk.
public protocol Ledger: AnyObject {
    /// Adds entries, all or none. Refuses a serial number that is there already, a second revocation of one
    /// certificate, and a counter that does not grow.
    func commit(_ entries: [LedgerEntry]) throws(LedgerFailure)

    /// The certificate with this serial number.
    func certificate(serial: CertificateSerial) throws(LedgerFailure) -> CertificateRecord?

    /// The certificates of this profile, or of all, for this subject, or for all, newest `notBefore` first and at most
    /// `limit`.
    func certificates(
        profile: CertificateProfile?, subject: String?, limit: Int
    ) throws(LedgerFailure) -> [CertificateRecord]

    /// All revocations of certificates of this issuer, by serial number.
    func revocations(issuer: KeyPin) throws(LedgerFailure) -> [RevocationRecord]

    /// The numbers that only grow.
    func counters() throws(LedgerFailure) -> LedgerCounters
}

/// A ledger that lives as long as its process: for tests and simulations.
public final class InMemoryLedger: Ledger {
    private var records: [CertificateSerial: CertificateRecord] = [:]
    private var revoked: [CertificateSerial: RevocationRecord] = [:]
    private var numbers = LedgerCounters()

    /// Every entry in the order of its commit.
    public private(set) var entries: [LedgerEntry] = []

    /// When set, the next commit fails with this reason: a full disk in a test.
    public var failure: LedgerFailure?

    /// An empty ledger.
    public init() {}

    public func commit(_ entries: [LedgerEntry]) throws(LedgerFailure) {
        if let failure { throw failure }
        var (records, revoked, numbers) = (records, revoked, numbers)
        for entry in entries {
            switch entry {
            case .certificate(let record):
                guard records.updateValue(record, forKey: record.serial) == nil else {
                    throw LedgerFailure(reason: "serial \(record.serial) exists")
                }
            case .revocation(let record):
                guard revoked.updateValue(record, forKey: record.serial) == nil else {
                    throw LedgerFailure(reason: "serial \(record.serial) is revoked already")
                }
            case .listNumber(let number):
                guard number > numbers.listNumber else { throw LedgerFailure(reason: "CRL number \(number) was used") }
                numbers.listNumber = number
            case .epoch(let epoch):
                guard epoch > numbers.epoch else { throw LedgerFailure(reason: "epoch \(epoch) was used") }
                numbers.epoch = epoch
            case .directorySequence(let sequence):
                guard sequence > numbers.directorySequence else {
                    throw LedgerFailure(reason: "directory sequence \(sequence) was used")
                }
                numbers.directorySequence = sequence
            }
        }
        (self.records, self.revoked, self.numbers) = (records, revoked, numbers)
        self.entries += entries
    }

    public func certificate(serial: CertificateSerial) throws(LedgerFailure) -> CertificateRecord? { records[serial] }

    public func certificates(
        profile: CertificateProfile?, subject: String?, limit: Int
    ) throws(LedgerFailure) -> [CertificateRecord] {
        let matching = records.values.filter { record in
            (profile ?? record.profile) == record.profile && (subject ?? record.subject) == record.subject
        }
        let ordered = matching.sorted { ($0.notBefore, $0.serial) > ($1.notBefore, $1.serial) }
        return Array(ordered.prefix(limit))
    }

    public func revocations(issuer: KeyPin) throws(LedgerFailure) -> [RevocationRecord] {
        revoked.values.filter { $0.issuer == issuer }.sorted { $0.serial < $1.serial }
    }

    public func counters() throws(LedgerFailure) -> LedgerCounters { numbers }
}
