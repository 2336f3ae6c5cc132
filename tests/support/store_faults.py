"""The three stores as things that can be broken and mended while a gateway runs on them, each behind a proxy."""

import contextlib
import hashlib
import os
import re

import httpx

from support.clickhouse_server import ClickHouseServer
from support.faulty_proxy import FaultyProxy
from support.postgres_server import PostgresServer
from support.redis_server import RedisServer
from support.small_disk import SmallDisk
from support.waiting import wait_until

RESET_EVERY = 0.1  # seconds


class Subject:
    """A store that runs. `faults` are the words for begin() and end(); every one of them can be taken back."""

    FAULTS = ("killed", "stopped", "reset", "slow", "wrong password", "full")

    def __init__(self, server):
        self.server = server
        self.proxy = FaultyProxy(server.port)

    def begin(self, fault):
        match fault:
            case "killed":
                self.server.kill()
            case "stopped":
                self.stop()
            case "reset":
                self.proxy.reset_connections(RESET_EVERY)
            case "slow":
                self.proxy.delay_answers(self.late_by)
            case "wrong password":
                self.change_password("another")
            case "full":
                self.fill()

    def stop(self):
        self.server.stop_answering()

    def end(self, fault):
        match fault:
            case "killed":
                self.server.start()
            case "stopped":
                self.server.go_on()
            case "reset" | "slow":
                self.proxy.go_on()
            case "wrong password":
                self.change_password("secret")
            case "full":
                self.make_room()


class Redis(Subject):
    name = "redis"
    deadline = 0.25  # seconds that a request may wait for it
    late_by = 1.0

    def environment(self, part):
        return {"OBLETH_REDIS_URL": f"redis://:secret@127.0.0.1:{self.proxy.port}", "OBLETH_REDIS_PREFIX": part}

    def stop(self):
        self.server.pause()

    def change_password(self, password):
        self.server.ask("CONFIG", "SET", "requirepass", password)
        self.server.password = password
        self.server.ask("CLIENT", "KILL", "TYPE", "normal")

    def fill(self):
        self.server.ask("CONFIG", "SET", "maxmemory", "1")

    def make_room(self):
        self.server.ask("CONFIG", "SET", "maxmemory", "0")


class OnADisk(Subject):
    def __init__(self, server, disk):
        super().__init__(server)
        self.disk = disk

    def fill(self):
        self.disk.fill()

    def make_room(self):
        self.disk.make_room()
        if self.server.process.poll() is not None:  # a full disk may end a server
            self.server.start()


class Postgres(OnADisk):
    name = "postgres"
    deadline = 2.0
    late_by = 3.0

    def environment(self, _):
        return {"OBLETH_DATABASE_URL": self.server.url(self.server.make_database(), port=self.proxy.port)}

    def change_password(self, password):
        self.server.query(f"ALTER ROLE obleth PASSWORD '{password}'")
        self.server.cut_connections()


class ClickHouse(OnADisk):
    name = "clickhouse"
    deadline = 0.25  # that a request waits, at most, for what a budget has spent
    late_by = 12.0

    def environment(self, part):
        return self.server.environment(database=part, url=f"http://127.0.0.1:{self.proxy.port}")

    def change_password(self, password):
        users = self.server.folder / "users.xml"
        hashed = hashlib.sha256(password.encode()).hexdigest()
        changed = re.sub(r"(<password_sha256_hex>)\w+", rf"\g<1>{hashed}", users.read_text())
        fresh = users.with_suffix(".fresh")
        fresh.write_text(changed)
        os.replace(fresh, users)
        headers = {"X-ClickHouse-User": "obleth", "X-ClickHouse-Key": password}
        ask = lambda: httpx.post(self.server.url, content="SELECT 1", headers=headers)  # noqa: E731
        wait_until(lambda: ask().status_code == 200, seconds=60, what="the changed password")


@contextlib.contextmanager
def all_three(folder):
    """Redis, PostgreSQL and ClickHouse by name; those with files on small disks, where such can be made."""
    with contextlib.ExitStack() as ends:

        def disk_for(server, megabytes):
            disk = SmallDisk(server.folder, megabytes)
            return ends.enter_context(disk) if SmallDisk.can_be_made() else disk

        postgres, clickhouse = PostgresServer(), ClickHouseServer()
        disks = disk_for(postgres, 256), disk_for(clickhouse, 160)
        redis = RedisServer(folder / "redis", "--requirepass", "secret", password="secret")
        for server in (postgres, clickhouse, redis):
            ends.enter_context(server)
        subjects = [Redis(redis), Postgres(postgres, disks[0]), ClickHouse(clickhouse, disks[1])]
        for subject in subjects:
            ends.callback(subject.proxy.close)
        yield {subject.name: subject for subject in subjects}
