"""What a budget has spent survives whatever ends the process."""

import signal

import httpx

from support.gateway import ADMIN_TOKEN, Gateway

WORDS = {"x-mock-prompt-tokens": "10", "x-mock-output-tokens": "100", "x-mock-token-ms": "0"}


def ask(gateway, secret):
    body = {"model": "mock-model", "max_tokens": 100, "messages": []}
    headers = {"Authorization": f"Bearer {secret}", **WORDS}
    return httpx.post(f"{gateway.base_url}/chat/completions", headers=headers, json=body, timeout=30)


def used_by(gateway, tenant):
    budget = gateway.admin.get(f"/tenants/{tenant.id}").raise_for_status().json()["budget"]
    key = gateway.admin.get(f"/keys/{tenant.key['id']}").raise_for_status().json()["budget"]
    assert key["used"] == budget["used"]
    assert budget["held"] == key["held"] == {"tokens": 0, "cost_usd": "0.00"}
    return budget["used"]["tokens"]


def test_spending_is_right_after_every_kind_of_end(tmp_path, upstream):
    tenant, answered = None, 0
    for end in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
        gateway = Gateway(tmp_path / "gateway", upstream=upstream.url).start()
        try:
            if tenant is None:
                budget = {"period": "month", "tokens": 1450, "cost_usd": "5"}
                tenant = gateway.create_tenant(key={"budget": budget}, budget=budget, brownout="never")
            assert used_by(gateway, tenant) == answered * 110
            for _ in range(4):
                answered += ask(gateway, tenant.secret).status_code == 200
            assert used_by(gateway, tenant) == answered * 110
            gateway.signal(end)
            gateway.wait()
        finally:
            gateway.kill()
    # Thirteen fit into it, however often the process ended in between.
    assert answered == 13


def test_a_budget_that_is_set_later_knows_what_was_spent_before_the_restart_and_since(tmp_path, upstream):
    gateway = Gateway(tmp_path / "gateway", upstream=upstream.url).start()
    try:
        tenant = gateway.create_tenant()
        assert ask(gateway, tenant.secret).status_code == 200
        gateway.kill()
        gateway = Gateway(tmp_path / "gateway", upstream=upstream.url).start()
        assert ask(gateway, tenant.secret).status_code == 200
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        path = f"{gateway.admin_url}/api/v1/tenants/{tenant.id}"
        budget = {"period": "day", "tokens": 300}
        made = httpx.patch(path, headers=headers, json={"budget": budget, "brownout": "never"}).raise_for_status()
        assert made.json()["budget"]["used"]["tokens"] == 220
        refused = ask(gateway, tenant.secret)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "insufficient_quota")
    finally:
        gateway.kill()
