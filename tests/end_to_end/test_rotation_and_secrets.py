"""Secrets: two live at a time while one is rotated, and none of them is ever seen again."""

import json
import pathlib
import re
import resource

import httpx
import pytest

from support.gateway import ADMIN_TOKEN, wait_until
from support.raw_http import ScriptedUpstream, json_answer

ASK = {"model": "mock-model", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
FIRST, SECOND = "0a" * 32, "0b" * 32


def asked(gateway, secret):
    return gateway.http.post("/v1/chat/completions", headers={"Authorization": f"Bearer {secret}"}, json=ASK).status_code


def restarted(own, gateway, upstream, **environment):
    assert gateway.stop() == 0
    return own.gateway(upstream.url, folder=gateway.folder, environment=environment)


def test_the_encryption_key_is_rotated_and_the_former_one_dropped(own):
    seen = []

    def answer(connection, request):
        seen.append(request["named"].get("authorization"))
        json_answer(connection, {"choices": []})

    with ScriptedUpstream(answer) as upstream:
        gateway = own.gateway(upstream.url, environment={"OBLETH_ENCRYPTION_KEY": FIRST})
        gateway.create_model(model_name="locked", api_base=upstream.url, api_key="upstream-credential")
        secret = gateway.create_tenant().secret
        steps = [
            {"OBLETH_ENCRYPTION_KEY": SECOND, "OBLETH_ENCRYPTION_KEY_FORMER": FIRST},
            {"OBLETH_ENCRYPTION_KEY": SECOND},
        ]
        for environment in steps:
            gateway = restarted(own, gateway, upstream, **environment)
            gateway.http.post(
                "/v1/chat/completions", headers={"Authorization": f"Bearer {secret}"}, json={**ASK, "model": "locked"}
            )
    assert [each for each in seen if each] == ["Bearer upstream-credential"] * 2


def test_a_key_that_no_longer_opens_stops_the_start_and_is_named(own, upstream):
    gateway = own.gateway(upstream.url, environment={"OBLETH_ENCRYPTION_KEY": FIRST})
    gateway.create_model(model_name="locked", api_base=upstream.url, api_key="upstream-credential")
    assert gateway.stop() == 0
    with pytest.raises(RuntimeError) as ended:
        own.gateway(upstream.url, folder=gateway.folder, environment={"OBLETH_ENCRYPTION_KEY": SECOND})
    assert "OBLETH_ENCRYPTION_KEY" in str(ended.value)
    assert "upstream-credential" not in str(ended.value)


def test_the_pepper_is_rotated_and_the_former_one_dropped(own, upstream):
    gateway = own.gateway(upstream.url)
    used, unused = gateway.create_tenant().secret, gateway.create_tenant().secret
    # From no pepper to a first one: the former one is set and empty, or "none".
    gateway = restarted(own, gateway, upstream, OBLETH_API_KEY_PEPPER="first", OBLETH_API_KEY_PEPPER_FORMER="none")
    assert asked(gateway, used) == 200
    fresh = gateway.create_tenant().secret
    assert asked(gateway, fresh) == 200
    gateway = restarted(own, gateway, upstream, OBLETH_API_KEY_PEPPER="first")
    assert [asked(gateway, each) for each in (used, fresh)] == [200, 200]
    # What was not used meanwhile is still under no pepper.
    assert asked(gateway, unused) == 401
    gateway = restarted(own, gateway, upstream, OBLETH_API_KEY_PEPPER="second", OBLETH_API_KEY_PEPPER_FORMER="first")
    assert asked(gateway, used) == 200
    gateway = restarted(own, gateway, upstream, OBLETH_API_KEY_PEPPER="second")
    assert asked(gateway, used) == 200
    assert asked(gateway, fresh) == 401


def test_a_rotated_key_has_two_secrets_until_its_grace_ends(gateway, tenant):
    rotated = gateway.admin.post(f"/keys/{tenant.key['id']}/rotate", json={"grace_secs": 2}).raise_for_status().json()
    assert [asked(gateway, tenant.secret), asked(gateway, rotated["secret"])] == [200, 200]
    wait_until(lambda: asked(gateway, tenant.secret) == 401, what="the end of the grace")
    assert asked(gateway, rotated["secret"]) == 200


def test_an_admin_token_is_rotated(gateway):
    made = gateway.admin.post("/admin-tokens", json={"name": "second", "role": "admin"}).raise_for_status().json()
    url, headers = f"{gateway.admin_url}/api/v1/tenants", {"Authorization": f"Bearer {made['secret']}"}
    assert httpx.get(url, headers=headers).status_code == 200
    gateway.admin.delete(f"/admin-tokens/{made['admin_token']['id']}").raise_for_status()
    assert httpx.get(url, headers=headers).status_code == 401


def everything_told(gateway, tenant):
    """What the gateway says of itself, page by page."""
    pages = {"log": gateway.log_text(), "metrics": gateway.metrics(), "stdout": "\n".join(gateway.lines)}
    paths = "/tenants /keys /models /mcp-servers /admin-tokens /settings /audit?limit=500 /export /status /capacity /usage/requests /usage/export.csv"
    for path in [*paths.split(), "/fairshare/live", f"/tenants/{tenant.id}/keys"]:
        answer = gateway.admin.get(path)
        assert answer.status_code == 200, (path, answer.text)
        pages[path] = answer.text
    for path in ("/health", "/ready", "/version", "/api/v1/openapi.json"):
        pages[path] = httpx.get(f"{gateway.admin_url}{path}").text
    pages["ready"] = gateway.http.get("/ready").text
    for file in pathlib.Path(gateway.folder, "data").rglob("*"):
        if file.is_file():
            pages[file.name] = file.read_bytes().decode("latin-1")
    return pages


def test_planted_secrets_are_nowhere(own):
    """Every secret that goes in is searched for in everything that comes out, the files on disk included."""
    prompt, output = "planted-prompt-text", "planted-answer-text"

    def answer(connection, request):
        if b"fail" in request["body"]:
            json_answer(connection, {"error": {"message": "bad key"}}, status="401 Unauthorized")
        else:
            json_answer(connection, {"choices": [{"message": {"content": output}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})

    planted = {
        "model key": "planted-model-key",
        "endpoint key": "planted-endpoint-key",
        "upstream header": "planted-header-value",
        "MCP header": "planted-auth-header",
        "pepper": "planted-pepper-value",
        "encryption key": "c0ffee" + "42" * 29,
        "admin token": ADMIN_TOKEN,
        "prompt": prompt,
        "answer": output,
        "query": "planted-query-value",
        "header": "planted-client-header",
        "body": "planted-broken-body",
        "wrong key": "sk_" + "9" * 48,
    }
    with ScriptedUpstream(answer) as upstream:
        gateway = own.gateway(
            upstream.url,
            environment={
                "OBLETH_ENCRYPTION_KEY": planted["encryption key"],
                "OBLETH_API_KEY_PEPPER": planted["pepper"],
                "OBLETH_LOG_LEVEL": "debug",
                "OBLETH_LOG": "json",
            },
        )
        tenant = gateway.create_tenant()
        model = gateway.create_model(
            model_name="locked",
            api_base=upstream.url,
            api_key=planted["model key"],
            upstream_headers={"x-team": planted["upstream header"]},
        )
        gateway.admin.post(
            f"/models/{model['id']}/endpoints", json={"api_base": upstream.url, "api_key": planted["endpoint key"]}
        ).raise_for_status()
        gateway.admin.post(
            "/mcp-servers",
            json={"name": "tools", "upstream_url": upstream.url, "auth_header": planted["MCP header"]},
        ).raise_for_status()
        token = gateway.admin.post("/admin-tokens", json={"name": "extra", "role": "viewer"}).raise_for_status().json()
        rotated = gateway.admin.post(f"/keys/{tenant.key['id']}/rotate", json={}).raise_for_status().json()
        planted |= {"secret": tenant.secret, "rotated secret": rotated["secret"], "admin token 2": token["secret"]}

        errors = []
        ask = {"model": "locked", "messages": [{"role": "user", "content": prompt}]}
        for headers, body in (
            (tenant.headers, json.dumps(ask)),
            (tenant.headers, json.dumps({**ask, "fail": 1})),
            ({"Authorization": f"Bearer {planted['wrong key']}"}, json.dumps(ask)),
            ({"x-api-key": tenant.secret[:-1]}, json.dumps(ask)),
            ({**tenant.headers, "x-request-id": tenant.secret, "User-Agent": tenant.secret}, json.dumps(ask)),
            (tenant.headers, '{"model": "locked", "messages": "' + planted["body"]),
            (tenant.headers, json.dumps({**ask, "model": planted["body"], "max_tokens": planted["body"]})),
        ):
            reply = gateway.http.post(
                f"/v1/chat/completions?q={planted['query']}",
                headers={**headers, "x-note": planted["header"], "Content-Type": "application/json"},
                content=body,
            )
            if reply.status_code != 200:
                errors.append(str(reply.headers) + reply.text)
        wrong = {"Authorization": f"Bearer {planted['wrong key']}"}
        errors.append(httpx.get(f"{gateway.admin_url}/api/v1/tenants", headers=wrong).text)
        errors.append(gateway.admin.post("/models", json={"model_name": "x", "api_key": planted["model key"], "no": 1}).text)
        assert len(errors) == 7
        gateway.http.get(f"/{planted['query']}", headers=tenant.headers)
        for secret in (tenant.secret, token["secret"]):
            misnamed = {"headers": tenant.headers, "json": {**ask, "model": secret, "input": "x"}}
            errors.append(gateway.http.post("/v1/chat/completions", **misnamed).text)
            for path in ("/v1/embeddings", "/v1/responses"):
                assert gateway.http.post(path, **misnamed).status_code == 200
            form = {"data": {"model": f"a {secret}"}, "files": {"file": b"sound"}}
            assert gateway.http.post("/v1/audio/transcriptions", headers=tenant.headers, **form).status_code == 200
        rows = lambda: gateway.admin.get("/usage/requests").text
        wait_until(lambda: rows().count('"upstream_model":"(a key)"') == 6, what="their rows in the ledger")
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tenant.secret}}
        gateway.http.post("/mcp/tools", headers=tenant.headers, json=call)
        wait_until(lambda: "(a key)" in gateway.admin.get("/audit").text, what="the call in the audit log")
        wait_until(lambda: gateway.log_text().count('"path"') or "locked" in gateway.log_text(), what="the log")

        pages = {**everything_told(gateway, tenant), "errors": "\n".join(errors)}
        found = [(name, page) for page, text in pages.items() for name, secret in planted.items() if secret in text]
        # The upstream's own words pass through to the client, and to nobody else.
        assert found == []
        assert re.search(r'"api_key_set": ?true', pages["/models"])


def core_size_max(gateway):
    """The hard limit of its core dumps: the soft one is taken down by the sanitizers themselves."""
    limits = pathlib.Path(f"/proc/{gateway.pid}/limits").read_text()
    return re.search(r"^Max core file size +\S+ +(\S+)", limits, re.MULTILINE).group(1)


def test_core_dumps_are_off_unless_they_are_asked_for(own, upstream):
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    inherited = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
    assert core_size_max(own.gateway(upstream.url)) == "0"
    assert core_size_max(own.gateway(upstream.url, arguments=["--core-dumps"])) == inherited
    assert core_size_max(own.gateway(upstream.url, environment={"OBLETH_CORE_DUMPS": "true"})) == inherited
