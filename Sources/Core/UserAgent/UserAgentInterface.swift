public import SIP

/// What can happen to a user agent. Time comes with each call of `UserAgent.handle`.
public enum UserAgentInput: Sendable {
    /// The person or program behind it wants something.
    case command(UserAgentCommand)
    /// A message came on its connection.
    case received(SIPMessage)
    /// The answer to a keep-alive ping came on its connection.
    case pong
    /// Its connection has gone.
    case connectionClosed
    /// `UserAgent.nextDeadline` is reached.
    case timePassed
}

/// What the person or program behind a user agent can want.
public enum UserAgentCommand: Sendable, Hashable {
    /// Bind this connection to the address-of-record, and keep the binding fresh.
    case register
    /// Remove the binding.
    case unregister
    /// Send a pager-mode message, RFC 3428. The tag comes back with the event.
    case sendMessage(to: String, text: String, tag: UInt32)
    /// Ask what the other side can do, RFC 3261 §11. The tag comes back with the event.
    case sendOptions(to: String, tag: UInt32)
    /// Call somebody. The caller of the command chooses the handle; one that is in use is refused.
    case call(to: String, CallHandle)
    /// Answer an incoming call.
    case answer(CallHandle)
    /// Refuse an incoming call with this status, 300 to 699.
    case reject(CallHandle, status: UInt16)
    /// End a call in any state: CANCEL, 603 or BYE.
    case hangUp(CallHandle)
}

/// Names one call of one user agent. Incoming calls get handles from 2^31 upwards.
public struct CallHandle: Hashable, Sendable {
    /// The number.
    public let number: UInt32

    /// Names the call with this number; outgoing calls use numbers below 2^31.
    public init(_ number: UInt32) {
        self.number = number
    }
}

/// What a user agent asks for, to be performed in order.
public enum UserAgentOutput: Sendable, Hashable {
    /// Write these octets to the connection.
    case send([UInt8])
    /// Tell the person or program behind it.
    case event(UserAgentEvent)
}

/// What a user agent reports.
public enum UserAgentEvent: Sendable, Hashable {
    /// The binding is there, or fresh again, for so many seconds.
    case registered(expiresSeconds: UInt32)
    /// The binding is removed.
    case unregistered
    /// REGISTER failed for good. The user agent does not try again by itself.
    case registrationFailed(status: UInt16, reason: String)
    /// A message got a 2xx: 200 delivered, 202 taken into keeping.
    case messageDelivered(tag: UInt32, status: UInt16)
    /// A message got another final response; 408 is also silence, 503 a lost connection.
    case messageFailed(tag: UInt32, status: UInt16, reason: String)
    /// A message came and was answered 200. `from` is the URI of the From field.
    case messageReceived(from: String, contentType: String, body: [UInt8])
    /// OPTIONS got a final response.
    case optionsAnswered(tag: UInt32, status: UInt16)
    /// The connection has gone, or a ping was not answered. Everything open has ended; make a new user agent.
    case flowFailed
    /// Somebody calls; 180 was sent.
    case incomingCall(CallHandle, from: String)
    /// The other side of an outgoing call rings.
    case callRinging(CallHandle)
    /// The call is up: on the calling side the 200 came, on the called side its ACK.
    case callAnswered(CallHandle)
    /// The call is over, or never came to be.
    case callEnded(CallHandle, CallEnd)
}

/// Why a call ended.
public enum CallEnd: Sendable, Hashable {
    /// This side hung up, cancelled or refused.
    case local
    /// The other side sent BYE.
    case remote
    /// The calling side sent CANCEL before the answer.
    case cancelled
    /// A final response other than 2xx; 408 is also silence, 503 a lost connection.
    case failed(status: UInt16, reason: String)
}
