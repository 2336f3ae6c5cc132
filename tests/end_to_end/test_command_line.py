"""The command line against a running gateway: what an operator types, what they see, what a script can rely on."""

import json
import subprocess

import pytest
import yaml

from support.gateway import ADMIN_TOKEN
from support.processes import binary


@pytest.fixture
def obleth(gateway, tmp_path):
    """Runs one command; `expect` is its exit code, `into` a file in place of what the test reads."""

    def run(*words, expect=0, typed=None, url=gateway.admin_url, token=ADMIN_TOKEN, into=subprocess.PIPE):
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "OBLETH_ADMIN_URL": url}
        if token:
            environment["OBLETH_ADMIN_TOKEN"] = token
        done = subprocess.run(
            [binary(), *words], env=environment, input=typed, stdout=into, stderr=subprocess.PIPE, text=True, timeout=60
        )
        assert done.returncode == expect, f"{done.stdout}{done.stderr}"
        return done

    return run


def as_json(done):
    return json.loads(done.stdout)


def chat(gateway, secret):
    body = {"model": "mock-model", "messages": [{"role": "user", "content": "hello"}]}
    return gateway.http.post("/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {secret}"})


def test_a_tenant_and_its_key_from_the_first_to_the_last_command(gateway, obleth):
    obleth("tenant", "create", "cli-research", "--weight", "200", "--tokens-per-minute", "100000")
    shown = as_json(obleth("tenant", "show", "cli-research", "--json"))
    assert (shown["weight"], shown["tokens_per_minute"], shown["max_in_flight"]) == (200, 100000, None)

    made = obleth("key", "create", "cli-research", "cli-laptop").stdout
    secret = made.splitlines()[-1]
    assert chat(gateway, secret).status_code == 200

    obleth("key", "set", "cli-laptop", "--disabled=true")
    assert chat(gateway, secret).json()["error"]["code"] == "key_disabled"
    obleth("key", "set", "cli-laptop", "--disabled=false")
    rotated = obleth("key", "rotate", "cli-laptop", "--grace-secs", "60").stdout.splitlines()[-1]
    assert rotated != secret
    assert chat(gateway, rotated).status_code == 200
    assert chat(gateway, secret).status_code == 200

    obleth("tenant", "set", "cli-research", "--tokens-per-minute", "none", "--weight=7")
    shown = as_json(obleth("tenant", "show", "cli-research", "--json"))
    assert (shown["weight"], shown["tokens_per_minute"]) == (7, None)
    obleth("tenant", "delete", "cli-research")
    assert chat(gateway, rotated).status_code == 401
    obleth("tenant", "show", "cli-research", expect=1)


def test_models_groups_and_capacity(gateway, obleth, upstream):
    obleth("model", "create", "cli-model", "--api-base", upstream.url, "--upstream-model=mock-model",
           "--api-key=-", "--admission-weight=2.5", "--input-cost-per-token=0.000003", typed="upstream-credential\n")
    shown = as_json(obleth("model", "show", "cli-model", "--json"))
    assert float(shown["admission_weight"]) == 2.5
    assert shown["api_key_set"] is True
    assert "upstream-credential" not in obleth("model", "show", "cli-model").stdout
    assert as_json(obleth("model", "test", "cli-model", "--json"))["status"] == 200
    obleth("model", "set", "cli-model", "--enabled=false")
    assert as_json(obleth("model", "show", "cli-model", "--json"))["enabled"] is False
    obleth("model", "delete", "cli-model")

    obleth("group", "create", "cli night", "--weight", "5")
    obleth("group", "set", "cli night", "--weight", "9", "--max-in-flight", "5")
    assert as_json(obleth("group", "show", "cli night", "--json"))["max_in_flight"] == 5
    assert {"cli night": 9}.items() <= {g["name"]: g["weight"] for g in as_json(obleth("group", "list", "--json"))}.items()
    obleth("group", "delete", "cli night")

    obleth("capacity", "set", "17")
    assert as_json(obleth("capacity", "show", "--json"))["max_in_flight"] == 17
    assert gateway.live()["capacity"] == 17


@pytest.mark.parametrize(
    "noun, schema",
    [("tenant", "Tenant"), ("key", "Key"), ("group", "Group"), ("model", "Model"), ("mcp", "McpServer")],
)
def test_every_field_that_the_api_changes_has_a_flag(gateway, obleth, noun, schema):
    change = gateway.admin.get("/openapi.json").json()["components"]["schemas"][f"{schema}Change"]
    told = obleth(noun, "set", "--help").stdout
    for name, field in change["properties"].items():
        assert field.get("readOnly") or f"--{name.replace('_', '-')} " in told, name


def test_settings_are_shown_and_changed(gateway, obleth):
    listed = {row["name"]: row for row in as_json(obleth("settings", "list", "--json"))}
    assert listed["log_level"]["changeable"] and not listed["listen"]["changeable"]
    before = listed["n_max"]["value"]
    assert as_json(obleth("settings", "set", "n_max", "7", "--json"))[0]["value"] == "7"
    assert as_json(obleth("settings", "reset", "n_max", "--json"))[0]["value"] == before
    assert "1 to 1024" in obleth("settings", "set", "n_max", "0", expect=1).stderr
    assert obleth("settings").stdout.startswith("# Settings\n")


def test_a_dead_upstream_is_no_success(obleth):
    obleth("model", "create", "cli-dead", "--api-base", "http://127.0.0.1:1")
    assert as_json(obleth("model", "test", "cli-dead", "--json", expect=1))["error"]
    obleth("model", "delete", "cli-dead")
    obleth("mcp", "create", "cli-dead", "--upstream-url", "http://127.0.0.1:1")
    assert as_json(obleth("mcp", "probe", "cli-dead", "--json", expect=1))["error"]
    obleth("mcp", "delete", "cli-dead")


def test_what_is_exported_applies_without_a_change(obleth):
    obleth("tenant", "create", "cli-exported", "--brownout", "never")
    exported = obleth("export").stdout
    assert "cli-exported" in exported
    plan = as_json(obleth("apply", "-f", "-", "--dry-run", "--json", typed=exported))
    assert plan["changes"] == []
    changed = exported.replace("brownout: never", "brownout: first")
    obleth("apply", "-f", "-", "--dry-run", typed=changed)
    assert as_json(obleth("tenant", "show", "cli-exported", "--json"))["brownout"] == "never"
    obleth("apply", "-f", "-", typed=changed)
    assert as_json(obleth("tenant", "show", "cli-exported", "--json"))["brownout"] == "first"
    obleth("tenant", "delete", "cli-exported")


def test_other_readers_of_yaml_take_the_export_for_what_it_says(gateway, obleth):
    odd = ["ZA\r", "a\rb", "a\r\nb\n", "tab\t", "\x01\x7f", "\x85\x9b", "\u2028\u2029", "\ufeff", "\uffff", "# \U0001f600: é"]
    stated = {f"cli-odd-{number}": text for number, text in enumerate(odd)}
    document = {"tenants": {name: {"description": text} for name, text in stated.items()}}
    gateway.admin.post("/apply", json=document).raise_for_status()
    exported = obleth("export").stdout
    told = {tenant["name"]: tenant["description"] for tenant in yaml.safe_load(exported)["tenants"]}
    assert {name: told[name] for name in stated} == stated
    assert yaml.safe_load(exported) == gateway.admin.get("/export").json()
    assert as_json(obleth("apply", "-f", "-", "--dry-run", "--json", typed=exported))["changes"] == []
    for name in stated:
        obleth("tenant", "delete", name)


def test_every_change_is_in_the_audit_log_and_no_secret_is(obleth):
    obleth("tenant", "create", "cli-audited")
    secret = obleth("key", "create", "cli-audited", "cli-key").stdout.splitlines()[-1]
    obleth("tenant", "delete", "cli-audited")
    listed = obleth("audit", "list", "--limit", "500", "--json").stdout
    actions = [row["action"] for row in json.loads(listed) if row["target_name"] in ("cli-audited", "cli-key")]
    assert {"tenant.create", "key.create", "tenant.delete"} <= set(actions)
    assert secret not in listed


def test_another_admin_token_does_what_its_role_may(obleth):
    viewer = obleth("admin-token", "create", "cli-viewer", "--role", "viewer").stdout.splitlines()[-1]
    obleth("tenant", "list", token=viewer)
    refused = obleth("tenant", "create", "cli-refused", token=viewer, expect=1)
    assert refused.stderr.startswith("obleth: ")
    obleth("admin-token", "delete", "cli-viewer")
    obleth("tenant", "list", token=viewer, expect=1)


def test_exit_codes_tell_refused_misused_and_unreachable_apart(obleth):
    refused = obleth("tenant", "create", "cli-wrong", "--weight", "0", "--timezone", "Nowhere/Here", expect=1)
    assert "weight: " in refused.stderr and "timezone: " in refused.stderr
    obleth("tenant", "create", "cli-wrong", "--wait", "0", expect=2)
    obleth("nonsense", expect=2)
    obleth("tenant", "list", token=None, expect=2)
    obleth("tenant", "list", token="not-the-token-of-this-gateway", expect=1)
    obleth("tenant", "list", url="http://127.0.0.1:1", expect=3)


@pytest.mark.parametrize(
    "words",
    [
        "tenant list", "key list --json", "export", "usage export", "usage requests --json", "status", "settings",
        "version --json", "--version", "--help", "tenant --help", "check-config",
    ],
)
def test_an_output_that_cannot_be_written_is_no_success(obleth, words):
    with open("/dev/full", "w") as full:
        told = obleth(*words.split(), into=full, expect=1)
    assert told.stderr == "obleth: the output could not be written in full\n"


def test_a_secret_that_nobody_could_read_is_no_success(obleth):
    obleth("tenant", "create", "cli-unread")
    with open("/dev/full", "w") as full:
        obleth("key", "create", "cli-unread", "cli-lost", "--json", into=full, expect=1)
        refused = obleth("tenant", "show", "cli-nobody", into=full, expect=1)
    assert refused.stderr == "obleth: there is no tenant cli-nobody\n"
    obleth("tenant", "delete", "cli-unread")


def test_the_status_of_a_gateway_that_is_well(obleth):
    status = as_json(obleth("status", "--json"))
    assert status["ready"] is True
    assert obleth("version").stdout == obleth("--version").stdout == f"obleth {status['version']}\n"
    assert as_json(obleth("version", "--json")) == {"version": status["version"]}
