"""A wall clock that a test sets while a gateway runs; the gateway's monotonic clock goes on as it does."""

import datetime
import struct
import subprocess
import time

from support.processes import ROOT


class WallClock:
    def __init__(self, folder):
        self._offset = folder / "wall_clock_offset"
        library = folder / "wall_clock.so"
        source = ROOT / "tests" / "support" / "wall_clock.c"
        subprocess.run(["clang-19", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
        self._offset.write_bytes(struct.pack("<q", 0))
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET": str(self._offset)}

    def set(self, moment):
        """From now on it is that moment, as in 2026-03-29T21:59:50Z, and time passes."""
        ahead = round(datetime.datetime.fromisoformat(moment).timestamp() - time.time())
        with open(self._offset, "r+b") as file:
            file.write(struct.pack("<q", ahead))
