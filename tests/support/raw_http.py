"""HTTP by hand: bytes over a socket, for what no client library would send or notice."""

import json
import socket
import threading
import time


def connect(address, seconds=10.0):
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def request_bytes(path, secret=None, body=b"", method="POST", headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: obleth"]
    if secret:
        lines.append(f"Authorization: Bearer {secret}")
    if body or method == "POST":
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chat_bytes(secret, headers=(), **fields):
    body = {"model": "mock-model", "messages": [{"role": "user", "content": "hello"}], **fields}
    return request_bytes("/v1/chat/completions", secret, json.dumps(body).encode(), headers=headers)


def read_until(connection, marker, most=1 << 20):
    received = b""
    while marker not in received:
        piece = connection.recv(65536)
        if not piece:
            raise AssertionError(f"the connection ended before {marker!r}: {received[-500:]!r}")
        received += piece
        assert len(received) < most
    return received


def read_to_end(connection):
    received = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not piece:
            return received
        received += piece


def split_head(received):
    head, _, rest = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ")[1])
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), value.strip())
    return status, headers, rest


def read_response(connection):
    """Status, headers and the decoded body of one answer, by its framing."""
    received = read_until(connection, b"\r\n\r\n")
    status, headers, rest = split_head(received)
    return status, headers, read_body(connection, headers, rest)


def read_body(connection, headers, begun):
    """The decoded body of which some bytes have come already; what there is of it when the peer breaks off."""
    body = bytearray(begun)  # grows in place: 64 MiB come in a thousand pieces
    if headers.get("transfer-encoding") == "chunked":
        while not body.endswith(b"0\r\n\r\n") and (piece := connection.recv(65536)):
            body += piece
        return unchunk(bytes(body))
    length = int(headers.get("content-length", "0"))
    while len(body) < length and (piece := connection.recv(1 << 20)):
        body += piece
    return bytes(body)


def unchunk(raw):
    payload = bytearray()
    at = 0
    while (end_of_size := raw.find(b"\r\n", at)) >= 0:
        length = int(raw[at:end_of_size].split(b";")[0], 16)
        if length == 0:
            break
        at = end_of_size + 2
        payload += raw[at : at + length]
        at += length + 2
    return bytes(payload)


class FullQueue:
    """A server that connections to are never made: its queue is full, and nobody accepts."""

    def __enter__(self):
        self._sockets = [socket.create_server(("127.0.0.1", 0), backlog=0)]
        self.port = self._sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        for _ in range(4):
            waiting = socket.socket()
            self._sockets.append(waiting)
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", self.port))
        self._own = self._connecting()
        return self

    def __exit__(self, *_):
        for each in self._sockets:
            each.close()

    def is_dialled(self):
        """Somebody else has begun to connect."""
        return bool(self._connecting() - self._own)

    def _connecting(self):
        with open("/proc/net/tcp") as table:
            rows = [line.split() for line in table]
        syn_sent = "02"
        return {row[1] for row in rows if row[3] == syn_sent and row[2] == f"0100007F:{self.port:04X}"}


class ScriptedUpstream:
    """A server of raw bytes. `answer(connection, request)` is called once for every request, on a thread of its own."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.closed_at = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self.url = f"http://{self.address}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while True:
                request = self._read_request(connection)
                if request is None:
                    return
                self.requests.append(request)
                self.answer(connection, request)
        except OSError:
            pass
        finally:
            self.closed_at.append(time.monotonic())
            connection.close()

    @staticmethod
    def _read_request(connection):
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                return None
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        named = {name.lower(): value for name, value in headers}
        body = read_body(connection, named, body)
        return {"line": lines[0], "headers": headers, "named": named, "body": body, "head": head}


def json_answer(connection, body, status="200 OK", headers=()):
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(payload)}", *headers]
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + payload)


def wait_closed(connection, seconds=5.0):
    """Seconds until the peer ends the connection."""
    began = time.monotonic()
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - began
