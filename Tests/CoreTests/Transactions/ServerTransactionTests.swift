import Basis
import SIP
import Testing
import Transactions

@Suite("RFC 3261 §17.2: the server side of the table")
struct ServerTransactionTests {
    private let start = TransactionTestKit.start
    private let here = TransactionTestKit.here

    private func request(_ method: String, branch: String = "z9hG4bK1", toTag: String? = nil) throws -> ValidRequest {
        try TransactionTestKit.request(method, branch: branch, toTag: toTag)
    }

    @Test("RFC 3261 §17.2.3: the same branch, sent-by and method is the same transaction, and absorbed")
    func retransmission() throws {
        var table = TransactionTestKit.table()
        let invite = try request("INVITE")
        let id = try unwrap(table.receive(invite, on: here, at: start).newTransaction)
        #expect(table.receive(invite, on: here, at: start) == .absorbed)
        #expect(table.respond(180, in: id, at: start) == .send)
        #expect(table.receive(invite, on: here, at: start) == .absorbed)
        #expect(table.serverCount == 1)
        #expect("\(id)" == "\(id.shard.number)-\(id.slot)-\(id.generation)")
    }

    @Test(
        "RFC 3261 §17.2.3: another branch, port, host or method is another transaction",
        arguments: [
            ("MESSAGE", "z9hG4bK2", "alice.example:5061"), ("MESSAGE", "z9hG4bK1", "alice.example:5062"),
            ("MESSAGE", "z9hG4bK1", "alice.example"), ("MESSAGE", "z9hG4bK1", "bob.example:5061"),
            ("OPTIONS", "z9hG4bK1", "alice.example:5061"), ("MESSAGES", "z9hG4bK1", "alice.example:5061"),
        ])
    func otherKeys(method: String, branch: String, sentBy: String) throws {
        var table = TransactionTestKit.table()
        #expect(table.receive(try request("MESSAGE"), on: here, at: start).newTransaction != nil)
        let other = try TransactionTestKit.request(method, branch: branch, sentBy: sentBy)
        #expect(table.receive(other, on: here, at: start).newTransaction != nil)
    }

    @Test("RFC 3261 §7.3.1: the host of sent-by is compared without regard to case")
    func hostCase() throws {
        var table = TransactionTestKit.table()
        #expect(table.receive(try request("MESSAGE"), on: here, at: start).newTransaction != nil)
        let shouted = try TransactionTestKit.request("MESSAGE", sentBy: "ALICE.Example:5061")
        #expect(table.receive(shouted, on: here, at: start) == .absorbed)
    }

    @Test("A branch used on another connection takes nothing away: request, ACK and CANCEL from there match nothing")
    func otherConnection() throws {
        var table = TransactionTestKit.table()
        let other = TransactionTestKit.elsewhere
        let id = try unwrap(table.receive(try request("INVITE"), on: here, at: start).newTransaction)
        switch table.receive(try request("CANCEL"), on: other, at: start) {
        case .cancel(_, let invite): #expect(invite == nil)
        case .new, .absorbed, .acknowledged, .acknowledgesSuccess, .full: Issue.record("not a CANCEL")
        }
        #expect(table.respond(486, in: id, at: start) == .send)
        #expect(table.receive(try request("ACK"), on: other, at: start) == .acknowledgesSuccess(nil))
        #expect(table.receive(try request("INVITE"), on: other, at: start).newTransaction != nil)
        #expect(table.receive(try request("ACK"), on: here, at: start) == .acknowledged(userTag: 0))
    }

    @Test("RFC 3261 §17.2.1: the ACK to a failure is absorbed and ends the transaction, as timer I is zero")
    func acknowledgedFailure() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.receive(try request("INVITE"), on: here, at: start).newTransaction)
        table.setUserTag(44, of: id)
        #expect(table.receive(try request("ACK"), on: here, at: start) == .absorbed)
        #expect(table.respond(404, in: id, at: start) == .send)
        #expect(table.respond(200, in: id, at: start) == .discard)
        #expect(table.receive(try request("ACK", toTag: "b"), on: here, at: start) == .acknowledged(userTag: 44))
        #expect(table.serverCount == 0)
        #expect(table.nextDeadline == nil)
        #expect(table.respond(404, in: id, at: start) == .discard)
    }

    @Test("RFC 3261 §17.2.1: without ACK timer H ends the transaction and the user is told")
    func timerH() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.receive(try request("INVITE"), on: here, at: start).newTransaction)
        #expect(table.respond(404, in: id, at: start) == .send)
        #expect(table.nextDeadline == start + .seconds(32))
        #expect(table.events(at: start + .seconds(32)) == [.serverNotAcknowledged(id, userTag: 0)])
        #expect(table.serverCount == 0)
    }

    @Test("RFC 6026 §7.1: after a 2xx the INVITE stays absorbed and further 2xx leave until timer L")
    func timerL() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.receive(try request("INVITE"), on: here, at: start).newTransaction)
        #expect(table.respond(200, in: id, at: start) == .send)
        #expect(table.respond(200, in: id, at: start + .seconds(9)) == .send)
        #expect(table.respond(180, in: id, at: start) == .discard)
        #expect(table.respond(486, in: id, at: start) == .discard)
        #expect(table.receive(try request("INVITE"), on: here, at: start) == .absorbed)
        #expect(table.events(at: start + .seconds(31)).isEmpty)
        #expect(table.events(at: start + .seconds(32)) == [.serverEnded(id, userTag: 0)])
        #expect(table.serverCount == 0)
    }

    @Test("RFC 3261 §13.2.2.4: the ACK to a 2xx has a branch of its own and goes to the user")
    func acknowledgedSuccess() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.receive(try request("INVITE"), on: here, at: start).newTransaction)
        #expect(table.respond(200, in: id, at: start) == .send)
        let own = try request("ACK", branch: "z9hG4bKown", toTag: "b")
        #expect(table.receive(own, on: here, at: start) == .acknowledgesSuccess(nil))
        // RFC 6026 §7.1: an ACK with the branch of the INVITE goes to the user as well.
        #expect(table.receive(try request("ACK", toTag: "b"), on: here, at: start) == .acknowledgesSuccess(id))
        #expect(table.serverCount == 1)
    }

    @Test("RFC 3261 §9.2: a CANCEL finds its INVITE by branch and sent-by, and is a transaction of its own")
    func cancel() throws {
        var table = TransactionTestKit.table()
        let invite = try unwrap(table.receive(try request("INVITE"), on: here, at: start).newTransaction)
        guard case .cancel(let own, let found) = table.receive(try request("CANCEL"), on: here, at: start) else {
            Issue.record("not a CANCEL")
            return
        }
        #expect(found == invite)
        #expect(table.receive(try request("CANCEL"), on: here, at: start) == .absorbed)
        #expect(table.respond(200, in: own, at: start) == .sendAndEnd)
        #expect(table.respond(487, in: invite, at: start) == .send)
        guard case .cancel(_, let none) = table.receive(try request("CANCEL", branch: "z9hG4bK9"), on: here, at: start)
        else {
            Issue.record("not a CANCEL")
            return
        }
        #expect(none == nil)
    }

    @Test("RFC 3261 §17.2.2: a request other than INVITE ends with its final response, as timer J is zero")
    func nonInvite() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.receive(try request("MESSAGE"), on: here, at: start).newTransaction)
        #expect(table.respond(100, in: id, at: start) == .send)
        #expect(table.respond(202, in: id, at: start) == .sendAndEnd)
        #expect(table.respond(202, in: id, at: start) == .discard)
        #expect(table.serverCount == 0)
        #expect(table.nextDeadline == nil)
    }

    @Test("RFC 3261 §8.2.2.2: the same From tag, Call-ID and CSeq by another path is merged, with a To tag it is not")
    func merged() throws {
        var table = TransactionTestKit.table()
        let first = try request("INVITE")
        let second = try request("INVITE", branch: "z9hG4bK2")
        let inDialog = try request("INVITE", branch: "z9hG4bK3", toTag: "b")
        let firstID = try unwrap(table.receive(first, on: here, at: start).newTransaction)
        let secondID = try unwrap(table.receive(second, on: here, at: start).newTransaction)
        let dialogID = try unwrap(table.receive(inDialog, on: here, at: start).newTransaction)
        #expect(table.isMerged(first, in: firstID) == false)
        #expect(table.isMerged(first, in: firstID) == false)
        #expect(table.isMerged(second, in: secondID) == true)
        #expect(table.isMerged(inDialog, in: dialogID) == false)
        // Only transactions that are alive count.
        #expect(table.respond(486, in: firstID, at: start) == .send)
        #expect(table.receive(try request("ACK"), on: here, at: start) == .acknowledged(userTag: 0))
        #expect(table.isMerged(second, in: secondID) == false)
    }

    @Test("RFC 6026 §7.1: the end of a connection leaves INVITEs to their timers and ends other requests")
    func connectionClosed() throws {
        var table = TransactionTestKit.table()
        let invite = try unwrap(table.receive(try request("INVITE"), on: here, at: start).newTransaction)
        let message = try unwrap(table.receive(try request("MESSAGE"), on: here, at: start).newTransaction)
        #expect(table.serverCount(on: here) == 2)
        #expect(
            table.eventsOfClosing(here)
                == [.serverUnreachable(invite, userTag: 0), .serverEnded(message, userTag: 0)])
        #expect(table.serverCount == 1)
        #expect(table.respond(486, in: invite, at: start) == .send)
        #expect(table.events(at: start + .seconds(32)) == [.serverNotAcknowledged(invite, userTag: 0)])
    }

    @Test("`serverTransactionsMax` holds; an ACK needs no room")
    func capacity() throws {
        var table = TransactionTestKit.table(servers: 1)
        #expect(table.receive(try request("INVITE"), on: here, at: start).newTransaction != nil)
        #expect(table.receive(try request("MESSAGE"), on: here, at: start) == .full)
        #expect(table.receive(try request("CANCEL"), on: here, at: start) == .full)
        let ack = try request("ACK", branch: "z9hG4bK7", toTag: "b")
        #expect(table.receive(ack, on: here, at: start) == .acknowledgesSuccess(nil))
    }

    @Test("RFC 3261 §17.2.3: a branch without the magic cookie is matched by tags, Call-ID, CSeq and the whole Via")
    func oldBranches() throws {
        var table = TransactionTestKit.table()
        let invite = try TransactionTestKit.request("INVITE", branch: "1")
        let id = try unwrap(table.receive(invite, on: here, at: start).newTransaction)
        #expect(table.receive(invite, on: here, at: start) == .absorbed)
        let other = try TransactionTestKit.request("INVITE", branch: "1", callID: "c2")
        #expect(table.receive(other, on: here, at: start).newTransaction != nil)
        #expect(table.respond(404, in: id, at: start) == .send)
        let ack = try TransactionTestKit.request("ACK", branch: "1", toTag: "b")
        #expect(table.receive(ack, on: here, at: start) == .acknowledged(userTag: 0))
    }

    @Test("RFC 3261 §8.1.1.5: a method in CSeq that is not the request's comes to no transaction")
    func methodsDiffer() {
        #expect(throws: RequestProblem.self) {
            try TransactionTestKit.request("MESSAGE", cSeqMethod: "INVITE")
        }
    }
}
