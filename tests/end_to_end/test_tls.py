"""TLS on the listeners: clients, SDK, command line, renewal on SIGHUP, and what is refused at the start."""

import os
import pty
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import warnings

import httpx
import openai
import pytest

from support.certificates import Certificate
from support.faulty_proxy import FaultyProxy
from support.gateway import ADMIN_TOKEN, Gateway, wait_until
from support.processes import binary

ASK = {"model": "mock-model", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 2}


@pytest.fixture
def certificate(tmp_path):
    return Certificate(tmp_path)


def run(*words, **environment):
    return subprocess.run(
        [binary(), *words], env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True, timeout=60
    )


def common_name(gateway):
    plain = ssl.create_default_context()
    plain.check_hostname, plain.verify_mode = False, ssl.CERT_NONE
    host, port = gateway.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as raw, plain.wrap_socket(raw) as shaken:
        return ssl.DER_cert_to_PEM_cert(shaken.getpeercert(True))


def test_clients_sdks_and_the_command_line_speak_tls(own, upstream, certificate, tmp_path):
    gateway = own.gateway(upstream.url, certificate=certificate)
    tenant = gateway.create_tenant(name="over-tls")
    assert gateway.http.post("/v1/chat/completions", headers=tenant.headers, json=ASK).status_code == 200
    client = openai.OpenAI(
        base_url=gateway.base_url, api_key=tenant.secret, http_client=httpx.Client(verify=certificate.trusting())
    )
    stream = client.chat.completions.create(**ASK, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    settings = {"HOME": str(tmp_path), "OBLETH_ADMIN_URL": gateway.admin_url, "OBLETH_ADMIN_TOKEN": ADMIN_TOKEN}
    listed = run("tenant", "list", **settings, SSL_CERT_FILE=certificate.chain)
    assert listed.returncode == 0, listed.stderr
    assert "over-tls" in listed.stdout
    # A certificate that nobody vouches for is as good as no server at all.
    assert run("tenant", "list", **settings).returncode == 3


def test_plain_http_on_a_tls_port_is_no_answer_and_no_harm(own, upstream, certificate):
    gateway = own.gateway(upstream.url, certificate=certificate)
    with socket.create_connection((gateway.host, gateway.port), timeout=10) as plain:
        plain.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"HTTP/1.1 200" not in plain.recv(4096)
    assert gateway.http.get("/health").status_code == 200


def test_old_tls_is_refused(own, upstream, certificate):
    gateway = own.gateway(upstream.url, certificate=certificate)
    old = certificate.trusting()
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is old is what is tested
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        with socket.create_connection((gateway.host, gateway.port), timeout=10) as raw:
            old.wrap_socket(raw, server_hostname="localhost").close()


def test_a_hangup_brings_the_renewed_certificate_and_keeps_the_old_one_where_it_is_broken(own, upstream, tmp_path):
    certificate, renewed = Certificate(tmp_path, "first"), Certificate(tmp_path, "second")
    gateway = own.gateway(upstream.url, certificate=certificate)
    kept = gateway.http
    assert kept.get("/health").status_code == 200
    before = common_name(gateway)
    shutil.copy(renewed.chain, certificate.chain)
    shutil.copy(renewed.key, certificate.key)
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: common_name(gateway) != before, what="the renewed certificate")
    # A connection from before goes on.
    assert kept.get("/health").status_code == 200
    after = common_name(gateway)
    with open(certificate.chain, "w") as broken:
        broken.write("not a certificate")
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: "could not be read again" in gateway.log_text(), what="the complaint")
    assert common_name(gateway) == after


@pytest.mark.parametrize("broken", ["missing", "not a certificate", "the other key", "key alone"])
def test_bad_files_stop_the_start_and_are_named(tmp_path, certificate, broken):
    chain, key = certificate.chain, certificate.key
    if broken == "missing":
        chain = str(tmp_path / "nowhere.pem")
    elif broken == "not a certificate":
        chain = str(tmp_path / "text.pem")
        (tmp_path / "text.pem").write_text("hello")
    elif broken == "the other key":
        key = Certificate(tmp_path, "other").key
    settings = {"OBLETH_TLS_CERT": chain, "OBLETH_TLS_KEY": key}
    if broken == "key alone":
        del settings["OBLETH_TLS_CERT"]
    listeners = {f"OBLETH_{each}": "127.0.0.1:0" for each in ("LISTEN", "ADMIN_LISTEN", "METRICS_LISTEN")}
    ended = run("serve", "--dev", OBLETH_DATA_DIR=str(tmp_path / "data"), **listeners, **settings)
    for ended in (ended, run("check-config", "--dev", **settings)):
        assert ended.returncode != 0
        assert "OBLETH_TLS" in ended.stderr or chain in ended.stderr or key in ended.stderr


def test_a_key_with_a_passphrase_asks_nobody(certificate, tmp_path):
    certificate.lock_key()
    settings = {"OBLETH_TLS_CERT": certificate.chain, "OBLETH_TLS_KEY": certificate.key, "OBLETH_DATA_DIR": str(tmp_path)}
    terminal, shown = pty.openpty()  # a prompt would be shown on it, and nobody answers
    with open(terminal, "rb", buffering=0), open(shown, "wb", buffering=0) as controlling:
        ended = subprocess.run(
            ["setsid", "--ctty", "--wait", binary(), "check-config", "--dev"],
            env={"PATH": "/usr/bin:/bin", **settings},
            stdin=controlling,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 2
    assert ended.stderr == f"obleth: {certificate.key}: has a passphrase: give the key without one\n"


def test_a_clients_key_for_postgresql_with_a_passphrase_asks_nobody(certificate, tmp_path):
    certificate.lock_key()
    os.chmod(certificate.key, 0o600)
    with socket.create_server(("127.0.0.1", 0)) as database:
        threading.Thread(target=agree_to_tls, args=[database], daemon=True).start()
        where = f"127.0.0.1:{database.getsockname()[1]}"
        url = f"postgresql://{where}/obleth?sslmode=require&sslcert={certificate.chain}&sslkey={certificate.key}"
        gateway = Gateway(tmp_path, environment={"OBLETH_DATABASE_URL": url})
        gateway.is_ready = lambda: True  # it listens, and waits for its record
        with gateway:
            told = gateway.http.get("/ready").text
    assert "could not load private key" in told
    assert "pass phrase" not in gateway.log_text(), "what OpenSSL prompts with"


def agree_to_tls(database):
    while True:
        try:
            connection, _ = database.accept()
        except OSError:
            return  # the test is over
        with connection:
            connection.recv(8)  # PostgreSQL's SSLRequest
            connection.sendall(b"S")


def test_check_config_reads_every_file_that_it_is_told_of(certificate, tmp_path):
    settings = {"OBLETH_TLS_CERT": certificate.chain, "OBLETH_TLS_KEY": certificate.key}
    told = [f"OBLETH_{store}_CA" for store in ("UPSTREAM", "DATABASE", "REDIS", "CLICKHOUSE")]
    sound = run("check-config", "--dev", **settings, **dict.fromkeys(told, certificate.chain))
    assert (sound.returncode, sound.stderr) == (0, "")
    for name in told:
        missing = str(tmp_path / "nowhere.pem")
        ended = run("check-config", "--dev", **settings, **{name: missing})
        assert ended.returncode != 0 and missing in ended.stderr, name


def test_an_upstream_is_checked_against_the_authority_that_is_named(own, upstream, tmp_path):
    right, wrong = Certificate(tmp_path, "right"), Certificate(tmp_path, "wrong")
    with FaultyProxy(int(upstream.address.rsplit(":", 1)[1]), certificate=right) as front:

        def asked_with(environment):
            gateway = own.gateway(f"https://127.0.0.1:{front.port}", environment=environment)
            return gateway.http.post("/v1/chat/completions", headers=gateway.create_tenant().headers, json=ASK)

        assert asked_with({"OBLETH_UPSTREAM_CA": right.chain}).status_code == 200
        served = upstream.stats()["requests"]
        for environment in ({"OBLETH_UPSTREAM_CA": wrong.chain}, {}):
            refused = asked_with(environment)
            assert (refused.status_code, refused.json()["error"]["code"]) == (502, "upstream_unreachable")
        assert upstream.stats()["requests"] == served
