import Authority
import Basis
import Storage
import Testing
import Trust

@Suite("The ledger in SQLite")
struct LedgerTableTests {
    private func pin(_ byte: UInt8) throws -> KeyPin {
        try #require(KeyPin(bytes: [UInt8](repeating: byte, count: 32)))
    }

    private func certificate(_ serial: String, subject: String = "fe1.contoso.example", from: Int64 = 0) throws
        -> CertificateRecord
    {
        CertificateRecord(
            serial: try #require(CertificateSerial(serial)), issuer: try pin(1), subject: subject, profile: .server,
            key: try pin(2), notBefore: WallTime(seconds: from), notAfter: WallTime(seconds: from + 600),
            der: [0x30, 0, 0xFF])
    }

    private func revocation(_ serial: String) throws -> RevocationRecord {
        RevocationRecord(
            serial: try #require(CertificateSerial(serial)), issuer: try pin(1), reason: .keyCompromise,
            time: WallTime(milliseconds: 1_234))
    }

    @Test("Entries are read back as they were written, also from the files of a killed process")
    func roundTrip() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let ledger = database.ledger
        let entries: [LedgerEntry] = [
            .certificate(try certificate("4a:91")), .certificate(try certificate("ff", subject: "bob", from: 10)),
            .revocation(try revocation("ff")), .listNumber(3), .epoch(TrustEpoch(7)), .directorySequence(9),
        ]
        try ledger.commit(entries)
        let copy = try folder.copyAsAfterKill()
        let read = try copy.open().ledger
        #expect(try read.certificate(serial: #require(CertificateSerial("4a91"))) == certificate("4a:91"))
        #expect(try read.certificate(serial: #require(CertificateSerial("4a92"))) == nil)
        #expect(try read.revocations(issuer: pin(1)) == [revocation("ff")])
        #expect(try read.revocations(issuer: pin(5)).isEmpty)
        let counters = try read.counters()
        #expect(counters == LedgerCounters(listNumber: 3, epoch: TrustEpoch(7), directorySequence: 9))
    }

    @Test("Certificates come newest first, by profile and subject, revocations by serial number as a number")
    func order() throws {
        let folder = try StorageFolder()
        let ledger = try folder.open().ledger
        try ledger.commit([
            .certificate(try certificate("01", from: 5)), .certificate(try certificate("ff", from: 9)),
            .certificate(try certificate("0100", from: 9)),
            .certificate(try certificate("02", subject: "bob", from: 99)),
        ])
        func serials(_ profile: CertificateProfile?, _ subject: String?, _ limit: Int) throws -> [String] {
            try ledger.certificates(profile: profile, subject: subject, limit: limit).map(\.serial.hex)
        }
        #expect(try serials(nil, nil, 10) == ["02", "0100", "ff", "01"])
        #expect(try serials(.server, "fe1.contoso.example", 2) == ["0100", "ff"])
        #expect(try serials(.user, nil, 10).isEmpty)
        for serial in ["0100", "ff", "02"] { try ledger.commit([.revocation(try revocation(serial))]) }
        #expect(try ledger.revocations(issuer: pin(1)).map(\.serial.hex) == ["02", "ff", "0100"])
    }

    @Test("A serial number, a revocation and a counter are used once; one refused entry keeps out all of its call")
    func refusals() throws {
        let folder = try StorageFolder()
        let ledger = try folder.open().ledger
        try ledger.commit([
            .certificate(try certificate("01")), .revocation(try revocation("01")), .epoch(TrustEpoch(4)),
        ])
        for refused: LedgerEntry in [
            .certificate(try certificate("01", subject: "other")), .revocation(try revocation("01")),
            .epoch(TrustEpoch(4)), .listNumber(0), .epoch(TrustEpoch(.max)),
        ] {
            #expect(throws: LedgerFailure.self) { try ledger.commit([.certificate(try certificate("02")), refused]) }
        }
        #expect(try ledger.certificates(profile: nil, subject: nil, limit: 10).count == 1)
        #expect(try ledger.counters() == LedgerCounters(epoch: TrustEpoch(4)))
    }
}
