import Node
import Trust
import Web

/// Asks the running server of a data folder, over its administration socket.
struct AdminClient {
    let folder: DataFolder

    func get(_ path: String, _ query: [String: String] = [:]) async throws -> JSONValue {
        try await send(WebRequest(method: "GET", path: path, query: query))
    }

    func post(_ path: String, _ body: JSONValue) async throws -> JSONValue {
        try await send(WebRequest(method: "POST", path: path, body: body.canonicalBytes))
    }

    private func send(_ request: WebRequest) async throws -> JSONValue {
        let response: WebResponse
        do {
            response = try await WebClient.send(
                request, to: .socket(path: folder.adminSocket), security: .none, seconds: 60)
        } catch {
            throw CommandFailure(
                .unreachable, "no server answers on \(folder.adminSocket)", next: "entente serve --dir \(folder.path)")
        }
        guard let value = try? JSONValue(parsing: response.body) else {
            throw CommandFailure(
                .internal,
                "the server's answer is not readable: \(String(decoding: response.body.prefix(200), as: UTF8.self))")
        }
        guard response.status == 200 else {
            throw CommandFailure(
                Self.status(of: response.status), value["error"]?.stringValue ?? "status \(response.status)",
                seen: value["seen"]?.stringValue, expected: value["expected"]?.stringValue,
                next: value["next"]?.stringValue)
        }
        return value
    }

    private static func status(of status: Int) -> ExitStatus {
        switch status {
        case 400: .usage
        case 403: .refused
        case 404, 409: .checkFailed
        case 503: .unreachable
        default: .internal
        }
    }
}

extension JSONValue {
    /// The canonical text.
    var text: String { String(decoding: canonicalBytes, as: UTF8.self) }
}
