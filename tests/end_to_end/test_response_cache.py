"""The response cache, seen by clients: the same bytes once more, for the same tenant alone, without the upstream."""

import concurrent.futures
import itertools
import json

import anthropic
import httpx
import openai
import pytest

from support.dialects import rows_of
from support.gateway import wait_until
from support.raw_http import ScriptedUpstream, json_answer

HELLO = [{"role": "user", "content": "Say something kind."}]
KEPT_BYTES_MAX = 512 * 1024
PATIENCE = 30
numbers = itertools.count(1)


def knows(gateway, tenant, model):
    return gateway.http.get(f"/v1/models/{model}", headers=tenant.headers).status_code == 200


@pytest.fixture
def cached(gateway, tenant, upstream):
    """The name of a model with a cache, and with prices."""
    model = gateway.create_model(
        model_name=f"cached-{next(numbers)}",
        upstream_model="mock-model",
        api_base=f"{upstream.url}/v1",
        input_cost_per_token="0.000001",
        output_cost_per_token="0.000005",
        cache_enabled=True,
    )
    wait_until(lambda: knows(gateway, tenant, model["model_name"]), PATIENCE, "the model")
    yield model["model_name"]
    gateway.admin.delete(f"/models/{model['id']}").raise_for_status()


@pytest.fixture
def client(gateway, tenant):
    return openai.OpenAI(base_url=gateway.base_url, api_key=tenant.secret, max_retries=0)


def chat(model, content="hello", **fields):
    return {"model": model, "messages": [{"role": "user", "content": content}], "max_tokens": 8, **fields}


def post(gateway, tenant, body, path="/v1/chat/completions", **headers):
    return gateway.http.post(path, json=body, headers={**tenant.headers, **headers})


def chat_rows(gateway, tenant, count):
    """The tenant's rows of chats, in no order: those of one millisecond have none. It asked for the list of models, too."""

    def rows():
        found = [row for row in rows_of(gateway, tenant, count) if row["route"] == "/v1/chat/completions"]
        return found if len(found) >= count else None

    return wait_until(rows, PATIENCE, f"{count} rows")


def outcome(answer):
    return answer.status_code, answer.headers.get("x-obleth-cache")


def test_the_openai_sdk_is_answered_the_same_again(gateway, tenant, client, cached, upstream):
    asked_before = upstream.stats()["requests"]
    create = client.chat.completions.with_raw_response.create
    first, second = (create(model=cached, messages=HELLO, max_tokens=5) for _ in range(2))
    assert first.headers["x-obleth-cache"] == "miss"
    assert "age" not in first.headers
    assert second.headers["x-obleth-cache"] == "hit"
    assert int(second.headers["age"]) >= 0
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["content-length"] == first.headers["content-length"]
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    assert second.parse().usage.completion_tokens == 5
    assert upstream.stats()["requests"] == asked_before + 1

    hit, miss = sorted(chat_rows(gateway, tenant, 2), key=lambda row: row["cache"])
    assert (miss["cache"], miss["tokens_saved"]) == ("miss", 0)
    assert (hit["cache"], hit["tokens_saved"]) == ("hit", miss["input_tokens"] + miss["output_tokens"])
    assert float(miss["cost_usd"]) > 0
    assert float(hit["cost_usd"]) == 0
    assert (hit["input_tokens"], hit["output_tokens"], hit["status"]) == (0, 0, 200)
    summary = gateway.admin.get("/usage/summary", params={"tenant": tenant.id}).raise_for_status().json()
    assert '"cache_hits":1' in json.dumps(summary, separators=(",", ":"))
    page = gateway.metrics()
    assert f'obleth_cache_lookups_total{{model="{cached}",result="hit"}}' in page
    assert f'obleth_cache_tokens_saved_total{{model="{cached}",result="hit"}}' in page


@pytest.mark.parametrize("usage", [False, True])
def test_a_stream_comes_again_byte_for_byte(gateway, tenant, client, cached, usage):
    options = {"stream_options": {"include_usage": True}} if usage else {}
    body = chat(cached, stream=True, **options)
    first, second = (post(gateway, tenant, body) for _ in range(2))
    assert (outcome(first), outcome(second)) == ((200, "miss"), (200, "hit"))
    assert second.content == first.content
    assert second.content.endswith(b"data: [DONE]\n\n")
    assert (b'"usage":{' in second.content.replace(b" ", b"")) == usage
    for name in ("content-type", "cache-control", "transfer-encoding", "x-accel-buffering"):
        assert second.headers.get(name) == first.headers.get(name), name

    create = client.chat.completions.create
    seen = [[c.model_dump() for c in create(model=cached, messages=HELLO, stream=True, max_tokens=6, **options)] for _ in "ab"]
    assert seen[0] == seen[1]
    assert len(seen[0]) > 6


def test_other_dialects_are_remembered_too(gateway, tenant, cached):
    client = openai.OpenAI(base_url=gateway.base_url, api_key=tenant.secret, max_retries=0)
    claude = anthropic.Anthropic(base_url=gateway.url, api_key=tenant.secret, max_retries=0)
    asks = [
        lambda: client.embeddings.with_raw_response.create(model=cached, input=["a", "b"]),
        lambda: client.completions.with_raw_response.create(model=cached, prompt="Once", max_tokens=4),
        lambda: client.responses.with_raw_response.create(model=cached, input="Once", max_output_tokens=4),
        lambda: claude.messages.with_raw_response.create(model=cached, max_tokens=5, messages=HELLO),
        lambda: claude.messages.with_raw_response.count_tokens(model=cached, messages=HELLO),
    ]
    for ask in asks:
        first, second = ask(), ask()
        assert (first.headers["x-obleth-cache"], second.headers["x-obleth-cache"]) == ("miss", "hit")
        assert second.http_response.content == first.http_response.content
    streams = []
    for _ in range(2):
        with claude.messages.stream(model=cached, max_tokens=7, messages=HELLO) as stream:
            streams.append(stream.get_final_message())
    assert streams[0] == streams[1], "the id is the same: nothing was made anew"


def test_tenants_never_share_an_answer(gateway, tenant, cached):
    other = gateway.create_tenant()
    second_key = gateway.admin.post(f"/tenants/{tenant.id}/keys", json={"name": "second"}).raise_for_status().json()
    mine = post(gateway, tenant, chat(cached))
    theirs = post(gateway, other, chat(cached))
    assert (outcome(mine), outcome(theirs)) == ((200, "miss"), (200, "miss"))
    assert mine.json()["id"] != theirs.json()["id"]
    again = gateway.http.post(
        "/v1/chat/completions", json=chat(cached), headers={"Authorization": f"Bearer {second_key['secret']}"}
    )
    assert outcome(again) == (200, "hit")
    assert again.content == mine.content


def test_a_model_without_a_cache_says_nothing_of_one(gateway, tenant):
    for _ in range(2):
        assert outcome(post(gateway, tenant, chat("mock-model"))) == (200, None)


def test_clients_may_pass_it_by(gateway, tenant, cached):
    assert outcome(post(gateway, tenant, chat(cached), **{"Cache-Control": "no-store"})) == (200, "miss")
    old = post(gateway, tenant, chat(cached))
    assert outcome(old) == (200, "miss"), "no-store kept nothing"
    fresh = post(gateway, tenant, chat(cached), **{"Cache-Control": "no-cache"})
    assert outcome(fresh) == (200, "miss")
    assert fresh.json()["id"] != old.json()["id"]
    assert post(gateway, tenant, chat(cached)).content == fresh.content
    passing = post(gateway, tenant, chat(cached), **{"Cache-Control": "no-store"})
    assert outcome(passing) == (200, "miss")
    assert post(gateway, tenant, chat(cached)).content == fresh.content


def test_a_hit_needs_neither_a_slot_nor_budget_and_takes_none(gateway, tenant, cached, upstream):
    post(gateway, tenant, chat(cached))
    tenant.patch("", {"requests_per_minute": 1})
    assert outcome(post(gateway, tenant, chat(cached, "another"))) == (200, "miss")
    assert post(gateway, tenant, chat(cached, "a third")).status_code == 429
    for _ in range(3):
        assert outcome(post(gateway, tenant, chat(cached))) == (200, "hit")


def test_who_is_shut_out_is_not_answered_from_it(gateway, tenant, cached):
    assert outcome(post(gateway, tenant, chat(cached))) == (200, "miss")
    gateway.admin.patch(f"/tenants/{tenant.id}", json={"status": "suspended"}).raise_for_status()
    wait_until(lambda: post(gateway, tenant, chat(cached)).status_code == 403, PATIENCE, "the suspension")
    gateway.admin.patch(f"/tenants/{tenant.id}", json={"status": "active"}).raise_for_status()
    wait_until(lambda: outcome(post(gateway, tenant, chat(cached))) == (200, "hit"), PATIENCE, "the return")
    gateway.admin.patch(f"/models/{cached}", json={"enabled": False}).raise_for_status()
    wait_until(lambda: post(gateway, tenant, chat(cached)).status_code == 404, PATIENCE, "the model's end")


def test_settings_of_the_model_are_obeyed(gateway, tenant, cached):
    gateway.admin.put(f"/models/{cached}/cache", json={"cache_enabled": True, "cache_ttl_secs": 1}).raise_for_status()
    assert outcome(post(gateway, tenant, chat(cached))) == (200, "miss")
    wait_until(lambda: outcome(post(gateway, tenant, chat(cached))) == (200, "hit"), PATIENCE, "a hit")
    wait_until(lambda: outcome(post(gateway, tenant, chat(cached))) == (200, "miss"), PATIENCE, "the expiry")
    gateway.admin.put(f"/models/{cached}/cache", json={"cache_enabled": False}).raise_for_status()
    wait_until(lambda: outcome(post(gateway, tenant, chat(cached))) == (200, None), PATIENCE, "the cache's end")


def test_what_was_not_a_whole_success_is_never_kept(gateway, tenant, cached):
    failures = [
        {"x-mock-fail": "status:500"},
        {"x-mock-fail": "status:400"},
        {"x-mock-fail": "reset-after:3"},
        {"x-mock-fail": "no-done"},
    ]
    for number, failure in enumerate(failures):
        body = chat(cached, f"question {number}", stream=number >= 2)
        try:
            # A stream that is cut ends its connection: nothing may be sent on it again.
            post(gateway, tenant, body, connection="close", **failure)
        except httpx.TransportError:
            pass  # the connection was cut
        assert outcome(post(gateway, tenant, body)) == (200, "miss"), failure
        assert outcome(post(gateway, tenant, body)) == (200, "hit"), failure


def test_a_stream_that_its_client_left_is_not_kept(gateway, tenant, cached, upstream):
    body = chat(cached, stream=True, max_tokens=64)
    slow = {**tenant.headers, "x-mock-token-ms": "200"}
    with gateway.http.stream("POST", "/v1/chat/completions", json=body, headers=slow) as leaving:
        next(leaving.iter_raw())
    wait_until(lambda: chat_rows(gateway, tenant, 1)[0]["status"] == 499, PATIENCE, "the row of the one who left")
    assert outcome(post(gateway, tenant, body)) == (200, "miss")


def test_a_brownout_answer_is_never_kept(own, upstream):
    gateway = own.gateway(
        upstream=upstream.url,
        environment={"OBLETH_GLOBAL_MAX_IN_FLIGHT": "1", "OBLETH_BROWNOUT_WAIT_MS": "1"},
    )
    gateway.create_model(
        model_name="cached", upstream_model="mock-model", api_base=f"{upstream.url}/v1", cache_enabled=True, brownout_max_tokens=2
    )
    tenant = gateway.create_tenant()
    wait_until(lambda: knows(gateway, tenant, "cached"), PATIENCE, "the model")
    slow = {"x-mock-ttft-ms": "500"}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for attempt in range(20):
            runs = [chat("cached", f"{attempt} {n}", max_tokens=64) for n in "ab"]
            running = [pool.submit(post, gateway, tenant, body, **slow) for body in runs]
            wait_until(lambda: gateway.live()["queued"] >= 1 or any(r.done() for r in running), PATIENCE, "a queue")
            waiting = chat("cached", f"{attempt} waits")
            softened = post(gateway, tenant, waiting)
            assert outcome(softened) == (200, "miss")
            for each in running:
                each.result()
            if softened.headers["x-obleth-admission"] == "brownout":
                break
        else:
            pytest.fail("nothing was softened")
    again = post(gateway, tenant, waiting)
    assert outcome(again) == (200, "miss")
    assert again.json()["usage"]["completion_tokens"] == 8


def test_longer_answers_pass_and_are_not_kept(own):
    def answer(connection, request):
        size = KEPT_BYTES_MAX + (1 if b'"long"' in request["body"] else 0)
        text = "x" * (size - len(json.dumps({"text": ""})))
        json_answer(connection, {"text": text})

    with ScriptedUpstream(answer) as server:
        gateway = own.gateway(upstream=server.url)
        gateway.create_model(model_name="cached", api_base=f"{server.url}/v1", cache_enabled=True)
        tenant = gateway.create_tenant()
        wait_until(lambda: knows(gateway, tenant, "cached"), PATIENCE, "the model")
        outcomes = []
        for content in ("short", "short", "long", "long"):
            answered = post(gateway, tenant, chat("cached", content))
            outcomes.append((len(answered.content), *outcome(answered)))
    assert outcomes == [
        (KEPT_BYTES_MAX, 200, "miss"),
        (KEPT_BYTES_MAX, 200, "hit"),
        (KEPT_BYTES_MAX + 1, 200, "miss"),
        (KEPT_BYTES_MAX + 1, 200, "miss"),
    ]


def test_many_that_ask_at_once_are_all_answered(gateway, tenant, cached):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        bodies = [chat(cached, f"one of {n % 4}", stream=n % 2 == 0) for n in range(64)]
        answers = list(pool.map(lambda body: post(gateway, tenant, body), bodies))
    assert {answer.status_code for answer in answers} == {200}
    assert all(outcome(post(gateway, tenant, body)) == (200, "hit") for body in bodies)


# ---- replicas -------------------------------------------------------------------------------------------------------


@pytest.fixture
def replicas(start_pair, upstream):
    """Two gateways on one record and one Redis, with one cached model."""
    pair = start_pair()
    pair[0].create_model(model_name="cached", upstream_model="mock-model", api_base=f"{upstream.url}/v1", cache_enabled=True)
    return pair


def answers_in(redis):
    return [name for name in redis.ask("KEYS", "obleth:{answers}:1:*").splitlines() if len(name.rpartition(":")[2]) == 64]


def test_replicas_share_answers(replicas, redis):
    first, second = replicas
    tenant = first.create_tenant()
    wait_until(lambda: knows(first, tenant, "cached") and knows(second, tenant, "cached"), PATIENCE, "the model")
    for number, stream in enumerate((False, True), 1):
        made = post(first, tenant, chat("cached", stream=stream))
        assert outcome(made) == (200, "miss")
        wait_until(lambda number=number: len(answers_in(redis)) == number, PATIENCE, "the answer in Redis")
        again = post(second, tenant, chat("cached", stream=stream))
        assert outcome(again) == (200, "hit")
        assert again.content == made.content
    names = redis.ask("KEYS", "obleth:{answers}:*").splitlines()
    assert all(int(redis.ask("PTTL", name)) > 0 for name in names), "they expire by themselves"


def test_without_redis_each_goes_on_with_what_it_has(replicas, redis):
    gateway = replicas[0]
    tenant = gateway.create_tenant()
    wait_until(lambda: knows(gateway, tenant, "cached"), PATIENCE, "the model")
    assert outcome(post(gateway, tenant, chat("cached"))) == (200, "miss")
    redis.kill()
    assert outcome(post(gateway, tenant, chat("cached"))) == (200, "hit")
    assert outcome(post(gateway, tenant, chat("cached", "another"))) == (200, "miss")
    assert outcome(post(gateway, tenant, chat("cached", "another"))) == (200, "hit")
