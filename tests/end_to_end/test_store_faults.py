"""Every store broken in every way that can be made here, under load of known keys at two replicas.

What has to hold in each: no client sees an error, nobody waits longer than the store's deadline and only the first wait at
all, the gateways recover by themselves, limits hold, and the ledger has every request once. A few of the cells run by
default; OBLETH_TEST_FAULTS=all makes all of them, with a stop of 30 s (`./dev test faults`)."""

import dataclasses
import os
import time

import httpx
import pytest

from support import store_faults
from support.gateway import wait_until
from support.known_load import KnownLoad, quantile
from support.small_disk import SmallDisk

WHOLE = os.environ.get("OBLETH_TEST_FAULTS") == "all"
SHORT = [("redis", "killed"), ("postgres", "reset"), ("clickhouse", "reset")]
CELLS = [(store, fault) for store in ("redis", "postgres", "clickhouse") for fault in store_faults.Subject.FAULTS]
SECONDS = {"stopped": 30.0, "slow": 15.0} if WHOLE else {}  # that a fault lasts; at least
OTHERWISE = 5.0 if WHOLE else 2.0

PATIENCE = 30
BUSY = 2.0  # seconds that a busy machine may add to anything
SCARCE_WORTH, SCARCE_COST = 40, 112  # requests, and tokens of each


@pytest.fixture(scope="module")
def subjects(tmp_path_factory):
    with store_faults.all_three(tmp_path_factory.mktemp("stores")) as three:
        yield three


@pytest.fixture(scope="module")
def table():
    rows = []
    yield rows
    text = "\n".join([Row.head(), *map(str, rows)])
    print(f"\n{text}")
    if where := os.environ.get("OBLETH_TEST_FAULTS_TABLE"):
        with open(where, "w") as file:
            file.write(text + "\n")


@dataclasses.dataclass
class Row:
    store: str
    fault: str
    lasted: float = 0.0
    requests: int = 0
    errors: int = 0
    before_ms: float = 0.0
    slowest_ms: float = 0.0
    later_ms: float = 0.0
    told: str = "no"
    recovered: float = 0.0
    rows: str = ""
    limits: str = ""

    def see(self, stage):
        if stage.is_up(self.store, up=False):
            self.told = "yes"
        return self.told == "yes"

    @staticmethod
    def head():
        names = "store | fault | lasted | requests | errors | p90 before | slowest | p90 after the first | in `/ready` | back after"
        titles = f"| {names} | rows of the ledger | limits |"
        return titles + "\n|" + " --- |" * (titles.count("|") - 1)

    def __str__(self):
        times = f"{self.before_ms:.0f} ms | {self.slowest_ms:.0f} ms | {self.later_ms:.0f} ms"
        begun = f"| {self.store} | {self.fault} | {self.lasted:.0f} s | {self.requests} | {self.errors} | {times}"
        return f"{begun} | {self.told} | {self.recovered:.1f} s | {self.rows} | {self.limits} |"


class Stage:
    """Two replicas on the three stores, with tenants that both have seen."""

    def __init__(self, own, upstream, subjects, part):
        settings = {"OBLETH_KEY_FRESH": "1s", "OBLETH_REPLICAS_EXPECTED": "2"}
        for subject in subjects.values():
            settings |= subject.environment(part)
        self.gateways = [own.gateway(upstream.url, environment=settings) for _ in range(2)]
        one = self.gateways[0]
        wait_until(lambda: all(self.is_up(name) for name in subjects), PATIENCE, "the stores")
        self.plain = one.create_tenant()
        self.limited = one.create_tenant(budget={"period": "lifetime", "tokens": 10**9}, tokens_per_minute=10**9)
        self.scarce = one.create_tenant(budget={"period": "lifetime", "tokens": SCARCE_WORTH * SCARCE_COST})
        self.scarce_served = 0
        for gateway in self.gateways:
            wait_until(lambda: self.spend_scarce(gateway) == 200, PATIENCE, "the tenants at both replicas")

    def is_up(self, store, up=True):
        told = [gateway.http.get("/ready").json()["stores"][store]["up"] for gateway in self.gateways]
        return all(told) if up else not any(told)

    def spend_scarce(self, gateway):
        body = {"model": "mock-model", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 100}
        headers = {**self.scarce.headers, "x-mock-prompt-tokens": "12", "x-mock-output-tokens": "100"}
        answer = gateway.http.post("/v1/chat/completions", headers=headers, json=body)
        if answer.status_code == 200:
            self.scarce_served += answer.json()["usage"]["total_tokens"]
        return answer.status_code

    def used(self, gateway, tenant):
        """None while it cannot be known."""
        answer = gateway.admin.get(f"/tenants/{tenant.id}")
        used = answer.json()["budget"].get("used") if answer.status_code == 200 else None
        return used and used["tokens"]


def meanwhile(stage, store):
    """What else is asked while the store is broken: it is answered, or refused in time."""
    gateway = stage.gateways[0]
    began = time.monotonic()
    if store == "postgres":
        status = gateway.admin.post("/tenants", json={"name": f"at {began}"}).status_code
        assert status in (201, 503), status
    elif store == "clickhouse":
        for each in stage.gateways:
            began = time.monotonic()
            status = each.admin.get("/usage/summary").status_code
            assert status in (200, 503), status
    else:
        before = stage.scarce_served
        for each in stage.gateways:
            statuses = [stage.spend_scarce(each) for _ in range(SCARCE_WORTH)]
            assert set(statuses) <= {200, 429}, statuses
        assert stage.scarce_served <= SCARCE_WORTH * SCARCE_COST, "replicas spend their parts and no more"
        return f"{(stage.scarce_served - before) // SCARCE_COST} of {SCARCE_WORTH - 2}"
    assert time.monotonic() - began < 12 + BUSY
    return ""


def check_budgets(stage, load, row):
    served = {stage.limited: load.tokens_of(stage.limited), stage.scarce: stage.scarce_served}
    for gateway in stage.gateways:
        for tenant, tokens in served.items():
            try:
                wait_until(lambda: stage.used(gateway, tenant) == tokens, PATIENCE)
            except AssertionError:
                assert stage.used(gateway, tenant) == tokens
    if row.store == "redis":
        while stage.spend_scarce(stage.gateways[0]) == 200:
            assert stage.scarce_served <= SCARCE_WORTH * SCARCE_COST, "a budget is never overspent"


def check_ledger(stage, load, subjects, part, row):
    clickhouse = subjects["clickhouse"].server
    expected = {tenant.id: len(load.asked[tenant.id]) for tenant in (stage.plain, stage.limited)}
    for tenant, count in expected.items():
        sql = f"SELECT count(), uniqExact(event_id) FROM {part}.usage FINAL WHERE tenant_id = '{tenant}'"
        wait_until(lambda: clickhouse.query(sql) == f"{count}\t{count}", PATIENCE, f"{count} rows, each once")
        summary = lambda: stage.gateways[1].admin.get("/usage/summary", params={"tenant": tenant})  # noqa: E731
        assert wait_until(lambda: (a := summary()).status_code == 200 and a.json(), PATIENCE)["requests"] == count
    row.rows = f"{sum(expected.values())}, each once"


def check_latency(load, subject, broken_at, mended_at, row):
    everything = load.everything()
    before = [one for one in everything if one.began < broken_at]
    during = [one for one in everything if broken_at <= one.began < mended_at]
    # The first requests may wait for the deadline, and the first of those that renew a key for another.
    later = [one for one in during if one.began > broken_at + 2 * subject.deadline + 1]
    row.requests, row.errors = len(during), sum(one.status != 200 for one in everything)
    row.before_ms, row.later_ms = quantile(before, 0.9) * 1e3, quantile(later, 0.9) * 1e3
    row.slowest_ms = max(one.took for one in during) * 1e3
    assert row.errors == 0, {one.status for one in everything}
    assert row.slowest_ms / 1e3 < 2 * subject.deadline + BUSY
    assert row.later_ms < row.before_ms + 200, "only the first requests wait"
    assert len(during) > 20, "the load went on"


@pytest.mark.parametrize("store, fault", CELLS if WHOLE else SHORT)
def test_clients_do_not_notice_that_a_store_breaks(own, upstream, subjects, table, store, fault):
    subject = subjects[store]
    if fault == "full" and store != "redis" and not SmallDisk.can_be_made():
        pytest.skip("a small disk can be mounted by root alone")
    part = f"faults_{store}_{fault}".replace(" ", "_")
    stage = Stage(own, upstream, subjects, part)
    row = Row(store, fault)
    lasts = SECONDS.get(fault, OTHERWISE)
    with KnownLoad(stage.gateways, [stage.plain, stage.limited]) as load:
        wait_until(lambda: len(load.everything()) > 100, PATIENCE, "a load")
        broken_at = time.monotonic()
        subject.begin(fault)
        try:
            row.limits = meanwhile(stage, store)
            wait_until(lambda: row.see(stage) or time.monotonic() > broken_at + lasts, 2 * PATIENCE, "the loss")
            wait_until(lambda: load.has_asked_after(broken_at + lasts), 2 * PATIENCE, "requests for as long as it lasts")
        finally:
            subject.end(fault)
        mended_at = time.monotonic()
        row.lasted = mended_at - broken_at
        wait_until(lambda: is_whole(stage, store), PATIENCE, "recovery by itself")
        row.recovered = time.monotonic() - mended_at
        after = len(load.everything())
        wait_until(lambda: len(load.everything()) > after + 50, PATIENCE, "a load afterwards")
    check_latency(load, subject, broken_at, mended_at, row)
    check_ledger(stage, load, subjects, part, row)
    check_budgets(stage, load, row)
    table.append(row)
    if fault in ("killed", "stopped", "wrong password"):
        assert row.told == "yes", "/ready names the store"


def is_whole(stage, store):
    if not stage.is_up(store):
        return False
    if store == "postgres":
        made = stage.gateways[0].admin.post("/tenants", json={"name": f"at {time.monotonic()}"})
        return made.status_code == 201
    if store == "clickhouse":
        return stage.gateways[0].admin.get("/usage/summary").status_code == 200
    try:
        return all(stage.used(gateway, stage.limited) for gateway in stage.gateways)
    except httpx.TransportError:
        return False
