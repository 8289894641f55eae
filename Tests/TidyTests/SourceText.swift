/// Tells code, comments and string literals of a Swift file apart, well enough for rules about single lines: nested block comments,
/// multi-line and raw strings are understood; an interpolation counts as part of its string.
enum SourceText {
    static func split(_ text: String) -> (code: String, comments: String) {
        var splitter = Splitter(bytes: Array(text.utf8))
        splitter.run()
        return (
            String(decoding: splitter.code, as: UTF8.self), String(decoding: splitter.comments, as: UTF8.self)
        )
    }
}

private struct Splitter {
    let bytes: [UInt8]
    var code: [UInt8] = []
    var comments: [UInt8] = []
    private var place = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
        code.reserveCapacity(bytes.count)
        comments.reserveCapacity(bytes.count)
    }

    mutating func run() {
        let starts: Set<UInt8> = [UInt8(ascii: "/"), UInt8(ascii: "\""), UInt8(ascii: "#")]
        while place < bytes.count {
            if !starts.contains(bytes[place]) {
                keep(asComment: false)
            } else if matches("//") {
                while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { keep(asComment: true) }
            } else if matches("/*") {
                blockComment()
            } else if let hashes = stringStart() {
                string(hashes: hashes)
            } else {
                keep(asComment: false)
            }
        }
    }

    private func matches(_ token: String) -> Bool {
        bytes[place...].starts(with: token.utf8)
    }

    /// Moves one byte on. What is not kept on a side becomes a blank there, so that columns and lines stay.
    private mutating func keep(asComment: Bool) {
        let byte = bytes[place]
        let blank = byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " ")
        code.append(asComment ? blank : byte)
        comments.append(asComment ? byte : blank)
        place += 1
    }

    private mutating func skip(_ count: Int) {
        for _ in 0..<count where place < bytes.count {
            let blank = bytes[place] == UInt8(ascii: "\n") ? bytes[place] : UInt8(ascii: " ")
            code.append(blank)
            comments.append(blank)
            place += 1
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if matches("/*") {
                depth += 1
                keep(asComment: true)
            } else if matches("*/") {
                depth -= 1
                keep(asComment: true)
            }
            if place < bytes.count { keep(asComment: true) }
        } while depth > 0 && place < bytes.count
    }

    /// The number of `#` before an opening quote that begins here; nil when no string begins here.
    private func stringStart() -> Int? {
        var ahead = place
        while ahead < bytes.count, bytes[ahead] == UInt8(ascii: "#") { ahead += 1 }
        guard ahead < bytes.count, bytes[ahead] == UInt8(ascii: "\"") else { return nil }
        return ahead - place
    }

    private mutating func string(hashes: Int) {
        let fence = String(repeating: "#", count: hashes)
        skip(hashes)
        let quotes = matches("\"\"\"") ? "\"\"\"" : "\""
        code.append(contentsOf: quotes.utf8)
        comments.append(contentsOf: quotes.utf8.map { _ in UInt8(ascii: " ") })
        place += quotes.utf8.count
        let quote = UInt8(ascii: "\"")
        while place < bytes.count {
            if bytes[place] == quote, matches(quotes + fence) {
                code.append(contentsOf: quotes.utf8)
                comments.append(contentsOf: quotes.utf8.map { _ in UInt8(ascii: " ") })
                place += quotes.utf8.count
                skip(hashes)
                return
            }
            if quotes.utf8.count == 1, bytes[place] == UInt8(ascii: "\n") { return }
            skip(bytes[place] == UInt8(ascii: "\\") && matches("\\" + fence) ? 2 + hashes : 1)
        }
    }
}
