import ArgumentParser
import Basis
import Trust

/// The decision about a certificate at hand.
struct VerifyCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Decide about a certificate at hand, as a server would.",
        discussion: """
            Examples:
              entente verify edge.pem --as partner --name fabrikam.example
              entente verify fe1.pem --as server --name fe1.example.org --roots root.pem
              entente verify phone.pem --as client --name alice@example.org --at 2026-12-31T00:00:00Z

            The file holds the chain, own certificate first. Without --roots it is judged by the trust state in the data \
            folder; with --roots no folder is needed. Exit code 0: admitted; 6: refused.
            """)
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The chain, PEM.", completion: .file()) var file: String
    @Option(name: .customLong("as"), help: "server, application, partner or client.") var peerClass: String
    @Option(help: "The name that is asked for: an FQDN, a partner's domain, or an address-of-record.") var name: String
    @Option(help: "Decide as if it were this time (RFC 3339).") var at: String?
    @Option(help: "Roots to judge by, PEM.", completion: .file()) var roots: String?
    @Option(help: "A revocation list, DER or PEM; needs --roots.", completion: .file()) var crl: String?

    func perform() async throws {
        var trial = CertificateTrial(chain: try NamedFile.certificates(file))
        trial.peerClass = try Arguments.word(peerClass, "--as", as: PeerClass.self)
        trial.name = name
        trial.time = try at.map { try Arguments.time($0, "--at") }
        trial.roots = try roots.map { try NamedFile.certificates($0) } ?? []
        if let crl {
            guard roots != nil else { throw CommandFailure(.usage, "--crl needs --roots") }
            trial.lists = [try Self.list(crl)]
        }
        let verdict = Self.withNext(of: trial, try trial.verdict(in: options.folder))
        if verdict.refusal == nil, trial.peerClass == .client, verdict.peer?.userAOR != UserRecord.normalised(name) {
            throw CommandFailure(
                .refused, "the certificate does not prove \(name)",
                seen: verdict.peer?.userAOR ?? "no user, or none with revocation data that is fresh",
                expected: UserRecord.normalised(name),
                next: roots != nil && crl == nil ? "give the CA's list with --crl" : "entente cert show \(file)")
        }
        print(VerdictText.json(of: verdict), VerdictText.text(of: verdict))
        if verdict.refusal != nil { throw ExitCode(ExitStatus.refused.rawValue) }
    }

    /// The decision sees certificates, and says that a new key is needed. Here it is known that a server asks: servers get
    /// keys certified by joining alone.
    private static func withNext(of trial: CertificateTrial, _ verdict: Verdict) -> Verdict {
        guard case .refused(let refusal, let trace) = verdict, refusal.code == .e501, trial.peerClass == .server,
            let name = trial.name
        else { return verdict }
        let next = JoiningAgain.next(name)
        return .refused(
            Refusal(
                code: refusal.code, seen: refusal.seen, expected: refusal.expected, rule: refusal.rule, next: next),
            trace)
    }

    /// The DER of a revocation list.
    private static func list(_ path: String) throws -> [UInt8] {
        let bytes = try NamedFile.read(path)
        guard bytes.first != 0x30 else { return bytes }
        let body = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .filter { !$0.hasPrefix("-----") }.joined()
        guard let der = Base64.decode(body) else {
            throw CommandFailure(.checkFailed, "\(path) is not a revocation list in DER or PEM")
        }
        return der
    }
}
