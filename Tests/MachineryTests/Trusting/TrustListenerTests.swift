import Authority
import Basis
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Transport
import Trust

@testable import Node
@testable import Web

@Suite("The trust listener and strangers")
struct TrustListenerTests {
    @Test("Strangers who hold still at one address, or at many, keep nobody out who shows a key")
    func entrance() throws {
        let places = Places()
        let ended = Ended()
        func enter(_ number: Int) throws -> UInt64? {
            let address = try SocketAddress(ipAddress: "10.0.\(number / 250).\(number % 250 + 1)", port: 4_000)
            return places.enter(from: address) { ended.add() }
        }
        for number in 0..<WebLimits.entranceMax {
            _ = try #require(try enter(number / WebLimits.entrancePerAddressMax))
        }
        var refused = try enter(0)
        #expect(refused == nil)
        #expect(ended.count == 0)
        // Another address finds a place, and the one that stood there longest gives way: its address has one more.
        let newcomer = try #require(try enter(200))
        #expect(ended.count == 1)
        _ = try #require(try enter(0))
        #expect(ended.count == 2)
        // Who is known stands in the entrance no more, and its address has all of its places there.
        #expect(places.admit(newcomer))
        for _ in 0..<WebLimits.entrancePerAddressMax { _ = try #require(try enter(200)) }
        refused = try enter(200)
        #expect(refused == nil)
        places.leave(newcomer)
    }

    @Test("wire.md, The trust channel: TLS takes a pinned key alone, while silent strangers hold what one address may")
    func strangers() async throws {
        let organisation = try await NodeOrganisation()
        let runtime = try await NodeRuntime.start(folder: organisation.front, loops: 1)
        let trust = try #require(runtime.addresses.trust)
        var held: [any Channel] = []
        for _ in 0...WebLimits.entrancePerAddressMax {
            held.append(
                try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .bind(to: try SocketAddress(ipAddress: "127.0.0.2", port: 0))
                    .connect(host: trust.host, port: Int(trust.port)).get())
        }
        // The one too many is closed, long before its handshake would be too late.
        let last = try #require(held.last)
        try await last.closeFuture.get()
        #expect(held.dropLast().count { !$0.isActive } == 0)
        func status(_ material: TLSMaterial?) async throws -> Int {
            try await WebClient.send(
                WebRequest(method: "GET", path: "/"), to: .network(trust),
                security: .tls(try TrustTLS.client(material: material), .server(NodeOrganisation.frontName)) { _ in true
                }, seconds: 10
            ).status
        }
        let edge = try TLSMaterial(
            chain: try TrustReplica.chain(in: organisation.edge),
            privateKey: Array(try NodeKeys.loadOrMake(in: organisation.edge).current.pem.utf8))
        #expect(try await status(edge) == 404)
        await #expect(throws: WebFailure.self) { try await status(nil) }
        let foreign = try await NodeOrganisation()
        let stranger = try TLSMaterial(
            chain: try TrustReplica.chain(in: foreign.edge),
            privateKey: Array(try NodeKeys.loadOrMake(in: foreign.edge).current.pem.utf8))
        await #expect(throws: WebFailure.self) { try await status(stranger) }
        for channel in held { try? await channel.close() }
        await runtime.stop(drainSeconds: 0)
    }

    @Test("interface.md: the administration socket is its owner's alone, or the server does not start")
    func ownSocket() async throws {
        let organisation = try await NodeOrganisation()
        let folder = organisation.front
        let runtime = try await NodeRuntime.start(folder: folder, loops: 1)
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(folder.adminSocket) == 0o600)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/.sock"))
        #expect(
            try await WebClient.send(
                WebRequest(method: "GET", path: "/status"), to: .socket(path: folder.adminSocket), security: .none,
                seconds: 10
            ).status == 200)
        await runtime.stop(drainSeconds: 0)
        // The place in which it is made safe cannot be made.
        try DataFolder.write([], to: folder.path + "/.sock")
        let failure = await #expect(throws: WebFailure.self) { try await NodeRuntime.start(folder: folder, loops: 1) }
        #expect(failure.map { "\($0)".contains("for its owner alone") } == true)
        try FileManager.default.removeItem(atPath: folder.path + "/.sock")
        // What is no socket is not replaced; the socket that the first one left is.
        try FileManager.default.moveItem(atPath: folder.adminSocket, toPath: folder.adminSocket + ".away")
        try DataFolder.write([1], to: folder.adminSocket)
        await #expect(throws: WebFailure.self) { try await NodeRuntime.start(folder: folder, loops: 1) }
        try FileManager.default.removeItem(atPath: folder.adminSocket)
        try FileManager.default.moveItem(atPath: folder.adminSocket + ".away", toPath: folder.adminSocket)
        await (try await NodeRuntime.start(folder: folder, loops: 1)).stop(drainSeconds: 0)
    }
}

/// How many connections were ended.
private final class Ended: Sendable {
    private let number = Mutex(0)

    var count: Int { number.withLock { $0 } }

    func add() {
        number.withLock { $0 += 1 }
    }
}
