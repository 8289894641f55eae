/// One difference between two topologies, as a person reads it.
public struct TopologyChange: Sendable, Hashable, CustomStringConvertible {
    /// What happened at the path.
    public enum Kind: String, Sendable, Hashable {
        /// There was nothing before.
        case added
        /// There is nothing any more.
        case removed
        /// The value is another one.
        case changed
    }

    /// What happened.
    public let kind: Kind
    /// Where, from the top of the document down.
    public let path: [String]
    /// The value before, as JSON; nil when it was added.
    public let before: JSONValue?
    /// The value after, as JSON; nil when it was removed.
    public let after: JSONValue?

    public var description: String {
        let place = path.joined(separator: " ")
        func text(_ value: JSONValue?) -> String {
            guard let value else { return "" }
            return value.stringValue ?? String(decoding: value.canonicalBytes, as: UTF8.self)
        }
        switch kind {
        case .added: return "+ \(place): \(text(after))"
        case .removed: return "- \(place)" + (path.count > 1 && before?.objectValue != nil ? "" : ": \(text(before))")
        case .changed: return "~ \(place): \(text(before)) -> \(text(after))"
        }
    }
}

extension Topology {
    /// What has to change in `old` to make `new`, by path. Records that came or went are one change; inside a record
    /// that stayed, each key is one. Lists of texts are compared entry by entry, without regard to order.
    public static func diff(from old: Topology, to new: Topology) -> [TopologyChange] {
        var changes: [TopologyChange] = []
        compare(old.json, new.json, at: [], into: &changes)
        return changes
    }

    /// The depth of the document bounds the recursion: section, record, key, key of a grant.
    private static func compare(
        _ old: JSONValue, _ new: JSONValue, at path: [String], into changes: inout [TopologyChange]
    ) {
        guard old != new else { return }
        if let before = old.objectValue, let after = new.objectValue {
            for name in Set(before.keys).union(after.keys).sorted() {
                compareMember(before[name], after[name], at: path + [name], into: &changes)
            }
        } else if let before = old.arrayValue, let after = new.arrayValue, Set(before) != Set(after) {
            for value in before where !after.contains(value) {
                changes.append(TopologyChange(kind: .removed, path: path, before: value, after: nil))
            }
            for value in after where !before.contains(value) {
                changes.append(TopologyChange(kind: .added, path: path, before: nil, after: value))
            }
        } else {
            changes.append(TopologyChange(kind: .changed, path: path, before: old, after: new))
        }
    }

    private static func compareMember(
        _ old: JSONValue?, _ new: JSONValue?, at path: [String], into changes: inout [TopologyChange]
    ) {
        switch (old, new) {
        case (let before?, let after?): compare(before, after, at: path, into: &changes)
        // A section of its own is a frame around its records: they are told one by one.
        case (let before?, nil):
            if path.count == 1, before.objectValue != nil {
                compare(before, .object([:]), at: path, into: &changes)
            } else {
                changes.append(TopologyChange(kind: .removed, path: path, before: before, after: nil))
            }
        case (nil, let after?):
            if path.count == 1, after.objectValue != nil {
                compare(.object([:]), after, at: path, into: &changes)
            } else {
                changes.append(TopologyChange(kind: .added, path: path, before: nil, after: after))
            }
        case (nil, nil): break
        }
    }
}
