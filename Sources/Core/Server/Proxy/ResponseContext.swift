import Basis
import SIP
import Transactions

/// RFC 3261 §16.7: what is known of one request that was sent on: its branches and the best final response so far.
struct ResponseContext {
    /// One target, and the client transaction that tries it.
    struct Branch {
        /// Where a branch stands.
        enum Progress: Equatable {
            /// The link to the next hop is not up yet.
            case waitingForLink
            /// Sent, nothing heard.
            case calling
            /// A provisional response came.
            case proceeding
            /// A final response came, or the branch failed in our own hands.
            case completed(status: Int)
        }

        let target: Target
        /// Nil while it waits for a link.
        var transaction: ClientTransactionID?
        /// The connection that the request left on; nil while it waits for a link.
        var connection: ConnectionID?
        var progress: Progress = .waitingForLink

        /// When timer C ends the branch; nil for anything but INVITE.
        var timerC: Instant?

        init(target: Target) {
            self.target = target
        }

        var isPending: Bool {
            switch progress {
            case .waitingForLink, .calling, .proceeding: true
            case .completed: false
            }
        }

        /// Whether a 2xx came.
        var isSuccess: Bool {
            switch progress {
            case .completed(let status): status < 300
            case .waitingForLink, .calling, .proceeding: false
            }
        }

        /// The request has left in a transaction of its own.
        mutating func called(_ transaction: ClientTransactionID, over connection: ConnectionID, timerC: Instant?) {
            self.transaction = transaction
            self.connection = connection
            self.timerC = timerC
            progress = .calling
        }

        /// A provisional response came. RFC 3261 §16.7 step 2: timer C begins anew by one from 101 on.
        mutating func proceed(_ status: UInt16, at now: Instant) {
            progress = .proceeding
            if timerC != nil, status > 100 { timerC = now + ServerLimits.timerC }
        }
    }

    /// The request as it came in, and where; responses leave there.
    let job: Job
    /// Our server transaction.
    let transaction: ServerTransactionID
    /// What marks this request when it comes by again.
    let loop: LoopHash
    /// What all branches have in common.
    let preparation: Preparation
    /// RFC 5393 §5: the breadth of each branch.
    let breadth: UInt32
    var branches: [Branch]
    /// The best final response so far, as it came; nil when only failures of our own are known.
    var best: SIPMessage?
    /// The branch that `best` came from.
    var bestBranch = 0
    var bestStatus = 0
    /// The code and text that a refused onward link left, told to the previous hop inside the network.
    var reason: [UInt8]?
    /// A final response was sent upstream; only more 2xx to an INVITE may follow.
    var isAnswered = false
    /// Nothing new is tried any more: it was cancelled, or answered for good.
    var isCancelled = false
    /// RFC 3326 §2: why the branches that still ring are cancelled, for their CANCEL; nil says nothing.
    var cancelReason: [UInt8]?

    init(
        _ job: Job, transaction: ServerTransactionID, loop: LoopHash, preparation: Preparation, breadth: UInt32,
        branches: [Branch]
    ) {
        self.breadth = breadth
        self.branches = branches
        self.job = job
        self.transaction = transaction
        self.loop = loop
        self.preparation = preparation
    }

    /// Whether the request is an INVITE, which may have many responses.
    var isInvite: Bool { job.request.method == .invite }

    /// What writing a branch's request needs to know. A copy of the whole context would make its branches be copied, too, when
    /// the branch is marked as sent.
    struct Leaving {
        let job: Job
        let target: Target
        let preparation: Preparation
        let loop: LoopHash
        let breadth: UInt32
    }

    /// The request of a branch that still waits; nil when it does not any more.
    func leaving(over branch: Int) -> Leaving? {
        guard branches[branch].isPending else { return nil }
        return Leaving(
            job: job, target: branches[branch].target, preparation: preparation, loop: loop, breadth: breadth)
    }

    /// What passing a response back needs to know.
    struct WayBack {
        let transaction: ServerTransactionID
        let connection: ConnectionID
        let method: Method
        /// Whether the branch that answers leads to a server of this network.
        let isFromInside: Bool
    }

    /// The way back of a response that came over a branch.
    func wayBack(from branch: Int) -> WayBack {
        WayBack(
            transaction: transaction, connection: job.connection, method: job.request.method,
            isFromInside: branches[branch].target.isInside)
    }

    /// Takes a provisional response: the way on which it goes back, when it does.
    mutating func proceed(_ transaction: ClientTransactionID, status: UInt16, at now: Instant) -> WayBack? {
        guard let index = branchIndex(of: transaction) else { return nil }
        branches[index].proceed(status, at: now)
        // RFC 3261 §16.7 step 5: a 100 is for the next hop only. RFC 4320 §4.1: no other request than INVITE has more.
        return status > 100 && isInvite && !isAnswered ? wayBack(from: index) : nil
    }

    /// Takes a final response.
    mutating func finish(_ transaction: ClientTransactionID, status: Int) -> (branch: Int, wayBack: WayBack?)? {
        guard let index = branchIndex(of: transaction) else { return nil }
        branches[index].progress = .completed(status: status)
        // Every 2xx to an INVITE goes back at once, also a second one (RFC 3261 §16.7 step 5).
        guard status < 300, !isAnswered || isInvite else { return (index, nil) }
        isAnswered = true
        return (index, wayBack(from: index))
    }

    /// What is left to do once a branch has ended.
    enum Remainder {
        /// Branches still wait.
        case waits
        /// The best response is due.
        case answers
        /// Answered, and nothing can follow but another 2xx to an INVITE.
        case ends(isInvite: Bool)
    }

    var remainder: Remainder {
        if hasPendingBranch { return .waits }
        return isAnswered ? .ends(isInvite: isInvite) : .answers
    }

    var hasPendingBranch: Bool { branches.contains { $0.isPending } }

    func branchIndex(of transaction: ClientTransactionID) -> Int? {
        branches.firstIndex { $0.transaction == transaction }
    }

    /// RFC 3261 §16.7 step 6: whether `status` is a better answer than the best so far.
    ///
    /// A 6xx beats everything; otherwise the lowest class; inside a class those that the client can do something about.
    func isBetter(_ status: Int) -> Bool {
        guard bestStatus != 0 else { return true }
        return Self.rank(status) < Self.rank(bestStatus)
    }

    /// Keeps the best response so far; nil when it is one of our own making.
    mutating func keep(_ status: Int, _ response: SIPMessage?, from branch: Int) {
        best = response
        bestBranch = branch
        bestStatus = status
    }

    private static func rank(_ status: Int) -> Int {
        switch status {
        case 600...: 0
        case 401, 407, 415, 420, 484: status / 100 * 1_000 - 1
        // A flow that is gone and a branch that was silent say less about the user than any answer.
        case 408, 430: 4_999
        // RFC 3261 §16.7: a 503 of one next hop says nothing about the others.
        case 503: 5_999
        default: status / 100 * 1_000
        }
    }
}
