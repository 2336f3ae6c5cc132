"""What stands between the load and the upstream: a relay without HTTP, HAProxy, nginx, obleth; and the upstream."""

import json
import os
import pathlib
import resource
import shutil
import time
import urllib.error
import urllib.request

from gateway_path.processes import POLL_SECONDS, Program, free_port, resident_mib

MODEL = "mock-model"
CACHED_MODEL = "cached-model"
ADMIN_TOKEN = "an-admin-token-for-the-benchmark"
GATEWAY_LISTENS = r"listening on (\S+?):(\d+),? .*admin on (\S+?),? .*metrics on (\S+?)$"

# One worker each, connections to clients and upstream kept, nothing logged, nothing held back.
HAPROXY = """
global
  nbthread 1
  no strict-limits
  maxconn {connections}
defaults
  mode http
  option http-no-delay
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout queue 60s
  timeout http-keep-alive 60s
listen gateway
  bind 127.0.0.1:{port}
  server upstream 127.0.0.1:{upstream} {limit}
"""
NGINX = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log error;
events {{ worker_connections {descriptors}; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream mock {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


class Server:
    """A proxy as the rounds see it. `secret`: what a client has to show; `secrets`: what many clients show in turns."""

    def __init__(self, name, port, program=None, secret=""):
        self.name, self.port, self.program, self.secret, self.secrets = name, port, program, secret, []
        self.resident_at_start = resident_mib(program.pid) if program else 0


class Bed:
    """The upstream and all servers, or `only` some, started together and idle while another is measured."""

    def __init__(self, build, folder, cores, only=("relay", "haproxy", "nginx", "obleth")):
        self.build, self.folder = pathlib.Path(build), pathlib.Path(folder)
        self.core, self.load_core = cores
        self.programs, self.servers, self.only = [], {}, only
        self.upstream_port = 0

    def __enter__(self):
        try:
            self._start_upstream()
            self.servers["direct"] = Server("direct", self.upstream_port)
            for name in self.only:
                server = getattr(self, f"_start_{name}")()
                self.servers[server.name] = server
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for program in reversed(self.programs):
            program.stop()

    def _run(self, name, command, core, **ways):
        program = Program(command, self.folder / f"{name}.log", core=core, **ways)
        self.programs.append(program)
        return program

    def _start_upstream(self):
        command = [self.build / "obleth", "mock-upstream", "--listen", "127.0.0.1:0", "--model", MODEL]
        command += ["--ttft-ms", "0", "--token-ms", "0", "--output-tokens", "16"]
        program = self._run("upstream", command, self.load_core, ready=r"listening on \S+:(\d+)")
        self.upstream_port = int(program.match.group(1))

    def _start_relay(self):
        command = [self.build / "bench" / "path_relay", self.upstream_port]
        program = self._run("relay", command, self.core, ready=r"listening on \S+:(\d+)")
        return Server("relay", int(program.match.group(1)), program)

    def _start_haproxy(self):
        return self._start_configured("haproxy", HAPROXY, ["haproxy", "-db", "-f"])

    def _start_nginx(self):
        return self._start_configured("nginx", NGINX, ["nginx", "-p", self.folder, "-c"])

    def start_queueing_haproxy(self, slots):
        """It sends no more than `slots` requests at a time; the others wait in the order of their arrival."""
        return self._start_configured("haproxy-queue", HAPROXY, ["haproxy", "-db", "-f"], slots)

    def _start_configured(self, name, configuration, command, slots=None):
        port = free_port()
        file = self.folder / f"{name}.conf"
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        # Each connection has one to the upstream beside it, but for those that wait for a slot.
        connections = descriptors - slots - 200 if slots else descriptors // 2 - 100
        sizes = {"descriptors": descriptors, "connections": connections, "limit": f"maxconn {slots}" if slots else ""}
        file.write_text(configuration.format(port=port, upstream=self.upstream_port, folder=self.folder, **sizes))
        return Server(name, port, self._run(name, [*command, file], self.core, port=port))

    def _start_obleth(self):
        server, admin = self.start_obleth("obleth", fresh_folder(self.folder / "obleth"))
        server.secret = prepare_tenant(admin)
        prepare_cached_model(admin, f"http://127.0.0.1:{self.upstream_port}/v1")
        return server

    def start_obleth(self, name, data, **settings):
        """A gateway over the files in `data`, and where its management API is. `settings`: its environment, without the prefix."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OBLETH_")}
        ours = {
            "LISTEN": "127.0.0.1:0",
            "ADMIN_LISTEN": "127.0.0.1:0",
            "METRICS_LISTEN": "127.0.0.1:0",
            "ADMIN_TOKEN": ADMIN_TOKEN,
            "ENCRYPTION_KEY": "0f" * 32,
            "DATA_DIR": str(data),
            "UPSTREAM_BASE_URL": f"http://127.0.0.1:{self.upstream_port}",
            "THREADS": "1",
            "GLOBAL_MAX_IN_FLIGHT": "20000",
            "DRAIN_NOTICE": "0",
        }
        environment |= {f"OBLETH_{name}": str(value) for name, value in (ours | settings).items()}
        command = [self.build / "obleth", "serve", "--dev"]
        program = self._run(name, command, self.core, environment=environment, ready=GATEWAY_LISTENS)
        port, admin = int(program.match.group(2)), f"http://{program.match.group(3)}/api/v1"
        wait_until_ready(port)
        return Server(name, port, program), admin


def fresh_folder(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def wait_until_ready(port, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(POLL_SECONDS)
    raise RuntimeError("obleth did not become ready")


def prepare_tenant(admin):
    """A tenant and a key with every limit set, a model with prices; none of the limits is ever reached."""
    quota = {"tokens_per_minute": 10**11, "requests_per_minute": 10**9, "max_in_flight": 100_000}
    budget = {"period": "month", "tokens": 10**12, "cost_usd": "1000000.00"}
    tenant = ask(admin, "POST", "/tenants", {"name": "bench", "weight": 500, **quota})
    ask(admin, "PATCH", f"/tenants/{tenant['id']}/budget", budget)
    made = ask(admin, "POST", f"/tenants/{tenant['id']}/keys", {"name": "bench", **quota})
    prices = {"input_cost_per_token": "0.000001", "output_cost_per_token": "0.000002"}
    ask(admin, "PATCH", f"/models/{MODEL}", prices)
    return made["secret"]


def prepare_cached_model(admin, upstream):
    model = {"model_name": CACHED_MODEL, "upstream_model": MODEL, "api_base": upstream, "cache_enabled": True}
    ask(admin, "POST", "/models", model)


def ask(admin, method, path, body=None):
    head = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
    payload = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(admin + path, payload, head, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refusal:
        raise RuntimeError(f"{method} {path}: {refusal.code} {refusal.read().decode()}") from None
