import Authority
import Basis
import Storage
import Synchronization
import Testing
import Trust

@testable import Node

@Suite("The ledger of an authority whose disk is full")
struct AuthorityLedgerTests {
    /// The store of a disk that takes nothing while `isFull`.
    private final class Disk: Ledger, Sendable {
        private let table: LedgerTable
        private let full = Mutex(false)

        init(_ table: LedgerTable) { self.table = table }

        var isFull: Bool {
            get { full.withLock { $0 } }
            set { full.withLock { $0 = newValue } }
        }

        func commit(_ entries: [LedgerEntry]) throws(LedgerFailure) {
            if isFull { throw LedgerFailure(reason: "full") }
            try table.commit(entries)
        }

        func certificate(serial: CertificateSerial) throws(LedgerFailure) -> CertificateRecord? {
            try table.certificate(serial: serial)
        }

        func certificates(
            profile: CertificateProfile?, subject: String?, limit: Int
        ) throws(LedgerFailure) -> [CertificateRecord] {
            try table.certificates(profile: profile, subject: subject, limit: limit)
        }

        func revocations(issuer: KeyPin) throws(LedgerFailure) -> [RevocationRecord] {
            try table.revocations(issuer: issuer)
        }

        func counters() throws(LedgerFailure) -> LedgerCounters { try table.counters() }
    }

    @Test("S12: a revocation counts before it is stored, everything else does not; with room again it is written first")
    func fullDisk() async throws {
        let network = try await TrustNetwork()
        let disk = Disk(network.database.ledger)
        let ledger = AuthorityLedger(disk)
        let record = try #require(try ledger.certificates(profile: .server, subject: nil, limit: 1).first)
        let before = try ledger.counters()
        let revocation = RevocationRecord(
            serial: record.serial, issuer: record.issuer, reason: .keyCompromise, time: TrustNetwork.now)
        func next(_ count: UInt64) -> [LedgerEntry] {
            [.listNumber(before.listNumber + count), .epoch(TrustEpoch(before.epoch.number + count))]
        }

        disk.isFull = true
        #expect(throws: LedgerFailure.self) { try ledger.commit(next(1)) }
        #expect(try ledger.counters() == before)
        #expect(!ledger.isBehind)

        try ledger.commit([.revocation(revocation)] + next(1))
        #expect(ledger.isBehind)
        #expect(try ledger.revocations(issuer: record.issuer) == [revocation])
        #expect(try ledger.counters().epoch.number == before.epoch.number + 1)
        #expect(try disk.revocations(issuer: record.issuer).isEmpty)
        #expect(throws: LedgerFailure.self) { try ledger.commit(next(2)) }
        #expect(throws: LedgerFailure.self) { try ledger.writeCarried() }

        disk.isFull = false
        try ledger.commit(next(2))
        #expect(!ledger.isBehind)
        #expect(try disk.revocations(issuer: record.issuer) == [revocation])
        #expect(try disk.counters().epoch.number == before.epoch.number + 2)
    }
}
