import Basis
import Foundation
import Trust

/// A program on Entente's libraries: it reads a message, steps a transaction, or judges a certificate chain.
///
/// The libraries do no I/O and have no clock, so files and the time come from here.
@main
enum Judge {
    private static let usage = """
        usage: judge message [FILE [HEADER]]              what a SIP message says, and what is wrong with it
               judge transaction [FILE]                   a request and its answers, step by step, in virtual time
               judge chain CHAIN.pem ROOT.pem NAME TIME   whether a server's chain proves NAME at TIME (RFC 3339)
        Without FILE an INVITE that is built in is used. Exit code: 0 good, 2 wrong use, 3 bad message, 6 refused.
        """

    static func main() {
        do {
            exit(try run(Array(CommandLine.arguments.dropFirst())))
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(2)
        }
    }

    private static func run(_ arguments: [String]) throws -> Int32 {
        switch (arguments.first, arguments.count) {
        case ("message", 1...3):
            let octets = arguments.count > 1 ? try read(arguments[1]) : invite
            return show(octets, header: arguments.count > 2 ? arguments[2] : "Call-ID") ? 0 : 3
        case ("transaction", 1...2):
            return step(arguments.count > 1 ? try read(arguments[1]) : invite) ? 0 : 3
        case ("chain", 5):
            guard let time = WallTime(rfc3339: arguments[4]) else { break }
            let chain = PEMText.certificates(in: String(decoding: try read(arguments[1]), as: UTF8.self))
            let roots = PEMText.certificates(in: String(decoding: try read(arguments[2]), as: UTF8.self))
            return judge(chain, by: roots, name: arguments[3], at: time) ? 0 : 6
        default:
            break
        }
        print(usage)
        return 2
    }

    private static func read(_ path: String) throws(Unreadable) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else { throw Unreadable(path: path) }
        return Array(data)
    }
}

/// A file that is not there or may not be read.
struct Unreadable: Error, CustomStringConvertible {
    let path: String

    var description: String { "cannot read \(path)" }
}
