/// What runs already, and how each of it ends: in reverse, when the server stops or when a later step of its start fails.
struct Endings: Sendable {
    private var steps: [@Sendable () async -> Void] = []

    /// Remembers how to end what was just started.
    mutating func add(_ step: @escaping @Sendable () async -> Void) {
        steps.append(step)
    }

    /// Remembers work that goes on until it is cancelled.
    mutating func add(ending task: Task<Void, Never>) {
        add {
            task.cancel()
            await task.value
        }
    }

    /// Ends everything, the last first.
    func run() async {
        for step in steps.reversed() { await step() }
    }
}
