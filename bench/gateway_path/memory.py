"""Resident memory: at start, what it grows by for each idle connection and each live stream, and with ten thousand streams."""

import resource
import time

from gateway_path.load import Case, start_load
from gateway_path.processes import resident_mib

COUNT = 2000
# Each has a descriptor on both sides of the gateway.
MANY = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 200)
SETTLE_SECONDS = 1.0  # after the last stream began, until all of them have got their first token
TOKEN_A_SECOND = ("x-mock-token-ms: 1000", "x-mock-output-tokens: 100")
IDLE = Case("idle", "", "requests", COUNT, rate=1)
LIVE = Case("live", "", "events", COUNT, stream=True, headers=TOKEN_A_SECOND)
CROWD = Case("crowd", "", "events", MANY, stream=True, headers=TOKEN_A_SECOND)


def _while_open(bed, server, case):
    """MiB while the load holds its connections or streams open."""
    with start_load(bed, server, case, seconds=SETTLE_SECONDS + 1, warm_up=2.0 * case.connections / COUNT) as load:
        load.stdout.readline()
        time.sleep(SETTLE_SECONDS)
        resident = resident_mib(server.program.pid)
        load.stdout.readline()
    return resident


def _grown_by(bed, server, case):
    """KiB for each of them."""
    before = resident_mib(server.program.pid)
    return round((_while_open(bed, server, case) - before) * 1024 / case.connections, 1)


def measure(bed, server):
    at_start = round(server.resident_at_start, 1)
    idle = _grown_by(bed, server, IDLE)
    stream = _grown_by(bed, server, LIVE)
    crowd = round(_while_open(bed, server, CROWD), 1)
    return {
        "mib_at_start": at_start,
        "kib_per_idle_connection": idle,
        "kib_per_stream": stream,
        "streams": MANY,
        "mib_with_streams": crowd,
    }
