/// How a message is laid out in its one array: the octets as received (a fold replaced by spaces of the same length),
/// then eight octets for each header line, then a record of fixed size.
///
/// Header entry: name offset (16 bits), name length (8), identifier (7) and irregular flag (1), value offset (16),
/// value end (16). Record: body offset (32), message length (32), header lines (16), kind and flags (8), method (8),
/// three offsets or numbers of the start line (16 each), reserved (16), the fields that are there (128, one bit each).
/// Little-endian.
enum MessageIndex {
    static let entrySize = 8
    static let recordSize = 36
    /// Where in the record the set of fields stands.
    static let fieldsOffset = 20

    static let requestFlag: UInt8 = 1
    /// The version is SIP/2.0.
    static let versionFlag: UInt8 = 2
    /// The identifier's top bit: the line has a fold, or white space before its colon, and is never copied as it
    /// stands.
    static let irregular: UInt8 = 0x80
}

extension [UInt8] {
    /// The 16-bit number at `offset` of an index.
    func index16(_ offset: Int) -> Int { Int(RawBytes.load(UInt16.self, from: span, at: offset)) }

    /// The 32-bit number at `offset` of an index.
    func index32(_ offset: Int) -> Int { Int(RawBytes.load(UInt32.self, from: span, at: offset)) }
}
