extension SIPURI {
    /// RFC 3261 §19.1.4: whether both are equivalent. Symmetric, not transitive.
    ///
    /// Scheme, user, password, host, port and the parameters of both must match; user, ttl, method, maddr and transport
    /// in one of them only never match; other parameters of one of them only are ignored; headers must all match.
    /// RFC 3966 §4: tel numbers are compared without visual separators. Other schemes: octet by octet.
    /// - Parameter ignored: A parameter of sip and sips URIs that is not compared, in lower case.
    public func isEquivalent(to other: SIPURI, ignoring ignored: String? = nil) -> Bool {
        guard scheme == other.scheme else { return false }
        // Also where a parameter stands twice, which RFC 3261 §19.1.1 forbids: the two values never match each other.
        if bytes.elementsEqual(other.bytes) { return true }
        switch scheme {
        case .sip, .sips:
            // Each parameter is looked for among the others': what nobody sends honestly must not cost its square.
            guard isComparable, other.isComparable else { return false }
            return Self.isSame(user, other.user) && Self.isSame(password, other.password)
                && HostGrammar.areEquivalent(host, other.host) && port == other.port
                && parametersMatch(other, ignored) && other.parametersMatch(self, ignored) && headersMatch(other)
                && other.headersMatch(self)
        case .tel:
            guard isComparable, other.isComparable else { return false }
            return Self.digits(user) == Self.digits(other.user) && telephoneParametersMatch(other)
                && other.telephoneParametersMatch(self)
        case .other:
            return false
        }
    }

    /// Parameters and headers together up to which two URIs are compared part by part; above it octet by octet.
    static let partsComparedMax = 32

    private var isComparable: Bool {
        let separators = bytes.count { $0 == Octet.semicolon || $0 == Octet.ampersand || $0 == Octet.question }
        return separators <= Self.partsComparedMax
    }

    private static func isSame(_ left: ArraySlice<UInt8>?, _ right: ArraySlice<UInt8>?) -> Bool {
        guard let left, let right else { return left == nil && right == nil }
        return Escapes.areEquivalent(left.span, right.span, ignoringCase: false)
    }

    private func parametersMatch(_ other: SIPURI, _ ignored: String?) -> Bool {
        parameters.allSatisfy { parameter in
            if let ignored, parameter.name.equalsIgnoringCase(ignored) { return true }
            guard let value = other.parameters.value(parameter.name) else {
                return !Self.mustBeInBoth(parameter.name)
            }
            let own = parameter.value ?? parameter.name[parameter.name.endIndex...]
            return Escapes.areEquivalent(own.span, value.span, ignoringCase: true)
        }
    }

    private static func mustBeInBoth(_ name: ArraySlice<UInt8>) -> Bool {
        ["user", "ttl", "method", "maddr", "transport"].contains { name.equalsIgnoringCase($0) }
    }

    /// RFC 3966 §4: every parameter must be in both, with the same value.
    private func telephoneParametersMatch(_ other: SIPURI) -> Bool {
        parameters.allSatisfy { parameter in
            guard let value = other.parameters.value(parameter.name) else { return false }
            return (parameter.value ?? []).equalsIgnoringCase(value)
        }
    }

    private func headersMatch(_ other: SIPURI) -> Bool {
        let others = other.headers.split(separator: Octet.ampersand)
        return headers.split(separator: Octet.ampersand).allSatisfy { header in
            let (name, value) = Self.nameAndValue(header)
            return others.contains {
                let (otherName, otherValue) = Self.nameAndValue($0)
                return Escapes.areEquivalent(name.span, otherName.span, ignoringCase: true)
                    && Escapes.areEquivalent(value.span, otherValue.span, ignoringCase: false)
            }
        }
    }

    private static func nameAndValue(_ header: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
        let equals = header.firstIndex(of: Octet.equals) ?? header.endIndex
        return (header[header.startIndex..<equals], header.from(equals + 1))
    }

    /// The digits of a number without visual separators, letters in lower case.
    static func digits(_ number: ArraySlice<UInt8>?) -> [UInt8] {
        (number ?? []).filter { !isVisualSeparator($0) }.map(\.lowercased)
    }
}

extension HostGrammar {
    /// Names are compared without case, IPv6 references by the address that they stand for.
    static func areEquivalent(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        if left.equalsIgnoringCase(right) { return true }
        guard left.first == Octet.openBracket, right.first == Octet.openBracket, let one = groups(left),
            let two = groups(right)
        else { return false }
        return one == two
    }

    /// The eight groups of an IPv6 reference that the grammar has passed.
    private static func groups(_ reference: ArraySlice<UInt8>) -> [UInt32]? {
        let address = reference.dropFirst().dropLast()
        guard isIPv6Address(address.span) else { return nil }
        var before: [UInt32] = []
        var after: [UInt32] = []
        var isAfter = false
        var offset = address.startIndex
        while offset < address.endIndex {
            if address[offset] == Octet.colon {
                if offset + 1 < address.endIndex, address[offset + 1] == Octet.colon {
                    isAfter = true
                    offset += 1
                }
                offset += 1
                continue
            }
            let end = address[offset...].firstIndex(of: Octet.colon) ?? address.endIndex
            let values = groupValues(address[offset..<end])
            if isAfter { after += values } else { before += values }
            offset = end
        }
        let missing = 8 - before.count - after.count
        return missing >= 0 ? before + [UInt32](repeating: 0, count: missing) + after : nil
    }

    private static func groupValues(_ group: ArraySlice<UInt8>) -> [UInt32] {
        if group.contains(Octet.dot) {
            let octets = group.split(separator: Octet.dot).map { $0.decimal ?? 0 }
            guard octets.count == 4 else { return [] }
            return [octets[0] << 8 | octets[1], octets[2] << 8 | octets[3]]
        }
        return [group.reduce(0) { $0 << 4 | UInt32($1.hexValue ?? 0) }]
    }
}
