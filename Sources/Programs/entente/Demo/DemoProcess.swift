import Foundation
import Node
import Synchronization
import Trust

/// One running server of the demo: `entente serve` in a process of its own, its log in its folder.
final class DemoProcess: Sendable {
    let server: DemoServer
    let admin: AdminClient
    private let process: Mutex<Process>
    /// Where this run's part of the log begins.
    let logStart: UInt64

    /// Starts the program that is running now once more, as this server.
    init(_ server: DemoServer) throws {
        self.server = server
        admin = AdminClient(folder: server.folder)
        if !FileManager.default.fileExists(atPath: server.logFile) {
            _ = FileManager.default.createFile(atPath: server.logFile, contents: nil)
        }
        let log = try FileHandle(forWritingTo: URL(fileURLWithPath: server.logFile))
        logStart = try log.seekToEnd()
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        process.arguments = ["serve", "--dir", server.folder.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = log
        try process.run()
        self.process = Mutex(process)
    }

    var pid: Int32 { process.withLock { $0.processIdentifier } }
    var isRunning: Bool { process.withLock { $0.isRunning } }

    /// Waits until the server answers on its administration socket.
    func waitUntilServing() async throws -> JSONValue {
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            if let status = try? await admin.get("/status") { return status }
            guard isRunning else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        let last = logLines().last ?? "it wrote no log"
        throw CommandFailure(.internal, "\(server.name) did not start: \(last)", next: "read \(server.logFile)")
    }

    /// Asks it to drain and end.
    func terminate() {
        process.withLock { if $0.isRunning { $0.terminate() } }
    }

    /// Waits for its end; kills it when it takes longer than `seconds`.
    func waitForEnd(seconds: Double) async {
        let end = ContinuousClock.now + .seconds(seconds)
        while isRunning, ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(20)) }
        if isRunning { kill(pid, SIGKILL) }
    }

    /// The lines of this run's log.
    func logLines() -> [String] { log(from: nil).lines }

    /// The whole lines of this run's log from an offset of the file on, and the offset where they end.
    func log(from offset: UInt64?) -> (lines: [String], end: UInt64) {
        let start = offset ?? logStart
        guard let log = try? FileHandle(forReadingFrom: URL(fileURLWithPath: server.logFile)) else {
            return ([], start)
        }
        defer { try? log.close() }
        guard (try? log.seek(toOffset: start)) != nil, let data = try? log.readToEnd(),
            let last = data.lastIndex(of: UInt8(ascii: "\n"))
        else { return ([], start) }
        let whole = data[...last]
        return (
            String(decoding: whole, as: UTF8.self).split(separator: "\n").map(String.init), start + UInt64(whole.count)
        )
    }

    /// The log's events of this kind, oldest first.
    func events(_ name: String) -> [JSONValue] {
        logLines().compactMap { try? JSONValue(parsing: Array($0.utf8)) }.filter { $0["event"]?.stringValue == name }
    }
}
