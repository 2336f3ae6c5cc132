"""`/settings`: what is in force and where it came from, and what changes without a restart."""

import signal

from support.gateway import wait_until


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
