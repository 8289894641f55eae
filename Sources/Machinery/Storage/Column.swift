internal import Foundation
internal import GRDB

/// Reads the columns of a row without trusting them: the file may have been changed by hand.
enum Column {
    /// The text of a column.
    static func text(_ row: Row, _ name: String) throws(StorageError) -> String {
        guard let value = String.fromDatabaseValue(value(row, name)) else { throw .unreadable(what: "column \(name)") }
        return value
    }

    /// The text of a column that may be NULL.
    static func optionalText(_ row: Row, _ name: String) throws(StorageError) -> String? {
        try value(row, name).isNull ? nil : text(row, name)
    }

    /// The integer of a column.
    static func integer(_ row: Row, _ name: String) throws(StorageError) -> Int64 {
        guard let value = Int64.fromDatabaseValue(value(row, name)) else { throw .unreadable(what: "column \(name)") }
        return value
    }

    /// The bytes of a column.
    static func bytes(_ row: Row, _ name: String) throws(StorageError) -> [UInt8] {
        guard let value = try optionalBytes(row, name) else { throw .unreadable(what: "column \(name)") }
        return value
    }

    /// The bytes of a column that may be NULL.
    static func optionalBytes(_ row: Row, _ name: String) throws(StorageError) -> [UInt8]? {
        let stored = value(row, name)
        guard !stored.isNull else { return nil }
        guard let data = Data.fromDatabaseValue(stored) else { throw .unreadable(what: "column \(name)") }
        return [UInt8](data)
    }

    /// Bytes as an argument of a statement.
    static func data(_ bytes: [UInt8]) -> Data { Data(bytes) }

    private static func value(_ row: Row, _ name: String) -> DatabaseValue {
        row[name] ?? .null
    }
}
