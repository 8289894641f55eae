import Authority
import Basis
import NIOCore
import Shards
import Transport
import Trust
import Web

/// The trust channel: how signed objects and the user directory travel between the servers of one network.
///
/// Outside of the topology and CRL rules on purpose: a server whose list is too old must be able to fetch the new one. Both
/// ends know each other by pinned keys, and the objects prove themselves.
struct TrustChannel: Sendable {
    /// How long the authority holds a poll open.
    static let pollSeconds: Int64 = 30
    /// The longest pause before a server that was not reached is tried again. Short: a server that comes back is behind.
    static let pauseSecondsMax: Int64 = 5
    /// How long until what could not be stored is tried again.
    static let storeSeconds: Int64 = 10
    static let objectsPath = "/trust/v1/objects"
    static let acknowledgementsPath = "/trust/v1/acknowledgements"

    let ownServer: String
    let replica: TrustReplica
    let authority: AuthorityService?
    let log: Log

    /// The server whose pinned key stands at the other end; nil for anybody else. A resumed session shows a certificate
    /// whose chain was not validated in this handshake, and is nobody.
    static func peer(of evidence: LinkEvidence, in topology: Topology?) -> ServerRecord? {
        guard evidence.hasValidatedChain, let leaf = evidence.chain.first, let facts = try? CertificateFacts(der: leaf)
        else { return nil }
        return topology?.server(pinned: facts.keyPin)
    }

    // MARK: The listener

    /// Answers what comes over the trust listener.
    func answer(_ request: WebRequest) async -> WebResponse {
        let topology = await replica.state.topology
        guard let evidence = request.evidence, let peer = Self.peer(of: evidence, in: topology) else {
            return .text("this channel is for the servers of this network, by their pinned keys\n", status: 403)
        }
        switch (request.method, request.path) {
        case ("GET", Self.objectsPath): return await deliver(request, to: peer.name)
        case ("POST", Self.acknowledgementsPath): return await acknowledge(request, from: peer.name)
        case ("POST", Self.objectsPath):
            guard topology?.roles(of: peer.name).contains(.authority) == true else {
                return .text("objects are pushed by the authority\n", status: 403)
            }
            return await accept(request)
        case (_, _): return .text("not here\n", status: 404)
        }
    }

    private func deliver(_ request: WebRequest, to node: String) async -> WebResponse {
        guard let authority else { return .text("this server is not the authority\n", status: 404) }
        let epoch = TrustEpoch(UInt64(request.query["have"] ?? "") ?? 0)
        let sequence = UInt64(request.query["directory"] ?? "") ?? 0
        if request.query["wait"] != "0" {
            await authority.waitForNews(
                for: node, since: epoch, directorySequence: sequence, atMost: Self.pollSeconds)
        }
        let delivery = await authority.delivery(
            to: node, have: epoch, directorySequence: sequence, at: OperatingSystem.wallTime)
        return WebResponse(body: delivery.bytes)
    }

    private func acknowledge(_ request: WebRequest, from node: String) async -> WebResponse {
        guard let authority else { return .text("this server is not the authority\n", status: 404) }
        do {
            try await authority.acknowledge(
                NodeAcknowledgement(parsing: request.body), from: node, at: OperatingSystem.wallTime)
        } catch {
            return .text("not an acknowledgement of \(node)\n", status: 400)
        }
        return WebResponse(body: Array("{}".utf8))
    }

    private func accept(_ request: WebRequest) async -> WebResponse {
        do {
            return WebResponse(body: try await take(NodeDelivery(parsing: request.body)).bytes)
        } catch {
            log.write(.warning, "trustDeliveryRefused", at: OperatingSystem.wallTime) { $0.add("why", "\(error)") }
            return .text("\(error)\n", status: 409)
        }
    }

    /// Applies a delivery, waits for every shard's sweep, and says so.
    private func take(_ delivery: NodeDelivery) async throws -> NodeAcknowledgement {
        try await replica.apply(delivery, at: OperatingSystem.wallTime)
        await tellUnstored()
        return await acknowledgement()
    }

    /// Tries again for ever to store what is in force and not on the disk.
    func storeAgain() async {
        while true {
            do { try await Task.sleep(for: .seconds(Self.storeSeconds)) } catch { return }
            guard await replica.unstored != nil else { continue }
            await replica.store()
            await tellUnstored()
        }
    }

    private func tellUnstored() async {
        guard let why = await replica.unstored else { return }
        log.write(.error, "trustNotStored", at: OperatingSystem.wallTime) { line in
            line.add("why", why)
            line.add("next", TrustReplica.storeNext)
        }
    }

    /// What this server has swept, once it has swept what it knows.
    private func acknowledgement() async -> NodeAcknowledgement {
        let epoch = await replica.state.epoch
        let closed = await replica.waitUntilSwept(epoch)
        return NodeAcknowledgement(
            node: ownServer, epoch: epoch, swept: true, linksClosed: closed, userEnded: await replica.userEnded)
    }

    // MARK: Calling others

    /// Polls the authority for ever: the way of every inside server that is not the authority itself.
    func poll(authorityNamed name: String, tls: TrustTLS, group: any EventLoopGroup) async {
        var pause: Int64 = 1
        var told = TrustEpoch(0)
        while !Task.isCancelled {
            do {
                let state = await replica.state
                guard let server = state.topology?.server(named: name) else {
                    throw TrustReplica.Failure(description: "the topology has no server \(name)")
                }
                // Also what was taken in before: an authority that has started anew knows of no acknowledgement.
                if await replica.sweptEpoch > told {
                    let known = await acknowledgement()
                    let request = WebRequest(method: "POST", path: Self.acknowledgementsPath, body: known.bytes)
                    _ = try await send(request, to: server, tls: tls, group: group)
                    told = known.epoch
                }
                let directory = await replica.directory.sequence
                let request = WebRequest(
                    method: "GET", path: Self.objectsPath,
                    query: ["have": String(state.epoch.number), "directory": String(directory)])
                let response = try await send(request, to: server, tls: tls, group: group)
                _ = try await take(NodeDelivery(parsing: response.body))
                pause = 1
            } catch {
                guard !Task.isCancelled else { return }
                told = TrustEpoch(0)
                log.write(.warning, "authorityUnreachable", at: OperatingSystem.wallTime) { line in
                    line.add("peer", name)
                    line.add("why", "\(error)")
                }
                try? await Task.sleep(for: .seconds(pause))
                pause = min(pause * 2, Self.pauseSecondsMax)
            }
        }
    }

    /// Pushes to one edge for ever: a perimeter host does not dial inwards for its trust.
    func push(to edge: ServerRecord, tls: TrustTLS, group: any EventLoopGroup, authority: AuthorityService) async {
        var epoch = TrustEpoch(0)
        // An edge of an older release tells nothing, and is sent nothing that it could not read.
        var userEnded: UInt64?
        var pause: Int64 = 1
        while !Task.isCancelled {
            do {
                let delivery = await authority.delivery(
                    toEdge: edge.name, have: epoch, userEnded: userEnded, at: OperatingSystem.wallTime)
                let request = WebRequest(method: "POST", path: Self.objectsPath, body: delivery.bytes)
                let response = try await send(request, to: edge, tls: tls, group: group)
                let acknowledgement = try NodeAcknowledgement(parsing: response.body)
                try await authority.acknowledge(acknowledgement, from: edge.name, at: OperatingSystem.wallTime)
                epoch = acknowledgement.epoch
                userEnded = acknowledgement.userEnded
                pause = 1
                await authority.waitForNews(since: epoch, userEnded: userEnded, atMost: Self.pollSeconds)
            } catch {
                guard !Task.isCancelled else { return }
                log.write(.warning, "edgeUnreachable", at: OperatingSystem.wallTime) { line in
                    line.add("peer", edge.name)
                    line.add("why", "\(error)")
                }
                try? await Task.sleep(for: .seconds(pause))
                pause = min(pause * 2, Self.pauseSecondsMax)
            }
        }
    }

    private func send(
        _ request: WebRequest, to server: ServerRecord, tls: TrustTLS, group: any EventLoopGroup
    ) async throws -> WebResponse {
        let topology = await replica.state.topology
        let response = try await WebClient.send(
            request, to: .network(server.trust),
            security: .tls(tls, .server(server.name)) { Self.peer(of: $0, in: topology)?.name == server.name },
            group: group, seconds: Self.pollSeconds + 10)
        guard response.status == 200 else {
            throw TrustReplica.Failure(
                description:
                    "\(server.name) answered \(response.status): \(String(decoding: response.body.prefix(300), as: UTF8.self))"
            )
        }
        return response
    }
}
