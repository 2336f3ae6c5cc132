"""Streams of an MCP server: those that wait for news, and whom they go on for; those that break, and can be resumed."""

import contextlib
import json
import threading

import httpx
import pytest

from support.gateway import wait_until
from support.scripted_mcp import ScriptedMcp, answer_of

SECONDS_MAX = 60
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.fixture
def server():
    with ScriptedMcp() as scripted:
        yield scripted


def stream_row(gateway, tenant):
    def rows():
        found = gateway.admin.get("/usage/requests", params={"tenant": tenant.id}).json()["data"]
        return [row for row in found if row["mcp_method"] == "GET"]

    (row,) = wait_until(rows, SECONDS_MAX, "the stream's row")
    return row


@pytest.mark.parametrize("key_fresh", ["5m", "0"])
def test_a_stream_of_news_ends_when_its_caller_may_not_use_the_server_any_more(own, upstream, server, key_fresh):
    release = threading.Event()

    def behave(asked):
        asked.begin_stream()
        asked.send("event: endpoint\ndata: /messages?session=1\n\n" if asked.target.endswith("/older") else ": begun\n\n")
        release.wait(SECONDS_MAX)
        asked.send(f"data: {json.dumps(answer_of(PING))}\n\n")
        asked.end_stream()

    server.behave = behave
    gateway = own.gateway(upstream.url, environment={"OBLETH_KEY_FRESH": key_fresh})
    callers = {
        name: gateway.create_tenant()
        for name in ("untouched", "invalid_api_key", "older", "key_disabled", "key_expired", "tenant_suspended", "mcp_server_not_found")
    }
    rules = [{"tenant": caller.record["name"]} for caller in callers.values()]
    registered = {"name": "news", "upstream_url": server.url, "access": rules}
    gateway.admin.post("/mcp-servers", json=registered).raise_for_status()
    key_of = {name: f"/keys/{caller.key['id']}" for name, caller in callers.items()}

    with contextlib.ExitStack() as open_streams:
        lines_of = {}

        def begin(name, method, caller, path="", **message):
            url = f"{gateway.url}/mcp/news{path}"
            answer = httpx.stream(method, url, headers=caller.headers, timeout=SECONDS_MAX, **message)
            lines_of[name] = open_streams.enter_context(answer).iter_lines()
            next(lines_of[name])

        for name, caller in callers.items():
            begin(name, "GET", caller, "/older" if name == "older" else "")
        begin("called", "POST", callers["invalid_api_key"], json=PING)

        gateway.admin.delete(key_of["invalid_api_key"]).raise_for_status()
        gateway.admin.delete(key_of["older"]).raise_for_status()
        gateway.admin.put(f"{key_of['key_disabled']}/disabled", json={"disabled": True}).raise_for_status()
        gateway.admin.patch(key_of["key_expired"], json={"expires_at": "2020-01-01T00:00:00Z"}).raise_for_status()
        callers["tenant_suspended"].patch("/status", {"status": "suspended"})
        rules.remove({"tenant": callers["mcp_server_not_found"].record["name"]})
        gateway.admin.patch("/mcp-servers/news", json={"access": rules}).raise_for_status()

        staying = {name: lines_of.pop(name) for name in ("untouched", "called")}
        for lines in lines_of.values():
            with pytest.raises(httpx.RemoteProtocolError):
                list(lines)
        release.set()
        for lines in staying.values():
            assert any("done" in line for line in lines)
    for name in lines_of:
        row = stream_row(gateway, callers[name])
        assert (row["status"], row["error_code"]) == (200, "invalid_api_key" if name == "older" else name)


def test_a_stream_that_can_be_resumed_breaks_where_its_server_breaks_it(gateway, tenant, server):
    def behave(asked):
        asked.begin_stream()
        if asked.headers["Last-Event-ID"]:
            asked.send('id: 1-2\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n')
            return asked.end_stream()
        asked.send("id: 1-1\ndata: \n\n")
        asked.cut()

    server.behave = behave
    gateway.admin.post("/mcp-servers", json={"name": "resumed", "upstream_url": server.url}).raise_for_status()
    url, seen = f"{gateway.url}/mcp/resumed", b""
    with pytest.raises(httpx.RemoteProtocolError):
        with httpx.stream("POST", url, json=PING, headers=tenant.headers) as answer:
            for piece in answer.iter_raw():
                seen += piece
    assert seen == b"id: 1-1\ndata: \n\n", "an error event would end what can go on"
    head = {**tenant.headers, "Accept": "text/event-stream", "Last-Event-ID": "1-1"}
    assert '"id":1,"result":{}' in httpx.get(url, headers=head).text
