"""Real MCP clients and servers: what they see is the same, directly and through the gateway."""

import asyncio
import json
import re

import httpx2
import mcp
import pytest
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from support import mcp_servers
from support.gateway import wait_until
from support.mcp_servers import REFERENCE
from support.scripted_mcp import ScriptedMcp, answer_of

SECONDS_MAX = 60


@pytest.fixture(scope="session")
def everything():
    with mcp_servers.everything() as server:
        yield server


@pytest.fixture(scope="session")
def older():
    with mcp_servers.everything_sse() as server:
        yield server


@pytest.fixture
def register(gateway):
    made = []

    def put(name, url, **fields):
        gateway.admin.post("/mcp-servers", json={"name": name, "upstream_url": url, **fields}).raise_for_status()
        made.append(name)
        return f"{gateway.url}/mcp/{name}"

    yield put
    for name in made:
        gateway.admin.delete(f"/mcp-servers/{name}").raise_for_status()


def test_the_typescript_sdk_sees_the_same_through_the_gateway(everything, tenant, register):
    direct = mcp_servers.check(everything.url)
    assert len(direct["progress"]) == 4 and direct["news"] and direct["ended"]
    assert "sampled: 1" in json.dumps(direct["sampling"])
    assert mcp_servers.check(register("everything", everything.url), tenant.secret) == direct


@pytest.mark.parametrize("registered, path", [("/sse", ""), ("", "/sse")])
def test_the_older_transport_sees_the_same_through_the_gateway(older, tenant, register, registered, path):
    direct = mcp_servers.check(older.url, transport="sse")
    url = register("older", older.base + registered)
    assert mcp_servers.check(url + path, tenant.secret, "sse") == direct


def test_a_probe_speaks_both_transports(gateway, everything, older, register):
    register("everything", everything.url)
    register("older", older.url)
    for name, transport in (("everything", "streamable_http"), ("older", "sse")):
        told = gateway.admin.post(f"/mcp-servers/{name}/probe").raise_for_status().json()
        assert (told["transport"], told["error"]) == (transport, None)
        assert "echo" in [tool["name"] for tool in told["tools"]]


async def story_of(transport, progress):
    """What a user of the Python SDK sees."""
    seen = {}

    async def note(*step):
        progress.append(step)

    async with mcp.Client(transport, read_timeout_seconds=SECONDS_MAX) as client:
        seen["tools"] = [tool.model_dump() for tool in (await client.list_tools()).tools]
        seen["echo"] = (await client.call_tool("echo", {"message": "käse 🧀"})).model_dump()
        seen["sum"] = (await client.call_tool("get-sum", {"a": 2, "b": 3})).model_dump()
        seen["long"] = (
            await client.call_tool("trigger-long-running-operation", {"duration": 1, "steps": 2}, progress_callback=note)
        ).model_dump()
        seen["prompts"] = [prompt.name for prompt in (await client.list_prompts()).prompts]
        resources = (await client.list_resources()).resources
        seen["resource"] = (await client.read_resource(resources[0].uri)).model_dump()
    return seen


def python_story(url, key=None):
    progress = []

    async def run():
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with httpx2.AsyncClient(headers=headers, timeout=SECONDS_MAX) as http:
            return await story_of(streamable_http_client(url, http_client=http), progress)

    return asyncio.run(run()), progress


def test_the_python_sdk_sees_the_same_through_the_gateway(everything, tenant, register):
    direct = python_story(everything.url)
    assert len(direct[1]) == 2
    assert python_story(register("everything", everything.url), tenant.secret) == direct


def test_a_call_of_the_python_sdk_is_ok_where_the_server_holds_its_stream_open(gateway, tenant, register):
    def behave(asked):
        if asked.method != "POST" or asked.message.get("id") is None:
            return asked.reply(202 if asked.method == "POST" else 405)
        asked.begin_stream()
        asked.send(f"event: message\ndata: {json.dumps(answer_of(asked.message))}\n\n")
        asked.is_gone()

    async def run(url):
        async with httpx2.AsyncClient(headers=tenant.headers, timeout=SECONDS_MAX) as http:
            async with streamable_http_client(url, http_client=http) as streams:
                async with mcp.ClientSession(streams[0], streams[1]) as session:
                    await session.initialize()
                    for _ in range(5):
                        await session.call_tool("echo", {})

    with ScriptedMcp(behave) as server:
        asyncio.run(run(register("held", server.url)))

        def calls():
            rows = gateway.admin.get("/usage/requests", params={"tenant": tenant.id}).json()["data"]
            found = [(row["status"], row["error_code"]) for row in rows if row["mcp_method"] == "tools/call"]
            return found if len(found) == 5 else None

        assert wait_until(calls, SECONDS_MAX, "the calls' rows") == [(200, None)] * 5


def test_the_python_sdk_speaks_the_older_transport_too(older, tenant, register):
    url = register("older", older.url)
    seen = asyncio.run(story_of(sse_client(url, headers=tenant.headers), []))
    assert seen["sum"]["content"][0]["text"].endswith("5.")


def test_a_denied_tool_is_an_error_that_sdks_understand(gateway, everything, register):
    tenant = gateway.create_tenant()
    access = [{"tenant": tenant.record["name"], "tools": ["echo", "get-*"]}]

    async def try_it(transport):
        async with mcp.Client(transport, read_timeout_seconds=SECONDS_MAX) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            with pytest.raises(mcp.MCPError) as denied:
                await client.call_tool("trigger-long-running-operation", {"duration": 1})
            echoed = await client.call_tool("echo", {"message": "still here"})
            return names, denied.value.error.code, echoed.content[0].text

    async def run(url):
        async with httpx2.AsyncClient(headers=tenant.headers, timeout=SECONDS_MAX) as http:
            return await try_it(streamable_http_client(url, http_client=http))

    names, code, echoed = asyncio.run(run(register("everything", everything.url, access=access)))
    assert set(names) and all(name == "echo" or name.startswith("get-") for name in names)
    assert (code, echoed) == (-32602, "Echo: still here")
    audit = gateway.admin.get("/audit", params={"action": "mcp.denied"}).json()["data"]
    assert audit[0]["target_name"] == "everything/trigger-long-running-operation"


def test_a_denied_tool_is_an_error_on_the_older_transports_stream(gateway, older, register):
    tenant = gateway.create_tenant()
    url = register("older", older.url, access=[{"tools": ["echo"]}])

    async def run():
        transport = sse_client(url, headers=tenant.headers)
        async with mcp.Client(transport, read_timeout_seconds=SECONDS_MAX) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            denied = await client.call_tool("get-env", {})
            echoed = await client.call_tool("echo", {"message": "still here"})
            return names, denied, echoed.content[0].text

    names, denied, echoed = asyncio.run(run())
    assert (names, echoed) == (["echo"], "Echo: still here")
    assert denied.is_error and "not available to this key" in denied.content[0].text


def test_files_are_listed_and_read(tenant, register, tmp_path):
    (tmp_path / "note.txt").write_text("written by the test")

    async def read(url):
        async with httpx2.AsyncClient(headers=tenant.headers, timeout=SECONDS_MAX) as http:
            async with mcp.Client(streamable_http_client(url, http_client=http), read_timeout_seconds=SECONDS_MAX) as client:
                listed = await client.call_tool("list_directory", {"path": str(tmp_path)})
                content = await client.call_tool("read_text_file", {"path": str(tmp_path / "note.txt")})
                return listed.content[0].text, content.content[0].text

    with mcp_servers.filesystem(tmp_path) as server:
        listed, content = asyncio.run(read(register("files", server.url)))
    assert "note.txt" in listed
    assert content == "written by the test"


def test_the_inspectors_command_line_lists_and_calls(everything, tenant, register):
    url = register("everything", everything.url)
    inspector = [REFERENCE / "inspector/clients/launcher/build/index.js", "--cli", url, "--transport", "http"]
    inspector += ["--header", f"Authorization: Bearer {tenant.secret}"]
    listed = mcp_servers.run_node(*inspector, "--method", "tools/list")
    assert '"echo"' in listed.stdout, listed.stderr
    called = mcp_servers.run_node(
        *inspector, "--method", "tools/call", "--tool-name", "echo", "--tool-arg", "message=inspected"
    )
    assert "Echo: inspected" in called.stdout, called.stderr


def conformance(url, key=None):
    """{scenario: its checks' outcomes}: what the suite says of a server."""
    ended = mcp_servers.run_node(REFERENCE / "conformance/dist/index.js", "server", "--url", url, key=key)
    found = re.findall(r"^[✓✗] (\S+): (\d+ passed, \d+ failed)", ended.stdout, re.MULTILINE)
    assert len(found) >= 25, ended.stdout[-2000:] + ended.stderr
    return dict(found)


def test_the_conformance_suite_says_the_same_through_the_gateway(everything, tenant, register):
    direct = conformance(everything.url)
    through = conformance(register("everything", everything.url), tenant.secret)
    assert direct["server-initialize"] == "1 passed, 0 failed"
    # The gateway refuses what the reference server lets through: pages of other origins.
    assert direct.pop("dns-rebinding-protection") == "1 passed, 1 failed"
    assert through.pop("dns-rebinding-protection") == "2 passed, 0 failed"
    assert through == direct


def test_a_server_that_dies_in_mid_call_ends_the_call_where_it_cannot_be_resumed(gateway, tenant, register):
    """Its events have ids: the client asks for the rest, and is told that nobody is there."""

    async def run(url, server):
        async with httpx2.AsyncClient(headers=tenant.headers, timeout=SECONDS_MAX) as http:
            async with mcp.Client(streamable_http_client(url, http_client=http), read_timeout_seconds=SECONDS_MAX) as client:

                async def kill_at_first_step(*_):
                    server.kill()

                with pytest.raises(mcp.MCPError) as broken:
                    await client.call_tool(
                        "trigger-long-running-operation",
                        {"duration": 60, "steps": 600},
                        progress_callback=kill_at_first_step,
                    )
                return broken.value.error

    with mcp_servers.everything() as server:
        url = register("mortal", server.url)
        error = asyncio.run(run(url, server))
    assert error.code == -32000
    rows = wait_until(
        lambda: [
            row
            for row in gateway.admin.get("/usage/requests", params={"tenant": tenant.id}).json()["data"]
            if row["mcp_method"] == "tools/call"
        ],
        SECONDS_MAX,
        "the row of the call",
    )
    assert [row["error_code"] for row in rows] == ["stream_interrupted"]


def test_a_stream_of_news_survives_the_calls_beside_it(gateway, everything, tenant, register):
    url = register("everything", everything.url)
    seen = asyncio.run(news_of(url, tenant))
    assert len(seen) >= 1
    row = wait_until(
        lambda: [
            row
            for row in gateway.admin.get("/usage/requests", params={"tenant": tenant.id}).json()["data"]
            if row["mcp_method"] == "GET"
        ],
        SECONDS_MAX,
        "the stream's row",
    )[0]
    assert row["session_id"] and len(row["session_id"]) == 32


async def news_of(url, tenant):
    """Simulated log messages arrive on the stream that stays open, while calls come and go."""
    seen = []
    enough = asyncio.Event()

    async def note(message):
        seen.append(message)
        enough.set()

    async with httpx2.AsyncClient(headers=tenant.headers, timeout=SECONDS_MAX) as http:
        transport = streamable_http_client(url, http_client=http)
        async with mcp.Client(transport, read_timeout_seconds=SECONDS_MAX, logging_callback=note) as client:
            await client.call_tool("toggle-simulated-logging", {})
            for number in range(20):
                await client.call_tool("echo", {"message": str(number)})
            await asyncio.wait_for(enough.wait(), SECONDS_MAX)
    return seen
