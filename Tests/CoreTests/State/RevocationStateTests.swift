import Basis
import Crypto
import Testing
import Trust
import X509

struct RevocationStateTests {
    private func step(_ state: TrustState, _ founded: Founded, epoch: UInt64, crl: [UInt8]) throws -> TrustState {
        try state.applying(
            founded.world.bundle(epoch: epoch, root: founded.root, topology: founded.topology, crls: [crl]),
            now: StateWorld.start)
    }

    @Test("A known revocation is not forgotten when a later CRL leaves it out, nor by a restart")
    func neverForgotten() throws {
        var founded = try Founded(revoking: [7, 8])
        let issuer = try founded.world.issuerPin
        let emptied = try step(founded.state, founded, epoch: 2, crl: try founded.world.crl(revoking: [9]))
        let known = try #require(emptied.revocation[issuer])
        for serial: UInt8 in [7, 8, 9] { #expect(known.isRevoked(serial: [serial])) }
        #expect(known.remembered == [[7], [8]])
        let loaded = try TrustState.load(
            files: emptied.files, expectedRootHash: founded.root.hash, now: StateWorld.start)
        for serial: UInt8 in [7, 8, 9] { #expect(loaded.revocation[issuer]?.isRevoked(serial: [serial]) == true) }
        let again = try step(loaded, founded, epoch: 3, crl: try founded.world.crl(revoking: [7]))
        #expect(again.revocation[issuer]?.remembered == [[8], [9]])
    }

    @Test("E503, RFC 5280 §5.2.3: a CRL with a lower number, or another one with the same, is refused")
    func numberFalls() throws {
        var founded = try Founded()
        let state = try step(founded.state, founded, epoch: 2, crl: try founded.world.crl(revoking: [1], number: 300))
        for (number, reason) in [
            (UInt64(255), TrustStateError.Reason.rolledBack(version: 255, known: 300)), (300, .forked(version: 300)),
        ] {
            let crl = try founded.world.crl(revoking: [], number: number)
            let error = TrustStateError(.revocationList, reason)
            #expect(error.code.rawValue == "E503")
            #expect(throws: error) { try step(state, founded, epoch: 3, crl: crl) }
        }
        #expect(
            try step(state, founded, epoch: 3, crl: try founded.world.crl(revoking: [], number: 301)).epoch.number == 3)
    }

    @Test("E503: a CRL of the right name and a stranger's key, or with a changed byte, is refused")
    func forged() throws {
        let founded = try Founded()
        let stranger = P256.Signing.PrivateKey()
        let forged = try RevocationList.issue(
            number: 2, thisUpdate: StateWorld.start, nextUpdate: StateWorld.start + .seconds(60), revoked: [],
            issuer: try StateWorld.authority("Contoso Issuing CA 1", stranger), key: Certificate.PrivateKey(stranger))
        #expect(throws: TrustStateError(.revocationList, .unknownIssuer)) {
            try step(founded.state, founded, epoch: 2, crl: forged)
        }
        var refused = 0
        for position in stride(from: 0, to: founded.crl.count, by: 7) {
            var bytes = founded.crl
            bytes[position] ^= 0x01
            do throws(TrustStateError) {
                _ = try founded.state.applying(TrustBundle(crls: [bytes]), now: StateWorld.start)
            } catch {
                #expect(error.object == .revocationList)
                refused += 1
            }
        }
        #expect(refused == (founded.crl.count + 6) / 7)
    }

    @Test("A CRL that the snapshot does not name is refused; an issuer that leaves the snapshot keeps its list")
    func unlisted() throws {
        var founded = try Founded(revoking: [7])
        let next = try founded.world.crl(revoking: [7, 8])
        #expect(
            founded.refusal(of: TrustBundle(crls: [next]))
                == TrustStateError(.revocationList, .wrongHash(promisedBy: "snapshot")))
        let without = try founded.state.applying(
            founded.world.bundle(epoch: 2, root: founded.root, topology: founded.topology, crls: [], listing: [:]),
            now: StateWorld.start)
        #expect(without.revocation[try founded.world.issuerPin]?.isRevoked(serial: [7]) == true)
    }
}

struct BundleAndFileTests {
    @Test(
        "A list whose issuer left the root, or the snapshot, stops neither a start nor a newcomer; its revocations stay",
        arguments: [true, false], [true, false])
    func departedIssuer(leavesRoot: Bool, leavesSnapshot: Bool) throws {
        var founded = try Founded(revoking: [7])
        let issuer = try founded.world.issuerPin
        if leavesRoot {
            let heir = try StateWorld.authority("Contoso Issuing CA 2", P256.Signing.PrivateKey())
            founded.world.root.issuingCertificates = [try StateWorld.der(heir)]
            founded.world.root.header = StateWorld.header(2)
        }
        let root = try founded.world.signedRoot
        let listing = leavesSnapshot ? [:] : founded.state.revocation.references
        let state = try founded.state.applying(
            founded.world.bundle(epoch: 2, root: root, topology: founded.topology, crls: [], listing: listing),
            now: StateWorld.start)
        let loaded = try TrustState.load(files: state.files, now: StateWorld.start)
        #expect(loaded.epoch.number == 2)
        for known in [state, loaded] {
            #expect(known.revocation[issuer]?.isRevoked(serial: [7]) == true)
            #expect(known.revocation[issuer]?.isRevoked(serial: [8]) == false)
        }
        // The list itself counts only while its issuer does.
        #expect((loaded.revocation[issuer]?.list != nil) == (!leavesRoot && !leavesSnapshot))
        let again = try TrustState.load(files: loaded.files, now: StateWorld.start)
        #expect(again.revocation[issuer]?.isRevoked(serial: [7]) == true)
        let newcomer = try TrustState.initial(root: founded.root.bytes, expectedHash: founded.root.hash)
            .applying(state.bundle(since: TrustEpoch(0)), now: StateWorld.start)
        #expect(newcomer.epoch.number == 2)
    }

    @Test("A reader gets what came in after its epoch, and reaches the same state")
    func bundleSince() throws {
        var founded = try Founded()
        let crl = try founded.world.crl(revoking: [3])
        let bundle = try founded.world.bundle(epoch: 2, root: founded.root, topology: founded.topology, crls: [crl])
        let state = try founded.state.applying(bundle, now: StateWorld.start)
        let changes = state.bundle(since: TrustEpoch(1))
        #expect(changes.roots.isEmpty && changes.topology == nil && changes.crls == [crl])
        let reader = try founded.state.applying(TrustBundle(parsing: changes.bytes), now: StateWorld.start)
        #expect(reader.epoch == state.epoch && reader.files == state.files)
        let nothing = state.bundle(since: TrustEpoch(2))
        #expect(nothing.snapshot == nil && nothing.crls.isEmpty && nothing.timestamp != nil)
        let joined = try TrustState.joining(
            TrustBundle(parsing: state.bundle(since: TrustEpoch(0)).bytes), expectedRootHash: founded.root.hash,
            now: StateWorld.start)
        #expect(joined.files == state.files)
    }

    @Test("Files lead to the same state through the same checks; a changed byte in any object is refused")
    func files() throws {
        let founded = try Founded(revoking: [7])
        let files = founded.state.files
        #expect(
            files.map(\.name) == [
                "1.root.json", "1.topology.json", "1.snapshot.json", "timestamp.json",
                "\(try founded.world.issuerPin.hex).crl", "revoked.json",
            ])
        let stray = TrustFile(name: "notes.txt", bytes: [1])
        let older = TrustFile(name: "0.snapshot.json", bytes: [2])
        let loaded = try TrustState.load(
            files: [older, stray] + files.reversed(), expectedRootHash: founded.root.hash, now: StateWorld.start)
        #expect(loaded.files == files && loaded.epoch == founded.state.epoch)
        // Behind a restart it is not known who has what: a reader of an older epoch gets everything again.
        #expect(loaded.bundle(since: TrustEpoch(0)).roots.count == 1)
        for index in files.indices.dropLast() {
            var changed = files
            var bytes = files[index].bytes
            bytes[bytes.count / 2] ^= 0x01
            changed[index] = TrustFile(name: files[index].name, bytes: bytes)
            #expect(throws: TrustStateError.self, "\(files[index].name)") {
                try TrustState.load(files: changed, expectedRootHash: founded.root.hash, now: StateWorld.start)
            }
        }
    }

    @Test("A bundle with an unknown member, another schema, or bad base 64 is not read")
    func hostileBundles() throws {
        for text in ["{}", "[]", "{\"schema\":2}", "{\"schema\":1,\"more\":1}", "{\"schema\":1,\"crls\":[\"?\"]}"] {
            #expect(throws: DocumentError.self, "\(text)") { try TrustBundle(parsing: Array(text.utf8)) }
        }
        #expect(try TrustBundle(parsing: Array("{\"schema\":1}".utf8)) == TrustBundle())
    }

    @Test("Objects of the wrong kind, in another schema, or with expiry before issue are not read")
    func objectForms() throws {
        let world = try StateWorld()
        func refused(_ change: (inout [String: JSONValue]) -> Void) -> Bool {
            var members = world.root.json.objectValue ?? [:]
            change(&members)
            return (try? RootObject(json: .object(members))) == nil
        }
        #expect(!refused { _ in })
        #expect(try RootObject(json: world.root.json) == world.root)
        #expect(refused { $0["type"] = .string("topology") })
        #expect(refused { $0["schema"] = .integer(2) })
        #expect(refused { $0["version"] = .integer(0) })
        #expect(refused { $0["expires"] = $0["issued"] })
        #expect(refused { $0["surprise"] = .integer(1) })
        #expect(refused { $0["keys"] = .object([:]) })
        #expect(refused { $0["authorities"] = .object([:]) })
    }
}
