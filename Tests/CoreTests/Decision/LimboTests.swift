import Basis
import Foundation
import SwiftASN1
import Testing
import Trust

/// x509-limbo: chains of other people, with the verdicts of other people.
///
/// Each case is judged as a user's machine judges its server: roots and a DNS name, nothing else. Where we decide
/// otherwise on purpose, the case stands in `deviations` with the reason; a case that stands there and agrees fails.
@Suite("x509-limbo", .enabled(if: Limbo.file != nil, "x509-limbo is missing: 208 cases skipped"))
struct LimboTests {
    @Test(
        "every case ends as expected, or deviates for a reason that is written down")
    func cases() throws {
        let file = try #require(Limbo.file)
        let document = try JSONDecoder().decode(Limbo.self, from: try Limbo.unpack(file))
        var tally: [String: Int] = [:]
        for testCase in document.testcases {
            guard let outcome = try testCase.outcome() else {
                tally["not applicable", default: 0] += 1
                continue
            }
            let agrees = (outcome == nil) == (testCase.expected_result == "SUCCESS")
            if let reason = Limbo.deviation(testCase.id) {
                #expect(!agrees, "\(testCase.id) agrees now: \(reason)")
                tally["deviates", default: 0] += 1
            } else {
                #expect(
                    agrees, "\(testCase.id): \(testCase.expected_result), ours \(outcome?.description ?? "admitted")")
                tally["agrees", default: 0] += 1
            }
        }
        print("x509-limbo: " + tally.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        #expect(tally["agrees", default: 0] > 100)
    }
}

struct Limbo: Decodable {
    let testcases: [Case]

    struct Case: Decodable {
        let id: String
        let validation_kind: String
        let trusted_certs: [String]
        let untrusted_intermediates: [String]
        let peer_certificate: String
        let validation_time: String?
        let expected_result: String
        let expected_peer_name: Name?
        let max_chain_depth: Int?
        let crls: [String]?
    }

    struct Name: Decodable {
        let kind: String
        let value: String
    }

    static var file: URL? {
        let given = ProcessInfo.processInfo.environment["ENTENTE_CONFORMANCE"].map { URL(fileURLWithPath: $0) }
        let package = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = given ?? package.appending(path: "../shared/conformance")
        let file = folder.appending(path: "x509-limbo/limbo-core.json.gz")
        return FileManager.default.fileExists(atPath: file.path) ? file : nil
    }

    static func unpack(_ file: URL) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gunzip", "-c", file.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return data
    }
}

extension Limbo {
    static func deviation(_ id: String) -> String? {
        deviations[id]
    }

    private static let deviations: [String: String] = [
        // Stricter on purpose.
        "cve::cve-2024-0567": "ten certificates; at most eight are read",
        "online::google.com": "more than 100 names",
        "online::microsoft.com": "more than 100 names",
        "online::docs.python.org": "wildcards never match",
        "webpki::nc::nc-permits-dns-san-pattern": "wildcards never match",
        "webpki::san::leftmost-wildcard-san": "wildcards never match",
        "rfc5280::ca-as-leaf": "an authority is no end entity of a link",
        "pathlen::validation-ignores-pathlen-in-leaf": "an authority is no end entity of a link",
        // More lenient: demands on issuers that say nothing about who the peer is.
        "rfc5280::aki::leaf-missing-aki": "key identifiers only choose between candidates",
        "rfc5280::aki::intermediate-missing-aki": "key identifiers only choose between candidates",
        "rfc5280::aki::cross-signed-root-missing-aki": "key identifiers only choose between candidates",
        "rfc5280::ski::root-missing-ski": "key identifiers only choose between candidates",
        "rfc5280::ski::intermediate-missing-ski": "key identifiers only choose between candidates",
        "webpki::aki::root-with-aki-missing-keyidentifier": "roots are trusted by being listed",
        "webpki::aki::root-with-aki-authoritycertissuer": "roots are trusted by being listed",
        "webpki::aki::root-with-aki-authoritycertserialnumber": "roots are trusted by being listed",
        "webpki::aki::root-with-aki-all-fields": "roots are trusted by being listed",
        "webpki::aki::root-with-aki-ski-mismatch": "roots are trusted by being listed",
        "webpki::eku::root-has-eku": "roots are trusted by being listed",
        "rfc5280::root-non-critical-basic-constraints": "the flag is read, whether it is critical or not",
        "rfc5280::nc::permitted-dns-match-noncritical": "the constraint is held, whether it is critical or not",
        "rfc5280::pc::ica-noncritical-pc": "policies are not looked at, and nothing here is granted by them",
        "rfc5280::san::noncritical-with-empty-subject": "the names are read, whether they are critical or not",
        "webpki::san::san-critical-with-nonempty-subject": "the names are read, whether they are critical or not",
        "webpki::cn::punycode-not-in-san": "the common name never counts, so it need not agree",
        "webpki::cn::utf8-vs-punycode-mismatch": "the common name never counts, so it need not agree",
        "webpki::cn::not-in-san": "the common name never counts, so it need not agree",
        "webpki::cn::case-mismatch": "the common name never counts, so it need not agree",
        "webpki::eku::ee-anyeku": "RFC 5924 §4 and public authorities: any purpose serves",
        "webpki::eku::ee-critical-eku": "the purposes are read, whether they are critical or not",
        "webpki::eku::ee-without-eku": "RFC 5280 §4.2.1.12: without the extension every purpose is allowed",
        "webpki::malformed-aia": "where to find issuers is never asked",
        "webpki::forbidden-rsa-not-divisible-by-8-in-root": "a rule of the web's authorities about key lengths",
        "webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf": "a rule of the web's authorities about key lengths",
    ]
}

extension Limbo.Case {
    /// Nil when the case asks for something that a user's machine has no notion of; else our refusal, or nil inside.
    func outcome() throws -> Refusal?? {
        guard validation_kind == "SERVER", let name = expected_peer_name, name.kind == "DNS", max_chain_depth == nil
        else {
            return nil
        }
        let now = validation_time.flatMap { WallTime(rfc3339: $0.replacingOccurrences(of: "+00:00", with: "Z")) }
        let roots = try trusted_certs.map(Self.der)
        let chain = try ([peer_certificate] + untrusted_intermediates).map(Self.der)
        let context = TrustContext(roots: roots, now: now ?? OpenSSLForge.now)
        let verdict = decide(.dialled(.registrar(name.value), chain), in: context)
        if verdict.code == nil, let refusal = try revocation(chain, roots, now) { return refusal }
        return verdict.refusal
    }

    /// A user's machine holds no lists: what the revocation room says is asked for directly.
    private func revocation(_ chain: [[UInt8]], _ roots: [[UInt8]], _ now: WallTime?) throws -> Refusal? {
        func refusal(_ code: TrustCode) -> Refusal {
            Refusal(code: code, seen: "list", expected: "a good list", rule: "RFC 5280 §6.3", next: "none")
        }
        let certificates = try (chain + roots).map { try CertificateFacts(der: $0) }
        for text in crls ?? [] {
            guard let list = try? RevocationList(der: Self.der(text)),
                let issuer = certificates.first(where: { list.isSigned(by: $0) })
            else { return refusal(.e503) }
            if let now, list.nextUpdate < now || list.thisUpdate > now { return refusal(.e502) }
            for certificate in certificates where certificate.issuer == issuer.subject && list.covers(certificate) {
                if list.contains(serial: certificate.serial) { return refusal(.e501) }
            }
        }
        return nil
    }

    private static func der(_ pem: String) throws -> [UInt8] { try PEMDocument(pemString: pem).derBytes }
}
