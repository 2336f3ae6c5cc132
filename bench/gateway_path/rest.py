"""What a gateway costs that does nothing: how soon it is ready on fresh files, and how often it wakes."""

import pathlib
import re
import statistics
import time

from gateway_path.servers import fresh_folder

STARTS = 5
IDLE_SECONDS = 5.0
WAKES = re.compile(r"^voluntary_ctxt_switches:\s+(\d+)", re.MULTILINE)


def _ms_to_ready(bed, number):
    folder = fresh_folder(bed.folder / f"start-{number}")
    before = time.monotonic()
    server, _ = bed.start_obleth(f"start-{number}", folder)
    spent = (time.monotonic() - before) * 1000
    server.program.stop()
    return spent


def _wakes(pid):
    """Of all threads so far: each time that one stopped to wait, it had been woken."""
    return sum(int(WAKES.search((thread / "status").read_text()).group(1)) for thread in pathlib.Path(f"/proc/{pid}/task").iterdir())


def measure(bed, server):
    ready = statistics.median(_ms_to_ready(bed, number) for number in range(STARTS))
    before = _wakes(server.program.pid)
    time.sleep(IDLE_SECONDS)
    wakes = (_wakes(server.program.pid) - before) / IDLE_SECONDS
    return {"ms_to_ready": round(ready, 1), "wakes_per_second": round(wakes, 1)}
