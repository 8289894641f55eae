import Authority
import Basis
import Foundation
import Node
import Transport
import Trust

/// A rogue server: a certificate that the organisation's own CA signed, by a stolen issuing key, for a name that the topology
/// does not have. The control differs in one fact: it shows the edge's own certificate and key.
extension DemoChecks {
    /// Tries both against the front end; returns the refusal as the front end logged it.
    mutating func rogue(of organisation: DemoOrganisation) async throws -> JSONValue {
        let target = try network.process(of: organisation.frontEnd)
        let before = target.events("linkRefused").count
        let messagesBefore = try await serverMessages(of: target)
        let key = CertificateKey.generate(.p256)
        try await knock(
            on: organisation,
            with: TLSMaterial(
                chain: try rogueChain(of: organisation, key), privateKey: Array(key.pem.utf8)))
        let refusal = try await firstRefusal(in: target, after: before)
        let read = try await serverMessages(of: target) - messagesBefore
        let code = refusal["code"]?.stringValue ?? "nothing"
        add(
            "a rogue server is refused", code == TrustCode.e601.rawValue && read == 0,
            "\(code), \(read) of its SIP messages were read")
        let admittedBefore = admitted(in: target)
        let own = organisation.edge.folder
        try await knock(
            on: organisation,
            with: TLSMaterial(
                chain: try NodeDelivery(parsing: try DataFolder.read(own.keys + "/server.chain.json") ?? []).chains
                    .first ?? [],
                privateKey: try DataFolder.read(own.keys + "/server.pem") ?? []))
        let end = ContinuousClock.now + .seconds(5)
        while admitted(in: target) == admittedBefore, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(20))
        }
        let isAdmitted = admitted(in: target) > admittedBefore
        add(
            "the same with the edge's own certificate and key", isAdmitted,
            isAdmitted ? "admitted as server \(organisation.edge.name)" : "not admitted")
        return refusal
    }

    private func rogueChain(of organisation: DemoOrganisation, _ key: CertificateKey) throws -> [[UInt8]] {
        let folder = organisation.frontEnd.folder
        let issuingKey = try NodeKeys.load(folder.keys + "/issuing.pem")
        let chain = try NodeDelivery(parsing: try DataFolder.read(folder.keys + "/server.chain.json") ?? []).chains
            .first
        let pem = try DataFolder.read(organisation.rootFile) ?? []
        guard let issuing = chain?.last, let root = PEMText.certificates(in: String(decoding: pem, as: UTF8.self)).first
        else { throw CommandFailure(.internal, "\(folder.path) has no certificates") }
        let stolen = try CertificateAuthority(
            rootCertificate: root, issuingCertificate: issuing, issuingKey: issuingKey)
        var chance = OperatingSystem.chance()
        let record = try stolen.issueServer(
            names: ["rogue.\(organisation.domain)"], subjectPublicKeyInfo: key.subjectPublicKeyInfo,
            now: OperatingSystem.wallTime, chance: &chance)
        return stolen.chain(for: record)
    }

    /// Connects with this certificate and sends OPTIONS right behind the handshake.
    private func knock(on organisation: DemoOrganisation, with material: TLSMaterial) async throws {
        let pem = try DataFolder.read(organisation.rootFile) ?? []
        let connection = try await connector.connect(
            to: try network.ports.address(.internal, of: organisation.frontEnd),
            as: .registrar(organisation.frontEnd.name), material: material,
            trust: TrustContext(
                roots: PEMText.certificates(in: String(decoding: pem, as: UTF8.self)), now: OperatingSystem.wallTime))
        let request = """
            OPTIONS sip:\(organisation.domain) SIP/2.0\r
            Via: SIP/2.0/TLS rogue.\(organisation.domain);branch=z9hG4bKrogue\r
            Max-Forwards: 70\r
            From: <sip:rogue@\(organisation.domain)>;tag=rogue\r
            To: <sip:\(organisation.domain)>\r
            Call-ID: rogue\r
            CSeq: 1 OPTIONS\r
            Content-Length: 0\r
            \r

            """
        connection.send(Array(request.utf8))
        // A TLS 1.3 client believes that it is connected before the server has decided: what counts is what comes back.
        let waiting = Task {
            for await _ in connection.incoming { return }
        }
        let deadline = Task {
            try await Task.sleep(for: .seconds(5))
            waiting.cancel()
        }
        await waiting.value
        deadline.cancel()
        connection.close()
    }

    private func firstRefusal(in process: DemoProcess, after count: Int) async throws -> JSONValue {
        let end = ContinuousClock.now + .seconds(5)
        while ContinuousClock.now < end {
            if let refusal = process.events("linkRefused").dropFirst(count).first { return refusal }
            try await Task.sleep(for: .milliseconds(20))
        }
        return .object([:])
    }

    private func admitted(in process: DemoProcess) -> Int {
        process.events("linkAdmitted").filter { $0["class"]?.stringValue == PeerClass.server.rawValue }.count
    }

    /// The SIP messages that the server has read from links of class `server`.
    private func serverMessages(of process: DemoProcess) async throws -> Int64 {
        try await process.admin.get("/status")["messages"]?["server"]?.integerValue ?? 0
    }
}
