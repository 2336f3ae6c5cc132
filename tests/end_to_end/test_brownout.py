"""Brownout over sockets: under overload answers are cut before anybody is refused, only of those over their share, and
every cut is told."""

import asyncio
import json
import re

import pytest

from support.fair_load import Answer, Shape, come_at_a_rate
from support.gateway import wait_until
from support.raw_http import ScriptedUpstream, chat_bytes, connect, json_answer, read_response, request_bytes

SLOTS = 8
SECONDS = 8
TOKEN_MS, OUTPUT = 2, 100
SERVICE_SECONDS = (5 + OUTPUT * TOKEN_MS) / 1000
OVERLOAD = 1.3
LIGHT_PER_SECOND = 2.0
THRESHOLD_MS = 250
FLOOR = 16  # the model's brownout_max_tokens


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def counter(metrics, name, **labels):
    inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
    found = re.search(rf"^{name}\{{{inside}\}} (\S+)$", metrics, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


@pytest.fixture
def small(own):
    upstream = own.upstream("--ttft-ms", "5", "--token-ms", str(TOKEN_MS), "--output-tokens", "1000")
    gateway = own.gateway(upstream.url, environment={"OBLETH_BROWNOUT_WAIT_MS": str(THRESHOLD_MS)})
    gateway.create_model(
        model_name="m", upstream_model="mock-model", api_base=upstream.url, brownout_max_tokens=FLOOR
    )
    gateway.put_capacity(SLOTS)
    return gateway


def overload(gateway, policy):
    """Two floods and a tenant within its share, at 1.3 times what the slots can do; the answers of each."""
    floods = [gateway.create_tenant(brownout=policy) for _ in range(2)]
    light = gateway.create_tenant(brownout=policy)
    rate = OVERLOAD * SLOTS / SERVICE_SECONDS
    shape = Shape(models=("m",), outputs=(OUTPUT, OUTPUT), asked=400)
    answers = {tenant.id: [] for tenant in (*floods, light)}

    async def load():
        per_flood = (rate - LIGHT_PER_SECOND) / len(floods)
        await asyncio.gather(
            *(come_at_a_rate(gateway, flood, shape, answers[flood.id], per_flood, SECONDS) for flood in floods),
            come_at_a_rate(gateway, light, shape, answers[light.id], LIGHT_PER_SECOND, SECONDS),
        )

    asyncio.run(load())
    return floods, light, answers


def flood_waits(floods, answers):
    return [answer.queue_ms for flood in floods for answer in answers[flood.id]]


def test_under_overload_answers_get_shorter_and_waits_fall_by_more_than_half(small):
    never = overload(small, "never")
    assert not [a for tenant_answers in never[2].values() for a in tenant_answers if a.cap is not None]
    floods, light, answers = overload(small, "allow")
    p99_never, p99 = percentile(flood_waits(never[0], never[2]), 0.99), percentile(flood_waits(floods, answers), 0.99)
    softened = [answer for flood in floods for answer in answers[flood.id] if answer.cap is not None]
    total = sum(len(answers[flood.id]) for flood in floods)
    print(f"p99 of the wait: {p99_never:.0f} ms without, {p99:.0f} ms with; {len(softened)} of {total} answers cut")
    assert p99 < p99_never / 2
    assert softened
    # Nobody within their share is cut, nobody is refused.
    assert not [answer for answer in answers[light.id] if answer.cap is not None]
    assert all(answer.status == 200 for tenant_answers in answers.values() for answer in tenant_answers)
    for answer in softened:
        assert FLOOR <= answer.cap < 400
        assert answer.usage["completion_tokens"] <= answer.cap
        assert answer.headers["x-obleth-admission"] == "brownout"
    for flood in floods:
        cut = sum(answer.cap is not None for answer in answers[flood.id])
        counted = counter(
            small.metrics(), "obleth_brownouts_total", tenant=flood.record["name"], reason="saturation"
        )
        assert counted == cut
        assert rows_of(small, flood, cut) == cut


def rows_of(gateway, tenant, expected):
    def softened():
        rows = [json.loads(line) for line in gateway.log_text().splitlines() if '"brownout"' in line]
        return [row for row in rows if row.get("tenant") == tenant.record["name"] and row["admission"] == "brownout"]

    wait_until(lambda: len(softened()) == expected, what="the rows")  # the log is written in batches
    return len(softened())


def test_every_output_field_is_lowered_and_added_where_none_stands(own):
    def answer(connection, request):
        if b"wait-for-me" in request["body"]:
            wait_until(somebody_waits_long, what="a long wait")
        json_answer(connection, {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})

    def somebody_waits_long():
        return any(row["oldest_wait_ms"] > 300 for row in gateway.live()["tenants"])

    with ScriptedUpstream(answer) as upstream:
        gateway = own.gateway(upstream.url, environment={"OBLETH_BROWNOUT_WAIT_MS": "100"})
        gateway.create_model(
            model_name="m", upstream_model="m", api_base=upstream.url, brownout_max_tokens=10, default_max_tokens=500
        )
        gateway.put_capacity(1)
        tenant = gateway.create_tenant()

        def sent_after_waiting(path, body):
            holder = connect(gateway.address)
            holder.sendall(chat_bytes(tenant.secret, model="m", user="wait-for-me"))
            wait_until(lambda: gateway.live()["in_flight"] == 1, what="the one slot")
            client = connect(gateway.address)
            client.sendall(request_bytes(path, tenant.secret, json.dumps({"model": "m", **body}).encode()))
            status, headers, _ = read_response(client)
            assert status == 200
            read_response(holder)
            return json.loads(upstream.requests[-1]["body"]), Answer(status, headers, 0).cap

        chat = {"messages": [{"role": "user", "content": "hello"}]}
        both = {**chat, "max_tokens": 300, "max_completion_tokens": 200, "min_tokens": 150}
        body, cap = sent_after_waiting("/v1/chat/completions", both)
        assert cap is not None and cap < 200
        assert (body["max_tokens"], body["max_completion_tokens"], body["min_tokens"]) == (cap, cap, cap)
        body, cap = sent_after_waiting("/v1/chat/completions", chat)
        assert cap is not None and body["max_tokens"] == cap
        body, cap = sent_after_waiting("/v1/completions", {"prompt": "hello"})
        assert cap is not None and body["max_tokens"] == cap
        # An answer that a cut would break is left alone.
        schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}
        body, cap = sent_after_waiting("/v1/chat/completions", {**chat, "max_tokens": 300, "response_format": schema})
        assert (cap, body["max_tokens"]) == (None, 300)
        body, cap = sent_after_waiting("/v1/chat/completions", {**chat, "max_tokens": 300, "tool_choice": "required"})
        assert (cap, body["max_tokens"]) == (None, 300)
