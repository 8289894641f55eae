extension SIPMessage {
    /// The message with its changes, in bytes of its own; `serialise(applying:into:)` spares their allocation.
    public func serialised(applying edits: MessageEdits = MessageEdits()) -> [UInt8] {
        var bytes: [UInt8] = []
        serialise(applying: edits, into: &bytes)
        return bytes
    }

    /// Appends the message with its changes to `output`.
    ///
    /// The start line is written anew from its parts. Lines that keep the plain form are copied in runs, others are
    /// written anew, Content-Length stands once, in its long form, at the end. The edits' values have passed no
    /// grammar: they come from this process, which takes them from checked messages or makes them itself.
    public func serialise(applying edits: MessageEdits = MessageEdits(), into output: inout [UInt8]) {
        output.reserveCapacity(output.count + byteCount + 512)
        writeStartLine(edits, into: &output)
        for operation in edits.operations.reversed() {
            if case .prepend(let name, let range) = operation {
                Self.writeLine(name, edits.text(range), into: &output)
            }
        }
        writeLines(edits, into: &output)
        var body = body
        for operation in edits.operations {
            switch operation {
            case .append(let name, let range):
                Self.writeLine(name, edits.text(range), into: &output)
            case .appendNamed(let name, let range):
                Self.writeLine(named: edits.text(name), edits.text(range), into: &output)
            case .replace(let name, let range) where !has(name):
                Self.writeLine(name, edits.text(range), into: &output)
            case .body(let range):
                body = edits.text(range)
            case .requestURI, .prepend, .remove, .removeFirst, .replaceFirst, .replace:
                break
            }
        }
        Self.writeEnd(body, into: &output)
    }

    private func writeStartLine(_ edits: MessageEdits, into output: inout [UInt8]) {
        guard isRequest else {
            output.append(text: "SIP/2.0 ")
            output.append(decimal: status)
            output.append(Octet.space)
            output.append(contentsOf: reasonPhrase)
            return output.appendLineEnd()
        }
        var uri = requestURIBytes
        for operation in edits.operations {
            if case .requestURI(let range) = operation { uri = edits.text(range) }
        }
        output.append(contentsOf: methodBytes)
        output.append(Octet.space)
        output.append(contentsOf: uri)
        output.append(text: " SIP/2.0")
        output.appendLineEnd()
    }

    private func writeLines(_ edits: MessageEdits, into output: inout [UInt8]) {
        let octets = storage.span
        let count = lineCount
        var runStart: Int?
        for number in 0..<count {
            let (start, isRegular) = lineStart(number)
            let name = name(ofLine: number)
            if isRegular, name != .contentLength, !edits.touches(name) {
                if runStart == nil { runStart = start }
                continue
            }
            if let from = runStart { RawBytes.append(octets, from: from, to: start, to: &output) }
            runStart = nil
            if name == .contentLength { continue }
            if edits.touches(name) {
                if firstLine(of: name) == number { writeTouched(name, edits, into: &output) }
            } else {
                let line = line(number)
                Self.writeLine(named: line.nameBytes, line.value, into: &output)
            }
        }
        if let from = runStart { RawBytes.append(octets, from: from, to: headEnd - 2, to: &output) }
    }

    /// Writes what the edits leave of a field, in the place of its first line.
    private func writeTouched(_ name: HeaderName, _ edits: MessageEdits, into output: inout [UInt8]) {
        var skip = 0
        var first: Range<Int>?
        for operation in edits.operations {
            switch operation {
            case .remove(let others) where others.contains(name):
                return
            case .replace(let other, let range) where other == name:
                return Self.writeLine(name, edits.text(range), into: &output)
            case .removeFirst(let other, let count) where other == name:
                skip += count
            case .replaceFirst(let other, let range) where other == name:
                first = range
            case .requestURI, .prepend, .append, .appendNamed, .remove, .removeFirst, .replaceFirst, .replace, .body:
                break
            }
        }
        var isReplaced = first == nil
        var next = firstLine(of: name)
        while let number = next {
            next = firstLine(of: name, from: number + 1)
            var rest = line(number).value
            while skip > 0, !rest.isEmpty {
                rest = rest.from(rest.firstElementEnd + 1).trimmed
                skip -= 1
            }
            guard !rest.isEmpty else { continue }
            guard !isReplaced, let range = first else {
                Self.writeLine(name, rest, into: &output)
                continue
            }
            isReplaced = true
            output.append(text: name.text)
            output.append(text: ": ")
            output.append(contentsOf: edits.text(range))
            output.append(contentsOf: rest.from(rest.firstElementEnd))
            output.appendLineEnd()
        }
    }

    static func writeLine(_ name: HeaderName, _ value: ArraySlice<UInt8>, into output: inout [UInt8]) {
        output.append(text: name.text)
        output.append(text: ": ")
        output.append(contentsOf: value)
        output.appendLineEnd()
    }

    static func writeLine(
        named name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, into output: inout [UInt8]
    ) {
        output.append(contentsOf: name)
        output.append(text: ": ")
        output.append(contentsOf: value)
        output.appendLineEnd()
    }

    static func writeEnd(_ body: ArraySlice<UInt8>, into output: inout [UInt8]) {
        output.append(text: "Content-Length: ")
        output.append(decimal: UInt64(body.count))
        output.append(text: "\r\n\r\n")
        output.append(contentsOf: body)
    }
}

extension [UInt8] {
    mutating func appendLineEnd() {
        append(Octet.carriageReturn)
        append(Octet.lineFeed)
    }
}
