import Basis
import SIP
import Server
import Trust

extension FuzzTarget {
    /// Contoso's front end or edge, past authentication: links, messages, time, storage and trust as an input wants them.
    static let server = FuzzTarget(
        "server", "a whole front end or edge: links, messages, time, trust", bytesMax: 4_096, seeds: { serverSeeds }
    ) { bytes in
        var choices = Choices(bytes)
        var stage = try ServerStage(host: choices.octet() & 1 == 0 ? FuzzWorld.frontEnd : FuzzWorld.edge)
        var steps = 0
        while !choices.isAtEnd, steps < serverStepsMax {
            steps += 1
            try stage.step(by: &choices)
        }
        try stage.finish()
    }

    /// Steps of one input: enough for a few calls.
    private static let serverStepsMax = 96

    /// Steps by name, so that seeds can be read. See `ServerStage.step`.
    private enum Step {
        static let client: [UInt8] = [0]
        static let server: [UInt8] = [1]
        static let partner: [UInt8] = [2]
        static func signIn(_ line: UInt8, _ user: UInt8) -> [UInt8] { [3, line, user] }
        /// REGISTER 0, MESSAGE 1, INVITE 2; alice 0, bob 1, carol 2.
        static func request(_ line: UInt8, _ method: UInt8, from: UInt8, to: UInt8) -> [UInt8] {
            [4, line, method, from, to, 0, 0]
        }
        /// A MESSAGE from alice to bob with claims, see `ServerStage.add`: as somebody with this number.
        static func claim(_ line: UInt8, _ claims: UInt8, _ somebody: UInt8) -> [UInt8] {
            [4, line, 1, 0, 1, claims, somebody, 0]
        }
        /// 180 is 1, 200 is 3, 486 is 11.
        static func respond(_ line: UInt8, _ status: UInt8) -> [UInt8] { [5, line, 0, status, 0, 0] }
        /// ACK 0, BYE 1, CANCEL 2, about the letter with this number.
        static func followUp(_ line: UInt8, _ method: UInt8, _ letter: UInt8) -> [UInt8] {
            [6, line, method, letter, 0]
        }
        static func callback(_ line: UInt8, _ method: UInt8) -> [UInt8] { [7, line, 0, method, 0] }
        static func prove(_ line: UInt8) -> [UInt8] { [8, line, 0, 0] }
        static let dialAnswered: [UInt8] = [9, 0]
        static let dialFailed: [UInt8] = [9, 1]
        static let commit: [UInt8] = [10, 0]
        static let trust: [UInt8] = [12]
        static func seconds(_ count: UInt8) -> [UInt8] { [14, count] }
    }

    private static let serverSeeds: [[UInt8]] = {
        let both = Step.client + Step.client + Step.signIn(0, 0) + Step.signIn(1, 1)
        let call = Step.request(0, 2, from: 0, to: 1) + Step.respond(1, 1) + Step.respond(1, 3) + Step.followUp(0, 0, 1)
        return [
            [0] + both,
            [0] + both + Step.request(0, 1, from: 0, to: 1) + Step.respond(1, 3),
            [0] + both + Step.claim(0, 1, 1) + Step.respond(1, 3) + Step.claim(0, 2, 0) + Step.claim(0, 12, 0),
            [0] + both + call + Step.followUp(0, 1, 1) + Step.respond(1, 3),
            [0] + both + call + Step.callback(1, 1) + Step.respond(0, 3),
            [0] + both + Step.request(0, 2, from: 0, to: 1) + Step.respond(1, 1) + Step.followUp(0, 2, 1)
                + Step.respond(1, 12),
            [0] + both + Step.request(0, 2, from: 0, to: 1) + Step.respond(1, 11) + Step.seconds(40) + Step.trust,
            [0] + both + Step.request(0, 1, from: 0, to: 2) + Step.dialAnswered + Step.respond(2, 3),
            [0] + both + Step.request(0, 2, from: 0, to: 2) + Step.dialFailed + Step.seconds(40),
            [0] + Step.server + Step.request(0, 0, from: 0, to: 0) + Step.prove(0) + Step.commit
                + Step.request(0, 1, from: 2, to: 0),
            [0] + Step.client + Step.request(0, 0, from: 0, to: 0) + Step.prove(0) + Step.commit + Step.seconds(240),
            [1] + Step.client + Step.request(0, 0, from: 0, to: 0) + Step.dialAnswered + Step.respond(1, 3),
            [1] + Step.client + Step.server + Step.partner + Step.request(2, 2, from: 2, to: 0) + Step.dialAnswered
                + Step.respond(3, 1) + Step.respond(3, 3) + Step.followUp(2, 0, 0),
            [1] + Step.server + Step.request(0, 1, from: 0, to: 2) + Step.dialAnswered + Step.respond(1, 3) + Step.trust
                + Step.trust,
        ]
    }()
}

extension ServerStage {
    /// Octets that come unframed in one step at most.
    private static let rawMax = 2_048

    /// Takes the next step that the input names.
    fileprivate mutating func step(by choices: inout Choices) throws(Finding) {
        switch choices.number(below: 17) {
        case 0: try openClient()
        case 1: try openServer()
        case 2: try openPartner()
        case 3: try signIn(by: &choices)
        case 4:
            guard let index = line(by: &choices) else { return }
            try send(request(by: &choices, on: index), changedBy: &choices, on: index)
        case 5:
            guard let index = line(by: &choices) else { return }
            try send(response(by: &choices, on: index), changedBy: &choices, on: index)
        case 6:
            guard let index = line(by: &choices) else { return }
            try send(followUp(by: &choices, on: index), changedBy: &choices, on: index)
        case 7:
            guard let index = line(by: &choices) else { return }
            try send(callback(by: &choices, on: index), changedBy: &choices, on: index)
        case 8:
            guard let index = line(by: &choices) else { return }
            try send(answerToChallenge(by: &choices, on: index), changedBy: &choices, on: index)
        case 9: try answerDial(choices.octet())
        case 10: try commit(choices.octet() & 1 == 0)
        case 11: if let index = line(by: &choices) { try drop(index) }
        case 12: try changeTrust()
        case 13: try pass(.milliseconds(UInt64(choices.octet()) * 20))
        case 14: try pass(.seconds(UInt64(choices.octet())))
        case 15:
            guard let index = line(by: &choices) else { return }
            if choices.octet() & 1 == 0 {
                try receive(choices.octets(atMost: Self.rawMax), on: index)
            } else {
                try handle(.congested(lines[index].id, choices.octet() & 1 == 1))
            }
        default: try pass(.seconds(UInt64(choices.octet()) * 120))
        }
    }

    private func line(by choices: inout Choices) -> Int? {
        lines.isEmpty ? nil : choices.number(below: lines.count)
    }

    private mutating func send(_ letter: Letter?, changedBy choices: inout Choices, on index: Int) throws(Finding) {
        guard var letter else { return }
        letter.change(by: &choices)
        try send(letter, on: index)
    }

    private mutating func openClient() throws(Finding) {
        var evidence: LinkEvidence = isFrontEnd ? .inside([]) : .outside([])
        evidence.remoteAddress = NetworkAddress("192.0.2.7:\(40_000 + lines.count)")
        try open(.client, evidence: evidence, mustBeAdmitted: true)
    }

    private mutating func openServer() throws(Finding) {
        let name = isFrontEnd ? FuzzWorld.edge : FuzzWorld.frontEnd
        try open(.server, evidence: .inside(world.chains[name] ?? []), mustBeAdmitted: true)
    }

    private mutating func openPartner() throws(Finding) {
        guard !isFrontEnd else { return }
        try open(.partner, evidence: .outside(world.chains[FuzzWorld.partnerEdge] ?? []), mustBeAdmitted: true)
    }

    /// REGISTER, the challenge, its answer, the commit: what every call begins with, in one step.
    private mutating func signIn(by choices: inout Choices) throws(Finding) {
        guard let index = line(by: &choices), let user = choices.element(of: FuzzWorld.users) else { return }
        let address = "\(user)@contoso.example"
        try send(request("REGISTER", from: address, to: address, on: index), on: index)
        guard let (letter, answer) = lines[index].letters.last, let answer,
            let proof = credentials(for: letter, answer, user: user)
        else { return }
        try send(proof, on: index)
        try commit(true)
    }

    /// The oldest dial leads to whom it was meant for, to somebody else, or nowhere.
    private mutating func answerDial(_ number: UInt8) throws(Finding) {
        guard let dial = takeDial() else { return }
        let right: String?
        switch dial.dialled {
        case .server(let name): right = name
        case .partner: right = FuzzWorld.partnerEdge
        case .application, .registrar: right = nil
        }
        switch hasRoom ? number & 3 : 1 {
        case 0, 2: try openDialled(dial, right, mustBeAdmitted: true)
        case 1: try handle(.dialFailed(dial.dialled, why: "refused"))
        default: try openDialled(dial, host, mustBeAdmitted: false)
        }
    }

    private mutating func openDialled(_ dial: DialRequest, _ name: String?, mustBeAdmitted: Bool) throws(Finding) {
        let chain = name.flatMap { world.chains[$0] } ?? []
        try open(
            .dialled, evidence: LinkEvidence(direction: .outbound(dial.dialled), chain: chain),
            mustBeAdmitted: mustBeAdmitted)
    }
}
