"""What the rounds found, as a table for people or as JSON for programs."""

import platform
import re
import statistics
import subprocess

from gateway_path.load import RATE_MISSED_MAX

# The relay does the same work in every round: where its own cost moves more than this, the machine was too noisy.
RELAY_SPREAD_MAX = 0.20
REFERENCE = "haproxy"


def summary(samples):
    """{case: {server: figures}} from {(case, server): [Sample]}."""
    found = {}
    for (case, server), rounds in samples.items():
        found.setdefault(case.name, {})[server] = {
            "cost_us": round(statistics.median(one.cost_us for one in rounds), 2),
            "cost_us_min": round(min(one.cost_us for one in rounds), 2),
            "user_us": round(statistics.median(one.user_us for one in rounds), 2),
            "busy": round(statistics.median(one.busy for one in rounds), 2),
            "per_second": round(statistics.median(one.per_second for one in rounds)),
            "p50_us": round(statistics.median(one.p50_us for one in rounds)),
            "p99_us": round(statistics.median(one.p99_us for one in rounds)),
            "failed": sum(one.failed for one in rounds),
        }
    for servers in found.values():
        for figures in servers.values():
            for name in ("cost_us", "cost_us_min", "user_us"):
                reference = servers[REFERENCE][name] if REFERENCE in servers else 0
                figures[f"{name}_ratio"] = round(figures[name] / reference, 3) if reference else None
            if "direct" in servers:
                figures["added_p50_us"] = figures["p50_us"] - servers["direct"]["p50_us"]
                figures["added_p99_us"] = figures["p99_us"] - servers["direct"]["p99_us"]
    return found


def doubts(samples):
    """Why the run is void, one sentence each; empty if it is not."""
    for (case, server), rounds in samples.items():
        costs = [one.cost_us for one in rounds]
        spread = (max(costs) - min(costs)) / statistics.median(costs) if server == "relay" else 0
        if spread > RELAY_SPREAD_MAX:
            yield f"{case.name}: the relay's own cost moved by {spread:.0%} between rounds"
        slowest = min(one.per_second for one in rounds)
        if case.rate and slowest < case.rate * (1 - RATE_MISSED_MAX):
            yield f"{case.name}: {server} was offered {case.rate:.0f}/s and served {slowest:.0f}/s in one round"
        if any(one.failed for one in rounds):
            yield f"{case.name}: {sum(one.failed for one in rounds)} requests to {server} failed"


def machine():
    cpu = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    cores = open("/proc/cpuinfo").read().count("processor\t")
    load = open("/proc/loadavg").read().split()[0]
    return {
        "cpu": cpu.group(1) if cpu else platform.machine(),
        "cores": cores,
        "kernel": platform.release(),
        "load_average_before": float(load),
    }


def versions(build):
    def first_line(*command):
        ran = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        lines = (ran.stdout + ran.stderr).splitlines()
        return lines[0] if lines else "?"

    return {
        "haproxy": re.sub(r"HA-?Proxy version (\S+).*", r"\1", first_line("haproxy", "-v")),
        "nginx": first_line("nginx", "-v").rpartition("/")[2],
        "obleth": first_line(build / "obleth", "version").removeprefix("obleth "),
    }


def ratio(value):
    return f"{value:.2f}" if value is not None else ""


def as_text(result):
    here = result["machine"]
    yield f"{here['cores']} × {here['cpu']}, Linux {here['kernel']}, load average {here['load_average_before']} before"
    yield ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    yield f"{result['rounds']} interleaved rounds of {result['seconds']} s, medians; µs of CPU of the proxy's process"
    for case in result["cases"]:
        latency = "first byte" if case["unit"] == "events" else "latency"
        yield f"\n{case['title']}"
        yield f"  {'':8} {'µs/' + case['unit'][:-1]:>10} {'min':>6} {'× HAProxy':>10} {'user µs':>8} {'×':>5} {'busy':>5} {'per s':>7} {latency + ' p50':>15} {'p99':>7} {'added p50':>10} {'p99':>7}"
        for server, row in case["servers"].items():
            cost = f"{row['cost_us']:>10.1f} {row['cost_us_min']:>6.1f} {ratio(row['cost_us_ratio']):>10} {row['user_us']:>8.1f} {ratio(row['user_us_ratio']):>5} {row['busy']:>5.0%}"
            added = f"{row['added_p50_us']:>10} {row['added_p99_us']:>7}" if "added_p50_us" in row else ""
            if server == "direct":
                cost, added = " " * len(cost), ""
            yield f"  {server:8} {cost} {row['per_second']:>7} {row['p50_us']:>15} {row['p99_us']:>7} {added}".rstrip()
    if result["system_calls"]:
        yield "\nsystem calls per request, and per event of a stream"
    for name, servers in result["system_calls"].items():
        for server, calls in servers.items():
            listed = ", ".join(f"{call} {number:.2f}" for call, number in calls.items() if number >= 0.05)
            yield f"  {name:10} {server:8} {sum(calls.values()):6.2f}   {listed}"
    if result["memory"]:
        yield "\nresident memory: MiB at start, KiB for each of 2,000 idle connections, for each of 2,000 live streams, MiB with many"
    for server, memory in result["memory"].items():
        at_start, idle, live, streams, crowd = memory.values()
        yield f"  {server:8} {at_start:>8} {idle:>8} {live:>8} {crowd:>8} with {streams:,} streams"
    if result["at_rest"]:
        ready, wakes = result["at_rest"].values()
        yield f"\nobleth at rest: ready {ready} ms after its start on fresh files; {wakes} wake-ups a second of all its threads"
    for sentence in result["void"]:
        yield f"VOID {sentence}"
