"""`bench/run threads`: what two threads serve, beside one.

Where there are four cores, load and upstream have their own, and what is served is counted. Two cores are not enough for
that: then everything shares them, so that the two threads work at the same time and in each other's way, and what counts is
the CPU of a request. As long as it stays as it is, two threads on cores of their own serve twice as much as one."""

import json
import os
import pathlib
import statistics
import tempfile

from gateway_path import report
from gateway_path.load import CASES, measure
from gateway_path.servers import Bed, fresh_folder, prepare_tenant

THREADS = (1, 2)
BAR = 1.7


def add_flags(_parser):
    """Rounds, seconds and JSON are those of every benchmark."""


def places():
    """Cores for obleth, cores for load and upstream, and whether these are others."""
    usable = [str(core) for core in sorted(os.sched_getaffinity(0))]
    apart = len(usable) >= 4
    return ",".join(usable[:2] if apart else usable), ",".join(usable[2:] if apart else usable), apart


def seconds_by_thread(pid):
    """Time on a core, of each thread."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return {task.name: int((task / "schedstat").read_text().split()[0]) / 1e9 for task in tasks}


def measure_with_split(bed, server, seconds):
    """The sample, and what the busiest thread took of the time that the two busiest took together."""
    before = seconds_by_thread(server.program.pid)
    sample = measure(bed, server, CASES[0], seconds)
    after = seconds_by_thread(server.program.pid)
    first, second = sorted((after[task] - before.get(task, 0) for task in after), reverse=True)[:2]
    return sample, first / (first + second)


def run(known, _cores):
    found = {}
    core, load_core, apart = places()
    with tempfile.TemporaryDirectory(prefix="obleth-bench-") as temporary:
        folder = pathlib.Path(temporary)
        with Bed(known.build.resolve(), folder, (core, load_core), only=()) as bed:
            for threads in THREADS:
                name = f"obleth-{threads}"
                server, admin = bed.start_obleth(name, fresh_folder(folder / name), THREADS=threads)
                server.secret = prepare_tenant(admin)
                bed.servers[threads] = server
            for _ in range(known.rounds):
                for threads in THREADS:
                    found.setdefault(threads, []).append(measure_with_split(bed, bed.servers[threads], known.seconds))
    result = {"machine": report.machine(), "cores_apart": apart, "rows": [figures(*one) for one in found.items()]}
    result["factor"] = factor(*result["rows"], apart)
    print(json.dumps(result, indent=2) if known.json else "\n".join(as_text(result)))
    return 1 if any(row["failed"] for row in result["rows"]) else 0


def figures(threads, samples):
    return {
        "threads": threads,
        "cost_us": statistics.median(sample.cost_us for sample, _ in samples),
        "per_second": statistics.median(sample.per_second for sample, _ in samples),
        "busiest": statistics.median(split for _, split in samples),
        "failed": sum(sample.failed for sample, _ in samples),
    }


def factor(one, two, apart):
    """How much more two threads serve than one."""
    return two["per_second"] / one["per_second"] if apart else 2 * one["cost_us"] / two["cost_us"]


def as_text(result):
    yield f"saturated, 64 connections, 1 KiB chat body; load and upstream on {'cores of their own' if result['cores_apart'] else 'the same cores'}"
    yield f"  {'threads':>7} {'µs/request':>10} {'per s':>7} {'the busiest of two threads took':>32}"
    for row in result["rows"]:
        yield f"  {row['threads']:>7} {row['cost_us']:>10.1f} {row['per_second']:>7.0f} {row['busiest']:>32.0%}"
    how = "counted" if result["cores_apart"] else "by the CPU of a request"
    yield f"  two threads serve {result['factor']:.2f} times as much as one, {how} (bar {BAR})"
