"""The write-ahead log of the ledger against what ends processes and breaks disks.

A request whose client saw the end of its answer has its row, once. OBLETH_TEST_KILLS makes the test of kills longer (10;
the long form is 200)."""

import contextlib
import datetime
import os
import pathlib
import random
import re
import resource
import signal
import sqlite3
import subprocess
import threading
import uuid

import httpx
import pytest

from support.gateway import Gateway, wait_until
from support.processes import binary
from support.raw_http import chat_bytes, connect, read_until, split_head
from support.wall_clock import WallClock

pytestmark = pytest.mark.embedded(reason="reads the rows out of the ledger's own file, in every state of the gateway")

KILLS = int(os.environ.get("OBLETH_TEST_KILLS", "10"))
CLIENTS = 16


def spool_of(gateway):
    return gateway.folder / "data" / "spool"


def rows_of(gateway):
    """client_request_id: how often it is in the ledger. Asked by reading the file, whatever state the gateway is in."""
    with contextlib.closing(sqlite3.connect(gateway.folder / "data" / "usage.db")) as ledger:
        counted = {}
        for _, row in packed_rows(ledger):
            size, begin = varint(row, 0)
            text = row[begin : begin + size].decode()
            counted[text] = counted.get(text, 0) + 1
        return counted


def packed_rows(ledger):
    """Places and bytes of all rows: src/adapters/sqlite/usage_runs.hpp."""
    for place, run in ledger.execute("SELECT place, run FROM usage"):
        at = 0
        while at < len(run):
            further, at = varint(run, at)
            size, at = varint(run, at)
            place += further
            yield place, run[at : at + size]
            at += size


def varint(packed, at):
    """A number of seven bits a byte, and where it ends."""
    value = shift = 0
    while packed[at] >= 0x80:
        value |= (packed[at] & 0x7F) << shift
        shift += 7
        at += 1
    return value | packed[at] << shift, at + 1


def metric(gateway, series):
    found = re.search(rf"^{re.escape(series)} (\S+)$", gateway.metrics(), re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def rows_by(gateway, outcome):
    return metric(gateway, f'obleth_usage_rows_total{{outcome="{outcome}"}}')


def dropped_by(gateway, reason):
    return metric(gateway, f'obleth_usage_rows_dropped_total{{reason="{reason}"}}')


def ask(gateway, tenant, count=1, **fields):
    for _ in range(count):
        answer = httpx.post(
            f"{gateway.base_url}/chat/completions",
            headers=tenant.headers,
            json={"model": "mock-model", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4, **fields},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text


def read_to_its_end(connection):
    """True when the whole answer came: its last chunk, or as many bytes as were announced."""
    received = read_until(connection, b"\r\n\r\n")
    _, headers, body = split_head(received)
    chunked = headers.get("transfer-encoding") == "chunked"
    while not (body.endswith(b"0\r\n\r\n") if chunked else len(body) >= int(headers["content-length"])):
        piece = connection.recv(65536)
        if not piece:
            return False
        body += piece
    return True


class Load:
    """Clients that ask one request after another until the gateway is gone, and remember what they saw the end of."""

    def __init__(self, gateway, secret):
        self.gateway, self.secret = gateway, secret
        self.finished = []
        self.threads = [threading.Thread(target=self._ask, args=(number,), daemon=True) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _ask(self, number):
        try:
            connection = connect(self.gateway.address)
            while True:
                request_id = str(uuid.uuid4())
                # Streams, plain answers and refusals in turn.
                number += 1
                fields = {"stream": True} if number % 3 == 0 else {"model": "unheard-of"} if number % 3 == 1 else {}
                connection.sendall(
                    chat_bytes(self.secret, headers=[("x-request-id", request_id)], max_tokens=4, **fields)
                )
                if not read_to_its_end(connection):
                    return
                self.finished.append(request_id)
        except (OSError, AssertionError):
            return  # the gateway was killed

    def join(self):
        for thread in self.threads:
            thread.join(10)


def test_a_request_that_was_seen_to_end_is_in_the_ledger_once_however_often_the_process_is_killed(own, tmp_path, upstream):
    chance = random.Random(5)
    folder, secret, finished = tmp_path / "gateway", None, []
    for _ in range(KILLS):
        gateway = own.gateway(upstream.url, folder=folder)
        secret = secret or gateway.create_tenant().secret
        load = Load(gateway, secret)
        enough = 20 + chance.randrange(400)
        wait_until(lambda: len(load.finished) > enough, seconds=30, what="some answers")
        gateway.signal(signal.SIGKILL)
        gateway.wait()
        load.join()
        finished += load.finished
    gateway = own.gateway(upstream.url, folder=folder)
    wait_until(lambda: metric(gateway, "obleth_spool_bytes") == 0, seconds=60, what="the empty spool")
    rows = rows_of(gateway)
    missing = [request_id for request_id in finished if request_id not in rows]
    doubled = [request_id for request_id, count in rows.items() if count != 1]
    print(f"{KILLS} kills, {len(finished)} finished requests, {len(rows)} rows")
    assert (missing, doubled) == ([], [])
    assert len(finished) > KILLS * 20
    assert rows_by(gateway, "quarantined") == 0


def kill_with_rows_in_the_spool(gateway, tenant, count):
    """Rows that no ledger has: the file of the ledger is held by somebody else meanwhile."""
    blocker = sqlite3.connect(gateway.folder / "data" / "usage.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    ask(gateway, tenant, count)
    assert metric(gateway, "obleth_spool_bytes") > 0
    gateway.signal(signal.SIGKILL)
    gateway.wait()
    blocker.execute("ROLLBACK")
    blocker.close()


def largest_segment(gateway):
    return max(spool_of(gateway).glob("*.seg"), key=lambda path: path.stat().st_size)


def test_a_torn_tail_costs_the_torn_row_alone(own, tmp_path, upstream):
    folder = tmp_path / "gateway"
    gateway = own.gateway(upstream.url, folder=folder, environment={"OBLETH_THREADS": "1"})
    tenant = gateway.create_tenant()
    kill_with_rows_in_the_spool(gateway, tenant, 20)
    segment = largest_segment(gateway)
    os.truncate(segment, segment.stat().st_size - 5)
    gateway = own.gateway(upstream.url, folder=folder)
    wait_until(lambda: rows_by(gateway, "delivered") == 19, what="all rows but the torn one")
    assert rows_by(gateway, "quarantined") == 0
    assert sum(rows_of(gateway).values()) == 19


def test_flipped_bits_cost_one_row_each_and_are_kept(own, tmp_path, upstream):
    folder = tmp_path / "gateway"
    gateway = own.gateway(upstream.url, folder=folder, environment={"OBLETH_THREADS": "1"})
    tenant = gateway.create_tenant()
    kill_with_rows_in_the_spool(gateway, tenant, 20)
    segment = largest_segment(gateway)
    content = bytearray(segment.read_bytes())
    sync_words = [found.start() for found in re.finditer(rb"\xf5Ob\xfa", content)]
    assert len(sync_words) == 20
    content[sync_words[3] + 6] ^= 0x10  # a record's head
    content[sync_words[9] + 30] ^= 0x01  # a payload
    segment.write_bytes(content)
    gateway = own.gateway(upstream.url, folder=folder)
    wait_until(lambda: rows_by(gateway, "delivered") == 18, what="all rows but the damaged ones")
    assert rows_by(gateway, "quarantined") == 2
    kept = [path.read_bytes() for path in (spool_of(gateway) / "quarantine").iterdir()]
    assert len(kept) == 2 and all(bytes(piece) in bytes(content) for piece in kept)
    wait_until(lambda: not segment.exists(), what="the end of the segment")


def test_a_second_process_is_told_that_the_folder_is_taken(own, upstream):
    gateway = own.gateway(upstream.url)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OBLETH_")}
    second = subprocess.run(
        [binary(), "serve", "--dev"],
        env={**inherited, **gateway.environment, "OBLETH_LISTEN": "127.0.0.1:0"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode != 0
    assert "spool" in second.stderr and "another process" in second.stderr


def test_a_ledger_that_does_not_take_rows_holds_up_no_request(own, upstream):
    gateway = own.gateway(upstream.url)
    tenant = gateway.create_tenant()
    blocker = sqlite3.connect(gateway.folder / "data" / "usage.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    ask(gateway, tenant, 30)
    spool = gateway.admin.get("/status").raise_for_status().json()["spool"]
    assert spool["bytes"] > 0 and spool["dropped_rows"] == 0
    blocker.execute("ROLLBACK")
    wait_until(lambda: rows_by(gateway, "delivered") == 30, seconds=60, what="the delivery")
    assert metric(gateway, "obleth_spool_bytes") == 0


def test_a_stop_leaves_an_empty_spool(own, upstream):
    gateway = own.gateway(upstream.url)
    tenant = gateway.create_tenant()
    ask(gateway, tenant, 25)
    assert gateway.stop() == 0
    assert sum(rows_of(gateway).values()) == 25
    assert not list(spool_of(gateway).glob("*.*"))


class SmallDisk:
    """The spool's folder as a file system of its own, seen by the gateway alone."""

    def __init__(self, folder, options):
        self.spool = pathlib.Path(folder) / "data" / "spool"
        self.spool.mkdir(parents=True)
        self.options = options
        self.gateway = None

    def start(self, upstream):
        gateway = Gateway(self.spool.parent.parent, upstream=upstream)
        mount = f"mount -t tmpfs -o {self.options} tmpfs '{self.spool}' && exec \"$@\""
        gateway.command = ["unshare", "-rm", "sh", "-c", mount, "sh", *gateway.command]
        self.gateway = gateway.start()
        return self.gateway

    def inside(self, command):
        entered = ["nsenter", "-t", str(self.gateway.pid), "-U", "-m", "--preserve-credentials", "sh", "-c", command]
        subprocess.run(entered, check=True, capture_output=True, text=True)


def needs_a_mount():
    tried = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    return pytest.mark.skipif(tried.returncode != 0, reason="this system allows no mounts of our own")


with_own_disk = needs_a_mount()


def ask_until_rows_are_dropped(gateway, tenant):
    asked = 0
    while dropped_by(gateway, "disk_full") == 0:
        ask(gateway, tenant, 5)
        asked += 5
        assert asked < 2000
    ask(gateway, tenant, 20)
    assert gateway.admin.get("/status").json()["spool"]["dropping"] is True
    return asked + 20


def ask_until_rows_are_kept(gateway, tenant):
    asked = 0

    def kept_again():
        nonlocal asked
        ask(gateway, tenant)
        asked += 1
        return gateway.admin.get("/status").json()["spool"]["dropping"] is False

    wait_until(kept_again, what="rows that are kept again")
    return asked


@with_own_disk
def test_a_full_disk_drops_rows_counts_them_and_recovers(tmp_path, upstream):
    disk = SmallDisk(tmp_path / "gateway", "size=1m")
    try:
        gateway = disk.start(upstream.url)
        tenant = gateway.create_tenant()
        ask(gateway, tenant, 5)
        disk.inside(f"cat /dev/zero > {disk.spool}/filler || true")
        asked = 5 + ask_until_rows_are_dropped(gateway, tenant)
        disk.inside(f"rm {disk.spool}/filler")
        dropped = dropped_by(gateway, "disk_full")

        asked += ask_until_rows_are_kept(gateway, tenant)
        dropped = rows_by(gateway, "dropped")
        wait_until(lambda: rows_by(gateway, "delivered") == asked - dropped, what="all rows that were kept")
        assert sum(rows_of(gateway).values()) == asked - dropped
        assert rows_by(gateway, "quarantined") == 0
        log = gateway.log_text()
        assert log.count("rows of the usage ledger are dropped and counted") == 1
        assert log.count("rows of the usage ledger are kept again") == 1
    finally:
        if disk.gateway:
            disk.gateway.kill()


def test_a_limit_on_the_size_of_files_drops_rows_and_ends_nothing(own, upstream):
    gateway = own.gateway(upstream.url)
    tenant = gateway.create_tenant()
    ask(gateway, tenant, 5)
    _, hard = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (16 * 1024, hard))
    asked = 5 + ask_until_rows_are_dropped(gateway, tenant)
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (hard, hard))

    asked += ask_until_rows_are_kept(gateway, tenant)
    wait_until(lambda: rows_by(gateway, "delivered") == asked - rows_by(gateway, "dropped"), what="all rows that were kept")
    assert sum(rows_of(gateway).values()) == asked - rows_by(gateway, "dropped")


@with_own_disk
def test_a_folder_that_becomes_read_only_drops_rows_and_recovers(tmp_path, upstream):
    disk = SmallDisk(tmp_path / "gateway", "size=4m,ro")
    try:
        gateway = disk.start(upstream.url)
        tenant = gateway.create_tenant()
        ask(gateway, tenant, 10)
        assert dropped_by(gateway, "disk_error") == 10
        disk.inside(f"mount -o remount,rw '{disk.spool}'")
        asked = 10

        asked += ask_until_rows_are_kept(gateway, tenant)
        wait_until(lambda: rows_by(gateway, "delivered") + rows_by(gateway, "dropped") == asked, what="every row")
    finally:
        if disk.gateway:
            disk.gateway.kill()


def test_a_clock_that_jumps_by_months_loses_no_row(own, tmp_path, upstream):
    clock = WallClock(tmp_path)
    gateway = own.gateway(upstream.url, environment=clock.environment)
    tenant = gateway.create_tenant()
    today = datetime.datetime.now(datetime.timezone.utc)
    for days in (0, 40, -40, 0):
        clock.set((today + datetime.timedelta(days=days)).isoformat())
        ask(gateway, tenant, 10)
    wait_until(lambda: rows_by(gateway, "delivered") == 40, what="every row")
    with contextlib.closing(sqlite3.connect(gateway.folder / "data" / "usage.db")) as ledger:
        days = [place / (86_400_000 << 20) for place, _ in packed_rows(ledger)]
    assert sorted(round(day - today.timestamp() / 86400, 1) for day in days) == [-40.0] * 10 + [0.0] * 20 + [40.0] * 10
    assert metric(gateway, "obleth_spool_bytes") == 0
    wait_until(lambda: metric(gateway, "obleth_spool_oldest_seconds") == 0, what="the age of nothing")
