"""Where the gateways of the tests keep what they keep: in files of their own, or, with OBLETH_TEST_STORES=servers, in one
PostgreSQL, one ClickHouse and one Redis that run for the whole session, each gateway's part apart from the others'."""

import contextlib
import os
import tempfile

from support.clickhouse_server import ClickHouseServer
from support.postgres_server import PostgresServer
from support.redis_server import RedisServer

# A test that names one of these itself is about that store.
OWN_CHOICE = ("OBLETH_DATABASE_URL", "OBLETH_CLICKHOUSE_URL", "OBLETH_REDIS_URL")


def on_servers():
    return os.environ.get("OBLETH_TEST_STORES") == "servers"


def record_name():
    """Of the record in metrics and readiness."""
    return "postgres" if on_servers() else "record"


class Servers:
    def __init__(self):
        self._parts = {}  # of a gateway's folder: who starts there again finds what it left

    @contextlib.contextmanager
    def running(self):
        with tempfile.TemporaryDirectory(prefix="obleth-redis-") as folder, contextlib.ExitStack() as ends:
            self.postgres = ends.enter_context(PostgresServer())
            self.clickhouse = ends.enter_context(ClickHouseServer())
            self.redis = RedisServer(folder).start()
            ends.callback(self.redis.kill)
            yield self

    def versions(self):
        return f"{self.redis.version()}, {self.postgres.version()}, {self.clickhouse.version()}"

    def environment(self, folder, environment):
        if any(name in environment for name in OWN_CHOICE):
            return {}
        folder = str(folder)
        if folder not in self._parts:
            self._parts[folder] = self._make_part()
        return self._parts[folder]

    def _make_part(self):
        database = self.postgres.make_database()
        return {
            "OBLETH_DATABASE_URL": self.postgres.url(database),
            **self.clickhouse.environment(database=database),
            "OBLETH_REDIS_URL": self.redis.url,
            "OBLETH_REDIS_PREFIX": database,
        }

    def forget(self, folder):
        """Removes what a gateway of this folder kept: hundreds of databases take minutes to remove at the end."""
        part = self._parts.pop(str(folder), None)
        if part is None:
            return
        database = part["OBLETH_REDIS_PREFIX"]
        self.postgres.query(f"DROP DATABASE {database} WITH (FORCE)")
        self.clickhouse.query(f"DROP DATABASE IF EXISTS {database}")


servers = Servers()


def forget(folder):
    if on_servers():
        servers.forget(folder)


def settings_for(folder, environment):
    return servers.environment(folder, environment or {}) if on_servers() else {}
