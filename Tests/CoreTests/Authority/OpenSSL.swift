import Foundation
import Testing

/// Runs the system's OpenSSL on certificates and CRLs: the second opinion on what the authority signs.
struct OpenSSL {
    let folder: URL

    /// Nil, and a line in the output, where there is no OpenSSL.
    init?() throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl") else {
            print("1 test skipped: no openssl on this machine")
            return nil
        }
        folder = FileManager.default.temporaryDirectory.appending(path: "authority-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Writes DER under a name and returns the path of its PEM form.
    func pem(_ der: [UInt8], _ label: String, as name: String) throws -> String {
        let text =
            "-----BEGIN \(label)-----\n"
            + Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
            + "\n-----END \(label)-----\n"
        let file = folder.appending(path: name)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    /// The exit code and everything that was printed.
    func run(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}
