"""Who the client is: PROXY protocol and X-Forwarded-For, believed from trusted proxies and from nobody else.

The audit log says where a change came from; the throttle on 401s counts by the same address.
"""

import socket
import struct

import httpx
import pytest

from support.gateway import ADMIN_TOKEN
from support.raw_http import connect, read_response, request_bytes

V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
LOCAL = {"OBLETH_TRUSTED_PROXIES": "127.0.0.1/32,10.0.0.0/8"}


def v1(source):
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {'::1' if family == 'TCP6' else '10.0.0.1'} 5000 443\r\n".encode()


def v2(source, extra=b""):
    if ":" in source:
        payload = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, "::1")
        family = 0x21
    else:
        payload = socket.inet_aton(source) + socket.inet_aton("10.0.0.1")
        family = 0x11
    payload += struct.pack("!HH", 5000, 443) + extra
    return V2_SIGNATURE + bytes([0x21, family]) + struct.pack("!H", len(payload)) + payload


LOCAL_V2 = V2_SIGNATURE + bytes([0x20, 0x00]) + struct.pack("!H", 0)


def create_tenant_raw(gateway, name, before=b"", forwarded=()):
    """A change made over a raw connection to the Management API; its status, or None where it was cut."""
    connection = connect(gateway.admin_address)
    body = ('{"name":"%s"}' % name).encode()
    lines = [("X-Forwarded-For", each) for each in forwarded]
    try:
        connection.sendall(before + request_bytes("/api/v1/tenants", ADMIN_TOKEN, body, headers=lines))
        return read_response(connection)[0]
    except (AssertionError, OSError):
        return None
    finally:
        connection.close()


def audited_address(gateway, name):
    rows = gateway.admin.get("/audit", params={"limit": 50}).json()["data"]
    (row,) = [row for row in rows if row.get("target_name") == name or name in str(row.get("target"))]
    return row["remote_address"]


@pytest.fixture
def trusting(own, upstream):
    return own.gateway(upstream.url, environment=LOCAL)


@pytest.mark.parametrize(
    ("before", "forwarded", "told"),
    [
        (b"", [], "127.0.0.1"),
        (v1("203.0.113.7"), [], "203.0.113.7"),
        (v1("2001:db8::7"), [], "2001:db8::7"),
        (v2("203.0.113.8"), [], "203.0.113.8"),
        (v2("2001:db8::8"), [], "2001:db8::8"),
        (v2("203.0.113.9", extra=b"\x04\x00\x03abc"), [], "203.0.113.9"),
        (LOCAL_V2, [], "127.0.0.1"),
        (b"PROXY UNKNOWN\r\n", [], "127.0.0.1"),
        (b"", ["203.0.113.1"], "203.0.113.1"),
        (b"", ["198.51.100.1, 203.0.113.2"], "203.0.113.2"),
        (b"", ["198.51.100.1", "203.0.113.3"], "203.0.113.3"),
        (b"", ["203.0.113.4, 10.1.2.3"], "203.0.113.4"),
        (b"", ["not-an-address"], "127.0.0.1"),
        # The proxy in front says who connected to it; what that client claims is not believed.
        (v1("203.0.113.7"), ["198.51.100.9"], "203.0.113.7"),
        (v1("10.7.7.7"), ["203.0.113.5"], "203.0.113.5"),
    ],
)
def test_a_trusted_proxy_says_who_the_client_is(trusting, before, forwarded, told):
    assert create_tenant_raw(trusting, "one", before, forwarded) == 201
    assert audited_address(trusting, "one") == told


def test_nobody_else_is_believed(own, upstream):
    gateway = own.gateway(upstream.url)
    assert create_tenant_raw(gateway, "by-header", forwarded=["203.0.113.1"]) == 201
    assert audited_address(gateway, "by-header") == "127.0.0.1"
    for before in (v1("203.0.113.7"), v2("203.0.113.7")):
        assert create_tenant_raw(gateway, "by-protocol", before) in (400, None)
    assert gateway.admin.get("/tenants", params={"name": "by-protocol"}).json()["data"] == []


@pytest.mark.parametrize(
    "line",
    [b"PROXY TCP4 203.0.113.7\r\n", b"PROXY TCP9 a b c d\r\n", b"PROXY " + b"x" * 200, V2_SIGNATURE + b"\x31\x11\x00\x0c" + b"a" * 12],
)
def test_a_broken_announcement_ends_the_connection(trusting, line):
    assert create_tenant_raw(trusting, "one", line) is None
    assert trusting.is_ready()


def test_an_announcement_in_pieces_is_understood(trusting):
    for announcement in (v1("203.0.113.7"), v2("203.0.113.7")):
        connection = connect(trusting.address)
        for at in range(len(announcement)):
            connection.sendall(announcement[at : at + 1])
        connection.sendall(request_bytes("/health", method="GET"))
        assert read_response(connection)[0] == 200
        connection.close()


def test_401s_are_throttled_for_each_client_and_never_for_a_known_key(own, upstream):
    gateway = own.gateway(upstream.url, environment={**LOCAL, "OBLETH_FAILED_KEYS_PER_MINUTE": "20"})
    tenant = gateway.create_tenant()
    wrong = {"Authorization": "Bearer sk_" + "0" * 48}

    def ask(headers, client):
        return gateway.http.get("/v1/models", headers={**headers, "X-Forwarded-For": client})

    assert ask(tenant.headers, "203.0.113.1").status_code == 200
    statuses = [ask(wrong, "203.0.113.1").status_code for _ in range(30)]
    assert statuses[:20] == [401] * 20
    assert statuses[-1] == 429
    throttled = ask(wrong, "203.0.113.1")
    assert throttled.json()["error"]["code"] == "rate_limit_exceeded"
    assert int(throttled.headers["retry-after"]) >= 1
    # The same address with a good key, another address with a bad one, and the proxy itself.
    assert all(ask(tenant.headers, "203.0.113.1").status_code == 200 for _ in range(20))
    assert ask(wrong, "203.0.113.2").status_code == 401
    assert all(httpx.get(f"{gateway.base_url}/models", headers=wrong).status_code == 401 for _ in range(40))
    assert "obleth_failed_keys_throttled_total" in gateway.metrics()
