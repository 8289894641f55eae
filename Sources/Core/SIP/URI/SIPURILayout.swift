extension SIPURI {
    /// Where the parts of a URI stand: the grammar of RFC 3261 §25.1 and RFC 3966 §3 over octets, which makes no slice.
    struct Layout: Sendable {
        private(set) var scheme = Scheme.other
        private(set) var user: Extent?
        private(set) var password: Extent?
        private(set) var host: Extent
        private(set) var port: UInt16?
        private(set) var parameters: Extent
        private(set) var headers: Extent

        /// Parses a whole URI; nil when it breaks the grammar of its scheme.
        init?(_ bytes: Span<UInt8>) {
            let nothing = Extent(bytes.count, bytes.count)
            host = nothing
            parameters = nothing
            headers = nothing
            guard let colon = bytes.firstOffset(of: Octet.colon), colon > 0, bytes[0].isLetter else { return nil }
            let name = bytes.at(Extent(0, colon))
            guard
                name.areAll({ $0.isAlphanumeric || $0 == Octet.plus || $0 == Octet.hyphen || $0 == Octet.dot })
            else { return nil }
            let isValid: Bool
            if name.equalsIgnoringCase("sip") {
                scheme = .sip
                isValid = readSIP(bytes, from: colon + 1)
            } else if name.equalsIgnoringCase("sips") {
                scheme = .sips
                isValid = readSIP(bytes, from: colon + 1)
            } else if name.equalsIgnoringCase("tel") {
                scheme = .tel
                isValid = readTelephone(bytes, from: colon + 1)
            } else {
                isValid =
                    colon + 1 < bytes.count
                    && bytes.at(Extent(colon + 1, bytes.count)).areAll { $0 > Octet.space && $0 < 0x7F }
            }
            guard isValid else { return nil }
        }

        private mutating func readSIP(_ bytes: Span<UInt8>, from start: Int) -> Bool {
            var cursor = Cursor(bytes, from: start)
            if let at = bytes.firstOffset(of: Octet.at, from: start) {
                let colon = bytes.at(Extent(start, at)).firstOffset(of: Octet.colon).map { start + $0 } ?? at
                let name = Extent(start, colon)
                guard !name.isEmpty,
                    Escapes.areValid(bytes.at(name), { $0.isUnreserved || $0.isUserUnreserved })
                else { return false }
                user = name
                if colon < at {
                    let secret = Extent(colon + 1, at)
                    guard Escapes.areValid(bytes.at(secret), SIPURI.isPasswordCharacter) else { return false }
                    password = secret
                }
                cursor.position = at + 1
            }
            guard let host = cursor.takeHost() else { return false }
            self.host = host
            if cursor.take(Octet.colon) {
                guard let number = cursor.takePort() else { return false }
                port = number
            }
            let question = bytes.firstOffset(of: Octet.question, from: cursor.position)
            parameters = Extent(cursor.position, question ?? bytes.count)
            guard URIParameters.areValid(bytes.at(parameters)) else { return false }
            if let question {
                headers = Extent(question + 1, bytes.count)
                return SIPURI.areHeaders(bytes.at(headers))
            }
            return true
        }

        /// RFC 3966 §3: a number with visual separators, and parameters.
        private mutating func readTelephone(_ bytes: Span<UInt8>, from start: Int) -> Bool {
            let end = bytes.firstOffset(of: Octet.semicolon, from: start) ?? bytes.count
            var cursor = Cursor(bytes, from: start)
            _ = cursor.take(Octet.plus)
            var hasDigit = false
            while cursor.position < end {
                let octet = bytes[cursor.position]
                if octet.isHexDigit || octet == Octet.star || octet == 0x23 {
                    hasDigit = true
                } else if !SIPURI.isVisualSeparator(octet) {
                    return false
                }
                cursor.position += 1
            }
            user = Extent(start, end)
            parameters = Extent(end, bytes.count)
            return hasDigit && URIParameters.areValid(bytes.at(parameters))
        }
    }

    /// RFC 3966 §3: `-`, `.`, `(` and `)`.
    static func isVisualSeparator(_ octet: UInt8) -> Bool {
        octet == Octet.hyphen || octet == Octet.dot || octet == UInt8(ascii: "(") || octet == UInt8(ascii: ")")
    }

    private static func isPasswordCharacter(_ octet: UInt8) -> Bool {
        switch octet {
        case Octet.ampersand, Octet.equals, Octet.plus, UInt8(ascii: "$"), Octet.comma: true
        default: octet.isUnreserved
        }
    }

    /// RFC 3261 §25.1: hname "=" hvalue, with `&` between them.
    private static func areHeaders(_ headers: Span<UInt8>) -> Bool {
        var start = 0
        while start <= headers.count {
            let end = headers.firstOffset(of: Octet.ampersand, from: start) ?? headers.count
            let header = headers.at(Extent(start, end))
            guard let equals = header.firstOffset(of: Octet.equals), equals > 0,
                Escapes.areValid(header.at(Extent(0, equals)), isHeaderCharacter),
                Escapes.areValid(header.at(Extent(equals + 1, header.count)), isHeaderCharacter)
            else { return false }
            start = end + 1
        }
        return true
    }

    private static func isHeaderCharacter(_ octet: UInt8) -> Bool {
        switch octet {
        case Octet.openBracket, Octet.closeBracket, Octet.slash, Octet.question, Octet.colon, Octet.plus,
            UInt8(ascii: "$"):
            true
        default: octet.isUnreserved
        }
    }
}
