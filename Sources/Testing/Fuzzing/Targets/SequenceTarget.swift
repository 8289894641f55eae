import Basis
import SIP
import Transactions

extension FuzzTarget {
    /// The table of transactions and its four machines, driven by a list of inputs, beside a model that keeps score.
    static let sequence = FuzzTarget(
        "sequence", "a list of inputs of the transaction table", bytesMax: 4_096, seeds: { sequenceSeeds }
    ) { bytes in
        var choices = Choices(bytes)
        try checkMachines(&choices)
        var score = TransactionScore()
        while !choices.isAtEnd { try score.step(by: &choices) }
        try score.finish()
    }

    /// Octets of the events for the machines, which stand first, see `checkMachines`.
    private static let noMachineEvents: [UInt8] = [0]

    private static let sequenceSeeds: [[UInt8]] = [
        // An INVITE out, 180, 200, 200 again, and timer M.
        noMachineEvents + [0, 0, 3, 0, 0, 180, 3, 0, 0, 200, 3, 0, 0, 200, 12, 65],
        // An INVITE out, its CANCEL before anything came, 180, 487.
        noMachineEvents + [0, 1, 2, 0, 3, 0, 0, 180, 3, 0, 0, 231, 12, 65],
        // A request out, and its connection closes.
        noMachineEvents + [1, 2, 13, 2],
        // An INVITE in, 100, 486, its ACK.
        noMachineEvents + [6, 0, 0, 1, 7, 0, 100, 7, 0, 230, 6, 1, 0, 1],
        // An INVITE in, a CANCEL, 200 to it, 487, and timer H.
        noMachineEvents + [6, 0, 0, 1, 6, 2, 0, 1, 7, 1, 200, 7, 0, 231, 12, 65],
        // A MESSAGE in, twice, 202, and again.
        noMachineEvents + [6, 3, 1, 2, 6, 3, 1, 2, 8, 0, 7, 0, 202, 6, 3, 1, 2],
        [24] + (0..<24).map { UInt8($0 * 11) } + [0, 0],
    ]

    /// RFC 3261 §17, RFC 6026 §8: what is terminated stays so and does nothing more.
    private static func checkMachines(_ choices: inout Choices) throws(Finding) {
        var inviteClient = InviteClientTransaction()
        var otherClient = NonInviteClientTransaction()
        var inviteServer = InviteServerTransaction()
        var otherServer = NonInviteServerTransaction()
        for _ in 0..<choices.number(below: 64) {
            let number = Int(choices.octet())
            let before = (inviteClient.state, otherClient.state, inviteServer.state, otherServer.state)
            let first = inviteClient.handle(pick(InviteClientTransaction.Event.allCases, number))
            let second = otherClient.handle(pick(NonInviteClientTransaction.Event.allCases, number))
            let third = inviteServer.handle(pick(InviteServerTransaction.Event.allCases, number))
            let fourth = otherServer.handle(pick(NonInviteServerTransaction.Event.allCases, number))
            try Finding.unless(
                before.0 != .terminated || first == .ignore && inviteClient.state == .terminated, "INVITE client")
            try Finding.unless(
                before.1 != .terminated || second == .ignore && otherClient.state == .terminated, "other client")
            try Finding.unless(
                before.2 != .terminated || third == .ignore && inviteServer.state == .terminated, "INVITE server")
            try Finding.unless(
                before.3 != .terminated || fourth == .ignore && otherServer.state == .terminated, "other server")
            try Finding.unless(
                inviteClient.state.rawValue >= before.0.rawValue && otherClient.state.rawValue >= before.1.rawValue
                    && inviteServer.state.rawValue >= before.2.rawValue
                    && otherServer.state.rawValue >= before.3.rawValue, "a machine went back")
        }
    }

    private static func pick<Event>(_ events: [Event], _ number: Int) -> Event { events[number % events.count] }
}

/// A table, and what is known about each of its transactions without looking into it.
private struct TransactionScore {
    private struct Client {
        var method: Method
        var connection: ConnectionID
        var tag: UInt64
        var started: Instant
        var hasProvisional = false
        var hasSuccess = false
    }

    private struct Server {
        var isInvite: Bool
        var connection: ConnectionID
        var hasSuccess = false
        var hasFailure = false
    }

    private static let limit = 6
    private static let connections = (0..<4).map { ConnectionID(shard: ShardID(3), slot: $0, generation: 1) }
    private static let methods: [Method] = [.message, .bye, .register, .options]
    /// Longer than any timer of the table.
    private static let longest = TransactionTimers.timerB

    private var table: TransactionTable
    private var now = Instant.zero + .seconds(1_000)
    private var clients: [ClientTransactionID: Client] = [:]
    private var servers: [ServerTransactionID: Server] = [:]
    /// Every identifier so far, in order, so that a choice can name one, ended or not.
    private var clientNames: [ClientTransactionID] = []
    private var serverNames: [ServerTransactionID] = []
    private var lastTag: UInt64 = 0

    init() {
        var chance = Chance(seed: [1])
        var limits = TransactionLimits()
        limits.clientTransactionsMax = Self.limit
        limits.serverTransactionsMax = Self.limit
        table = TransactionTable(shard: ShardID(3), chance: &chance, limits: limits)
    }

    mutating func step(by choices: inout Choices) throws(Finding) {
        switch choices.number(below: 14) {
        case 0: try start(.invite, on: connection(&choices))
        case 1: try start(choices.element(of: Self.methods) ?? .message, on: connection(&choices))
        case 2: try cancel(choices.element(of: clientNames))
        case 3: try response(to: choices.element(of: clientNames), &choices)
        case 4:
            if let id = choices.element(of: clientNames) {
                table.end(id)
                clients[id] = nil
            }
        case 5: try transportFailed(choices.element(of: clientNames))
        case 6: try request(&choices)
        case 7:
            try respond(
                choices.element(of: serverNames), 100 + UInt16(choices.octet()) * 2 + UInt16(choices.octet() & 1))
        case 8: try respond(choices.element(of: serverNames), UInt16(choices.octet()))
        case 9:
            if let id = choices.element(of: serverNames), servers[id]?.isInvite != true {
                table.end(id)
                servers[id] = nil
            }
        case 10:
            if let id = choices.element(of: serverNames) {
                table.setUserTag(7, of: id)
                try Finding.unless(
                    (table.userTag(of: id) == 7) == (servers[id] != nil), "\(id) has a tag it should not")
            }
        case 11: try pass(.milliseconds(UInt64(choices.octet()) * 100))
        case 12: try pass(.seconds(UInt64(choices.octet())))
        default: try close(connection(&choices))
        }
        try compare()
    }

    /// Nothing but an INVITE that somebody is still thinking about outlives the timers.
    mutating func finish() throws(Finding) {
        try pass(Self.longest)
        try pass(Self.longest)
        try Finding.unless(
            clients.values.allSatisfy { $0.method == .invite && $0.hasProvisional }, "clients outlive their timers")
        for connection in Self.connections { try close(connection) }
        try pass(Self.longest)
        try compare()
        try Finding.unless(clients.isEmpty, "clients outlive their connection")
        try Finding.unless(
            servers.values.allSatisfy { $0.isInvite && !$0.hasSuccess && !$0.hasFailure },
            "servers outlive their connection")
        if servers.isEmpty { try Finding.unless(table.nextDeadline == nil, "an empty table has a deadline") }
    }

    private func connection(_ choices: inout Choices) -> ConnectionID {
        choices.element(of: Self.connections) ?? Self.connections[0]
    }

    private func compare() throws(Finding) {
        try Finding.unless(
            table.clientCount == clients.count, "\(table.clientCount) clients, \(clients.count) are expected")
        try Finding.unless(
            table.serverCount == servers.count, "\(table.serverCount) servers, \(servers.count) are expected")
        for connection in Self.connections {
            let (clients, servers) = (
                clients.values.count { $0.connection == connection },
                servers.values.count { $0.connection == connection }
            )
            try Finding.unless(
                table.clientCount(on: connection) == clients && table.serverCount(on: connection) == servers,
                "the chains of \(connection) are wrong")
        }
        for name in clientNames {
            try Finding.unless(
                table.userTag(of: name) == clients[name]?.tag
                    && table.connection(of: name) == clients[name]?.connection,
                "\(name) is not what it was")
        }
        for name in serverNames {
            try Finding.unless(table.connection(of: name) == servers[name]?.connection, "\(name) is not what it was")
        }
        if let next = table.nextDeadline { try Finding.unless(next > now, "the deadline \(next) has passed") }
    }
}

extension TransactionScore {
    // MARK: Client side

    private mutating func start(_ method: Method, on connection: ConnectionID) throws(Finding) {
        lastTag += 1
        let id =
            method == .invite
            ? table.startInvite(on: connection, userTag: lastTag, at: now)
            : table.startNonInvite(method, on: connection, userTag: lastTag, at: now)
        guard let id else {
            return try Finding.unless(clients.count == Self.limit, "the table is full with \(clients.count)")
        }
        try Finding.unless(clients.count < Self.limit, "the table takes more than its limit")
        try Finding.unless(!clientNames.contains(id), "\(id) is used again")
        clients[id] = Client(method: method, connection: connection, tag: lastTag, started: now)
        clientNames.append(id)
    }

    private mutating func cancel(_ id: ClientTransactionID?) throws(Finding) {
        guard let id else { return }
        let verdict = table.cancel(id, at: now)
        guard let client = clients[id], client.method == .invite, !client.hasSuccess else {
            return try Finding.unless(verdict == .tooLate, "a CANCEL of \(id) is \(verdict)")
        }
        // RFC 3261 §9.1: not before a provisional response.
        try Finding.unless(
            client.hasProvisional ? verdict != .afterProvisional : verdict == .afterProvisional,
            "a CANCEL of \(id) is \(verdict)")
    }

    private mutating func response(to id: ClientTransactionID?, _ choices: inout Choices) throws(Finding) {
        guard let id else { return }
        let other = choices.octet()
        let status = 100 + UInt16(choices.octet()) * 2
        guard let client = clients[id] else {
            let verdict = table.receive(status: status, method: .invite, for: id, on: Self.connections[0], at: now)
            return try Finding.unless(verdict == .unknown, "\(id) has ended, and a \(status) is \(verdict)")
        }
        if other & 3 == 1 {
            let elsewhere = Self.connections.first { $0 != client.connection } ?? client.connection
            let verdict = table.receive(status: status, method: client.method, for: id, on: elsewhere, at: now)
            return try Finding.unless(verdict == .unknown, "a \(status) of another connection is \(verdict)")
        }
        let method: Method = other & 3 == 2 ? .cancel : other & 3 == 3 ? .prack : client.method
        let verdict = table.receive(status: status, method: method, for: id, on: client.connection, at: now)
        guard method == client.method else {
            return try Finding.unless(
                verdict == .unknown || verdict == .absorbed && method == .cancel,
                "a \(status) to \(method) is \(verdict)")
        }
        try judge(verdict, status, id, client)
    }

    /// RFC 3261 §17.1.1.2, RFC 3261 §17.1.2.2, RFC 6026 §7.2: what a response of this status may be.
    private mutating func judge(
        _ verdict: ClientVerdict, _ status: UInt16, _ id: ClientTransactionID, _ client: Client
    ) throws(Finding) {
        let isFitting: Bool
        switch (verdict, client.method == .invite) {
        case (.provisional(let tag), _):
            isFitting = status < 200 && !client.hasSuccess && tag == client.tag
            clients[id]?.hasProvisional = true
        case (.provisionalThenCancel(let tag), true):
            isFitting = status < 200 && !client.hasProvisional && tag == client.tag
            clients[id]?.hasProvisional = true
        case (.success(let tag), true):
            isFitting = (200..<300).contains(status) && tag == client.tag
            clients[id]?.hasSuccess = true
            if !client.hasSuccess { clients[id]?.started = now }
        case (.failure(let tag), true):
            isFitting = status >= 300 && !client.hasSuccess && tag == client.tag
            clients[id] = nil
        case (.final(let tag), false):
            isFitting = status >= 200 && tag == client.tag
            clients[id] = nil
        case (.absorbed, true):
            isFitting = client.hasSuccess && !(200..<300).contains(status)
        case (.unknown, _):
            isFitting = status > 699
        case (.provisionalThenCancel, false), (.success, false), (.failure, false), (.final, true), (.absorbed, false):
            isFitting = false
        }
        try Finding.unless(
            isFitting, "a \(status) to \(client.method), of which this is known: \(client), is \(verdict)")
    }

    private mutating func transportFailed(_ id: ClientTransactionID?) throws(Finding) {
        guard let id else { return }
        var events: [TransactionEvent] = []
        table.transportFailed(id, into: &events)
        try take(events)
    }

    // MARK: Server side

    private mutating func request(_ choices: inout Choices) throws(Finding) {
        let methods = ["INVITE", "ACK", "CANCEL", "MESSAGE", "BYE", "FOO"]
        let method = choices.element(of: methods) ?? "INVITE"
        let connection = connection(&choices)
        let number = choices.octet()
        let cookie = number & 64 == 0 ? "z9hG4bK" : ""
        let text = """
            \(method) sip:bob@contoso.example SIP/2.0
            Via: SIP/2.0/TLS a.example;branch=\(cookie)\(number & 3)
            From: <sip:alice@contoso.example>;tag=\(number >> 2 & 3)
            To: <sip:bob@contoso.example>\(number & 128 == 0 ? "" : ";tag=t")
            Call-ID: c\(number >> 4 & 1)
            CSeq: 1 \(method)
            """
        guard let message = try? SIPMessage.parse(Letter(text).bytes), let request = try? ValidRequest(message) else {
            throw Finding("the letter is no request")
        }
        let verdict = table.receive(request, on: connection, at: now)
        switch verdict {
        case .new(let id):
            try begin(id, isInvite: method == "INVITE", on: connection)
            try Finding.unless(method != "CANCEL" && method != "ACK", "\(method) is \(verdict)")
            if number & 32 != 0 { _ = table.isMerged(request, in: id) }
        case .cancel(let id, let invite):
            try begin(id, isInvite: false, on: connection)
            try Finding.unless(method == "CANCEL", "\(method) is \(verdict)")
            if let invite {
                try Finding.unless(
                    servers[invite]?.isInvite == true && servers[invite]?.connection == connection,
                    "a CANCEL means \(invite), which is no INVITE of its connection")
            }
        case .absorbed: break
        case .acknowledged: try acknowledge(on: connection, method)
        case .acknowledgesSuccess(let id):
            guard let id else { break }
            try Finding.unless(
                method == "ACK" && servers[id]?.hasSuccess == true && servers[id]?.connection == connection,
                "\(method) is \(verdict)")
        case .full: try Finding.unless(servers.count == Self.limit, "the table is full with \(servers.count)")
        }
    }

    private mutating func begin(_ id: ServerTransactionID, isInvite: Bool, on connection: ConnectionID) throws(Finding)
    {
        try Finding.unless(servers.count < Self.limit, "the table takes more than its limit")
        try Finding.unless(!serverNames.contains(id), "\(id) is used again")
        servers[id] = Server(isInvite: isInvite, connection: connection)
        serverNames.append(id)
    }

    /// The one transaction that the ACK ended had a final response other than 2xx, and the connection of the ACK.
    private mutating func acknowledge(on connection: ConnectionID, _ method: String) throws(Finding) {
        let ended = servers.keys.filter { table.connection(of: $0) == nil }
        try Finding.unless(method == "ACK" && ended.count == 1, "\(method) ends \(ended.count) transactions")
        for id in ended {
            try Finding.unless(
                servers[id]?.hasFailure == true && servers[id]?.connection == connection, "\(id) is acknowledged")
            servers[id] = nil
        }
    }

    private mutating func respond(_ id: ServerTransactionID?, _ status: UInt16) throws(Finding) {
        guard let id else { return }
        let verdict = table.respond(status, in: id, at: now)
        guard let server = servers[id], (100...699).contains(status), !server.hasFailure,
            !server.hasSuccess || (200..<300).contains(status)
        else { return try Finding.unless(verdict == .discard, "a \(status) in \(id) is \(verdict)") }
        switch verdict {
        case .send:
            try Finding.unless(server.isInvite || status < 200, "a \(status) does not end \(id)")
            if status >= 300 {
                servers[id]?.hasFailure = true
            } else if status >= 200 {
                servers[id]?.hasSuccess = true
            }
        case .sendAndEnd:
            try Finding.unless(!server.isInvite && status >= 200, "a \(status) ends \(id)")
            servers[id] = nil
        case .discard: throw Finding("a \(status) in \(id) is not sent")
        }
    }

    // MARK: Time and connections

    private mutating func pass(_ interval: Interval) throws(Finding) {
        now = now + interval
        var events: [TransactionEvent] = []
        table.advance(to: now, into: &events)
        try take(events)
        for (id, client) in clients where client.method != .invite || !client.hasProvisional || client.hasSuccess {
            try Finding.unless(client.started + Self.longest > now, "\(id) outlives its timer")
        }
    }

    private mutating func close(_ connection: ConnectionID) throws(Finding) {
        var events: [TransactionEvent] = []
        table.connectionClosed(connection, into: &events)
        try take(events)
    }

    /// Each transaction ends once, with the tag that it has.
    private mutating func take(_ events: [TransactionEvent]) throws(Finding) {
        for event in events {
            switch event {
            case .clientTimedOut(let id, let tag), .clientFailed(let id, let tag):
                try Finding.unless(clients[id]?.tag == tag && clients[id]?.hasSuccess == false, "\(event)")
                clients[id] = nil
            case .clientEnded(let id, let tag):
                try Finding.unless(clients[id]?.tag == tag && clients[id]?.hasSuccess == true, "\(event)")
                clients[id] = nil
            case .serverEnded(let id, _):
                try Finding.unless(servers[id] != nil, "\(event)")
                servers[id] = nil
            case .serverNotAcknowledged(let id, _):
                try Finding.unless(servers[id]?.hasFailure == true, "\(event)")
                servers[id] = nil
            case .serverUnreachable(let id, _):
                try Finding.unless(servers[id]?.isInvite == true, "\(event)")
            }
        }
    }
}
