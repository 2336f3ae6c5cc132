"""`bench/run soak`: half an hour of mixed load with faults; memory, descriptors, slots and latency must stay as they were.

Chats, streams, large bodies, clients that leave in the middle, requests that are refused, changes of the configuration,
and a second upstream that is killed and started again. Where the load of the good clients fails, or anything grows or
stays behind, the run fails and says what. The ledger's page caches are filled before: they are no leak."""

import contextlib
import dataclasses
import json
import pathlib
import random
import re
import socket
import statistics
import tempfile
import threading
import time
import urllib.request

from gateway_path import report
from gateway_path.load import Case, request_bytes, start_load
from gateway_path.processes import Program, descriptors, free_port, resident_mib
from gateway_path.servers import Bed, ask, fresh_folder, prepare_tenant

SAMPLE_SECONDS = 5
LOAD_SECONDS = 10  # of one run of each load; the next begins when it has ended
RESIDENT_GROWTH_MAX = 0.05
DESCRIPTORS_GROWTH_MAX = 8
LATENCY_GROWTH_MAX = 2.0
END_SECONDS_MAX = 60
FILLING_RUNS_MAX = 20
FILLED_GROWTH_MAX = 0.005  # of one run more
FRAGILE = "fragile-model"
FILLING = Case("filling", "", "requests", 64)
CHATS = Case("chats", "", "requests", 16, rate=200)
STREAMS = Case("soak-streams", "", "events", 40, stream=True, headers=("x-mock-token-ms: 10", "x-mock-output-tokens: 100"))
BODIES = Case("bodies", "", "requests", 4, rate=10, body_bytes=512 * 1024)


def add_flags(parser):
    parser.add_argument("--minutes", type=float, default=30.0, help="of the soak")


@dataclasses.dataclass
class Sample:
    at: float
    resident_mib: float
    descriptors: int


class Soak:
    """All loads, each in a thread of its own, until the time is over."""

    def __init__(self, bed, server, admin, metrics):
        self.bed, self.server, self.admin, self.metrics = bed, server, admin, metrics
        self.over = threading.Event()
        self.samples, self.latencies, self.done, self.failed, self.faults = [], [], {}, [], []
        self.fragile_port = free_port()
        self.random = random.Random(1)

    def run(self, seconds):
        ask(self.admin, "POST", "/models", {
            "model_name": FRAGILE, "upstream_model": FRAGILE, "max_retries": 0,
            "endpoints": [{"api_base": f"http://127.0.0.1:{self.fragile_port}/v1"}],
        })  # fmt: skip
        works = [lambda case=case: self.load(case) for case in (CHATS, STREAMS, BODIES)]
        works += [self.leave, self.be_refused, self.reconfigure, self.break_upstream]
        threads = [threading.Thread(target=self.guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        while time.monotonic() - began < seconds and not self.faults:
            pid = self.server.program.pid
            self.samples.append(Sample(time.monotonic() - began, resident_mib(pid), descriptors(pid)))
            self.over.wait(SAMPLE_SECONDS)
        self.over.set()
        for thread in threads:
            thread.join()

    def fill_caches(self):
        """As many rows as it takes until one more load of them leaves memory as it is."""
        resident = resident_mib(self.server.program.pid)
        for _ in range(FILLING_RUNS_MAX):
            self.load(FILLING)
            before, resident = resident, resident_mib(self.server.program.pid)
            if resident <= before * (1 + FILLED_GROWTH_MAX):
                return

    def guarded(self, work):
        try:
            while not self.over.is_set():
                work()
        except Exception as fault:  # a broken load would look like a quiet one
            self.faults.append(f"{getattr(work, '__name__', 'a load')} stopped: {fault!r}")

    def count(self, what, number=1):
        self.done[what] = self.done.get(what, 0) + number

    def load(self, case):
        with start_load(self.bed, self.server, case, LOAD_SECONDS, warm_up=0.5) as load:
            load.stdout.readline()
            result = json.loads(load.stdout.readline())
        self.count(case.name, result["requests"])
        if result["failed"]:
            self.failed.append(f"{result['failed']} of {case.name}")
        if case is CHATS:
            self.latencies.append(result["p99_us"])

    def send(self, bytes_sent, read_times):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as client:
            client.sendall(bytes_sent)
            for _ in range(read_times):
                if not client.recv(4096):
                    return

    def leave(self):
        """Before the answer, in the middle of a stream, in the middle of the body."""
        request = request_bytes(STREAMS, self.server.secret)
        self.send(request, self.random.choice((0, 1, 5)))
        self.send(request[: self.random.randrange(1, len(request))], 0)
        self.count("left early", 2)
        self.over.wait(0.05)

    def be_refused(self):
        request = request_bytes(CHATS, self.server.secret)
        wrong = [request.replace(b'"model"', b'"nodel"', 1), request.replace(b"Bearer sk_", b"Bearer sk-", 1)]
        wrong += [b"GET / HTTP/1.1\r\n\r\n", request.replace(b"HTTP/1.1", b"HTTP/9.9", 1)]
        self.send(self.random.choice(wrong), 1)
        self.send(request.replace(b"mock-model", FRAGILE.encode()).replace(b"Content-Length: 1024", b"Content-Length: 1027"), 1)
        self.count("refused or upstream away", 2)
        self.over.wait(0.05)

    def reconfigure(self):
        name = f"guest {self.random.getrandbits(40):x}"
        tenant = ask(self.admin, "POST", "/tenants", {"name": name, "weight": self.random.randrange(1, 1000)})
        key = ask(self.admin, "POST", f"/tenants/{tenant['id']}/keys", {"name": "guest"})
        self.send(request_bytes(CHATS, key["secret"]), 1)
        ask(self.admin, "PUT", "/capacity", {"max_in_flight": self.random.randrange(2000, 4000)})
        ask(self.admin, "PATCH", f"/tenants/{tenant['id']}", {"weight": self.random.randrange(1, 1000)})
        ask(self.admin, "DELETE", f"/tenants/{tenant['id']}")
        self.count("tenants made and deleted")
        self.over.wait(0.5)

    def break_upstream(self):
        command = [self.bed.build / "obleth", "mock-upstream", "--listen", f"127.0.0.1:{self.fragile_port}", "--model", FRAGILE]
        upstream = Program(command, self.bed.folder / "fragile.log", core=self.bed.load_core, port=self.fragile_port)
        self.over.wait(2)
        upstream.process.kill()
        upstream.process.wait()
        self.count("upstream killed")
        self.over.wait(1)

    def gauges(self):
        """What must be nothing when nobody asks any more."""
        page = urllib.request.urlopen(f"http://{self.metrics}/metrics", timeout=10).read().decode()
        return {name: sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page, re.MULTILINE))
                for name in ("obleth_in_flight", "obleth_queued")}  # fmt: skip


def median_of(values):
    return statistics.median(values) if values else 0


def verdicts(soak, gauges, descriptors_before, descriptors_after):
    """One sentence for each thing that is not as it was; the first third of the run is its warm-up."""
    yield from soak.faults
    for sentence in soak.failed:
        yield f"failed: {sentence}"
    for name, value in gauges.items():
        if value:
            yield f"{name} is {value:.0f} when nobody asks any more"
    if descriptors_after > descriptors_before + DESCRIPTORS_GROWTH_MAX:
        yield f"{descriptors_after} descriptors are open when nobody asks any more; {descriptors_before} were after the first requests"
    if len(soak.latencies) < 3:
        return
    third = len(soak.samples) // 3
    resident = [median_of([one.resident_mib for one in part]) for part in (soak.samples[third : 2 * third], soak.samples[-third:])]
    if resident[1] > resident[0] * (1 + RESIDENT_GROWTH_MAX):
        yield f"resident memory grew from {resident[0]:.1f} to {resident[1]:.1f} MiB after the warm-up"
    third = len(soak.latencies) // 3
    latency = [median_of(part) for part in (soak.latencies[third : 2 * third], soak.latencies[-third:])]
    if latency[1] > latency[0] * LATENCY_GROWTH_MAX:
        yield f"p99 of chats grew from {latency[0]:.0f} to {latency[1]:.0f} µs after the warm-up"


def wait_for_rest(soak, descriptors_before):
    """Until all is quiet, or long enough: pooled connections are closed after a while."""
    deadline = time.monotonic() + END_SECONDS_MAX
    pid = soak.server.program.pid
    while time.monotonic() < deadline:
        gauges = soak.gauges()
        if not any(gauges.values()) and descriptors(pid) <= descriptors_before + DESCRIPTORS_GROWTH_MAX:
            break
        time.sleep(0.2)
    return soak.gauges(), descriptors(pid)


def run(known, cores):
    with tempfile.TemporaryDirectory(prefix="obleth-bench-") as temporary:
        folder = known.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with Bed(known.build.resolve(), folder, cores, only=()) as bed:
            server, admin = bed.start_obleth("soaked", fresh_folder(folder / "soaked"))
            server.secret = prepare_tenant(admin)
            metrics = server.program.match.group(4)
            soak = Soak(bed, server, admin, metrics)
            soak.load(CHATS)
            soak.fill_caches()
            soak.latencies.clear()
            before = descriptors(server.program.pid)
            soak.run(known.minutes * 60)
            gauges, after = wait_for_rest(soak, before)
            wrong = list(verdicts(soak, gauges, before, after))
    result = {
        "machine": report.machine(),
        "minutes": known.minutes,
        "done": soak.done,
        "samples": [dataclasses.asdict(one) for one in soak.samples],
        "chats_p99_us": soak.latencies,
        "descriptors": {"before": before, "after": after},
        "wrong": wrong,
    }
    print(json.dumps(result, indent=2) if known.json else "\n".join(as_text(result)))
    return 1 if wrong else 0


def as_text(result):
    yield f"{result['minutes']} minutes: " + ", ".join(f"{number} {what}" for what, number in result["done"].items())
    yield f"  {'minute':>6} {'resident MiB':>12} {'descriptors':>11}"
    samples = result["samples"]
    for sample in samples[:: max(1, len(samples) // 15)]:
        yield f"  {sample['at'] / 60:>6.1f} {sample['resident_mib']:>12.1f} {sample['descriptors']:>11}"
    p99 = result["chats_p99_us"]
    yield "  p99 of chats, µs: " + " ".join(str(value) for value in p99[:: max(1, len(p99) // 15)])
    yield f"  descriptors: {result['descriptors']['before']} after the first requests, {result['descriptors']['after']} at the end"
    for sentence in result["wrong"]:
        yield f"WRONG {sentence}"
    if not result["wrong"]:
        yield "all as it was"
