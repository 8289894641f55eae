"""The servers of a running demo, seen from outside: metrics, administration socket, log and data folder."""

import http.client
import json
import os
import re
import socket

REFUSED = "entente_links_refused_total"
ADMITTED = "entente_links_admitted_total"
LINKS = "entente_links"
MESSAGES = "entente_sip_messages_received_total"


class Server:
    """One server of the demo, seen from outside, and its data folder."""

    def __init__(self, entry, organisation):
        self.name, self.roles, self.pid = entry["name"], entry["roles"], entry["pid"]
        self.addresses, self.organisation = entry["addresses"], organisation
        self.folder = os.path.dirname(entry["addresses"]["admin_socket"])
        self.key = self.folder + "/keys/server.pem"

    def metrics(self):
        host, port = self.addresses["metrics"].rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        samples = re.findall(r'^(\w+)(?:\{\w+="([^"]*)"\})? ([0-9.e+-]+)$', text, re.M)
        return {(name, label): float(value) for name, label, value in samples}

    def administration(self, method, path, body=None):
        connection = http.client.HTTPConnection("localhost", timeout=10)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(10)
        connection.sock.connect(self.addresses["admin_socket"])
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        value = json.loads(answer.read() or b"{}")
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {value}")
        return value


def has(server, role):
    return any(one.lower() == role for one in server.roles)


def moved(before, after, name):
    return {label: after[key] - before.get(key, 0) for key in after if key[0] == name and after[key] != before.get(key, 0)
            for label in [key[1]]}
