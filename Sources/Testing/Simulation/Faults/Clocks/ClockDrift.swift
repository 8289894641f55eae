/// The civil clocks of some servers go too fast or too slowly, up to a thousandth: far more than a bad crystal.
extension World {
    private static let most = 1_000

    func chooseDrifts() {
        for machine in machines where faults.strikes(.clockDrift) {
            let gain = faults.below(2 * Self.most + 1, for: .clockDrift) - Self.most
            machine.clock.drift(millionths: Int64(gain), at: now)
        }
    }

    /// Every clock is set right.
    func setClocks() {
        for machine in machines { machine.clock = CivilClock() }
    }
}
