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

    /// Sends one datagram to a Unix socket; a path that begins with `@` is a name of Linux's abstract namespace, unix(7).
    ///
    /// - Returns: false when nobody has the socket, the path is longer than an address holds, or its queue is full.
    @discardableResult
    public static func send(_ datagram: [UInt8], toSocketAt path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        let space = MemoryLayout.size(ofValue: address.sun_path)
        guard !name.isEmpty, name.count < space else { return false }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        // The length counts the name: in the abstract namespace every octet belongs to it.
        let length = socklen_t(MemoryLayout.size(ofValue: address) - space + name.count)
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let sent = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe sendto(descriptor, datagram, datagram.count, Int32(MSG_NOSIGNAL), generic, length)
            }
        }
        return sent == datagram.count
    }
}
