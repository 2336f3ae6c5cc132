"""Hostile and malformed requests: never a crash, a hang, a 5xx for a client's fault, or a byte forwarded."""

import itertools
import json
import select

import httpx
import pytest

from support.gateway import wait_until
from support.raw_http import ScriptedUpstream, connect, json_answer, read_to_end, read_until, request_bytes, split_head

KEY_LINE = "Authorization: Bearer {secret}\r\n"
OK_BODY = b'{"model":"mock-model","messages":[]}'


def header_cases():
    length = f"Content-Length: {len(OK_BODY)}"
    post = "POST /v1/chat/completions HTTP/1.1"
    yield from (
        (f"smuggling-{number}", post, lines)
        for number, lines in enumerate(
            [
                ["Host: a", length, "Transfer-Encoding: chunked"],
                ["Host: a", "Transfer-Encoding: chunked", length],
                ["Host: a", length, length],
                ["Host: a", length, "Content-Length: 1"],
                ["Host: a", "Content-Length: 36, 36"],
                ["Host: a", "Content-Length: +36"],
                ["Host: a", "Content-Length: -1"],
                ["Host: a", "Content-Length: 0x24"],
                ["Host: a", "Content-Length: 36 "[:-1] + "a"],
                ["Host: a", "Content-Length: "],
                ["Host: a", "Content-Length: 99999999999999999999999"],
                ["Host: a", "Content-Length: 3 6"],
                ["Host: a", "Transfer-Encoding: gzip, chunked"],
                ["Host: a", "Transfer-Encoding: chunked, chunked"],
                ["Host: a", "Transfer-Encoding: xchunked"],
                ["Host: a", "Transfer-Encoding: chunked;q=1"],
                ["Host: a", "Transfer-Encoding: identity"],
                ["Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
                ["Host: a", "Transfer-Encoding : chunked"],
                ["Host: a", "Transfer-Encoding:\x0bchunked"],
                ["Host: a", " Transfer-Encoding: chunked"],
                ["Host: a", "Transfer-Encoding: chunked\r\n folded", length],
                ["Host: a", length + "\r\n 0"],
                ["Host: a", "Content-Length\t: 36"],
                ["Host: a", "Content-Length : 36"],
                ["Host: a", "X: a\rTransfer-Encoding: chunked", length],
                ["Host: a", "X: a\nTransfer-Encoding: chunked", length],
                ["Host: a", "X: a\x00b", length],
                ["Host: a", "X\x00: b", length],
                ["Host: a", "X y: b", length],
                ["Host: a", ": b", length],
                ["Host: a", "no-colon", length],
                ["Host: a", "(bad): b", length],
                ["Host: a", "X: \x01", length],
                ["Host: a", "X: \x7f", length],
                ["Host: a", "Host: b", length],
                ["Host: a", "Host: a", length],
                [length],
                ["Host: a b", length],
                ["Host: a", "Authorization: Bearer x", length],
            ]
        )
    )
    for control in list(range(0, 9)) + list(range(10, 32)) + [127]:
        if control in (10, 13):
            continue
        yield f"control-{control}-in-a-name", post, ["Host: a", f"X{chr(control)}Y: b", length]
        yield f"control-{control}-in-a-value", post, ["Host: a", f"X: a{chr(control)}b", length]
    for separator in '()<>@,;\\"/[]?={} ':
        yield f"separator-{ord(separator)}-in-a-name", post, ["Host: a", f"X{separator}Y: b", length]


def request_line_cases():
    lines = [
        "POST  /v1/chat/completions HTTP/1.1",
        "POST /v1/chat/completions  HTTP/1.1",
        "POST /v1/chat/completions HTTP/1.1 ",
        " POST /v1/chat/completions HTTP/1.1",
        "POST\t/v1/chat/completions\tHTTP/1.1",
        "POST /v1/chat/completions HTTP/1.2",
        "POST /v1/chat/completions HTTP/2.0",
        "POST /v1/chat/completions HTTP/0.9",
        "POST /v1/chat/completions http/1.1",
        "POST /v1/chat/completions HTTP/1.1x",
        "POST /v1/chat/completions HTTP/11",
        "POST /v1/chat/completions",
        "POST",
        "P(ST /v1/chat/completions HTTP/1.1",
        "POST v1/chat/completions HTTP/1.1",
        "POST * HTTP/1.1",
        "POST ftp://a/v1/chat/completions HTTP/1.1",
        "POST http:// HTTP/1.1",
        "POST http://other/v1/chat/completions HTTP/1.1",
        "CONNECT a:80 HTTP/1.1",
        "POST /v1/chat/comple\x00tions HTTP/1.1",
        "POST /v1/chat/comple\x7ftions HTTP/1.1",
        "POST /v1/../v1/chat/completions HTTP/1.1",
        "POST /v1/%2e%2e/v1/chat/completions HTTP/1.1",
        "POST /v1/.%2E/pause HTTP/1.1",
        "POST /v1/chat%5c..%5ccompletions HTTP/1.1",
        "POST /v1/chat/completions%00 HTTP/1.1",
        "POST /v1/chat/completions%0a HTTP/1.1",
        "POST /v1/chat/completions%0d%0aX:1 HTTP/1.1",
        "POST /v1/chat/completions%7f HTTP/1.1",
        "POST /v1/chat/completions% HTTP/1.1",
        "POST /v1/chat/completions%2 HTTP/1.1",
        "POST /v1/chat/completions%zz HTTP/1.1",
        "POST /v1/chat%2fcompletions HTTP/1.1",
        "GET /v1/chat/completions HTTP/1.1",
        "PUT /v1/embeddings HTTP/1.1",
        "DELETE /v1/models HTTP/1.1",
        "POST /v1/models/x HTTP/1.1",
        "POST /pause HTTP/1.1",
        "POST //pause/ HTTP/1.1",
        "POST /%70ause HTTP/1.1",
        "POST /v1/load_lora_adapter HTTP/1.1",
        "POST /collective_rpc HTTP/1.1",
        "GET /metrics HTTP/1.1",
        "GET /server_info HTTP/1.1",
        "GET /.well-known/oauth-protected-resource HTTP/1.1",
    ]
    for number, line in enumerate(lines):
        yield f"line-{number}", line, ["Host: a", f"Content-Length: {len(OK_BODY)}"]
    for control in [*range(32), 0x5C, 0x7F]:
        yield f"encoded-{control:02x}-in-a-path", f"POST /v1/x%{control:02X}y HTTP/1.1", ["Host: a", "Content-Length: 0"]
    for path in ("invocations", "resume", "abort_requests", "update_weights", "scale_elastic_ep", "sleep", "wake_up"):
        yield f"control-path-{path}", f"POST /{path} HTTP/1.1", ["Host: a", "Content-Length: 0"]
    for path in ("load_lora_adapter", "unload_lora_adapter", "reset_prefix_cache", "start_profile", "stop_profile"):
        yield f"control-path-{path}", f"POST /{path}/ HTTP/1.1", ["Host: a", "Content-Length: 0"]
    yield "upgrade", "POST /v1/chat/completions HTTP/1.1", ["Host: a", "Connection: upgrade", "Upgrade: h2c"]
    yield "encoded", "POST /v1/chat/completions HTTP/1.1", [
        "Host: a",
        "Content-Encoding: gzip",
        f"Content-Length: {len(OK_BODY)}",
    ]


def body_cases():
    model = '"model":"mock-model"'
    messages = '"messages":[]'
    texts = [
        "",
        "{",
        "[]",
        "null",
        "1",
        '"x"',
        "{}",
        "{" + messages + "}",
        '{"model":1,' + messages + "}",
        '{"model":null,' + messages + "}",
        '{"model":"",' + messages + "}",
        '{"model":["mock-model"],' + messages + "}",
        '{"model":"' + "m" * 300 + '"}',
        "{" + model + "," + model + "}",
        '{"mod\\u0065l":"mock-model",' + model + "}",
        '{"model":"mock-model","mod\\u0065l":"other"}',
        "{" + model + "," + messages,
        "{" + model + "," + messages + "}}",
        "{" + model + "," + messages + "} x",
        "{" + model + ",}",
        "{" + model + ' "x":1}',
        "{'model':'mock-model'}",
        "{" + model + ',"x":01}',
        "{" + model + ',"x":+1}',
        "{" + model + ',"x":.5}',
        "{" + model + ',"x":1.}',
        "{" + model + ',"x":1e}',
        "{" + model + ',"x":nul}',
        "{" + model + ',"x":True}',
        "{" + model + ',"x":NaN}',
        "{" + model + ',"x":"\x01"}',
        "{" + model + ',"x":"\\q"}',
        "{" + model + ',"x":"\\u12"}',
        "{" + model + ',"x":' + "[" * 5000 + "}",
        "{" + model + ',"x":' + "[" * 2000 + "]" * 2000 + "}",
        "{" + model + ',"x":"unended',
        "{" + model + ",/* c */" + messages + "}",
        '{"model":"mock-model\\ud800"}',
        "\ufeff{" + model + "}",
    ]
    for key, values in {
        "stream": ['"true"', "1", "[]", "{}"],
        "max_tokens": ["0", "-1", "1.5", '"5"', "1e3", "[]", "true"],
        "max_completion_tokens": ["0", "-5", '"x"', "{}"],
        "n": ["0", "-1", "17", "1.5", '"2"', "1000000000000"],
        "stream_options": ["1", '"x"', "[]", '{"include_usage":"yes"}', '{"include_usage":1}'],
        "min_tokens": ['"x"', "-1", "1.5"],
    }.items():
        texts += ["{" + f'{model},{messages},"{key}":{value}' + "}" for value in values]
        if key != "min_tokens":
            texts.append("{" + f'{model},{messages},"{key}":1,"{key}":1' + "}")
    for number, text in enumerate(texts):
        yield f"body-{number}", text.encode("utf-8", "surrogatepass")
    yield "body-not-utf-8-model", b'{"model":"mock-\xff","messages":[]}'
    yield "body-overlong-utf-8-model", b'{"model":"mock-\xc0\xaf","messages":[]}'


def chunk_cases():
    bodies = [
        b"zz\r\n",
        b"-1\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5\nhello\n0\n\n",
        b"5\rhello\r0\r\r",
        b"5\r\nhelloXX0\r\n\r\n",
        b"ffffffffffffffffff\r\n",
        b"10000000000000000\r\n",
        b"5;" + b"x" * 10000 + b"\r\nhello\r\n0\r\n\r\n",
        b"\r\n",
        b";\r\n",
    ]
    for number, body in enumerate(bodies):
        yield f"chunk-{number}", body


def all_cases():
    for name, line, lines in itertools.chain(header_cases(), request_line_cases()):
        text = line + "\r\n" + KEY_LINE + "".join(f"{one}\r\n" for one in lines) + "\r\n"
        yield name, text.encode("latin-1"), OK_BODY
    for name, body in body_cases():
        text = f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n{KEY_LINE}Content-Length: {len(body)}\r\n\r\n"
        yield name, text.encode(), body
    for name, body in chunk_cases():
        text = f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n{KEY_LINE}Transfer-Encoding: chunked\r\n\r\n"
        yield name, text.encode(), body
    post = f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n{KEY_LINE}"
    yield "too-many-headers", (post + "".join(f"X-{n}: 1\r\n" for n in range(140)) + "\r\n").encode(), b""
    yield "too-long-a-header", (post + "X: " + "x" * 70_000 + "\r\n\r\n").encode(), b""
    yield "binary", bytes(range(256)) * 4, b""
    yield "tls-hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 100 + b"\r\n\r\n", b""
    yield "http2-preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b""
    yield "declared-too-large", (post + "Content-Length: 67108865\r\n\r\n").encode(), b""


CASES = list(all_cases())


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A gateway whose upstream writes down everything that reaches it."""
    from support.gateway import Gateway

    with ScriptedUpstream(lambda connection, _: json_answer(connection, {"choices": []})) as upstream:
        impatient = {"OBLETH_HEADER_TIMEOUT": "1", "OBLETH_BODY_TIMEOUT": "1"}
        with Gateway(tmp_path_factory.mktemp("hostile"), upstream=upstream.url, environment=impatient) as gateway:
            yield gateway, upstream, gateway.create_tenant()


def read_answer(connection):
    """One whole answer, or what came before the connection ended."""
    received = b""
    while True:
        if b"\r\n\r\n" in received:
            _, headers, rest = split_head(received)
            if len(rest) >= int(headers.get("content-length", "0")):
                return received
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not piece:
            return received
        received += piece


def test_there_are_enough_cases():
    assert len(CASES) >= 300


@pytest.mark.parametrize(("name", "request_head", "body"), CASES, ids=[case[0] for case in CASES])
def test_it_is_refused_by_us_and_nothing_is_forwarded(watched, name, request_head, body):
    gateway, upstream, tenant = watched
    forwarded_before = len(upstream.requests)
    connection = connect(gateway.address, seconds=15)
    try:
        connection.sendall(request_head.replace(b"{secret}", tenant.secret.encode()) + body)
    except (BrokenPipeError, ConnectionResetError):
        pass
    received = read_answer(connection)
    connection.close()
    if received:
        status, headers, rest = split_head(received)
        assert 400 <= status < 500 or status in (501, 505), received
        if headers.get("content-type", "").startswith("application/json"):
            assert "message" in json.loads(rest)["error"]
        wait_until(lambda: headers["x-obleth-request-id"] in gateway.log_text(), what="the line of the log")
    assert len(upstream.requests) == forwarded_before
    assert gateway.process.poll() is None


def test_what_no_stage_has_seen_is_counted_too(watched):
    gateway, *_ = watched
    series = 'obleth_requests_total{model="none",route="none",status_class="5xx",admission="refused"}'

    def counted():
        return sum(int(line.split()[-1]) for line in gateway.metrics().splitlines() if line.startswith(series))

    before = counted()
    connection = connect(gateway.address)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert split_head(read_answer(connection))[0] == 501
    assert counted() == before + 1


def test_a_gateway_that_is_full_says_so_and_closes_idle_connections_first(own, upstream):
    environment = {"OBLETH_MAX_CONNECTIONS": "2", "OBLETH_THREADS": "1"}
    gateway = own.gateway(upstream=upstream.url, environment=environment)
    tenant = gateway.create_tenant()
    idle = [connect(gateway.address) for _ in range(5)]
    assert httpx.get(f"{gateway.url}/health").status_code == 200
    asking = request_bytes("/v1/chat/completions", tenant.secret, headers=[("Expect", "100-continue")])
    asking = asking.replace(b"Content-Length: 0", b"Content-Length: 5")
    busy = [connect(gateway.address) for _ in range(2)]
    for connection in busy:
        connection.sendall(asking)
        read_until(connection, b"100 Continue")
    assert all(read_to_end(connection) == b"" for connection in idle)
    assert 'obleth_connections_refused_total{listener="data"} 0' in gateway.metrics()
    for _ in range(3):
        status, headers, _ = split_head(read_to_end(connect(gateway.address)))
        assert (status, headers["retry-after"]) == (503, "1")
    page = gateway.metrics()
    assert 'obleth_connections_refused_total{listener="data"} 3' in page
    assert 'obleth_connections{listener="data"} 2' in page
    assert gateway.log_text().count("connections are refused") == 1


def test_a_client_that_is_refused_in_the_middle_of_its_upload_can_read_why(gateway):
    """Node's clients look at the answer only once they can write no more, and fail where the connection is gone by then."""
    left = 32 << 20
    with connect(gateway.address) as client:
        client.sendall(request_bytes("/v1/chat/completions", "unknown", headers=[("X", "y")])[:-4].replace(
            b"Content-Length: 0", f"Content-Length: {left}".encode()) + b"\r\n\r\n")  # fmt: skip
        client.setblocking(False)
        while left > 0 and select.select([], [client], [], 0.3)[1]:
            left -= client.send(b" " * min(left, 1 << 16))
        assert left > 0, "what is refused is not read to its end"
        client.settimeout(5)
        assert split_head(read_until(client, b"\r\n\r\n"))[0] == 401
