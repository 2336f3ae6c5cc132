"""The official OpenAI SDK for Python works with only base_url and api_key changed."""

import asyncio

import openai
import pytest

from support.gateway import wait_until

MESSAGES = [{"role": "user", "content": "Say something kind."}]
WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture
def client(gateway, tenant):
    return openai.OpenAI(base_url=gateway.base_url, api_key=tenant.secret, max_retries=0)


def test_a_chat_completion_is_answered_with_usage(client):
    answer = client.chat.completions.create(model="mock-model", messages=MESSAGES, max_tokens=5)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 5


def test_a_stream_carries_every_token_and_no_usage_that_nobody_asked_for(client):
    chunks = list(client.chat.completions.create(model="mock-model", messages=MESSAGES, max_tokens=7, stream=True))
    text = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(text) == 7
    assert all(chunk.choices for chunk in chunks)


def test_a_stream_carries_usage_when_asked_for(client):
    chunks = list(
        client.chat.completions.create(
            model="mock-model", messages=MESSAGES, max_tokens=7, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 7


def test_tools_are_called(client):
    answer = client.chat.completions.create(
        model="mock-model", messages=MESSAGES, tools=[WEATHER_TOOL], tool_choice="required"
    )
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "get_weather"
    assert "city" in call.function.arguments


def test_completions_work(client):
    answer = client.completions.create(model="mock-model", prompt="Once upon a time", max_tokens=4)
    assert answer.choices[0].text
    assert answer.usage.completion_tokens == 4


def test_embeddings_work(client):
    answer = client.embeddings.create(model="mock-model", input=["a", "b"])
    assert len(answer.data) == 2
    assert len(answer.data[0].embedding) > 0


def test_models_are_listed_and_retrieved(client):
    assert "mock-model" in [model.id for model in client.models.list()]
    assert client.models.retrieve("mock-model").id == "mock-model"


def test_an_unknown_key_is_an_authentication_error(gateway):
    stranger = openai.OpenAI(base_url=gateway.base_url, api_key="sk_" + "0" * 48, max_retries=0)
    with pytest.raises(openai.AuthenticationError) as caught:
        stranger.chat.completions.create(model="mock-model", messages=MESSAGES)
    assert caught.value.code == "invalid_api_key"


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=MESSAGES)
    assert caught.value.code == "model_not_found"
    assert caught.value.param == "model"


def test_a_wrong_type_is_a_bad_request_that_names_the_parameter(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="mock-model", messages=MESSAGES, extra_body={"max_tokens": "many"})
    assert caught.value.param == "max_tokens"


def test_a_disabled_key_is_denied(gateway, tenant, client):
    gateway.admin.put(f"/keys/{tenant.key['id']}/disabled", json={"disabled": True}).raise_for_status()
    with pytest.raises(openai.PermissionDeniedError) as caught:
        client.chat.completions.create(model="mock-model", messages=MESSAGES)
    assert caught.value.code == "key_disabled"


def test_a_spent_rate_limit_says_when_to_come_back(gateway):
    limited = gateway.create_tenant(requests_per_minute=1)
    client = openai.OpenAI(base_url=gateway.base_url, api_key=limited.secret, max_retries=0)
    client.chat.completions.create(model="mock-model", messages=MESSAGES, max_tokens=1)
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="mock-model", messages=MESSAGES, max_tokens=1)
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.type == "requests"
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60
    assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "0"


def test_an_upstream_error_is_passed_on_as_it_is(client):
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(
            model="mock-model", messages=MESSAGES, extra_headers={"x-mock-fail": "status:500"}
        )
    assert caught.value.status_code == 500
    assert caught.value.response.headers["x-obleth-error-source"] == "upstream"


def test_every_answer_has_a_request_id(client):
    answer = client.chat.completions.with_raw_response.create(model="mock-model", messages=MESSAGES, max_tokens=1)
    assert len(answer.headers["x-obleth-request-id"]) == 32
    assert answer.headers["x-request-id"] == answer.headers["x-obleth-request-id"]
    named = client.chat.completions.with_raw_response.create(
        model="mock-model", messages=MESSAGES, max_tokens=1, extra_headers={"x-request-id": "mine-1"}
    )
    assert named.headers["x-request-id"] == "mine-1"
    assert len(named.headers["x-obleth-request-id"]) == 32


def test_an_abort_in_mid_stream_ends_the_upstream_request(client, upstream):
    aborted_before = upstream.stats()["aborted"]
    stream = client.chat.completions.create(
        model="mock-model", messages=MESSAGES, max_tokens=10_000, stream=True, extra_headers={"x-mock-token-ms": "10"}
    )
    next(iter(stream))
    stream.close()
    wait_until(lambda: upstream.stats()["aborted"] == aborted_before + 1, what="the abort at the upstream")


def test_the_asynchronous_client_streams_many_at_once(gateway, tenant):
    async def one(client, number):
        stream = await client.chat.completions.create(
            model="mock-model", messages=MESSAGES, max_tokens=number, stream=True
        )
        return len([chunk async for chunk in stream if chunk.choices and chunk.choices[0].delta.content])

    async def all_of_them():
        async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=tenant.secret, max_retries=0) as client:
            return await asyncio.gather(*(one(client, number) for number in range(1, 41)))

    assert asyncio.run(all_of_them()) == list(range(1, 41))
