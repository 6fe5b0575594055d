"""Transcriptions and translations: forms with files from the official packages, answers as JSON,
text and streams, and what is charged by tokens and by seconds."""

import base64
import io
import json
import math
import os
import shutil
import subprocess
import wave
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import answers
import httpx2 as httpx
import pytest
from errors import check_error
from forms import form
from gateway import ROOT, Gateway
from prices import MARGIN, NANO, usd

SOUND = Path(__file__).parent / "sound"
PER_SECOND = "0.0001"
TOKENS = {"input": "2.50", "audio_input": "6", "output": "10"}
TEXT = "The quick brown fox."


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("sound"), shared_provider, {})
    policies = gateway.policies
    policies.provider("apart", dialect=["transcriptions"])
    both = ["transcriptions", "translations"]
    policies.model("scribe", endpoints=both, context=16000, max_output=2000, **TOKENS,
                   candidates=[{"provider": "openai", "model": "theirs"}])  # fmt: skip
    policies.model("whisper", endpoints=both, context=16000, max_output=2000, input="0",
                   output="0", second=PER_SECOND, second_max=7200)  # fmt: skip
    policies.model("apart", endpoints=["transcriptions"], providers=("apart",), **TOKENS)
    policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def sound(seconds: float, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\x01\x00" * round(seconds * rate))
    return out.getvalue()


def priced(cost_usd: Fraction) -> Decimal:
    return Decimal(math.ceil(cost_usd * (1 + Fraction(MARGIN)) * NANO)) / NANO


def by_seconds(seconds: int) -> Decimal:
    return priced(Fraction(PER_SECOND) * seconds)


def by_tokens(text: int, audio: int, output: int) -> Decimal:
    price = {unit: Fraction(each) / 1_000_000 for unit, each in TOKENS.items()}
    return priced(price["input"] * text + price["audio_input"] * audio + price["output"] * output)


def token_usage(text: int = 14, audio: int = 200, output: int = 45) -> dict:
    return {"type": "tokens", "input_tokens": text + audio, "output_tokens": output,
            "total_tokens": text + audio + output,
            "input_token_details": {"text_tokens": text, "audio_tokens": audio}}  # fmt: skip


def says(usage=None, **members):
    body = {"text": TEXT, **members} | ({"usage": usage} if usage else {})
    return answers.reply(200, json.dumps(body).encode())


def event(**members) -> bytes:
    return b"data: " + json.dumps(members).encode() + b"\n\n"


def streams(usage=None, done: bytes = b"data: [DONE]\n\n"):
    pieces = [event(type="transcript.text.delta", delta=piece) for piece in TEXT.split(" ")]
    last = {"type": "transcript.text.done", "text": TEXT} | ({"usage": usage} if usage else {})
    return answers.raw(
        answers.head(200, {"Content-Type": "text/event-stream", "Connection": "close"}),
        *pieces, event(**last), done,
    )  # fmt: skip


def send(customer, body: bytes, content_type: str = "multipart/form-data; boundary=XyZ",
         path: str = "/audio/transcriptions", **headers) -> httpx.Response:  # fmt: skip
    headers |= {"Content-Type": content_type}
    return customer.post(body, path, headers=headers)


FILE = ("file", sound(1.5), "a.wav")


# ---- the official package ----


@pytest.mark.quick
def test_a_transcription_by_tokens(customer, provider):
    provider.answer = says(token_usage())
    found = customer.openai().audio.transcriptions.create(
        model="scribe", file=("a.wav", sound(2)), language="en", prompt="names: Ann",
        include=["logprobs"], temperature=0,
    )  # fmt: skip
    assert found.text == TEXT
    assert found.usage.type == "tokens"
    assert found.usage.input_token_details.audio_tokens == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == usd(found.usage.cost) == by_tokens(14, 200, 45)
    assert record["usage_source"] == "reported"
    assert provider.last.path.endswith("/audio/transcriptions")


@pytest.mark.once
def test_the_node_sdk(house, customer, provider):
    provider.then(
        says(token_usage()), answers.reply(200, TEXT.encode(), {"Content-Type": "text/plain"}),
        streams(token_usage()),
    )  # fmt: skip
    script = Path(__file__).parent / "node/forms.mjs"
    folder = os.environ.get("E2E_NODE") or str(ROOT / "build/node")
    env = {"PATH": os.environ["PATH"], "E2E_NODE": folder, "E2E_KEY": customer.key,
           "E2E_BASE_URL": house.api, "E2E_SOUND": base64.b64encode(sound(2)).decode()}  # fmt: skip
    result = subprocess.run(["node", script], env=env, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["plain"]["text"], found["text"]) == (TEXT, TEXT)
    assert found["plain"]["usage"]["cost"] == float(by_tokens(14, 200, 45))
    assert found["events"] == ["transcript.text.delta"] * 4 + ["transcript.text.done"]


@pytest.mark.quick
def test_only_the_model_s_name_differs(customer, provider):
    """Whatever else is in the form: order, unknown fields, the file's bytes."""
    provider.answer = says(token_usage())
    content = bytes(range(256)) * 40 + b"\r\n--Xy\r\n--X"
    body = form(("temperature", "0"), ("file", content, "ünï \xff.bin"), ("new_field", "\r\nx\r\n"),
                ("model", "scribe"), ("include[]", "logprobs"), ("include[]", "x"))  # fmt: skip
    assert send(customer, body).status_code == 200
    expected = body.replace(b"\r\nscribe\r\n", b"\r\ntheirs\r\n")
    assert provider.last.body == expected
    assert provider.last.headers["content-type"] == 'multipart/form-data; boundary="XyZ"'
    assert provider.last.headers["content-length"] == str(len(expected))


@pytest.mark.quick
def test_a_stream(customer, provider):
    provider.answer = streams(token_usage())
    events = list(customer.openai().audio.transcriptions.create(
        model="scribe", file=("a.wav", sound(2)), stream=True))  # fmt: skip
    assert [each.type for each in events] == ["transcript.text.delta"] * 4 + [
        "transcript.text.done"
    ]
    assert events[-1].text == TEXT
    record = customer.wait_for_record()
    assert usd(events[-1].usage.cost) == usd(record["cost"]) == by_tokens(14, 200, 45)
    assert record["stream"] is True


def test_a_stream_of_a_model_that_has_none(customer, provider):
    provider.answer = says(token_usage())
    events = list(customer.openai().audio.transcriptions.create(
        model="scribe", file=("a.wav", sound(2)), stream=True))  # fmt: skip
    assert events[-1].text == TEXT == "".join(each.delta for each in events[:-1])
    assert usd(customer.wait_for_record()["cost"]) == by_tokens(14, 200, 45)


def test_a_stream_that_breaks(customer, provider):
    provider.answer = answers.raw(
        answers.head(200, {"Content-Type": "text/event-stream", "Connection": "close"}),
        event(type="transcript.text.delta", delta="The quick "),
    )
    reply = send(customer, form(("model", "scribe"), ("stream", "true"), FILE))
    last = json.loads(reply.text.rstrip().split("data: ")[-1])
    assert "charged" in last["error"]["message"]
    record = customer.wait_for_record()
    assert record["usage_source"] == "partial"
    assert 0 < usd(record["cost"]) < by_tokens(100, 100, 100)


@pytest.mark.quick
def test_a_translation(customer, provider):
    provider.answer = says({"type": "duration", "seconds": 12})
    found = customer.openai().audio.translations.create(model="whisper", file=("a.wav", sound(11)))
    assert found.text == TEXT
    record = customer.wait_for_record()
    assert usd(record["cost"]) == by_seconds(12)
    assert record["usage_source"] == "reported"
    assert provider.last.path.endswith("/audio/translations")


# ---- by the second ----


def test_seconds_that_are_told(customer, provider):
    """The cost is added to the provider's own usage; a begun second counts."""
    provider.answer = says({"type": "duration", "seconds": 9.2})
    reply = send(customer, form(("model", "whisper"), FILE))
    assert reply.json()["usage"] == {
        "type": "duration",
        "seconds": 9.2,
        "cost": float(by_seconds(10)),
    }
    assert usd(reply.headers["x-llm-cost"]) == by_seconds(10)
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(10)


def test_the_duration_of_a_verbose_answer(customer, provider):
    provider.answer = says(duration=3.01, language="english", segments=[])
    found = customer.openai().audio.transcriptions.create(
        model="whisper", file=("a.wav", sound(2)), response_format="verbose_json")  # fmt: skip
    assert (found.duration, found.usage.seconds) == (3.01, 4)
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(4)


@pytest.mark.quick
@pytest.mark.parametrize("kind", ["text", "srt", "vtt"])
def test_a_text_is_measured(customer, provider, kind):
    """It says nothing of its length, and begins as events may."""
    content = f"data is what I need\n\n{TEXT}\n".encode()
    provider.answer = answers.reply(200, content, {"Content-Type": "text/plain; charset=utf-8"})
    found = customer.openai().audio.transcriptions.create(
        model="whisper", file=("a.wav", sound(61.5)), response_format=kind)  # fmt: skip
    assert found == content.decode()
    record = customer.wait_for_record()
    assert usd(record["cost"]) == by_seconds(62)


def test_a_text_for_tokens_is_estimated(customer, provider):
    provider.answer = answers.reply(200, TEXT.encode(), {"Content-Type": "text/html"})
    reply = send(customer, form(("model", "scribe"), ("response_format", "text"), FILE))
    assert (reply.text, reply.headers["content-type"]) == (TEXT, "text/plain; charset=utf-8")
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    assert usd(record["cost"]) == usd(reply.headers["x-llm-cost"]) > 0


@pytest.mark.parametrize("page", ["<html><body>502</body></html>", "\n<!DOCTYPE HTML>\n<p>Wait"])
def test_a_page_is_no_text(customer, provider, page):
    """That of a proxy before the provider, with a status that says nothing."""
    provider.answer = answers.reply(200, page.encode(), {"Content-Type": "text/html"})
    reply = send(customer, form(("model", "whisper"), ("response_format", "text"), FILE))
    check_error(reply, 502, "provider_unavailable")
    customer.wait_for_no_hold()
    assert customer.balance == 10


FILES = sorted(SOUND.glob("*")) if SOUND.is_dir() else []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_of_real_encoders(customer, provider, path):
    """Each is 2.3 seconds long, as PyAV 18.1.0 (FFmpeg) and soundfile 0.13 have written it."""
    provider.answer = says()
    reply = send(customer, form(("model", "whisper"), ("file", path.read_bytes(), path.name)))
    assert usd(reply.json()["usage"]["cost"]) == by_seconds(3)


def adts(seconds: int) -> bytes:
    """Frames of 1,024 samples at 16 kHz; each is 100 bytes long."""
    frame = b"\xff\xf1\x60\x40\x0c\x9f\xfc" + bytes(93)
    return frame * (seconds * 16000 // 1024)


def test_frames_without_a_file_around_them(customer, provider):
    provider.answer = says()
    reply = send(customer, form(("model", "whisper"), ("file", adts(9), "a.aac")))
    assert usd(reply.json()["usage"]["cost"]) == by_seconds(9)


# Seconds, and what ffmpeg writes of them; a codec may begin with silence.
WRITTEN = {
    "a.aac": ("-c:a", "aac"), "a.m4a": ("-c:a", "alac"), "a.caf": ("-c:a", "alac"),
    "fragments.m4a": ("-c:a", "alac", "-movflags", "frag_keyframe+empty_moov"),
    "pcm.caf": ("-c:a", "pcm_s16be"), "ima.wav": ("-c:a", "adpcm_ima_wav"),
    "ms.wav": ("-c:a", "adpcm_ms", "-ac", "2"),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("name", WRITTEN)
def test_files_of_ffmpeg(customer, provider, tmp_path, name):
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    path = tmp_path / name
    source = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3.5", "-ar", "16000")
    subprocess.run(["ffmpeg", "-v", "error", *source, *WRITTEN[name], str(path)], check=True)
    provider.answer = says()
    reply = send(customer, form(("model", "whisper"), ("file", path.read_bytes(), name)))
    assert usd(reply.json()["usage"]["cost"]) == by_seconds(4)


def test_a_head_that_lies_makes_no_call_cheap(customer, provider):
    """The bytes count, and what the provider says counts more: also above what was held."""
    long = bytearray(sound(100))
    long[40:44] = (16).to_bytes(4, "little")  # the length of the data
    provider.answer = says()
    send(customer, form(("model", "whisper"), ("file", bytes(long), "a.wav")))
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(100)
    provider.answer = says({"type": "duration", "seconds": 3000})
    send(customer, form(("model", "whisper"), FILE))
    assert usd(customer.wait_for_record(2)["cost"]) == by_seconds(3000)


TOO_LONG = sound(7201, rate=100)


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"\x00" * 5000, "cannot be measured"), (TOO_LONG, "7201 seconds long")],
)
def test_sound_that_cannot_be_sold_by_the_second(customer, provider, content, word):
    reply = send(customer, form(("model", "whisper"), ("file", content, "a.wav")))
    error = check_error(reply, 400, "invalid_value", param="file", retry=False)
    assert word in error["message"]
    assert provider.requests == []


def test_an_unknown_file_is_sold_by_tokens(customer, provider):
    provider.answer = says(token_usage())
    reply = send(customer, form(("model", "scribe"), ("file", b"\x00" * 5000, "a.amr")))
    assert usd(reply.json()["usage"]["cost"]) == by_tokens(14, 200, 45)


def test_the_hold_is_the_worst_case(house, provider):
    poor = house.customer(credit="0.0001")
    reply = send(poor, form(("model", "whisper"), ("file", sound(60), "a.wav")))
    check_error(reply, 402, "insufficient_credits")
    assert provider.requests == []


# ---- hostile forms ----


WHOLE = form(("model", "whisper"), FILE)
TYPE = "multipart/form-data; boundary=XyZ"
WRONG = {
    "no Content-Type": (WHOLE, "", "invalid_form"),
    "JSON": (b'{"model":"whisper"}', "application/json", "invalid_form"),
    "no boundary": (WHOLE, "multipart/form-data", "invalid_form"),
    "two boundaries": (WHOLE, TYPE + "; boundary=other", "invalid_form"),
    "a long boundary": (WHOLE, "multipart/form-data; boundary=" + "x" * 71, "invalid_form"),
    "another boundary": (WHOLE, "multipart/form-data; boundary=abc", "invalid_form"),
    "nothing": (b"", TYPE, "invalid_form"),
    "no end": (WHOLE[:-6], TYPE, "invalid_form"),
    "something behind the end": (WHOLE + b"x", TYPE, "invalid_form"),
    "a part without a name": (WHOLE.replace(b'; name="model"', b""), TYPE, "invalid_form"),
    "an encoded name": (WHOLE.replace(b'name="model"', b"name*=utf-8''model"), TYPE,
                        "invalid_form"),
    "two names": (WHOLE.replace(b'name="model"', b'name="model"; name="x"'), TYPE, "invalid_form"),
    "a hidden quote": (WHOLE.replace(b'"a.wav"', b'"a\\"; name=\\"model"'), TYPE, "invalid_form"),
    "a huge head": (WHOLE.replace(b'"a.wav"', b'"' + b"a" * 5000 + b'"'), TYPE, "invalid_form"),
    "a bare line feed": (WHOLE.replace(b"whisper\r\n", b"whisper\n"), TYPE, "invalid_form"),
    "the boundary in a file": (form(("model", "whisper"), ("file", b"a\n--XyZ\nb", "a.wav")), TYPE,
                               "invalid_form"),
    "many parts": (form(*[("a", "b")] * 65), TYPE, "invalid_form"),
    "an encoded part": (WHOLE.replace(b"\r\n\r\nwhisper",
                                      b"\r\nContent-Transfer-Encoding: base64\r\n\r\nwhisper"),
                        TYPE, "invalid_form"),
    "two models": (form(("model", "whisper"), ("model", "scribe"), FILE), TYPE, "invalid_value"),
    "a list of models": (form(("model[]", "whisper"), FILE), TYPE, "invalid_value"),
    "another case": (form(("model", "whisper"), ("Model", "scribe"), FILE), TYPE, "invalid_value"),
    "a model that is a file": (form(("model", "whisper", "m.txt"), FILE), TYPE, "invalid_value"),
    "no model": (form(FILE), TYPE, "missing_field"),
    "no file": (form(("model", "whisper")), TYPE, "missing_field"),
    "a file without a name": (form(("model", "whisper"), ("file", "abc")), TYPE, "invalid_value"),
    "two files": (form(("model", "whisper"), FILE, FILE), TYPE, "invalid_value"),
    "another file": (form(("model", "whisper"), FILE, ("x", "y", "z")), TYPE, "invalid_value"),
    "a file's address": (form(("model", "whisper"), FILE, ("url", "http://x")), TYPE,
                         "invalid_value"),
    "an address elsewhere": (form(("model", "whisper"), FILE, ("cloud_storage_url", "http://x")),
                             TYPE, "invalid_value"),
    "a file that is kept": (form(("model", "whisper"), FILE, ("file_id", "file_1")), TYPE,
                            "invalid_value"),
    "its name in another case": (form(("model", "whisper"), FILE, ("sourceFileId", "file_1")),
                                 TYPE, "invalid_value"),
    "a service tier": (form(("model", "whisper"), FILE, ("service_tier", "priority")), TYPE,
                       "invalid_value"),
    "a stream of subtitles": (form(("model", "whisper"), FILE, ("stream", "true"),
                                   ("response_format", "srt")), TYPE, "invalid_value"),
    "a stream that is no flag": (form(("model", "whisper"), FILE, ("stream", "yes")), TYPE,
                                 "invalid_value"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_form_is_named(customer, provider, name):
    body, content_type, code = WRONG[name]
    check_error(send(customer, body, content_type), 400, code, retry=False)
    assert provider.requests == []
    assert customer.balance == 10


# ---- the rest of the house ----


@pytest.mark.quick
def test_a_retry_gets_the_first_answer(customer, provider):
    """A package makes a new boundary for each try."""
    provider.answer = answers.reply(200, TEXT.encode(), {"Content-Type": "text/vtt"})
    parts = (("model", "whisper"), ("response_format", "vtt"), FILE)
    key = {"Idempotency-Key": "one"}
    first = send(customer, form(*parts), **key)
    customer.wait_for_no_hold()
    other = form(*parts, boundary="Other")
    again = send(customer, other, "multipart/form-data; boundary=Other", **key)
    assert (again.status_code, again.text) == (200, first.text) == (200, TEXT)
    assert again.headers["content-type"] == "text/vtt"
    assert len(provider.requests) == 1
    third = form(("model", "whisper"), ("response_format", "srt"), FILE)
    assert send(customer, third, **key).status_code in (409, 422)


def test_a_failed_provider_is_free(customer, provider):
    for answer in (answers.error(500, "no", None, "server_error"), answers.reply(200, b"{}"),
                   answers.reply(200, b'{"error":{"message":"x"}}')):  # fmt: skip
        provider.answer = answer
        check_error(send(customer, form(("model", "whisper"), FILE)), 502)
    provider.answer = answers.reply(200, b"")
    body = form(("model", "whisper"), ("response_format", "text"), FILE)
    check_error(send(customer, body), 502)
    assert customer.balance == 10


def test_a_client_s_error_passes(customer, provider):
    provider.answer = answers.error(400, "Invalid file format.", None, "invalid_request_error")
    error = check_error(send(customer, form(("model", "scribe"), FILE)), 400)
    assert "Invalid file format" in error["message"]


def test_silence_is_an_answer(customer, provider):
    provider.answer = answers.reply(200, b'{"text":""}')
    assert send(customer, form(("model", "whisper"), FILE)).json()["text"] == ""
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(2)


def test_a_provider_of_its_own(customer, provider):
    provider.answer = says(token_usage())
    assert send(customer, form(("model", "apart"), FILE)).status_code == 200
    assert usd(customer.wait_for_record()["cost"]) == by_tokens(14, 200, 45)


@pytest.mark.quick
def test_a_model_answers_where_it_is_sold(customer, provider):
    error = check_error(send(customer, form(("model", "apart"), FILE),
                             path="/audio/translations"), 404, "wrong_endpoint")  # fmt: skip
    assert "/v1/audio/transcriptions" in error["message"]
    models = {model["id"]: model for model in customer.get("/models").json()["data"]}
    assert models["scribe"]["architecture"]["input_modalities"] == ["text", "audio"]
    assert models["scribe"]["architecture"]["output_modalities"] == ["text"]
    assert models["apart"]["supported_endpoints"] == ["/v1/audio/transcriptions"]
