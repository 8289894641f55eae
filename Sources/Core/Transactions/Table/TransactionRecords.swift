internal import SIP

/// A client transaction as the table keeps it.
struct ClientRecord: Sendable {
    /// The machine of its kind.
    enum Machine: Sendable {
        case invite(InviteClientTransaction)
        case nonInvite(NonInviteClientTransaction)
    }

    /// The CANCEL, which shares the branch and so the slot. It ends with its INVITE at the latest: nobody waits for its
    /// response, and one that comes later is `ClientVerdict.unknown`, which is dropped as well.
    enum Cancellation: Sendable {
        case none
        case wanted
        case sent(NonInviteClientTransaction)
    }

    var machine: Machine
    let method: Method
    let userTag: UInt64
    var cancellation = Cancellation.none
}

/// A server transaction as the table keeps it.
struct ServerRecord: Sendable {
    /// The machine of its kind.
    enum Machine: Sendable {
        case invite(InviteServerTransaction)
        case nonInvite(NonInviteServerTransaction)
    }

    var machine: Machine
    let key: TransactionKey
    var mergeKey: TransactionKey?
    var userTag: UInt64 = 0
}

/// The timers that run, one queue each.
enum TimerLetter: Int, CaseIterable, Sendable {
    case b
    case f
    case h
    case l
    case m
    case cancelWait
}
