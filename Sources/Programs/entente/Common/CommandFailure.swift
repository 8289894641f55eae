import ArgumentParser
import Authority
import Foundation
import Node
import Storage
import Transport
import Trust

/// Exit codes that scripts rely on.
enum ExitStatus: Int32 {
    case done = 0
    case `internal` = 1
    case usage = 2
    case checkFailed = 3
    case warnings = 4
    case unreachable = 5
    case refused = 6
}

/// A failure that the user can act on: what happened, which rule, what was seen and expected, and what to run next.
struct CommandFailure: Error {
    let status: ExitStatus
    let message: String
    var seen: String?
    var expected: String?
    var rule: String?
    let next: String?

    init(
        _ status: ExitStatus, _ message: String, seen: String? = nil, expected: String? = nil, rule: String? = nil,
        next: String? = nil
    ) {
        self.status = status
        self.message = message
        self.seen = seen
        self.expected = expected
        self.rule = rule
        self.next = next
    }

    /// The failure that any error of a command's body amounts to.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as AuthorityError: self.init(Self.status(of: error), error.description, next: error.next)
        case let error as StorageError: self.init(Self.status(of: error), error.description, next: error.next)
        case let error as SourceError:
            self.init(.checkFailed, error.problems.map(\.description).joined(separator: "\n     "))
        case let error as ClientConnectionError:
            switch error {
            case .unreachable(let why): self.init(.unreachable, "no connection: \(why)", next: "entente servers")
            case .refused(let refusal, _): self.init(refusal)
            }
        case let error as SoftPhone.Failure:
            switch error {
            case .notRegistered:
                self.init(
                    .refused, error.description,
                    next: "look at the password (entente user passwd gives another) and the account (entente user list)"
                )
            case .connectionLost, .timeOut: self.init(.unreachable, error.description)
            }
        case let error as StartFailure:
            self.init(
                .usage, error.description, seen: error.seen, expected: error.expected, next: error.next)
        case let error as DataFolder.Failure: self.init(.internal, error.description)
        case let error as UserCSVError: self.init(.checkFailed, error.description)
        case let error as TrustStateError: self.init(.refused, error.description, next: "entente check")
        default: self.init(.internal, "\(error)")
        }
    }

    /// A refusal by the decision.
    init(_ refusal: Refusal) {
        self.init(
            .refused, "\(refusal.code.rawValue) \(refusal.code.meaning)", seen: refusal.seen,
            expected: refusal.expected,
            rule: refusal.rule, next: refusal.next)
    }

    private static func status(of error: AuthorityError) -> ExitStatus {
        switch error {
        case .objectRefused, .keyNotPinned, .keyBarred, .possessionNotProven, .admissionMismatch, .rootMismatch,
            .foreignUser, .nameNotPermitted:
            .refused
        case .topologyUnsound, .expectationsFailed, .fileUnreadable, .unknownServer, .unknownSerial,
            .publicKeyUnusable, .issuerExpired, .keyUnusable, .certificateUnusable:
            .checkFailed
        case .ledger(let failure): failure.isDamage ? .checkFailed : .internal
        case .signingFailed, .lint, .encodingFailed, .timeOutOfRange: .internal
        }
    }

    private static func status(of error: StorageError) -> ExitStatus {
        switch error {
        case .missing, .damaged, .foreign, .newer, .unreadable, .conflict, .absent: .checkFailed
        case .tooLarge: .usage
        case .full, .inputOutput, .busy, .closed, .internalFault: .internal
        }
    }

    /// The lines for a person.
    var text: String {
        let parts = [("seen", seen), ("expected", expected), ("rule", rule), ("next", next)]
        return
            (["FAIL \(message)"]
            + parts.compactMap { name, value in
                value.map { "     " + name.padding(toLength: 10, withPad: " ", startingAt: 0) + $0 }
            }).joined(separator: "\n")
    }

    /// The same for a program.
    var json: JSONValue {
        let parts = ["message": message, "seen": seen, "expected": expected, "rule": rule, "next": next]
        return .object([
            "schema_version": .integer(1), "exit_code": .integer(Int64(status.rawValue)),
            "error": .object(parts.compactMapValues { $0.map(JSONValue.string) }),
        ])
    }
}

/// Runs a command's body and turns its errors into a message on standard error and the exit code of their kind. A program
/// that asked for JSON gets the error as JSON as well.
func reporting(asJSON: Bool = false, _ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let exit as ExitCode {
        throw exit
    } catch {
        let failure = CommandFailure(error)
        Terminal.printError(failure.text)
        if asJSON { Terminal.print(failure.json.text) }
        throw ExitCode(failure.status.rawValue)
    }
}
