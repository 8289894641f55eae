/// RFCs are cited as `RFC 3261 §17.2.1` or, for the document as a whole, `RFC 3261`.
enum Citations {
    static func offences(in file: SourceFile) -> [Offence] {
        file.comments.enumerated().compactMap { number, line in
            fault(in: line).map { Offence(path: file.path, line: number + 1, text: $0) }
        }
    }

    /// What is wrong with the citations of a line; nil when nothing is.
    static func fault(in line: String) -> String? {
        var rest = Substring(line)
        while let found = rest.firstRange(of: "RFC") {
            let before = found.lowerBound > rest.startIndex ? rest[rest.index(before: found.lowerBound)] : nil
            rest = rest[found.upperBound...]
            if before.map(Words.isPart) == true || rest.first == "s" || rest.first == "'" { continue }
            guard let fault = tailFault(rest) else { continue }
            return fault
        }
        let lowered = line.lowercased()
        for word in ["section ", "sect. ", "sec. "] {
            guard let found = lowered.firstRange(of: word) else { continue }
            if lowered[found.upperBound...].first?.isNumber == true { return "write §N, not \"\(word)N\"" }
        }
        return nil
    }

    private static func tailFault(_ tail: Substring) -> String? {
        guard let first = tail.first else { return nil }
        if first.isNumber || first == "-" || first == "_" { return "write `RFC NNNN`, with one blank" }
        guard first == " " else { return nil }
        let number = tail.dropFirst().prefix(while: \.isNumber)
        guard !number.isEmpty else { return nil }
        let after = tail.dropFirst(1 + number.count)
        if after.hasPrefix(",§") || after.hasPrefix("§") || after.hasPrefix(", §") {
            return "write `RFC \(number) §x.y.z`, with one blank"
        }
        guard after.hasPrefix(" §") else { return nil }
        let place = after.dropFirst(2)
        guard let sign = place.first, sign.isNumber || sign.isUppercase else {
            return "after § comes the number, without a blank"
        }
        return nil
    }
}
