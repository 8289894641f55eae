internal import Basis
internal import SIP

extension UserAgent {
    /// Sends a REGISTER for this connection.
    mutating func register(at now: Instant, into outputs: inout [UserAgentOutput]) {
        sendRegister(lifetimeSeconds: registration.lifetimeSeconds, at: now, into: &outputs)
    }

    /// Sends a REGISTER that ends the binding.
    mutating func unregister(at now: Instant, into outputs: inout [UserAgentOutput]) {
        sendRegister(lifetimeSeconds: 0, at: now, into: &outputs)
    }

    /// Takes the final response to a REGISTER.
    mutating func finishRegister(
        lifetimeSeconds: UInt32, _ outcome: Outcome, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        registration.isWaiting = false
        report(lifetimeSeconds: lifetimeSeconds, outcome, at: now, into: &outputs)
        guard !registration.isWaiting, let next = registration.nextLifetimeSeconds else { return }
        registration.nextLifetimeSeconds = nil
        sendRegister(lifetimeSeconds: next, at: now, into: &outputs)
    }

    private mutating func report(
        lifetimeSeconds: UInt32, _ outcome: Outcome, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        guard outcome.isSuccess, let response = outcome.response else {
            // RFC 3261 §10.3: 423 names the shortest lifetime that the registrar takes.
            if outcome.status == 423, let least = outcome.response?.minExpires, least > lifetimeSeconds,
                lifetimeSeconds > 0, least <= Self.registrationLifetimeSecondsMax
            {
                registration.lifetimeSeconds = least
                return register(at: now, into: &outputs)
            }
            registration.unbind()
            return outputs.append(.event(.registrationFailed(status: outcome.status, reason: outcome.reason)))
        }
        guard lifetimeSeconds > 0 else {
            registration.unbind()
            registration.serviceRoute = []
            return outputs.append(.event(.unregistered))
        }
        let granted = grantedSeconds(response, asked: lifetimeSeconds)
        registration.bind(expiresSeconds: granted, at: now)
        registration.serviceRoute = response.elements(of: .serviceRoute).map(\.text)
        if let seconds = response.value(of: .flowTimer).flatMap({ UInt32($0.text) }) {
            keepAlive.start(seconds: seconds, at: now, chance: &chance)
        }
        outputs.append(.event(.registered(expiresSeconds: granted)))
    }

    private mutating func sendRegister(
        lifetimeSeconds: UInt32, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        registration.stopRefreshing()
        guard !registration.isWaiting else {
            registration.nextLifetimeSeconds = lifetimeSeconds
            return
        }
        registration.isWaiting = true
        registration.cSeq &+= 1
        let name = "<\(account.addressOfRecord)>"
        var request = OutgoingRequest(
            method: .register, uri: account.registrarURI, from: "\(name);tag=\(registration.tag)", to: name,
            callID: registration.callID, cSeq: registration.cSeq, routes: [])
        // RFC 5626 §4.2.1: instance and reg-id in the Contact, "outbound" and "path" in Supported.
        request.lines = [
            (
                .contact,
                "<\(account.contactURI)>;+sip.instance=\"<\(account.instanceID)>\";reg-id=\(account.regID)"
            ),
            (.expires, String(lifetimeSeconds)), (.supported, "path, outbound"), (.allow, Self.allowedMethods),
        ]
        send(request, for: .register(lifetimeSeconds: lifetimeSeconds), at: now, into: &outputs)
    }

    /// RFC 3261 §10.3: the 200 lists every binding, each with its expiry; ours is the one with our URI or instance.
    private func grantedSeconds(_ response: SIPMessage, asked: UInt32) -> UInt32 {
        let contacts = response.nameAddresses(of: .contact) ?? []
        let own = contacts.first { contact in
            contact.uriBytes.equals(account.contactURI)
                || contact.instanceID.map { $0.equals(account.instanceID) } == true && contact.regID == account.regID
        }
        return own?.expires ?? response.expires ?? asked
    }

    /// A registrar that wants more than a day is not obeyed.
    private static var registrationLifetimeSecondsMax: UInt32 { 86_400 }
}
