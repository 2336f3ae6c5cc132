"""`bench/run instructions`: instructions in user mode for a request, obleth's beside HAProxy's, counted by Callgrind.

What a clock says of a shared machine moves by a fifth from run to run; this does not, so it can be compared with the
figure that was recorded in baseline.json, on any machine."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from gateway_path.load import CASES, start_load
from gateway_path.processes import Program
from gateway_path.servers import Bed

BASELINE = pathlib.Path(__file__).resolve().parent.parent / "baseline.json"
WORSE_MAX = 0.20  # by this part of the baseline's ratio, and `--check` fails
REQUESTS_MIN = 6000  # counted; what the program does by the clock is then small beside them
SECONDS = 2.0  # of one run of the load
DELIVERY_SECONDS = 3.0  # after the last request, for its row's way into the ledger
CONNECTIONS = 16
TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)
COUNTED = ("haproxy", "obleth")


def add_flags(parser):
    parser.add_argument("--check", action="store_true", help=f"fail where obleth takes {WORSE_MAX:.0%}% more than recorded")
    parser.add_argument("--record", action="store_true", help="write what is found to bench/baseline.json")


class CountedBed(Bed):
    """HAProxy and obleth run under Callgrind, which counts when it is told to."""

    def __enter__(self):
        self.counts = {}
        # Valgrind of Debian 12 cannot read all of Clang's debugging notes.
        self.stripped = self.folder / "stripped"
        self.stripped.mkdir()
        subprocess.run(["llvm-strip-19", "--strip-debug", self.build / "obleth", "-o", self.stripped / "obleth"], check=True)
        return super().__enter__()

    def _run(self, name, command, core, **ways):
        if name in COUNTED:
            self.counts[name] = self.folder / f"{name}.callgrind"
            program = self.stripped / "obleth" if name == "obleth" else command[0]
            counter = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={self.counts[name]}"]
            command = [*counter, program, *command[1:]]
        program = Program(command, self.folder / f"{name}.log", core=core, **ways)
        self.programs.append(program)
        return program

    def count(self, server, case):
        """Instructions of all threads for a request."""
        run_load(self, server, case)
        time.sleep(DELIVERY_SECONDS)
        switch(server, "on")
        requests = 0
        while requests < REQUESTS_MIN:
            requests += run_load(self, server, case)
        time.sleep(DELIVERY_SECONDS)
        switch(server, "off")
        server.program.stop()
        return int(TOTALS.search(self.counts[server.name].read_text()).group(1)) / requests


def run_load(bed, server, case):
    with start_load(bed, server, case, SECONDS, warm_up=0, connections=CONNECTIONS) as load:
        load.stdout.readline()
        result = json.loads(load.stdout.readline())
    if result["failed"] or not result["requests"]:
        raise RuntimeError(f"{server.name} under Callgrind: {result}")
    return result["requests"]


def switch(server, state):
    subprocess.run(["callgrind_control", "-i", state, str(server.program.pid)], check=True, capture_output=True)


def run(known, cores):
    """1 where `--check` finds the ratio worse than the baseline allows."""
    if not shutil.which("valgrind"):
        raise SystemExit("bench/run instructions needs Valgrind: ./dev setup installs it")
    with tempfile.TemporaryDirectory(prefix="obleth-bench-") as temporary:
        folder = known.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with CountedBed(known.build.resolve(), folder, cores, only=COUNTED) as bed:
            counted = {name: round(bed.count(bed.servers[name], CASES[0])) for name in COUNTED}
    ratio = round(counted["obleth"] / counted["haproxy"], 3)
    baseline = json.loads(BASELINE.read_text())
    result = {"instructions": counted, "ratio": ratio, "baseline": baseline}
    if known.record:
        BASELINE.write_text(json.dumps({"instructions": counted, "ratio": ratio}, indent=2) + "\n")
    print(json.dumps(result, indent=2) if known.json else "\n".join(as_text(result)))
    return 1 if known.check and ratio > baseline["ratio"] * (1 + WORSE_MAX) else 0


def as_text(result):
    yield "instructions in user mode for a request of 1 KiB, all threads, delivery into the ledger included"
    for name, count in result["instructions"].items():
        yield f"  {name:8} {count:>9,}   recorded {result['baseline']['instructions'][name]:>9,}"
    yield f"  ratio    {result['ratio']:>9.2f}   recorded {result['baseline']['ratio']:>9.2f}, at most {result['baseline']['ratio'] * (1 + WORSE_MAX):.2f}"
