"""Why did this request wait? Answered for a real request, by the API and by `obleth explain`, and what is watched live."""

import itertools
import json
import subprocess
import threading
import time

import httpx
import pytest

from support.gateway import ADMIN_TOKEN, wait_until
from support.processes import binary
from support.raw_http import chat_bytes, connect, read_response, read_until


@pytest.fixture
def one_slot(own):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "10", "--output-tokens", "30")
    gateway = own.gateway(upstream.url, environment={"OBLETH_BROWNOUT_WAIT_MS": "600000"})
    gateway.put_capacity(1)
    return gateway


def ask(gateway, tenant, headers=()):
    client = connect(gateway.address, seconds=30)
    client.sendall(chat_bytes(tenant.secret, headers=headers, max_tokens=40))
    return client


def wait_behind(gateway, chat, batch):
    """One request of batch that waits behind one of its own and two of chat; its answer's headers."""
    holder = ask(gateway, chat, [("x-mock-token-ms", "60000")])  # leaves when all have come
    wait_until(lambda: gateway.live()["in_flight"] == 1, what="the holder of the slot")
    clients = []
    for tenant, headers in ((batch, []), (chat, []), (chat, []), (batch, [("x-request-id", "order-7/a")])):
        clients.append(ask(gateway, tenant, headers))
        wait_until(lambda: gateway.live()["queued"] == len(clients), what="the queue")
    holder.close()
    last = clients.pop()
    for client in clients:
        read_response(client)
    _, headers, _ = read_response(last)
    return headers


def explained(gateway, request_id):
    return gateway.admin.get(f"/fairshare/explain/{request_id}").raise_for_status().json()


def obleth(gateway, *words):
    environment = {"OBLETH_ADMIN_URL": gateway.admin_url, "OBLETH_ADMIN_TOKEN": ADMIN_TOKEN}
    return subprocess.run([binary(), *words], env=environment, capture_output=True, text=True, timeout=30)


def test_a_request_that_waited_is_explained_by_id_and_by_the_clients_own(one_slot):
    chat, batch = one_slot.create_tenant(weight=300), one_slot.create_tenant(weight=100)
    headers = wait_behind(one_slot, chat, batch)
    told = explained(one_slot, headers["x-obleth-request-id"])
    assert told["tenant"] == batch.record["name"]
    assert (told["waited_for"], told["position_at_arrival"], told["weight"]) == ("slot", 1, 100)
    assert told["queue_ms"] > 500 and told["is_over"] and told["cost_millitokens"] > 30 * 4 * 1000
    assert (told["age_guard"], told["brownout"]) == (False, None)
    meanwhile = told["served_meanwhile"]
    assert meanwhile["requests"] == 3 and meanwhile["own_requests"] == 1 and meanwhile["complete"]
    assert meanwhile["top"] == [
        {
            "tenant_id": chat.id,
            "tenant": chat.record["name"],
            "weight": 300,
            "requests": 2,
            "cost_millitokens": meanwhile["cost_millitokens"] - meanwhile["own_cost_millitokens"],
            "cost_ratio": meanwhile["top"][0]["cost_ratio"],
        }
    ]
    assert explained(one_slot, "order-7%2Fa")["request_id"] == headers["x-obleth-request-id"]

    screen = obleth(one_slot, "explain", headers["x-obleth-request-id"])
    assert screen.returncode == 0, screen.stderr
    print(screen.stdout)
    assert len(screen.stdout.splitlines()) <= 24 and max(map(len, screen.stdout.splitlines())) <= 80
    assert "every slot was taken" in screen.stdout and chat.record["name"] in screen.stdout
    as_json = obleth(one_slot, "explain", "order-7/a", "--json")
    assert json.loads(as_json.stdout)["summary"] == told["summary"]


def test_what_was_never_dispatched_is_not_found_and_says_where_to_look(one_slot):
    tenant = one_slot.create_tenant()
    answer = one_slot.admin.get("/fairshare/explain/" + "0" * 32)
    assert answer.status_code == 404
    assert "usage ledger" in answer.json()["error"]["message"]
    screen = obleth(one_slot, "explain", "nobody-knows")
    assert screen.returncode == 1 and "not among the last 20000" in screen.stderr
    # One that did not wait is found and says so.
    read_response(client := ask(one_slot, tenant, [("x-request-id", "quick")]))
    client.close()
    assert explained(one_slot, "quick")["waited_for"] == "nothing"


def test_the_stream_sends_a_snapshot_a_second_to_many_readers_and_ends_with_the_process(one_slot):
    token = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    seen, ended = [[] for _ in range(8)], []

    def watch(events):
        with httpx.stream("GET", f"{one_slot.admin_url}/api/v1/fairshare/stream", headers=token, timeout=30) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    events.append((time.monotonic(), line))
        ended.append(events)  # not reached if the stream was cut

    readers = [threading.Thread(target=watch, args=(events,)) for events in seen]
    for reader in readers:
        reader.start()
    wait_until(lambda: all(len(events) >= 4 for events in seen), what="four events for everybody")
    gaps = [late - early for events in seen for (early, _), (late, _) in zip(events[1:3], events[2:4])]
    assert all(0.5 < gap < 1.8 for gap in gaps), gaps
    snapshot = json.loads(seen[0][0][1].removeprefix("data: "))
    assert snapshot["capacity"] == 1 and "tenants" in snapshot
    assert one_slot.stop() == 0
    for reader in readers:
        reader.join(10)
    assert len(ended) == len(seen), "every stream had a proper end"


def test_a_stream_ends_with_the_token_that_opened_it(one_slot):
    made = one_slot.admin.post("/admin-tokens", json={"name": "watcher", "role": "viewer"}).raise_for_status().json()
    token = {"Authorization": f"Bearer {made['secret']}"}
    with httpx.stream("GET", f"{one_slot.admin_url}/api/v1/fairshare/stream", headers=token, timeout=30) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: snapshot"
        one_slot.admin.delete(f"/admin-tokens/{made['admin_token']['id']}").raise_for_status()
        snapshots = sum(line.startswith("data: ") for line in itertools.islice(lines, 100))
    assert snapshots < 10


def test_a_stream_costs_nothing_when_its_reader_has_left(one_slot):
    head = f"GET /api/v1/fairshare/stream HTTP/1.1\r\nHost: o\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n\r\n"
    clients = [connect(one_slot.admin_address) for _ in range(20)]
    for client in clients:
        client.sendall(head.encode())
    for client in clients:
        read_until(client, b"event: snapshot")
        client.close()

    def open_descriptors():
        line = next(line for line in one_slot.metrics().splitlines() if line.startswith("process_open_fds "))
        return float(line.split()[1])

    before = open_descriptors()
    wait_until(lambda: open_descriptors() <= before and open_descriptors() < 50, what="the descriptors")


def test_history_is_kept_and_told_backwards(one_slot):
    tenant = one_slot.create_tenant()
    read_response(ask(one_slot, tenant))
    page = wait_until(
        lambda: one_slot.admin.get("/fairshare/history").json()["data"] and one_slot.admin.get("/fairshare/history"),
        seconds=15,
        what="the first moment of the history",
    ).json()
    (moment,) = page["data"]
    assert page["next_cursor"] is None
    assert moment["tenants"][0]["tenant"] == tenant.record["name"]
    nothing = one_slot.admin.get("/fairshare/history", params={"until": moment["at"]}).json()
    assert nothing["data"] == []
    since = one_slot.admin.get("/fairshare/history", params={"since": moment["at"], "limit": 1}).json()
    assert since["data"][0]["at"] == moment["at"] and since["next_cursor"]
