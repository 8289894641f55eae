import Authority
import Basis
import Foundation
import Testing
import Transport
import Trust
import Web

@testable import Node

/// Servers that join an organisation by files, as `entente node request`, `admit` and `accept` do it.
@Suite struct JoiningTests {
    @Test("interface.md: the first server with all roles on one address has one combined listener") func allRoles()
        throws
    {
        let folder = TemporaryFolder()
        let organisation = try folder.found(at: ServerAddresses())
        let bytes = try #require(try DataFolder.read(organisation.configuration))
        let configuration = try NodeConfiguration.parse(String(decoding: bytes, as: UTF8.self))
        #expect(configuration.roles == [.authority, .frontEnd, .edge])
        #expect(configuration.listeners.map(\.kind) == [.combined])
        let topology = try TrustReplica.load(organisation, now: OperatingSystem.wallTime).topology
        #expect(topology?.check().isEmpty == true)
    }

    @Test("interface.md: an admission for another folder, or under another root, is not taken in") func foreign() throws
    {
        let folder = TemporaryFolder()
        let now = OperatingSystem.wallTime
        let organisation = try folder.found(at: ServerAddresses())
        let joining = DataFolder(path: folder.path + "/fe2")
        let request = try folder.request(in: joining, at: ServerAddresses())
        let state = try TrustReplica.load(organisation, now: now)
        let admission = NodeAdmission(
            name: request.name, authority: "sip.contoso.example", root: state.verifiedRoot.envelope,
            bundle: state.bundle(since: TrustEpoch(0)), chains: [])
        #expect(throws: AuthorityError.self) {
            try NodeEnrolment.accept(
                admission, folder: joining, name: request.name, confirmedRootHash: admission.rootHash, now: now)
        }
        #expect(throws: AuthorityError.self) {
            try NodeEnrolment.accept(
                admission, folder: joining, name: request.name, confirmedRootHash: [UInt8](repeating: 1, count: 32),
                now: now)
        }
        #expect(throws: DataFolder.Failure.self) {
            try folder.request(in: organisation, at: ServerAddresses())
        }
        #expect(try DataFolder.read(joining.configuration) == nil)
    }

    @Test("mission.md: a front end that joined receives the users and signs them in") func secondFrontEnd() async throws
    {
        let folder = TemporaryFolder()
        let organisation = try folder.found(at: ServerAddresses())
        let first = try await NodeRuntime.start(folder: organisation, loops: 1)
        let joining = DataFolder(path: folder.path + "/fe2")
        let request = try folder.request(in: joining, at: ServerAddresses())
        let verifiers = UserVerifiers(
            user: "alice", realm: "contoso.example", password: "secret", algorithms: [.sha256])
        _ = try await organisation.post(
            "/users",
            .object([
                "action": .string("add"),
                "users": .array([
                    .object([
                        "aor": .string("alice@contoso.example"), "sha256": .string(Hex.encode(verifiers.sha256 ?? [])),
                    ])
                ]),
            ]))
        let epoch = try await organisation.admit(request)
        let admission = try await organisation.admission(of: request.name)
        try NodeEnrolment.accept(
            admission, folder: joining, name: request.name, confirmedRootHash: admission.rootHash,
            metrics: NetworkAddress("127.0.0.1:0"), now: OperatingSystem.wallTime)
        let second = try await NodeRuntime.start(folder: joining, loops: 1)
        _ = await second.replica.waitUntilSwept(epoch)
        try await second.waitForUsers()

        #expect(try await second.signIn("secret") > 0)
        await #expect(throws: SoftPhone.Failure.self) { try await second.signIn("wrong") }
        await first.stop(drainSeconds: 0)
        await second.stop(drainSeconds: 0)
        // What it was told is on its disk: users sign in while the authority is away.
        let again = try await NodeRuntime.start(folder: joining, loops: 1)
        #expect(try await again.signIn("secret") > 0)
        await again.stop(drainSeconds: 0)
    }
}

extension DataFolder {
    fileprivate func post(_ path: String, _ body: JSONValue) async throws -> JSONValue {
        try await ask(WebRequest(method: "POST", path: path, body: body.canonicalBytes))
    }

    private func ask(_ request: WebRequest) async throws -> JSONValue {
        let response = try await WebClient.send(request, to: .socket(path: adminSocket), security: .none, seconds: 10)
        try #require(response.status == 200, "\(String(decoding: response.body, as: UTF8.self))")
        return try JSONValue(parsing: response.body)
    }

    /// Signs the joining server into the topology and publishes it; answers with the epoch.
    fileprivate func admit(_ request: NodeRequest) async throws -> TrustEpoch {
        let current = try PublishedTopology(json: try await ask(WebRequest(method: "GET", path: "/topology")))
        let body = try current.successor(
            try request.admit(into: current.topology), enrolling: [request.name: request.subjectPublicKeyInfo],
            signedBy: [try NodeKeys.load(offline + "/publisher.pem").signer()], at: OperatingSystem.wallTime)
        let answer = try await post("/topology", body)
        return TrustEpoch(UInt64(try #require(answer["epoch"]?.integerValue)))
    }

    fileprivate func admission(of server: String) async throws -> NodeAdmission {
        let answer = try await ask(WebRequest(method: "GET", path: "/admission", query: ["server": server]))
        return try NodeAdmission(parsing: (answer["admission"] ?? .null).canonicalBytes)
    }
}

extension NodeRuntime {
    /// Users come with the first delivery. The limit only ends a test that would hang.
    fileprivate func waitForUsers() async throws {
        let end = ContinuousClock.now + .seconds(30)
        while await replica.directory.count == 0 {
            try #require(ContinuousClock.now < end, "no users came")
            await Task.yield()
        }
    }

    /// Signs alice in here; returns the lifetime of the binding.
    fileprivate func signIn(_ password: String) async throws -> UInt32 {
        let connector = ClientConnector()
        let phone = try await phone("alice", password: password, through: connector)
        let result: Result<UInt32, any Error>
        do { result = .success(try await phone.register()) } catch { result = .failure(error) }
        await phone.close()
        try await connector.stop()
        return try result.get()
    }
}
