public import Basis
public import Trust

/// Why the authority did not do what was asked. Nothing was issued or published when one is thrown.
public enum AuthorityError: Error, Sendable, Hashable {
    /// Who has to do something about it.
    public enum Fault: String, Sendable, Hashable {
        /// What was asked cannot be granted: the asker changes the request.
        case request
        /// The topology, or a file handed in, is wrong: its author changes it.
        case document
        /// A key or an object that the authority needs is missing, unfit or too old: the administrator provides it.
        case authority
        /// The ledger did not take the entry: the machine's storage is looked at.
        case storage
        /// The program contradicts itself.
        case program
    }

    /// A private key cannot be read, or is of a kind that we do not use.
    case keyUnusable(what: String)
    /// A public key is not one that we certify.
    case publicKeyUnusable(name: String)
    /// A signature could not be made.
    case signingFailed
    /// A certificate of a CA cannot be read, or does not belong to the key or the root at hand.
    case certificateUnusable(what: String)
    /// The lint found something in what was about to be signed.
    case lint([CertificateLint.Finding])
    /// The encoding failed.
    case encodingFailed
    /// A time cannot be written into a certificate.
    case timeOutOfRange(WallTime)
    /// The CA itself is at the end of its life.
    case issuerExpired(notAfter: WallTime)
    /// The topology names no such server.
    case unknownServer(name: String)
    /// The key is not among the pins of the server.
    case keyNotPinned(server: String, key: KeyPin)
    /// A certificate of this key was revoked; none is issued for it again.
    case keyBarred(subject: String, key: KeyPin)
    /// A name lies outside the domains of the issuing CA.
    case nameNotPermitted(name: String, permitted: [String])
    /// An address-of-record is not one of a domain of ours.
    case foreignUser(aor: String)
    /// No certificate of ours has this serial number.
    case unknownSerial(CertificateSerial)
    /// A signed object is not acceptable; the text says why.
    case objectRefused(what: String, reason: String)
    /// The document contradicts itself.
    case topologyUnsound([String])
    /// Expectations of the topology do not hold.
    case expectationsFailed([ExpectationResult])
    /// The ledger did not take the entry.
    case ledger(LedgerFailure)
    /// A file is not of the expected form or version.
    case fileUnreadable(what: String, reason: String)
    /// The request for admission does not prove that its key is held.
    case possessionNotProven(name: String)
    /// The admission is for another server, or another key.
    case admissionMismatch(expected: String, seen: String)
    /// The file's root is not the one that was confirmed.
    case rootMismatch(expected: String, seen: String)
}

extension AuthorityError {
    /// Who has to act.
    public var fault: Fault {
        switch self {
        case .publicKeyUnusable, .unknownServer, .keyNotPinned, .keyBarred, .foreignUser, .unknownSerial,
            .possessionNotProven:
            .request
        case .topologyUnsound, .expectationsFailed, .objectRefused, .fileUnreadable, .admissionMismatch, .rootMismatch:
            .document
        case .keyUnusable, .certificateUnusable, .issuerExpired, .nameNotPermitted, .timeOutOfRange: .authority
        case .ledger: .storage
        case .signingFailed, .lint, .encodingFailed: .program
        }
    }

    /// What to run or change next.
    public var next: String {
        switch self {
        case .keyUnusable: "give a PKCS#8 PEM file with a P-256 or Ed25519 key"
        case .publicKeyUnusable: "make a P-256 or Ed25519 key: entente node request"
        case .signingFailed, .encodingFailed, .lint: "report it: nothing was signed"
        case .certificateUnusable: "compare keys/ and trust/ with the last backup"
        case .timeOutOfRange: "set the machine's clock"
        case .issuerExpired: "sign a new issuing CA with the root key; this version has no command for it"
        case .unknownServer(let name): "entente node request on \(name), then node admit"
        case .keyNotPinned(let server, _): "entente node request on \(server), then node admit"
        case .keyBarred(let subject, _): "make a new key: entente node request on \(subject), then node admit"
        case .nameNotPermitted: "take a name inside the domains that the issuing CA may certify: entente cert list"
        case .foreignUser: "use an address of one of the sipDomains"
        case .unknownSerial: "entente cert list"
        case .objectRefused: "entente topology check"
        case .topologyUnsound: "entente topology check shows the same for a file, before it is published"
        case .expectationsFailed: "entente topology diff; change the document or its expect list"
        case .ledger: "look at the disk and at state.sqlite"
        case .fileUnreadable: "ask for the file again"
        case .possessionNotProven: "entente node request on the machine that holds the key"
        case .admissionMismatch: "accept the file on the machine that asked for it"
        case .rootMismatch: "compare the fingerprint with the administrator of the authority"
        }
    }
}

extension AuthorityError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .keyUnusable(let what): "\(what) is not a private key that can be used"
        case .publicKeyUnusable(let name): "the public key for \(name) is not P-256, P-384, Ed25519 or RSA of 2048 bits"
        case .signingFailed: "a signature could not be made"
        case .certificateUnusable(let what): "\(what) cannot be used"
        case .lint(let findings): "not signed: " + findings.map(\.description).joined(separator: "; ")
        case .encodingFailed: "the certificate could not be encoded"
        case .timeOutOfRange(let time): "\(time) does not fit into a certificate"
        case .issuerExpired(let end): "the CA's own certificate ends at \(end)"
        case .unknownServer(let name): "\(name) is not in the topology"
        case .keyNotPinned(let server, let key): "\(key) is not a pinned key of \(server)"
        case .keyBarred(let subject, let key): "a certificate of \(subject) with the key \(key) was revoked"
        case .nameNotPermitted(let name, let permitted):
            "\(name) is outside the CA's domains (\(permitted.joined(separator: ", ")))"
        case .foreignUser(let aor): "\(aor) is not an address-of-record of ours"
        case .unknownSerial(let serial): "no certificate has the serial number \(serial)"
        case .objectRefused(let what, let reason): "\(what) is not accepted: \(reason)"
        case .topologyUnsound(let problems): "the topology is unsound: " + problems.joined(separator: "; ")
        case .expectationsFailed(let results):
            "expectations do not hold: " + results.filter { !$0.holds }.map(\.description).joined(separator: "; ")
        case .ledger(let failure): "the ledger did not take the entry: \(failure.reason)"
        case .fileUnreadable(let what, let reason): "\(what) cannot be read: \(reason)"
        case .possessionNotProven(let name): "the request of \(name) does not prove that its key is held"
        case .admissionMismatch(let expected, let seen): "the admission is for \(seen), not for \(expected)"
        case .rootMismatch(let expected, let seen): "the root is \(seen), expected \(expected)"
        }
    }
}
