import Basis
import Dispatch
import Foundation
import Server
import Shards
import Storage
import Synchronization
import Testing

/// A temporary folder with a store in it; gone when the test drops it.
final class StorageFolder: Sendable {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "entente-storage-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Where the store lies.
    var path: String { folder + "/state.sqlite" }

    /// Opens the store, or makes it.
    func open(_ settings: StorageSettings = StorageSettings()) throws(StorageError) -> Database {
        try Database(path: path, whenMissing: .create, settings: settings)
    }

    /// Copies the files as they are on the disk at this moment, as a `kill -9` would leave them.
    func copyAsAfterKill() throws -> StorageFolder {
        let copy = try StorageFolder()
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy.path + suffix)
        }
        return copy
    }

    /// Runs SQL in a process of its own.
    func sqlite(_ sql: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        process.arguments = [path, sql]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    static var hasCommandLineTool: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/sqlite3") }
}

/// Waits for what a store posts, without sleeping.
final class Outcomes: Sendable {
    enum Outcome: Hashable {
        case committed(upTo: UInt64)
        case failed(first: UInt64, last: UInt64)
    }

    let mailbox: Mailbox
    private let woken: DispatchSemaphore
    private let seen = Mutex<[Outcome]>([])

    init() {
        let semaphore = DispatchSemaphore(value: 0)
        woken = semaphore
        mailbox = Mailbox { semaphore.signal() }
    }

    /// All outcomes so far, as soon as one of them names `ticket` or a later one.
    func upTo(_ ticket: UInt64, sourceLocation: SourceLocation = #_sourceLocation) throws -> [Outcome] {
        while true {
            var inputs: [Input] = []
            mailbox.drain(into: &inputs)
            let outcomes = inputs.compactMap(Self.outcome)
            let all = seen.withLock { seen in
                seen += outcomes
                return seen
            }
            if all.contains(where: { Self.last(of: $0) >= ticket }) { return all }
            // The limit only ends a test that would hang.
            let result = woken.wait(timeout: .now() + 60)
            try #require(result == .success, "no outcome for \(ticket)", sourceLocation: sourceLocation)
        }
    }

    private static func last(of outcome: Outcome) -> UInt64 {
        switch outcome {
        case .committed(let last), .failed(_, let last): last
        }
    }

    private static func outcome(_ input: Input) -> Outcome? {
        switch input {
        case .committed(let last): .committed(upTo: last)
        case .commitFailed(let first, let last): .failed(first: first, last: last)
        default: nil
        }
    }
}

/// Records with tickets from `first` on: key `k` and the ticket, value `v` and the ticket, or nil.
/// `others` is how many records of other shards came before.
func records(
    _ tickets: ClosedRange<UInt64>, keys: UInt64 = .max, size: Int = 8, others: UInt64 = 0
) -> [JournalRecord] {
    tickets.map { ticket in
        let value = Array("v\(ticket)".utf8)
        return JournalRecord(
            ticket: ticket, order: ticket + others, key: Array("k\(ticket % keys)".utf8),
            value: value + [UInt8](repeating: 0x2E, count: max(0, size - value.count)))
    }
}

/// What a store holds, as text.
func contents(_ store: JournalStore) throws -> [String: String] {
    var contents: [String: String] = [:]
    for (key, value) in try store.loadBindings() {
        let text = String(decoding: value, as: UTF8.self)
        contents[String(decoding: key, as: UTF8.self)] = String(text.prefix { $0 != "." })
    }
    return contents
}

/// The contents that `records(tickets, keys: keys)` leave.
func expected(_ tickets: ClosedRange<UInt64>, keys: UInt64 = .max) -> [String: String] {
    var contents: [String: String] = [:]
    for ticket in tickets { contents["k\(ticket % keys)"] = "v\(ticket)" }
    return contents
}
