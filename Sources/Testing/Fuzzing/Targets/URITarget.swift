import SIP

extension FuzzTarget {
    /// Two URIs, each by itself and against the other.
    static let uri = FuzzTarget(
        "uri", "two URIs: parts, canonical form, equivalence", bytesMax: 2_048, seeds: { uriSeeds }
    ) { bytes in
        let halves = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        let uris = halves.compactMap { SIPURI($0) }
        for uri in uris { try check(uri) }
        guard uris.count == 2, let one = uris.first, let other = uris.last else { return }
        let isEquivalent = one.isEquivalent(to: other)
        try Finding.unless(
            isEquivalent == other.isEquivalent(to: one), "\(one) and \(other) are equivalent in one direction only")
        guard isEquivalent, let left = AddressOfRecord(one), let right = AddressOfRecord(other),
            // IPv6 references are one address in many forms, of which the canonical form keeps the written one.
            one.host.first != UInt8(ascii: "["), other.host.first != UInt8(ascii: "[")
        else { return }
        try Finding.unless(
            left == right, "\(one) and \(other) are equivalent, and have the addresses \(left), \(right)")
    }

    private static let uriSeeds: [[UInt8]] = [
        "sip:alice@contoso.example\nsip:%61lice@CONTOSO.example",
        "sips:alice:secret@contoso.example:5061;transport=tls;lr?subject=x&to=y\nsip:alice@contoso.example",
        "sip:+49-30-1234;phone-context=+49@[2001:db8::1]:5061;user=phone;maddr=192.0.2.1;ttl=1;method=INVITE\nsip:[::1]",
        "tel:+49-(30)-12.34;ext=7;phone-context=contoso.example\ntel:+49301234;EXT=7;phone-context=contoso.example",
        "urn:service:sos\nsip:192.0.2.1:65535",
    ].map { Array($0.utf8) }

    private static func check(_ uri: SIPURI) throws(Finding) {
        try Finding.unless(uri.isEquivalent(to: uri), "\(uri) is not equivalent to itself")
        let padded = [0, 0, 0] + uri.bytes + [0]
        guard let moved = SIPURI(padded.dropFirst(3).dropLast()) else {
            throw Finding("\(uri) is refused within other octets")
        }
        try Finding.unless(TypedView.text(uri) == TypedView.text(moved), "\(uri) is read differently elsewhere")
        try checkParts(of: uri)
        guard let address = AddressOfRecord(uri) else { return }
        try Finding.unless(
            AddressOfRecord(canonical: address.bytes) == address, "\(uri) has the address \(address), which is none")
    }

    /// RFC 3261 §19.1.1: the parts, with what stands between them, are the whole.
    private static func checkParts(of uri: SIPURI) throws(Finding) {
        guard uri.scheme == .sip || uri.scheme == .sips else { return }
        var text = uri.schemeBytes.text + ":"
        if let user = uri.user { text += user.text + (uri.password.map { ":" + $0.text } ?? "") + "@" }
        text += uri.host.text
        guard uri.bytes.text.hasPrefix(text) else { throw Finding("\(uri) does not begin with its parts, \(text)") }
        // Behind an escape may be another name that is the same.
        guard !uri.parameters.bytes.contains(UInt8(ascii: "%")) else { return }
        for parameter in uri.parameters {
            let first = uri.parameters.first { $0.name.equalsIgnoringCase(parameter.name) }
            try Finding.unless(
                uri.parameters[parameter.name.text]?.text == first?.value?.text ?? "",
                "\(uri): \(parameter.name.text) is found and listed with other values")
        }
    }
}
