import Basis
import SIP
import Scenarios
import Trust
import UserAgent

/// Devices connect, speak, and do what their people would do.
extension World {
    // MARK: Connecting

    /// Opens a device's connection, unless it has one or nobody wants it.
    func connect(_ device: Device) {
        device.isDialling = false
        guard device.isWanted, device.link == nil else { return }
        device.generation += 1
        guard let address = lookUp(device) else { return redial(device) }
        guard
            let own = NetworkAddress("10.9.0.\(device.number + 1):\(20_000 + device.generation % 40_000)")
        else { return }
        let name = "sip.\(domain(of: device))"
        let opening = open(
            from: .device(device.number, generation: device.generation), address: address, shown: own,
            as: .registrar(name))
        switch opening {
        case .began(let link): device.link = link.number
        case .failed(_, let interval): redial(device, after: interval)
        }
    }

    /// Tries again after a pause.
    func redial(_ device: Device, after interval: Interval = .zero) {
        guard device.isWanted, !device.isDialling else { return }
        device.isDialling = true
        schedule(.connect(device: device.number), in: interval + dice.milliseconds(200..<(isCalm ? 2_000 : 6_000)))
    }

    /// The connection is up: a new user agent, and a REGISTER.
    func connected(_ device: Device) {
        guard let link = device.link else { return }
        device.isConnected = true
        device.armed = nil
        let id = ConnectionID(shard: ShardID(0), slot: UInt32(link), generation: UInt32(device.generation))
        device.agent = UserAgent(
            account: device.account(domain: domain(of: device)), connection: id,
            chance: chance.derived(for: "device \(device.number) \(device.generation)"))
        note("is connected to \(machines[device.machine].shortName)", at: device.name)
        command(device, .register)
    }

    /// The connection has gone.
    func lost(_ device: Device, _ generation: Int) {
        guard device.generation == generation, device.link != nil else { return }
        note("loses its connection", at: device.name)
        input(.connectionClosed, device)
        observe(.deviceLost(device.number))
        device.agent = nil
        device.isConnected = false
        device.link = nil
        device.witness.losesConnection()
        redial(device)
    }

    func hangUpConnection(_ device: Device) {
        guard let link = device.link else { return }
        close(links[link], .dialler)
    }

    // MARK: Speaking

    func command(_ device: Device, _ command: UserAgentCommand) {
        guard device.isConnected else { return }
        note(describe(command), at: device.name)
        observe(.commanded(device.number, command))
        input(.command(command), device)
    }

    func passTime(_ device: Device, _ generation: Int) {
        guard device.generation == generation, let armed = device.armed, armed <= now else { return }
        device.armed = nil
        input(.timePassed, device)
    }

    /// What the framer found in a device's stream.
    func take(_ framed: Framed, _ device: Device, _ generation: Int) {
        guard device.generation == generation else { return }
        switch framed {
        case .message(let message):
            note("reads \(summary(message))", at: device.name)
            observe(.deviceReceived(device.number, message))
            input(.received(message), device)
        case .keepAlivePong: input(.pong, device)
        case .keepAlivePing: fail("world", "\(device.name) is pinged")
        case .violation(let violation, _): fail("world", "\(device.name) is sent a broken message: \(violation)")
        }
    }

    private func input(_ input: UserAgentInput, _ device: Device) {
        guard var agent = device.agent else { return }
        var outputs: [UserAgentOutput] = []
        agent.handle(input, at: now, into: &outputs)
        device.agent = agent
        arm(device)
        for output in outputs {
            switch output {
            case .send(let bytes): send(bytes, by: device)
            case .event(let event): report(event, device)
            }
        }
    }

    private func arm(_ device: Device) {
        guard let deadline = device.agent?.nextDeadline else { return }
        if let armed = device.armed, armed <= deadline { return }
        device.armed = deadline
        schedule(.timer(device: device.number, generation: device.generation), at: deadline)
    }

    private func send(_ bytes: [UInt8], by device: Device) {
        guard let link = device.link, !links[link].dialler.isClosed else { return }
        var bytes = bytes
        if let message = try? SIPMessage.parse(bytes) {
            bytes = maybeForge(bytes, message)
            note(summary(message), from: device.name, to: machines[device.machine].shortName)
            observe(.deviceSent(device.number, message))
        }
        send(bytes, over: links[link], from: .dialler)
    }

    // MARK: The person

    private func report(_ event: UserAgentEvent, _ device: Device) {
        note(describe(event), at: device.name)
        observe(.deviceReported(device.number, event))
        device.witness.take(event)
        switch event {
        case .registered: device.failures = 0
        case .registrationFailed:
            device.failures += 1
            // A new connection uses the password that is right by now.
            if device.isAutonomous, device.isConnected { hangUpConnection(device) }
        case .incomingCall(let handle, _):
            if device.isAutonomous { decideAboutCall(handle, device) }
        case .callAnswered(let handle):
            if device.isAutonomous, !isCalm, handle.number >= 0x8000_0000, dice.happens(300) {
                intend(.hangUp(handle), device, in: dice.milliseconds(2_000..<10_000))
            }
        case .messageReceived, .messageDelivered, .messageFailed, .callEnded, .unregistered, .callRinging,
            .optionsAnswered, .flowFailed:
            break
        }
        if case .flowFailed = event, device.link != nil { hangUpConnection(device) }
    }

    private func decideAboutCall(_ handle: CallHandle, _ device: Device) {
        let choice = isCalm ? 0 : dice.below(10)
        let delay = isCalm ? dice.milliseconds(200..<900) : dice.milliseconds(50..<8_000)
        if choice < 6 { intend(.answer(handle), device, in: delay) }
        if choice == 6 || choice == 7 { intend(.reject(handle), device, in: delay) }
    }

    func intend(_ intention: UserIntention, _ device: Device, in interval: Interval) {
        schedule(.intention(device: device.number, generation: device.generation, intention), in: interval)
    }

    func carryOut(_ intention: UserIntention, _ device: Device, _ generation: Int) {
        guard device.generation == generation, device.isConnected else { return }
        switch intention {
        case .answer(let handle): command(device, .answer(handle))
        case .reject(let handle): command(device, .reject(handle, status: 486))
        case .hangUp(let handle): command(device, .hangUp(handle))
        case .register: command(device, .register)
        }
    }

    /// Begins a call and returns its handle; nil while the device has no connection.
    @discardableResult
    func call(from device: Device, to user: String) -> CallHandle? {
        guard device.isConnected, let address = address(ofUser: user) else { return nil }
        device.lastHandle += 1
        let handle = CallHandle(device.lastHandle)
        device.witness.begins(handle)
        command(device, .call(to: "sip:\(address)", handle))
        return handle
    }

    /// Sends a message and returns its tag; nil while the device has no connection.
    @discardableResult
    func sendMessage(from device: Device, to user: String, text: String? = nil) -> UInt32? {
        guard device.isConnected, let address = address(ofUser: user) else { return nil }
        lastMessage += 1
        let text = text ?? "\(lastMessage) from \(device.name)"
        device.witness.sends(text, tag: lastMessage)
        command(device, .sendMessage(to: "sip:\(address)", text: text, tag: lastMessage))
        return lastMessage
    }
}
