import Authority
import Basis
import Storage
import Transport
import Trust
import Web

/// What the commands ask a running server over its administration socket: JSON in, JSON out. The socket is a file that its
/// owner alone may open, so the peer needs no other proof.
struct AdminAPI: Sendable {
    let runtime: NodeRuntime

    /// Why an operation was not done; becomes the status and the error object of the answer.
    struct Refused: Error {
        let status: Int
        let message: String
        let next: String?

        init(_ status: Int, _ message: String, next: String? = nil) {
            self.status = status
            self.message = message
            self.next = next
        }
    }

    func answer(_ request: WebRequest) async -> WebResponse {
        do {
            let value = try await route(request)
            return WebResponse(body: value.canonicalBytes)
        } catch let refused as Refused {
            return Self.error(refused.status, refused.message, refused.next)
        } catch let error as AuthorityError {
            return Self.error(Self.status(of: error), error.description, error.next)
        } catch let error as StorageError {
            return Self.error(Self.status(of: error), error.description, error.next)
        } catch {
            return Self.error(500, "\(error)", nil)
        }
    }

    private func route(_ request: WebRequest) async throws -> JSONValue {
        switch (request.method, request.path) {
        case ("GET", "/status"): return await status()
        case ("GET", "/servers"): return await servers()
        case ("GET", "/connections"): return await connections()
        case ("GET", "/refusals"): return try refusals()
        case ("GET", "/explain"): return try await explain(request.query["what"] ?? "")
        case ("GET", "/topology"): return try await topology()
        case ("POST", "/topology"): return try await publish(try Self.object(request))
        case ("GET", "/certificates"): return try await certificates()
        case ("POST", "/certificates/revoke"): return try await revoke(try Self.object(request))
        case ("POST", "/certificates/issue"): return try await issue(try Self.object(request))
        case ("GET", "/users"): return try await users()
        case ("POST", "/users"): return try await changeUsers(try Self.object(request))
        case ("GET", "/admission"): return try await admission(of: request.query["server"] ?? "")
        case (_, _): throw Refused(404, "no such operation: \(request.method) \(request.path)")
        }
    }

    func needAuthority() throws -> AuthorityService {
        guard let authority = runtime.authority else {
            throw Refused(
                400, "this server is not the authority; \(runtime.configuration.authority) is",
                next: "run the command on \(runtime.configuration.authority)")
        }
        return authority
    }

    /// Keeps who changed what.
    func audit(_ action: String, _ subject: String, _ time: WallTime) throws {
        _ = try runtime.database.audit.add(
            AuditEntry(time: time, actor: "admin.sock", action: action, subject: subject))
    }

    /// The epoch, when every shard of this server has swept it, and the links that this server closed since it had closed
    /// `before`: those of the change, where nothing else changed at the same time.
    func outcome(_ epoch: TrustEpoch, closedBefore before: UInt64) async -> JSONValue {
        let closed = await runtime.replica.waitUntilSwept(epoch)
        return [
            "schema_version": .integer(1), "changed": .bool(true), "epoch": .integer(Int64(epoch.number)),
            "server": .string(runtime.configuration.server), "links_closed": .integer(Int64(clamping: closed - before)),
        ].object
    }

    static func object(_ request: WebRequest) throws -> JSONValue {
        do {
            return try JSONValue(parsing: request.body)
        } catch {
            throw Refused(400, "the request is not JSON: \(error)")
        }
    }

    // 403 for what trust or permission refuses, 404 and 409 for what the state does not allow, 500 for the rest: the commands
    // make their exit codes of it.
    private static func status(of error: AuthorityError) -> Int {
        switch error {
        case .objectRefused, .keyNotPinned, .keyBarred, .possessionNotProven, .admissionMismatch, .rootMismatch,
            .foreignUser, .nameNotPermitted:
            403
        case .unknownServer, .unknownSerial: 404
        case .topologyUnsound, .expectationsFailed, .fileUnreadable, .publicKeyUnusable, .issuerExpired, .keyUnusable,
            .certificateUnusable:
            409
        case .signingFailed, .lint, .encodingFailed, .timeOutOfRange, .ledger: 500
        }
    }

    private static func status(of error: StorageError) -> Int {
        switch error {
        case .absent: 404
        case .conflict: 409
        case .tooLarge: 400
        case .missing, .damaged, .foreign, .newer, .full, .inputOutput, .busy, .unreadable, .closed, .internalFault: 500
        }
    }

    private static func error(_ status: Int, _ message: String, _ next: String?) -> WebResponse {
        var fields: [String: JSONValue] = ["error": .string(message)]
        if let next { fields["next"] = .string(next) }
        return WebResponse(status: status, body: JSONValue.object(fields).canonicalBytes)
    }
}

extension Dictionary where Key == String, Value == JSONValue {
    /// The same as a JSON object.
    var object: JSONValue { .object(self) }
}
