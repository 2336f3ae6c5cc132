"""Answers whose body does not follow, or is empty: what an upstream told of their length is what the client is told."""

import pytest

from support.raw_http import ScriptedUpstream, connect, read_until, request_bytes, split_head

ANSWERS = {
    "/files/plain": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 321\r\n\r\n",
    "/files/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "/files/none": b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",
    "/files/same": b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
    "/files/same-length": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n",
    "/files/empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "/files/hinted": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    from support.gateway import Gateway

    def answer(connection, request):
        connection.sendall(ANSWERS[request["line"].split(" ")[1]])

    with ScriptedUpstream(answer) as upstream, Gateway(tmp_path_factory.mktemp("files"), upstream=upstream.url) as gateway:
        gateway.upstream = upstream
        gateway.secret = gateway.create_tenant().secret
        yield gateway


@pytest.mark.parametrize(
    ("method", "path", "status", "length"),
    [
        ("HEAD", "/files/plain", 200, "321"),
        ("HEAD", "/files/chunked", 200, None),
        ("GET", "/files/none", 204, None),
        ("GET", "/files/same", 304, None),
        ("GET", "/files/same-length", 304, "77"),
        ("GET", "/files/empty", 200, "0"),
        ("GET", "/files/hinted", 204, None),
        ("HEAD", "/health", 200, "2"),
        ("HEAD", "/v1/chat/completions", 405, None),
    ],
)
def test_nothing_follows_but_the_next_answer(files, method, path, status, length):
    connection = connect(files.address)
    connection.sendall(request_bytes(path, files.secret, method=method) + request_bytes("/health", method="GET"))
    received = read_until(connection, b"\r\n\r\nok")
    first, second = received.split(b"\r\n\r\n", 1)
    told, headers, _ = split_head(first + b"\r\n\r\n")
    assert told == status
    if status != 405:
        assert headers.get("content-length") == length
    assert "transfer-encoding" not in headers or method == "HEAD"
    assert split_head(second)[0] == 200


def test_the_upstreams_connection_serves_on(files):
    before = len(files.upstream.closed_at)
    for path in ("/files/plain", "/files/none", "/files/same", "/files/empty"):
        method = "HEAD" if path == "/files/plain" else "GET"
        connection = connect(files.address)
        connection.sendall(request_bytes(path, files.secret, method=method))
        read_until(connection, b"\r\n\r\n")
        connection.close()
    assert len(files.upstream.closed_at) == before
