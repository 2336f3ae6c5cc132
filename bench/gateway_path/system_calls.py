"""System calls per request, counted by strace in a run of its own: it slows the server, so nothing else is measured."""

import json
import re
import signal
import subprocess
import time

from gateway_path.load import start_load

SECONDS = 1.5
ATTACH_SECONDS_MAX = 5
COUNTED = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", re.MULTILINE)


def count(bed, server, case):
    """{call: number per request or event}, the rarest left out."""
    table = bed.folder / f"{server.name}-{case.name}.strace"
    log = bed.folder / f"{server.name}-{case.name}.strace-log"
    with open(log, "wb") as errors:
        command = ["strace", "-f", "-c", "-o", str(table), "-p", str(server.program.pid)]
        trace = subprocess.Popen(command, stderr=errors)
    deadline = time.monotonic() + ATTACH_SECONDS_MAX
    while b"attached" not in log.read_bytes():
        if trace.poll() is not None or time.monotonic() > deadline:
            return {}
        time.sleep(0.02)
    with start_load(bed, server, case, SECONDS, warm_up=0, connections=64) as load:
        load.stdout.readline()
        done = json.loads(load.stdout.readline())[case.unit]
    trace.send_signal(signal.SIGINT)
    trace.wait()
    calls = {name: int(number) / max(done, 1) for number, name in COUNTED.findall(table.read_text()) if name != "total"}
    return {name: number for name, number in sorted(calls.items(), key=lambda one: -one[1]) if number >= 0.01}
