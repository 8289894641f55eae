import Authority
import Synchronization
import Trust

/// The ledger of the authority: what the store holds, and on top of it revocations that the store could not take.
///
/// A disk that is full must not keep a revoked peer alive: a revocation counts at once here, and is written as soon as
/// there is room, before anything else. Everything else is refused until it is stored.
final class AuthorityLedger: Ledger, Sendable {
    private let stored: any Ledger & Sendable
    private let carried = Mutex<[LedgerEntry]>([])

    init(_ stored: any Ledger & Sendable) {
        self.stored = stored
    }

    /// Whether something counts that is not stored.
    var isBehind: Bool { !carried.withLock(\.isEmpty) }

    /// Writes what could not be written before; nothing happens when there is none.
    func writeCarried() throws(LedgerFailure) {
        if isBehind { try commit([]) }
    }

    func commit(_ entries: [LedgerEntry]) throws(LedgerFailure) {
        try carried.withLock { (carried) throws(LedgerFailure) in
            do throws(LedgerFailure) {
                try stored.commit(carried + entries)
                carried = []
            } catch {
                let revokes = entries.contains { if case .revocation = $0 { true } else { false } }
                guard revokes else { throw error }
                carried += entries
            }
        }
    }

    func certificate(serial: CertificateSerial) throws(LedgerFailure) -> CertificateRecord? {
        try stored.certificate(serial: serial)
    }

    func certificates(
        profile: CertificateProfile?, subject: String?, limit: Int
    ) throws(LedgerFailure) -> [CertificateRecord] {
        try stored.certificates(profile: profile, subject: subject, limit: limit)
    }

    func revocations(issuer: KeyPin) throws(LedgerFailure) -> [RevocationRecord] {
        let carried = self.carried.withLock { entries in
            entries.compactMap { entry -> RevocationRecord? in
                if case .revocation(let record) = entry, record.issuer == issuer { record } else { nil }
            }
        }
        let stored = try stored.revocations(issuer: issuer)
        return carried.isEmpty ? stored : (stored + carried).sorted { $0.serial < $1.serial }
    }

    func counters() throws(LedgerFailure) -> LedgerCounters {
        var counters = try stored.counters()
        for entry in carried.withLock({ $0 }) {
            switch entry {
            case .listNumber(let number): counters.listNumber = max(counters.listNumber, number)
            case .epoch(let epoch): counters.epoch = max(counters.epoch, epoch)
            case .directorySequence(let sequence):
                counters.directorySequence = max(counters.directorySequence, sequence)
            case .certificate, .revocation: break
            }
        }
        return counters
    }
}
