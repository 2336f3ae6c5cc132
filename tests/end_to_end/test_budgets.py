"""Limits as a client meets them: rates, budgets, softening, headers, and what an operator sees and changes meanwhile."""

import asyncio
import datetime
import time

import httpx
import openai
import pytest

from support import stores
from support.gateway import wait_until
from support.raw_http import chat_bytes, connect, read_until
from support.redis_server import RedisServer
from support.wall_clock import WallClock


def ask(gateway, tenant, headers=(), **fields):
    body = {"model": "mock-model", "messages": [{"role": "user", "content": "hello"}], **fields}
    return httpx.post(
        f"{gateway.base_url}/chat/completions", headers={**tenant.headers, **dict(headers)}, json=body, timeout=30
    )


def budget_of(gateway, tenant):
    return gateway.admin.get(f"/tenants/{tenant.id}").raise_for_status().json()["budget"]


def error_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


# ---- budgets --------------------------------------------------------------------------------------------------


def test_a_budget_is_spent_to_its_end_and_not_beyond_by_128_streams_at_once(own):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "1", "--output-tokens", "100000")
    gateway = own.gateway(upstream.url)
    gateway.put_capacity(256)
    # Twenty answers of 1000 tokens and their questions of 12 (four for the message, three before the answer).
    question_tokens, answer_tokens, worth = 12, 1000, 20
    budget = worth * (question_tokens + answer_tokens)
    tenant = gateway.create_tenant(budget={"period": "lifetime", "tokens": budget})
    body = {"model": "mock-model", "max_tokens": answer_tokens, "stream": True}
    body["messages"] = [{"role": "user", "content": "hi"}]
    tally = {"answered": 0, "refused": 0, "softened": 0}

    async def stream(client):
        async with client.stream("POST", "/chat/completions", json=body) as answer:
            if answer.status_code == 429:
                await answer.aread()
                assert answer.json()["error"]["code"] == "insufficient_quota"
                tally["refused"] += 1
                return False
            tally["answered"] += 1
            tally["softened"] += "x-obleth-brownout" in answer.headers
            async for _ in answer.aiter_raw():
                pass
            return True

    async def everybody():
        headers = {**tenant.headers, "x-mock-prompt-tokens": str(question_tokens)}
        limits = httpx.Limits(max_connections=128)
        async with httpx.AsyncClient(base_url=gateway.base_url, headers=headers, limits=limits, timeout=60) as client:
            while True:
                served = await asyncio.gather(*(stream(client) for _ in range(128)))
                if not any(served):
                    return

    asyncio.run(everybody())
    stats = upstream.stats()
    state = budget_of(gateway, tenant)
    used = state["used"]["tokens"]
    print(f"\nbudget {budget}, used {used} ({used / budget:.2%}), overshoot {max(0, used - budget)}, {tally}")
    assert state["held"] == {"tokens": 0, "cost_usd": "0.00"}
    assert used == stats["prompt_tokens"] + stats["output_tokens"]
    assert used <= budget
    assert used >= 0.95 * budget


def test_a_budget_of_dollars_counts_input_output_and_the_request(gateway, upstream):
    model = gateway.create_model(
        model_name="priced-model",
        upstream_model="mock-model",
        api_base=f"{upstream.url}/v1",
        input_cost_per_token="0.000001",
        output_cost_per_token="0.00001",
        cost_per_request="0.0005",
    )
    tenant = gateway.create_tenant(budget={"period": "month", "cost_usd": "0.0031"})
    words = {"x-mock-prompt-tokens": "50", "x-mock-output-tokens": "100"}
    ask_priced = {"model": "priced-model", "max_tokens": 100, "headers": words}
    assert ask(gateway, tenant, **ask_priced).status_code == 200
    assert budget_of(gateway, tenant)["used"] == {"tokens": 150, "cost_usd": "0.00155"}
    # What is left pays for the request and for a shorter answer, if the tenant takes one.
    assert ask(gateway, tenant, **ask_priced).status_code == 200
    refused = ask(gateway, tenant, **ask_priced)
    assert error_of(refused) == (429, "insufficient_quota")
    assert refused.headers["x-should-retry"] == "false"
    assert "retry-after" not in refused.headers
    gateway.admin.delete(f"/models/{model['id']}").raise_for_status()


def test_a_short_budget_softens_what_it_cannot_pay_whole(gateway):
    tenant = gateway.create_tenant(budget={"period": "day", "tokens": 500})
    softened = ask(gateway, tenant, max_tokens=4000, headers={"x-mock-output-tokens": "9000"})
    assert softened.status_code == 200
    cap, _, reason = softened.headers["x-obleth-brownout"].partition("; ")
    assert reason == "reason=budget"
    assert softened.headers["x-obleth-admission"] == "brownout"
    assert 256 <= int(cap.removeprefix("max_tokens=")) < 500
    assert softened.json()["usage"]["completion_tokens"] == int(cap.removeprefix("max_tokens="))
    strict = gateway.create_tenant(budget={"period": "day", "tokens": 500}, brownout="never")
    assert error_of(ask(gateway, strict, max_tokens=4000)) == (429, "insufficient_quota")


def test_the_operator_sees_what_is_used_and_held(gateway):
    monthly = {"period": "month", "tokens": 1_000_000, "cost_usd": "5"}
    tenant = gateway.create_tenant(key={"budget": {"period": "day", "tokens": 100_000}}, budget=monthly)
    running = connect(gateway.address)
    slow = [("x-mock-token-ms", "500"), ("x-mock-output-tokens", "3")]
    running.sendall(chat_bytes(tenant.secret, headers=slow, stream=True, max_tokens=1000))
    read_until(running, b"data:")
    state = budget_of(gateway, tenant)
    assert state["used"] == {"tokens": 0, "cost_usd": "0.00"}
    assert 1000 < state["held"]["tokens"] < 1050
    month_end = datetime.datetime.fromisoformat(state["resets_at"])
    assert (month_end.day, month_end.hour) == (1, 0) and month_end > datetime.datetime.now(datetime.timezone.utc)
    of_key = gateway.admin.get(f"/keys/{tenant.key['id']}").json()["budget"]
    assert of_key["held"] == state["held"]
    assert of_key["resets_at"] < state["resets_at"] or month_end.day == 1
    read_until(running, b"[DONE]")
    wait_until(lambda: budget_of(gateway, tenant)["held"]["tokens"] == 0, what="the settlement")
    used = budget_of(gateway, tenant)["used"]["tokens"]
    assert used > 3
    listed = gateway.admin.get("/keys", params={"limit": 500}).json()["data"]
    assert [key["budget"]["used"]["tokens"] for key in listed if key["id"] == tenant.key["id"]] == [used]
    # What was read may be sent back.
    whole = gateway.admin.get(f"/tenants/{tenant.id}").json()
    assert gateway.admin.put(f"/tenants/{tenant.id}", json=whole).status_code == 200


def test_a_changed_budget_acts_at_once_and_keeps_its_debt(gateway):
    tenant = gateway.create_tenant(budget={"period": "lifetime", "tokens": 150}, brownout="never")
    words = {"max_tokens": 100, "headers": {"x-mock-prompt-tokens": "10", "x-mock-output-tokens": "100"}}
    assert ask(gateway, tenant, **words).status_code == 200
    assert error_of(ask(gateway, tenant, **words)) == (429, "insufficient_quota")
    tenant.patch("/budget", {"tokens": 300})
    wait_until(lambda: ask(gateway, tenant, **words).status_code == 200, seconds=1, what="the larger budget")
    tenant.patch("/budget", {"tokens": 120})
    assert budget_of(gateway, tenant)["used"]["tokens"] == 220
    assert error_of(ask(gateway, tenant, **words)) == (429, "insufficient_quota")
    gateway.admin.patch(f"/tenants/{tenant.id}/budget", content="null").raise_for_status()
    wait_until(lambda: ask(gateway, tenant, **words).status_code == 200, seconds=1, what="no budget")


@pytest.mark.parametrize(
    "body, field",
    [
        ({"tokens_per_minute": 0}, "tokens_per_minute"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"max_in_flight": 0}, "max_in_flight"),
        ({"budget": {"period": "day", "tokens": 0}}, "budget.tokens"),
        ({"budget": {"period": "day", "cost_usd": "0"}}, "budget.cost_usd"),
        ({"budget": {"period": "day", "cost_usd": -1}}, "budget.cost_usd"),
        ({"budget": {"period": "year", "tokens": 5}}, "budget.period"),
    ],
)
def test_zero_is_no_limit_that_can_be_set(gateway, body, field):
    for answer in (
        gateway.admin.post("/tenants", json={"name": "zero", **body}),
        gateway.admin.patch(f"/tenants/{gateway.create_tenant().id}", json=body),
    ):
        assert answer.status_code == 400
        assert [detail["field"] for detail in answer.json()["error"]["details"]] == [field]


# ---- rates ----------------------------------------------------------------------------------------------------


def test_the_state_of_the_limits_comes_with_every_priced_answer(gateway):
    tenant = gateway.create_tenant(tokens_per_minute=60_000, requests_per_minute=600)
    for answer in (ask(gateway, tenant, max_tokens=50), ask(gateway, tenant, max_tokens=50, stream=True)):
        assert answer.status_code == 200
        assert answer.headers["x-ratelimit-limit-tokens"] == "60000"
        assert answer.headers["x-ratelimit-limit-requests"] == "600"
        assert 59_000 < int(answer.headers["x-ratelimit-remaining-tokens"]) < 60_000
        assert int(answer.headers["x-ratelimit-remaining-requests"]) in (598, 599)
        assert answer.headers["x-ratelimit-reset-requests"].endswith("ms")
        assert answer.headers["x-ratelimit-reset-tokens"].endswith("ms")
    embedded = gateway.http.post(
        "/v1/embeddings", headers=tenant.headers, json={"model": "mock-model", "input": ["some", "text"]}
    )
    assert "x-ratelimit-remaining-tokens" in embedded.headers
    free = gateway.create_tenant()
    assert not [name for name in ask(gateway, free).headers if name.startswith("x-ratelimit")]


def test_retry_after_is_when_the_request_is_admitted(gateway):
    tenant = gateway.create_tenant(tokens_per_minute=6000, brownout="never")
    exact = {"x-mock-prompt-tokens": "12", "x-mock-output-tokens": "3000", "x-mock-token-ms": "0"}
    words = {"max_tokens": 3000, "headers": exact}
    # Before twenty samples an answer is expected to be 512 tokens long; it turns out longer, and the bucket pays.
    assert ask(gateway, tenant, **words).status_code == 200
    assert ask(gateway, tenant, **words).status_code == 200
    refused = ask(gateway, tenant, **words)
    assert error_of(refused) == (429, "rate_limit_exceeded")
    assert refused.json()["error"]["type"] == "tokens"
    wait_ms = int(refused.headers["retry-after-ms"])
    assert int(refused.headers["retry-after"]) == -(-wait_ms // 1000)
    assert refused.headers["x-ratelimit-remaining-tokens"] == "0" or wait_ms < 6000
    promised = time.monotonic() + wait_ms / 1000
    began = []

    def is_admitted():
        began.append(time.monotonic())
        return ask(gateway, tenant, **words).status_code == 200

    wait_until(is_admitted, seconds=60, what="the time that was told")
    assert time.monotonic() > promised - 0.3, "it was told a later time than need be"
    assert all(moment < promised for moment in began[:-1]), "it was refused after the time that was told"


def test_a_request_larger_than_the_whole_bucket_goes_when_it_is_full(gateway):
    tenant = gateway.create_tenant(tokens_per_minute=100, brownout="never")
    words = {"max_tokens": 400, "headers": {"x-mock-output-tokens": "400", "x-mock-token-ms": "0"}}
    assert ask(gateway, tenant, **words).status_code == 200
    refused = ask(gateway, tenant, **words)
    assert error_of(refused) == (429, "rate_limit_exceeded")
    # 400 and more are missing, at 100 a minute.
    assert 240 <= int(refused.headers["retry-after"]) <= 260


def test_a_rate_that_holds_a_shorter_answer_softens(gateway):
    tenant = gateway.create_tenant(tokens_per_minute=700)
    first = ask(gateway, tenant, max_tokens=400, headers={"x-mock-output-tokens": "400", "x-mock-token-ms": "0"})
    assert first.status_code == 200 and "x-obleth-brownout" not in first.headers
    softened = ask(gateway, tenant, max_tokens=2000, headers={"x-mock-output-tokens": "2000", "x-mock-token-ms": "0"})
    assert softened.headers["x-obleth-brownout"].endswith("reason=quota")
    assert softened.json()["usage"]["completion_tokens"] < 400


def test_the_openai_sdk_waits_as_it_is_told_and_does_not_insist_on_a_spent_budget(own, upstream):
    gateway = own.gateway(upstream.url)
    tenant = gateway.create_tenant(requests_per_minute=60)
    client = openai.OpenAI(base_url=gateway.base_url, api_key=tenant.secret, max_retries=1)

    def say():
        messages = [{"role": "user", "content": "hi"}]
        return client.chat.completions.create(model="mock-model", messages=messages, max_tokens=1)

    while ask(gateway, tenant, max_tokens=1).status_code == 200:
        pass
    before = time.monotonic()
    assert say().choices
    assert time.monotonic() - before < 1.5
    poor = gateway.create_tenant(budget={"period": "day", "tokens": 1})
    client = openai.OpenAI(base_url=gateway.base_url, api_key=poor.secret, max_retries=5)
    with pytest.raises(openai.RateLimitError) as refused:
        say()
    assert refused.value.code == "insufficient_quota"
    wait_until(lambda: "obleth_refusals_total" in gateway.metrics(), what="the counter")
    assert f'obleth_refusals_total{{tenant="{poor.record["name"]}",reason="insufficient_quota"}} 1\n' in gateway.metrics()


def test_requests_that_a_killed_process_left_unbilled_are_counted_at_the_next_start(own, upstream, tmp_path):
    folder = tmp_path / "killed"
    gateway = own.gateway(upstream.url, folder=folder)
    tenant = gateway.create_tenant()
    running = [connect(gateway.address) for _ in range(3)]
    for client in running:
        client.sendall(chat_bytes(tenant.secret, headers=[("x-mock-token-ms", "60000")], stream=True))
        read_until(client, b"data:")
    assert ask(gateway, tenant).status_code == 200
    gateway.kill()
    gateway = own.gateway(upstream.url, folder=folder)
    assert "\nobleth_unbilled_requests_total 3\n" in gateway.metrics()
    assert ask(gateway, tenant).status_code == 200
    gateway.stop()
    gateway = own.gateway(upstream.url, folder=folder)
    assert "\nobleth_unbilled_requests_total 0\n" in gateway.metrics()


# ---- time -----------------------------------------------------------------------------------------------------


@pytest.fixture
def clock(tmp_path):
    return WallClock(tmp_path)


@pytest.fixture
def on_one_clock(tmp_path, clock):
    """Settings of a gateway whose terms follow this clock: its own or, where limits are shared, that of Redis."""
    if not stores.on_servers():
        yield clock.environment
        return
    with RedisServer(tmp_path / "redis", environment=clock.environment) as redis:
        yield {**clock.environment, "OBLETH_REDIS_URL": redis.url}


@pytest.mark.parametrize(
    "last_second, resets_at",
    [("2026-03-29T21:59:30Z", "2026-03-29T22:00:00Z"), ("2026-10-25T22:59:30Z", "2026-10-25T23:00:00Z")],
)
def test_a_daily_budget_is_renewed_at_local_midnight_of_the_days_of_the_clock_change(
    own, upstream, clock, on_one_clock, last_second, resets_at
):
    clock.set(last_second)
    gateway = own.gateway(upstream.url, environment=on_one_clock)
    tenant = gateway.create_tenant(timezone="Europe/Berlin", budget={"period": "day", "tokens": 150}, brownout="never")
    words = {"max_tokens": 100, "headers": {"x-mock-prompt-tokens": "10", "x-mock-output-tokens": "100"}}
    assert ask(gateway, tenant, **words).status_code == 200
    assert error_of(ask(gateway, tenant, **words)) == (429, "insufficient_quota")
    assert budget_of(gateway, tenant)["resets_at"] == resets_at
    clock.set(resets_at)
    wait_until(lambda: ask(gateway, tenant, **words).status_code == 200, seconds=5, what="the new day")
    assert budget_of(gateway, tenant)["used"]["tokens"] == 110


def test_a_wall_clock_that_jumps_fills_no_bucket(own, upstream, clock):
    clock.set("2026-06-01T12:00:00Z")
    gateway = own.gateway(upstream.url, environment=clock.environment)
    tenant = gateway.create_tenant(requests_per_minute=1)
    assert ask(gateway, tenant, max_tokens=1).status_code == 200
    for moment in ("2026-06-01T18:00:00Z", "2026-06-01T06:00:00Z"):
        clock.set(moment)
        assert error_of(ask(gateway, tenant, max_tokens=1)) == (429, "rate_limit_exceeded")
