import Basis
import Testing
import Trust

struct TrustStateTests {
    @Test("A bundle on a trusted root makes a state that answers for its network")
    func founding() throws {
        let founded = try Founded(revoking: [7])
        let state = founded.state
        #expect(state.epoch == TrustEpoch(1))
        #expect(state.topology == founded.world.topology)
        #expect(state.issuingAuthorities == [founded.world.issuing])
        #expect(state.certificate(ofRoot: "fabrikam-root") != nil)
        #expect(state.certificates(ofRoots: ["fabrikam-root", "nobody"]).count == 1)
        #expect(state.revocation[try founded.world.issuerPin]?.isRevoked(serial: [7]) == true)
        #expect(state.revocation[try founded.world.issuerPin]?.isRevoked(serial: [8]) == false)
    }

    @Test("A root with another hash than the invitation's begins nothing")
    func wrongRoot() throws {
        let world = try StateWorld()
        let root = try world.signedRoot
        #expect(throws: TrustStateError(.root, .wrongHash(promisedBy: "invitation"))) {
            try TrustState.initial(root: root.bytes, expectedHash: [UInt8](repeating: 0, count: 32))
        }
    }

    @Test("TUF §5.2: a first root that its own threshold did not sign begins nothing")
    func unsignedRoot() throws {
        let world = try StateWorld(rootThreshold: 2)
        let root = try SignedEnvelope(signing: world.root.json, with: [world.rootKeys[0]])
        #expect(throws: TrustStateError(.root, .notSigned(valid: 1, needed: 2))) {
            try TrustState.initial(root: root.bytes, expectedHash: root.hash)
        }
    }

    @Test("TUF §5.3: a new root needs the threshold of the old keys and of the new ones")
    func rootChange() throws {
        let founded = try Founded(rootThreshold: 2)
        let world = founded.world
        let newKeys = StateWorld.keys(31...33)
        var next = world.root
        next.header = StateWorld.header(2)
        next.root = SignerRole(keys: newKeys.map(\.publicKey), threshold: 2)
        func change(_ keys: [SigningKey]) throws -> TrustBundle {
            try world.bundle(
                epoch: 2, root: SignedEnvelope(signing: next.json, with: keys), topology: founded.topology,
                crls: [founded.crl])
        }
        let good = try founded.state.applying(
            change([world.rootKeys[0], world.rootKeys[2], newKeys[0], newKeys[1]]), now: StateWorld.start)
        #expect(good.root.header.version == 2 && good.roots.count == 2)
        #expect(founded.refusal(of: try change(newKeys))?.reason == .notSigned(valid: 0, needed: 2))
        #expect(founded.refusal(of: try change(world.rootKeys))?.reason == .notSigned(valid: 0, needed: 2))
        #expect(
            founded.refusal(of: try change([world.rootKeys[0]] + newKeys))?.reason == .notSigned(valid: 1, needed: 2))
    }

    @Test("TUF §5.3: a root that skips a version, or changes the network, is refused")
    func rootChain() throws {
        let founded = try Founded()
        var next = founded.world.root
        next.header = StateWorld.header(3)
        let skipping = try SignedEnvelope(signing: next.json, with: founded.world.rootKeys)
        #expect(
            founded.refusal(of: TrustBundle(roots: [skipping]))
                == TrustStateError(.root, .brokenChain(version: 3, known: 1)))
        next.header = StateWorld.header(2)
        next.network = "fabrikam.example"
        let other = try SignedEnvelope(signing: next.json, with: founded.world.rootKeys)
        #expect(
            founded.refusal(of: TrustBundle(roots: [other]))
                == TrustStateError(.root, .otherNetwork("fabrikam.example")))
        next.header = StateWorld.header(1)
        let fork = try SignedEnvelope(signing: next.json, with: founded.world.rootKeys)
        #expect(founded.refusal(of: TrustBundle(roots: [fork])) == TrustStateError(.root, .forked(version: 1)))
    }

    @Test("When a new root drops the publisher's key, what that key had signed no longer counts")
    func publisherReplaced() throws {
        let founded = try Founded()
        var next = founded.world.root
        next.header = StateWorld.header(2)
        let successor = StateWorld.key(41)
        next.publisher = SignerRole(keys: [successor.publicKey], threshold: 1)
        let root = try SignedEnvelope(signing: next.json, with: founded.world.rootKeys)
        let stale = try founded.world.bundle(epoch: 2, root: root, topology: founded.topology, crls: [founded.crl])
        #expect(founded.refusal(of: stale) == TrustStateError(.topology, .notSigned(valid: 0, needed: 1)))
        let signed = try founded.world.signedTopology(2, previous: founded.topology.hash, by: [successor])
        let fresh = try founded.world.bundle(epoch: 2, root: root, topology: signed, crls: [founded.crl])
        #expect(founded.refusal(of: fresh) == nil)
    }

    @Test("E605: a topology of a lower version, a fork, or one off the hash chain is refused")
    func topologyRollback() throws {
        let founded = try Founded()
        let world = founded.world
        func step(_ state: TrustState, _ epoch: UInt64, _ topology: SignedEnvelope) throws -> TrustState {
            try state.applying(
                world.bundle(epoch: epoch, root: founded.root, topology: topology, crls: [founded.crl]),
                now: StateWorld.start)
        }
        var changed = world.topology
        changed.media = .preferred
        let second = try world.signedTopology(2, previous: founded.topology.hash, document: changed)
        let state = try step(founded.state, 2, second)
        #expect(state.topology?.media == .preferred)
        #expect(throws: TrustStateError(.topology, .rolledBack(version: 1, known: 2))) {
            try step(state, 3, founded.topology)
        }
        #expect(throws: TrustStateError(.topology, .forked(version: 2))) {
            try step(state, 3, world.signedTopology(2, previous: founded.topology.hash))
        }
        #expect(throws: TrustStateError(.topology, .brokenChain(version: 3, known: 2))) {
            try step(state, 3, world.signedTopology(3, previous: founded.topology.hash))
        }
        #expect(TrustStateError(.topology, .missing).code.rawValue == "E605")
        #expect(try step(state, 3, world.signedTopology(3, previous: second.hash)).epoch == TrustEpoch(3))
    }

    @Test("E605: a topology signed by too few publishers is refused")
    func publisherThreshold() throws {
        let founded = try Founded(publisherThreshold: 2)
        let world = founded.world
        let topology = try world.signedTopology(2, previous: founded.topology.hash, by: [world.publisherKeys[0]])
        let bundle = try world.bundle(epoch: 2, root: founded.root, topology: topology, crls: [founded.crl])
        #expect(founded.refusal(of: bundle) == TrustStateError(.topology, .notSigned(valid: 1, needed: 2)))
    }

    @Test("Partners may ask more publishers than a new address does")
    func sensitiveThreshold() throws {
        let founded = try Founded(sensitive: 3)
        let world = founded.world
        func refusal(_ document: Topology, by count: Int) throws -> TrustStateError? {
            let keys = Array(world.publisherKeys.prefix(count))
            let topology = try world.signedTopology(2, previous: founded.topology.hash, document: document, by: keys)
            return founded.refusal(
                of: try world.bundle(epoch: 2, root: founded.root, topology: topology, crls: [founded.crl]))
        }
        var ordinary = world.topology
        ordinary.media = .preferred
        #expect(try refusal(ordinary, by: 1) == nil)
        var sensitive = world.topology
        sensitive.partners[0].domains.append("northwind.example")
        #expect(try refusal(sensitive, by: 2)?.reason == .notSigned(valid: 2, needed: 3))
        #expect(try refusal(sensitive, by: 3) == nil)
    }

    @Test("A topology of another network is refused")
    func otherNetwork() throws {
        let founded = try Founded()
        var document = founded.world.topology
        document.network = "fabrikam.example"
        let topology = try founded.world.signedTopology(2, previous: founded.topology.hash, document: document)
        let bundle = try founded.world.bundle(epoch: 2, root: founded.root, topology: topology, crls: [founded.crl])
        #expect(founded.refusal(of: bundle) == TrustStateError(.topology, .otherNetwork("fabrikam.example")))
    }

    @Test("TUF §5.5: a snapshot or timestamp by another key, or of a lower version, is refused")
    func snapshotAndTimestamp() throws {
        let founded = try Founded()
        let world = founded.world
        let forged = try world.bundle(
            epoch: 2, root: founded.root, topology: founded.topology, crls: [founded.crl], by: StateWorld.key(99))
        #expect(founded.refusal(of: forged) == TrustStateError(.snapshot, .notSigned(valid: 0, needed: 1)))
        let later = try founded.state.applying(
            world.bundle(epoch: 5, root: founded.root, topology: founded.topology, crls: [founded.crl]),
            now: StateWorld.start)
        #expect(throws: TrustStateError(.snapshot, .rolledBack(version: 1, known: 5))) {
            try later.applying(founded.bundle, now: StateWorld.start)
        }
        var old = TrustBundle(timestamp: founded.bundle.timestamp)
        #expect(throws: TrustStateError(.timestamp, .rolledBack(version: 100, known: 500))) {
            try later.applying(old, now: StateWorld.start)
        }
        old.timestamp = try world.timestamp(600, epoch: 5, of: try #require(founded.bundle.snapshot))
        #expect(throws: TrustStateError(.snapshot, .wrongHash(promisedBy: "timestamp"))) {
            try later.applying(old, now: StateWorld.start)
        }
    }

    @Test("TUF §5.6: an object that the snapshot does not name is refused, also when it is signed")
    func mixAndMatch() throws {
        let founded = try Founded()
        let second = try founded.world.signedTopology(2, previous: founded.topology.hash)
        #expect(
            founded.refusal(of: TrustBundle(topology: second))
                == TrustStateError(.topology, .wrongHash(promisedBy: "snapshot")))
        var bundle = try founded.world.bundle(epoch: 2, root: founded.root, topology: second, crls: [founded.crl])
        bundle.topology = nil
        #expect(founded.refusal(of: bundle) == TrustStateError(.topology, .wrongHash(promisedBy: "snapshot")))
        bundle.topology = second
        bundle.timestamp = nil
        #expect(founded.refusal(of: bundle) == TrustStateError(.snapshot, .wrongHash(promisedBy: "timestamp")))
    }

    @Test("A bundle that leaves out what nobody has is refused, object by object")
    func incomplete() throws {
        let founded = try Founded()
        let bare = try TrustState.initial(root: founded.root.bytes, expectedHash: founded.root.hash)
        func refusal(_ remove: (inout TrustBundle) -> Void) -> TrustStateError? {
            var bundle = founded.bundle
            remove(&bundle)
            do throws(TrustStateError) {
                _ = try bare.applying(bundle, now: StateWorld.start)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal { $0.topology = nil } == TrustStateError(.topology, .missing))
        #expect(refusal { $0.snapshot = nil } == TrustStateError(.snapshot, .missing))
        #expect(refusal { $0.timestamp = nil } == TrustStateError(.timestamp, .missing))
        #expect(refusal { $0.crls = [] } == TrustStateError(.revocationList, .missing))
        #expect(refusal { $0.roots = [] } == nil)
    }

    @Test("The same bundle again changes nothing; expiry refuses no bundle and shows in the status")
    func repeatedAndExpired() throws {
        let founded = try Founded()
        let late = StateWorld.start + .seconds(400 * 86_400)
        let state = try founded.state.applying(founded.bundle, now: late)
        #expect(state.epoch == founded.state.epoch && state.timestampReceived == StateWorld.start)
        #expect(!state.isTopologyExpired(StateWorld.start) && state.isTopologyExpired(late))
        #expect(!state.isTimestampStale(StateWorld.start + .seconds(600)))
        #expect(state.isTimestampStale(StateWorld.start + .seconds(700)))
        #expect(state.timestampAge(StateWorld.start + .seconds(130)) == .seconds(30))
        let status = state.status(late)
        #expect(status.isStale && status.isTopologyExpired && status.lists.map(\.isOverdue) == [true])
        #expect(state.effectiveTime(WallTime(seconds: 0)) == StateWorld.start + .seconds(100))
    }

    @Test("trust.md, Revocation: `now` is never before the newest timestamp, and a clock 300 s off is doubtful")
    func clock() throws {
        let founded = try Founded()
        // Issued at second 100, and taken in by a clock that agrees.
        let issued = StateWorld.start + .seconds(100)
        let state = try TrustState.initial(root: founded.root.bytes, expectedHash: founded.root.hash)
            .applying(founded.bundle, now: issued + .seconds(1))
        var context = TrustContext(state: state, now: issued, ownServer: nil)
        #expect(context.now == issued && !context.isClockDoubtful)
        let clocks: [(system: WallTime, now: WallTime, isDoubtful: Bool)] = [
            (issued + .seconds(86_400), issued + .seconds(86_400), false),
            (StateWorld.start + .seconds(99), issued, false),
            (issued.before(seconds: 300), issued, false), (issued.before(seconds: 301), issued, true),
            (WallTime(seconds: 0), issued, true), (issued + .seconds(5), issued + .seconds(5), false),
        ]
        for clock in clocks {
            context.now = clock.system
            #expect(context.now == clock.now && context.isClockDoubtful == clock.isDoubtful, "\(clock)")
            let made = TrustContext(state: state, now: clock.system, ownServer: nil)
            #expect(made.now == clock.now && made.isClockDoubtful == clock.isDoubtful, "\(clock)")
        }
        for (seconds, isDoubtful) in [(UInt64(300), false), (301, true)] {
            let received = issued + .seconds(seconds)
            let ahead = try TrustState.initial(root: founded.root.bytes, expectedHash: founded.root.hash)
                .applying(founded.bundle, now: received)
            #expect(TrustContext(state: ahead, now: received, ownServer: nil).isClockDoubtful == isDoubtful)
            // After a restart the same timestamp is only old.
            let loaded = try TrustState.load(files: ahead.files, now: received)
            #expect(!TrustContext(state: loaded, now: received, ownServer: nil).isClockDoubtful)
        }
    }
}

extension WallTime {
    fileprivate func before(seconds: UInt64) -> WallTime {
        WallTime(milliseconds: milliseconds - Int64(seconds) * 1_000)
    }
}
