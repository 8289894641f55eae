import NIOCore
import NIOSSL
import Trust

/// The handlers of one TLS handshake, and what they saw: everything that `LinkEvidence` says about a connection.
///
/// Links, and the channels of other rooms that speak HTTP, put the same two handlers in front; there is no second way to
/// a chain.
final class HandshakeWatch {
    /// The chain as the peer presented it; empty when it showed none.
    private(set) var chain: [[UInt8]] = []

    // BoringSSL takes a longer one from who is asked for a certificate. What was not read was not judged either: E005.
    private static let helloUnread =
        "the ClientHello cannot be read, or is longer than \(HandshakeScanner.messageBytesMax) octets"

    let direction: LinkDirection
    private let hello: HelloReader
    private var tls: NIOSSLHandler?

    /// Watches a handshake that a peer began with a listener of ours.
    init(accepting facts: ListenerFacts, context: NIOSSLContext, limits: TransportLimits) {
        direction = .inbound(facts)
        hello = HelloReader(side: .server)
        tls = NIOSSLServerHandler(
            context: context, configuration: Self.configuration(limits),
            customVerificationCallbackWithMetadata: { [weak self] certificates, promise in
                self?.keep(certificates, promise) ?? promise.succeed(.failed)
            })
    }

    /// Watches a handshake that we begin. The name of the entry is asked for by SNI, unless it is an IP address.
    init(dialling dialled: Dialled, context: NIOSSLContext, limits: TransportLimits) throws {
        direction = .outbound(dialled)
        hello = HelloReader(side: .client)
        let isAddress = (try? SocketAddress(ipAddress: dialled.name, port: 0)) != nil
        tls = try NIOSSLClientHandler(
            context: context, serverHostname: isAddress ? nil : dialled.name, configuration: Self.configuration(limits),
            customVerificationCallbackWithMetadata: { [weak self] certificates, promise in
                self?.keep(certificates, promise) ?? promise.succeed(.failed)
            })
    }

    /// Puts the handlers into an empty pipeline.
    func install(in pipeline: ChannelPipeline.SynchronousOperations) throws {
        try pipeline.addHandler(hello)
        if let tls { try pipeline.addHandler(tls) }
    }

    /// What the handshake showed. Called when it has ended well; takes the hello reader out of the pipeline.
    func evidence(selected protocolName: String?, context: ChannelHandlerContext) -> LinkEvidence {
        defer { context.pipeline.syncOperations.removeHandler(hello, promise: nil) }
        let facts = hello.facts
        return LinkEvidence(
            direction: direction, chain: chain.isEmpty ? leafOfResumedSession : chain,
            hasValidatedChain: tls?.peerValidatedCertificateChain != nil,
            remoteAddress: NetworkAddress(context.remoteAddress), tlsVersion: negotiatedVersion,
            cipherSuite: facts.suiteChosen, group: facts.groupName, sni: facts.serverName,
            alpnOffers: facts.protocolOffers, alpnSelected: protocolName,
            handshakeFailure: facts.versionOffered == 0 ? Self.helloUnread : nil)
    }

    /// What is known of a handshake that did not end well, for the operator and for `decide`.
    func evidence(ofFailure why: String, isTLS: Bool, remoteAddress: NetworkAddress?) -> LinkEvidence {
        let facts = hello.facts
        return LinkEvidence(
            direction: direction, chain: chain, remoteAddress: remoteAddress,
            tlsVersion: isTLS ? Self.version(max(facts.versionOffered, facts.version)) : nil,
            cipherSuite: facts.suiteChosen, group: facts.groupName, sni: facts.serverName,
            alpnOffers: facts.protocolOffers, handshakeFailure: why)
    }

    /// Takes TLS out of the pipeline, so that the next close ends the socket without waiting for the peer.
    func removeTLS(from pipeline: ChannelPipeline.SynchronousOperations) {
        if let tls { pipeline.removeHandler(tls, promise: nil) }
        tls = nil
    }

    /// Breaks what holds the handlers together.
    func release() {
        tls = nil
    }

    /// NIOSSL runs no callback on a resumed session, but knows the leaf from the ticket: shown, so that E004 can say so.
    private var leafOfResumedSession: [[UInt8]] {
        guard let leaf = try? tls?.peerCertificate?.toDERBytes() else { return [] }
        return [leaf]
    }

    private func keep(
        _ certificates: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResultWithMetadata>
    ) {
        do {
            chain = try certificates.map { try $0.toDERBytes() }
            promise.succeed(.certificateVerified(VerificationMetadata(ValidatedCertificateChain(certificates))))
        } catch {
            promise.fail(error)
        }
    }

    private var negotiatedVersion: Trust.TLSVersion? {
        switch tls?.tlsVersion {
        case .tlsv1?: .tls10
        case .tlsv11?: .tls11
        case .tlsv12?: .tls12
        case .tlsv13?: .tls13
        case nil: nil
        }
    }

    private static func version(_ number: UInt16) -> Trust.TLSVersion {
        switch number {
        case 0x0304...: .tls13
        case 0x0303: .tls12
        case 0x0302: .tls11
        case 0x0301: .tls10
        default: .ssl
        }
    }

    private static func configuration(_ limits: TransportLimits) -> NIOSSLHandler.Configuration {
        var configuration = NIOSSLHandler.Configuration()
        configuration.maximumPreservedOutboundBufferCapacity = limits.preservedBytes
        return configuration
    }
}

extension NetworkAddress {
    /// The address of a socket; nil for one without IP. A listener for IPv6 reports IPv4 peers inside it (RFC 4291 §2.5.5.2):
    /// they are IPv4 here, or all of them would be one network.
    init?(_ address: SocketAddress?) {
        guard let address, let ip = address.ipAddress, let port = address.port else { return nil }
        let mapped = "::ffff:"
        if address.protocol == .inet6, ip.hasPrefix(mapped), ip.contains(".") {
            self.init("\(ip.dropFirst(mapped.count)):\(port)")
            return
        }
        self.init(address.protocol == .inet6 ? "[\(ip)]:\(port)" : "\(ip):\(port)")
    }

    /// The same for NIO.
    func socketAddress() throws -> SocketAddress {
        try SocketAddress(ipAddress: host, port: Int(port))
    }
}
