internal import Basis

/// A line of a file of users: a name with a password, or with the verifiers that another system made of it.
public struct UserCSVRow: Hashable, Sendable {
    /// The line on which it begins, counted from one.
    public var line: Int
    /// The user part of the address, or the whole address.
    public var name: String
    /// The password; nil when the row gives verifiers.
    public var password: String?
    /// The verifier for SHA-256 (RFC 7616 §3.4.2, H(A1)), 32 bytes.
    public var sha256: [UInt8]?
    /// The verifier for MD5, 16 bytes.
    public var md5: [UInt8]?
}

/// Why a file of users was refused: nothing of it is imported.
public struct UserCSVError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from one.
    public let line: Int
    /// What is wrong there; without any secret of the line.
    public let reason: String

    /// The line and the reason.
    public var description: String { "line \(line): \(reason)" }
}

/// Reads files of users (RFC 4180): a first line that names the columns, in any order, `name` and either `password` or one
/// or both of `sha256` and `md5` in hexadecimal.
public enum UserCSV {
    /// The most rows of a file.
    public static let rowsMax = 1_000_000

    /// All rows of `bytes`, which are UTF-8 and at most `StorageLimits.importBytesMax`.
    public static func parse(_ bytes: [UInt8]) throws(UserCSVError) -> [UserCSVRow] {
        guard bytes.count <= StorageLimits.importBytesMax else {
            throw UserCSVError(line: 1, reason: "the file has more than \(StorageLimits.importBytesMax) bytes")
        }
        var reader = CSVReader(bytes)
        guard let header = try reader.next() else { throw UserCSVError(line: 1, reason: "the file is empty") }
        let columns = try columns(of: header)
        var rows: [UserCSVRow] = []
        var lineOfName: [String: Int] = [:]
        while let record = try reader.next() {
            let row = try row(record, columns)
            if let earlier = lineOfName.updateValue(row.line, forKey: row.name) {
                throw UserCSVError(line: row.line, reason: "\(row.name) was on line \(earlier) already")
            }
            guard rows.count < rowsMax else { throw UserCSVError(line: row.line, reason: "more than \(rowsMax) users") }
            rows.append(row)
        }
        return rows
    }

    private enum ColumnName: String, CaseIterable {
        case name
        case password
        case sha256
        case md5
    }

    private static func columns(of header: CSVReader.Record) throws(UserCSVError) -> [ColumnName] {
        var columns: [ColumnName] = []
        for field in header.fields {
            guard let column = ColumnName(rawValue: field) else {
                throw UserCSVError(
                    line: header.line, reason: "unknown column \"\(field)\"; known: name, password, sha256, md5")
            }
            guard !columns.contains(column) else {
                throw UserCSVError(line: header.line, reason: "the column \(field) stands there twice")
            }
            columns.append(column)
        }
        guard columns.contains(.name), columns.count > 1 else {
            throw UserCSVError(line: header.line, reason: "the first line must name the columns: name,password")
        }
        return columns
    }

    private static func row(_ record: CSVReader.Record, _ columns: [ColumnName]) throws(UserCSVError) -> UserCSVRow {
        guard record.fields.count == columns.count else {
            throw UserCSVError(
                line: record.line, reason: "\(record.fields.count) fields, the first line has \(columns.count)")
        }
        var row = UserCSVRow(line: record.line, name: "")
        for (column, field) in zip(columns, record.fields) where !field.isEmpty {
            switch column {
            case .name: row.name = field
            case .password: row.password = field
            case .sha256: row.sha256 = try verifier(field, column, count: 32, record.line)
            case .md5: row.md5 = try verifier(field, column, count: 16, record.line)
            }
        }
        guard !row.name.isEmpty else { throw UserCSVError(line: record.line, reason: "no name") }
        let hasVerifier = row.sha256 != nil || row.md5 != nil
        guard (row.password != nil) != hasVerifier else {
            throw UserCSVError(
                line: record.line,
                reason: hasVerifier ? "a password and a verifier" : "neither a password nor a verifier")
        }
        return row
    }

    private static func verifier(
        _ text: String, _ column: ColumnName, count: Int, _ line: Int
    ) throws(UserCSVError) -> [UInt8] {
        guard let bytes = Hex.decode(text.utf8), bytes.count == count else {
            throw UserCSVError(line: line, reason: "\(column.rawValue) is not \(count * 2) hexadecimal digits")
        }
        return bytes
    }
}

/// Splits a file into records and fields.
struct CSVReader {
    /// One record with the line on which it began.
    struct Record {
        var line: Int
        var fields: [String]
    }

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1

    /// Begins at the first byte, or behind a byte order mark.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The next record that is not an empty line; nil at the end.
    mutating func next() throws(UserCSVError) -> Record? {
        while let byte = current, byte == Self.lineFeed || byte == Self.carriageReturn { advance() }
        guard current != nil else { return nil }
        var record = Record(line: line, fields: [])
        while true {
            record.fields.append(try current == Self.quote ? quoted() : plain())
            switch current {
            case Self.comma: advance()
            case Self.carriageReturn, Self.lineFeed, nil: return record
            case .some: throw UserCSVError(line: line, reason: "text behind a closing quote")
            }
        }
    }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func advance() {
        if current == Self.lineFeed { line += 1 }
        position += 1
    }

    private mutating func plain() throws(UserCSVError) -> String {
        let start = position
        while let byte = current, byte != Self.comma, byte != Self.lineFeed, byte != Self.carriageReturn {
            guard byte != Self.quote else { throw UserCSVError(line: line, reason: "a quote inside an unquoted field") }
            advance()
        }
        return try text(bytes[start..<position])
    }

    private mutating func quoted() throws(UserCSVError) -> String {
        let first = line
        var field: [UInt8] = []
        advance()
        while let byte = current {
            advance()
            if byte == Self.quote {
                // A doubled quote stands for one.
                guard current == Self.quote else { return try text(field[...]) }
                advance()
            }
            field.append(byte)
        }
        throw UserCSVError(line: first, reason: "the closing quote is missing")
    }

    private func text(_ field: ArraySlice<UInt8>) throws(UserCSVError) -> String {
        guard let text = String(validating: field, as: UTF8.self) else {
            throw UserCSVError(line: line, reason: "not UTF-8")
        }
        return text
    }
}
