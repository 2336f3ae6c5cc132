"""The record in PostgreSQL, shared by two gateways: what one writes the other obeys, and what happens without it."""

import os
import subprocess
import threading
import time

import httpx
import pytest

from support.certificates import Certificate
from support.gateway import ADMIN_TOKEN, Gateway, wait_until
from support.postgres_server import PostgresServer
from support.processes import binary
from support.redis_server import redis_is_up
from support.scripted_mcp import ScriptedMcp

ASK = {"model": "mock-model", "messages": [], "max_tokens": 1}
DEADLINES_SECONDS = 10  # of connecting and asking, and a busy machine


@pytest.fixture(scope="module")
def postgres():
    with PostgresServer() as server:
        yield server


@pytest.fixture
def own_postgres():
    with PostgresServer() as server:
        yield server


@pytest.fixture
def replica(own, upstream):
    def start(server, database, **environment):
        return own.gateway(upstream.url, environment={"OBLETH_DATABASE_URL": server.url(database), **environment})

    return start


def ask(gateway, secret):
    headers = {"Authorization": f"Bearer {secret}"}
    return gateway.http.post("/v1/chat/completions", headers=headers, json=ASK)


def store(gateway):
    return gateway.http.get("/ready").json()["stores"]["postgres"]


def test_key_disabled_at_one_replica_is_refused_at_the_other_in_a_second(postgres, replica):
    database = postgres.make_database()
    one, two = replica(postgres, database), replica(postgres, database)
    tenant = one.create_tenant()
    assert ask(two, tenant.secret).status_code == 200
    took = []
    for disabled, status in [(True, 403), (False, 200), (True, 403)]:
        began = time.monotonic()
        one.admin.put(f"/keys/{tenant.key['id']}/disabled", json={"disabled": disabled}).raise_for_status()
        wait_until(lambda: ask(two, tenant.secret).status_code == status, what="the other replica's obedience")
        took.append(time.monotonic() - began)
    # The net under the feed is a poll of 5 s: one that took less came by the feed.
    assert sorted(took)[1] < 1.0, took


def test_capacity_weight_and_models_reach_the_other_replica(postgres, replica):
    database = postgres.make_database()
    one, two = replica(postgres, database), replica(postgres, database)
    one.put_capacity(77)
    wait_until(lambda: two.live()["capacity"] == 77, what="the capacity at the other replica")
    one.create_model(model_name="shared", upstream_model="mock-model", api_base="http://127.0.0.1:9/v1")
    tenant = two.create_tenant()
    names = lambda: [m["id"] for m in two.http.get("/v1/models", headers=tenant.headers).json()["data"]]  # noqa: E731
    wait_until(lambda: "shared" in names(), what="the model at the other replica")


def test_gateway_that_starts_before_its_database_waits_and_says_so(own_postgres, upstream, tmp_path):
    database = own_postgres.make_database()
    own_postgres.kill()
    gateway = Gateway(
        tmp_path / "early", upstream=upstream.url, environment={"OBLETH_DATABASE_URL": own_postgres.url(database)}
    )
    gateway.is_ready = lambda: True  # as far as start() is concerned
    with gateway:
        ready = gateway.http.get("/ready")
        assert ready.status_code == 503
        assert "record" in ready.json()["reason"]
        assert ready.json()["stores"]["postgres"]["up"] is False
        refused = ask(gateway, "sk_" + "0" * 48)
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "store_unavailable"
        assert gateway.admin.get("/tenants").status_code == 503
        assert "secret@" not in gateway.log_text() + ready.text
        own_postgres.start()
        wait_until(lambda: gateway.http.get("/ready").status_code == 200, seconds=60, what="readiness")
        assert ask(gateway, "sk_" + "0" * 48).status_code == 401
        assert gateway.admin.get("/tenants").status_code == 200


@pytest.mark.parametrize("fault", ["killed", "stopped", "connections cut"])
def test_known_keys_do_not_notice_that_the_database_is_away(own_postgres, replica, fault):
    gateway = replica(own_postgres, own_postgres.make_database(), OBLETH_KEY_FRESH="1s")
    known, unseen = gateway.create_tenant(), gateway.create_tenant()
    assert ask(gateway, known.secret).status_code == 200

    answers, stop = [], threading.Event()

    def load():
        with httpx.Client(base_url=gateway.url, timeout=60) as client:
            while not stop.is_set():
                began = time.monotonic()
                status = client.post("/v1/chat/completions", headers=known.headers, json=ASK).status_code
                answers.append((status, time.monotonic() - began))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        if fault == "killed":
            own_postgres.kill()
        elif fault == "stopped":
            own_postgres.stop_answering()
        else:
            own_postgres.cut_connections()
        if fault != "connections cut":
            wait_until(lambda: ask(gateway, unseen.secret).status_code == 503, seconds=60, what="the fault to be felt")
            wait_until(lambda: store(gateway)["up"] is False, seconds=30, what="the store's state")
            seen = len(answers)
            wait_until(lambda: len(answers) > seen + 50, seconds=60, what="requests meanwhile")
        own_postgres.start() if fault == "killed" else own_postgres.go_on()
        wait_until(lambda: ask(gateway, unseen.secret).status_code == 200, seconds=60, what="recovery by itself")
        wait_until(lambda: store(gateway)["up"], seconds=30, what="the store's recovery")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert {status for status, _ in answers} == {200}
    assert max(took for _, took in answers) < DEADLINES_SECONDS
    assert gateway.admin.post("/tenants", json={"name": "afterwards"}).status_code == 201


def calls(gateway, operation):
    """Of the database, so far."""
    name = f'obleth_store_call_seconds_count{{store="postgres",operation="{operation}"}} '
    return next((int(line[len(name) :]) for line in gateway.metrics().splitlines() if line.startswith(name)), 0)


def hears_everything_so_far(one, two, slots):
    """News comes in its order: with this, all that came before it is known."""
    one.put_capacity(slots)
    wait_until(lambda: two.live()["capacity"] == slots, what="the news before")


def test_a_change_that_was_heard_costs_no_key_though_the_database_fails_before_its_next_request(own_postgres, replica):
    database = own_postgres.make_database()
    one, two = replica(own_postgres, database), replica(own_postgres, database)
    changed, disabled = one.create_tenant(), one.create_tenant()
    hears_everything_so_far(one, two, 77)
    for gateway in (one, two):
        assert [ask(gateway, tenant.secret).status_code for tenant in (changed, disabled)] == [200, 200]
    for change in (
        lambda: changed.patch("/weight", {"weight": 7}),
        lambda: one.admin.put(f"/keys/{disabled.key['id']}/disabled", json={"disabled": True}).raise_for_status(),
    ):
        before = [calls(gateway, "resolve_key") for gateway in (one, two)]
        change()
        for gateway, count in zip((one, two), before):
            wait_until(lambda: calls(gateway, "resolve_key") > count, seconds=30, what="the key, read anew")
    own_postgres.kill()
    for gateway in (one, two):
        assert ask(gateway, changed.secret).status_code == 200
        refused = ask(gateway, disabled.secret)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "key_disabled")


def test_a_key_that_another_replica_used_is_found_in_redis_while_the_database_is_away(own_postgres, redis, replica):
    database = own_postgres.make_database()
    one, two = (replica(own_postgres, database, OBLETH_REDIS_URL=redis.url) for _ in range(2))
    wait_until(lambda: redis_is_up(one) and redis_is_up(two), seconds=30, what="Redis in /ready")
    tenant = one.create_tenant()
    hears_everything_so_far(one, two, 77)
    polls = calls(two, "version")
    assert ask(one, tenant.secret).status_code == 200
    wait_until(lambda: redis.ask("KEYS", "obleth:key:*"), what="the key in Redis")
    # The second was asked after all news: the first may have been under way.
    wait_until(lambda: calls(two, "version") >= polls + 2, seconds=60, what="two polls of the version")
    own_postgres.kill()
    assert ask(two, tenant.secret).status_code == 200


def test_wrong_password_is_told_without_the_password(postgres, own, upstream, tmp_path):
    database = postgres.make_database()
    url = postgres.url(database, password="planted-wrong-secret")
    gateway = Gateway(tmp_path / "wrong", upstream=upstream.url, environment={"OBLETH_DATABASE_URL": url})
    gateway.is_ready = lambda: True
    with gateway:
        ready = gateway.http.get("/ready")
        assert ready.status_code == 503
        assert "password authentication failed" in ready.json()["stores"]["postgres"]["detail"]
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        settings = httpx.get(f"{gateway.admin_url}/api/v1/settings", headers=headers)
        told = gateway.log_text() + ready.text + settings.text + gateway.metrics()
        assert "planted-wrong-secret" not in told


def test_the_server_is_checked_against_the_authority_that_is_named(own_postgres, own, upstream, tmp_path):
    right, wrong = Certificate(tmp_path, "right"), Certificate(tmp_path, "wrong")
    own_postgres.use_tls(right)
    url = own_postgres.url(own_postgres.make_database()).replace("@127.0.0.1:", "@localhost:") + "?sslmode=verify-full"
    gateway = own.gateway(upstream.url, environment={"OBLETH_DATABASE_URL": url, "OBLETH_DATABASE_CA": right.chain})
    assert ask(gateway, gateway.create_tenant().secret).status_code == 200
    secured = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'obleth'"
    assert own_postgres.query(secured) == "t"
    settings = {"OBLETH_DATABASE_URL": url, "OBLETH_DATABASE_CA": wrong.chain}
    misled = Gateway(tmp_path / "misled", upstream=upstream.url, environment=settings)
    misled.is_ready = lambda: True
    with misled:
        ready = misled.http.get("/ready")
        assert ready.status_code == 503
        assert "certificate verify failed" in ready.json()["stores"]["postgres"]["detail"]


def test_a_backup_says_what_copies_a_record_that_is_not_in_a_file(postgres, tmp_path):
    url = postgres.url(postgres.make_database())
    environment = {"PATH": os.environ["PATH"], "OBLETH_ADMIN_TOKEN": ADMIN_TOKEN, "OBLETH_DATABASE_URL": url}
    command = [binary(), "backup", str(tmp_path / "copy")]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (refused.returncode, "pg_dump" in refused.stderr) == (2, True)
    assert "secret" not in refused.stderr


def test_no_tool_that_a_client_names_keeps_the_records_of_calls_from_the_database(postgres, replica):
    gateway = replica(postgres, postgres.make_database())
    tenant = gateway.create_tenant()
    with ScriptedMcp() as server:
        gateway.admin.post("/mcp-servers", json={"name": "tools", "upstream_url": server.url}).raise_for_status()
        tools = ["a\0b", "a" + "é" * 200, "echo"]
        for number, tool in enumerate(tools):
            call = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": tool, "arguments": {}}}
            head = {"Accept": "application/json, text/event-stream", **tenant.headers}
            gateway.http.post("/mcp/tools", headers=head, json=call).raise_for_status()

    def told():
        rows = gateway.admin.get("/audit", params={"action": "mcp.call"}).json()["data"]
        return {row["target_name"] for row in rows} if len(rows) == len(tools) else None

    assert wait_until(told, what="the records") == {"tools/a?b", "tools/a" + "é" * 99, "tools/echo"}
