import Basis
import SIP
import UserAgent

/// Pager-mode messages: nobody receives one twice, one that was delivered has been received, and From is the sender.
final class DeliveryChecker: Checker {
    let name = "delivery"

    private struct Sent {
        let from: String
        let text: String
    }

    private var sent: [UInt32: Sent] = [:]
    private var senderOfText: [String: String] = [:]
    private var received: [String: Set<Int>] = [:]

    func observe(_ fact: Fact, in world: World) {
        switch fact {
        case .commanded(let device, .sendMessage(_, let text, let tag)):
            let address = "sip:\(world.devices[device].user)@\(world.domain(of: world.devices[device]))"
            sent[tag] = Sent(from: address, text: text)
            senderOfText[text] = address
        case .deviceReported(let device, .messageReceived(let from, _, let body)):
            let text = String(decoding: body, as: UTF8.self)
            if !received[text, default: []].insert(device).inserted {
                fail("\(world.devices[device].name) receives \"\(text)\" twice", in: world)
            }
            if senderOfText[text] != from {
                fail("\"\(text)\" of \(senderOfText[text] ?? "nobody") comes from \(from)", in: world)
            }
        case .deviceReported(_, .messageDelivered(let tag, _)):
            if let message = sent[tag], received[message.text]?.isEmpty ?? true {
                fail("\"\(message.text)\" is delivered, and nobody has received it", in: world)
            }
        case .read, .wrote, .admitted, .closing, .gone, .reported, .turned, .crashed, .started, .appended, .committed,
            .published, .trusted,
            .commanded, .deviceSent, .deviceReceived, .deviceReported, .deviceLost, .second:
            break
        }
    }

    func rest(in world: World) {}
}
