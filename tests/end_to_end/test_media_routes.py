"""Audio and image routes: JSON and forms, routed by their model, priced by their usage; large uploads pass through without
being held."""

import json
import os
import subprocess

import httpx
import openai
import pytest

from support.dialects import NODE, NODE_FOLDER, posts_to, rows_of
from support.raw_http import ScriptedUpstream, connect, json_answer, read_response, request_bytes

LARGE = 48 << 20


@pytest.fixture
def client(gateway, tenant):
    return openai.OpenAI(base_url=gateway.base_url, api_key=tenant.secret, max_retries=0)


@pytest.fixture
def whisper(gateway, upstream):
    model = gateway.create_model(
        model_name="whisper",
        upstream_model="whisper-large-v3-turbo",
        api_base=upstream.url,
        input_cost_per_token="0.000001",
        output_cost_per_token="0.000005",
    )
    yield model["model_name"]
    gateway.admin.delete(f"/models/{model['id']}").raise_for_status()


def resident_bytes(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def test_a_large_recording_is_transcribed_and_never_held(gateway, tenant, client, whisper):
    client.audio.transcriptions.create(file=("warm.wav", b"\x00" * 100_000), model=whisper)
    before = resident_bytes(gateway.process)
    answer = client.audio.transcriptions.with_raw_response.create(
        file=("speech.wav", os.urandom(LARGE)), model=whisper
    )
    grown = resident_bytes(gateway.process) - before
    print(f"{LARGE >> 20} MiB were sent, {grown / (1 << 20):.1f} MiB more are in memory")
    assert grown < LARGE / 3
    assert answer.parse().text == "one two"
    assert answer.headers["x-mock-model"] == "whisper-large-v3-turbo"
    assert int(answer.headers["x-mock-body-bytes"]) > LARGE
    row = rows_of(gateway, tenant, 2)[-1]
    usage = answer.parse().usage
    assert (row["input_tokens"], row["output_tokens"]) == (usage.input_tokens, usage.output_tokens)
    assert (row["route"], row["model"], row["usage_source"]) == ("/v1/audio/*", "whisper", "upstream")
    assert float(row["cost"]) > 0


def test_pictures_and_speech_are_made(gateway, tenant, client, whisper):
    made = client.images.generate(model=whisper, prompt="a cat")
    assert made.data[0].b64_json
    edited = client.images.edit(model=whisper, image=("cat.png", b"\x89PNG" * 1000, "image/png"), prompt="a dog")
    assert edited.data[0].b64_json
    with client.audio.speech.with_streaming_response.create(model=whisper, voice="alloy", input="Hello") as speech:
        assert len(speech.read()) == 4096
    rows = rows_of(gateway, tenant, 3)
    of_pictures = [row for row in rows if row["route"] == "/v1/images/*"]
    assert [row["output_tokens"] for row in of_pictures] == [272, 272]
    assert made.usage.input_tokens in [row["input_tokens"] for row in of_pictures]
    [of_speech] = [row for row in rows if row["route"] == "/v1/audio/*"]
    # Speech tells no usage: it costs its slot, and no tokens.
    assert (of_speech["input_tokens"], of_speech["output_tokens"], of_speech["usage_source"]) == (0, 0, "counted")
    assert of_speech["fairshare_cost"] > 0


def test_the_javascript_sdk_uploads_files(gateway, tenant, whisper):
    ended = subprocess.run(
        [NODE, NODE_FOLDER / "dialect_check.mjs", gateway.url, tenant.secret, whisper, "files"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    claims = {claim["claim"]: claim for claim in map(json.loads, ended.stdout.splitlines())}
    for name in (
        "a_recording_is_transcribed_though_its_file_comes_first",
        "a_picture_is_made_and_changed",
        "speech_is_made",
    ):
        assert claims[name]["holds"], claims[name]


def test_of_a_form_only_the_model_is_changed(own):
    with ScriptedUpstream(lambda connection, _: json_answer(connection, {"text": "a"})) as upstream:
        gateway = own.gateway(upstream.url)
        gateway.create_model(model_name="m", upstream_model="the-real-one", api_base=upstream.url)
        tenant = gateway.create_tenant()
        body = (
            b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
            + bytes(range(256)) * 40
            + b'\r\n--xyz\r\nContent-Disposition: form-data; name="model"\r\n\r\nm'
            + b'\r\n--xyz\r\ncontent-disposition: form-data; name=prompt\r\n\r\n--xy\r\n--xyz--\r\n'
        )

        def ask(body, content_type='multipart/form-data; boundary="xyz"'):
            answer = gateway.http.post(
                "/v1/audio/transcriptions",
                headers={**tenant.headers, "Content-Type": content_type},
                content=body,
            )
            return answer

        assert ask(body).status_code == 200
        sent = posts_to(upstream)[-1]
        assert sent["body"] == body.replace(b"\r\n\r\nm\r\n", b"\r\n\r\nthe-real-one\r\n")
        assert sent["named"]["content-length"] == str(len(sent["body"]))
        assert sent["named"]["content-type"] == 'multipart/form-data; boundary="xyz"'

        asked = len(posts_to(upstream))
        for broken in (
            body.replace(b'name="model"', b'name="modem"'),
            body.replace(b"name=prompt", b"name=model"),
            body.replace(b"\r\n\r\nm\r\n", b"\r\n\r\n" + b"m" * 257 + b"\r\n"),
            body[:-4],
        ):
            answer = ask(broken)
            assert answer.status_code == 400, broken[-200:]
            assert answer.json()["error"]["type"] == "invalid_request_error"
        assert ask(body, "multipart/form-data").status_code == 400
        assert ask(body.replace(b"\r\n\r\nm\r\n", b"\r\n\r\nunknown\r\n")).status_code == 200  # the default upstream's
        assert posts_to(upstream)[-1]["body"].count(b"unknown") == 1
        tenant.patch("", {"allowed_models": ["m"]})
        assert ask(body.replace(b"\r\n\r\nm\r\n", b"\r\n\r\nunknown\r\n")).status_code == 404
        assert len(posts_to(upstream)) <= asked + 3


def test_a_form_in_single_bytes_and_chunks_arrives_whole(own):
    with ScriptedUpstream(lambda connection, _: json_answer(connection, {"text": "a"})) as upstream:
        gateway = own.gateway(upstream.url)
        tenant = gateway.create_tenant()
        body = b'--xyz\r\nContent-Disposition: form-data; name="model"\r\n\r\nmock-model\r\n--xyz--\r\n'
        head = request_bytes("/v1/audio/transcriptions", tenant.secret, method="PUT").replace(b"PUT", b"POST")
        head = head.removesuffix(b"\r\n")
        head += b"Content-Type: multipart/form-data; boundary=xyz\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection = connect(gateway.address)
        connection.sendall(head)
        for byte in body:
            connection.sendall(b"1\r\n" + bytes([byte]) + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        status, _, _ = read_response(connection)
        assert status == 200
        assert posts_to(upstream)[-1]["body"] == body


def test_other_methods_below_audio_pass_through(gateway, tenant):
    with pytest.raises(httpx.HTTPStatusError) as caught:
        gateway.http.get("/v1/audio/voices", headers=tenant.headers).raise_for_status()
    assert caught.value.response.headers["x-obleth-error-source"] == "upstream"
