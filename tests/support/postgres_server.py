"""PostgreSQL for the tests, on a free port of 127.0.0.1, in a folder that the server's user can reach."""

import itertools
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from support.waiting import wait_until

SCRIPT = pathlib.Path(__file__).with_name("run_postgres")
PASSWORD = "secret"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresServer:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="obleth-postgres-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.process = None
        self._names = itertools.count(1)

    def __enter__(self):
        self.start()
        self.query("CREATE ROLE obleth LOGIN CREATEDB PASSWORD 'secret'")
        return self

    def __exit__(self, *_):
        self.end(signal.SIGCONT)
        self.kill(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        self.process = subprocess.Popen(
            [SCRIPT, self.folder, str(self.port)], stdout=subprocess.DEVNULL, stderr=open(self.folder / "log", "ab")
        )
        wait_until(lambda: self._psql("SELECT 1", check=False).returncode == 0, seconds=60, what="PostgreSQL")
        return self

    def _psql(self, sql, database="postgres", check=True):
        command = ["psql", "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-d", database, "-AtXqc", sql]
        return subprocess.run(command, capture_output=True, text=True, check=check)

    def query(self, sql, database="postgres"):
        return self._psql(sql, database).stdout.strip()

    def version(self):
        return "PostgreSQL " + self.query("SHOW server_version")

    def use_tls(self, certificate):
        """For connections from now on."""
        for name, file in (("server.crt", certificate.chain), ("server.key", certificate.key)):
            place = self.folder / "data" / name
            shutil.copy(file, place)
            place.chmod(0o600)
            owner = (self.folder / "data").stat()
            os.chown(place, owner.st_uid, owner.st_gid)
        self.query("ALTER SYSTEM SET ssl = on")
        self.query("SELECT pg_reload_conf()")

    def make_database(self):
        name = f"obleth_{next(self._names)}"
        self.query(f"CREATE DATABASE {name} OWNER obleth")
        return name

    def url(self, database, password=PASSWORD, port=None):
        return f"postgresql://obleth:{password}@127.0.0.1:{port or self.port}/{database}"

    def _processes(self):
        """The server with its sessions: a stopped postmaster alone leaves them running."""
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        return [self.process.pid, *map(int, children)]

    def end(self, number):
        """Sends a signal to the server and its sessions."""
        for pid in self._processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self, number=signal.SIGKILL):
        if self.process.poll() is None:
            self.end(number) if number == signal.SIGKILL else self.process.send_signal(number)
        self.process.wait()

    def stop_answering(self):
        self.end(signal.SIGSTOP)

    def go_on(self):
        self.end(signal.SIGCONT)

    def cut_connections(self):
        self.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'obleth'")
