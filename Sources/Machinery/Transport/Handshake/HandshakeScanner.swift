/// Finds whole handshake messages in the octets of one direction of a TLS connection that is still in the clear.
///
/// It follows the record layer (RFC 8446 §5.1) and the handshake header (RFC 8446 §4), keeps the messages it was told to
/// look for, and counts its way over the others. It never judges: BoringSSL does that on the same octets.
struct HandshakeScanner {
    /// The types of handshake messages that are read here.
    enum MessageType: UInt8 {
        case clientHello = 1
        case serverHello = 2
        case serverKeyExchange = 12
        case serverHelloDone = 14
    }

    /// One whole message: its type, and what follows the four octets of its header.
    struct Message {
        let type: MessageType
        let body: [UInt8]
    }

    /// The longest message that is kept. A ClientHello with post-quantum key shares has some 1,800 octets.
    static let messageBytesMax = 16_384
    /// RFC 8446 §5.1 allows 16,384 octets in a record in the clear; older versions somewhat more.
    static let recordBytesMax = 18_432

    private enum ContentType {
        static let changeCipherSpec: UInt8 = 20
        static let handshake: UInt8 = 22
    }

    private var recordHeader: [UInt8] = []
    private var recordLeft = 0
    private var recordIsHandshake = false
    private var messageHeader: [UInt8] = []
    private var messageLeft = 0
    private var kept: MessageType?
    private var body: [UInt8] = []

    /// Whether this direction is encrypted, broken or finished: later octets are ignored.
    private(set) var hasEnded = false

    /// Reads `bytes` and calls `found` for each message; stops for good when `found` returns false.
    mutating func receive(_ bytes: Span<UInt8>, found: (Message) -> Bool) {
        var position = 0
        while position < bytes.count, !hasEnded {
            if recordLeft == 0 {
                readRecordHeader(bytes[position])
                position += 1
            } else if !recordIsHandshake {
                let step = min(recordLeft, bytes.count - position)
                recordLeft -= step
                position += step
            } else {
                recordLeft -= 1
                if let message = readHandshake(bytes[position]), !found(message) { end() }
                position += 1
            }
        }
    }

    private mutating func readRecordHeader(_ byte: UInt8) {
        recordHeader.append(byte)
        guard recordHeader.count == 5 else { return }
        let length = Int(recordHeader[3]) << 8 | Int(recordHeader[4])
        let type = recordHeader[0]
        recordHeader.removeAll(keepingCapacity: true)
        // RFC 8446 §D.4: a change_cipher_spec record may stand between a HelloRetryRequest and what follows it.
        guard type == ContentType.handshake || type == ContentType.changeCipherSpec, length <= Self.recordBytesMax
        else {
            return end()
        }
        recordIsHandshake = type == ContentType.handshake
        recordLeft = length
    }

    private mutating func readHandshake(_ byte: UInt8) -> Message? {
        if messageHeader.count < 4 {
            messageHeader.append(byte)
            guard messageHeader.count == 4 else { return nil }
            messageLeft = Int(messageHeader[1]) << 16 | Int(messageHeader[2]) << 8 | Int(messageHeader[3])
            kept = messageLeft <= Self.messageBytesMax ? MessageType(rawValue: messageHeader[0]) : nil
        } else {
            messageLeft -= 1
            if kept != nil { body.append(byte) }
        }
        guard messageLeft == 0 else { return nil }
        defer {
            messageHeader.removeAll(keepingCapacity: true)
            body = []
        }
        return kept.map { Message(type: $0, body: body) }
    }

    private mutating func end() {
        hasEnded = true
        recordHeader = []
        messageHeader = []
        body = []
    }
}
