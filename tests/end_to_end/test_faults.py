"""What happens when a client or an upstream goes away, breaks, stalls or is slow: made to happen, over real sockets."""

import json
import socket
import threading
import time

import httpx
import pytest

from support.gateway import wait_until
from support.raw_http import (
    FullQueue,
    ScriptedUpstream,
    chat_bytes,
    connect,
    json_answer,
    read_response,
    read_to_end,
    read_until,
    unchunk,
    wait_closed,
)

STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"word"}}]}\n\n'


def chunk(payload):
    return b"%x\r\n%s\r\n" % (len(payload), payload)


def closing_gauge(gateway):
    return gateway.live()["in_flight"]


def test_a_client_that_leaves_in_mid_stream_ends_the_upstream_within_100_ms(own):
    closed = {}

    def answer(connection, _):
        connection.sendall(STREAM_HEAD + chunk(EVENT))
        wait_closed(connection)
        closed["at"] = time.monotonic()
        raise OSError

    with ScriptedUpstream(answer) as upstream:
        gateway = own.gateway(upstream.url)
        tenant = gateway.create_tenant()
        client = connect(gateway.address)
        client.sendall(chat_bytes(tenant.secret, stream=True))
        read_until(client, b"word")
        left_at = time.monotonic()
        client.close()
        wait_until(lambda: "at" in closed, what="the end of the upstream connection")
        assert closed["at"] - left_at < 0.1
        wait_until(lambda: closing_gauge(gateway) == 0, what="the return of the permit")


def test_a_client_that_leaves_while_queued_takes_no_slot_and_reaches_no_upstream(own):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "20", "--output-tokens", "10000")
    gateway = own.gateway(upstream.url)
    tenant = gateway.create_tenant()
    gateway.put_capacity(1)
    running = connect(gateway.address)
    running.sendall(chat_bytes(tenant.secret, stream=True))
    read_until(running, b"data:")
    waiting = connect(gateway.address)
    waiting.sendall(chat_bytes(tenant.secret, stream=True))
    wait_until(lambda: gateway.live()["queued"] == 1, what="the queue")
    waiting.close()
    wait_until(lambda: gateway.live()["queued"] == 0, seconds=1.0, what="the empty queue")
    running.close()
    wait_until(lambda: gateway.live()["in_flight"] == 0, what="the free slot")
    assert upstream.stats()["requests"] == 1


def test_an_upstream_that_dies_in_mid_stream_gives_one_error_event_and_no_done(own):
    def answer(connection, _):
        connection.sendall(STREAM_HEAD + chunk(EVENT) + chunk(EVENT))
        raise OSError

    with ScriptedUpstream(answer) as upstream:
        gateway = own.gateway(upstream.url)
        tenant = gateway.create_tenant()
        client = connect(gateway.address)
        client.sendall(chat_bytes(tenant.secret, stream=True))
        received = read_to_end(client)
    payload = unchunk(received.partition(b"\r\n\r\n")[2])
    assert payload.startswith(EVENT + EVENT)
    rest = payload[len(EVENT) * 2 :]
    assert rest.startswith(b"data: ") and rest.endswith(b"\n\n") and rest.count(b"data:") == 1
    error = json.loads(rest[len(b"data: ") :])["error"]
    assert (error["type"], error["code"]) == ("upstream_error", "stream_interrupted")
    assert b"[DONE]" not in payload


def test_an_error_event_in_the_middle_of_an_event_begins_with_a_blank_line(own):
    def answer(connection, _):
        connection.sendall(STREAM_HEAD + chunk(EVENT) + chunk(b'data: {"choices":[{"del'))
        raise OSError

    with ScriptedUpstream(answer) as upstream:
        gateway = own.gateway(upstream.url)
        tenant = gateway.create_tenant()
        client = connect(gateway.address)
        client.sendall(chat_bytes(tenant.secret, stream=True))
        payload = unchunk(read_to_end(client).partition(b"\r\n\r\n")[2])
    assert payload.startswith(EVENT + b'data: {"choices":[{"del\n\ndata: {"error"')


def test_an_upstream_that_breaks_off_a_plain_answer_is_not_a_whole_answer(own):
    def answer(connection, _):
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":')
        raise OSError

    with ScriptedUpstream(answer) as upstream:
        gateway = own.gateway(upstream.url)
        tenant = gateway.create_tenant()
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(
                f"{gateway.base_url}/chat/completions",
                headers=tenant.headers,
                json={"model": "mock-model", "messages": []},
            )


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_gives_up_while_the_gateway_still_connects_pays_nothing(own, stream):
    with FullQueue() as upstream:
        gateway = own.gateway(upstream.url)
        model = gateway.admin.get("/models").json()["data"][0]
        prices = {"input_cost_per_token": "0.001", "output_cost_per_token": "0.001"}
        gateway.admin.patch(f"/models/{model['id']}", json=prices).raise_for_status()
        tenant = gateway.create_tenant(budget={"period": "lifetime", "tokens": 1_000_000})
        client = connect(gateway.address)
        client.sendall(chat_bytes(tenant.secret, stream=stream))
        wait_until(upstream.is_dialled, what="the gateway's connection")
        client.close()
        ask_rows = {"tenant": tenant.id}
        rows = wait_until(lambda: gateway.admin.get("/usage/requests", params=ask_rows).json()["data"], 30, "the row")
        assert (rows[0]["status"], rows[0]["input_tokens"], rows[0]["output_tokens"]) == (499, 0, 0)
        assert float(rows[0]["cost_usd"]) == 0
        budget = gateway.admin.get(f"/tenants/{tenant.id}").json()["budget"]
        assert (budget["used"], budget["held"]["tokens"]) == ({"tokens": 0, "cost_usd": "0.00"}, 0)


def test_an_upstream_that_is_not_there_is_502(own):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = "http://127.0.0.1:%d" % taken.getsockname()[1]
    gateway = own.gateway(nobody)
    tenant = gateway.create_tenant()
    answer = httpx.post(
        f"{gateway.base_url}/chat/completions", headers=tenant.headers, json={"model": "mock-model", "messages": []}
    )
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "upstream_unreachable"


def test_an_upstream_that_answers_nonsense_is_502(own):
    def answer(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc")
        raise OSError

    with ScriptedUpstream(answer) as upstream:
        gateway = own.gateway(upstream.url)
        tenant = gateway.create_tenant()
        reply = httpx.post(
            f"{gateway.base_url}/chat/completions", headers=tenant.headers, json={"model": "mock-model", "messages": []}
        )
    assert reply.status_code == 502
    assert reply.json()["error"]["code"] == "bad_upstream_response"


def test_an_upstream_that_is_silent_is_504(own):
    release = threading.Event()
    with ScriptedUpstream(lambda connection, _: release.wait(30)) as upstream:
        gateway = own.gateway()
        tenant = gateway.create_tenant()
        gateway.create_model(model_name="silent", api_base=upstream.url, request_timeout_secs=1, max_retries=0)
        reply = httpx.post(
            f"{gateway.base_url}/chat/completions",
            headers=tenant.headers,
            json={"model": "silent", "messages": []},
            timeout=20,
        )
        release.set()
    assert reply.status_code == 504
    assert reply.json()["error"]["code"] == "upstream_timeout"


def ask_one_then_the_other(gateway, first, second):
    """One request to a model whose second endpoint serves when the first does not."""
    tenant = gateway.create_tenant()
    model = gateway.create_model(model_name="two", api_base=first.url)
    made = gateway.admin.post(f"/models/{model['id']}/endpoints", json={"api_base": second.url, "priority": 1})
    made.raise_for_status()
    return httpx.post(
        f"{gateway.base_url}/chat/completions", headers=tenant.headers, json={"model": "two", "messages": []}
    )


def test_a_passing_503_is_tried_again_at_the_next_endpoint_and_charged_once(own):
    def unwilling(connection, _):
        json_answer(connection, {"error": {"message": "full"}}, status="503 Service Unavailable")

    def willing(connection, _):
        json_answer(connection, {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})

    with ScriptedUpstream(unwilling) as first, ScriptedUpstream(willing) as second:
        reply = ask_one_then_the_other(own.gateway(), first, second)
    assert reply.status_code == 200
    assert (len(first.requests), len(second.requests)) == (1, 1)


def test_an_answer_that_breaks_behind_its_head_is_tried_again_at_the_next_endpoint(own):
    def breaking(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n")
        raise OSError

    def willing(connection, _):
        # Head and body in two pieces, the body in two more.
        body = json.dumps({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        connection.sendall(body[:7])
        connection.sendall(body[7:])

    with ScriptedUpstream(breaking) as first, ScriptedUpstream(willing) as second:
        reply = ask_one_then_the_other(own.gateway(), first, second)
    assert reply.status_code == 200
    assert reply.json()["usage"]["completion_tokens"] == 4
    assert (len(first.requests), len(second.requests)) == (1, 1)


def test_a_refused_credential_is_our_fault_and_not_the_clients(own):
    def answer(connection, _):
        json_answer(connection, {"error": {"message": "bad key"}}, status="401 Unauthorized")

    with ScriptedUpstream(answer) as upstream:
        gateway = own.gateway()
        tenant = gateway.create_tenant()
        gateway.create_model(model_name="locked", api_base=upstream.url, api_key="wrong-key")
        reply = httpx.post(
            f"{gateway.base_url}/chat/completions", headers=tenant.headers, json={"model": "locked", "messages": []}
        )
    assert reply.status_code == 502
    assert reply.json()["error"]["code"] == "upstream_auth_failed"
    assert upstream.requests[0]["named"]["authorization"] == "Bearer wrong-key"


def test_an_upstream_without_stream_options_is_asked_once_more_without(own):
    def answer(connection, request):
        if b"stream_options" in request["body"]:
            json_answer(connection, {"error": {"message": "unknown field stream_options"}}, status="400 Bad Request")
        else:
            connection.sendall(STREAM_HEAD + chunk(EVENT) + chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")

    with ScriptedUpstream(answer) as upstream:
        gateway = own.gateway(upstream.url)
        tenant = gateway.create_tenant()
        for _ in range(2):
            client = connect(gateway.address)
            client.sendall(chat_bytes(tenant.secret, stream=True))
            status, _, payload = read_response(client)
            assert (status, payload) == (200, EVENT + b"data: [DONE]\n\n")
    # The second request knew already.
    assert len(upstream.requests) == 3


def test_a_slow_client_holds_up_the_upstream_and_not_the_memory(own):
    sent = {"bytes": 0}
    piece = chunk(b"data: " + b"x" * 16000 + b"\n\n")

    def answer(connection, _):
        connection.sendall(STREAM_HEAD)
        connection.settimeout(0.5)
        try:
            while sent["bytes"] < 64 << 20:
                connection.sendall(piece)
                sent["bytes"] += len(piece)
        except OSError:
            pass
        raise OSError

    with ScriptedUpstream(answer) as upstream:
        gateway = own.gateway(upstream.url)
        tenant = gateway.create_tenant()
        client = connect(gateway.address)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        client.sendall(chat_bytes(tenant.secret, stream=True))
        read_until(client, b"xxxx")
        wait_until(lambda: upstream.closed_at, seconds=20, what="the upstream's own patience")
        client.close()
    # Kernel buffers on both hops take some megabytes; obleth itself must not take the rest.
    assert sent["bytes"] < 24 << 20
