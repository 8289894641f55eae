import SwiftASN1
import X509

// Applications, partners, their roots, and the topology's own tests.
extension TopologyChecker {
    mutating func checkRoots() {
        let applied = topology.applications.flatMap(\.roots)
        let used = Set(topology.partners.flatMap(\.roots) + applied)
        for root in topology.roots {
            let path = ["roots", root.name]
            if (try? Certificate(derEncoded: root.certificate)) == nil {
                error(path, "the bytes are not a certificate", next: "give the root as PEM or DER in base 64")
            }
            if !used.contains(root.name) {
                warning(path, "no record uses this root", next: "remove it or name it in a record")
            }
        }
    }

    private mutating func checkRootNames(_ names: [String], at path: [String]) {
        for (position, name) in names.enumerated() where topology.root(named: name) == nil {
            let hint = NearestName.nearest(to: name, among: topology.roots.map(\.name))
            error(
                path + [String(position)], "there is no root \(name)",
                next: hint.map { "did you mean \($0)?" } ?? "add it under roots")
        }
    }

    mutating func checkApplications() {
        for application in topology.applications {
            let path = ["applications", application.name]
            checkName(application.name, at: path)
            checkRootNames(application.roots, at: path + ["roots"])
            if topology.server(named: application.name) != nil || topology.pool(named: application.name) != nil {
                error(path, "a server or pool has this name", next: "give the application a name of its own")
            }
            for (position, name) in application.identities.enumerated() {
                let place = path + ["identities", String(position)]
                checkName(name, at: place)
                if topology.applications(identifiedBy: name).count + topology.partners(identifiedBy: name).count > 1 {
                    error(place, "another record has the identity \(name)", next: "give each identity to one record")
                }
            }
            if application.identities.isEmpty {
                error(path + ["identities"], "there is no identity to prove", next: "name one, or leave the key out")
            }
            if !application.pinned {
                warning(path + ["pinned"], "any key of its CA is accepted", next: "pin its key")
            } else if application.keys.isEmpty {
                error(path + ["keys"], "no key is pinned", next: "pin its key, or write pinned: false")
            }
            if !application.routes.isEmpty, application.address == nil {
                error(path + ["address"], "requests are routed there, and it has no address", next: "add its address")
            }
        }
    }

    mutating func checkPartners() {
        var domains: [String: String] = [:]
        for partner in topology.partners {
            let path = ["partners", partner.name]
            if partner.name == Topology.discoveryName {
                checkDiscovery(partner, at: path)
            } else {
                checkName(partner.name, at: path)
                checkListed(partner, at: path)
            }
            for (position, domain) in partner.domains.enumerated() {
                let place = path + ["domains", String(position)]
                checkName(domain, at: place)
                if topology.isOwn(sipDomain: domain) {
                    error(place, "\(domain) is one of our own domains", next: "remove it here")
                }
                if let other = domains.updateValue(partner.name, forKey: domain) {
                    error(place, "the record \(other) speaks for \(domain) already", next: "leave it in one record")
                }
            }
            checkRootNames(partner.roots, at: path + ["roots"])
            checkVia(partner, at: path)
        }
        if !topology.partners.isEmpty, topology.pools(with: .edge).isEmpty {
            warning(["partners"], "there are partners and no edge", next: "add a pool with the role edge")
        }
    }

    private mutating func checkListed(_ partner: PartnerRecord, at path: [String]) {
        if partner.kind == .discovered {
            error(
                path + ["kind"], "only the record \"*\" is discovered", next: "write kind: named, or leave the key out")
        }
        if partner.domains.isEmpty {
            error(path + ["domains"], "the partner speaks for no domain", next: "name its SIP domains")
        }
        if let edge = partner.edge { checkName(edge, at: path + ["edge"]) }
        for (position, name) in partner.identities.enumerated() {
            let place = path + ["identities", String(position)]
            checkName(name, at: place)
            if isOwnName(name) {
                error(place, "\(name) is a name of ours", next: "a partner cannot prove a name of ours")
            } else if topology.partners(identifiedBy: name).count > 1 {
                error(place, "another partner has the identity \(name)", next: "give each identity to one record")
            }
        }
        if partner.identities.isEmpty {
            error(path + ["identities"], "there is no identity to prove", next: "name one, or leave the key out")
        }
        if partner.roots.isEmpty, !partner.publicRoots, partner.enabled, !partner.blocked {
            error(path + ["roots"], "no root is accepted from this partner", next: "name one, or set publicRoots: true")
        }
    }

    private mutating func checkDiscovery(_ partner: PartnerRecord, at path: [String]) {
        if partner.kind != .discovered {
            error(path + ["kind"], "the record \"*\" is discovered", next: "write kind: discovered")
        }
        if !partner.domains.isEmpty || !partner.identities.isEmpty || partner.edge != nil || partner.address != nil {
            error(
                path, "the record \"*\" has no names and no address",
                next: "remove domains, identities, edge and address")
        }
    }

    private mutating func checkVia(_ partner: PartnerRecord, at path: [String]) {
        let edges = topology.pools(with: .edge)
        if let via = partner.via {
            if topology.pool(named: via)?.roles.contains(.edge) != true {
                error(path + ["via"], "\(via) is not an edge pool", next: "name a pool with the role edge")
            }
        } else if edges.count > 1, partner.name != Topology.discoveryName {
            warning(path + ["via"], "there are several edge pools", next: "name the one that reaches this partner")
        }
    }

    private func isOwnName(_ name: String) -> Bool {
        topology.isOwn(sipDomain: name) || topology.server(named: name) != nil || topology.pool(named: name) != nil
            || topology.pools.contains { $0.external?.name == name }
    }

    mutating func checkExpectations() {
        for (position, expectation) in topology.expect.enumerated() {
            let path = ["expect", String(position)]
            switch expectation {
            case .reaches(let from, let to):
                // Warnings: what an expectation names may have been removed, and removing never waits for one. It is false
                // then, which stops every document that adds something.
                if topology.server(named: from) == nil {
                    warning(
                        path, "\(from) is not among the servers", next: "an expectation starts at one of our servers")
                }
                if topology.server(named: to) == nil, topology.application(named: to) == nil,
                    topology.partner(ofDomain: to) == nil
                {
                    warning(
                        path, "\(to) is no server, application or partner domain",
                        next: "add it, or expect that it is refused")
                }
            case .refused(let name): checkName(name, at: path)
            }
        }
    }
}
