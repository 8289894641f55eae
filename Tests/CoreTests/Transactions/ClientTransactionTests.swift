import Basis
import SIP
import Testing
import Transactions

@Suite("RFC 3261 §17.1: the client side of the table")
struct ClientTransactionTests {
    private let start = TransactionTestKit.start
    private let here = TransactionTestKit.here

    @Test("RFC 3261 §17.1.1.2: an INVITE without any response times out after 64*T1 and not a nanosecond before")
    func timerB() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.startInvite(on: here, userTag: 5, at: start))
        #expect(table.nextDeadline == start + .seconds(32))
        #expect(table.events(at: Instant(nanoseconds: (start + .seconds(32)).nanoseconds - 1)).isEmpty)
        #expect(table.events(at: start + .seconds(32)) == [.clientTimedOut(id, userTag: 5)])
        #expect(table.clientCount == 0)
        #expect(table.nextDeadline == nil)
    }

    @Test("RFC 3261 §17.1.1.2: after a provisional response an INVITE waits without limit")
    func proceedingWaits() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.startInvite(on: here, userTag: 5, at: start))
        #expect(table.receive(status: 180, method: .invite, for: id, on: here, at: start) == .provisional(userTag: 5))
        #expect(table.nextDeadline == nil)
        #expect(table.events(at: start + .seconds(100_000)).isEmpty)
        #expect(table.clientCount == 1)
    }

    @Test("RFC 3261 §17.1.1.3: a final response other than 2xx asks for the ACK and ends the transaction at once")
    func failure() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.startInvite(on: here, userTag: 5, at: start))
        #expect(table.receive(status: 486, method: .invite, for: id, on: here, at: start) == .failure(userTag: 5))
        #expect(table.receive(status: 486, method: .invite, for: id, on: here, at: start) == .unknown)
        #expect(table.clientCount == 0)
        #expect(table.nextDeadline == nil)
    }

    @Test("RFC 6026 §7.2: every 2xx to an INVITE is passed on until timer M, and nothing else is")
    func accepted() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.startInvite(on: here, userTag: 5, at: start))
        let answered = start + .seconds(20)
        #expect(table.receive(status: 200, method: .invite, for: id, on: here, at: answered) == .success(userTag: 5))
        #expect(table.receive(status: 200, method: .invite, for: id, on: here, at: answered) == .success(userTag: 5))
        #expect(table.receive(status: 180, method: .invite, for: id, on: here, at: answered) == .absorbed)
        #expect(table.receive(status: 486, method: .invite, for: id, on: here, at: answered) == .absorbed)
        #expect(table.events(at: answered + .seconds(31)).isEmpty)
        #expect(table.events(at: answered + .seconds(32)) == [.clientEnded(id, userTag: 5)])
        #expect(table.receive(status: 200, method: .invite, for: id, on: here, at: answered) == .unknown)
    }

    @Test("RFC 3261 §17.1.2.2: timer F ends a request other than INVITE even after a provisional response")
    func timerF() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.startNonInvite(.message, on: here, userTag: 9, at: start))
        #expect(table.receive(status: 100, method: .message, for: id, on: here, at: start) == .provisional(userTag: 9))
        #expect(table.events(at: start + .seconds(32)) == [.clientTimedOut(id, userTag: 9)])
    }

    @Test("RFC 3261 §17.1.2.2: the final response of another request is passed on once")
    func nonInviteFinal() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.startNonInvite(.message, on: here, userTag: 9, at: start))
        #expect(table.receive(status: 200, method: .message, for: id, on: here, at: start) == .final(userTag: 9))
        #expect(table.receive(status: 200, method: .message, for: id, on: here, at: start) == .unknown)
        #expect(table.nextDeadline == nil)
    }

    @Test("RFC 3261 §17.1.3: a response with another method in CSeq matches nothing")
    func methodMustMatch() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.startNonInvite(.message, on: here, userTag: 9, at: start))
        #expect(table.receive(status: 200, method: .invite, for: id, on: here, at: start) == .unknown)
        #expect(table.receive(status: 200, method: .cancel, for: id, on: here, at: start) == .unknown)
        #expect(table.clientCount == 1)
    }

    @Test("RFC 3261 §18.1.2: a response on another connection than its request matches nothing")
    func connectionMustMatch() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.startInvite(on: here, userTag: 9, at: start))
        let other = TransactionTestKit.elsewhere
        #expect(table.receive(status: 200, method: .invite, for: id, on: other, at: start) == .unknown)
        #expect(table.receive(status: 200, method: .invite, for: id, on: here, at: start) == .success(userTag: 9))
    }

    @Test("RFC 3261 §17.1.3: identifiers of another shard, slot or generation match nothing")
    func staleIdentifiers() throws {
        var table = TransactionTestKit.table()
        let first = try unwrap(table.startInvite(on: here, userTag: 1, at: start))
        table.end(first)
        let second = try unwrap(table.startInvite(on: here, userTag: 2, at: start))
        #expect(second.slot == first.slot)
        #expect(second.generation != first.generation)
        #expect(table.receive(status: 200, method: .invite, for: first, on: here, at: start) == .unknown)
        for raw in [0, UInt64.max, second.rawValue ^ 1 << 56, second.rawValue ^ 1 << 32] {
            let id = ClientTransactionID(rawValue: raw)
            #expect(table.receive(status: 200, method: .invite, for: id, on: here, at: start) == .unknown)
        }
        #expect(table.receive(status: 200, method: .invite, for: second, on: here, at: start) == .success(userTag: 2))
    }

    @Test("RFC 3261 §9.1: a CANCEL waits for the first provisional response and shares the branch of its INVITE")
    func cancelWaits() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.startInvite(on: here, userTag: 1, at: start))
        #expect(table.cancel(id, at: start) == .afterProvisional)
        #expect(
            table.receive(status: 100, method: .invite, for: id, on: here, at: start)
                == .provisionalThenCancel(userTag: 1))
        #expect(table.receive(status: 180, method: .invite, for: id, on: here, at: start) == .provisional(userTag: 1))
        #expect(table.cancel(id, at: start) == .tooLate)
        #expect(table.receive(status: 200, method: .cancel, for: id, on: here, at: start) == .absorbed)
        #expect(table.receive(status: 487, method: .invite, for: id, on: here, at: start) == .failure(userTag: 1))
        #expect(table.nextDeadline == nil)
    }

    @Test("RFC 3261 §9.1: 64*T1 after its CANCEL an INVITE without final response has ended")
    func cancelWait() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.startInvite(on: here, userTag: 1, at: start))
        _ = table.receive(status: 180, method: .invite, for: id, on: here, at: start)
        let cancelled = start + .seconds(60)
        #expect(table.cancel(id, at: cancelled) == .send)
        #expect(table.nextDeadline == cancelled + .seconds(32))
        #expect(table.events(at: cancelled + .seconds(32)) == [.clientTimedOut(id, userTag: 1)])
        #expect(table.clientCount == 0)
    }

    @Test("RFC 3261 §9.1: a 2xx that crosses the CANCEL is passed on")
    func cancelCrossesSuccess() throws {
        var table = TransactionTestKit.table()
        let id = try unwrap(table.startInvite(on: here, userTag: 1, at: start))
        _ = table.receive(status: 180, method: .invite, for: id, on: here, at: start)
        #expect(table.cancel(id, at: start) == .send)
        #expect(table.receive(status: 200, method: .invite, for: id, on: here, at: start) == .success(userTag: 1))
        #expect(table.cancel(id, at: start) == .tooLate)
        #expect(table.events(at: start + .seconds(32)) == [.clientEnded(id, userTag: 1)])
    }

    @Test("RFC 3261 §17.1.4: the end of a connection fails what waits on it, and leaves the rest alone")
    func connectionClosed() throws {
        var table = TransactionTestKit.table()
        let invite = try unwrap(table.startInvite(on: here, userTag: 1, at: start))
        let message = try unwrap(table.startNonInvite(.message, on: here, userTag: 2, at: start))
        let accepted = try unwrap(table.startInvite(on: here, userTag: 3, at: start))
        _ = table.receive(status: 200, method: .invite, for: accepted, on: here, at: start)
        _ = try unwrap(table.startInvite(on: TransactionTestKit.elsewhere, userTag: 4, at: start))
        #expect(table.clientCount(on: here) == 3)
        #expect(
            table.eventsOfClosing(here) == [.clientFailed(invite, userTag: 1), .clientFailed(message, userTag: 2)])
        #expect(table.clientCount(on: here) == 1)
        #expect(table.clientCount(on: TransactionTestKit.elsewhere) == 1)
    }

    @Test("`clientTransactionsMax` holds, and a slot comes back when its transaction has ended")
    func capacity() throws {
        var table = TransactionTestKit.table(clients: 2)
        let first = try unwrap(table.startInvite(on: here, userTag: 1, at: start))
        _ = try unwrap(table.startNonInvite(.options, on: here, userTag: 2, at: start))
        #expect(table.startInvite(on: here, userTag: 3, at: start) == nil)
        table.end(first)
        #expect(table.startInvite(on: here, userTag: 3, at: start) != nil)
    }

    @Test("RFC 3261 §17.1: in 20,000 random steps every transaction ends once, in its time, and nothing stays")
    func randomSteps() {
        var table = TransactionTestKit.table(clients: 200)
        var chance = Chance(seed: [9])
        var open: [UInt64: (id: ClientTransactionID, method: Method)] = [:]
        var order: [UInt64] = []
        var ended: Set<UInt64> = []
        var now = start
        var tag: UInt64 = 0
        func finish(_ finished: UInt64) {
            #expect(ended.insert(finished).inserted)
            open[finished] = nil
        }
        for _ in 0..<20_000 {
            now = now + .milliseconds(chance.next() % 400)
            for event in table.events(at: now) {
                switch event {
                case .clientTimedOut(_, let tag), .clientFailed(_, let tag), .clientEnded(_, let tag): finish(tag)
                case .serverEnded, .serverNotAcknowledged, .serverUnreachable: Issue.record("no server here")
                }
            }
            let method: Method = chance.next() % 2 == 0 ? .invite : .message
            if chance.next() % 2 == 0 {
                let id =
                    method == .invite
                    ? table.startInvite(on: here, userTag: tag + 1, at: now)
                    : table.startNonInvite(method, on: here, userTag: tag + 1, at: now)
                guard let id else { continue }
                tag += 1
                open[tag] = (id, method)
                order.append(tag)
            } else if !order.isEmpty {
                let chosen = order[Int(chance.next() % UInt64(order.count))]
                guard let (id, method) = open[chosen] else { continue }
                let status: UInt16 = [100, 180, 200, 202, 404, 486, 603][Int(chance.next() % 7)]
                switch table.receive(status: status, method: method, for: id, on: here, at: now) {
                case .failure(let tag), .final(let tag): finish(tag)
                case .provisional, .success, .absorbed: break
                case .unknown, .provisionalThenCancel: Issue.record("an open transaction is known")
                }
            }
            if chance.next() % 8 == 0, let chosen = order.randomElement(using: &chance), let one = open[chosen] {
                _ = table.cancel(one.id, at: now)
                _ = table.receive(status: 100, method: one.method, for: one.id, on: here, at: now)
            }
            #expect(table.clientCount == open.count)
        }
        for left in open.keys.sorted() {
            if let (id, _) = open[left] { table.end(id) }
        }
        #expect(table.clientCount == 0)
        #expect(table.clientCount(on: here) == 0)
        #expect(table.nextDeadline == nil)
    }
}
