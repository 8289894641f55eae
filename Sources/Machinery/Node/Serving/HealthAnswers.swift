import Transport
import Web

/// The loopback listener for those who watch this server: `/metrics`, `/livez`, `/readyz`. It opens first and
/// answers until the drain has ended, so that a server that is busy with itself can be told from one that is gone.
struct HealthAnswers: Sendable {
    let readiness: Readiness
    let holder: RuntimeHolder

    func answer(_ request: WebRequest) async -> WebResponse {
        switch (request.method, request.path) {
        case ("GET", "/metrics"):
            guard let runtime = holder.runtime else { return .text("starting\n", status: 503) }
            await runtime.refreshMetrics()
            return WebResponse(
                contentType: "text/plain; version=0.0.4",
                body: Array(runtime.metrics.text(at: OperatingSystem.wallTime).utf8))
        case ("GET", "/livez"): return .text("ok\n")
        case ("GET", "/readyz"):
            let phase = readiness.phase
            return phase == .serving ? .text("ok\n") : .text(phase.rawValue + "\n", status: 503)
        case (_, _): return .text("not here\n", status: 404)
        }
    }
}
