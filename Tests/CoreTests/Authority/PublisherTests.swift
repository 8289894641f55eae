import Authority
import Basis
import Testing
import Trust

@Suite struct PublisherTests {
    private let start = ContosoNetwork.start

    private func admitted(_ network: ContosoNetwork, at now: WallTime) throws -> Bool {
        network.verdict(try network.chain(of: "edge1.contoso.example", at: now), now: now).peer?.identity
            == "edge1.contoso.example"
    }

    @Test("trust.md, The CA: a server that the topology names is admitted with its issued certificate") func admits()
        throws
    {
        let network = try ContosoNetwork()
        #expect(network.publisher.state.epoch == TrustEpoch(1))
        #expect(try admitted(network, at: start))
        #expect(network.publisher.needs(at: start).isEmpty)
    }

    @Test("trust.md, N4: our CA's certificate for a name that the topology lacks is E601, for another key E602")
    func rogue() throws {
        let network = try ContosoNetwork()
        var chance = Chance(seed: [99])
        for (name, code) in [("rogue.contoso.example", TrustCode.e601), ("edge1.contoso.example", .e602)] {
            let stolen = try network.publisher.authority.issueServer(
                names: [name], subjectPublicKeyInfo: CertificateKey.deterministic(from: &chance).subjectPublicKeyInfo,
                now: start, chance: &chance)
            let verdict = network.verdict(network.publisher.authority.chain(for: stolen))
            #expect(verdict.code == code, "\(verdict)")
        }
        var other = try ContosoNetwork(seed: 2)
        other.publisher = network.publisher
        let foreign = try ContosoNetwork(seed: 5).chain(of: "edge1.contoso.example")
        #expect(network.verdict(foreign).code == .e103)
    }

    @Test("S12: a revocation is in the next CRL and snapshot, and the server is refused with E501") func revoke() throws
    {
        var network = try ContosoNetwork()
        let chain = try network.chain(of: "edge1.contoso.example")
        let record = try #require(
            try network.ledger.certificates(profile: .server, subject: "edge1.contoso.example", limit: 1).first)
        let done = try network.publisher.revoke(
            record.serial, reason: .keyCompromise, now: start, ledger: network.ledger)
        #expect(done?.epoch == TrustEpoch(2) && done?.bundle.crls.count == 1)
        #expect(network.verdict(chain).code == .e501)
        #expect(
            try network.publisher.revoke(record.serial, reason: .unspecified, now: start, ledger: network.ledger) == nil
        )
        #expect(network.publisher.needs(at: start) == [.newKey(server: "edge1.contoso.example")])
        let unknown = try #require(CertificateSerial("0102"))
        #expect(throws: AuthorityError.unknownSerial(unknown)) {
            try network.publisher.revoke(unknown, reason: .unspecified, now: start, ledger: network.ledger)
        }
    }

    @Test("trust.md, The CA: the key of a revoked server certificate is not certified again") func barred() throws {
        var network = try ContosoNetwork()
        let record = try #require(
            try network.ledger.certificates(profile: .server, subject: "edge1.contoso.example", limit: 1).first)
        _ = try network.publisher.revoke(record.serial, reason: .keyCompromise, now: start, ledger: network.ledger)
        let later = start.plus(days: 5)
        let renewal = try network.publisher.renew(now: later, ledger: network.ledger)
        #expect(renewal.publication?.issued.map(\.subject) == ["fe1.contoso.example"])
        #expect(throws: AuthorityError.keyBarred(subject: "edge1.contoso.example", key: network.edgeKey.pin)) {
            try network.publisher.issue(
                server: "edge1.contoso.example", subjectPublicKeyInfo: network.edgeKey.subjectPublicKeyInfo, now: later,
                ledger: network.ledger)
        }
        // Also after a restart: what was revoked is in the ledger.
        let again = try Publisher(
            state: network.publisher.state, authority: network.publisher.authority,
            snapshotKey: network.keys.snapshot, chance: Chance(seed: [2]), ledger: network.ledger)
        #expect(again.needs(at: later) == [.newKey(server: "edge1.contoso.example")])
    }

    @Test(
        "trust.md, Users: the directory goes to front ends and directors, and no more to one whose key is barred",
        arguments: [RevocationReason.keyCompromise, .superseded])
    func directoryOfTheRevoked(reason: RevocationReason) throws {
        var network = try ContosoNetwork()
        let users = DirectoryChanges(from: 0, to: 1, records: [])
        func directory(of server: String) -> DirectoryChanges? {
            network.publisher.delivery(to: server, since: TrustEpoch(0), directory: users, now: start).directory
        }
        #expect(directory(of: "fe1.contoso.example") == users)
        #expect(directory(of: "edge1.contoso.example") == nil)
        let record = try #require(
            try network.ledger.certificates(profile: .server, subject: "fe1.contoso.example", limit: 1).first)
        _ = try network.publisher.revoke(record.serial, reason: reason, now: start, ledger: network.ledger)
        // A certificate that was only replaced says nothing against the key, which is still pinned in either case.
        #expect(directory(of: "fe1.contoso.example") == (reason == .superseded ? users : nil))
        #expect(network.publisher.givesDirectory(to: "fe1.contoso.example") == (reason == .superseded))
    }

    @Test("A crash between ledger and state: the revocation that was committed is in the list after the next start")
    func behindTheLedger() throws {
        var network = try ContosoNetwork()
        let before = network.publisher.state
        func restart(_ state: TrustState) throws -> Publisher {
            try Publisher(
                state: state, authority: network.publisher.authority, snapshotKey: network.keys.snapshot,
                chance: Chance(seed: [2]), ledger: network.ledger)
        }
        // Nothing was lost: nothing is due.
        var calm = try restart(before)
        #expect(try calm.renew(now: start, ledger: network.ledger).publication == nil)
        let chain = try network.chain(of: "edge1.contoso.example")
        let record = try #require(
            try network.ledger.certificates(profile: .server, subject: "edge1.contoso.example", limit: 1).first)
        _ = try network.publisher.revoke(record.serial, reason: .keyCompromise, now: start, ledger: network.ledger)
        network.publisher = try restart(before)
        #expect(network.verdict(chain).code == nil)
        let renewal = try network.publisher.renew(now: start, ledger: network.ledger)
        #expect(renewal.publication?.bundle.crls.count == 1)
        #expect(network.verdict(chain).code == .e501)
    }

    @Test("RFC 5280 §5: OpenSSL reads the CRL, its number, its signature and the revoked serial") func list() throws {
        guard let openssl = try OpenSSL() else { return }
        defer { openssl.remove() }
        var network = try ContosoNetwork()
        let record = try #require(
            try network.ledger.certificates(profile: .server, subject: "edge1.contoso.example", limit: 1).first)
        _ = try network.publisher.revoke(record.serial, reason: .keyCompromise, now: start, ledger: network.ledger)
        let list = try #require(network.publisher.state.bundle(since: TrustEpoch(0)).crls.first)
        let issuing = try openssl.pem(network.publisher.authority.issuingCertificate, "CERTIFICATE", as: "issuing.pem")
        let file = try openssl.pem(list, "X509 CRL", as: "list.pem")
        let text = try openssl.run("crl", "-in", file, "-noout", "-text", "-CAfile", issuing).output
        #expect(text.contains("verify OK"), "\(text)")
        #expect(text.contains("Serial Number: " + record.serial.hex.uppercased()), "\(text)")
        #expect(text.contains("Key Compromise"))
        #expect(text.contains("X509v3 CRL Number: \n                2"), "\(text)")
        #expect(text.contains("Next Update: Nov 25 12:00:00 2026 GMT"))
    }

    @Test("wire.md: nothing is renewed before half of the life has gone, CRL and snapshot first") func early() throws {
        var network = try ContosoNetwork()
        #expect(try network.publisher.renew(now: start + .seconds(3_600), ledger: network.ledger).publication == nil)
        let half = try network.publisher.renew(now: start + .seconds(13 * 3_600), ledger: network.ledger).publication
        #expect(half?.issued.isEmpty == true && half?.bundle.crls.count == 1)
        #expect(half?.epoch == TrustEpoch(2))
        let later = try network.publisher.renew(now: start.plus(days: 4), ledger: network.ledger).publication
        #expect(Set(later?.issued.map(\.key) ?? []) == [network.frontEndKey.pin, network.edgeKey.pin])
    }

    @Test(
        "wire.md: a folder that slept for 8, 40 or 400 days renews what it can and says what it needs",
        arguments: [
            UInt64(8), 40, 400,
        ])
    func sleep(days: UInt64) throws {
        let network = try ContosoNetwork()
        let now = start.plus(days: days)
        let state = try TrustState.load(
            files: network.publisher.state.files, expectedRootHash: network.publisher.state.roots.first?.hash, now: now)
        var publisher = try Publisher(
            state: state, authority: network.publisher.authority, snapshotKey: network.keys.snapshot,
            chance: Chance(seed: [8]), ledger: network.ledger)
        var woken = network
        #expect(publisher.chains(of: "edge1.contoso.example", at: now).isEmpty)
        let renewal = try publisher.renew(now: now, ledger: network.ledger)
        #expect(Set(renewal.publication?.issued.map(\.key) ?? []) == [network.frontEndKey.pin, network.edgeKey.pin])
        #expect(renewal.publication?.bundle.crls.count == 1)
        woken.publisher = publisher
        #expect(try admitted(woken, at: now))
        let end = start.plus(days: 90)
        #expect(
            renewal.needs == (days == 400 ? [.topologyExpired(at: end)] : []),
            "\(renewal.needs.map(\.description))")
        guard days == 400 else { return }
        let envelope = try TopologySigning.sign(
            network.topology, after: publisher.state.verifiedTopology, with: [network.keys.publisher], now: now)
        _ = try publisher.publish(envelope, now: now, ledger: network.ledger)
        #expect(publisher.needs(at: now).isEmpty)
    }

    @Test("wire.md: the last 30 days of a topology are announced, and the end of the issuing CA is") func needs() throws
    {
        let publisher = try ContosoNetwork().publisher
        let end = start.plus(days: 90)
        #expect(publisher.needs(at: start.plus(days: 61)) == [.topologyExpires(at: end)])
        let late = start.plus(days: 1_000)
        #expect(publisher.needs(at: late).contains(.issuingExpires(notAfter: start.plus(days: 1_826))))
        #expect(
            publisher.needs(at: start.plus(days: 1_900)).first == .issuingExpired(notAfter: start.plus(days: 1_826)))
    }

    @Test("trust.md: a timestamp is made every 10 seconds and is valid for 10 minutes") func stamp() throws {
        var publisher = try ContosoNetwork().publisher
        #expect(try publisher.stamp(now: start + .seconds(9)) == nil)
        #expect(try publisher.stamp(now: start + .seconds(10)) != nil)
        #expect(publisher.state.timestamp?.header.expires == start + .seconds(610))
        #expect(publisher.state.epoch == TrustEpoch(1))
        #expect(try publisher.stamp(now: start + .seconds(11)) == nil)
    }

    @Test(
        "trust.md, Rules: a changed SIP domain re-issues every certificate whose names change") func newNames() throws
    {
        var network = try ContosoNetwork()
        var topology = network.topology
        topology.sipDomains.append("voice.contoso.example")
        let publication = try network.publisher.publish(
            try network.signed(topology), now: start, ledger: network.ledger)
        #expect(publication.issued.map(\.subject) == ["edge1.contoso.example", "fe1.contoso.example"])
        #expect(try admitted(network, at: start))
        topology.sipDomains.append("tailspin.example")
        #expect(throws: AuthorityError.nameNotPermitted(name: "sip.tailspin.example", permitted: ["contoso.example"])) {
            try network.publisher.publish(try network.signed(topology), now: start, ledger: network.ledger)
        }
    }

    @Test("TUF §5.3: a topology that a stranger signed, or that repeats a version, is refused") func unsigned() throws {
        var network = try ContosoNetwork()
        let stranger = try CertificateKey.generate(.ed25519).signer()
        let forged = try TopologySigning.sign(
            network.topology, after: network.publisher.state.verifiedTopology, with: [stranger], now: start)
        let envelope = try #require(network.publisher.state.verifiedTopology?.envelope)
        var other = network.topology
        other.servers.removeAll { $0.name == "edge1.contoso.example" }
        other.pools.removeAll { $0.name == "edge.contoso.example" }
        let again = try TopologySigning.sign(other, after: nil, with: [network.keys.publisher], now: start)
        for bad in [forged, again] {
            #expect(throws: AuthorityError.self) {
                try network.publisher.publish(bad, now: start, ledger: network.ledger)
            }
        }
        #expect(network.publisher.state.verifiedTopology?.envelope == envelope)
    }

    @Test("S19: a server that was removed from the topology is refused with E601 or E602") func removed() throws {
        var network = try ContosoNetwork()
        let chain = try network.chain(of: "edge1.contoso.example")
        var topology = network.topology
        topology.servers.removeAll { $0.name == "edge1.contoso.example" }
        topology.pools.removeAll { $0.name == "edge.contoso.example" }
        _ = try network.publisher.publish(try network.signed(topology), now: start, ledger: network.ledger)
        #expect(network.verdict(chain).code == .e601)
    }

    @Test("trust.md, Users: the directory's sequence is in the next snapshot, and never goes back") func directory()
        throws
    {
        var network = try ContosoNetwork()
        let done = try network.publisher.publish(directorySequence: 4, now: start, ledger: network.ledger)
        #expect(done != nil && network.publisher.state.snapshot?.directorySequence == 4)
        #expect(try network.publisher.publish(directorySequence: 4, now: start, ledger: network.ledger) == nil)
        #expect(try network.ledger.counters().directorySequence == 4)
    }

    @Test("F16: a user certificate is for addresses of our domains only") func users() throws {
        var network = try ContosoNetwork()
        let key = CertificateKey.generate(.p256).subjectPublicKeyInfo
        let record = try network.publisher.issue(
            userAOR: "alice@contoso.example", subjectPublicKeyInfo: key, now: start, ledger: network.ledger)
        #expect(try network.ledger.certificate(serial: record.serial) == record)
        let verdict = network.verdict(network.publisher.authority.chain(for: record), kind: .combined)
        #expect(verdict.peer?.peerClass == .client && verdict.peer?.userAOR == "alice@contoso.example", "\(verdict)")
        #expect(throws: AuthorityError.foreignUser(aor: "bob@fabrikam.example")) {
            try network.publisher.issue(
                userAOR: "bob@fabrikam.example", subjectPublicKeyInfo: key, now: start, ledger: network.ledger)
        }
    }

    @Test("wire.md: a delivery holds objects, the server's chains, and the directory for front ends alone")
    func delivery() throws {
        let network = try ContosoNetwork()
        var directory = UserDirectory()
        try directory.put(
            UserRecord(aor: "alice@contoso.example", homePool: "fe.contoso.example", verifiers: UserVerifiers()))
        let changes = directory.changes(since: 0)
        let frontEnd = network.publisher.delivery(
            to: "fe1.contoso.example", since: TrustEpoch(0), directory: changes, now: start)
        let edge = network.publisher.delivery(
            to: "edge1.contoso.example", since: TrustEpoch(0), directory: changes, now: start)
        #expect(frontEnd.directory == changes && edge.directory == nil)
        #expect(try NodeDelivery(parsing: frontEnd.bytes) == frontEnd)
        #expect(try NodeDelivery(parsing: edge.bytes) == edge)
        #expect(edge.chains.first?.first.flatMap { try? CertificateFacts(der: $0) }?.keyPin == network.edgeKey.pin)
        #expect(throws: AuthorityError.self) { try NodeDelivery(parsing: Array("{}".utf8)) }
    }

    @Test("A delivery with ended users is version 2, others stay version 1; what is malformed is refused")
    func userEnded() throws {
        let network = try ContosoNetwork()
        func delivery(_ ended: EndedUsers?) -> NodeDelivery {
            network.publisher.delivery(
                to: "edge1.contoso.example", since: TrustEpoch(0), directory: nil, userEnded: ended, now: start)
        }
        let sent = delivery(EndedUsers(from: 3, to: 5, addresses: ["alice@contoso.example"]))
        #expect(try NodeDelivery(parsing: sent.bytes) == sent)
        let text = String(decoding: sent.bytes, as: UTF8.self)
        #expect(text.contains("\"version\":2,") || text.contains("\"version\":2}"))
        #expect(String(decoding: delivery(nil).bytes, as: UTF8.self).contains("\"version\":1"))
        for (good, bad) in [
            ("\"from\":3", "\"from\":6"), ("\"to\":5", "\"to\":-5"), ("\"everybody\":false", "\"everybody\":0"),
            ("[\"alice@contoso.example\"]", "[7]"), ("\"version\":2", "\"version\":3"),
        ] {
            #expect(throws: AuthorityError.self, "\(bad)") {
                try NodeDelivery(parsing: Array(text.replacing(good, with: bad).utf8))
            }
        }
        let many = EndedUsers(from: 0, to: 1, addresses: (0...EndedUsers.addressesMax).map { "u\($0)@contoso.example" })
        #expect(throws: AuthorityError.self) { try NodeDelivery(parsing: delivery(many).bytes) }
    }

    @Test("The memory of ended users is bounded: an edge that is behind it has to end everybody")
    func endedMemory() {
        var memory = EndedUsersMemory(sequence: 10)
        memory.add(["a@contoso.example"], at: 11)
        memory.add(["b@contoso.example", "a@contoso.example"], at: 13)
        #expect(memory.ended(since: 13) == EndedUsers(from: 13, to: 13, addresses: []))
        #expect(memory.ended(since: 11).addresses == ["a@contoso.example", "b@contoso.example"])
        #expect(memory.ended(since: 10).everybody == false && memory.ended(since: 9).everybody)
        #expect(memory.ended(since: 0) == EndedUsers(from: 0, to: 13, addresses: memory.ended(since: 10).addresses))
        // A restored authority may be behind its edges.
        #expect(memory.ended(since: 99) == EndedUsers(from: 13, to: 13, addresses: []))
        memory.add((0..<EndedUsers.addressesMax).map { "u\($0)@contoso.example" }, at: 14)
        #expect(memory.ended(since: 13).addresses.count == EndedUsers.addressesMax && memory.ended(since: 11).everybody)
        memory.add((0..<EndedUsers.addressesMax * 2).map { "v\($0)@contoso.example" }, at: 15)
        #expect(memory.ended(since: 14).everybody && !memory.ended(since: 15).everybody)
    }

    @Test("wire.md: an acknowledgement is {node, epoch, swept, links_closed, refusals}") func acknowledgement() throws {
        let sent = NodeAcknowledgement(
            node: "edge1.contoso.example", epoch: TrustEpoch(7), swept: true, linksClosed: 3, userEnded: 12,
            refusals: [
                .init(peer: "rogue.contoso.example", key: KeyPin(subjectPublicKeyInfo: [1]), code: "E601", time: start)
            ])
        #expect(try NodeAcknowledgement(parsing: sent.bytes) == sent)
        let text = String(decoding: sent.bytes, as: UTF8.self)
        for member in ["\"node\"", "\"epoch\":7", "\"swept\":true", "\"links_closed\":3", "\"refusals\""] {
            #expect(text.contains(member))
        }
        #expect(throws: AuthorityError.self) { try NodeAcknowledgement(parsing: Array("[]".utf8)) }
    }
}
