"""A program of ours as a child process: waited for by what it prints, ended by its pid."""

import os
import pathlib
import queue
import re
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 30  # sanitizers and a busy machine included


def binary() -> str:
    return os.environ.get("OBLETH_BINARY", str(ROOT / "build" / "dev" / "obleth"))


class Program:
    """Runs `command`; start() returns when a line of its standard output matches `ready_line`."""

    ready_line = re.compile(r"listening on (\S+)")

    def __init__(self, command, environment=None, log_path=None):
        self.command = [str(part) for part in command]
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("OBLETH_")}
        self.environment = {**inherited, **(environment or {})}
        self.log_path = log_path
        self.process = None
        self.lines = []
        self._fresh_lines = queue.Queue()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        log = open(self.log_path, "ab") if self.log_path else subprocess.DEVNULL
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
        if self.log_path:
            log.close()
        threading.Thread(target=self._collect, daemon=True).start()
        self.ready = self.wait_for_line(self.ready_line)
        return self

    def _collect(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._fresh_lines.put(line.rstrip("\n"))
        self._fresh_lines.put(None)

    def wait_for_line(self, pattern, seconds=START_SECONDS_MAX):
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._fresh_lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"{self.command} printed no line like {pattern.pattern!r}: {self.lines}") from None
            if line is None:
                raise RuntimeError(f"{self.command} ended with {self.process.wait()}: {self.lines}\n{self.log_text()}")
            match = re.search(pattern, line)
            if match:
                return match

    def log_text(self):
        return pathlib.Path(self.log_path).read_text(errors="replace") if self.log_path else ""

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=START_SECONDS_MAX):
        return self.process.wait(timeout=seconds)

    def stop(self, seconds=START_SECONDS_MAX):
        """Ends it as an operator would; the exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.poll() if self.process else None
        self.signal(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
