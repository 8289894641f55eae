import Basis
import Foundation
import Trust

/// The folder `trust/` of a server, whose files change as one set.
///
/// Snapshot, lists and timestamp prove each other, so half of a new set beside half of the old one proves nothing. A change
/// of more than one file is written whole into one file first; while that one is there, it counts instead of the others.
struct TrustFolder {
    /// One step towards a new set. Whatever step is the last one before a crash, the folder holds the old set or the new.
    enum Step: Hashable {
        case write(TrustFile)
        case remove(String)
    }

    /// The file that holds a whole set while the others are written.
    static let setFile = "set.json"

    /// The folder.
    let path: String

    /// The state that the folder holds, verified; `TrustStateError` when it does not prove itself.
    func load(now: WallTime) throws -> TrustState {
        if let set = try pendingSet(), let state = try? TrustState.load(files: set, now: now) { return state }
        var files: [TrustFile] = []
        let names = DataFolder.names(in: path)
        let older = TrustState.superseded(names)
        let passedOver = Set(older.snapshots + older.topologies + [Self.setFile])
        for name in names where !name.hasSuffix(".new") && !passedOver.contains(name) {
            if let bytes = try DataFolder.read(path + "/" + name) { files.append(TrustFile(name: name, bytes: bytes)) }
        }
        return try TrustState.load(files: files, now: now)
    }

    /// Whether a set was written whole and not laid out yet: the process before this one ended in between.
    var isPending: Bool { FileManager.default.fileExists(atPath: path + "/" + Self.setFile) }

    /// Makes `state` what the folder holds, and returns when it is on the disk. Topologies and roots stay beside older ones;
    /// of several the highest counts on loading. Snapshots do not: there is one for each epoch.
    func store(_ state: TrustState) throws(DataFolder.Failure) {
        for step in try steps(to: state) { try perform(step) }
    }

    /// What has to be done so that the folder holds `state`; nothing when it does.
    func steps(to state: TrustState) throws(DataFolder.Failure) -> [Step] {
        let files = state.files
        var changed: [Step] = []
        for file in files where try DataFolder.read(path + "/" + file.name) != file.bytes {
            changed.append(.write(file))
        }
        let names = DataFolder.names(in: path) + files.map(\.name)
        let older = TrustState.superseded(Array(Set(names))).snapshots.map(Step.remove)
        guard isPending || changed.count > 1 else { return changed + older }
        let members = files.map { ($0.name, JSONValue.string(Base64.encode($0.bytes))) }
        let set = JSONValue.object(Dictionary(members) { $1 }).canonicalBytes
        return [.write(TrustFile(name: Self.setFile, bytes: set))] + changed + [.remove(Self.setFile)] + older
    }

    /// Does one step.
    func perform(_ step: Step) throws(DataFolder.Failure) {
        switch step {
        case .write(let file): try DataFolder.write(file.bytes, to: path + "/" + file.name)
        case .remove(let name): try DataFolder.remove(path + "/" + name)
        }
    }

    /// The files of the set that was written whole; nil when there is none, or none that can be read.
    private func pendingSet() throws -> [TrustFile]? {
        guard let bytes = try DataFolder.read(path + "/" + Self.setFile),
            let members = (try? JSONValue(parsing: bytes, limits: .bundle))?.objectValue
        else { return nil }
        return members.compactMap { name, value in
            value.stringValue.flatMap(Base64.decode).map { TrustFile(name: name, bytes: $0) }
        }
    }
}
