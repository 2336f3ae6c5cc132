"""Resident memory: at start, and what it grows by for each idle connection and each live stream."""

import time

from gateway_path.load import Case, start_load
from gateway_path.processes import resident_mib

COUNT = 2000
SETTLE_SECONDS = 1.0  # after the last stream began, until all of them have got their first token
IDLE = Case("idle", "", "requests", COUNT, rate=1)
LIVE = Case("live", "", "events", COUNT, stream=True, headers=("x-mock-token-ms: 1000", "x-mock-output-tokens: 100"))


def _grown_by(bed, server, case):
    """KiB for each of COUNT, while the load holds them open."""
    before = resident_mib(server.program.pid)
    with start_load(bed, server, case, seconds=SETTLE_SECONDS + 1, warm_up=2.0) as load:
        load.stdout.readline()
        time.sleep(SETTLE_SECONDS)
        grown = resident_mib(server.program.pid) - before
        load.stdout.readline()
    return round(grown * 1024 / COUNT, 1)


def measure(bed, server):
    at_start = round(server.resident_at_start, 1)
    idle = _grown_by(bed, server, IDLE)
    return {"mib_at_start": at_start, "kib_per_idle_connection": idle, "kib_per_stream": _grown_by(bed, server, LIVE)}
