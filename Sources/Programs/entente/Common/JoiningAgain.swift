/// How a server comes back whose certificate was revoked. Its key is barred, and the folder that holds it makes no other.
enum JoiningAgain {
    /// What to run, for a person.
    static func next(_ server: String) -> String {
        "on \(server): entente node request \(server), with --dir NEW-FOLDER; then node admit, node accept, serve"
    }
}
