/// The certificates that a peer showed, read once, within the limits.
struct PresentedChain: Sendable {
    /// The peer's own; nil when it showed none or when one cannot be read.
    let leaf: CertificateFacts?
    /// The others, in the order in which they came.
    let others: [CertificateFacts]
    /// Why the chain cannot be judged.
    let problem: CertificateProblem?

    init(_ chain: [[UInt8]]) {
        do {
            let certificates = try Self.read(chain)
            leaf = certificates.first
            others = Array(certificates.dropFirst())
            problem = nil
        } catch {
            leaf = nil
            others = []
            problem = error
        }
    }

    private static func read(_ chain: [[UInt8]]) throws(CertificateProblem) -> [CertificateFacts] {
        guard chain.count <= CertificateLimits.certificatesMax else {
            throw .tooLarge("\(chain.count) certificates, at most \(CertificateLimits.certificatesMax)")
        }
        let bytes = chain.reduce(0) { $0 + $1.count }
        guard bytes <= CertificateLimits.chainBytesMax else {
            throw .tooLarge("\(bytes) bytes, at most \(CertificateLimits.chainBytesMax)")
        }
        var certificates: [CertificateFacts] = []
        var names = 0
        for der in chain {
            let facts = try CertificateFacts(der: der)
            guard facts.hasProperSerial else { throw .malformed("serial number \(facts.serialText)") }
            names += facts.names.count + (facts.extensions.nameConstraints?.count ?? 0)
            guard names <= CertificateLimits.namesMax else {
                throw .tooLarge("more than \(CertificateLimits.namesMax) names")
            }
            certificates.append(facts)
        }
        return certificates
    }
}
