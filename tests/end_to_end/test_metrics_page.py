"""The metrics page: what Prometheus reads, in both of its formats, under the names that dashboards rely on."""

import re
import subprocess

import httpx
import pytest

from support import stores
from support.gateway import wait_until

ASK = {"model": "mock-model", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 3}
# Fed by a gateway on one machine, as name: (type, labels).
FED = {
    "obleth_requests_total": ("counter", {"model", "route", "status_class", "admission"}),
    "obleth_tenant_requests_total": ("counter", {"tenant", "status_class"}),
    "obleth_request_duration_seconds": ("histogram", {"model", "admission"}),
    "obleth_time_to_first_token_seconds": ("histogram", {"model", "admission"}),
    "obleth_queue_wait_seconds": ("histogram", {"model", "admission"}),
    "obleth_overhead_seconds": ("histogram", {"route"}),
    "obleth_tokens_total": ("counter", {"model", "type"}),
    "obleth_tenant_tokens_total": ("counter", {"tenant", "type"}),
    "obleth_cost_dollars_total": ("counter", {"tenant"}),
    "obleth_gpu_seconds_total": ("counter", {"tenant"}),
    "obleth_capacity_slots": ("gauge", set()),
    "obleth_in_flight": ("gauge", {"model"}),
    "obleth_queued": ("gauge", {"model"}),
    "obleth_fairshare_entitled_ratio": ("gauge", {"tenant"}),
    "obleth_fairshare_received_ratio": ("gauge", {"tenant"}),
    "obleth_fairshare_lag_units": ("gauge", {"tenant"}),
    "obleth_refusals_total": ("counter", {"tenant", "reason"}),
    "obleth_estimate_error_ratio": ("histogram", {"model", "part"}),
    "obleth_upstream_attempts_total": ("counter", {"model", "endpoint", "outcome"}),
    "obleth_endpoint_healthy": ("gauge", {"model", "endpoint"}),
    "obleth_store_up": ("gauge", {"store"}),
    "obleth_store_call_seconds": ("histogram", {"store", "operation"}),
    "obleth_key_cache_entries": ("gauge", set()),
    "obleth_key_lookups_total": ("counter", {"result"}),
    "obleth_failed_keys_throttled_total": ("counter", set()),
    "obleth_connections": ("gauge", {"listener"}),
    "obleth_connections_refused_total": ("counter", {"listener"}),
    "obleth_build_info": ("gauge", {"version", "revision"}),
    "process_cpu_seconds_total": ("counter", set()),
    "process_resident_memory_bytes": ("gauge", set()),
    "process_open_fds": ("gauge", set()),
}
SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(\{(?P<labels>.*)\})? (?P<value>\S+)$")


def labels_of(text):
    return dict(re.findall(r'([a-z_]+)="((?:[^"\\\\]|\\\\.)*)"', text or ""))


def samples(page):
    for line in page.splitlines():
        if not line.startswith("#"):
            match = SAMPLE.match(line)
            yield match["name"], labels_of(match["labels"]), float(match["value"])


def value_of(page, name, **labels):
    return sum(value for found, has, value in samples(page) if found == name and labels.items() <= has.items())


@pytest.fixture(scope="module")
def busy(upstream, tmp_path_factory):
    """A gateway after one request of every kind."""
    from support.gateway import Gateway

    with Gateway(tmp_path_factory.mktemp("metrics"), upstream=upstream.url) as gateway:
        gateway.admin.patch("/models/mock-model", json={"input_cost_per_token": "0.001"}).raise_for_status()
        tenant = gateway.create_tenant(name="measured", requests_per_minute=3)
        for stream in (False, True, True):
            gateway.http.post("/v1/chat/completions", headers=tenant.headers, json={**ASK, "stream": stream})
        assert gateway.http.post("/v1/chat/completions", headers=tenant.headers, json=ASK).status_code == 429
        stranger = {"Authorization": "Bearer sk_" + "0" * 48}
        for _ in range(2):
            assert gateway.http.get("/v1/models", headers=stranger).status_code == 401
        gateway.tenant = tenant
        wait_until(lambda: "obleth_fairshare_lag_units" in gateway.metrics(), what="the tenant's name")
        yield gateway


def test_every_metric_is_there_under_its_name_type_and_labels(busy):
    page = busy.metrics()
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.M))
    assert {name: types.get(name) for name in FED} == {name: kind for name, (kind, _) in FED.items()}
    for name, (kind, labels) in FED.items():
        series = name + "_count" if kind == "histogram" else name
        seen = [set(has) for found, has, _ in samples(page) if found == series]
        assert labels in seen, (name, seen)


def test_promtool_finds_nothing_to_say(busy):
    checked = subprocess.run(["promtool", "check", "metrics"], input=busy.metrics(), capture_output=True, text=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_what_was_done_is_what_is_counted(busy):
    page = busy.metrics()
    assert value_of(page, "obleth_tenant_requests_total", tenant="measured", status_class="2xx") == 3
    assert value_of(page, "obleth_tenant_requests_total", tenant="measured", status_class="4xx") == 1
    assert value_of(page, "obleth_tenant_tokens_total", tenant="measured", type="output") == 9
    assert value_of(page, "obleth_refusals_total", tenant="measured", reason="rate_limit_exceeded") == 1
    assert value_of(page, "obleth_upstream_attempts_total", model="mock-model", outcome="ok") == 3
    assert value_of(page, "obleth_cost_dollars_total", tenant="measured") > 0
    assert value_of(page, "obleth_key_lookups_total", result="miss") == 1
    assert value_of(page, "obleth_key_lookups_total", result="hit") == 3
    assert value_of(page, "obleth_key_lookups_total", result="unknown") == 2
    assert value_of(page, "obleth_key_cache_entries") >= 1
    assert value_of(page, "obleth_store_up", store=stores.record_name()) == 1
    assert value_of(page, "obleth_store_call_seconds_count", store=stores.record_name(), operation="resolve_key") == 2
    assert value_of(page, "obleth_endpoint_healthy", model="mock-model") == 1


def test_what_is_disabled_is_not_called_unhealthy(own, upstream):
    gateway = own.gateway(upstream.url)
    urls = [f"{upstream.url}/{path}" for path in ("a", "b")]
    gateway.create_model(model_name="spare", api_base=f"{upstream.url}/v1")
    gateway.create_model(model_name="pair", endpoints=[{"api_base": url} for url in urls])

    def shown():
        page = gateway.metrics()
        return {(has["model"], has["endpoint"]) for name, has, _ in samples(page) if name == "obleth_endpoint_healthy"}

    assert shown() >= {("spare", f"{upstream.url}/v1"), ("pair", urls[0]), ("pair", urls[1])}
    gateway.admin.patch("/models/spare", json={"enabled": False}).raise_for_status()
    endpoints = [{"api_base": urls[0]}, {"api_base": urls[1], "enabled": False}]
    gateway.admin.patch("/models/pair", json={"endpoints": endpoints}).raise_for_status()
    assert {pair for pair in shown() if pair[0] in ("spare", "pair")} == {("pair", urls[0])}


def test_no_label_tells_a_path_a_key_or_free_text(busy):
    busy.http.get("/some/secret-path?q=secret-query", headers={**busy.tenant.headers, "x-request-id": "secret-id"})
    page = busy.metrics()
    for planted in ("secret", busy.tenant.secret, busy.tenant.secret[:12]):
        assert planted not in page


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4"),
        ("*/*", "text/plain; version=0.0.4"),
        ("text/plain", "text/plain; version=0.0.4"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0"),
        # What Prometheus 2.42 sends.
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
            "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text; version=1.0.0",
        ),
        ("text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0", "text/plain; version=0.0.4"),
    ],
)
def test_the_format_is_the_one_that_was_asked_for(busy, accept, content_type):
    answer = httpx.get(f"http://{busy.metrics_address}/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(content_type)
    assert answer.text.endswith("# EOF\n") == content_type.startswith("application/openmetrics-text")


def test_openmetrics_names_a_counter_without_the_end_that_its_series_have(busy):
    page = httpx.get(f"http://{busy.metrics_address}/metrics", headers={"Accept": "application/openmetrics-text"}).text
    assert "# TYPE obleth_requests counter" in page
    assert "obleth_requests_total{" in page
