import Authority

/// Octets in DER as a tree that an input may change in places, so that every length around a change stays right. What is wrapped
/// in an OCTET STRING, as an extension is, belongs to the tree.
struct DERTree {
    private enum Content {
        case octets([UInt8])
        /// What stands in front of the nodes: nothing, or a first octet that counts unused bits.
        case nodes([DERTree])
    }

    private var tag: UInt8
    private var content: Content

    /// Deeper nodes are left as octets.
    private static let depthMax = 16
    private static let octetString: UInt8 = 0x04

    /// Reads octets that are one node and nothing more; nil for anything else.
    init?(_ bytes: [UInt8]) {
        guard let (nodes, end) = Self.read(bytes[...], depth: 0), nodes.count == 1, end == bytes.count else {
            return nil
        }
        self = nodes[0]
    }

    private init(tag: UInt8, content: Content) {
        self.tag = tag
        self.content = content
    }

    private static func read(_ bytes: ArraySlice<UInt8>, depth: Int) -> ([DERTree], Int)? {
        var nodes: [DERTree] = []
        var position = bytes.startIndex
        while position < bytes.endIndex {
            guard position + 2 <= bytes.endIndex, bytes[position] & 0x1F != 0x1F else { return nil }
            let tag = bytes[position]
            var length = Int(bytes[position + 1])
            position += 2
            if length >= 0x80 {
                let count = length - 0x80
                guard (1...3).contains(count), position + count <= bytes.endIndex else { return nil }
                length = bytes[position..<position + count].reduce(0) { $0 << 8 | Int($1) }
                position += count
            }
            guard position + length <= bytes.endIndex else { return nil }
            let inside = bytes[position..<position + length]
            position += length
            let mayWrap = tag & 0x20 != 0 || tag == octetString
            if mayWrap, depth < depthMax, !inside.isEmpty, let (children, _) = read(inside, depth: depth + 1) {
                nodes.append(DERTree(tag: tag, content: .nodes(children)))
            } else {
                nodes.append(DERTree(tag: tag, content: .octets(Array(inside))))
            }
        }
        return (nodes, position)
    }

    /// The tree in octets again.
    var bytes: [UInt8] {
        let inside =
            switch content {
            case .octets(let octets): octets
            case .nodes(let nodes): nodes.flatMap(\.bytes)
            }
        return [tag] + Self.length(inside.count) + inside
    }

    private static func length(_ count: Int) -> [UInt8] {
        switch count {
        case ..<0x80: [UInt8(count)]
        case ..<0x100: [0x81, UInt8(count)]
        case ..<0x1_0000: [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
        default: [0x83, UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
        }
    }

    private var count: Int {
        switch content {
        case .octets: 1
        case .nodes(let nodes): nodes.reduce(1) { $0 + $1.count }
        }
    }
}

extension DERTree {
    private static let changesMax = 8
    private static let changeBytesMax = 256

    private enum Change: CaseIterable {
        case content
        case splice
        case tag
        case remove
        case copy
        case swap
        case insert
        case flip
    }

    /// Makes the changes that `choices` name next; their number stands first.
    mutating func change(by choices: inout Choices) {
        for _ in 0..<choices.number(below: Self.changesMax + 1) {
            guard let change = choices.element(of: Change.allCases) else { return }
            var place = choices.number(below: count)
            apply(change, at: &place, by: &choices)
        }
    }

    /// Goes to the node with this number, from the root on and each before its children.
    private mutating func apply(_ change: Change, at place: inout Int, by choices: inout Choices) {
        guard place > 0 else { return apply(change, by: &choices) }
        guard case .nodes(var nodes) = content else { return }
        place -= 1
        for index in nodes.indices {
            let size = nodes[index].count
            if place >= size {
                place -= size
                continue
            }
            if place == 0, change == .remove {
                nodes.remove(at: index)
            } else if place == 0, change == .copy {
                nodes.insert(nodes[index], at: index)
            } else if place == 0, change == .swap {
                nodes.swapAt(index, choices.number(below: nodes.count))
            } else {
                nodes[index].apply(change, at: &place, by: &choices)
            }
            break
        }
        content = .nodes(nodes)
    }

    private mutating func apply(_ change: Change, by choices: inout Choices) {
        switch change {
        case .content: content = .octets(choices.octets(atMost: Self.changeBytesMax))
        case .tag: tag = choices.octet() & ~0x1F | choices.octet() & 0x1E
        case .splice:
            guard case .octets(var octets) = content else { return }
            let start = choices.number(below: octets.count + 1)
            let end = start + choices.number(below: octets.count - start + 1)
            octets.replaceSubrange(start..<end, with: choices.octets(atMost: Self.changeBytesMax))
            content = .octets(octets)
        case .flip:
            guard case .octets(var octets) = content, !octets.isEmpty else { return }
            octets[choices.number(below: octets.count)] ^= choices.octet()
            content = .octets(octets)
        case .insert:
            guard case .nodes(var nodes) = content else { return }
            let node = DERTree(tag: choices.octet() & ~1, content: .octets(choices.octets(atMost: Self.changeBytesMax)))
            nodes.insert(node, at: choices.number(below: nodes.count + 1))
            content = .nodes(nodes)
        case .remove, .copy, .swap: break
        }
    }

    /// Takes the tree as a certificate or a revocation list, changes what is signed, and signs it with `key`: so that a change is
    /// judged by what it says, not by its signature. Nil when it has not the three parts of RFC 5280 §4.1.1.
    func forged(by choices: inout Choices, signer key: CertificateKey) -> [UInt8]? {
        guard case .nodes(var parts) = content, parts.count == 3 else { return nil }
        parts[0].change(by: &choices)
        guard let signature = try? key.signature(over: parts[0].bytes) else { return nil }
        parts[2].content = .octets([0] + signature)
        return DERTree(tag: tag, content: .nodes(parts)).bytes
    }
}
