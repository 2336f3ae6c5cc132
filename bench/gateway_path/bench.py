"""`bench/run path` and `bench/run cache`: what a request costs obleth, beside HAProxy, nginx and a relay without HTTP, in
interleaved rounds."""

import json
import os
import pathlib
import sys
import tempfile

from gateway_path import memory, report, rest, system_calls
from gateway_path.load import CACHE_CASES, CASES, measure
from gateway_path.servers import Bed

CASES_OF = {"path": CASES, "cache": CACHE_CASES}


def add_flags(parser):
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement; of streams three times as long")
    names = " or ".join(",".join(case.name for case in cases) for cases in CASES_OF.values())
    parser.add_argument("--cases", type=lambda text: text.split(","), help=names)
    parser.add_argument("--only", type=lambda text: text.split(","), help="of the servers, as in haproxy,obleth")
    parser.add_argument("--brief", action="store_true", help="leave out memory and system calls")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for logs and configurations, to look at them later")


def cores():
    """The proxy under test has a core of its own where there are two; load and upstream share the other."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def run_rounds(bed, cases, known):
    samples = {}
    for number in range(1, known.rounds + 1):
        for case in cases:
            for name in case.servers:
                if known.only and name not in known.only:
                    continue
                if sys.stderr.isatty():
                    print(f"\x1b[2K\rround {number} of {known.rounds}: {case.name} {name}", end="\r", file=sys.stderr)
                sample = measure(bed, bed.servers[name], case, known.seconds * case.windows)
                samples.setdefault((case, name), []).append(sample)
    if sys.stderr.isatty():
        print("\x1b[2K", end="\r", file=sys.stderr)
    return samples


def measure_memory(bed, known):
    wanted = [name for name, one in bed.servers.items() if one.program and (not known.only or name in known.only)]
    return {name: memory.measure(bed, bed.servers[name]) for name in wanted}


def count_calls(bed, cases, known):
    counted = {}
    for case in cases:
        for name in ("relay", "haproxy", "nginx", "obleth"):
            if case.rate == 0 and (not known.only or name in known.only):
                counted.setdefault(case.name, {})[name] = system_calls.count(bed, bed.servers[name], case)
    return counted


def run(known):
    """0; 1 where the run is void, and then its figures say nothing."""
    cases = [case for case in CASES_OF[known.name] if not known.cases or case.name in known.cases]
    brief = known.brief or known.name != "path"
    with tempfile.TemporaryDirectory(prefix="obleth-bench-") as temporary:
        folder = known.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        machine = report.machine()
        with Bed(known.build.resolve(), folder, cores()) as bed:
            resident = {} if brief else measure_memory(bed, known)
            at_rest = {} if brief or "obleth" not in resident else rest.measure(bed, bed.servers["obleth"])
            samples = run_rounds(bed, cases, known)
            calls = {} if brief else count_calls(bed, cases, known)
    figures = report.summary(samples)
    result = {
        "machine": machine,
        "versions": report.versions(known.build.resolve()),
        "rounds": known.rounds,
        "seconds": known.seconds,
        "cases": [
            {"name": case.name, "title": case.title, "unit": case.unit, "servers": figures[case.name]} for case in cases
        ],
        "system_calls": calls,
        "memory": resident,
        "at_rest": at_rest,
        "void": list(report.doubts(samples)),
    }
    print(json.dumps(result, indent=2) if known.json else "\n".join(report.as_text(result)))
    return 1 if result["void"] else 0
