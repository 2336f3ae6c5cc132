"""ClickHouse for the tests, on a free port of 127.0.0.1."""

import itertools
import pathlib
import shutil
import signal
import subprocess
import tempfile

import httpx

from support.postgres_server import free_port
from support.waiting import wait_until

SCRIPT = pathlib.Path(__file__).with_name("run_clickhouse")


class ClickHouseServer:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="obleth-clickhouse-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self._names = itertools.count(1)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        self.process = subprocess.Popen([SCRIPT, self.folder, str(self.port)])
        wait_until(self._answers, seconds=60, what="ClickHouse")
        return self

    def _answers(self):
        try:
            return httpx.get(f"{self.url}/ping").status_code == 200
        except httpx.TransportError:
            return False

    def query(self, sql):
        return httpx.post(self.url, content=sql, timeout=60).raise_for_status().text.strip()

    def version(self):
        return "ClickHouse " + self.query("SELECT version()")

    def environment(self, database=None, password="secret", url=None):
        return {
            "OBLETH_CLICKHOUSE_URL": url or self.url,
            "OBLETH_CLICKHOUSE_USER": "obleth",
            "OBLETH_CLICKHOUSE_PASSWORD": password,
            "OBLETH_CLICKHOUSE_DATABASE": database or self.make_database(),
        }

    def make_database(self):
        return f"obleth_{next(self._names)}"

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stop_answering(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)
