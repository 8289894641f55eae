import Scenarios

/// Operators change the trust: they remove partners and the edge, revoke certificates and give new ones, disable users.
/// Whoever was revoked goes on dialling with the certificate that he has, and is refused.
extension World {
    func maybeChangeTrust() throws -> Bool {
        guard faults.strikes(.trustChange) else { return false }
        guard let organisation = faults.pick(organisations, for: .trustChange),
            let edge = machine(.edge, of: organisation.number), let device = faults.pick(devices, for: .trustChange)
        else { return true }
        let partner = organisations[1 - organisation.number].name
        let place = ScenarioStep.Place(role: edge.role.rawValue, organisation: organisation.name)
        switch faults.below(7, for: .trustChange) {
        case 0:
            try perform(
                organisation.hasPartner(partner)
                    ? .removesPartner(partner, of: organisation.name) : .addsPartner(partner, of: organisation.name))
        case 1: try perform(organisation.hasEdge ? .removesEdge(organisation.name) : .addsEdge(organisation.name))
        case 2 where organisation.hasEdge: try perform(isRevoked(edge) ? .rekeys(place) : .revokes(place))
        case 3 where organisation.hasEdge: try perform(.rekeys(place))
        case 4: try perform(.disables(device.user))
        case 5: try perform(.enables(device.user))
        case _:
            try perform(.changesPassword(device.user, "word \(faults.below(1_000_000, for: .trustChange))"))
        }
        return true
    }
}
