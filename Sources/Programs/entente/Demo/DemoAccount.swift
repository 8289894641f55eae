import Foundation
import Trust

/// An account of the demo, and how real softphones sign in with it.
struct DemoAccount {
    let user: String
    let aor: String
    let password: String
    let organisation: DemoOrganisation
    /// Where its server takes clients.
    let serverAddress: NetworkAddress

    /// The server as a client dials it, `NAME:PORT`.
    var server: String { "\(organisation.frontEnd.name):\(serverAddress.port)" }

    /// The file that clients of the organisation trust, as an absolute path.
    var rootPath: String {
        let path = organisation.rootFile
        return path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    /// The softphones that the demo can start.
    enum Softphone: String {
        case baresip
        case linphone
    }

    /// The file for `sh` that starts a softphone with this account.
    func file(of phone: Softphone) -> String { "\(organisation.folder)/\(user).\(phone.rawValue)" }

    /// The same as it stands in a command.
    func shown(_ phone: Softphone) -> String {
        let file = file(of: phone)
        return file.contains(" ") ? "'\(file)'" : file
    }

    /// One line for `sh`: baresip with this account, headless, in a folder that is gone afterwards. `peer` is the contact
    /// that `/message` writes to.
    func baresip(peer: String) -> String {
        let configuration = [
            "poll_method epoll", "sip_listen 127.0.0.1:0", "sip_verify_server yes", "sip_cafile \(rootPath)",
            "audio_player aufile,/dev/null",
        ]
        let modules = [
            "module_path /usr/lib/baresip/modules", "module stdio.so", "module g711.so", "module aufile.so",
            "module srtp.so", "module_app account.so", "module_app contact.so", "module_app menu.so",
        ]
        let account =
            "<sip:\(aor);transport=tls>;auth_user=\(user);auth_pass=\(password);outbound=\"sip:\(serverAddress);transport=tls\";mediaenc=srtp-mand;answermode=auto;regint=300;audio_codecs=PCMU,PCMA"
        // baresip ends a call when its source of sound ends: ten minutes of silence at 8 kHz, as a WAV file.
        let wave =
            "{ printf 'RIFF\\244\\206\\222\\000WAVEfmt \\020\\000\\000\\000\\001\\000\\001\\000\\100\\037\\000\\000\\200\\076\\000\\000\\002\\000\\020\\000data\\200\\206\\222\\000'; head -c 9602688 /dev/zero; } > \"$d/silence.wav\""
        return [
            Self.folder("baresip"),
            "printf '%s\\n' \(Self.quoted(configuration)) \"audio_source aufile,$d/silence.wav\" \"audio_alert aufile,$d/silence.wav\" \(Self.quoted(modules)) > \"$d/config\"",
            "printf '%s\\n' '\(account)' > \"$d/accounts\"",
            "printf '%s\\n' '\"peer\" <sip:\(peer)>' > \"$d/contacts\"",
            wave,
            "baresip -f \"$d\"",
        ].joined(separator: " && ")
    }

    /// One line for `sh`: linphonec with this account. The server's name is resolved by a hosts file of its own.
    ///
    /// A server asks every client for a certificate. Without a file to look for one in, linphonec asks the person at the
    /// terminal for a password instead, in the middle of the handshake; an empty file answers: none.
    var linphone: String {
        let name = organisation.frontEnd.name
        let configuration = [
            "[sip]", "sip_port=-1", "sip_tcp_port=-1", "sip_tls_port=-1", "guess_hostname=0",
            "register_only_when_network_is_up=0", "root_ca=\(rootPath)", "verify_server_certs=1", "verify_server_cn=1",
            "media_encryption=srtp", "media_encryption_mandatory=1", "default_proxy=0", "use_ipv6=0", "", "[proxy_0]",
            "reg_proxy=<sip:\(name):\(serverAddress.port);transport=tls>",
            "reg_route=<sip:\(name):\(serverAddress.port);transport=tls;lr>", "reg_identity=sip:\(aor)",
            "reg_expires=300", "reg_sendregister=1", "publish=0", "", "[auth_info_0]", "username=\(user)",
            "userid=\(user)", "passwd=\(password)", "realm=\(organisation.domain)", "domain=\(organisation.domain)",
            "client_cert_chain=/dev/null", "client_cert_key=/dev/null", "", "[sound]", "playback_dev_id=",
            "capture_dev_id=", "[net]", "nat_policy_ref=", "mtu=0",
        ]
        return [
            Self.folder("linphone"),
            "export HOME=\"$d\"",
            "unset XDG_DATA_HOME XDG_CONFIG_HOME DISPLAY",
            "mkdir -p \"$d/.local/share/linphone\" \"$d/.config/linphone\"",
            "printf '%s\\n' '127.0.0.1 localhost' '\(serverAddress.host) \(name)' > \"$d/hosts\"",
            "printf '%s\\n' \(Self.quoted(configuration)) > \"$d/rc\"",
            "unshare -rm sh -c 'mount --bind \"$1/hosts\" /etc/hosts && exec linphonec -a -c \"$1/rc\"' sh \"$d\"",
        ].joined(separator: " && ")
    }

    private static func folder(_ program: String) -> String {
        "d=$(mktemp -d \"${TMPDIR:-/tmp}/\(program).XXXXXX\") && trap 'rm -rf \"$d\"' EXIT && trap 'exit 130' INT TERM HUP"
    }

    private static func quoted(_ lines: [String]) -> String {
        lines.map { "'\($0)'" }.joined(separator: " ")
    }
}
