"""Programs as child processes: started, waited for, pinned to a core, ended by their pid, and what they used so far."""

import pathlib
import re
import signal
import socket
import subprocess
import time

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 10
POLL_SECONDS = 0.002


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Program:
    """A server under test or one that a test needs. `ready`: the pattern of the line that it prints when it listens;
    without one it is waited for at `port`. `core`: where all of its threads run. What it prints goes to the file `log`."""

    def __init__(self, command, log, environment=None, ready=None, port=None, core=None):
        pinned = ["taskset", "-c", str(core)] if core is not None else []
        self.log = pathlib.Path(log)
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [*pinned, *map(str, command)], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self.match = self._wait(lambda: re.search(ready, self.log.read_text(), re.MULTILINE) if ready else answers(port))

    def _wait(self, condition):
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.process.poll() is None and time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            time.sleep(POLL_SECONDS)
        self.stop()
        raise RuntimeError(f"{' '.join(self.process.args)} did not start: {self.log.read_text()}")

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def cpu_seconds(pid):
    """Time on a core of all threads, exact to the nanosecond where the clock ticks of `stat` are not."""
    total = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def user_part(pid):
    """Clock ticks in user mode and in all."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return user, user + system


def resident_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024


def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))
