"""The record store breaks while the gateway runs: what is known is served on, and everything says so."""

import pathlib

import pytest

from support.gateway import wait_until

pytestmark = pytest.mark.embedded(reason="breaks the file of the record")

ASK = {"model": "mock-model", "messages": [], "max_tokens": 1}


def break_database(gateway):
    """As a disk that lost what was on it."""
    for file in pathlib.Path(gateway.folder, "data").glob("obleth.db*"):
        with open(file, "r+b") as database:
            size = database.seek(0, 2)
            database.seek(0)
            database.write(b"\xff" * size)


def ask(gateway, tenant):
    return gateway.http.post("/v1/chat/completions", headers=tenant.headers, json=ASK)


def store_up(gateway):
    (line,) = [line for line in gateway.metrics().splitlines() if line.startswith('obleth_store_up{store="record"}')]
    return line.split()[-1]


def test_known_keys_are_served_on_and_unknown_ones_are_not_called_wrong(own, upstream):
    gateway = own.gateway(upstream.url, environment={"OBLETH_KEY_FRESH": "1"})
    known, unseen = gateway.create_tenant(), gateway.create_tenant()
    assert ask(gateway, known).status_code == 200
    assert gateway.http.get("/ready").json()["stores"]["record"] == {"up": True, "detail": None}
    assert store_up(gateway) == "1"

    break_database(gateway)
    wait_until(lambda: ask(gateway, unseen).status_code == 503, what="the fault to be felt")
    refused = ask(gateway, unseen)
    assert refused.json()["error"]["code"] == "store_unavailable"
    assert int(refused.headers["retry-after"]) >= 1
    assert all(ask(gateway, known).status_code == 200 for _ in range(5))
    wait_until(lambda: 'obleth_key_lookups_total{result="stale"}' in gateway.metrics(), what="the count of stale keys")
    assert ask(gateway, known).status_code == 200

    wait_until(lambda: store_up(gateway) == "0", seconds=15, what="the store's state in the metrics")
    ready = gateway.http.get("/ready")
    assert ready.status_code == 200  # every replica would leave the balancer at once
    assert ready.json()["stores"]["record"]["up"] is False
    assert ready.json()["stores"]["record"]["detail"]
    assert gateway.admin.get("/tenants").status_code in (500, 503)
    assert "does not answer" in gateway.log_text()
