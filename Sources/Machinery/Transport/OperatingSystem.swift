public import Basis
import Glibc

/// What the transport asks of the operating system beyond sockets. The one file of this room that calls C.
public enum OperatingSystem {
    /// The civil time of this machine.
    public static var wallTime: WallTime {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else { return WallTime(milliseconds: 0) }
        return WallTime(milliseconds: Int64(time.tv_sec) &* 1_000 &+ Int64(time.tv_nsec) / 1_000_000)
    }

    /// A generator from 256 bits of the system: the one place where a process draws them.
    public static func chance() -> Chance {
        var generator = SystemRandomNumberGenerator()
        return Chance(seed: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// Raises the number of files and sockets that this process may hold to what the system allows it at most.
    ///
    /// - Returns: the number that holds now.
    public static func raiseDescriptorLimit() -> UInt64 {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return 0 }
        guard limit.rlim_cur < limit.rlim_max else { return UInt64(limit.rlim_cur) }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        return unsafe setrlimit(resource, &limit) == 0 ? UInt64(limit.rlim_max) : UInt64(before)
    }

    /// Level and name of the socket option that lets several sockets of one user listen on one address.
    static var reusePort: (level: Int, name: Int32) { (Int(SOL_SOCKET), SO_REUSEPORT) }
}
