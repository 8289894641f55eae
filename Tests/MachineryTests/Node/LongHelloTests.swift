import Basis
import NIOCore
import NIOPosix
import Server
import Storage
import Testing
import Transport
import Trust

@testable import Node

@Suite("A ClientHello that is longer than what is read")
struct LongHelloTests {
    /// Opens a link with `sip` and as many other protocols of 200 octets in its ClientHello.
    private func dial(_ runtime: NodeRuntime, others: Int) async throws -> any Channel {
        let offers = ["sip"] + (0..<others).map { String(repeating: "x", count: 196) + "\($0 + 1_000)" }
        let tls = try TrustTLS.client(material: nil, protocols: offers)
        let address = try #require(runtime.addresses.listeners["internal"])
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try tls.install(dialling: .server(NodeOrganisation.frontName), in: channel) { _ in true }
                }
            }
            .connect(host: address.host, port: Int(address.port)).get()
    }

    @Test("E005: what cannot be read is not judged, and not admitted")
    func long() async throws {
        let organisation = try await NodeOrganisation()
        let runtime = try await NodeRuntime.start(folder: organisation.front, loops: 1)
        let short = try await dial(runtime, others: 70)
        while await runtime.collect({ $0.linkReports(at: LoopClock.now) }).isEmpty, short.isActive {
            await Task.yield()
        }
        #expect(short.isActive)
        let long = try await dial(runtime, others: 100)
        try await long.closeFuture.get()
        runtime.recorder.flush()
        let verdicts = try await AdminAPI(runtime: runtime).explain("E005")["verdicts"]?.arrayValue
        #expect(verdicts?.count == 1)
        #expect(await runtime.collect { $0.linkReports(at: LoopClock.now) }.count == 1)
        try await short.close()
        await runtime.stop(drainSeconds: 0)
    }
}
