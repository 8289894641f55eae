import CFuzzer
import Fuzzing
import Glibc

/// Feeds one target: `fuzz --target=NAME`, and whatever libFuzzer takes. It passes over what begins with two hyphens, and hands
/// it on to the processes that it starts itself.
@main
struct Fuzz {
    /// The target that was asked for.
    private static let target: FuzzTarget = {
        guard let name = option("target"), let target = FuzzTarget.named(name) else {
            end("name a target: --target=\(FuzzTarget.all.map(\.name).joined(separator: "|"))")
        }
        return target
    }()

    static func main() {
        if CommandLine.arguments.contains("--list") {
            for target in FuzzTarget.all { print(target.name, target.bytesMax, target.summary, separator: "\t") }
        } else if let folder = option("seeds") {
            writeSeeds(into: folder)
        } else {
            var count = CommandLine.argc
            var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
            exit(
                unsafe LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
                    Fuzz.feed(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
                    return 0
                })
        }
    }

    private static func feed(_ input: [UInt8]) {
        guard let finding = target.run(input) else { return }
        say("FINDING in \(target.name): \(finding)")
        abort()
    }

    private static func writeSeeds(into folder: String) {
        do {
            for (number, seed) in try target.seeds().enumerated() {
                guard let file = unsafe fopen("\(folder)/seed-\(number)", "w") else { end("cannot write to \(folder)") }
                _ = unsafe fwrite(seed, 1, seed.count, file)
                _ = unsafe fclose(file)
            }
        } catch {
            end("the seeds could not be made: \(error)")
        }
    }

    private static func option(_ name: String) -> String? {
        let prefix = "--\(name)="
        return CommandLine.arguments.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }

    private static func say(_ text: String) {
        let line = Array("fuzz: \(text)\n".utf8)
        _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func end(_ text: String) -> Never {
        say(text)
        exit(2)
    }
}
