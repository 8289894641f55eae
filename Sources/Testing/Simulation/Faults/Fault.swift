/// The menu: everything that can go wrong in a run. What each one does is in the file of its name.
enum Fault: String, CaseIterable {
    // Links: streams of octets, below which TCP resends. Nothing is lost or reordered inside one.
    case split, coalesce, delay, stall, slowReader, reset, blackHole, refusal, partition
    // Names: what a device is told when it asks where its server is.
    case staleName, missingName, falseName
    // Machines and their disks.
    case crash, unheardCommit, slowCommit, failedCommit, failedWrite, fullDisk
    // Civil clocks.
    case clockJump, clockDrift
    // Trust: operators change it, news comes late, and somebody offers news of his own.
    case trustChange, lateNews, forgedNews
    // People.
    case forgedIdentity

    /// How often it strikes at most, in thousandths of its occasions.
    var most: Int {
        switch self {
        // Occasions are the octets that are sent or delivered.
        case .split: 300
        case .coalesce: 300
        case .delay: 100
        case .stall, .slowReader, .reset: 8
        case .blackHole: 4
        // Occasions are the connections that are opened.
        case .refusal, .staleName, .missingName, .falseName: 200
        // Occasions are the steps of the plan.
        case .crash: 40
        case .partition, .fullDisk, .clockJump: 20
        case .trustChange: 120
        // Occasions are crashes.
        case .unheardCommit: 700
        // Occasions are commits.
        case .slowCommit: 200
        case .failedCommit: 60
        case .failedWrite: 1_000
        // Occasions are the servers of a run.
        case .clockDrift: 1_000
        // Occasions are the times that a server asks for news.
        case .lateNews, .forgedNews: 300
        // Occasions are the requests of devices.
        case .forgedIdentity: 300
        }
    }
}
