internal import Trust

extension Topology {
    /// Whether this document only takes away from `earlier`: servers, pools' members, applications and partners are
    /// removed, blocked or disabled, and nothing is added or changed. Such a document never waits for its expectations.
    func onlyRestricts(_ earlier: Topology) -> Bool {
        network == earlier.network && sipDomains == earlier.sipDomains && media == earlier.media
            && servers.allSatisfy { earlier.server(named: $0.name) == $0 }
            && pools.allSatisfy { pool in
                guard var before = earlier.pool(named: pool.name) else { return false }
                guard Set(pool.members).isSubset(of: before.members) else { return false }
                before.members = pool.members
                return before == pool
            }
            && applications.allSatisfy { earlier.application(named: $0.name) == $0 }
            && partners.allSatisfy { partner in
                guard var before = earlier.partner(named: partner.name) else { return false }
                guard partner.blocked || !before.blocked, !partner.enabled || before.enabled else { return false }
                before.blocked = partner.blocked
                before.enabled = partner.enabled
                return before == partner
            }
            && roots.allSatisfy { earlier.root(named: $0.name) == $0 }
    }
}
