import Authority
import Basis
import Foundation
import Synchronization
import Testing
import Transport
import Trust
import UserAgent
import Web

@testable import Node

/// One server as `entente serve` runs it, on loopback.
@Suite struct NodeRuntimeTests {
    @Test("interface.md, Ports and Logs and metrics: users sign in and write, and the six metrics tell") func serves()
        async throws
    {
        let organisation = try await NodeOrganisation(users: ["alice", "bob"])
        let runtime = try await NodeRuntime.start(folder: organisation.front, loops: 2)
        #expect(try await runtime.health("/livez") == (200, "ok\n"))
        #expect(try await runtime.health("/readyz") == (200, "ok\n"))
        let before = try await runtime.metrics()
        let connector = ClientConnector()
        let alice = try await runtime.phone("alice", through: connector)
        let bob = try await runtime.phone("bob", through: connector)
        #expect(try await alice.register() > 0)
        #expect(try await bob.register() > 0)
        #expect(try await alice.send("hello", to: "sip:bob@contoso.example").status == 200)
        let text = try await bob.wait(for: "message", seconds: 10) { event -> String? in
            if case .messageReceived("sip:alice@contoso.example", _, let body) = event {
                return String(decoding: body, as: UTF8.self)
            }
            return nil
        }
        #expect(text == "hello")
        let after = try await runtime.metrics()
        let admitted = #"entente_links_admitted_total{class="client"}"#
        #expect(try #require(after[admitted]) == (try #require(before[admitted])) + 2)
        #expect(after[#"entente_links{class="client"}"#] == 2)
        // Two REGISTERs each, the MESSAGE, and bob's 200.
        let received = #"entente_sip_messages_received_total{class="client"}"#
        #expect(try #require(after[received]) == (try #require(before[received])) + 6)
        #expect(after[#"entente_links_refused_total{code="E601"}"#] == 0)
        #expect(after["entente_trust_epoch"] == 1)
        let expiry = try #require(after[#"entente_certificate_expiry_seconds{name="fe1.contoso.example"}"#])
        #expect(expiry > 6 * 86_400 && expiry <= 7 * 86_400)
        await alice.close()
        await bob.close()
        try await connector.stop()
        await runtime.stop(drainSeconds: 0)
        await #expect(throws: (any Error).self) { try await runtime.health("/livez") }
    }

    @Test("interface.md: `/readyz` says why it is not ready, `/livez` answers all the time") func phases() async {
        let readiness = Readiness()
        let answers = HealthAnswers(readiness: readiness, holder: RuntimeHolder())
        func ask(_ path: String) async -> (Int, String) {
            let response = await answers.answer(WebRequest(method: "GET", path: path))
            return (response.status, String(decoding: response.body, as: UTF8.self))
        }
        for (phase, expected) in [
            (Readiness.Phase.starting, (503, "starting\n")), (.serving, (200, "ok\n")),
            (.draining, (503, "draining\n")),
        ] {
            readiness.phase = phase
            #expect(await ask("/readyz") == expected)
            #expect(await ask("/livez") == (200, "ok\n"))
        }
        #expect(await ask("/metrics") == (503, "starting\n"))
        #expect(await ask("/elsewhere").0 == 404)
    }

    /// A front end with alice and bob signed in, and alice's call that rings at bob's as `handle`. It keeps the folder.
    private struct RingingCall {
        let organisation: NodeOrganisation
        let runtime: NodeRuntime
        let connector: ClientConnector
        let alice: SoftPhone
        let bob: SoftPhone
        let handle: CallHandle
    }

    private func ringing(_ call: CallHandle) async throws -> RingingCall {
        let organisation = try await NodeOrganisation(users: ["alice", "bob"])
        let runtime = try await NodeRuntime.start(folder: organisation.front, loops: 1)
        let connector = ClientConnector()
        let alice = try await runtime.phone("alice", through: connector)
        let bob = try await runtime.phone("bob", through: connector)
        _ = try await alice.register()
        _ = try await bob.register()
        await alice.perform(.call(to: "sip:bob@contoso.example", call))
        let ringing = try await bob.wait(for: "call", seconds: 10) { event -> CallHandle? in
            if case .incomingCall(let handle, _) = event { return handle }
            return nil
        }
        return RingingCall(
            organisation: organisation, runtime: runtime, connector: connector, alice: alice, bob: bob, handle: ringing)
    }

    @Test("interface.md: SIGTERM drains: a call that rings may end, new requests get 503, `/readyz` says draining")
    func drains() async throws {
        let call = CallHandle(1)
        let scene = try await ringing(call)
        let (runtime, alice, bob) = (scene.runtime, scene.alice, scene.bob)
        let drainSeconds: Int64 = 60
        let begin = ContinuousClock.now
        async let stopped: Void = runtime.stop(drainSeconds: drainSeconds)
        while try await runtime.health("/readyz").status == 200 { await Task.yield() }
        #expect(try await runtime.health("/readyz") == (503, "draining\n"))
        #expect(try await runtime.health("/livez") == (200, "ok\n"))
        #expect(try await alice.send("too late", to: "sip:bob@contoso.example").status == 503)
        await bob.perform(.reject(scene.handle, status: 486))
        let end = try await alice.wait(for: "end of the call", seconds: 10) { event -> CallEnd? in
            if case .callEnded(call, let end) = event { return end }
            return nil
        }
        #expect(end == .failed(status: 486, reason: "Busy Here"))
        await stopped
        #expect(ContinuousClock.now - begin < .seconds(drainSeconds))
        try await scene.connector.stop()
    }

    @Test("SIGTERM: a call that was answered does not hold up the end, although its transaction lives on")
    func drainsAfterAnAnswer() async throws {
        let scene = try await ringing(CallHandle(1))
        let (runtime, alice, bob) = (scene.runtime, scene.alice, scene.bob)
        await bob.perform(.answer(scene.handle))
        try await alice.wait(for: "answer", seconds: 10) { event -> Void? in
            if case .callAnswered = event { return () }
            return nil
        }
        let metrics = try await runtime.metrics()
        #expect(metrics["entente_requests_running"] == 1)
        #expect(metrics["entente_bindings"] == 2)
        let begin = ContinuousClock.now
        let drainSeconds: Int64 = 30
        await runtime.stop(drainSeconds: drainSeconds)
        #expect(ContinuousClock.now - begin < .seconds(drainSeconds))
        try await scene.connector.stop()
    }

    @Test("interface.md, config.yaml: an unknown key is an error with its line, and nothing stays running")
    func misspelt() async throws {
        let organisation = try await NodeOrganisation()
        let path = organisation.front.configuration
        let good = String(decoding: try #require(try DataFolder.read(path)), as: UTF8.self)
        try DataFolder.write(Array(good.replacing("listen:", with: "listn:").utf8), to: path)
        let failure = await #expect(throws: StartFailure.self) {
            _ = try await NodeRuntime.start(folder: organisation.front, loops: 1)
        }
        let text = try #require(failure).description
        #expect(text.contains(path + ":3:1: ") && text.contains("did you mean `listen`?"), "\(text)")
        // The same text as it was serves.
        try DataFolder.write(Array(good.utf8), to: path)
        await (try await NodeRuntime.start(folder: organisation.front, loops: 1)).stop(drainSeconds: 0)
    }

    @Test(
        "sd_notify(3): READY=1 once everything is open, STOPPING=1 when it ends; a name of the abstract namespace too")
    func notifies() async throws {
        #expect(ServiceManager(environment: [:]) == nil)
        let organisation = try await NodeOrganisation()
        for name in [organisation.folder.path + "/notify.sock", "@entente-test-" + UUID().uuidString] {
            let socket = try NotifySocket(name)
            let manager = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": name]))
            let runtime = try await NodeRuntime.start(folder: organisation.front, loops: 1, manager: manager)
            #expect(socket.received() == "READY=1")
            #expect(socket.received() == nil)
            await runtime.stop(drainSeconds: 0)
            #expect(socket.received() == "STOPPING=1")
        }
        // A manager that is gone is no reason not to serve.
        let gone = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": organisation.folder.path + "/gone.sock"]))
        await (try await NodeRuntime.start(folder: organisation.front, loops: 1, manager: gone)).stop(drainSeconds: 0)
    }
}

/// Renewal while a server runs.
@Suite struct RenewedCertificateTests {
    @Test("wire.md, Renewal without a request: a server that runs shows the new certificate, at its trust channel too")
    func shown() async throws {
        let organisation = try await NodeOrganisation(users: ["alice"])
        let runtime = try await NodeRuntime.start(folder: organisation.front, loops: 1)
        let caller = try TrustTLS.client(
            material: TLSMaterial(
                chain: try TrustReplica.chain(in: organisation.edge),
                privateKey: Array(try NodeKeys.loadOrMake(in: organisation.edge).current.pem.utf8)))
        let first = try #require(await runtime.replica.chain.first)
        #expect(try await runtime.shownAtTrustChannel(to: caller) == first)
        // Certificates of seven days are renewed at half of their life.
        _ = try await runtime.authority?.tick(at: OperatingSystem.wallTime + .seconds(4 * 86_400))
        let second = try #require(await runtime.replica.chain.first)
        #expect(first != second)
        #expect(try await runtime.shownAtTrustChannel(to: caller) == second)
        await runtime.stop(drainSeconds: 0)
    }
}

extension NodeRuntime {
    /// The certificate that a caller sees at the trust channel.
    fileprivate func shownAtTrustChannel(to caller: TrustTLS) async throws -> [UInt8]? {
        let seen = Mutex<[UInt8]?>(nil)
        _ = try await WebClient.send(
            WebRequest(method: "GET", path: "/"), to: .network(try #require(addresses.trust)),
            security: .tls(caller, .server(configuration.server)) { evidence in
                seen.withLock { $0 = evidence.chain.first }
                return true
            }, seconds: 10)
        return seen.withLock { $0 }
    }
}

/// The receiving end that a service manager holds: a datagram socket that never waits.
private final class NotifySocket {
    private let descriptor: Int32

    init(_ name: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var octets = Array(name.utf8)
        if name.hasPrefix("@") { octets[0] = 0 }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: octets) }
        let length = MemoryLayout.size(ofValue: address) - MemoryLayout.size(ofValue: address.sun_path) + octets.count
        let descriptor = descriptor
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, socklen_t(length))
            }
        }
        try #require(bound == 0)
    }

    deinit { close(descriptor) }

    /// The next datagram that has arrived; nil when there is none.
    func received() -> String? {
        var space = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe recv(descriptor, &space, space.count, 0)
        return count < 0 ? nil : String(decoding: space.prefix(count), as: UTF8.self)
    }
}
