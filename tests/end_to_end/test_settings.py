"""`/settings`: what is in force and where it came from, and what changes without a restart."""

import signal

import httpx

from support.gateway import wait_until

TWICE = {"model": "mock-model", "messages": [], "max_tokens": 1, "n": 2}


def told(gateway, name):
    rows = gateway.admin.get("/settings").raise_for_status().json()["data"]
    return next((row["value"], row["source"]) for row in rows if row["name"] == name)


def change(gateway, **values):
    return gateway.admin.patch("/settings", json=values)


def test_a_setting_tells_its_value_and_its_source(own, upstream, tmp_path):
    file = tmp_path / "obleth.toml"
    file.write_text('n_max = 4\nlog_level = "warn"\n')
    environment = {"OBLETH_QUEUE_MAX": "20000"}
    gateway = own.gateway(upstream.url, environment=environment, arguments=["--config", str(file), "--body-max=1MiB"])
    assert told(gateway, "n_max") == ("4", "file")
    assert told(gateway, "queue_max") == ("20000", "environment")
    assert told(gateway, "body_max") == ("1MiB", "flag")
    assert told(gateway, "key_fresh") == ("5m", "default")
    assert told(gateway, "admin_token") == ("***", "environment")
    change(gateway, log_level="debug").raise_for_status()
    assert told(gateway, "log_level") == ("debug", "api")
    # What is read again does not win over what was stored, and is there when that is taken back.
    file.write_text('log_level = "error"\n')
    gateway.signal(signal.SIGHUP)
    change(gateway, log_level=None).raise_for_status()
    wait_until(lambda: told(gateway, "log_level") == ("error", "file"), what="the file's value")


def ask(gateway, tenant, **fields):
    body = {"model": "mock-model", "messages": [], "max_tokens": 1, **fields}
    return gateway.http.post("/v1/chat/completions", headers=tenant.headers, json=body)


def allows_origin(gateway, origin):
    answer = gateway.http.get("/health", headers={"Origin": origin})
    return answer.headers.get("access-control-allow-origin") == origin


def test_the_next_request_obeys_a_change_at_every_replica(start_pair):
    one, two = start_pair(OBLETH_N_MAX="2")
    tenant = one.create_tenant()
    assert ask(one, tenant, n=3).status_code == 400
    change(one, n_max=3).raise_for_status()
    assert ask(one, tenant, n=3).status_code == 200
    wait_until(lambda: ask(two, tenant, n=3).status_code == 200, what="the other replica")
    assert told(two, "n_max") == ("3", "api")
    change(two, cors_origins="https://a.example").raise_for_status()
    assert allows_origin(two, "https://a.example")
    wait_until(lambda: allows_origin(one, "https://a.example"), what="the other replica")
    # null goes back to what each was started with.
    change(two, n_max=None, cors_origins=None).raise_for_status()
    assert told(two, "n_max") == ("2", "environment")
    assert ask(two, tenant, n=3).status_code == 400
    assert not allows_origin(two, "https://a.example")
    wait_until(lambda: ask(one, tenant, n=3).status_code == 400, what="the other replica")


def test_every_thread_obeys_a_change_that_was_answered(own, upstream):
    gateway = own.gateway(upstream.url, environment={"OBLETH_THREADS": "4"})
    tenant = gateway.create_tenant()
    for n_max in (1, 2, 1, 2):
        change(gateway, n_max=n_max).raise_for_status()
        # A connection each: they are spread over the threads.
        url = f"{gateway.base_url}/chat/completions"
        answers = [httpx.post(url, headers=tenant.headers, json=TWICE) for _ in range(16)]
        assert {answer.status_code for answer in answers} == {200 if n_max == 2 else 400}


def test_what_was_stored_outlives_a_restart(own, upstream):
    gateway = own.gateway(upstream.url)
    tenant = gateway.create_tenant()
    change(gateway, n_max=1, brownout_wait_ms=7000).raise_for_status()
    assert gateway.stop() == 0
    gateway = own.gateway(upstream.url, folder=gateway.folder)
    assert told(gateway, "n_max") == ("1", "api")
    assert told(gateway, "brownout_wait_ms") == ("7s", "api")
    assert ask(gateway, tenant, n=2).status_code == 400


def test_a_value_out_of_bounds_is_refused_with_the_reason_and_changes_nothing(gateway):
    before = gateway.admin.get("/settings").json()
    refused = change(gateway, n_max=0, queue_max=7, brownout_wait_ms="soon", listen="127.0.0.1:1", tls_cert="x")
    assert refused.status_code == 400
    for part in ("1 to 1024", "1ms to 1h", "listen", "tls_cert", "at the start"):
        assert part in refused.text
    assert gateway.admin.get("/settings").json() == before


def test_lists_and_the_default_upstream_are_looked_at_before_they_are_stored(gateway):
    refused = {
        "strip_headers": ["x a, ü", "x-a\r\ny"],
        "cors_origins": ["nonsense", "https://a.example/path"],
        "passthrough_allow": ["no-slash"],
        "upstream_base_url": ["http://169.254.169.254/v1", "http://2852039166", "http://[fe80::1]"],
    }
    for name, values in refused.items():
        for value in values:
            answer = change(gateway, **{name: value})
            assert answer.status_code == 400 and name in answer.text, (name, value)


def test_an_origin_is_kept_as_browsers_send_it(own, upstream):
    gateway = own.gateway(upstream.url)
    change(gateway, cors_origins="https://A.example/, http://b.example:80").raise_for_status()
    assert told(gateway, "cors_origins") == ("https://a.example,http://b.example", "api")
    assert allows_origin(gateway, "https://a.example")


def test_a_body_may_be_larger_than_at_the_start(own, upstream):
    gateway = own.gateway(upstream.url, arguments=["--body-max=1KiB"])
    tenant = gateway.create_tenant()
    long = [{"role": "user", "content": "word " * 2000}]
    assert ask(gateway, tenant, messages=long).status_code == 413
    change(gateway, body_max="64KiB").raise_for_status()
    assert ask(gateway, tenant, messages=long).status_code == 200
    change(gateway, body_max=100).raise_for_status()
    assert ask(gateway, tenant, messages=long).status_code == 413


def test_wrong_keys_are_throttled_at_another_rate(own, upstream):
    gateway = own.gateway(upstream.url)

    def guess(number):
        headers = {"Authorization": f"Bearer sk_{number:048}"}
        return gateway.http.post("/v1/chat/completions", headers=headers, json={}).status_code

    assert [guess(number) for number in range(3)] == [401] * 3
    change(gateway, failed_keys_per_minute=1).raise_for_status()
    assert 429 in [guess(number) for number in range(3, 6)]


def test_the_exit_obeys_what_was_changed_while_it_ran(own, upstream):
    gateway = own.gateway(upstream.url, environment={"OBLETH_DRAIN_NOTICE": "1h", "OBLETH_SHUTDOWN_GRACE": "1h"})
    change(gateway, drain_notice="0", shutdown_grace="1s").raise_for_status()
    assert gateway.stop() == 0
