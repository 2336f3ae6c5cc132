"""Replicas that share a Redis: keys and news among them, and what happens when it is away."""

import re
import time

import pytest

from support.documents import examples
from support.gateway import wait_until
from support.processes import ROOT
from support.redis_server import RedisServer, redis_is_up

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}
PATIENCE = 30


@pytest.fixture
def replicas(start_pair, upstream):
    """Two gateways on one record and one Redis."""
    pair = start_pair()
    pair[0].create_model(model_name="m", upstream_model="mock-model", api_base=f"{upstream.url}/v1")
    wait_until(lambda: all(serves_models(each) for each in pair), PATIENCE, "the model at both replicas")
    return pair


def serves_models(gateway):
    return gateway.admin.get("/models").json()["data"] and redis_is(gateway, True)


def ready(gateway):
    return gateway.http.get("/ready").json()


def redis_is(gateway, up):
    return redis_is_up(gateway) == up


def ask(gateway, tenant):
    return gateway.http.post("/v1/chat/completions", json=CHAT, headers=tenant.headers)


def test_a_change_at_one_replica_is_obeyed_by_the_other_within_a_second(replicas):
    teller, hearer = replicas
    tenant = teller.create_tenant()
    wait_until(lambda: ask(hearer, tenant).status_code == 200, PATIENCE, "the key at the other replica")
    # The poll of the record's version would take up to five seconds, so that one round in time is by the feed alone.
    took = []
    for disabled in (True, False, True):
        teller.admin.patch(f"/keys/{tenant.key['id']}", json={"disabled": disabled}).raise_for_status()
        began = time.monotonic()
        wanted = 403 if disabled else 200
        wait_until(lambda: ask(hearer, tenant).status_code == wanted, PATIENCE, "the other replica's obedience")
        took.append(time.monotonic() - began)
    assert min(took) < 1.0, took


def test_known_keys_are_served_without_an_error_whatever_redis_does(replicas, redis):
    gateway = replicas[0]
    tenant = gateway.create_tenant()
    assert ask(gateway, tenant).status_code == 200
    for away, back in ((redis.pause, redis.go_on), (redis.kill, redis.start)):
        away()
        for _ in range(20):
            assert ask(gateway, tenant).status_code == 200
        back()
        wait_until(lambda: redis_is(gateway, True), PATIENCE, "Redis in /ready")
        assert ask(gateway, tenant).status_code == 200


def test_a_redis_that_is_killed_is_told_and_found_again(replicas, redis):
    gateway = replicas[0]
    redis.kill()
    wait_until(lambda: redis_is(gateway, False), PATIENCE, "the loss in /ready")
    assert ready(gateway)["ready"], "a replica serves without Redis"
    wait_until(lambda: "refused" in (ready(gateway)["stores"]["redis"]["detail"] or ""), PATIENCE, "the reason")
    assert 'obleth_store_up{store="redis"} 0' in gateway.metrics()
    redis.start()
    wait_until(lambda: redis_is(gateway, True), PATIENCE, "the return in /ready")
    assert 'obleth_store_up{store="redis"} 1' in gateway.metrics()
    lines = gateway.log_text().splitlines()
    assert sum("Redis is away" in line for line in lines) == 1, lines


def test_a_change_that_nobody_can_be_told_of_is_done_with_a_warning(replicas, redis):
    teller, hearer = replicas
    tenant = teller.create_tenant()
    wait_until(lambda: ask(hearer, tenant).status_code == 200, PATIENCE, "the key at the other replica")
    weighed = teller.admin.patch(f"/tenants/{tenant.id}/weight", json={"weight": 7})
    assert (weighed.status_code, weighed.headers.get("warning")) == (200, None)
    redis.kill()
    wait_until(lambda: redis_is(teller, False), PATIENCE, "the loss in /ready")
    disabled = teller.admin.put(f"/keys/{tenant.key['id']}/disabled", json={"disabled": True})
    assert disabled.status_code == 200
    assert disabled.headers["warning"].startswith('199 obleth "')
    assert "\nobleth_untold_changes_total 1\n" in teller.metrics()
    wait_until(lambda: ask(hearer, tenant).status_code == 403, PATIENCE, "the poll")


def test_a_redis_that_is_away_at_start_is_waited_for(own, upstream, tmp_path):
    redis = RedisServer(tmp_path / "late")
    gateway = own.gateway(upstream=upstream.url, environment={"OBLETH_REDIS_URL": redis.url})
    assert redis_is(gateway, False)
    with redis:
        wait_until(lambda: redis_is(gateway, True), PATIENCE, "Redis in /ready")


def test_a_redis_that_would_forget_is_refused_at_start(own, upstream, tmp_path):
    with RedisServer(tmp_path / "forgetful", "--maxmemory-policy", "allkeys-lru") as redis:
        with pytest.raises(RuntimeError, match="noeviction"):
            own.gateway(upstream=upstream.url, environment={"OBLETH_REDIS_URL": redis.url})


def obey_as_written(redis):
    """Makes the user of docs/redis.md, and tells the URL that it is reached by."""
    (line,) = (each.text for each in examples("docs/redis.md") if each.text.startswith("ACL SETUSER"))
    redis.ask(*line.replace("PASSWORD", "open-sesame").split())
    return f"redis://obleth:open-sesame@127.0.0.1:{redis.port}"


def test_the_user_that_the_page_prescribes_shares_limits_slots_and_news(start_pair, upstream, redis):
    pair = start_pair(OBLETH_REDIS_URL=obey_as_written(redis))
    pair[0].create_model(model_name="m", upstream_model="mock-model", api_base=f"{upstream.url}/v1")
    wait_until(lambda: all(serves_models(each) for each in pair), PATIENCE, "the model at both replicas")
    tenant = pair[0].create_tenant(requests_per_minute=5)
    wait_until(lambda: pair[1].http.get("/v1/models", headers=tenant.headers).status_code == 200, PATIENCE, "the key")
    answers = [ask(each, tenant).status_code for _ in range(8) for each in pair]
    assert answers.count(200) <= 6, answers  # one more where the bucket has filled up meanwhile
    wait_until(lambda: all(ready(each)["slots"]["shared"] for each in pair), PATIENCE, "shared slots")
    assert redis.ask("ACL", "LOG") == "", "nothing was refused"


def test_a_user_who_may_not_run_the_scripts_is_told_with_the_reason(own, upstream, redis):
    url = obey_as_written(redis)
    redis.ask("ACL", "SETUSER", "obleth", "-time")
    gateway = own.gateway(upstream=upstream.url, environment={"OBLETH_REDIS_URL": url})
    assert not redis_is(gateway, True)
    wait_until(lambda: "(TIME)" in (ready(gateway)["stores"]["redis"]["detail"] or ""), PATIENCE, "the reason")
    wait_until(lambda: "slots are not shared" in gateway.log_text(), PATIENCE, "the line about slots")
    (line,) = [each for each in gateway.log_text().splitlines() if "slots are not shared" in each]
    assert "(TIME)" in line


def test_every_command_of_the_scripts_is_probed():
    sources = {each.name: each.read_text() for each in (ROOT / "src/adapters/redis").glob("*.cpp")}
    run = {command for text in sources.values() for command in re.findall(r"redis\.call\('([A-Z]+)'", text)}
    probed = set(re.findall(r"\{'([A-Z]+)'", sources["redis_server.cpp"]))
    assert run and run <= probed, run - probed


def test_no_secret_lies_in_redis(replicas, redis):
    tenant = replicas[0].create_tenant()
    assert ask(replicas[0], tenant).status_code == 200
    kept = wait_until(lambda: redis.ask("KEYS", "obleth:key:*").splitlines(), PATIENCE, "the key in Redis")
    assert tenant.secret not in kept[0]
    assert tenant.record["name"] in redis.ask("GET", kept[0])
    assert tenant.secret not in redis.ask("GET", kept[0])
    assert all(name.startswith("obleth:") for name in redis.ask("KEYS", "*").splitlines())


def test_a_key_lies_in_redis_for_as_long_as_was_said_while_the_gateway_ran(replicas, redis):
    replicas[0].admin.patch("/settings", json={"key_fresh": "90s"}).raise_for_status()
    tenant = replicas[0].create_tenant()
    assert ask(replicas[0], tenant).status_code == 200
    pattern = "obleth:key:1:90000:*"
    kept = wait_until(lambda: redis.ask("KEYS", pattern).splitlines(), PATIENCE, "the key in Redis")
    assert int(redis.ask("PTTL", kept[0])) <= 90_000


def test_without_redis_a_second_process_on_the_record_is_noticed_by_the_poll(own, upstream, tmp_path):
    shared = {"OBLETH_DATABASE_URL": f"sqlite:{tmp_path / 'record.db'}"}
    teller, hearer = (own.gateway(upstream=upstream.url, environment=shared) for _ in range(2))
    teller.create_model(model_name="m", upstream_model="mock-model", api_base=f"{upstream.url}/v1")
    tenant = teller.create_tenant()
    wait_until(lambda: ask(hearer, tenant).status_code == 200, PATIENCE, "the model at the other process")
    teller.admin.patch(f"/keys/{tenant.key['id']}", json={"disabled": True}).raise_for_status()
    wait_until(lambda: ask(hearer, tenant).status_code == 403, PATIENCE, "the other process's obedience")
