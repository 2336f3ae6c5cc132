"""Anthropic's messages, OpenAI's responses and rerank behind the gateway: their own SDKs, their own usage in the ledger,
their own errors, their own field for a brownout, and every byte as it was."""

import json
import subprocess

import anthropic
import httpx
import openai
import pytest

from support.dialects import NODE, NODE_FOLDER, posts_to, rows_of
from support.raw_http import ScriptedUpstream, connect, json_answer, read_response, request_bytes

HELLO = [{"role": "user", "content": "Say something kind."}]
TOOL = {
    "name": "weather",
    "description": "The weather of a place.",
    "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}


@pytest.fixture
def claude(gateway, tenant):
    return anthropic.Anthropic(base_url=gateway.url, api_key=tenant.secret, max_retries=0)


@pytest.fixture
def openai_client(gateway, tenant):
    return openai.OpenAI(base_url=gateway.base_url, api_key=tenant.secret, max_retries=0)


@pytest.fixture
def priced(gateway, upstream):
    model = gateway.create_model(
        model_name="priced-dialects",
        upstream_model="mock-model",
        api_base=upstream.url,
        input_cost_per_token="0.000001",
        output_cost_per_token="0.000005",
    )
    yield model["model_name"]
    gateway.admin.delete(f"/models/{model['id']}").raise_for_status()


def listed_tenant(gateway):
    return gateway.create_tenant(allowed_models=["mock-model"])


def test_anthropics_python_sdk_is_answered_streamed_and_billed(gateway, tenant, claude, priced):
    whole = claude.messages.create(model=priced, max_tokens=5, messages=HELLO, system="Be kind.")
    assert (whole.usage.output_tokens, whole.stop_reason, whole.content[0].type) == (5, "max_tokens", "text")
    with claude.messages.stream(model=priced, max_tokens=7, messages=HELLO) as stream:
        text = "".join(stream.text_stream)
        streamed = stream.get_final_message()
    assert streamed.content[0].text == text
    assert streamed.usage.output_tokens == 7
    counted = claude.messages.count_tokens(model=priced, messages=HELLO, system="Be kind.")
    assert counted.input_tokens == whole.usage.input_tokens

    rows = rows_of(gateway, tenant, 3)
    expected = {
        ("/v1/messages", False): (whole.usage.input_tokens, 5),
        ("/v1/messages", True): (streamed.usage.input_tokens, 7),
        ("/v1/messages/count_tokens", False): (counted.input_tokens, 0),
    }
    for row in rows:
        prompt, output = expected.pop((row["route"], row["stream"]))
        assert (row["input_tokens"], row["output_tokens"], row["usage_source"]) == (prompt, output, "upstream")
        assert row["cost"] == prompt * 1000 + output * 5000  # nano-dollars
        assert (row["model"], row["upstream_model"], row["status"]) == (priced, "mock-model", 200)
    assert not expected


def test_anthropics_sdk_shows_the_id_of_an_answer_and_of_an_error(claude, own):
    def answers(connection, _):
        return json_answer(connection, {"type": "message", "content": []}, headers=["request-id: of-the-upstream"])

    named = {"x-request-id": "mine-1"}
    assert claude.messages.create(model="mock-model", max_tokens=1, messages=HELLO)._request_id
    answer = claude.messages.create(model="mock-model", max_tokens=1, messages=HELLO, extra_headers=named)
    assert answer._request_id == "mine-1"
    with pytest.raises(anthropic.AuthenticationError) as refused:
        claude.with_options(api_key="sk_wrong").messages.create(
            model="mock-model", max_tokens=1, messages=HELLO, extra_headers=named
        )
    assert refused.value.request_id == "mine-1"
    with pytest.raises(anthropic.APIStatusError) as refused:
        claude.messages.create(
            model="mock-model", max_tokens=1, messages=HELLO, extra_headers={**named, "x-large": "y" * 70_000}
        )
    assert (refused.value.status_code, refused.value.request_id) == (431, "mine-1")
    assert refused.value.body["error"]["type"] == "request_too_large"
    with ScriptedUpstream(answers) as upstream:
        gateway = own.gateway(upstream.url)
        tenant = gateway.create_tenant()
        body = {"model": "any", "max_tokens": 1, "messages": HELLO}
        told = httpx.post(f"{gateway.base_url}/messages", headers=tenant.headers, json=body).headers
        assert told.get_list("request-id") == [told["x-obleth-request-id"]]
        assert told["x-upstream-request-id"] == "of-the-upstream"


def test_tools_and_a_bearer_token_work_with_anthropics_sdk(gateway, tenant, claude):
    choice = {"type": "tool", "name": "weather"}
    answer = claude.messages.create(
        model="mock-model", max_tokens=200, messages=HELLO, tools=[TOOL], tool_choice=choice
    )
    assert answer.stop_reason == "tool_use"
    call = answer.content[0]
    assert (call.name, list(call.input)) == ("weather", ["place"])
    messages = [
        *HELLO,
        {"role": "assistant", "content": [call.model_dump(exclude_none=True, include={"type", "id", "name", "input"})]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "Sunny."}]},
    ]
    bearer = anthropic.Anthropic(base_url=gateway.url, auth_token=tenant.secret, api_key=None, max_retries=0)
    assert bearer.messages.create(model="mock-model", max_tokens=9, messages=messages, tools=[TOOL]).content[0].text


def test_refusals_are_anthropics_own_errors(gateway, claude):
    ask = {"model": "mock-model", "max_tokens": 5, "messages": HELLO}

    def refused(client, kind, error, **changed):
        with pytest.raises(kind) as caught:
            client.messages.create(**{**ask, **changed})
        body = caught.value.body
        assert (body["type"], body["error"]["type"]) == ("error", error), body
        return caught.value

    stranger = anthropic.Anthropic(base_url=gateway.url, api_key="sk_" + "0" * 48, max_retries=0)
    refused(stranger, anthropic.AuthenticationError, "authentication_error")
    # What is not registered is the default upstream's business, unless the key has a list.
    listed = anthropic.Anthropic(base_url=gateway.url, api_key=listed_tenant(gateway).secret, max_retries=0)
    refused(listed, anthropic.NotFoundError, "not_found_error", model="no-such-model")
    refused(claude, anthropic.BadRequestError, "invalid_request_error", extra_body={"system": 7})
    limited = gateway.create_tenant(requests_per_minute=1)
    hurried = anthropic.Anthropic(base_url=gateway.url, api_key=limited.secret, max_retries=0)
    hurried.messages.create(**ask)
    assert "retry-after" in refused(hurried, anthropic.RateLimitError, "rate_limit_error").response.headers


def test_anthropics_broken_stream_ends_with_its_own_error_event(own):
    upstream = own.upstream("--output-tokens", "50")
    gateway = own.gateway(upstream.url)
    tenant = gateway.create_tenant()
    claude = anthropic.Anthropic(base_url=gateway.url, api_key=tenant.secret, max_retries=0)
    upstream.control(fail="reset-after:9")
    with pytest.raises(anthropic.APIStatusError) as caught:
        with claude.messages.stream(model="mock-model", max_tokens=50, messages=HELLO) as stream:
            stream.until_done()
    assert caught.value.body["error"]["type"] == "api_error"
    client = openai.OpenAI(base_url=gateway.base_url, api_key=tenant.secret, max_retries=0)
    with pytest.raises(openai.APIError) as broken:
        list(client.responses.create(model="mock-model", input="Hello", stream=True))
    assert broken.value.code == "stream_interrupted"
    rows = rows_of(gateway, tenant, 2)
    assert [row["error_code"] for row in rows] == ["stream_interrupted"] * 2
    # What was generated is billed, and nothing else.
    assert all(0 < row["output_tokens"] < 50 for row in rows)


def test_openais_python_sdk_creates_and_streams_responses(gateway, tenant, openai_client, priced):
    whole = openai_client.responses.create(model=priced, input="Hello", instructions="Be kind.", max_output_tokens=5)
    assert (whole.usage.output_tokens, whole.status) == (5, "incomplete")
    events = list(openai_client.responses.create(model=priced, input="Hello", max_output_tokens=6, stream=True))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert events[-1].response.output_text == text
    listed = openai.OpenAI(base_url=gateway.base_url, api_key=listed_tenant(gateway).secret, max_retries=0)
    with pytest.raises(openai.NotFoundError) as caught:
        listed.responses.create(model="no-such-model", input="Hello")
    assert caught.value.code == "model_not_found"
    rows = {row["stream"]: row for row in rows_of(gateway, tenant, 2) if row["model"] == priced}
    for streamed, response in ((False, whole), (True, events[-1].response)):
        row = rows[streamed]
        assert (row["input_tokens"], row["output_tokens"]) == (response.usage.input_tokens, response.usage.output_tokens)
        assert (row["usage_source"], row["route"]) == ("upstream", "/v1/responses")
        assert float(row["cost"]) > 0


def test_rerank_is_priced_by_what_was_read(gateway, tenant, priced):
    body = {"model": priced, "query": "a kind word", "documents": ["good morning", "hello", {"text": "no"}]}
    answer = gateway.http.post("/v1/rerank", headers=tenant.headers, json=body).raise_for_status().json()
    assert [result["index"] for result in answer["results"]] == [2, 1, 0]
    assert answer["model"] == "mock-model"
    [row] = rows_of(gateway, tenant, 1)
    assert (row["input_tokens"], row["output_tokens"]) == (answer["usage"]["total_tokens"], 0)
    assert (row["usage_source"], row["route"]) == ("upstream", "/v1/rerank")
    assert gateway.http.post("/v1/rerank", headers=tenant.headers, json={"query": "a"}).status_code == 400


def test_only_the_model_is_changed_and_every_other_byte_arrives(own):
    answer = b'{"type":"message",  "usage":{"input_tokens":3,"cache_read_input_tokens":4,"output_tokens":2}}'

    with ScriptedUpstream(lambda connection, _: json_answer(connection, answer)) as upstream:
        gateway = own.gateway(upstream.url)
        gateway.create_model(model_name="m", upstream_model="the-real-one", api_base=upstream.url)
        tenant = gateway.create_tenant()
        body = b'{ "max_tokens":1e1 ,"x":[1.50,null], "model" : "m","messages":[],"system":"\\u00e9", "priority":1}'
        body = body.replace(b"1e1", b"10")
        for path in ("/v1/messages", "/v1/responses"):
            connection = connect(gateway.address)
            head = [("x-api-key", tenant.secret), ("anthropic-version", "2023-06-01"), ("anthropic-beta", "b")]
            connection.sendall(request_bytes(path, None, body, headers=head))
            status, _, got = read_response(connection)
            assert (status, got) == (200, answer)
            sent = posts_to(upstream)[-1]
            assert sent["body"] == body.replace(b'"m"', b'"the-real-one"').replace(b', "priority":1', b"")
            assert sent["named"]["anthropic-version"] == "2023-06-01"
            assert "x-api-key" not in sent["named"]
        # Anthropic's input_tokens leaves out what was read from the cache.
        row = next(row for row in rows_of(gateway, tenant, 2) if row["route"] == "/v1/messages")
        assert (row["input_tokens"], row["cached_tokens"], row["output_tokens"]) == (7, 4, 2)


def test_a_brownout_is_written_into_the_field_of_the_dialect(own):
    answered = {"choices": [], "usage": {"input_tokens": 1, "output_tokens": 1}}
    with ScriptedUpstream(lambda connection, _: json_answer(connection, answered)) as upstream:
        gateway = own.gateway(upstream.url)
        gateway.create_model(
            model_name="m", upstream_model="m", api_base=upstream.url, brownout_max_tokens=10, default_max_tokens=500
        )
        # A budget that holds the input and a short answer, not the whole one.
        tenant = gateway.create_tenant(budget={"period": "lifetime", "tokens": 200})

        def sent(path, **fields):
            body = json.dumps({"model": "m", **fields}).encode()
            answer = gateway.http.post(
                path, headers={**tenant.headers, "Content-Type": "application/json"}, content=body
            )
            return answer, json.loads(posts_to(upstream)[-1]["body"]) if answer.status_code == 200 else None

        answer, body = sent("/v1/responses", input="Hello")
        assert answer.headers["x-obleth-admission"] == "brownout", answer.text
        assert body["max_output_tokens"] <= 200 and "max_tokens" not in body
        assert answer.headers["x-obleth-brownout"] == f"max_tokens={body['max_output_tokens']}; reason=budget"
        answer, body = sent("/v1/messages", messages=HELLO, max_tokens=400)
        assert body["max_tokens"] <= 200 and "max_output_tokens" not in body
        # Thinking would use up what is left: refused rather than broken.
        thinking = {"type": "enabled", "budget_tokens": 300}
        answer, _ = sent("/v1/messages", messages=HELLO, max_tokens=400, thinking=thinking)
        assert answer.status_code == 429
        assert answer.json()["error"]["type"] == "rate_limit_error"


def test_the_javascript_sdks_work_on_the_other_dialects(gateway):
    ended = subprocess.run(
        [NODE, NODE_FOLDER / "dialect_check.mjs", gateway.url, listed_tenant(gateway).secret, "mock-model"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    claims = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [claim for claim in claims if not claim["holds"]] == [], ended.stderr
    assert len(claims) >= 7


def test_other_methods_and_paths_answer_in_the_shape_of_their_dialect(gateway, tenant):
    answer = gateway.http.get("/v1/messages", headers=tenant.headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
    assert answer.json()["error"]["type"] == "invalid_request_error" and answer.json()["type"] == "error"
    answer = gateway.http.post("/v1/messages/count_tokens", headers=tenant.headers, json={"messages": HELLO})
    assert (answer.status_code, answer.json()["type"]) == (400, "error")
    with httpx.stream("POST", gateway.url + "/v1/messages", headers=tenant.headers, content=b"{") as broken:
        broken.read()
        assert (broken.status_code, broken.json()["error"]["type"]) == (400, "invalid_request_error")
