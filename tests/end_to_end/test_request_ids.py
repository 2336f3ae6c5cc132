"""Both request ids are on every answer of the data plane, those that never became a request included."""

import pytest

from support.raw_http import chat_bytes, connect, read_response, request_bytes

MINE = [("X-Request-Id", "mine-1")]


def ids_of(address, request):
    connection = connect(address)
    connection.sendall(request)
    status, headers, _ = read_response(connection)
    connection.close()
    return status, headers.get("x-request-id"), headers.get("x-obleth-request-id")


def is_event_id(text):
    return len(text) == 32 and all(c in "0123456789abcdef" for c in text)


HEAD = b"Host: a\r\nX-Request-Id: mine-1\r\n"


@pytest.mark.parametrize(
    ("request_sent", "expected"),
    [
        (request_bytes("/health", method="GET", headers=MINE), 200),
        (request_bytes("/ready", method="GET", headers=MINE), 200),
        (request_bytes("/v1/chat/completions", method="OPTIONS", headers=MINE), 204),
        (request_bytes("/v1/models", method="GET", headers=MINE), 401),
        (request_bytes("/v1/../x", method="GET", headers=MINE), 400),
        (request_bytes("/.well-known/oauth", method="GET", headers=MINE), 404),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"Host: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"bad name: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n", 501),
        (b"CONNECT a:1 HTTP/1.1\r\n" + HEAD + b"\r\n", 405),
        (b"GET / HTTP/2.7\r\n" + HEAD + b"\r\n", 505),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"x: " + b"y" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_an_answer_is_found_again_by_either_id(gateway, request_sent, expected):
    status, shown, ours = ids_of(gateway.address, request_sent)
    assert (status, shown) == (expected, "mine-1")
    assert is_event_id(ours)
    without = request_sent.replace(b"X-Request-Id: mine-1\r\n", b"")
    status, shown, ours = ids_of(gateway.address, without)
    assert status == expected
    assert shown == ours and is_event_id(ours)


def test_a_slow_head_and_a_slow_body_are_told_their_ids(own, upstream):
    gateway = own.gateway(
        upstream.url, environment={"OBLETH_HEADER_TIMEOUT": "200ms", "OBLETH_BODY_TIMEOUT": "200ms"}
    )
    tenant = gateway.create_tenant()
    for begun in (b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine-1\r\n", chat_bytes(tenant.secret, headers=MINE)[:-3]):
        status, shown, ours = ids_of(gateway.address, begun)
        assert (status, shown) == (408, "mine-1")
        assert is_event_id(ours)
