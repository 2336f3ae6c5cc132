"""Many at once: ten thousand open streams, bodies up to the memory bound, two tenants on a small capacity."""

import asyncio
import json
import resource

import httpx
import pytest

from support.gateway import Gateway, wait_until
from support.raw_http import chat_bytes, connect, read_response, read_to_end, read_until, request_bytes

STREAMS_WANTED = 10_000
DESCRIPTORS_BESIDE_STREAMS = 200


@pytest.fixture
def stream_count():
    """Ten thousand, or what the machine's descriptor limit leaves: the gateway needs two for every stream."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield min(STREAMS_WANTED, (hard - DESCRIPTORS_BESIDE_STREAMS) // 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def open_stream(address, request, turns):
    """The connection, after its first event has come."""
    host, port = address.rsplit(":", 1)
    async with turns:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        await reader.readuntil(b"data:")
    return reader, writer


def test_ten_thousand_streams_are_open_at_once_on_one_process(own, stream_count):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "60000", "--output-tokens", "3", "--threads", "2")
    gateway = own.gateway(upstream.url, environment={"OBLETH_GLOBAL_MAX_IN_FLIGHT": str(2 * stream_count)})
    tenant = gateway.create_tenant()
    request = chat_bytes(tenant.secret, stream=True)

    async def all_of_them():
        turns = asyncio.Semaphore(200)
        streams = await asyncio.gather(*(open_stream(gateway.address, request, turns) for _ in range(stream_count)))
        seen = (upstream.stats()["open"], gateway.live()["in_flight"])
        for _, writer in streams:
            writer.close()
        return seen

    assert asyncio.run(all_of_them()) == (stream_count, stream_count)
    wait_until(lambda: gateway.live()["in_flight"] == 0, seconds=60, what="the return of every permit")
    wait_until(lambda: upstream.stats()["open"] == 0, seconds=60, what="the end of every upstream request")
    # And it serves as before.
    answer = httpx.post(
        f"{gateway.base_url}/chat/completions",
        headers={**tenant.headers, "x-mock-token-ms": "1"},
        json={"model": "mock-model", "messages": []},
    )
    assert answer.status_code == 200


def test_idle_strangers_leave_descriptors_for_everybody_else(upstream, tmp_path):
    """More of them than the process may open files: who is known is served, and operators see what happens."""
    gateway = Gateway(tmp_path, upstream=upstream.url)
    gateway.command = ["prlimit", "--nofile=256:256", *gateway.command]
    with gateway:
        tenant = gateway.create_tenant()
        strangers = [connect(gateway.address) for _ in range(300)]
        # The first of them made room for those that came later.
        assert read_to_end(strangers[0]) == b""
        assert httpx.get(f"{gateway.url}/ready").status_code == 200
        # With a new connection to the upstream.
        answer = gateway.http.post("/v1/chat/completions", headers=tenant.headers, json={"model": "mock-model", "messages": []})
        assert answer.status_code == 200
        assert httpx.get(f"{gateway.admin_url}/health").status_code == 200
        told = [json.loads(line) for line in gateway.log_text().splitlines() if "limit of open files" in line]
        assert [(line["level"], line["set"], line["open_files"]) for line in told] == [("warn", 50_000, 256)]
        most = told[0]["connections_max"]
        assert 50 < most < 128
        assert open_connections(gateway) <= most
        for stranger in strangers:
            stranger.close()
        wait_until(lambda: open_connections(gateway) < 10, what="room for others")


def open_connections(gateway):
    series = 'obleth_connections{listener="data"} '
    return next(int(line.split()[-1]) for line in gateway.metrics().splitlines() if line.startswith(series))


def test_bodies_beyond_the_memory_bound_are_refused_and_the_memory_comes_back(own):
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "20", "--output-tokens", "1000")
    gateway = own.gateway(upstream.url, environment={"OBLETH_BODY_MEMORY_MAX": "16MiB"})
    tenant = gateway.create_tenant()
    gateway.put_capacity(1)
    running = connect(gateway.address)
    running.sendall(chat_bytes(tenant.secret, stream=True))
    read_until(running, b"data:")
    # One tenant holds at most an eighth: 2 MiB. One body of 1.5 MiB waits in the queue, a second has no room.
    large = json.dumps({"model": "mock-model", "messages": [], "stream": True, "x": "y" * (3 << 19)}).encode()
    waiting = connect(gateway.address)
    waiting.sendall(request_bytes("/v1/chat/completions", tenant.secret, large))
    wait_until(lambda: gateway.live()["queued"] == 1, what="the queue")
    refused = connect(gateway.address)
    refused.sendall(request_bytes("/v1/chat/completions", tenant.secret, large))
    status, headers, body = read_response(refused)
    assert (status, json.loads(body)["error"]["code"]) == (503, "overloaded")
    assert int(headers["retry-after"]) >= 1
    waiting.close()
    wait_until(lambda: gateway.live()["queued"] == 0, what="the empty queue")
    again = connect(gateway.address)
    again.sendall(request_bytes("/v1/chat/completions", tenant.secret, large))
    wait_until(lambda: gateway.live()["queued"] == 1, what="room for the next body")
