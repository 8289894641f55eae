import Basis
import Testing

@testable import Node

@Suite struct LineQuotaTests {
    @Test("Of one event so many lines are written in a second; the rest is told as a number, other events go on")
    func leavesOut() {
        var quota = LineQuota()
        let start = WallTime(milliseconds: 1_790_000_000_500)
        let none = quota.leftOut(before: start)
        #expect(none.isEmpty)
        let written = (0..<LineQuota.linesMax + 3).count { _ in quota.take("violation") }
        #expect(written == LineQuota.linesMax)
        let isOtherWritten = quota.take("linkRefused")
        #expect(isOtherWritten)
        let early = quota.leftOut(before: start + .milliseconds(400))
        #expect(early.isEmpty)
        let isLateWritten = quota.take("violation")
        #expect(!isLateWritten)
        let told = quota.leftOut(before: start + .milliseconds(500)).map { String(decoding: $0, as: UTF8.self) }
        #expect(told.count == 1)
        #expect(told.first?.contains(#""event":"linesLeftOut","of":"violation","count":4"#) == true)
        let isNextWritten = quota.take("violation")
        #expect(isNextWritten)
    }
}
