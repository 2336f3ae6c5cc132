"""Two gateways that change one record at the same time: every change that was answered with success is there."""

import concurrent.futures

import pytest

from support.postgres_server import PostgresServer

ROUNDS = 12


@pytest.fixture(scope="module")
def postgres():
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def pair(request, own, upstream, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:{tmp_path / 'record.db'}"
    else:
        server = request.getfixturevalue("postgres")
        url = server.url(server.make_database())
    return [own.gateway(upstream.url, environment={"OBLETH_DATABASE_URL": url}) for _ in range(2)]


def together(*calls):
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [running.result() for running in [pool.submit(call) for call in calls]]


def test_changes_of_different_fields_at_two_replicas_are_both_kept(pair):
    one, two = pair
    tenant = one.create_tenant()
    model = one.create_model(model_name="shared", api_base="http://127.0.0.1:9/v1")
    places = {
        f"/tenants/{tenant.id}": ("weight", "tokens_per_minute"),
        f"/models/{model['id']}": ("context_window", "cache_ttl_secs"),
        f"/keys/{tenant.key['id']}": ("weight", "tokens_per_minute"),
    }
    for number in range(ROUNDS):
        for path, (first, second) in places.items():
            wanted = {first: 100 + number, second: 5000 + number}
            answers = together(
                lambda: one.admin.patch(path, json={first: wanted[first]}),
                lambda: two.admin.patch(path, json={second: wanted[second]}),
            )
            assert [answer.status_code for answer in answers] == [200, 200]
            record = one.admin.get(path).json()
            assert {first: record[first], second: record[second]} == wanted


def test_a_key_that_was_disabled_stays_so_whatever_another_replica_changes_of_it(pair):
    one, two = pair
    key = f"/keys/{one.create_tenant().key['id']}"
    for number in range(ROUNDS):
        one.admin.put(f"{key}/disabled", json={"disabled": False}).raise_for_status()
        for answer in together(
            lambda: one.admin.put(f"{key}/disabled", json={"disabled": True}),
            lambda: two.admin.patch(key, json={"weight": 100 + number}),
        ):
            answer.raise_for_status()
        record = two.admin.get(key).json()
        assert (record["disabled"], record["weight"]) == (True, 100 + number)


def test_the_audit_log_tells_every_change_from_what_was_before_it(pair):
    one, two = pair
    tenant = one.create_tenant(weight=1)
    together(
        *(lambda at=at, weight=weight: at.admin.patch(f"/tenants/{tenant.id}", json={"weight": weight}).raise_for_status()
          for weight, at in enumerate([one, two] * ROUNDS, start=2))
    )
    rows = one.admin.get("/audit", params={"target": tenant.id, "action": "tenant.update"}).json()["data"]
    after = {row["before"]["weight"]: row["after"]["weight"] for row in rows}
    weight, steps = 1, 0
    while weight in after:
        weight, steps = after[weight], steps + 1
    assert steps == len(rows) == 2 * ROUNDS
    assert weight == one.admin.get(f"/tenants/{tenant.id}").json()["weight"]


def test_one_document_applied_at_two_replicas_at_once_is_taken_once(pair):
    for number in range(ROUNDS):
        name = f"batch-{number}"
        document = {
            "groups": [{"name": name}],
            "tenants": [{"name": name, "group": name, "keys": [{"name": "ci"}]}],
        }
        answers = together(*(lambda at=at: at.admin.post("/apply", json=document) for at in pair))
        assert [answer.status_code for answer in answers] == [200, 200]
        assert sorted(len(answer.json()["changes"]) for answer in answers) == [0, 3]
