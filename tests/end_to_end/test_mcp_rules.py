"""The rules of the MCP gateway, byte by byte: identity, sessions, tools, limits, failures, records."""

import hashlib
import json
import signal
import threading

import httpx
import pytest

from support.gateway import wait_until
from support.raw_http import FullQueue, connect, request_bytes
from support.redis_server import RedisServer
from support.scripted_mcp import ScriptedMcp, answer_of

SECONDS_MAX = 60


def rpc(method, number=1, **params):
    return {"jsonrpc": "2.0", "id": number, "method": method, **({"params": params} if params else {})}


def call(tool, number=1, **arguments):
    return rpc("tools/call", number, name=tool, arguments=arguments)


@pytest.fixture
def server():
    with ScriptedMcp() as scripted:
        yield scripted


@pytest.fixture
def register(gateway):
    """Registers a server for this test; the URL that clients use."""
    made = []

    def put(server, **fields):
        name = f"server-{len(made)}"
        record = {"name": name, "upstream_url": getattr(server, "url", server), **fields}
        gateway.admin.post("/mcp-servers", json=record).raise_for_status()
        made.append(name)
        return f"{gateway.url}/mcp/{name}"

    yield put
    for name in made:
        gateway.admin.delete(f"/mcp-servers/{name}").raise_for_status()


def ask(url, tenant, message, **headers):
    content = message if isinstance(message, bytes) else json.dumps(message).encode()
    head = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    return httpx.post(url, content=content, headers={**head, **tenant.headers, **headers}, timeout=SECONDS_MAX)


def rows_of(gateway, tenant, count):
    def rows():
        found = gateway.admin.get("/usage/requests", params={"tenant": tenant.id}).json()["data"]
        return found if len(found) >= count else None

    return wait_until(rows, SECONDS_MAX, "the ledger's rows")


def test_the_clients_key_stays_and_the_servers_own_goes_along(gateway, tenant, server, register):
    url = register(server, auth_header="Bearer the-servers-own")
    body = b'{ "jsonrpc":"2.0" ,"id":1.0,"method":"tools\\/list","x":{"n":1e3}}'
    answer = ask(url, tenant, body, **{"x-api-key": tenant.secret, "MCP-Protocol-Version": "2025-06-18"})
    assert answer.status_code == 200
    (asked,) = server.asked
    assert asked.body == body
    assert asked.target == "/mcp"
    assert asked.headers.get_all("Authorization") == ["Bearer the-servers-own"]
    assert asked.headers["MCP-Protocol-Version"] == "2025-06-18"
    assert asked.headers["Via"] == "1.1 obleth"
    assert tenant.secret not in str(asked.headers)
    assert answer.json()["id"] == 1.0
    assert answer.headers["x-obleth-request-id"]
    assert [part.split(";")[0] for part in answer.headers["Server-Timing"].split(", ")][::3] == ["auth", "upstream"]


def test_where_a_stream_is_to_go_on_is_told_to_the_server(gateway, tenant, server, register):
    server.behave = lambda asked: asked.reply(body=b"data: {}\n\n", content_type="text/event-stream")
    head = {**tenant.headers, "Accept": "text/event-stream", "Last-Event-ID": "stream-7/42"}
    assert httpx.get(register(server), headers=head, timeout=SECONDS_MAX).status_code == 200
    (asked,) = server.asked
    assert (asked.method, asked.headers.get_all("Last-Event-ID")) == ("GET", ["stream-7/42"])


def test_without_a_key_nothing_is_asked(gateway, server, register):
    url = register(server)
    answer = httpx.post(url, json=rpc("ping"))
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert server.asked == []


def test_the_methods_that_are_allowed_are_those_that_are_taken(gateway, tenant, server, register):
    url = register(server)
    allowed = httpx.options(url).headers["Allow"].split(", ")
    assert httpx.put(url, headers=tenant.headers).headers["Allow"].split(", ") == allowed
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        taken = httpx.request(method, url, headers=tenant.headers).status_code != 405
        assert taken == (method in allowed), method


def test_an_unknown_and_a_switched_off_server_are_404(gateway, tenant, server, register):
    url = register(server, enabled=False)
    assert ask(url, tenant, rpc("ping")).status_code == 404
    assert ask(f"{gateway.url}/mcp/nothing-here", tenant, rpc("ping")).status_code == 404
    assert ask(f"{gateway.url}/mcp", tenant, rpc("ping")).status_code == 404
    assert server.asked == []


@pytest.mark.parametrize(
    "body, code",
    [(b"not json", -32700), (b"{}", -32600), (b'{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}', -32600), (b"", -32700)],
)
def test_what_is_no_json_rpc_is_400_and_goes_nowhere(gateway, tenant, server, register, body, code):
    answer = ask(register(server), tenant, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert server.asked == []


def test_sixteen_mebibytes_pass_and_one_byte_more_does_not(gateway, tenant, server, register):
    url = register(server)
    frame = json.dumps(call("echo", message="@")).encode()
    body = frame.replace(b"@", b"a" * ((16 << 20) - len(frame) + 1))
    assert len(body) == 16 << 20
    assert ask(url, tenant, body).status_code == 200
    assert server.asked[0].body == body
    answer = ask(url, tenant, body + b" ")
    assert answer.status_code == 413
    assert answer.json()["jsonrpc"] == "2.0"
    assert len(server.asked) == 1


def test_a_denied_tool_is_an_error_that_is_told_filtered_and_audited(gateway, server, register):
    tenant = gateway.create_tenant()
    other = gateway.create_tenant()
    url = register(server, access=[{"tenant": tenant.record["name"], "group": None, "tools": ["echo", "get-*"]}])
    shown = ask(url, tenant, rpc("tools/list")).json()["result"]["tools"]
    assert [tool["name"] for tool in shown] == ["echo", "get-sum"]
    asked_before = len(server.asked)
    denied = ask(url, tenant, call("rm", number="abc", path="/secret-path"))
    assert denied.status_code == 200
    assert denied.json()["id"] == "abc"
    assert denied.json()["error"]["code"] == -32602
    assert "rm" in denied.json()["error"]["message"]
    assert len(server.asked) == asked_before
    assert ask(url, other, rpc("tools/list")).status_code == 404

    assert ask(url, tenant, call("echo", message="words")).status_code == 200
    entries = wait_until(
        lambda: len(found := gateway.admin.get("/audit", params={"actor": f"{tenant.record['name']}/first"}).json()["data"]) == 2 and found,
        SECONDS_MAX,
        "the audit log's entries",
    )
    # Both may bear the same millisecond.
    allowed, refused = sorted(entries, key=lambda entry: entry["action"])
    assert (refused["action"], refused["target_name"]) == ("mcp.denied", "server-0/rm")
    assert refused["after"]["outcome"] == "denied"
    assert (allowed["action"], allowed["after"]["outcome"]) == ("mcp.call", "ok")
    assert allowed["after"]["arguments_sha256"] == hashlib.sha256(b'{"message": "words"}').hexdigest()
    assert "secret-path" not in json.dumps(entries)

    rows = rows_of(gateway, tenant, 3)
    assert {(row["mcp_server"], row["mcp_method"], row["mcp_tool"], row["status"], row["error_code"]) for row in rows} == {
        ("server-0", "tools/list", None, 200, None),
        ("server-0", "tools/call", "rm", 200, "-32602"),
        ("server-0", "tools/call", "echo", 200, None),
    }


def test_tools_are_filtered_in_streams_too_whatever_they_answer(gateway, server, register):
    tenant = gateway.create_tenant()

    def stream(asked):
        asked.begin_stream(headers=[("X-Accel-Buffering", "no")])
        text = "id: 7\nevent: message\ndata: " + json.dumps(answer_of(rpc("tools/list", 9))) + "\n\n"
        for at in range(0, len(text), 50):
            asked.send(text[at : at + 50])
        asked.end_stream()

    server.behave = stream
    url = register(server, access=[{"tools": ["echo"]}])
    for answer in (ask(url, tenant, rpc("tools/list", 9)), httpx.get(url, headers=tenant.headers, timeout=SECONDS_MAX)):
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers.get_list("X-Accel-Buffering") == ["no"]
        first, second, third = answer.text.strip().split("\n")
        assert (first, second) == ("id: 7", "event: message")
        shown = json.loads(third.removeprefix("data: "))["result"]["tools"]
        assert [tool["name"] for tool in shown] == ["echo"]


def test_access_goes_along_with_a_rename_and_passes_to_nobody_else(gateway, server, register):
    renamed = gateway.create_tenant()
    name = renamed.record["name"]
    gateway.admin.post("/fairshare/groups", json={"name": f"{name}-group"}).raise_for_status()
    by_tenant, by_group = register(server, access=[{"tenant": name}]), register(server, access=[{"group": f"{name}-group"}])
    gateway.admin.patch(f"/tenants/{renamed.id}", json={"group": f"{name}-group"}).raise_for_status()
    gateway.admin.patch(f"/tenants/{renamed.id}", json={"name": f"{name}-renamed"}).raise_for_status()
    gateway.admin.patch(f"/fairshare/groups/{name}-group", json={"name": f"{name}-other"}).raise_for_status()
    gateway.admin.post("/fairshare/groups", json={"name": f"{name}-group"}).raise_for_status()
    stranger = gateway.create_tenant(name=name, group=f"{name}-group")
    for url in (by_tenant, by_group):
        assert ask(url, renamed, rpc("ping")).status_code == 200
        assert ask(url, stranger, rpc("ping")).status_code == 404
    gateway.admin.delete(f"/tenants/{renamed.id}").raise_for_status()
    assert ask(by_tenant, gateway.create_tenant(name=f"{name}-renamed"), rpc("ping")).status_code == 404


@pytest.mark.parametrize("media", ["application/json", "text/event-stream"])
def test_a_byte_order_mark_hides_no_tool(gateway, tenant, server, register, media):
    def marked(asked):
        body = json.dumps(answer_of(asked.message))
        asked.reply(body=("\ufeff" + (body if media == "application/json" else f"data: {body}\n\n")).encode(), content_type=media)

    server.behave = marked
    answer = ask(register(server, access=[{"tools": ["echo"]}]), tenant, rpc("tools/list"))
    assert answer.content.startswith(b"\xef\xbb\xbf")
    shown = json.loads(answer.content.decode("utf-8-sig").removeprefix("data: "))["result"]["tools"]
    assert [tool["name"] for tool in shown] == ["echo"]


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode() + b"x",
        lambda text: b"data: " + text.encode() + b"\n\n",
    ],
)
def test_a_list_of_tools_that_cannot_be_read_is_not_shown(gateway, tenant, server, register, encoded):
    server.behave = lambda asked: asked.reply(body=encoded(json.dumps(answer_of(asked.message))))
    restricted = register(server, access=[{"tools": ["echo"]}])
    answer = ask(restricted, tenant, rpc("tools/list", 8))
    assert (answer.status_code, answer.json()["id"]) == (502, 8)
    assert answer.json()["error"]["data"]["code"] == "bad_upstream_response"
    assert ask(restricted, tenant, call("echo")).content == encoded(json.dumps(answer_of(call("echo"))))
    assert ask(register(server), tenant, rpc("tools/list")).status_code == 200


def test_a_stream_ends_where_a_message_cannot_be_read(gateway, tenant, server, register):
    def stream(asked):
        asked.begin_stream()
        asked.send("event: ping\ndata: now\n\ndata: {'result': {'tools': [{'name': 'rm'}]}}\n\n")
        asked.end_stream()

    server.behave = stream
    answer = ask(register(server, access=[{"tools": ["echo"]}]), tenant, rpc("tools/list", 8))
    assert answer.text.startswith("event: ping\ndata: now\n\nevent: message\ndata: {")
    error = json.loads(answer.text.strip().rsplit("data: ", 1)[1])
    assert (error["id"], error["error"]["data"]["code"]) == (8, "bad_upstream_response")
    assert "rm" not in answer.text


def test_a_batch_has_a_row_for_each_message_and_is_denied_as_a_whole(gateway, server, register):
    tenant = gateway.create_tenant()
    server.behave = lambda asked: asked.reply(body=[answer_of(m) for m in asked.message if "id" in m])
    url = register(server, access=[{"tools": ["echo"]}])
    good = ask(url, tenant, [call("echo", 1), rpc("ping", 2), {"jsonrpc": "2.0", "method": "notifications/cancelled"}])
    assert [message["id"] for message in good.json()] == [1, 2]
    bad = ask(url, tenant, [call("echo", 1), call("rm", 2)])
    assert [(message["id"], message["error"]["code"]) for message in bad.json()] == [(1, -32600), (2, -32602)]
    assert len(server.asked) == 1
    methods = sorted(row["mcp_method"] for row in rows_of(gateway, tenant, 5))
    assert methods == ["notifications/cancelled", "ping", "tools/call", "tools/call", "tools/call"]


def test_a_session_is_unknown_to_everybody_else(gateway, server, register):
    mine, other = gateway.create_tenant(), gateway.create_tenant()
    second = gateway.admin.post(f"/tenants/{mine.id}/keys", json={"name": "second"}).json()["secret"]
    server.behave = lambda asked: asked.reply(
        body=answer_of(asked.message) if asked.body else b"",
        headers=[("Mcp-Session-Id", "the-session")] if b"initialize" in asked.body else [],
    )
    url = register(server)
    opened = ask(url, mine, rpc("initialize"))
    assert opened.headers["Mcp-Session-Id"] == "the-session"
    session = {"Mcp-Session-Id": "the-session"}
    assert ask(url, mine, rpc("ping"), **session).status_code == 200
    asked_before = len(server.asked)
    for headers in (other.headers, {"Authorization": f"Bearer {second}"}):
        for method in ("POST", "GET", "DELETE"):
            answer = httpx.request(method, url, headers={**headers, **session}, content=json.dumps(rpc("ping")) if method == "POST" else None)
            assert answer.status_code == 404
            assert answer.json()["error"]["code"] == -32001
    assert ask(url, mine, rpc("ping"), **{"Mcp-Session-Id": "another"}).status_code == 404
    assert len(server.asked) == asked_before
    assert httpx.delete(url, headers={**mine.headers, **session}).status_code == 200
    assert ask(url, mine, rpc("ping"), **session).status_code == 404


def test_a_session_opened_at_one_replica_goes_on_at_the_other(own, server, tmp_path):
    session = {"Mcp-Session-Id": "shared-session"}
    server.behave = lambda asked: asked.reply(
        body=answer_of(asked.message), headers=list(session.items()) if b"initialize" in asked.body else []
    )
    with RedisServer(tmp_path / "redis") as redis:
        shared = {"OBLETH_REDIS_URL": redis.url, "OBLETH_DATABASE_URL": f"sqlite:{tmp_path / 'record.db'}"}
        first, second = (own.gateway(environment=shared) for _ in range(2))
        mine, other = first.create_tenant(), first.create_tenant()
        first.admin.post("/mcp-servers", json={"name": "shared", "upstream_url": server.url}).raise_for_status()
        here, there = (f"{replica.url}/mcp/shared" for replica in (first, second))
        for url in (here, there):
            wait_until(lambda: ask(url, mine, rpc("ping")).status_code == 200, SECONDS_MAX, "the server at both")
        assert ask(here, mine, rpc("initialize")).status_code == 200
        assert ask(there, mine, rpc("ping"), **session).status_code == 200
        assert ask(there, other, rpc("ping"), **session).status_code == 404
        assert ask(there, mine, rpc("ping"), **{"Mcp-Session-Id": "unknown"}).status_code == 404
        redis.kill()
        assert ask(there, mine, rpc("ping"), **session).status_code == 200
        assert ask(here, mine, rpc("ping"), **{"Mcp-Session-Id": "unknown"}).status_code == 503


@pytest.mark.parametrize("announced", ["message?token=77", "message/77"])
def test_the_older_transports_endpoint_is_rewritten_and_bound(gateway, server, register, announced):
    mine, other = gateway.create_tenant(), gateway.create_tenant()
    done = threading.Event()

    def older(asked):
        if asked.method == "POST":
            return asked.reply(202)
        asked.begin_stream()
        asked.send(": welcome\n\nevent: endpoint\nda")
        asked.send(f"ta: /elsewhere/{announced}\n\n")
        asked.send("event: message\ndata: {}\n\n")
        done.wait(SECONDS_MAX)

    server.behave = older
    url = register(server)
    name = url.rsplit("/", 1)[1]
    with httpx.stream("GET", url, headers=mine.headers, timeout=SECONDS_MAX) as stream:
        lines = stream.iter_lines()
        got = [next(lines) for _ in range(4)]
        assert got == [": welcome", "", "event: endpoint", f"data: /mcp/{name}/elsewhere/{announced}"]
        target = f"{gateway.url}/mcp/{name}/elsewhere/{announced}"
        assert ask(target, mine, rpc("ping")).status_code == 202
        assert server.asked[-1].target == f"/elsewhere/{announced}"
        asked_before = len(server.asked)
        path = target.split("?")[0]
        for guess in (target, f"{path}?token=77&x=1", f"{path}?token=%377", path, f"{path}?sessionId=1", f"{path}/?x=1"):
            assert ask(guess, other, rpc("ping")).status_code == 404, guess
        assert httpx.delete(target + ("" if "?" in target else "?x=1"), headers=other.headers).status_code == 404
        assert len(server.asked) == asked_before
        done.set()


def test_requests_per_minute_and_calls_in_flight_are_limited(gateway, server, register):
    tenant = gateway.create_tenant(requests_per_minute=2)
    url = register(server, max_in_flight=1)
    assert ask(url, tenant, rpc("ping")).status_code == 200
    answer = ask(url, tenant, [rpc("ping", n) for n in range(3)])
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()[0]["error"]["data"]["code"] == "rate_limit_exceeded"

    patient = gateway.create_tenant()
    arrived, release = threading.Event(), threading.Event()

    def slow(asked):
        arrived.set()
        release.wait(SECONDS_MAX)
        asked.reply(body=answer_of(asked.message))

    server.behave = slow
    answers = []
    first = threading.Thread(target=lambda: answers.append(ask(url, patient, rpc("ping"))))
    first.start()
    assert arrived.wait(SECONDS_MAX)
    busy = ask(url, patient, rpc("ping", 5))
    assert (busy.status_code, busy.json()["id"]) == (429, 5)
    release.set()
    first.join(SECONDS_MAX)
    assert answers[0].status_code == 200
    server.behave = lambda asked: asked.reply(body=answer_of(asked.message))
    assert ask(url, patient, rpc("ping")).status_code == 200


def test_what_asks_for_no_answer_takes_no_slot(tenant, server, register):
    url = register(server, max_in_flight=1)
    asks_back = {"jsonrpc": "2.0", "id": "server-1", "method": "elicitation/create", "params": {}}
    answered = threading.Event()

    def behave(asked):
        message = asked.message
        if message.get("method") == "tools/call":
            asked.begin_stream()
            asked.send(f"data: {json.dumps(asks_back)}\n\n")
            answered.wait(SECONDS_MAX)
            asked.send(f"data: {json.dumps(answer_of(message))}\n\n")
            asked.end_stream()
        else:
            asked.reply(202)

    server.behave = behave
    with httpx.stream("POST", url, json=call("echo", 7), headers=tenant.headers, timeout=SECONDS_MAX) as stream:
        lines = (line for line in stream.iter_lines() if line)
        assert json.loads(next(lines).removeprefix("data: ")) == asks_back
        assert ask(url, tenant, rpc("ping", 8)).status_code == 429
        for method in ("notifications/initialized", "notifications/cancelled"):
            assert ask(url, tenant, {"jsonrpc": "2.0", "method": method}).status_code == 202
        assert ask(url, tenant, {"jsonrpc": "2.0", "id": "server-1", "result": {"action": "accept"}}).status_code == 202
        answered.set()
        assert json.loads(next(lines).removeprefix("data: "))["id"] == 7


def test_what_was_too_long_to_be_read_is_not_recorded_as_ok(gateway, tenant, server, register):
    text = [{"type": "text", "text": "x" * 400_000}]

    def behave(asked):
        answer = {"jsonrpc": "2.0", "id": asked.message["id"], "result": {"content": text, "isError": True}}
        if asked.message["id"] == 1:
            asked.reply(body=answer)
        else:
            asked.begin_stream()
            asked.send(f"data: {json.dumps(answer)}\n\n")
            asked.end_stream()

    server.behave = behave
    url = register(server)
    for number in (1, 2):
        assert len(ask(url, tenant, call(f"long-{number}", number)).content) > 400_000

    def outcomes():
        entries = gateway.admin.get("/audit?limit=50").json()["data"]
        return {entry["target_name"].split("/")[1]: entry["after"]["outcome"] for entry in entries if "/long-" in entry["target_name"]}

    wait_until(lambda: len(outcomes()) == 2, what="the calls in the audit log")
    assert outcomes() == {"long-1": "unread", "long-2": "unread"}


def test_a_call_given_up_while_the_gateway_still_connects_gives_its_request_back(gateway, server, register):
    tenant = gateway.create_tenant(requests_per_minute=1)
    with FullQueue() as unconnected:
        url = register(unconnected)
        client = connect(gateway.address)
        message = json.dumps(rpc("ping")).encode()
        client.sendall(request_bytes(url.removeprefix(gateway.url), tenant.secret, message))
        wait_until(unconnected.is_dialled, what="the gateway's connection")
        client.close()
        rows_of(gateway, tenant, 1)
    assert ask(register(server), tenant, rpc("ping")).status_code == 200
    assert ask(register(server), tenant, rpc("ping")).status_code == 429


def test_pages_of_other_origins_may_not_call(gateway, tenant, server, register):
    url = register(server)
    assert ask(url, tenant, rpc("ping"), Origin="http://evil.example").status_code == 403
    assert server.asked == []
    assert ask(url, tenant, rpc("ping"), Origin="http://localhost:5173").status_code == 200


def test_a_server_that_fails_is_told_clearly_with_the_id(gateway, tenant, server, register):
    down = register("http://127.0.0.1:9/mcp")
    answer = ask(down, tenant, rpc("ping", 41))
    assert (answer.status_code, answer.json()["id"]) == (502, 41)
    assert answer.json()["error"]["data"]["code"] == "upstream_unreachable"
    assert httpx.get(down, headers=tenant.headers).status_code == 502

    never = threading.Event()
    server.behave = lambda asked: never.wait(SECONDS_MAX)
    slow = ask(register(server, timeout_secs=1), tenant, rpc("ping", "s"))
    assert (slow.status_code, slow.json()["id"]) == (504, "s")
    never.set()

    server.behave = lambda asked: (asked.write_raw(b"what?\r\n\r\n"), asked.cut())
    garbage = ask(register(server), tenant, rpc("ping", 42))
    assert (garbage.status_code, garbage.json()["id"]) == (502, 42)

    server.behave = lambda asked: asked.reply(401, headers=[("WWW-Authenticate", "Bearer")])
    refused = ask(register(server, auth_header="Bearer stale"), tenant, rpc("ping", 43))
    assert refused.status_code == 502
    assert refused.json()["error"]["data"]["code"] == "upstream_auth_failed"
    assert "check the server's auth_header" in refused.json()["error"]["message"]
    asked = ask(register(server), tenant, rpc("ping", 44))
    assert (asked.status_code, asked.json()["error"]["data"]["code"]) == (502, "upstream_auth_failed")
    assert "set the server's auth_header" in asked.json()["error"]["message"]


def test_a_stream_that_is_broken_off_answers_what_it_owes(gateway, tenant, server, register):
    def broken(asked):
        asked.begin_stream()
        asked.send('event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\nevent: mess')
        asked.cut()

    server.behave = broken
    answer = ask(register(server), tenant, call("echo", 9))
    assert answer.status_code == 200
    *_, last = [line for line in answer.text.splitlines() if line.startswith("data: ")]
    error = json.loads(last.removeprefix("data: "))
    assert (error["id"], error["error"]["code"]) == (9, -32000)


def test_a_stream_that_outlasts_the_grace_was_not_the_servers_fault(own, server, upstream):
    def behave(asked):
        asked.begin_stream()
        asked.send("event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n")
        asked.is_gone()

    server.behave = behave
    gateway = own.gateway(upstream.url, environment={"OBLETH_SHUTDOWN_GRACE": "1"})
    gateway.admin.post("/mcp-servers", json={"name": "slow", "upstream_url": server.url}).raise_for_status()
    tenant = gateway.create_tenant()
    with httpx.stream("POST", f"{gateway.url}/mcp/slow", json=call("echo"), headers=tenant.headers) as answer:
        lines = answer.iter_lines()
        next(lines)
        gateway.signal(signal.SIGTERM)
        assert "stopping" in "".join(lines)
    assert gateway.wait() == 0
    row = next(line for line in gateway.log_text().splitlines() if '"msg":"request"' in line)
    assert json.loads(row)["error"] == "draining"


@pytest.mark.parametrize("older", [False, True])
def test_a_stream_that_waits_for_news_alone_does_not_hold_the_exit(own, server, upstream, older):
    answered = threading.Event()

    def behave(asked):
        asked.begin_stream()
        asked.send("event: endpoint\ndata: /messages?session=1\n\n" if older else ": begun\n\n")
        if older:
            assert answered.wait(SECONDS_MAX)
            asked.send("event: message\ndata: {}\n\n")
            asked.end_stream()
        else:
            asked.is_gone()

    server.behave = behave
    gateway = own.gateway(upstream.url, environment={"OBLETH_SHUTDOWN_GRACE": "1h", "OBLETH_DRAIN_NOTICE": "0"})
    gateway.admin.post("/mcp-servers", json={"name": "news", "upstream_url": server.url}).raise_for_status()
    tenant = gateway.create_tenant()
    with httpx.stream("GET", f"{gateway.url}/mcp/news", headers=tenant.headers, timeout=SECONDS_MAX) as answer:
        lines = answer.iter_lines()
        next(lines)
        gateway.signal(signal.SIGTERM)
        if older:
            wait_until(lambda: "draining:" in gateway.log_text(), SECONDS_MAX, "the drain")
            answered.set()
            assert "data: {}" in list(lines)
        else:
            with pytest.raises(httpx.RemoteProtocolError):
                list(lines)
    assert gateway.wait() == 0
    row = json.loads(next(line for line in gateway.log_text().splitlines() if '"msg":"request"' in line))
    assert row["error"] == ("" if older else "draining")


def test_a_client_that_leaves_closes_its_call(gateway, tenant, server, register):
    arrived, gone = threading.Event(), threading.Event()

    def streams(asked):
        asked.begin_stream()
        asked.send(": begun\n\n")
        arrived.set()
        if asked.is_gone():
            gone.set()

    server.behave = streams
    with httpx.stream("GET", register(server), headers=tenant.headers, timeout=SECONDS_MAX):
        assert arrived.wait(SECONDS_MAX)
    assert gone.wait(SECONDS_MAX)


def test_a_client_that_leaves_behind_its_answer_has_had_it(gateway, tenant, server, register):
    """The SDKs close the response as soon as the answer's event has come, and servers hold their stream open a while."""
    long = [{"type": "text", "text": "x" * 100_000}]

    def behave(asked):
        asked.begin_stream()
        message = asked.message[0] if isinstance(asked.message, list) else asked.message
        answer = answer_of(message)
        if message["params"]["name"] == "long":
            answer["result"]["content"] = long
        asked.send(f"event: message\ndata: {json.dumps(answer)}\n\n")
        asked.is_gone()

    server.behave = behave
    url = register(server)
    for message in (call("held"), call("long"), [call("first"), call("second", 2)]):
        with httpx.stream("POST", url, json=message, headers=tenant.headers, timeout=SECONDS_MAX) as answer:
            lines = answer.iter_lines()
            while next(lines):
                pass
    rows = {row["mcp_tool"]: (row["status"], row["error_code"]) for row in rows_of(gateway, tenant, 4)}
    assert rows["held"] == rows["long"] == (200, None)
    assert rows["first"] == rows["second"] == (499, "client_closed_request")

    def outcomes():
        entries = gateway.admin.get("/audit?limit=50").json()["data"]
        found = {entry["target_name"]: entry["after"]["outcome"] for entry in entries if entry["actor"].startswith(tenant.record["name"])}
        return found if len(found) == 4 else None

    found = wait_until(outcomes, SECONDS_MAX, "the calls in the audit log")
    assert found == {"server-0/held": "ok", "server-0/long": "unread", "server-0/first": "error", "server-0/second": "error"}
    page = gateway.metrics()
    assert 'obleth_mcp_tool_calls_total{server="server-0",tool="held",outcome="ok"}' in page


def test_a_redirection_within_the_server_is_followed_and_one_elsewhere_is_not(gateway, tenant, server, register):
    def moves(asked):
        if asked.target == "/mcp":
            return asked.reply(307, headers=[("Location", server.url + "/")])
        asked.reply(body=answer_of(asked.message))

    server.behave = moves
    assert ask(register(server), tenant, rpc("ping")).status_code == 200
    assert [asked.target for asked in server.asked] == ["/mcp", "/mcp/"]
    server.behave = lambda asked: asked.reply(308, headers=[("Location", "http://elsewhere.example/mcp")])
    answer = ask(register(server), tenant, rpc("ping"))
    assert answer.status_code == 502
    assert "Location" not in answer.headers


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_no_redirection_leads_a_client_away_with_its_key(gateway, tenant, server, register, status):
    url = register(server)

    def answers(location):
        def moves(asked):
            if asked.target == "/mcp":
                return asked.reply(status, headers=[("Location", location)])
            asked.reply(body=answer_of(asked.message) if asked.body else b"{}")

        server.behave = moves
        return ask(url, tenant, rpc("ping")), httpx.get(url, headers=tenant.headers)

    for answer in answers("http://elsewhere.example/mcp"):
        assert (answer.status_code, answer.headers.get("Location")) == (502, None)
    posted, got = answers("/mcp/")
    assert posted.status_code == (200 if status in (301, 307, 308) else 502)
    assert got.status_code == (502 if status == 300 else 200)
    assert not any("Location" in answer.headers for answer in (posted, got))


def test_metrics_count_by_server_method_and_status(gateway, tenant, server, register):
    url = register(server)
    ask(url, tenant, call("echo"))
    ask(url, tenant, rpc("made/up"))
    page = gateway.metrics()
    assert 'obleth_mcp_requests_total{server="server-0",method="tools/call",status="200"}' in page
    assert 'obleth_mcp_requests_total{server="server-0",method="other",status="200"}' in page
    assert 'obleth_mcp_request_duration_seconds_count{server="server-0",method="tools/call",status="200"}' in page
    assert 'obleth_mcp_tool_calls_total{server="server-0",tool="echo",outcome="ok"}' in page
    assert "made/up" not in page


def test_what_clients_call_a_tool_is_no_label_before_it_was_one(gateway, tenant, server, register):
    url = register(server)
    server.behave = lambda asked: asked.reply(404)
    ask(url, tenant, call("text of one"))
    server.behave = lambda asked: asked.reply(body={"jsonrpc": "2.0", "id": asked.message["id"], "result": {"isError": True}})
    ask(url, tenant, call("text of two"))
    server.behave = lambda asked: asked.reply(204)
    ask(url, tenant, {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "text of three"}})
    server.behave = lambda asked: asked.reply(body=answer_of(rpc("ping", 2)))
    ask(url, tenant, call("text of four", 1))
    page = gateway.metrics()
    assert "text of" not in page
    for outcome in ("error", "tool_error", "accepted"):
        assert f'obleth_mcp_tool_calls_total{{server="server-0",tool="other",outcome="{outcome}"}}' in page


def test_a_probe_shows_the_tools_or_what_went_wrong(gateway, server, register):
    register(server, auth_header="Bearer of-the-probe")
    told = gateway.admin.post("/mcp-servers/server-0/probe").raise_for_status().json()
    assert (told["status"], told["transport"], told["error"]) == (200, "streamable_http", None)
    assert told["server"] == {"name": "scripted", "version": "1"}
    assert [tool["name"] for tool in told["tools"]] == ["echo", "get-sum", "rm"]
    assert server.asked[0].headers["Authorization"] == "Bearer of-the-probe"
    register("http://127.0.0.1:9/mcp")
    told = gateway.admin.post("/mcp-servers/server-1/probe").raise_for_status().json()
    assert told["status"] is None and told["tools"] == [] and told["error"]
    server.behave = lambda asked: asked.reply(body=b"<html>")
    told = gateway.admin.post("/mcp-servers/server-0/probe").raise_for_status().json()
    assert told["status"] == 200 and "not JSON" in told["error"]
    assert gateway.admin.post("/mcp-servers/nothing/probe").status_code == 404
