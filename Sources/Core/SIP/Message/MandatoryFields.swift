/// Where the parts of the fields stand that every message has (RFC 3261 §8.1.1): read once, by the check that the message keeps
/// the grammar, and used by everything behind that check. Values of values: extents in a layout are counted from the first
/// octet of the value that it was found in.
struct MandatoryFields: Sendable {
    /// A field of one address whose URI was read as well.
    struct Address: Sendable {
        let value: Extent
        let address: NameAddress.Layout
        let uri: SIPURI.Layout

        /// Nil when `bytes`, the value, is no address, its URI breaks the grammar of its scheme, or it has a second tag.
        init?(_ bytes: Span<UInt8>, at value: Extent) {
            guard let address = NameAddress.Layout(bytes), address.tags <= 1,
                let uri = SIPURI.Layout(bytes.at(address.uri))
            else { return nil }
            self.value = value
            self.address = address
            self.uri = uri
        }
    }

    /// The topmost Via, one element of the first line.
    struct Top: Sendable {
        let value: Extent
        let via: Via.Layout
    }

    /// The number of CSeq and its method, which stands in the value.
    struct Sequence: Sendable {
        let value: Extent
        let number: UInt32
        let method: Extent
    }

    let top: Top
    let from: Address
    let to: Address
    let callID: Extent
    let cSeq: Sequence
}

extension MandatoryFields {
    func topVia(in message: SIPMessage) -> Via { Via(message.octets(top.value), top.via) }

    func from(in message: SIPMessage) -> NameAddress { NameAddress(message.octets(from.value), from.address) }

    func to(in message: SIPMessage) -> NameAddress { NameAddress(message.octets(to.value), to.address) }

    func fromURI(in message: SIPMessage) -> SIPURI { uri(of: from, in: message) }

    func toURI(in message: SIPMessage) -> SIPURI { uri(of: to, in: message) }

    func cSeq(in message: SIPMessage) -> CSeq {
        CSeq(number: cSeq.number, methodBytes: message.octets(cSeq.value).at(cSeq.method))
    }

    private func uri(of field: Address, in message: SIPMessage) -> SIPURI {
        SIPURI(message.octets(field.value).at(field.address.uri), field.uri)
    }
}
