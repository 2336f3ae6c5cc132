"""The alerts that we ship: Prometheus reads them, they name metrics that there are, and they fire."""

import re
import subprocess

import yaml

from support.processes import ROOT

RULES = ROOT / "deploy" / "prometheus-rules.yaml"

FIRES = """
rule_files: [{rules}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {{series: 'obleth_store_up{{store="record", instance="a"}}', values: '0x10'}}
      - {{series: 'obleth_spool_oldest_seconds{{instance="a"}}', values: '400x20'}}
      - {{series: '{dropped}', values: '0 0 5 5 5'}}
      - {{series: 'obleth_budget_unguarded_requests_total{{tenant="new"}}', values: '_ _ 5x20'}}
      - {{series: 'obleth_endpoint_healthy{{model="m", endpoint="a"}}', values: '0x10'}}
      - {{series: 'obleth_endpoint_healthy{{model="m", endpoint="b"}}', values: '0 0 0 0 1 1 1'}}
    alert_rule_test:
      - {{eval_time: 3m, alertname: OblethStoreDown, exp_alerts: [{{exp_labels: {{severity: ticket, store: record, instance: a}}}}]}}
      - {{eval_time: 3m, alertname: OblethUsageRowsDropped, exp_alerts: [{{exp_labels: {{severity: page, reason: disk_full}}}}]}}
      - {{eval_time: 3m, alertname: OblethNoHealthyEndpoint, exp_alerts: [{{exp_labels: {{severity: page, model: m}}}}]}}
      - {{eval_time: 6m, alertname: OblethNoHealthyEndpoint, exp_alerts: []}}
      - {{eval_time: 3m, alertname: OblethBudgetsUnguarded, exp_alerts: [{{exp_labels: {{severity: ticket, tenant: new}}}}]}}
      - {{eval_time: 15m, alertname: OblethBudgetsUnguarded, exp_alerts: []}}
      - {{eval_time: 12m, alertname: OblethSpoolIsNotDelivered, exp_alerts: [{{exp_labels: {{severity: ticket, instance: a}}}}]}}
      - {{eval_time: 3m, alertname: OblethErrors, exp_alerts: []}}
"""


def without_annotations(folder):
    """promtool compares annotations word by word; which alert fires is what matters here."""
    rules = yaml.safe_load(RULES.read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("annotations", None)
    bare = folder / "rules.yaml"
    bare.write_text(yaml.safe_dump(rules))
    return bare


def test_prometheus_reads_them():
    subprocess.run(["promtool", "check", "rules", RULES], check=True, capture_output=True)


def series_of(gateway, name):
    """Of a counter, as the page shows them: "name{labels} value"."""
    return [line for line in gateway.metrics().splitlines() if line.startswith(name)]


def test_what_they_watch_grow_is_shown_before_it_grows(own):
    """Prometheus sees no increase in a series that begins above nought."""
    gateway = own.gateway()
    for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]:
        for name in re.findall(r"increase\((obleth_[a-z_]+)", rule["expr"]):
            knows_births = f"unless {name} offset" in rule["expr"]
            assert knows_births or series_of(gateway, name), name


def test_they_fire_when_they_should(own, tmp_path):
    dropped = 'obleth_usage_rows_dropped_total{reason="disk_full"}'
    assert series_of(own.gateway(), dropped) == [f"{dropped} 0"]
    file = tmp_path / "test.yaml"
    file.write_text(FIRES.format(rules=without_annotations(tmp_path), dropped=dropped))
    ended = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_they_name_metrics_that_there_are():
    source = "\n".join(path.read_text() for path in (ROOT / "src" / "observe").glob("*.cpp"))
    named = set(re.findall(r"obleth_[a-z_]+", RULES.read_text()))
    told = {name.removesuffix("_bucket") for name in named}
    assert {name for name in told if f'"{name}"' not in source} == set()
