"""Whether what is renamed into its place was forced to the disk before, and its folder behind it: seen in the system calls, because a
disk that loses its power hides what another file's commit carried along."""

import os
import re
import shutil
import subprocess
import tempfile

from organisation import DOMAIN, FRONT, Organisation, Skip, password

TRACED = "fsync,fdatasync,rename,renameat,renameat2"
CALL = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+= 0")


def row_forced(options):
    if not shutil.which("strace"):
        raise Skip("there is no strace")
    organisation = Organisation(options.entente)
    trace = tempfile.mktemp(prefix="entente-forced.")
    try:
        front = organisation.front
        front.serve()
        tracer = subprocess.Popen(["strace", "-f", "-y", "-s", "4096", "-e", "trace=" + TRACED, "-o", trace, "-p", str(front.process.pid)],
                                  stderr=subprocess.PIPE, text=True)
        if "attached" not in tracer.stderr.readline():
            raise Skip("strace may not look at another process here")
        try:
            front.entente("user", "add", "alice", environment={"ENTENTE_PASSWORD": password("alice")})
            path = organisation.logs + "/topology.yaml"
            with open(path, "w", encoding="utf-8") as file:
                file.write(front.entente("topology", "show").stdout.replace(f"[{DOMAIN}]", f"[{DOMAIN}, d.{DOMAIN}]"))
            front.entente("topology", "publish", path)
            front.entente("cert", "revoke", FRONT)
        finally:
            tracer.terminate()
            tracer.communicate()
        with open(trace, encoding="utf-8", errors="replace") as file:
            renamed = unforced(file.read())
        assert renamed > 5, f"control: only {renamed} files were renamed"
        return f"{renamed} files forced to the disk before they were renamed, and their folders behind them"
    finally:
        organisation.close()
        if os.path.exists(trace):
            os.remove(trace)


def unforced(trace):
    """Raises for a rename whose file was not forced before, or whose folder was not after. Returns how many there were."""
    forced, waiting, count = set(), {}, 0
    for line in trace.splitlines():
        call = CALL.match(line)
        if not call:
            continue
        name, arguments = call.groups()
        if name in ("fsync", "fdatasync"):
            place = re.search(r"<(.*)>", arguments).group(1)
            forced.add(place)
            waiting = {file: folder for file, folder in waiting.items() if folder != place}
        else:
            old, new = re.findall(r'"(.*?)"', arguments)
            # A draft that is made empty under another name counts when it gets its own.
            if new.endswith(".new"):
                continue
            assert old in forced, f"{old} was renamed and never forced to the disk"
            forced.discard(old)
            waiting[new] = os.path.dirname(new)
            count += 1
    assert not waiting, f"the folder of {', '.join(waiting)} was not forced to the disk"
    return count
