"""`bench/run stores`: what limits cost a request where replicas share them through Redis, beside limits that are kept in the
process, and how often Redis is asked for it. Needs redis-server."""

import json
import pathlib
import socket
import statistics
import tempfile

from gateway_path import report
from gateway_path.load import CASES, measure
from gateway_path.processes import Program, free_port
from gateway_path.servers import Bed, fresh_folder, prepare_tenant

WHERE = ("in the process", "in Redis")


def add_flags(_parser):
    """Rounds, seconds and JSON are those of every benchmark."""


def reads_of(port):
    """How often Redis has read something from its clients: what leaves in one write is read at once."""
    with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as answer:
        connection.sendall(b"INFO stats\r\n")
        length = int(answer.readline()[1:])
        told = dict(line.split(":", 1) for line in answer.read(length).decode().splitlines() if ":" in line)
    return int(told["total_reads_processed"])


def measure_with_reads(bed, server, case, seconds, redis):
    """The sample, and how many times Redis was asked for each request; its warm-up is in both."""
    before = reads_of(redis)
    sample = measure(bed, server, case, seconds, warm_up=0)
    return sample, (reads_of(redis) - before) / (sample.per_second * seconds)


def start(bed, redis):
    settings = {WHERE[0]: {}, WHERE[1]: {"REDIS_URL": f"redis://127.0.0.1:{redis}"}}
    for name, chosen in settings.items():
        server, admin = bed.start_obleth(name.replace(" ", "-"), fresh_folder(bed.folder / name.replace(" ", "-")), **chosen)
        server.secret = prepare_tenant(admin)
        bed.servers[name] = server


def run(known, cores):
    cases = [case for case in CASES if not known.cases or case.name in known.cases]
    found = {}
    with tempfile.TemporaryDirectory(prefix="obleth-bench-") as temporary:
        folder = pathlib.Path(temporary)
        with Bed(known.build.resolve(), folder, cores, only=()) as bed:
            port = free_port()
            command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder]
            bed.programs.append(Program(command, folder / "redis.log", port=port, core=bed.load_core))
            start(bed, port)
            for _ in range(known.rounds):
                for case in cases:
                    for name in WHERE:
                        sample = measure_with_reads(bed, bed.servers[name], case, known.seconds, port)
                        found.setdefault((case.name, name), []).append(sample)
    rows = [figures(case, name, found[case.name, name]) for case in cases for name in WHERE]
    print(json.dumps({"machine": report.machine(), "rows": rows}, indent=2) if known.json else as_text(rows))
    return 1 if any(row["failed"] for row in rows) else 0


def figures(case, name, samples):
    costs, reads = [sample.cost_us for sample, _ in samples], [each for _, each in samples]
    return {
        "case": case.title,
        "limits": name,
        "cost_us": statistics.median(costs),
        "p50_us": statistics.median(sample.p50_us for sample, _ in samples),
        "p99_us": statistics.median(sample.p99_us for sample, _ in samples),
        "redis_reads": statistics.median(reads),
        "per": case.unit,
        "failed": sum(sample.failed for sample, _ in samples),
    }


def as_text(rows):
    lines = [f"{'':46} {'limits':<15} {'CPU':>9} {'p50':>9} {'p99':>9} {'reads of Redis':>15}"]
    for row in rows:
        times = f"{row['cost_us']:>6.1f} µs {row['p50_us']:>6.0f} µs {row['p99_us']:>6.0f} µs"
        per = row["per"].removesuffix("s")
        lines.append(f"{row['case']:46} {row['limits']:<15} {times} {row['redis_reads']:>8.3f}/{per}")
    return "\n".join(lines)
