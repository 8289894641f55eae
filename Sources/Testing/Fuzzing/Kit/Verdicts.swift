import SIP

/// What the checks say about a message, as values to compare.
enum Verdicts {
    /// The first thing that keeps an element of this role from serving a request; nil when there is nothing.
    static func problem(of request: SIPMessage, for role: ValidRequest.Role = .proxy) -> RequestProblem? {
        do throws(RequestProblem) {
            return try ValidRequest(request).problem(for: role, supportedOptions: ["path"])
        } catch {
            return error
        }
    }

    /// What is wrong with the fields of a response; nil when nothing is.
    static func fault(of response: SIPMessage) -> FieldProblem? {
        do throws(FieldProblem) {
            _ = try ValidResponse(response)
            return nil
        } catch {
            return error
        }
    }
}
