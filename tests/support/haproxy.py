"""The real HAProxy with the configuration that we ship; only its addresses are the test's."""

import pathlib
import re
import socket
import subprocess

import httpx

from support.gateway import wait_until
from support.processes import ROOT

SHIPPED = ROOT / "deploy" / "haproxy.cfg"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Haproxy:
    def __init__(self, folder, servers):
        self.port = free_port()
        text = SHIPPED.read_text()
        lines = "".join(f"  server replica{i} {address}\n" for i, address in enumerate(servers, 1))
        text, binds = re.subn(r"bind :80\b", f"bind 127.0.0.1:{self.port}", text)
        text, templates = re.subn(r"  server-template .*\n", lines, text)
        text, resolvers = re.subn(r"resolvers docker\n(  .*\n)+", "", text)
        assert (binds, templates, resolvers) == (1, 1, 1), "the shipped configuration has changed its shape"
        self.socket = pathlib.Path(folder) / "haproxy.sock"
        text = text.replace("global\n", f"global\n  stats socket {self.socket} level admin\n")
        self.file = pathlib.Path(folder) / "haproxy.cfg"
        self.file.write_text(text)
        self.log = pathlib.Path(folder) / "haproxy.log"

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["haproxy", "-db", "-f", self.file], stdout=log, stderr=log)
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"
        wait_until(self.answers, what="HAProxy")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/health").status_code == 200
        except httpx.TransportError:
            return False

    def state_of(self, number):
        """UP, DOWN, …: as HAProxy sees that replica."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(10)
            control.connect(str(self.socket))
            control.sendall(b"show stat\n")
            table = b""
            while piece := control.recv(65536):
                table += piece
        rows = [line.split(",") for line in table.decode().splitlines()]
        return next(row[rows[0].index("status")] for row in rows if row[1] == f"replica{number}")
