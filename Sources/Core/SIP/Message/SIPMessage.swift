/// A request or a response: its octets and an index over them, in one array.
///
/// A value of eight octets, made by one allocation of exact size. Start line and header lines were checked when it was
/// made; header values are parsed when they are asked for. Slices that it hands out share its storage.
public struct SIPMessage: Sendable {
    let storage: [UInt8]

    init(storage: [UInt8]) {
        self.storage = storage
    }

    private var record: Int { storage.count - MessageIndex.recordSize }
    private var flags: UInt8 { storage[record + 10] }

    /// Whether it is a request; otherwise it is a response.
    public var isRequest: Bool { flags & MessageIndex.requestFlag != 0 }

    /// RFC 3261 §7.1: whether the version is SIP/2.0.
    public var isVersion2: Bool { flags & MessageIndex.versionFlag != 0 }

    /// The method of a request; `.other` for a token without a case, and for a response (ask `cSeq` there).
    public var method: Method { Method(rawValue: storage[record + 11]) ?? .other }

    /// The token of the method; empty for a response.
    public var methodBytes: ArraySlice<UInt8> {
        isRequest ? storage[0..<storage.index16(record + 12)] : storage[0..<0]
    }

    /// The Request-URI as it stands; empty for a response.
    public var requestURIBytes: ArraySlice<UInt8> {
        isRequest ? storage[storage.index16(record + 14)..<storage.index16(record + 16)] : storage[0..<0]
    }

    /// The status code of a response, 100 to 699; 0 for a request.
    public var status: UInt16 { isRequest ? 0 : UInt16(truncatingIfNeeded: storage.index16(record + 12)) }

    /// The reason phrase of a response, often empty; empty for a request.
    public var reasonPhrase: ArraySlice<UInt8> {
        isRequest ? storage[0..<0] : storage[storage.index16(record + 14)..<storage.index16(record + 16)]
    }

    /// The request line or status line without its line end; for people, its parts have members of their own.
    public var startLine: ArraySlice<UInt8> { head.prefix { $0 != Octet.carriageReturn } }

    /// The octets from the start line to the empty line, folds replaced by spaces.
    public var head: ArraySlice<UInt8> { storage[0..<headEnd] }

    /// The body, as long as Content-Length said.
    public var body: ArraySlice<UInt8> { storage[headEnd..<messageEnd] }

    /// Octets of head and body together.
    public var byteCount: Int { messageEnd }

    /// Octets of memory that the message holds.
    public var storageByteCount: Int { storage.capacity }

    /// A part that was found in the message.
    func octets(_ extent: Extent) -> ArraySlice<UInt8> { storage[...].at(extent) }

    var headEnd: Int { storage.index32(record) }
    private var messageEnd: Int { storage.index32(record + 4) }
}

/// One header line of a message.
public struct HeaderLine: Sendable {
    /// The field, `.other` when it is not known by name.
    public let name: HeaderName
    /// The name as it stands.
    public let nameBytes: ArraySlice<UInt8>
    /// The value without white space at its ends.
    public let value: ArraySlice<UInt8>
}

extension SIPMessage {
    /// How many header lines there are.
    public var lineCount: Int { storage.index16(record + 8) }

    /// The line with this number, from 0 to `lineCount - 1`; an empty one of name `.other` for a number beyond.
    public func line(_ number: Int) -> HeaderLine {
        guard let entry = entry(number) else {
            return HeaderLine(name: .other, nameBytes: storage[0..<0], value: storage[0..<0])
        }
        let nameStart = storage.index16(entry)
        return HeaderLine(
            name: name(atEntry: entry), nameBytes: storage[nameStart..<nameStart + Int(storage[entry + 2])],
            value: storage[storage.index16(entry + 4)..<storage.index16(entry + 6)])
    }

    /// The number of the first line of this field at or after `start`; nil when there is none.
    public func firstLine(of name: HeaderName, from start: Int = 0) -> Int? {
        guard fields.contains(name) else { return nil }
        let octets = storage.span
        let entries = messageEnd
        let count = lineCount
        var number = start
        while number < count {
            let identifier = octets[entries + number * MessageIndex.entrySize + 3]
            if identifier & ~MessageIndex.irregular == name.rawValue { return number }
            number += 1
        }
        return nil
    }

    /// Whether the field is there.
    public func has(_ name: HeaderName) -> Bool { fields.contains(name) }

    /// The fields that are there; `.other` when one is that has no case of its own.
    var fields: HeaderNameSet {
        let octets = storage.span
        let start = record + MessageIndex.fieldsOffset
        return HeaderNameSet(
            low: RawBytes.load(UInt64.self, from: octets, at: start),
            high: RawBytes.load(UInt64.self, from: octets, at: start + 8))
    }

    /// How many lines of the field there are.
    public func count(of name: HeaderName) -> Int {
        var count = 0
        var next = firstLine(of: name)
        while let number = next {
            count += 1
            next = firstLine(of: name, from: number + 1)
        }
        return count
    }

    /// The value of the first line of the field; nil when there is none.
    public func value(of name: HeaderName) -> ArraySlice<UInt8>? {
        firstLine(of: name).map { line($0).value }
    }

    /// The value of the first line of the field called `name`, in any case: for names that are known at run time only, and
    /// for fields that have no case of `HeaderName`. Of a field that has one, long and compact form are the same.
    public func value(named name: String) -> ArraySlice<UInt8>? {
        let octets = Array(name.utf8)
        let known = HeaderNameTable.shared.lookUp(octets.span, from: 0, to: octets.count)
        if known != .other { return value(of: known) }
        for number in 0..<lineCount {
            let line = line(number)
            if line.nameBytes.equalsIgnoringCase(name) { return line.value }
        }
        return nil
    }

    /// Every element of the field, over all of its lines and the commas in them, in order.
    public func elements(of name: HeaderName) -> HeaderElements { HeaderElements(message: self, name: name) }

    /// Where the line begins and whether it may be copied as it stands.
    func lineStart(_ number: Int) -> (offset: Int, isRegular: Bool) {
        guard let entry = entry(number) else { return (headEnd - 2, false) }
        return (storage.index16(entry), storage[entry + 3] & MessageIndex.irregular == 0)
    }

    /// Name and value of a line, as what a check needs of it.
    func field(_ number: Int) -> (name: HeaderName, value: Extent)? {
        entry(number).map { (name(atEntry: $0), Extent(storage.index16($0 + 4), storage.index16($0 + 6))) }
    }

    func name(ofLine number: Int) -> HeaderName {
        entry(number).map { name(atEntry: $0) } ?? .other
    }

    private func entry(_ number: Int) -> Int? {
        number >= 0 && number < lineCount ? messageEnd + number * MessageIndex.entrySize : nil
    }

    private func name(atEntry entry: Int) -> HeaderName {
        HeaderName(rawValue: storage[entry + 3] & ~MessageIndex.irregular) ?? .other
    }
}
