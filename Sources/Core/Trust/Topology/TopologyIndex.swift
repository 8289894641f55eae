/// Positions of the records of a `Topology` by everything they are looked up by. Derived, so equal for equal documents.
struct TopologyIndex: Sendable, Equatable {
    private(set) var serverByName: [String: Int] = [:]
    private(set) var serverByPin: [KeyPin: Int] = [:]
    private(set) var poolByName: [String: Int] = [:]
    private(set) var poolsByMember: [String: [Int]] = [:]
    private(set) var applicationByName: [String: Int] = [:]
    private(set) var applicationByPin: [KeyPin: Int] = [:]
    private(set) var applicationsByIdentity: [String: [Int]] = [:]
    private(set) var partnerByName: [String: Int] = [:]
    private(set) var partnerByDomain: [String: Int] = [:]
    private(set) var partnersByIdentity: [String: [Int]] = [:]
    private(set) var rootByName: [String: Int] = [:]

    /// The index of an empty document.
    init() {}

    /// The index of `topology`. Where a document repeats a key, the first record has it; `check` reports the others.
    init(_ topology: Topology) {
        for (position, server) in topology.servers.enumerated() {
            Self.keepFirst(&serverByName, server.name, position)
            for pin in server.keys { Self.keepFirst(&serverByPin, pin, position) }
        }
        for (position, pool) in topology.pools.enumerated() {
            Self.keepFirst(&poolByName, pool.name, position)
            for member in Set(pool.members) { poolsByMember[member, default: []].append(position) }
        }
        for (position, application) in topology.applications.enumerated() {
            Self.keepFirst(&applicationByName, application.name, position)
            for pin in application.keys { Self.keepFirst(&applicationByPin, pin, position) }
            for name in Set(application.identities) { applicationsByIdentity[name, default: []].append(position) }
        }
        for (position, partner) in topology.partners.enumerated() {
            Self.keepFirst(&partnerByName, partner.name, position)
            for domain in partner.domains { Self.keepFirst(&partnerByDomain, domain, position) }
            for name in Set(partner.identities) { partnersByIdentity[name, default: []].append(position) }
        }
        for (position, root) in topology.roots.enumerated() { Self.keepFirst(&rootByName, root.name, position) }
    }

    private static func keepFirst<Key: Hashable>(_ table: inout [Key: Int], _ key: Key, _ position: Int) {
        if table[key] == nil { table[key] = position }
    }
}
