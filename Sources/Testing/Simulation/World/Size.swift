/// How large a world is.
struct Size {
    var shards = 2
    /// Devices beyond those that stories know.
    var moreDevices = 0

    static let standard = Size()

    static func chosen(by dice: inout Dice) -> Size {
        Size(shards: 1 + dice.below(4), moreDevices: dice.happens(300) ? 1 + dice.below(World.morePeople.count) : 0)
    }
}

/// Somebody with a device, and the server that it connects to.
struct Person {
    let name: String
    let organisation: Int
    let role: Machine.Role
}

extension World {
    static let people = [
        Person(name: "alice", organisation: 0, role: .frontEnd),
        Person(name: "alice-abroad", organisation: 0, role: .edge),
        Person(name: "anna", organisation: 0, role: .edge), Person(name: "bob", organisation: 1, role: .frontEnd),
        Person(name: "ben", organisation: 1, role: .edge),
    ]
    static let morePeople = [
        Person(name: "ben-abroad", organisation: 1, role: .edge),
        Person(name: "carol", organisation: 0, role: .frontEnd),
        Person(name: "bella", organisation: 1, role: .frontEnd),
        Person(name: "bob-abroad", organisation: 1, role: .edge),
    ]
}
