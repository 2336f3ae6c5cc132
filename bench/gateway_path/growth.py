"""`bench/run growth`: what a request costs as bodies, connections, tenants, keys and the queue grow."""

import dataclasses
import json
import pathlib
import resource
import statistics
import tempfile

from gateway_path import report, town
from gateway_path.load import Case, measure
from gateway_path.servers import Bed

DESCRIPTORS = 65_536  # asked for; where the machine allows fewer, the largest points are as large as they can be
DESCRIPTORS_SPARE = 500  # of a process: its files, its upstream's connections
SLOTS = 64  # where the queue is measured: as many requests are under way, the others wait
SECRETS_MAX = 100_000  # keys that are really used; the others only lie in the record
# Each key is used once before the window: it comes from the record then, and from memory afterwards.
FIRST_USES_PER_SECOND = 4_000


@dataclasses.dataclass(frozen=True)
class Point:
    """One measurement: how large, of which servers, over which record (None: one tenant with one key)."""

    size: int
    connections: int = 64
    body_bytes: int = 1024
    servers: tuple = ("obleth",)
    tenants: int | None = None
    keys: int | None = None
    slots: int = 20_000
    rate: float = 0

    @property
    def case(self):
        name = f"c{self.connections}b{self.body_bytes}"
        return Case(name, "", "requests", self.connections, rate=self.rate, body_bytes=self.body_bytes)


def raise_descriptors():
    """How many this process and those that it starts may open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (DESCRIPTORS, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
            return wanted
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


BOTH = ("haproxy", "obleth")
QUEUES = ("haproxy-queue", "obleth")


def dimensions(descriptors):
    """{name: points}. What grows is the point's size; the first is what the others are compared with."""
    queue = min(20_000, descriptors - SLOTS - DESCRIPTORS_SPARE)
    return {
        "body": [Point(size, 16, size, BOTH) for size in (1 << 10, 16 << 10, 128 << 10, 1 << 20)],
        # At a fixed rate: what it costs to hold them, not to serve as many at once.
        "connections": [Point(size, size, servers=BOTH, rate=2000) for size in (4, 64, 1000, 10_000)],
        "tenants": [Point(size, tenants=size, keys=size) for size in (10, 1000, 100_000)],
        "keys": [Point(size, tenants=100, keys=size) for size in (100, 10_000, 1_000_000)],
        "queue": [Point(size, SLOTS + size, servers=QUEUES, tenants=1000, keys=1000, slots=SLOTS) for size in (0, 1000, queue)],
        # The queue and the tenants together.
        "both": [
            Point(0, SLOTS, servers=QUEUES, tenants=10, keys=10, slots=SLOTS),
            Point(queue, SLOTS + queue, servers=QUEUES, tenants=100_000, keys=100_000, slots=SLOTS),
        ],
    }


def add_flags(parser):
    parser.add_argument("--dimensions", type=lambda text: text.split(","), default=list(dimensions(DESCRIPTORS)))


class Towns:
    """Gateways over large records, one at a time: a record is built once and used by all points that want it."""

    def __init__(self, bed):
        self.bed, self.built, self.running, self.server = bed, {}, None, None

    def server_of(self, point):
        wanted = (point.tenants, point.keys, point.slots)
        if self.running != wanted:
            self.stop()
            self.server = self._start(point)
            self.running = wanted
        return self.server

    def _start(self, point):
        size = (point.tenants, point.keys)
        if size not in self.built:
            self.built[size] = town.build(self.bed, self.bed.folder / f"town-{size[0]}-{size[1]}", *size)
        # All keys come from one address here, and are remembered at once.
        settings = {"GLOBAL_MAX_IN_FLIGHT": point.slots, "KEY_CACHE_MAX": 2_000_000, "FAILED_KEYS_PER_MINUTE": 0}
        server, _ = self.bed.start_obleth("obleth-of-many", self.built[size], **settings)
        server.secrets = [town.secret_of(at) for at in range(min(point.keys, SECRETS_MAX))]
        server.secret = server.secrets[0]
        return server

    def stop(self):
        if self.server:
            self.server.program.stop()
        self.running = self.server = None


def warm_up_of(point, server):
    return 1.0 + len(server.secrets) / FIRST_USES_PER_SECOND + point.connections / 5_000


def measure_point(bed, towns, point, known):
    figures = {}
    for name in point.servers:
        server = towns.server_of(point) if point.tenants and name == "obleth" else bed.servers[name]
        samples = []
        for number in range(known.rounds):
            warm_up = warm_up_of(point, server) if number == 0 else 0.5 + point.connections / 5_000
            samples.append(measure(bed, server, point.case, known.seconds, warm_up))
        figures[name] = {
            "cost_us": round(statistics.median(one.cost_us for one in samples), 2),
            "cost_us_min": round(min(one.cost_us for one in samples), 2),
            "user_us": round(statistics.median(one.user_us for one in samples), 2),
            "per_second": round(statistics.median(one.per_second for one in samples)),
            "failed": sum(one.failed for one in samples),
        }
    return figures


def as_text(result):
    here = result["machine"]
    yield f"{here['cores']} × {here['cpu']}, Linux {here['kernel']}, load average {here['load_average_before']} before"
    yield f"µs of CPU of the proxy's process for a request, saturated; medians of {result['rounds']} windows of {result['seconds']} s"
    for name, points in result["dimensions"].items():
        yield f"\n{name}"
        yield f"  {'':>10} {'':13} {'µs/request':>10} {'min':>8} {'× first':>8} {'user µs':>8} {'per s':>7}"
        for point in points:
            for server, row in point["servers"].items():
                first = points[0]["servers"][server]["cost_us"]
                yield f"  {point['size']:>10} {server:13} {row['cost_us']:>10.1f} {row['cost_us_min']:>8.1f} {row['cost_us'] / first:>8.2f} {row['user_us']:>8.1f} {row['per_second']:>7}"
    for sentence in result["void"]:
        yield f"VOID {sentence}"


def doubts(found):
    for name, points in found.items():
        for point in points:
            for server, row in point["servers"].items():
                if row["failed"]:
                    yield f"{name} {point['size']}: {row['failed']} requests to {server} failed"


def run(known, cores):
    points_of = dimensions(raise_descriptors())
    if unknown := set(known.dimensions) - set(points_of):
        raise SystemExit(f"there is no dimension {', '.join(sorted(unknown))}: choose of {', '.join(points_of)}")
    machine = report.machine()
    found = {}
    with tempfile.TemporaryDirectory(prefix="obleth-bench-") as temporary:
        folder = known.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with Bed(known.build.resolve(), folder, cores) as bed:
            bed.servers["haproxy-queue"] = bed.start_queueing_haproxy(SLOTS)
            towns = Towns(bed)
            for name in known.dimensions:
                for point in points_of[name]:
                    figures = measure_point(bed, towns, point, known)
                    found.setdefault(name, []).append({"size": point.size, "servers": figures})
            towns.stop()
    result = {"machine": machine, "rounds": known.rounds, "seconds": known.seconds, "dimensions": found}
    result["void"] = list(doubts(found))
    print(json.dumps(result, indent=2) if known.json else "\n".join(as_text(result)))
    return 1 if result["void"] else 0
