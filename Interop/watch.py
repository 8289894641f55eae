"""What a server uses, sampled while it runs: from its own metrics and from what the system tells of its process."""

import os
import re
import time

PROCESSES = os.path.join(os.sep, "proc")
KIB = 1 << 10
MIB = 1 << 20


class Usage:
    """One sample: memory in bytes, open descriptors, requests in a transaction, bindings and links, by the server's own count.

    The memory is the anonymous part of PSS, what the process holds for itself. The other part is the program's file, which weighs
    less for each as more servers run from it."""

    def __init__(self, node):
        place = os.path.join(PROCESSES, str(node.process.pid))
        with open(place + "/smaps_rollup", encoding="ascii") as file:
            self.memory = int(re.search(r"(?m)^Pss_Anon:\s+(\d+) kB$", file.read()).group(1)) * KIB
        self.descriptors = len(os.listdir(place + "/fd"))
        metrics = node.server.metrics()
        self.running = int(metrics[("entente_requests_running", "")])
        self.bindings = int(metrics[("entente_bindings", "")])
        self.links = int(sum(value for (name, _), value in metrics.items() if name == "entente_links"))
        self.time = time.monotonic()

    def __str__(self):
        return (f"{self.memory / MIB:.1f} MiB, {self.descriptors} descriptors, {self.running} requests, {self.bindings} bindings, "
                f"{self.links} links")


def quiet(nodes, seconds):
    """Waits until no server has a request under way. Returns the last sample of each."""
    deadline = time.monotonic() + seconds
    while True:
        samples = {node.name: Usage(node) for node in nodes}
        if all(sample.running == 0 for sample in samples.values()) or time.monotonic() > deadline:
            return samples
        time.sleep(1)
