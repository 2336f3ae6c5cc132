"""Changes through the Management API act at once, on requests that are queued already, without a restart."""

import json
import re
import threading
import time

import httpx
import pytest

from support.gateway import wait_until
from support.raw_http import chat_bytes, connect, read_response, read_until

PAST = "2020-01-01T00:00:00Z"


@pytest.fixture
def slow(own):
    """A gateway with one slot, in front of an upstream whose answers take two seconds."""
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "20", "--output-tokens", "100")
    gateway = own.gateway(upstream.url)
    gateway.put_capacity(1)
    return gateway


def start_stream(gateway, tenant, headers=()):
    client = connect(gateway.address, seconds=30)
    client.sendall(chat_bytes(tenant.secret, headers=headers, stream=True))
    return client


def queue_behind(gateway, tenant, count=1):
    """One running stream, and `count` that wait."""
    running = start_stream(gateway, tenant)
    read_until(running, b"data:")
    waiting = [start_stream(gateway, tenant) for _ in range(count)]
    wait_until(lambda: gateway.live()["queued"] == count, what="the queue")
    return running, waiting


def test_more_capacity_lets_queued_requests_run_at_once(slow):
    tenant = slow.create_tenant()
    _running, (waiting,) = queue_behind(slow, tenant)
    began = time.monotonic()
    slow.put_capacity(2)
    read_until(waiting, b"data:")
    assert time.monotonic() - began < 1.0


def test_less_capacity_lets_running_requests_finish(slow):
    slow.put_capacity(2)
    tenant = slow.create_tenant()
    first, second = start_stream(slow, tenant), start_stream(slow, tenant, [("x-mock-output-tokens", "300")])
    read_until(first, b"data:")
    read_until(second, b"data:")
    third = start_stream(slow, tenant)
    wait_until(lambda: slow.live()["queued"] == 1, what="the queue")
    slow.put_capacity(1)
    read_until(first, b"[DONE]")
    # The slot of the first is gone: the third waits for the second's.
    wait_until(lambda: slow.live()["in_flight"] == 1, what="the end of the first")
    assert slow.live()["queued"] == 1
    read_until(second, b"[DONE]")
    read_until(third, b"data:")


def test_a_weight_decides_between_requests_that_are_queued_already(slow):
    light, heavy = slow.create_tenant(weight=100), slow.create_tenant(weight=100)
    holder = slow.create_tenant()
    running = start_stream(slow, holder)
    read_until(running, b"data:")
    order = []

    def serve(name, tenant):
        client = start_stream(slow, tenant)
        read_until(client, b"data:")
        order.append(name)
        client.close()

    threads = [threading.Thread(target=serve, args=("light", light)) for _ in range(6)]
    for thread in threads:
        thread.start()
    wait_until(lambda: slow.live()["queued"] == 6, what="the light queue")
    threads += [threading.Thread(target=serve, args=("heavy", heavy)) for _ in range(6)]
    for thread in threads[6:]:
        thread.start()
    wait_until(lambda: slow.live()["queued"] == 12, what="both queues")
    slow.admin.patch(f"/tenants/{heavy.id}/weight", json={"weight": 100_000}).raise_for_status()
    running.close()
    for thread in threads:
        thread.join(60)
    # One of each may go first; after that the heavy tenant is always the one furthest behind its share.
    assert order[:8].count("heavy") == 6


def test_a_disabled_key_is_refused_at_once_also_in_the_queue(slow):
    tenant = slow.create_tenant()
    _running, (waiting,) = queue_behind(slow, tenant)
    slow.admin.put(f"/keys/{tenant.key['id']}/disabled", json={"disabled": True}).raise_for_status()
    status, _, body = read_response(waiting)
    assert status == 403, body
    again = httpx.post(
        f"{slow.base_url}/chat/completions", headers=tenant.headers, json={"model": "mock-model", "messages": []}
    )
    assert (again.status_code, again.json()["error"]["code"]) == (403, "key_disabled")


@pytest.mark.parametrize(
    ("switch_off", "status", "code"),
    [
        (lambda gateway, tenant, model: tenant.patch("/status", {"status": "suspended"}), 403, "tenant_suspended"),
        (lambda gateway, tenant, model: gateway.admin.delete(f"/tenants/{tenant.id}"), 401, "invalid_api_key"),
        (lambda gateway, tenant, model: gateway.admin.delete(f"/keys/{tenant.key['id']}"), 401, "invalid_api_key"),
        (
            lambda gateway, tenant, model: gateway.admin.patch(f"/models/{model['id']}", json={"enabled": False}),
            404,
            "model_not_found",
        ),
        (lambda gateway, tenant, model: gateway.admin.delete(f"/models/{model['id']}"), 404, "model_not_found"),
        # What is found closed when its turn comes.
        (
            lambda gateway, tenant, model: gateway.admin.patch(f"/keys/{tenant.key['id']}", json={"expires_at": PAST}),
            403,
            "key_expired",
        ),
        (lambda gateway, tenant, model: tenant.patch("/schedule", {"active_until": PAST}), 403, "outside_access_window"),
        (lambda gateway, tenant, model: tenant.patch("/allowlist", {"allowed_models": []}), 404, "model_not_found"),
    ],
)
def test_who_waits_is_told_what_was_switched_off(slow, switch_off, status, code):
    tenant = slow.create_tenant()
    model = slow.admin.get("/models/mock-model").json()
    _running, (waiting,) = queue_behind(slow, tenant)
    switch_off(slow, tenant, model)
    told, _, body = read_response(waiting)
    assert (told, json.loads(body)["error"]["code"]) == (status, code)


def test_a_deleted_key_is_unknown_at_once(gateway):
    tenant = gateway.create_tenant()
    url, body = f"{gateway.base_url}/chat/completions", {"model": "mock-model", "messages": [], "max_tokens": 1}
    assert httpx.post(url, headers=tenant.headers, json=body).status_code == 200
    gateway.admin.delete(f"/keys/{tenant.key['id']}").raise_for_status()
    assert httpx.post(url, headers=tenant.headers, json=body).status_code == 401


def test_a_suspended_tenant_is_refused_and_served_again_when_active(gateway):
    tenant = gateway.create_tenant()
    url, body = f"{gateway.base_url}/chat/completions", {"model": "mock-model", "messages": [], "max_tokens": 1}
    tenant.patch("/status", {"status": "suspended"})
    refused = httpx.post(url, headers=tenant.headers, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "tenant_suspended")
    tenant.patch("/status", {"status": "active"})
    assert httpx.post(url, headers=tenant.headers, json=body).status_code == 200


def test_a_model_is_served_the_moment_it_is_registered_and_gone_when_disabled(gateway, upstream, tenant):
    url = f"{gateway.base_url}/chat/completions"
    body = {"model": "fresh-name", "messages": [], "max_tokens": 1}
    assert httpx.post(url, headers=tenant.headers, json=body).status_code == 404
    model = gateway.create_model(model_name="fresh-name", upstream_model="mock-model", api_base=upstream.url)
    assert httpx.post(url, headers=tenant.headers, json=body).status_code == 200
    gateway.admin.patch(f"/models/{model['id']}", json={"enabled": False}).raise_for_status()
    gone = httpx.post(url, headers=tenant.headers, json=body)
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "model_not_found")
    gateway.admin.delete(f"/models/{model['id']}").raise_for_status()


def test_an_allow_list_hides_and_refuses_other_models(gateway, upstream):
    gateway.create_model(model_name="private-model", upstream_model="mock-model", api_base=upstream.url)
    tenant = gateway.create_tenant(allowed_models=["private-model"])
    listed = httpx.get(f"{gateway.base_url}/models", headers=tenant.headers).json()["data"]
    assert [model["id"] for model in listed] == ["private-model"]
    url = f"{gateway.base_url}/chat/completions"
    for path in ("/chat/completions", "/responses"):
        refused = httpx.post(
            f"{gateway.base_url}{path}", headers=tenant.headers, json={"model": "mock-model", "messages": []}
        )
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found"), path
    # Nor by an escaped or a second key.
    disguised = {
        b'{"mod\\u0065l":"mock-model","messages":[]}': 404,
        b'{"model":"private-model","model":"mock-model"}': 400,
    }
    for raw, status in disguised.items():
        refused = httpx.post(url, headers={**tenant.headers, "Content-Type": "application/json"}, content=raw)
        assert refused.status_code == status, raw
    served = httpx.post(url, headers=tenant.headers, json={"model": "private-model", "messages": [], "max_tokens": 1})
    assert served.status_code == 200


def test_a_full_tenant_queue_is_told_to_that_tenant_alone(own):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "20", "--output-tokens", "100")
    gateway = own.gateway(upstream.url, environment={"OBLETH_TENANT_QUEUE_MAX": "2"})
    gateway.put_capacity(1)
    flooding, other = gateway.create_tenant(), gateway.create_tenant()
    _running, _waiting = queue_behind(gateway, flooding, count=2)
    refused = httpx.post(
        f"{gateway.base_url}/chat/completions", headers=flooding.headers, json={"model": "mock-model", "messages": []}
    )
    assert refused.status_code == 429
    assert (refused.json()["error"]["type"], refused.json()["error"]["code"]) == ("overloaded_error", "queue_full")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    patient = start_stream(gateway, other)
    wait_until(lambda: gateway.live()["queued"] == 3, what="the other tenant's place in the queue")
    patient.close()


def test_a_request_that_waited_too_long_is_told_when_to_come_back(own):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "50", "--output-tokens", "1000")
    gateway = own.gateway(upstream.url, environment={"OBLETH_ADMISSION_TIMEOUT_SECS": "1"})
    gateway.put_capacity(1)
    tenant = gateway.create_tenant()
    running = start_stream(gateway, tenant)
    read_until(running, b"data:")
    refused = httpx.post(
        f"{gateway.base_url}/chat/completions",
        headers=tenant.headers,
        json={"model": "mock-model", "messages": []},
        timeout=20,
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "admission_timeout")
    assert "retry-after" in refused.headers


def test_a_shorter_timeout_and_a_smaller_queue_are_obeyed_at_once(slow):
    tenant = slow.create_tenant()
    _running, (waiting,) = queue_behind(slow, tenant)
    slow.admin.patch("/settings", json={"tenant_queue_max": 1}).raise_for_status()
    refused = slow.http.post(
        "/v1/chat/completions", headers=tenant.headers, json={"model": "mock-model", "messages": []}
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "queue_full")
    slow.admin.patch("/settings", json={"admission_timeout_secs": "1s"}).raise_for_status()
    status, _, body = read_response(waiting)
    assert (status, json.loads(body)["error"]["code"]) == (429, "admission_timeout")


def test_a_longer_timeout_helps_who_waits(own):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "20", "--output-tokens", "100")
    gateway = own.gateway(upstream.url, environment={"OBLETH_ADMISSION_TIMEOUT_SECS": "1"})
    gateway.put_capacity(1)
    tenant = gateway.create_tenant()
    _running, (waiting,) = queue_behind(gateway, tenant)
    gateway.admin.patch("/settings", json={"admission_timeout_secs": "60s"}).raise_for_status()
    status, _, body = read_response(waiting)
    assert status == 200, body


def test_who_waits_does_not_go_to_an_endpoint_that_is_deleted_meanwhile(slow, own):
    second = own.upstream("--ttft-ms", "1")
    tenant = slow.create_tenant()
    first = slow.admin.get("/models/mock-model/endpoints").json()["data"][0]
    added = slow.admin.post("/models/mock-model/endpoints", json={"api_base": second.url, "priority": 5})
    added.raise_for_status()
    _running, waiting = queue_behind(slow, tenant, count=2)
    slow.admin.delete(f"/models/mock-model/endpoints/{first['id']}").raise_for_status()
    for client in waiting:
        status, _, body = read_response(client)
        assert status == 200, body
    assert second.stats()["requests"] == 2


def test_a_tenant_whose_answers_are_not_to_be_cut_any_more_waits_with_whole_ones(own):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "20", "--output-tokens", "100")
    gateway = own.gateway(upstream.url, environment={"OBLETH_BROWNOUT_WAIT_MS": "1"})
    gateway.put_capacity(1)
    gateway.admin.patch("/models/mock-model", json={"brownout_max_tokens": 1}).raise_for_status()
    tenant = gateway.create_tenant()
    _running, (waiting,) = queue_behind(gateway, tenant)
    tenant.patch("", {"brownout": "never"})
    status, headers, _body = read_response(waiting)
    assert (status, headers["x-obleth-admission"]) == (200, "queued")


def test_a_model_serves_from_its_answer_on_and_no_longer_than_to_the_next(gateway, tenant, upstream):
    body = {"model": "short-lived", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
    for _ in range(30):
        model = gateway.create_model(
            model_name="short-lived", upstream_model="mock-model", api_base=upstream.url
        )
        there = gateway.http.post("/v1/chat/completions", json=body, headers=tenant.headers)
        gateway.admin.delete(f"/models/{model['id']}").raise_for_status()
        gone = gateway.http.post("/v1/chat/completions", json=body, headers=tenant.headers)
        assert there.json()["model"] == "mock-model"
        assert gone.json().get("model") != "mock-model"


def calls_of_store(gateway, operation):
    pattern = rf'^obleth_store_call_seconds_count{{store="\w+",operation="{operation}"}} (\d+)$'
    return sum(map(int, re.findall(pattern, gateway.metrics(), re.MULTILINE)))


def test_a_document_of_many_records_is_obeyed_when_it_is_answered_and_read_once(own, upstream):
    gateway = own.gateway(upstream.url)
    tenant = gateway.create_tenant()
    names = {f"model-{number}" for number in range(60)}
    before = calls_of_store(gateway, "all_models")
    models = [{"model_name": name, "endpoints": [{"api_base": upstream.url}]} for name in sorted(names)]
    gateway.admin.post("/apply", json={"models": models}).raise_for_status()
    listed = gateway.http.get("/v1/models", headers=tenant.headers).json()["data"]
    assert names <= {model["id"] for model in listed}
    # Once for the document, and perhaps for the poll of the record's version.
    assert calls_of_store(gateway, "all_models") - before <= 3
