"""One model at several endpoints: stale connections, ejection, silence, and what the operator sees of it."""

import threading
import time

import httpx

from support.gateway import wait_until
from support.raw_http import ScriptedUpstream, chat_bytes, connect, json_answer, read_response, read_to_end

COMPLETION = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}


def ask(gateway, tenant, model):
    return httpx.post(
        f"{gateway.base_url}/chat/completions",
        headers=tenant.headers,
        json={"model": model, "messages": [], "max_tokens": 1},
        timeout=20,
    )


def fails(connection, _request):
    json_answer(connection, {"error": {"message": "out of memory"}}, status="500 Internal Server Error")


def works(connection, _request):
    json_answer(connection, COMPLETION)


class OneRequestEach:
    """Answers the first request of a connection, and closes it as the next one arrives."""

    def __init__(self):
        self.served_on = []

    def __call__(self, connection, _request):
        if connection in self.served_on:
            raise OSError("closes as the next request arrives")
        self.served_on.append(connection)
        json_answer(connection, COMPLETION)


def test_a_pooled_connection_that_the_upstream_has_closed_costs_the_client_nothing(own):
    once = OneRequestEach()
    with ScriptedUpstream(once) as upstream:
        gateway = own.gateway(environment={"OBLETH_THREADS": "1"})
        gateway.create_model(model_name="brittle", api_base=upstream.url, max_retries=0)
        tenant = gateway.create_tenant()
        assert [ask(gateway, tenant, "brittle").status_code for _ in range(5)] == [200] * 5
    assert len(once.served_on) == 5


def test_neither_does_it_cost_what_passes_through_and_small_forms(own):
    once = OneRequestEach()
    with ScriptedUpstream(once) as upstream:
        gateway = own.gateway(upstream=upstream.url, environment={"OBLETH_THREADS": "1"})
        gateway.create_model(model_name="brittle", api_base=upstream.url, max_retries=0)
        tenant = gateway.create_tenant()

        def post(path, **content):
            return httpx.post(gateway.url + path, headers=tenant.headers, timeout=20, **content).status_code

        assert [post("/tokenize", json={"prompt": "hello"}) for _ in range(5)] == [200] * 5
        assert [post("/tokenize", content=iter([b"hel", b"lo"])) for _ in range(5)] == [200] * 5
        form = {"data": {"model": "brittle"}, "files": {"file": ("a.wav", b"RIFF")}}
        assert [post("/v1/audio/transcriptions", **form) for _ in range(5)] == [200] * 5
    assert len(once.served_on) == 15


def test_an_endpoint_that_keeps_failing_is_left_alone_and_shown_as_ejected(own):
    with ScriptedUpstream(fails) as bad, ScriptedUpstream(works) as good:
        gateway = own.gateway()
        model = gateway.create_model(model_name="pair", api_base=bad.url)
        gateway.admin.post(
            f"/models/{model['id']}/endpoints", json={"api_base": good.url, "priority": 1}
        ).raise_for_status()
        tenant = gateway.create_tenant()
        assert [ask(gateway, tenant, "pair").status_code for _ in range(5)] == [500] * 5
        assert [ask(gateway, tenant, "pair").status_code for _ in range(5)] == [200] * 5
        endpoints = gateway.admin.get(f"/models/{model['id']}/endpoints").json()
        endpoints = endpoints["data"] if isinstance(endpoints, dict) else endpoints
        by_base = {each["api_base"]: each for each in endpoints}
        assert by_base[bad.url]["health"] == "ejected"
        assert by_base[bad.url]["ejected_until"]
        assert by_base[good.url]["health"] == "healthy"
        assert 'obleth_endpoint_healthy{model="pair",endpoint="%s"} 0' % bad.url in gateway.metrics()


def test_with_every_endpoint_ejected_the_least_bad_is_tried(own):
    with ScriptedUpstream(fails) as bad:
        gateway = own.gateway()
        gateway.create_model(model_name="alone", api_base=bad.url)
        tenant = gateway.create_tenant()
        assert [ask(gateway, tenant, "alone").status_code for _ in range(8)] == [500] * 8


def test_a_model_that_no_endpoint_serves_leaves_the_slots_to_others(own):
    asked = threading.Semaphore(0)
    go_on = threading.Event()

    def fails_late(connection, _request):
        asked.release()
        go_on.wait(20)
        json_answer(connection, {"error": {"message": "out of memory"}}, status="500 Internal Server Error")

    with ScriptedUpstream(fails) as bad, ScriptedUpstream(works) as good:
        gateway = own.gateway()
        gateway.put_capacity(4)
        gateway.create_model(model_name="dead", api_base=bad.url)
        gateway.create_model(model_name="alive", api_base=good.url)
        tenant = gateway.create_tenant()
        assert [ask(gateway, tenant, "dead").status_code for _ in range(5)] == [500] * 5
        bad.answer = fails_late
        clients = [connect(gateway.address, seconds=20) for _ in range(6)]
        clients[0].sendall(chat_bytes(tenant.secret, model="dead"))
        asked.acquire()
        for client in clients[1:]:
            client.sendall(chat_bytes(tenant.secret, model="dead"))
        wait_until(lambda: gateway.live()["queued"] == 5, what="those that do not try")
        assert gateway.live()["in_flight"] == 1
        assert ask(gateway, tenant, "alive").status_code == 200
        bad.answer = works
        go_on.set()
        answers = sorted(read_response(client)[0] for client in clients)
    assert answers == [200] * 5 + [500]


def test_a_stream_that_falls_silent_ends_with_one_error_event(own):
    def silent(connection, _request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"1f\r\ndata: {\"choices\":[{\"delta\":{}}]\r\n")
        connection.recv(1)

    with ScriptedUpstream(silent) as upstream:
        gateway = own.gateway()
        gateway.create_model(model_name="silent", api_base=upstream.url, idle_timeout_secs=1)
        tenant = gateway.create_tenant()
        client = connect(gateway.address, seconds=20)
        client.sendall(chat_bytes(tenant.secret, stream=True, model="silent"))
        began = time.monotonic()
        received = read_to_end(client)
        assert received.count(b'"code":"stream_interrupted"') == 1
        assert b"[DONE]" not in received
        assert 0.5 < time.monotonic() - began < 10


def test_a_server_that_asks_for_a_moment_is_asked_again_after_it(own):
    asked_at = []

    def busy_once(connection, _request):
        asked_at.append(time.monotonic())
        if len(asked_at) == 1:
            json_answer(connection, {"error": {}}, status="429 Too Many Requests", headers=["Retry-After: 1"])
        else:
            json_answer(connection, COMPLETION)

    with ScriptedUpstream(busy_once) as upstream:
        gateway = own.gateway()
        gateway.create_model(model_name="busy", api_base=upstream.url)
        assert ask(gateway, gateway.create_tenant(), "busy").status_code == 200
    assert 0.9 < asked_at[1] - asked_at[0] < 5


def test_a_server_that_asks_for_longer_is_believed_by_the_client(own):
    def busy(connection, _request):
        json_answer(connection, {"error": {}}, status="429 Too Many Requests", headers=["Retry-After: 30"])

    with ScriptedUpstream(busy) as upstream:
        gateway = own.gateway()
        gateway.create_model(model_name="busy", api_base=upstream.url)
        answer = ask(gateway, gateway.create_tenant(), "busy")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    assert answer.headers["x-obleth-error-source"] == "upstream"
    assert len(upstream.requests) == 1


def test_a_key_and_a_tenant_have_their_times(gateway):
    soon = int(time.time() * 1000) + 1500
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(soon / 1000)) + f".{soon % 1000:03d}Z"
    tenant = gateway.create_tenant(key={"expires_at": stamp})
    assert ask(gateway, tenant, "mock-model").status_code == 200
    wait_until(lambda: ask(gateway, tenant, "mock-model").status_code == 403, what="the key's expiry")
    assert ask(gateway, tenant, "mock-model").json()["error"]["code"] == "key_expired"

    other = gateway.create_tenant()
    today, yesterday = time.gmtime(), time.gmtime(time.time() - 86400)
    for day, code in ((yesterday, 403), (today, 200)):
        window = {"day": time.strftime("%a", day).lower(), "start": "00:00", "end": "00:00"}
        other.patch("/schedule", {"timezone": "UTC", "weekly_windows": [window]})
        answer = ask(gateway, other, "mock-model")
        assert answer.status_code == code, answer.text
        if code == 403:
            assert answer.json()["error"]["code"] == "outside_access_window"
