"""The load generator `sipload`, which is no part of this project: built from the folder that ENTENTE_BENCH names, else from
../shared/bench beside the checkout, if there is one and Go."""

import json
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Harness:
    """Runs sipload, politely, as processes of its own."""

    def __init__(self, work):
        folder = os.environ.get("ENTENTE_BENCH") or os.path.join(HERE, "..", "..", "shared", "bench")
        self.program, self.work = work + "/sipload", work
        source = os.path.join(folder, "sipload")
        self.absent = None
        if not os.path.isdir(source):
            self.absent = f"there is no load harness in {folder}; name its folder in ENTENTE_BENCH"
        elif not shutil.which("go"):
            self.absent = "the load harness needs Go"
        else:
            subprocess.run(["go", "build", "-o", self.program, "."], cwd=source, check=True, capture_output=True)

    def add_accounts(self, node, domain, count, base=0):
        """The accounts that it will use, with the verifiers that it makes itself."""
        listed = subprocess.run([self.program, "users", "-count", str(count), "-base", str(base), "-domain", domain, "-format", "csv"],
                                capture_output=True, text=True, check=True).stdout.splitlines()
        users = []
        for line in listed:
            name, _, _, md5, sha256 = line.split(",")
            users.append({"aor": f"{name}@{domain}", "md5": md5, "sha256": sha256, "digest": "SHA-256"})
        for at in range(0, len(users), 5_000):
            node.administration("POST", "/users", {"action": "import", "users": users[at:at + 5_000]})

    def start(self, mode, servers, root, *options):
        """`servers` is a list of (domain, address). Returns the process, to be given to `result`."""
        named = ",".join(f"{domain}={address}" for domain, address in servers)
        return subprocess.Popen(["nice", self.program, mode, "-servers", named, "-ca", root, *map(str, options)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @staticmethod
    def result(process):
        """What it measured. Raises when a check of its own failed."""
        output, said = process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"sipload ends with {process.returncode}: {said.strip()[-300:]} {output.strip()[-300:]}")
        return json.loads(output)


def joined_roots(path, roots):
    """One file with several roots."""
    with open(path, "w", encoding="ascii") as out:
        for root in roots:
            with open(root, encoding="ascii") as file:
                out.write(file.read())
    return path
