"""Start, readiness, drain, bad settings, and a process that is killed."""

import json
import re
import signal
import subprocess
import time

import httpx
import pytest

from support.gateway import Gateway, wait_until
from support.processes import Program, binary
from support.raw_http import chat_bytes, connect, read_response, read_to_end, read_until, request_bytes


def run(*arguments, environment=None, under=()):
    import os

    inherited = {k: v for k, v in os.environ.items() if not k.startswith("OBLETH_")}
    return subprocess.run(
        [*under, binary(), *arguments], env={**inherited, **(environment or {})}, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"OBLETH_GLOBAL_MAX_IN_FLIGHT": "many"}, "OBLETH_GLOBAL_MAX_IN_FLIGHT"),
        ({"OBLETH_GLOBAL_MAX_IN_FLIGHT": "0"}, "OBLETH_GLOBAL_MAX_IN_FLIGHT"),
        ({"OBLETH_NO_SUCH_SETTING": "1"}, "OBLETH_NO_SUCH_SETTING"),
        ({"OBLETH_LISTEN": "nowhere"}, "OBLETH_LISTEN"),
        ({"OBLETH_UPSTREAM_BASE_URL": "ftp://x"}, "OBLETH_UPSTREAM_BASE_URL"),
        ({"OBLETH_ADMIN_TOKEN": "short"}, "OBLETH_ADMIN_TOKEN"),
        ({"OBLETH_ENCRYPTION_KEY": "not-a-key"}, "OBLETH_ENCRYPTION_KEY"),
    ],
)
def test_a_bad_setting_stops_the_start_and_is_named(tmp_path, environment, named):
    settings = {"OBLETH_ADMIN_TOKEN": "x" * 16, "OBLETH_DATA_DIR": str(tmp_path), **environment}
    ended = run("serve", environment=settings)
    assert ended.returncode != 0
    assert named in ended.stderr


def test_a_limit_of_open_files_that_serves_nobody_stops_the_start_and_is_named(tmp_path):
    for most in (24, 100):
        ended = run("serve", "--dev", "--data-dir", tmp_path, under=("prlimit", f"--nofile={most}:{most}"))
        assert ended.returncode == 1, ended.stderr
        assert f"the limit of open files is {most}, and " in ended.stderr


def test_an_admin_token_is_required_outside_dev(tmp_path):
    ended = run("serve", environment={"OBLETH_DATA_DIR": str(tmp_path)})
    assert ended.returncode != 0
    assert "OBLETH_ADMIN_TOKEN" in ended.stderr


def test_what_kubernetes_injects_for_a_service_is_ignored(own, upstream):
    gateway = own.gateway(
        upstream.url,
        environment={
            "OBLETH_PORT": "tcp://10.0.0.1:80",
            "OBLETH_PORT_80_TCP_ADDR": "10.0.0.1",
            "OBLETH_SERVICE_HOST": "10.0.0.1",
        },
    )
    assert gateway.is_ready()


def test_an_address_that_is_taken_is_told(own, upstream, tmp_path):
    gateway = own.gateway(upstream.url)
    ended = run(
        "serve",
        "--dev",
        environment={"OBLETH_LISTEN": gateway.address, "OBLETH_DATA_DIR": str(tmp_path / "second")},
    )
    assert ended.returncode != 0
    assert gateway.address in ended.stderr


def test_running_streams_may_finish_when_the_gateway_is_told_to_stop(own):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "20", "--output-tokens", "50")
    gateway = own.gateway(upstream.url)
    tenant = gateway.create_tenant()
    client = connect(gateway.address)
    client.sendall(chat_bytes(tenant.secret, stream=True))
    begun = read_until(client, b"data:")
    gateway.signal(signal.SIGTERM)
    received = begun + read_to_end(client)
    assert b"[DONE]" in received
    assert gateway.wait() == 0


def test_draining_is_seen_before_it_is_felt(own, upstream):
    gateway = own.gateway(upstream.url, environment={"OBLETH_DRAIN_NOTICE": "2"})
    tenant = gateway.create_tenant()
    gateway.signal(signal.SIGTERM)
    wait_until(lambda: httpx.get(f"{gateway.url}/ready").status_code == 503, what="503 from /ready")
    # Requests are still served, and told that the connection ends.
    answer = httpx.post(
        f"{gateway.base_url}/chat/completions",
        headers=tenant.headers,
        json={"model": "mock-model", "messages": [], "max_tokens": 1},
    )
    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"
    assert httpx.get(f"{gateway.url}/health").status_code == 200
    assert gateway.wait() == 0


def test_streams_that_outlast_the_grace_end_with_one_error_event(own):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "50", "--output-tokens", "100000")
    gateway = own.gateway(upstream.url, environment={"OBLETH_SHUTDOWN_GRACE": "1"})
    tenant = gateway.create_tenant()
    client = connect(gateway.address)
    client.sendall(chat_bytes(tenant.secret, stream=True))
    begun = read_until(client, b"data:")
    gateway.signal(signal.SIGTERM)
    received = begun + read_to_end(client)
    assert received.count(b'"error"') == 1
    assert b'"type":"service_unavailable_error","param":null,"code":"draining"' in received
    assert b"[DONE]" not in received
    assert gateway.wait() == 0
    row = next(line for line in gateway.log_text().splitlines() if '"msg":"request"' in line)
    assert json.loads(row)["error"] == "draining"


def test_what_waits_or_was_not_seen_yet_is_told_that_the_gateway_stops(own):
    """At the end of the grace: a request in the queue, and one whose upstream has not answered."""
    upstream = own.upstream("--ttft-ms", "60000")
    gateway = own.gateway(upstream.url, environment={"OBLETH_SHUTDOWN_GRACE": "1"})
    gateway.put_capacity(1)
    tenant = gateway.create_tenant()
    unseen, queued = connect(gateway.address, seconds=20), connect(gateway.address, seconds=20)
    unseen.sendall(chat_bytes(tenant.secret))
    wait_until(lambda: upstream.stats()["open"] == 1, what="the request at the upstream")
    queued.sendall(chat_bytes(tenant.secret))
    wait_until(lambda: gateway.live()["queued"] == 1, what="the queue")
    gateway.signal(signal.SIGTERM)
    for client in (unseen, queued):
        status, headers, body = read_response(client)
        assert (status, json.loads(body)["error"]["code"]) == (503, "draining"), body
        assert headers["connection"] == "close"
        assert int(headers["retry-after"]) >= 1
    assert gateway.wait() == 0


def test_idle_connections_end_when_the_notice_is_over(own, upstream):
    gateway = own.gateway(upstream.url, environment={"OBLETH_DRAIN_NOTICE": "1"})
    idle = connect(gateway.address)
    idle.sendall(request_bytes("/health", method="GET"))
    assert read_response(idle)[0] == 200
    begun = connect(gateway.address)
    begun.sendall(b"GET /v1/models HTTP/1.1\r\n")
    gateway.signal(signal.SIGTERM)
    wait_until(lambda: not gateway.is_ready(), what="the drain")
    idle.settimeout(0.3)
    with pytest.raises(TimeoutError):
        idle.recv(1)
    idle.settimeout(10)
    assert idle.recv(1) == b""
    # A request that was on its way is answered, and told to go elsewhere.
    begun.sendall(b"Host: a\r\n\r\n")
    status, headers, body = read_response(begun)
    assert (status, json.loads(body)["error"]["code"]) == (503, "draining")
    assert headers["connection"] == "close"
    assert gateway.wait() == 0


def test_a_second_signal_ends_it_at_once(own):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "50", "--output-tokens", "100000")
    gateway = own.gateway(upstream.url)
    tenant = gateway.create_tenant()
    client = connect(gateway.address)
    client.sendall(chat_bytes(tenant.secret, stream=True))
    read_until(client, b"data:")
    gateway.signal(signal.SIGTERM)
    wait_until(lambda: "draining" in gateway.log_text(), what="the drain")
    began = time.monotonic()
    gateway.signal(signal.SIGTERM)
    gateway.wait()
    assert time.monotonic() - began < 2


def test_a_killed_process_loses_no_configuration(own, upstream, tmp_path):
    folder = tmp_path / "kept"
    gateway = own.gateway(upstream.url, folder=folder)
    tenant = gateway.create_tenant(weight=321)
    gateway.create_model(model_name="kept-model", api_base=upstream.url)
    gateway.put_capacity(77)
    gateway.kill()
    again = own.gateway(upstream.url, folder=folder)
    assert again.admin.get(f"/tenants/{tenant.id}").json()["weight"] == 321
    assert again.admin.get("/capacity").json()["max_in_flight"] == 77
    answer = httpx.post(
        f"{again.base_url}/chat/completions",
        headers=tenant.headers,
        json={"model": "kept-model", "messages": [], "max_tokens": 1},
    )
    assert answer.status_code == 200


def test_the_start_is_quick(own, upstream):
    began = time.monotonic()
    gateway = own.gateway(upstream.url)
    assert gateway.is_ready()
    # Two seconds is the promise; a build with sanitizers gets more.
    assert time.monotonic() - began < 10


def demo_program(folder, arguments=()):
    demo = Program(
        [binary(), "demo", *arguments],
        {
            "OBLETH_LISTEN": "127.0.0.1:0",
            "OBLETH_ADMIN_LISTEN": "127.0.0.1:0",
            "OBLETH_METRICS_LISTEN": "127.0.0.1:0",
            "TMPDIR": str(folder),
        },
        log_path=folder / "log",
    )
    demo.ready_line = re.compile("Ctrl-C")
    return demo


def paste_the_lines_of_a_demo(folder, arguments=()):
    with demo_program(folder, arguments) as demo:
        exports = [line for line in demo.lines if line.startswith("export ")]
        curls = [line for line in demo.lines if line.startswith("curl ")]
        assert len(curls) == 3
        for line in curls:
            pasted = subprocess.run(
                ["bash", "-c", "\n".join([*exports, line + " -sS --fail -m 20"])], capture_output=True, text=True, timeout=30
            )
            assert pasted.returncode == 0, pasted.stderr
            assert pasted.stdout
        demo.signal(signal.SIGINT)
        assert demo.wait() == 0
    return exports


def test_the_demo_prints_lines_that_work_and_ends_cleanly(tmp_path):
    paste_the_lines_of_a_demo(tmp_path)
    assert [path for path in tmp_path.iterdir() if path.name.startswith("obleth-demo")] == []


def test_a_demo_that_has_nowhere_to_write_says_what_to_do(tmp_path):
    ended = run("demo", environment={"TMPDIR": str(tmp_path / "nowhere")})
    assert ended.returncode == 1, ended.stderr
    assert "--data-dir" in ended.stderr


def test_the_demo_starts_again_on_what_it_kept(tmp_path):
    kept = ["--data-dir", tmp_path / "kept"]
    first = paste_the_lines_of_a_demo(tmp_path, kept)
    again = paste_the_lines_of_a_demo(tmp_path, kept)
    assert first[1] != again[1], "the secrets are new: the former ones are kept nowhere"


def test_the_demo_obeys_what_it_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = {"data_dir": "obleth-data", "log_level": "debug", "drain_notice": "100ms", "upstream_base_url": "http://127.0.0.1:9"}
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in told.items()]
    with demo_program(tmp_path, flags) as demo:
        lines = "\n".join(demo.lines)
        address, token = re.search(r"curl (\S+/api/v1)/fairshare", lines)[1], re.search(r"TOKEN=(\S+)", lines)[1]
        rows = httpx.get(f"{address}/settings", headers={"Authorization": f"Bearer {token}"}).raise_for_status().json()["data"]
    assert {row["name"]: row["value"] for row in rows if row["source"] == "flag" and row["name"] != "dev"} == told
    assert (tmp_path / "obleth-data").is_dir()
    assert [path for path in tmp_path.iterdir() if path.name.startswith("obleth-demo")] == []


def test_dev_makes_the_key_for_credentials_and_keeps_it(own, upstream, tmp_path):
    ways = {"folder": tmp_path / "kept", "environment": {"OBLETH_ENCRYPTION_KEY": ""}, "arguments": ["--dev"]}
    gateway = own.gateway(upstream.url, **ways)
    gateway.create_model(model_name="sealed", api_base=upstream.url, api_key="a-credential")
    tenant = gateway.create_tenant()
    key_file = tmp_path / "kept" / "data" / "encryption.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    gateway.stop()
    again = own.gateway(upstream.url, **ways)
    answer = httpx.post(
        f"{again.base_url}/chat/completions", headers=tenant.headers, json={"model": "sealed", "messages": [], "max_tokens": 1}
    )
    assert answer.status_code == 200, answer.text
    again.stop()
    key_file.write_text("no key")
    with pytest.raises(RuntimeError, match="encryption.key must be 32 bytes"):
        own.gateway(upstream.url, **ways)
