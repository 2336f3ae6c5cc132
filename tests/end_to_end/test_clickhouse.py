"""The usage ledger in ClickHouse: every request once, the same sums, and nothing lost while it is away."""

import pytest

from support.certificates import Certificate
from support.clickhouse_server import ClickHouseServer
from support.faulty_proxy import FaultyProxy
from support.gateway import wait_until

ASK = {"model": "mock-model", "messages": [], "max_tokens": 1}


@pytest.fixture(scope="module")
def clickhouse():
    with ClickHouseServer() as server:
        yield server


def ask(gateway, tenant, count):
    for _ in range(count):
        gateway.http.post("/v1/chat/completions", headers=tenant.headers, json=ASK).raise_for_status()


def requests_of(gateway, tenant):
    answer = gateway.admin.get("/usage/summary", params={"tenant": tenant.id})
    return answer.json()["requests"] if answer.status_code == 200 else None


def test_rows_are_summed_and_listed(clickhouse, own, upstream):
    environment = clickhouse.environment()
    gateway = own.gateway(upstream.url, environment=environment)
    tenant = gateway.create_tenant(name="in clickhouse")
    ask(gateway, tenant, 7)
    wait_until(lambda: requests_of(gateway, tenant) == 7, seconds=30, what="the rows in the ledger")
    rows = gateway.admin.get("/usage/requests", params={"tenant": tenant.id}).json()["data"]
    assert len({row["event_id"] for row in rows}) == 7
    one = gateway.admin.get(f"/usage/requests/{rows[0]['event_id']}").raise_for_status().json()
    assert one["tenant_id"] == tenant.id
    assert gateway.admin.get("/usage/export.csv", params={"tenant": tenant.id}).text.count("mock-model") >= 7
    database = environment["OBLETH_CLICKHOUSE_DATABASE"]
    assert clickhouse.query(f"SELECT count() FROM {database}.usage FINAL") == "7"
    assert gateway.http.get("/ready").json()["stores"]["clickhouse"] == {"up": True, "detail": None}
    assert 'obleth_store_up{store="clickhouse"} 1' in gateway.metrics()


def test_two_gateways_share_one_ledger(clickhouse, own, upstream):
    environment = clickhouse.environment()
    one, two = (own.gateway(upstream.url, environment=environment) for _ in range(2))
    first, second = one.create_tenant(), two.create_tenant()
    ask(one, first, 3)
    ask(two, second, 5)
    wait_until(lambda: requests_of(one, second) == 5, seconds=30, what="the other's rows")
    wait_until(lambda: requests_of(two, first) == 3, seconds=30, what="the other's rows")


def test_the_server_is_checked_against_the_authority_that_is_named(clickhouse, own, upstream, tmp_path):
    right, wrong = Certificate(tmp_path, "right"), Certificate(tmp_path, "wrong")
    with FaultyProxy(clickhouse.port, certificate=right) as front:
        settings = clickhouse.environment(url=f"https://127.0.0.1:{front.port}")

        def started_with(authority):
            return own.gateway(upstream.url, environment={**settings, "OBLETH_CLICKHOUSE_CA": authority})

        gateway = started_with(right.chain)
        tenant = gateway.create_tenant()
        ask(gateway, tenant, 3)
        wait_until(lambda: requests_of(gateway, tenant) == 3, seconds=30, what="the rows in the ledger")
        misled = started_with(wrong.chain)

        def told():
            return misled.http.get("/ready").json()["stores"]["clickhouse"]

        wait_until(lambda: not told()["up"], seconds=30, what="the refusal")
        assert "the certificate is refused" in told()["detail"]
        assert requests_of(misled, tenant) is None


@pytest.mark.parametrize("fault", ["killed", "stopped"])
def test_rows_wait_in_the_spool_while_clickhouse_is_away(own, upstream, fault):
    with ClickHouseServer() as server:
        gateway = own.gateway(upstream.url, environment=server.environment(database="obleth"))
        tenant = gateway.create_tenant()
        ask(gateway, tenant, 3)
        wait_until(lambda: requests_of(gateway, tenant) == 3, seconds=30, what="the first rows")
        server.kill() if fault == "killed" else server.stop_answering()
        ask(gateway, tenant, 20)
        if fault == "killed":
            refused = gateway.admin.get("/usage/summary", params={"tenant": tenant.id})
            assert refused.status_code == 503
            assert "ClickHouse" in refused.text
            ready = gateway.http.get("/ready")
            assert ready.status_code == 200
            assert ready.json()["stores"]["clickhouse"]["up"] is False
            assert "usage" not in ready.json()["stores"]
            assert 'obleth_store_up{store="clickhouse"} 0' in gateway.metrics()
            assert "ClickHouse is away" in gateway.log_text()
        server.start() if fault == "killed" else server.go_on()
        wait_until(lambda: requests_of(gateway, tenant) == 23, seconds=120, what="all rows, once")
        assert server.query("SELECT count() FROM obleth.usage FINAL") == "23"


def test_gateway_starts_before_clickhouse(own, upstream):
    server = ClickHouseServer()
    gateway = own.gateway(upstream.url, environment=server.environment(database="obleth"))
    tenant = gateway.create_tenant()
    ask(gateway, tenant, 4)
    assert gateway.http.get("/ready").json()["stores"]["clickhouse"]["up"] is False
    with server:
        wait_until(lambda: requests_of(gateway, tenant) == 4, seconds=120, what="the rows of before")


def test_budget_is_right_after_a_restart(clickhouse, own, upstream):
    environment = clickhouse.environment()
    gateway = own.gateway(upstream.url, environment=environment)
    tenant = gateway.create_tenant()
    tenant.patch("/budget", {"period": "month", "tokens": 1_000_000})
    ask(gateway, tenant, 5)
    used = lambda g: g.admin.get(f"/tenants/{tenant.id}").json()["budget"]["used"]["tokens"]  # noqa: E731
    before = wait_until(lambda: used(gateway), what="spending")
    assert gateway.stop() == 0
    again = own.gateway(upstream.url, folder=gateway.folder, environment=environment)
    ask(again, tenant, 1)
    wait_until(lambda: used(again) > before, seconds=60, what="the spending of before, and more")
