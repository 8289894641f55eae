/// One thing that happens in a scenario, or that must have happened: a sentence of its text form.
///
/// Says nothing about where it runs: a stage carries it out, in the simulation or over real sockets.
public enum ScenarioStep: Hashable, Sendable {
    /// One server: `frontEnd of contoso`.
    public struct Place: Hashable, Sendable {
        /// `frontEnd` or `edge`.
        public var role: String
        /// `contoso` or `fabrikam`.
        public var organisation: String

        /// The server with this role.
        public init(role: String, organisation: String) {
            self.role = role
            self.organisation = organisation
        }
    }

    /// `alice registers`: connects when she is not connected, and binds.
    case registers(String)
    /// `alice unregisters`: removes the binding and keeps the connection.
    case unregisters(String)
    /// `alice loses the connection`: it breaks without a word, and she does not come back by herself.
    case losesConnection(String)
    /// `bob sends "hi" to alice`: connects when he is not connected.
    case sends(String, text: String, to: String)
    /// `alice calls bob`: connects when she is not connected.
    case calls(String, String)
    /// `bob answers`: the call that rings.
    case answers(String)
    /// `bob refuses`: the call that rings.
    case refuses(String)
    /// `alice hangs up`: cancels a call that nobody answered, ends one that is up.
    case hangsUp(String)
    /// `bob is disabled`: the account.
    case disables(String)
    /// `bob is enabled`: the account.
    case enables(String)
    /// `bob gets password "word"`: the account; the person knows it.
    case changesPassword(String, String)
    /// `frontEnd of contoso crashes`: what was not committed is lost.
    case crashes(Place)
    /// `frontEnd of contoso restarts`: starts from what its disk holds.
    case restarts(Place)
    /// `edge of contoso is revoked`: its certificate.
    case revokes(Place)
    /// `edge of contoso gets new keys`: the next ones, with a certificate.
    case rekeys(Place)
    /// `contoso removes its edge`: from the topology.
    case removesEdge(String)
    /// `contoso adds its edge`: to the topology again, with new keys.
    case addsEdge(String)
    /// `contoso removes partner fabrikam`.
    case removesPartner(String, of: String)
    /// `contoso adds partner fabrikam`.
    case addsPartner(String, of: String)
    /// `contoso settles`: each of its servers has heard of everything that was published, and judged its links by it.
    case settles(String)
    /// `alice reaches bob`: she writes again and again until a message is delivered.
    case reaches(String, String)
    /// `wait 30 s`: for what only time brings. A stage in real time does not wait.
    case waits(seconds: UInt64)
    /// A sentence that begins with `expect`.
    case expects(ScenarioExpectation)
}

/// What a scenario demands. A stage waits for it, up to its own limit; the scenario fails when it does not come.
public enum ScenarioExpectation: Hashable, Sendable {
    /// `expect alice is registered`.
    case registered(String)
    /// `expect alice is not registered`.
    case notRegistered(String)
    /// `expect alice receives "hi" once`: within the limit, and not twice until everything is at rest.
    case receives(String, String)
    /// `expect alice never receives "hi"`: not until everything is at rest.
    case neverReceives(String, String)
    /// `expect "hi" is delivered`: its sender got a 2xx.
    case delivered(String)
    /// `expect "hi" fails`: its sender got another final response.
    case fails(String)
    /// `expect bob rings`.
    case rings(String)
    /// `expect bob is in a call`.
    case inCall(String)
    /// `expect bob is in no call`.
    case inNoCall(String)
}

extension ScenarioStep: CustomStringConvertible {
    /// The sentence; `Scenario` reads it back.
    public var description: String {
        switch self {
        case .registers(let name): "\(name) registers"
        case .unregisters(let name): "\(name) unregisters"
        case .losesConnection(let name): "\(name) loses the connection"
        case .sends(let name, let text, let to): "\(name) sends \"\(text)\" to \(to)"
        case .calls(let name, let to): "\(name) calls \(to)"
        case .answers(let name): "\(name) answers"
        case .refuses(let name): "\(name) refuses"
        case .hangsUp(let name): "\(name) hangs up"
        case .disables(let name): "\(name) is disabled"
        case .enables(let name): "\(name) is enabled"
        case .changesPassword(let name, let password): "\(name) gets password \"\(password)\""
        case .crashes(let place): "\(place) crashes"
        case .restarts(let place): "\(place) restarts"
        case .revokes(let place): "\(place) is revoked"
        case .rekeys(let place): "\(place) gets new keys"
        case .removesEdge(let organisation): "\(organisation) removes its edge"
        case .addsEdge(let organisation): "\(organisation) adds its edge"
        case .removesPartner(let partner, let organisation): "\(organisation) removes partner \(partner)"
        case .addsPartner(let partner, let organisation): "\(organisation) adds partner \(partner)"
        case .settles(let organisation): "\(organisation) settles"
        case .reaches(let name, let to): "\(name) reaches \(to)"
        case .waits(let seconds): "wait \(seconds) s"
        case .expects(let expectation): "expect \(expectation)"
        }
    }
}

extension ScenarioStep.Place: CustomStringConvertible {
    public var description: String { "\(role) of \(organisation)" }
}

extension ScenarioExpectation: CustomStringConvertible {
    public var description: String {
        switch self {
        case .registered(let name): "\(name) is registered"
        case .notRegistered(let name): "\(name) is not registered"
        case .receives(let name, let text): "\(name) receives \"\(text)\" once"
        case .neverReceives(let name, let text): "\(name) never receives \"\(text)\""
        case .delivered(let text): "\"\(text)\" is delivered"
        case .fails(let text): "\"\(text)\" fails"
        case .rings(let name): "\(name) rings"
        case .inCall(let name): "\(name) is in a call"
        case .inNoCall(let name): "\(name) is in no call"
        }
    }
}
