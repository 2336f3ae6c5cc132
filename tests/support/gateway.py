"""obleth and its mock upstream as the tests use them: started on free ports, driven through their public routes."""

import itertools
import pathlib
import re

import httpx

from support import stores
from support.processes import Program, binary
from support.waiting import wait_until

__all__ = ["ADMIN_TOKEN", "Gateway", "MockUpstream", "Tenant", "wait_until"]

ADMIN_TOKEN = "an-admin-token-for-the-tests"
_numbers = itertools.count(1)


class MockUpstream(Program):
    def __init__(self, arguments=()):
        super().__init__([binary(), "mock-upstream", "--listen", "127.0.0.1:0", *arguments])

    def start(self):
        super().start()
        self.address = self.ready.group(1).removeprefix("http://").rstrip(",")
        self.url = f"http://{self.address}"
        self.http = httpx.Client(base_url=self.url, timeout=30)
        return self

    def stats(self):
        return self.http.get("/stats").json()

    def reset(self):
        self.http.post("/reset").raise_for_status()

    def control(self, **words):
        self.http.post("/control", json=words).raise_for_status()


class Tenant:
    def __init__(self, gateway, record, key, secret):
        self.gateway, self.record, self.key, self.secret = gateway, record, key, secret

    @property
    def id(self):
        return self.record["id"]

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.secret}"}

    def patch(self, path, body):
        return self.gateway.admin.patch(f"/tenants/{self.id}{path}", json=body).raise_for_status().json()


class Gateway(Program):
    ready_line = re.compile(r"^obleth \S+ listening on (\S+?),? .*admin on (\S+?),? .*metrics on (\S+?)$")

    def __init__(self, folder, upstream=None, environment=None, arguments=(), certificate=None):
        folder = pathlib.Path(folder)
        self.certificate = certificate
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        settings = {
            "OBLETH_LISTEN": "127.0.0.1:0",
            "OBLETH_ADMIN_LISTEN": "127.0.0.1:0",
            "OBLETH_METRICS_LISTEN": "127.0.0.1:0",
            "OBLETH_ADMIN_TOKEN": ADMIN_TOKEN,
            "OBLETH_DATA_DIR": str(folder / "data"),
            "OBLETH_THREADS": "2",
            "OBLETH_DRAIN_NOTICE": "0",
            "OBLETH_ENCRYPTION_KEY": "0f" * 32,
            **({"OBLETH_UPSTREAM_BASE_URL": upstream} if upstream else {}),
            **({"OBLETH_TLS_CERT": certificate.chain, "OBLETH_TLS_KEY": certificate.key} if certificate else {}),
            **stores.settings_for(folder, environment),
            **(environment or {}),
        }
        super().__init__([binary(), "serve", "--dev", *arguments], settings, log_path=folder / "log")

    def start(self):
        super().start()
        self.address, self.admin_address, self.metrics_address = self.ready.groups()
        scheme = "https" if self.certificate else "http"
        verify = self.certificate.trusting() if self.certificate else True
        self.url = f"{scheme}://{self.address}"
        self.base_url = f"{self.url}/v1"
        self.admin_url = f"{scheme}://{self.admin_address}"
        self.http = httpx.Client(base_url=self.url, timeout=60, verify=verify)
        self.admin = httpx.Client(
            base_url=f"{self.admin_url}/api/v1",
            headers={"Authorization": f"Bearer {ADMIN_TOKEN}"},
            timeout=30,
            verify=verify,
        )
        wait_until(self.is_ready, what="/ready")
        return self

    def is_ready(self):
        try:
            return self.http.get("/ready").status_code == 200
        except httpx.TransportError:
            return False

    @property
    def host(self):
        return self.address.rsplit(":", 1)[0]

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])

    def metrics(self):
        return httpx.get(f"http://{self.metrics_address}/metrics").raise_for_status().text

    def create_tenant(self, key=None, **fields):
        fields = {"name": f"tenant-{next(_numbers)}", **fields}
        record = self.admin.post("/tenants", json=fields).raise_for_status().json()
        made = self.admin.post(f"/tenants/{record['id']}/keys", json={"name": "first", **(key or {})})
        made = made.raise_for_status().json()
        return Tenant(self, record, made["key"], made["secret"])

    def create_model(self, **fields):
        return self.admin.post("/models", json=fields).raise_for_status().json()

    def put_capacity(self, slots):
        self.admin.put("/capacity", json={"max_in_flight": slots}).raise_for_status()

    def live(self):
        return self.admin.get("/fairshare/live").raise_for_status().json()
