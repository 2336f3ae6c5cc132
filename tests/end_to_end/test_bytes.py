"""What crosses the gateway is what was sent: streams at any split, request bodies but for the patched spans, headers."""

import json
import random

import pytest

from support.raw_http import ScriptedUpstream, connect, json_answer, read_response, request_bytes

SEED = 20261122


def stream_payload(rng, events):
    ends = [b"\n\n", b"\r\n\r\n", b"\r\r"]
    end = rng.choice(ends)
    newline = end[: len(end) // 2]
    payload = b""
    for _ in range(events):
        text = "".join(rng.choice("abc é漢\U0001f600\\\"") for _ in range(rng.randint(0, 200)))
        event = {"choices": [{"index": 0, "delta": {"content": text}}]}
        if rng.random() < 0.2:
            payload += b": a comment" + newline
        if rng.random() < 0.2:
            payload += b"event: message" + newline + b"id: 7" + newline
        payload += b"data: " + json.dumps(event, ensure_ascii=rng.random() < 0.5).encode() + end
    return payload, end


def pieces_of(rng, payload):
    at = 0
    while at < len(payload):
        size = rng.choice([1, 2, 3, 7, 100, 1000, 16384, 65536])
        yield payload[at : at + size]
        at += size


class Playback(ScriptedUpstream):
    """Answers with what `self.play` holds: payload pieces, chunked or framed by length or by the connection's end."""

    def __init__(self):
        super().__init__(self._play)

    def _play(self, connection, _):
        framing, pieces = self.play
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        if framing == "chunked":
            connection.sendall((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
            for piece in pieces:
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            connection.sendall(b"0\r\n\r\n")
        elif framing == "length":
            connection.sendall((head + f"Content-Length: {sum(map(len, pieces))}\r\n\r\n").encode())
            for piece in pieces:
                connection.sendall(piece)
        else:
            connection.sendall((head + "Connection: close\r\n\r\n").encode())
            for piece in pieces:
                connection.sendall(piece)
            raise OSError


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    from support.gateway import Gateway

    with Playback() as upstream:
        with Gateway(tmp_path_factory.mktemp("bytes"), upstream=upstream.url) as gateway:
            gateway.create_model(model_name="exact", api_base=upstream.url, inject_usage=False)
            yield gateway, upstream, gateway.create_tenant()


def stream_through(gateway, tenant, model="mock-model", **fields):
    client = connect(gateway.address, seconds=30)
    body = json.dumps({"model": model, "messages": [], "stream": True, **fields}).encode()
    client.sendall(request_bytes("/v1/chat/completions", tenant.secret, body))
    status, headers, payload = read_response(client)
    client.close()
    assert status == 200
    return payload, headers


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
@pytest.mark.parametrize("model", ["mock-model", "exact"])
def test_a_stream_arrives_with_equal_payload_for_random_splits(recorded, framing, model):
    gateway, upstream, tenant = recorded
    rng = random.Random(f"{SEED}-{framing}-{model}")
    for round_number in range(25):
        payload, end = stream_payload(rng, rng.randint(1, 60))
        payload += b"data: [DONE]" + end
        upstream.play = (framing, list(pieces_of(rng, payload)))
        received, _ = stream_through(gateway, tenant, model)
        assert received == payload, f"round {round_number}"


def test_only_the_usage_event_that_obleth_asked_for_is_taken_out(recorded):
    gateway, upstream, tenant = recorded
    rng = random.Random(SEED)
    bare = b'data: {"id":"x","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}'
    for round_number in range(25):
        before, end = stream_payload(rng, rng.randint(1, 10))
        fields = [b"", b"id: 9", b"event: message", b"retry: 5"][round_number % 4]
        usage = bare + end[: len(end) // 2] + fields if fields else bare
        upstream.play = ("chunked", list(pieces_of(rng, before + usage + end + b"data: [DONE]" + end)))
        assert stream_through(gateway, tenant)[0] == before + b"data: [DONE]" + end
        # Who asked for it gets it, and who wants exact bytes gets everything.
        asked = stream_through(gateway, tenant, stream_options={"include_usage": True})[0]
        assert asked == before + usage + end + b"data: [DONE]" + end
        assert stream_through(gateway, tenant, "exact")[0] == asked


def test_a_stream_is_not_held_back(recorded):
    gateway, upstream, tenant = recorded
    event = b'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
    upstream.play = ("chunked", [event] * 50)
    received, headers = stream_through(gateway, tenant)
    assert received == event * 50
    assert headers["x-accel-buffering"] == "no"
    assert headers["cache-control"] == "no-cache"


def random_json(rng, depth=0):
    kind = rng.randrange(9 if depth < 4 else 6)
    if kind == 0:
        return rng.choice(["null", "true", "false"])
    if kind == 1:
        return rng.choice(["0", "-0", "1.0", "1e5", "1E+05", "-12.3400", "123456789012345678901234567890", "0.1e-7"])
    if kind in (2, 3, 4, 5):
        parts = ["a", "é", "\\u0065", "\\/", "\\n", "漢", "\\ud83d\\ude00", " ", "}", "{", "[", ":", ","]
        return '"' + "".join(rng.choice(parts) for _ in range(rng.randrange(12))) + '"'
    space = lambda: rng.choice(["", " ", "\n", "\t ", "\r\n"])
    items = [random_json(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 6:
        return "[" + ",".join(space() + item + space() for item in items) + "]"
    return "{" + ",".join(f'{space()}"k{n}"{space()}:{space()}{item}' for n, item in enumerate(items)) + "}"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    from support.gateway import Gateway

    with ScriptedUpstream(lambda connection, _: json_answer(connection, {"choices": []})) as upstream:
        with Gateway(tmp_path_factory.mktemp("mirror"), upstream=upstream.url) as gateway:
            gateway.create_model(model_name="renamed", upstream_model="other/name", api_base=upstream.url)
            yield gateway, upstream, gateway.create_tenant()


def send_body(gateway, tenant, body, path="/v1/chat/completions"):
    client = connect(gateway.address)
    client.sendall(request_bytes(path, tenant.secret, body))
    status, _, answer = read_response(client)
    client.close()
    assert status == 200, answer


def test_request_bodies_arrive_identical_but_for_the_patched_spans(mirror):
    gateway, upstream, tenant = mirror
    rng = random.Random(SEED)
    for _ in range(200):
        members = [f'"extra{n}" : {random_json(rng)}' for n in range(rng.randrange(5))]
        model = rng.choice(["mock-model", "renamed"])
        named = f'"model":"{model}"'
        members.insert(rng.randrange(len(members) + 1), named)
        rng.random()
        body = ("{ " + " , ".join(members) + "\n}").encode()
        send_body(gateway, tenant, body)
        expected = body.replace(named.encode(), b'"model":"other/name"') if model == "renamed" else body
        assert upstream.requests[-1]["body"] == expected


def test_usage_is_asked_for_only_where_the_client_streams(mirror):
    gateway, upstream, tenant = mirror
    base = '"model":"mock-model","messages":[]'
    cases = {
        "{" + base + ',"stream":false}': None,
        "{" + base + "}": None,
        "{" + base + ',"stream":null}': None,
        "{" + base + ',"stream":true}': {"include_usage": True},
        "{" + base + ',"stream":true,"stream_options":null}': {"include_usage": True},
        "{" + base + ',"stream":true,"stream_options":{}}': {"include_usage": True},
        "{" + base + ',"stream":true,"stream_options":{"include_usage":false}}': {"include_usage": True},
        "{" + base + ',"stream":true,"stream_options":{"x":1}}': {"x": 1, "include_usage": True},
        "{" + base + ',"stream":true,"stream_options":{"include_usage":true}}': {"include_usage": True},
    }
    for body, options in cases.items():
        send_body(gateway, tenant, body.encode())
        arrived = json.loads(upstream.requests[-1]["body"])
        assert arrived.get("stream_options") == options, body
        sent = json.loads(body)
        sent.pop("stream_options", None)
        arrived.pop("stream_options", None)
        assert arrived == sent


def test_a_clients_priority_is_taken_out(mirror):
    gateway, upstream, tenant = mirror
    for body in (
        '{"priority":-5,"model":"mock-model","messages":[]}',
        '{"model":"mock-model","priority":-5,"messages":[]}',
        '{"model":"mock-model","messages":[] , "priority" : -5 }',
    ):
        send_body(gateway, tenant, body.encode())
        assert json.loads(upstream.requests[-1]["body"]) == {"model": "mock-model", "messages": []}


def test_headers_cross_but_for_those_that_may_not(mirror):
    gateway, upstream, tenant = mirror
    client = connect(gateway.address)
    headers = [
        ("X-Custom", "one"),
        ("X-Custom", "two"),
        ("OpenAI-Organization", "org"),
        ("Connection", "keep-alive, X-Hop"),
        ("X-Hop", "gone"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Proxy-Authorization", "Basic x"),
        ("x-api-key", "sk_other"),
        ("user", "somebody-else"),
        ("x-gateway-inference-fairness-id", "somebody-else"),
        ("x-llm-d-inference-fairness-id", "somebody-else"),
        ("Accept-Encoding", "gzip"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ]
    body = b'{"model":"mock-model","messages":[]}'
    client.sendall(request_bytes("/v1/chat/completions?x=%2F", tenant.secret, body, headers=headers))
    status, _, _ = read_response(client)
    assert status == 200
    arrived = upstream.requests[-1]
    assert arrived["line"] == "POST /v1/chat/completions?x=%2F HTTP/1.1"
    named = arrived["named"]
    assert [value for name, value in arrived["headers"] if name.lower() == "x-custom"] == ["one", "two"]
    assert named["openai-organization"] == "org"
    assert named["accept-encoding"] == "identity"
    assert named["via"] == "1.1 obleth"
    assert named["host"] == upstream.address
    assert named["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert "b7ad6b7169203331" not in named["traceparent"]
    for gone in ("x-hop", "keep-alive", "te", "proxy-authorization", "authorization", "x-api-key", "user"):
        assert gone not in named, gone
    assert not any("fairness-id" in name for name in named)
    assert tenant.secret.encode() not in arrived["head"]


def test_other_paths_pass_through_with_raw_target_and_bytes(mirror):
    gateway, upstream, tenant = mirror
    body = bytes(range(256)) * 300
    client = connect(gateway.address)
    head = (
        f"PUT /tokenize//a%2Fb?q=%20+x HTTP/1.1\r\nHost: a\r\nAuthorization: bEaReR {tenant.secret}\r\n"
        "Content-Type: application/octet-stream\r\nAccept-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    client.sendall(head.encode())
    for at in range(0, len(body), 1000):
        piece = body[at : at + 1000]
        client.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
    client.sendall(b"0\r\n\r\n")
    status, _, _ = read_response(client)
    assert status == 200
    arrived = upstream.requests[-1]
    assert arrived["line"] == "PUT /tokenize//a%2Fb?q=%20+x HTTP/1.1"
    assert arrived["body"] == body
    assert arrived["named"]["accept-encoding"] == "gzip"


def test_a_body_of_64_mib_passes_and_one_byte_more_does_not(mirror):
    gateway, upstream, tenant = mirror
    shell = b'{"model":"mock-model","messages":[],"x":""}'
    for extra, wanted in ((0, 200), (1, 413)):
        body = shell[:-2] + b"y" * (67_108_864 - len(shell) + extra) + b'"}'
        client = connect(gateway.address, seconds=60)
        try:
            client.sendall(request_bytes("/v1/chat/completions", tenant.secret, body))
        except (BrokenPipeError, ConnectionResetError):
            pass
        status, _, answer = read_response(client)
        assert status == wanted, answer[:200]
        client.close()
    assert len(upstream.requests[-1]["body"]) == 67_108_864
    assert json.loads(answer)["error"]["code"] == "request_too_large"


def test_two_requests_on_one_connection_are_answered_in_order(mirror):
    gateway, _, tenant = mirror
    client = connect(gateway.address)
    body = b'{"model":"mock-model","messages":[]}'
    one = request_bytes("/v1/chat/completions", tenant.secret, body, headers=[("x-request-id", "first")])
    two = request_bytes("/v1/chat/completions", tenant.secret, body, headers=[("x-request-id", "second")])
    client.sendall(one + two)
    client.settimeout(10)
    received = b""
    while received.count(b'{"choices": []}') < 2:
        received += client.recv(65536)
    assert received.index(b"x-request-id: first") < received.index(b"x-request-id: second")


def test_expect_100_continue_is_answered(mirror):
    gateway, upstream, tenant = mirror
    body = b'{"model":"mock-model","messages":[]}'
    client = connect(gateway.address)
    whole = request_bytes("/v1/chat/completions", tenant.secret, body, headers=[("Expect", "100-continue")])
    head, _, _ = whole.partition(b"\r\n\r\n")
    client.sendall(head + b"\r\n\r\n")
    assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(body)
    assert read_response(client)[0] == 200
    assert "expect" not in upstream.requests[-1]["named"]


def test_a_client_of_http_1_0_is_answered_to_the_connections_end(mirror):
    gateway, _, tenant = mirror
    client = connect(gateway.address)
    client.sendall(f"GET /v1/models HTTP/1.0\r\nHost: a\r\nx-api-key: {tenant.secret}\r\n\r\n".encode())
    received = b""
    client.settimeout(10)
    while piece := client.recv(65536):
        received += piece
    assert b"200" in received.split(b"\r\n")[0]
    assert b"Transfer-Encoding" not in received


def test_head_and_options_work(mirror):
    gateway, _, tenant = mirror
    client = connect(gateway.address)
    client.sendall(b"HEAD /health HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS /v1/models HTTP/1.1\r\nHost: a\r\n\r\n")
    client.settimeout(10)
    received = b""
    while received.count(b"\r\n\r\n") < 2:
        received += client.recv(65536)
    assert received.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 204" in received
