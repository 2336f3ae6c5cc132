"""Several replicas of one pool: one record, one Redis, one upstream that counts how much is open at a time."""

import contextlib

import httpx

from support.gateway import Gateway, wait_until
from support.redis_server import RedisServer

PATIENCE = 60


class Pool:
    def __init__(self, folder, upstream, expected):
        self.folder, self.upstream, self.expected = folder, upstream, expected
        self.redis = RedisServer(folder / "redis")
        self.replicas = []
        self._ends = contextlib.ExitStack()

    def __enter__(self):
        self.redis.start()
        self._ends.callback(self.redis.kill)
        return self

    def __exit__(self, *_):
        for replica in self.replicas:
            replica.kill()
        self._ends.close()

    def add(self, folder=None):
        folder = folder or self.folder / f"replica-{len(self.replicas)}"
        replica = Gateway(folder, upstream=self.upstream.url, environment=self.environment()).start()
        self.replicas.append(replica)
        return replica

    def environment(self):
        return {
            "OBLETH_REDIS_URL": self.redis.url,
            "OBLETH_REDIS_TIMEOUT": "2s",  # a slow machine is no fault
            "OBLETH_DATABASE_URL": f"sqlite:{self.folder / 'record.db'}",
            "OBLETH_REPLICAS_EXPECTED": str(self.expected),
            "OBLETH_BROWNOUT_WAIT_MS": "600000",
            "OBLETH_ADMISSION_TIMEOUT_SECS": "600",
        }

    def start(self, count, capacity):
        for _ in range(count):
            self.add()
        self.replicas[0].put_capacity(capacity)
        self.settled(capacity)

    def slots(self):
        return [slots_of(replica) for replica in self.replicas]

    def leased(self):
        return sum(part["lease"] for part in self.slots())

    def settled(self, capacity, replicas=None):
        """Waits until all share, and every slot is with somebody."""

        def all_share():
            slots = self.slots()
            seen = {part["replicas"] for part in slots}
            return all(part["shared"] for part in slots) and seen == {replicas or len(slots)} and self.leased() == capacity

        wait_until(all_share, PATIENCE, f"{capacity} slots, shared")

    def in_flight(self):
        return [replica.live()["in_flight"] for replica in self.replicas]


def slots_of(replica):
    return httpx.get(f"{replica.url}/ready", timeout=30).json()["slots"]
