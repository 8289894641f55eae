import Basis
import Testing

@testable import Node

@Suite struct LineQuotaTests {
    @Test("Of one event so many lines are written in a second; the rest is told as a number, other events go on")
    func leavesOut() {
        var quota = LineQuota()
        let start = WallTime(milliseconds: 1_790_000_000_500)
        #expect(quota.leftOut(before: start).isEmpty)
        let written = (0..<LineQuota.linesMax + 3).count { _ in quota.take("violation") }
        #expect(written == LineQuota.linesMax)
        #expect(quota.take("linkRefused"))
        #expect(quota.leftOut(before: start + .milliseconds(400)).isEmpty)
        #expect(!quota.take("violation"))
        let told = quota.leftOut(before: start + .milliseconds(500)).map { String(decoding: $0, as: UTF8.self) }
        #expect(told.count == 1)
        #expect(told.first?.contains(#""event":"linesLeftOut","of":"violation","count":4"#) == true)
        #expect(quota.take("violation"))
    }
}
