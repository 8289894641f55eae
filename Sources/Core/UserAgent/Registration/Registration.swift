internal import Basis

/// What a user agent knows of its binding.
struct Registration: Sendable {
    /// RFC 3261 §10.2: all REGISTER requests of a user agent have one Call-ID, and CSeq numbers that grow.
    let callID: String
    let tag: String
    var cSeq: UInt32 = 0
    /// What is asked for.
    var lifetimeSeconds: UInt32
    /// Whether a 200 has bound the Contact.
    private(set) var isBound = false
    /// When the next REGISTER is due.
    private(set) var refreshAt: Instant?
    /// RFC 3261 §10.2: a REGISTER is on its way; another one waits for its final response.
    var isWaiting = false
    /// What to ask for after that response.
    var nextLifetimeSeconds: UInt32?
    /// RFC 3608 §6.1: the routes for requests outside of dialogs.
    var serviceRoute: [String] = []

    init(callID: String, tag: String, lifetimeSeconds: UInt32) {
        self.callID = callID
        self.tag = tag
        self.lifetimeSeconds = lifetimeSeconds
    }

    /// The registrar has granted so many seconds. The binding is refreshed when nine tenths of them have passed, early
    /// enough for a challenge and one timeout.
    mutating func bind(expiresSeconds: UInt32, at now: Instant) {
        isBound = true
        refreshAt = now + .milliseconds(UInt64(expiresSeconds) * 900)
    }

    /// A REGISTER is on its way or has failed: none is due.
    mutating func stopRefreshing() {
        refreshAt = nil
    }

    /// The binding has gone.
    mutating func unbind() {
        isBound = false
        refreshAt = nil
    }
}
