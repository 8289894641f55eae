import Authority
import Basis
import Testing
import Trust

@Suite struct LedgerTests {
    private func record(_ number: UInt8, at time: WallTime = ContosoNetwork.start) throws -> CertificateRecord {
        CertificateRecord(
            serial: try #require(CertificateSerial(bytes: [number])), issuer: KeyPin(subjectPublicKeyInfo: [1]),
            subject: "fe1.contoso.example", profile: .server, key: KeyPin(subjectPublicKeyInfo: [number]),
            notBefore: time,
            notAfter: time.plus(days: 7), der: [number])
    }

    @Test("style.md 17: a commit is all or nothing") func atomic() throws {
        let ledger = InMemoryLedger()
        try ledger.commit([.certificate(try record(1)), .listNumber(1)])
        #expect(throws: LedgerFailure.self) {
            try ledger.commit([.certificate(try record(2)), .listNumber(2), .certificate(try record(1))])
        }
        #expect(try ledger.certificates(profile: nil, subject: nil, limit: 9).count == 1)
        #expect(try ledger.counters().listNumber == 1)
    }

    @Test(
        "RFC 5280 §5.2.3: CRL numbers, epochs and directory sequences only grow",
        arguments: [
            LedgerEntry.listNumber(5), .epoch(TrustEpoch(5)), .directorySequence(5),
        ])
    func growing(entry: LedgerEntry) throws {
        let ledger = InMemoryLedger()
        try ledger.commit([entry])
        #expect(throws: LedgerFailure.self) { try ledger.commit([entry]) }
    }

    @Test("trust.md: a certificate is revoked once") func once() throws {
        let ledger = InMemoryLedger()
        let revocation = RevocationRecord(
            serial: try record(1).serial, issuer: try record(1).issuer, reason: .superseded, time: ContosoNetwork.start)
        try ledger.commit([.revocation(revocation)])
        #expect(throws: LedgerFailure.self) { try ledger.commit([.revocation(revocation)]) }
        #expect(try ledger.revocations(issuer: revocation.issuer) == [revocation])
        #expect(try ledger.revocations(issuer: KeyPin(subjectPublicKeyInfo: [2])).isEmpty)
    }

    @Test("trust.md: certificates come newest first, at most as many as asked for") func order() throws {
        let ledger = InMemoryLedger()
        for day in UInt8(1)...5 {
            try ledger.commit([.certificate(try record(day, at: ContosoNetwork.start.plus(days: UInt64(day))))])
        }
        let newest = try ledger.certificates(profile: .server, subject: "fe1.contoso.example", limit: 2)
        #expect(newest.map(\.serial.hex) == ["05", "04"])
        #expect(try ledger.certificates(profile: .user, subject: nil, limit: 9).isEmpty)
    }

    @Test("trust.md: what the ledger did not take was not published") func failing() throws {
        var network = try ContosoNetwork()
        let epoch = network.publisher.state.epoch
        let serial = try #require(
            try network.ledger.certificates(profile: .server, subject: "edge1.contoso.example", limit: 1).first
        ).serial
        network.ledger.failure = LedgerFailure(reason: "disk full")
        #expect(throws: AuthorityError.ledger(LedgerFailure(reason: "disk full"))) {
            try network.publisher.revoke(
                serial, reason: .keyCompromise, now: ContosoNetwork.start, ledger: network.ledger)
        }
        #expect(network.publisher.state.epoch == epoch)
        network.ledger.failure = nil
        #expect(
            try network.publisher.revoke(
                serial, reason: .keyCompromise, now: ContosoNetwork.start, ledger: network.ledger) != nil)
    }
}
