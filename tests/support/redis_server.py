"""A real redis-server for the tests: on a free port, in a folder of its own, killed and stopped by its pid."""

import os
import pathlib
import signal
import socket
import subprocess
import time

START_SECONDS_MAX = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RedisServer:
    def __init__(self, folder, *options, password=None, environment=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.options = [str(option) for option in options]
        self.password = password
        self.environment = {**os.environ, **(environment or {})}
        self.port = free_port()
        self.process = None

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        kept = ["--save", "", "--logfile", str(self.folder / "log")]
        command = ["redis-server", *where, *kept, *self.options]
        self.process = subprocess.Popen(command, env=self.environment, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._answers():
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.01)
        return self

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def ask(self, *words):
        """What redis-cli prints of one command."""
        command = ["redis-cli", "-p", str(self.port), *[str(word) for word in words]]
        environment = {**os.environ, **({"REDISCLI_AUTH": self.password} if self.password else {})}
        answer = subprocess.run(command, env=environment, capture_output=True, timeout=30, check=True)
        return answer.stdout.decode(errors="replace").strip()

    def version(self):
        told = dict(line.split(":", 1) for line in self.ask("INFO", "server").splitlines() if ":" in line)
        return "Redis " + told["redis_version"]

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


def redis_is_up(gateway):
    """As the gateway sees it."""
    return gateway.http.get("/ready").json()["stores"]["redis"]["up"]
