/// The end of a log as a ladder: a column for each server and device, an arrow for each message.
struct Ladder {
    private let entries: ArraySlice<Log.Entry>
    private let columns: [String]
    private let width: Int
    private let clockWidth: Int

    /// The last `count` of these entries.
    init(_ all: [Log.Entry], last count: Int) {
        entries = all.suffix(count)
        var names: Set<String> = []
        for entry in entries {
            switch entry.scene {
            case .everywhere: break
            case .at(let name): names.insert(Self.column(of: name))
            case .between(let from, let to): names.formUnion([Self.column(of: from), Self.column(of: to)])
            }
        }
        columns = names.sorted { Self.rank($0) < Self.rank($1) }
        width = (columns.map(\.count).max() ?? 0) + 2
        clockWidth = (entries.map(\.clock.count).max() ?? 0) + 2
    }

    /// A header with the names, then a line for each entry.
    var lines: [String] {
        let header = Self.pad("", clockWidth) + columns.map { Self.centred($0, width) }.joined()
        return [header] + entries.map { Self.pad($0.clock, clockWidth) + rung($0) }
    }

    private func rung(_ entry: Log.Entry) -> String {
        var cells = Array(repeating: Character(" "), count: columns.count * width)
        for index in columns.indices { cells[centre(index)] = "|" }
        switch entry.scene {
        case .everywhere:
            return String(cells) + "  " + entry.text
        case .at(let name):
            if let index = columns.firstIndex(of: Self.column(of: name)) { cells[centre(index)] = "*" }
            return String(cells) + "  \(name): \(entry.text)"
        case .between(let from, let to):
            if let left = columns.firstIndex(of: Self.column(of: from)),
                let right = columns.firstIndex(of: Self.column(of: to)), left != right
            {
                draw(from: centre(left), to: centre(right), in: &cells)
            }
            return String(cells) + "  \(entry.text)"
        }
    }

    private func draw(from: Int, to: Int, in cells: inout [Character]) {
        for position in (min(from, to) + 1)..<max(from, to) where cells[position] == " " { cells[position] = "-" }
        cells[from] = "o"
        cells[to] = from < to ? ">" : "<"
    }

    private func centre(_ index: Int) -> Int { index * width + width / 2 }

    /// Shards of one server share its column.
    private static func column(of name: String) -> String { String(name.prefix { $0 != "/" }) }

    /// The first organisation's devices stand at the left, the second one's at the right, their servers between.
    private static func rank(_ name: String) -> String {
        guard let dot = name.firstIndex(of: ".") else { return "3 \(name)" }
        let isFirst = name[dot...].hasPrefix(".contoso")
        let isEdge = name.hasPrefix("edge")
        return (isFirst ? (isEdge ? "1b" : "1a") : (isEdge ? "2a" : "2b")) + name
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 0))
    }

    private static func centred(_ text: String, _ width: Int) -> String {
        let left = max((width - text.count + 1) / 2, 0)
        return pad(String(repeating: " ", count: left) + text, width)
    }
}
