"""One measurement: the load runs against one server, and what the server used meanwhile is divided by what it did."""

import dataclasses
import json
import subprocess

from gateway_path.processes import cpu_seconds, user_part
from gateway_path.servers import CACHED_MODEL, MODEL

# A paced load that falls behind its rate by more than this was not that load.
RATE_MISSED_MAX = 0.02


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    title: str
    unit: str  # what the cost is divided by: "requests" or "events"
    connections: int
    stream: bool = False
    rate: float = 0
    headers: tuple = ()
    model: str = MODEL  # what obleth is asked for
    servers: tuple = ("relay", "haproxy", "nginx", "obleth")
    body_bytes: int = 1024
    windows: int = 1  # as long as so many of the others: of a hundred streams a second, few have begun in one


CASES = (
    Case("saturated", "saturated, 64 connections, 1 KiB chat body", "requests", 64),
    Case("paced", "5,000 requests/s, 64 connections", "requests", 64, rate=5000,
         servers=("direct", "relay", "haproxy", "nginx", "obleth")),
    Case("streams", "200 streams, one token each 20 ms", "events", 200, stream=True, windows=3,
         headers=("x-mock-token-ms: 20", "x-mock-output-tokens: 100"),
         servers=("direct", "relay", "haproxy", "nginx", "obleth")),
)  # fmt: skip

# `bench/run cache`. Every request asks the same: with no-cache each is a miss whose answer is kept.
CACHE_CASES = (
    Case("off", "a model without a cache, saturated, 64 connections, 1 KiB chat body", "requests", 64,
         servers=("relay", "haproxy", "obleth")),
    Case("miss", "with a cache: misses, each kept in place of the one before", "requests", 64, model=CACHED_MODEL,
         headers=("Cache-Control: no-cache",), servers=("relay", "haproxy", "obleth")),
    Case("hit", "with a cache: hits (the others ask the upstream)", "requests", 64, model=CACHED_MODEL,
         servers=("relay", "haproxy", "obleth")),
    Case("streamed-hit", "with a cache: hits of a stream of 16 tokens", "requests", 64, stream=True, model=CACHED_MODEL,
         servers=("relay", "haproxy", "obleth")),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Sample:
    """Of one round. Microseconds; a cost is 0 where there is no server in between."""

    cost_us: float
    user_us: float
    busy: float  # part of a core that the server used
    per_second: float  # requests, or events
    p50_us: int
    p99_us: int
    failed: int


def request_bytes(case, secret):
    """A chat request of case.body_bytes, as the OpenAI client sends it. secret: obleth's, which knows all models."""
    prompt = "The quick brown fox jumps over the lazy dog, 42 times over the hills. " * 12
    body = {"model": case.model if secret else MODEL, "messages": [{"role": "user", "content": prompt}], "temperature": 0.7, "max_tokens": 512}
    if case.stream:
        body["stream"] = True
    text = json.dumps(body)
    if case.body_bytes > 2048:
        body["messages"][0]["content"] = (prompt * (case.body_bytes // len(prompt) + 1))[: case.body_bytes - 1024]
        text = json.dumps(body)
    text = text[:-1] + " " * (case.body_bytes - len(text)) + "}"
    head = ["POST /v1/chat/completions HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    head += ["Content-Type: application/json", "User-Agent: OpenAI/Python 1.99.0", f"Content-Length: {len(text)}"]
    head += [f"Authorization: Bearer {secret or 'none'}", *case.headers]
    return ("\r\n".join(head) + "\r\n\r\n" + text).encode()


def start_load(bed, server, case, seconds, warm_up, connections=None):
    """server.secrets, where it has any, are used in turns; server.secret is the first of them."""
    request = bed.folder / f"{server.name}-{case.name}.request"
    request.write_bytes(request_bytes(case, server.secret))
    command = ["taskset", "-c", str(bed.load_core), bed.build / "bench" / "path_load"]
    command += ["--port", server.port, "--request", request, "--connections", connections or case.connections]
    command += ["--rate", case.rate, "--seconds", seconds, "--warm-up", warm_up]
    if server.secrets:
        secrets = bed.folder / f"{server.name}.secrets"
        secrets.write_text("\n".join(server.secrets))
        command += ["--secrets", secrets]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)


def measure(bed, server, case, seconds, warm_up=1.0):
    pid = server.program.pid if server.program else None
    with start_load(bed, server, case, seconds, warm_up) as load:
        if load.stdout.readline() != "begin\n":
            raise RuntimeError(f"no load on {server.name} in case {case.name}")
        cpu, (user, ticks) = (cpu_seconds(pid), user_part(pid)) if pid else (0, (0, 0))
        result = json.loads(load.stdout.readline())
        if pid:
            cpu, user_and_all = cpu_seconds(pid) - cpu, user_part(pid)
            user, ticks = user_and_all[0] - user, user_and_all[1] - ticks
    done = result[case.unit]
    if done == 0:
        raise RuntimeError(f"{server.name} answered nothing in case {case.name}: {result}")
    latency = "first_byte_" if case.stream else ""
    return Sample(
        cost_us=cpu / done * 1e6,
        user_us=cpu / done * 1e6 * user / max(ticks, 1),
        busy=cpu / result["seconds"],
        per_second=done / result["seconds"],
        p50_us=result[f"{latency}p50_us"],
        p99_us=result[f"{latency}p99_us"],
        failed=result["failed"],
    )
