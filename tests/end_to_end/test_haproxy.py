"""HAProxy in front, with the configuration that we ship: streams, departures, and replicas that come and go."""

import json
import re
import signal
import time

import httpx
import pytest
import yaml

from support.gateway import wait_until
from support.haproxy import Haproxy
from support.processes import ROOT
from support.raw_http import chat_bytes, connect, read_to_end, read_until


@pytest.fixture
def front(own, upstream, tmp_path):
    gateway = own.gateway(upstream.url)
    with Haproxy(tmp_path, [gateway.address]) as haproxy:
        yield haproxy, gateway


def test_events_are_not_held_back(front):
    haproxy, gateway = front
    tenant = gateway.create_tenant()
    slow = {"x-mock-token-ms": "40", "x-mock-output-tokens": "10", **tenant.headers}
    body = {"model": "mock-model", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
    pieces = []
    with httpx.stream("POST", f"{haproxy.url}/v1/chat/completions", json=body, headers=slow, timeout=60) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                pieces.append(json.loads(line.removeprefix("data: ")))
                pieces[-1]["came"] = time.monotonic()
    words = [piece for piece in pieces if piece["choices"] and piece["choices"][0]["delta"].get("content")]
    assert len(words) == 10
    # Held back, they would come together: most come a token's time after the one before.
    gaps = [after["came"] - before["came"] for before, after in zip(words, words[1:])]
    assert sum(gap > 0.02 for gap in gaps) >= 6, gaps


def test_a_client_that_leaves_the_queue_is_noticed_through_haproxy(front):
    haproxy, gateway = front
    gateway.put_capacity(1)
    tenant = gateway.create_tenant()
    running = connect(haproxy.address)
    running.sendall(chat_bytes(tenant.secret, stream=True, headers=[("x-mock-token-ms", "1000")]))
    read_until(running, b"data:")
    waiting = connect(haproxy.address)
    waiting.sendall(chat_bytes(tenant.secret))
    wait_until(lambda: gateway.live()["queued"] == 1, what="the queue")
    waiting.close()
    wait_until(lambda: gateway.live()["queued"] == 0, what="the departure")
    running.close()
    wait_until(lambda: gateway.live()["in_flight"] == 0, what="the other departure")


def test_a_replica_that_drains_gets_nothing_new_and_ends_its_streams(own, upstream, tmp_path):
    leaving = own.gateway(upstream.url, environment={"OBLETH_DRAIN_NOTICE": "5"})
    staying = own.gateway(upstream.url)
    tenant = leaving.create_tenant()
    with Haproxy(tmp_path, [leaving.address, staying.address]) as haproxy:
        # /health needs no key: whichever replica is asked answers.
        assert httpx.get(f"{haproxy.url}/health").text == "ok"
        wait_until(lambda: haproxy.state_of(1).startswith("UP"), what="the check of the first")
        begun = b""
        while b"data:" not in begun:  # the key is the first replica's; the other one refuses it
            stream = connect(haproxy.address)
            slow = [("x-mock-token-ms", "20"), ("x-mock-output-tokens", "300")]
            stream.sendall(chat_bytes(tenant.secret, stream=True, headers=[*slow, ("Connection", "close")]))
            begun = read_until(stream, b"\r\n\r\n")
            begun = begun if b"401" in begun.split(b"\r\n")[0] else begun + read_until(stream, b"data:")
        leaving.signal(signal.SIGTERM)
        wait_until(lambda: haproxy.state_of(1).startswith("DOWN"), what="the notice")
        for _ in range(20):
            assert httpx.get(f"{haproxy.url}/ready").status_code == 200
        rest = read_to_end(stream)
        assert b"data: [DONE]" in rest
        assert leaving.wait() == 0


def test_the_compose_file_knows_only_settings_that_there_are():
    composed = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    known = set(re.findall(r"`(OBLETH_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text()))
    for service in ("gateway", "replica"):
        assert set(composed["services"][service]["environment"]) <= known
    assert composed["services"]["haproxy"]["ports"] == ["80:80"]
    assert composed["services"]["gateway"]["ports"][0] == "8088:8080"
