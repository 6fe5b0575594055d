"""Speech: sound passes byte for byte, as it comes and no faster than it is read; what is charged is
computed here again; and whoever cuts an answer, nobody takes half of it for the whole."""

import base64
import json
import math
import os
import subprocess
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import answers
import pytest
import speech_answers as speech
from certificate import make_certificate
from errors import check_error
from fake_provider import Gate, Provider
from gateway import ROOT, Gateway, is_sanitized
from prices import usd
from rawhttp import Closed
from test_backpressure import stalled
from wait import wait_until

TEXT = 'Hello there: 안녕하세요 👋🏽 "ok"\n'
MARGIN = Fraction(6, 5)
TOKENS_PER_MINUTE = 1250  # docs/POLICIES.md
NAMED = {"voice": "alloy", "input": TEXT}


def owed(*lines: tuple[float | int, str]) -> Decimal:
    """The charge of {quantity, price of one in USD}."""
    exact = sum(Fraction(quantity) * Fraction(price) for quantity, price in lines) * MARGIN
    return Decimal(math.ceil(exact * 10**9)) / 10**9


def per_million(price: str) -> str:
    return str(Fraction(price) / 10**6)


@pytest.fixture(scope="module")
def secure(shared_provider, tmp_path_factory):
    """A provider over TLS, which libcurl asks."""
    provider = Provider(shared_provider.default, *make_certificate(tmp_path_factory.mktemp("tls")))
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def house(shared_provider, secure, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("speech"), shared_provider, {})
    policies = gateway.policies
    policies.provider("secure", base_url=secure.url, api_key="sk-tls",
                      ca_file=str(secure.certificate))  # fmt: skip
    policies.provider("other")
    policies.provider("reads", on_cancel="read")
    spoken = {"endpoints": ["speech"], "context": 2000, "max_output": None}
    policies.model("tts", character="0.000015", character_max=4096,
                   providers=("openai", "other"), **spoken)  # fmt: skip
    policies.model("seconds", second="0.0005", second_max=600, **spoken)
    policies.model("secure", second="0.0005", second_max=9000, providers=("secure",), **spoken)
    policies.model("read", second="0.0005", second_max=600, providers=("reads",), **spoken)
    policies.model("tokens", input="0.60", output="10", audio_output="12",
                   **{**spoken, "max_output": 20000})  # fmt: skip
    policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def ask(customer, model: str = "tts", **members):
    return customer.post({"model": model, **NAMED, **members}, "/audio/speech")


def units_of(customer) -> dict[str, int]:
    """The quantities of the last charge."""
    record = customer.wait_for_record()
    charge = customer.call("GET", f"/usage/{record['id']}", 200)["charge"]
    return {line["kind"]: line["quantity"] for line in charge["lines"]}


def start(house, customer, model: str = "tts", **members):
    """A connection on which a call has been sent."""
    body = json.dumps({"model": model, **NAMED, **members}).encode()
    connection = house.connect()
    connection.send(
        b"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
        % (customer.key.encode(), len(body), body)
    )
    return connection


def read_all_but_the_last(connection, sound: bytes) -> bytes:
    """The last byte waits for what follows, or for the charge."""
    assert connection.read_head().status == 200
    got = b""
    while len(got) < len(sound) - 1:
        got += connection.read_chunk()
    assert got == sound[:-1]
    return got


# ---- bytes ----


@pytest.mark.quick
@pytest.mark.parametrize("sized", [True, False])
def test_sound_passes_as_it_came(customer, provider, sized):
    sound = speech.mp3(3)
    provider.answer = (
        speech.whole(sound, "audio/mpeg; x=1")
        if sized
        else speech.chunked(sound[:5], sound[5:900], sound[900:], kind="audio/mpeg; x=1")
    )
    reply = ask(customer)
    assert (reply.status_code, reply.content) == (200, sound)
    assert reply.headers["content-type"] == "audio/mpeg; x=1"
    assert reply.headers.get("content-length") == (str(len(sound)) if sized else None)
    assert provider.last.json == {"model": "tts", **NAMED}
    assert provider.last.path == "/v1/audio/speech"
    assert customer.wait_for_record()["finish_reason"] == "stop"


@pytest.mark.parametrize("size", [1, 2, 70_000])
def test_any_size_and_the_connection_is_kept(house, customer, provider, size):
    sound = speech.pcm(2)[:size]
    provider.answer = speech.whole(sound, "audio/pcm")
    with start(house, customer, response_format="pcm") as connection:
        assert connection.read_reply().body == sound
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.read_reply().status == 200


@pytest.mark.quick
def test_the_python_sdk(customer, provider, tmp_path):
    provider.answer = speech.whole(speech.wav(1), "audio/wav")
    client = customer.openai()
    more = {"response_format": "wav", "speed": 1.5, "instructions": "Softly"}
    found = client.audio.speech.create(model="tts", input=TEXT, voice="alloy", **more)
    assert found.read() == speech.wav(1)
    assert provider.last.json["instructions"] == "Softly"
    provider.answer = speech.chunked(*[speech.mp3(1)] * 3)
    with client.audio.speech.with_streaming_response.create(
        model="tts", input=TEXT, voice="alloy"
    ) as streamed:
        streamed.stream_to_file(tmp_path / "sound.mp3")
    assert (tmp_path / "sound.mp3").read_bytes() == speech.mp3(1) * 3


@pytest.mark.once
def test_the_node_sdk(house, customer, provider):
    provider.answer = speech.chunked(speech.mp3(1), speech.mp3(2))
    script = Path(__file__).parent / "node/speech.mjs"
    folder = os.environ.get("E2E_NODE") or str(ROOT / "build/node")
    env = {"PATH": os.environ["PATH"], "E2E_NODE": folder, "E2E_KEY": customer.key,
           "E2E_BASE_URL": house.api}  # fmt: skip
    result = subprocess.run(["node", script], env=env, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert base64.b64decode(json.loads(result.stdout)["sound"]) == speech.mp3(1) + speech.mp3(2)


def test_it_passes_as_it_comes(house, customer, provider):
    with Gate(provider) as gate:
        provider.answer = speech.chunked(speech.mp3(1), speech.mp3(2), gate=gate)
        with start(house, customer) as connection:
            first = read_all_but_the_last(connection, speech.mp3(1))
            assert customer.records() == []
            gate.set()
            rest = b""
            while chunk := connection.read_chunk():
                rest += chunk
    assert first + rest == speech.mp3(1) + speech.mp3(2)


@pytest.mark.parametrize("sized", [True, False])
def test_a_client_that_does_not_read_pauses_the_provider(house, customer, provider, sized):
    """60 MB: the gateway keeps none of it, and nothing is lost."""
    piece = speech.pcm(1) * 20
    pieces = [piece] * 64
    length = len(piece) * 64 if sized else None
    provider.answer = speech.chunked(*pieces, kind="audio/pcm", length=length)
    ask(customer, "seconds", response_format="pcm")  # what is made once is not counted
    before = house.rss_bytes()
    with start(house, customer, "seconds", response_format="pcm") as connection:
        connection.read_head()
        provider.wait_for_requests(2)
        wait_until(lambda: stalled(provider), 20, "a stop of the provider's writing")
        assert provider.last.ended_at is None, "it all fitted somewhere: the test shows nothing"
        grown = house.rss_bytes() - before
        assert is_sanitized() or grown < 1024 * 1024
        if not sized:
            got = 0
            while chunk := connection.read_chunk():
                got += len(chunk)
            assert got == len(piece) * 64
    customer.wait_for_record(2)


@pytest.mark.parametrize("sized", [True, False])
def test_over_tls(house, customer, secure, sized):
    """The same by libcurl: type, length, pace, and an end that is no end."""
    sound = speech.wav(200)
    length = len(sound) if sized else None
    secure.answer = speech.chunked(sound[:7], sound[7:], kind="audio/wav; x=1", length=length)
    with start(house, customer, "secure") as connection:
        reply = connection.read_head()
        assert reply.headers["content-type"] == "audio/wav; x=1"
        assert reply.headers.get("content-length") == (str(length) if sized else None)
        wait_until(lambda: stalled(secure), 20, "a stop of the provider's writing")
        if sized:
            assert connection.read_exactly(length) == sound
        else:
            got = b""
            while chunk := connection.read_chunk():
                got += chunk
            assert got == sound
    assert units_of(customer)["second"] == 200
    secure.answer = speech.chunked(speech.wav(1), kind="audio/wav", ending="cut",
                                   length=99_999_999 if sized else None)  # fmt: skip
    with pytest.raises(Exception, match="peer closed"):
        ask(customer, "secure")
    customer.wait_for_record(2)
    assert units_of(customer)["second"] == 1


# ---- money ----


@pytest.mark.quick
@pytest.mark.parametrize("text", ["a", TEXT, "é" * 4096, "👋" * 100, " \n\t "])
def test_characters_are_code_points(customer, provider, text):
    provider.answer = speech.whole(speech.mp3(1))
    assert ask(customer, input=text).status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == owed((len(text), "0.000015"))
    assert units_of(customer)["character"] == len(text)


def test_a_hold_is_exact(house, provider):
    """All that it costs is known before."""
    text = "x" * 1000
    cost = owed((1000, "0.000015"))
    provider.answer = speech.whole(speech.mp3(1))
    customer = house.customer(credit=str(cost))
    assert ask(customer, input=text).status_code == 200
    customer.wait_for_no_hold()
    assert customer.balance == 0
    poor = house.customer(credit=str(cost - Decimal("0.000000001")))
    check_error(ask(poor, input=text), 402, "insufficient_credits")


def test_more_than_a_model_speaks(customer, provider):
    provider.reset()
    error = check_error(ask(customer, input="x" * 4097), 400, param="input", retry=False)
    assert "4096" in error["message"]
    assert "4097" in error["message"]
    assert provider.requests == []


def test_a_bound_of_the_client_s(customer, provider):
    provider.reset()
    provider.answer = speech.whole(speech.mp3(1))
    body = {"model": "tts", **NAMED, "input": "x" * 100}
    cost = owed((100, "0.000015"))
    less = {"x-llm-max-cost": str(cost - Decimal("0.000000001"))}
    check_error(customer.post(body, "/audio/speech", headers=less), 400, "max_cost_exceeded")
    assert provider.requests == []
    just = {"x-llm-max-cost": str(cost)}
    assert customer.post(body, "/audio/speech", headers=just).status_code == 200


SOUNDS = {
    "wav": (speech.wav(2.5), "audio/wav"),
    "pcm": (speech.pcm(2.5), "audio/pcm"),
    "mp3": (speech.mp3(2.52), "audio/mpeg"),
}


@pytest.mark.parametrize("form", SOUNDS)
def test_seconds_are_measured(customer, provider, form):
    provider.answer = speech.whole(*SOUNDS[form])
    assert ask(customer, "seconds", response_format=form).status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == owed((3, "0.0005"))
    assert units_of(customer)["second"] == 3


def test_a_form_that_tells_no_length_is_not_free(customer, provider):
    provider.answer = speech.whole(b"\x00\x01strange" * 1000, "audio/x-strange")
    ask(customer, "seconds", input="word " * 60)
    seconds = units_of(customer)["second"]
    assert 15 <= seconds <= 30


@pytest.mark.quick
def test_tokens_as_the_last_event_counts_them(customer, provider):
    sound = speech.mp3(2)
    provider.answer = speech.events(*speech.deltas(sound), speech.done(14, 101))
    reply = ask(customer, "tokens", stream_format="sse")
    assert reply.headers["content-type"].startswith("text/event-stream")
    record = customer.wait_for_record()
    cost = owed((14, per_million("0.60")), (101, per_million("12")))
    assert usd(record["cost"]) == cost
    assert record["usage_source"] == "reported"
    *parts, last = reply.content.split(b"\n\n")[:-1]
    assert [part + b"\n\n" for part in parts] == speech.deltas(sound)
    found = json.loads(last.split(b"data: ")[1])
    assert found["type"] == "speech.audio.done"
    assert (found["usage"]["input_tokens"], found["usage"]["output_tokens"]) == (14, 101)
    assert usd(found["usage"]["cost"]) == cost


def test_an_end_without_sound_is_no_answer(house, provider):
    customer = house.customer()
    provider.answer = speech.events(speech.done(14, 101))
    reply = ask(customer, "tokens", stream_format="sse")
    check_error(reply, 502, "provider_unavailable")
    customer.wait_for_no_hold()
    assert customer.balance == 10


def test_tokens_that_nobody_counts_are_estimated(customer, provider):
    provider.answer = speech.whole(speech.wav(12), "audio/wav")
    ask(customer, "tokens", response_format="wav")
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    spoken = 12 * TOKENS_PER_MINUTE // 60
    said = record["input_tokens"]
    assert record["output_tokens"] == spoken
    assert 5 < said < 60
    assert usd(record["cost"]) == owed((said, per_million("0.60")), (spoken, per_million("12")))


def test_no_more_tokens_than_the_model_has(house, provider):
    customer = house.customer()
    provider.answer = speech.events(*speech.deltas(speech.mp3(1)), speech.done(14, 50_000))
    ask(customer, "tokens", stream_format="sse")
    record = customer.wait_for_record()
    cost = owed((14, per_million("0.60")), (20_000, per_million("12")))
    assert usd(record["cost"]) == cost


def test_a_hold_of_tokens_is_the_longest_answer(house, provider):
    poor = house.customer(credit="0.20")
    provider.reset()
    check_error(ask(poor, "tokens"), 402, "insufficient_credits")
    check_error(ask(poor, "tokens", stream_format="sse"), 402, "insufficient_credits")
    assert provider.requests == []


def test_it_can_be_explained(house, customer, provider):
    provider.answer = speech.whole(speech.mp3(1))
    reply = ask(customer)
    customer.wait_for_record()
    exchange = reply.headers["x-request-id"]
    found = customer.get(f"/generation?id={exchange}").json()["data"]
    assert usd(found["cost"]) == owed((len(TEXT), "0.000015")), found
    told = house.command("ledger", "explain", exchange).stdout
    assert "character" in told
    assert str(len(TEXT)) in told


# ---- who leaves ----


def test_a_client_that_leaves_pays_what_came(house, customer, provider):
    with Gate(provider) as gate:
        provider.answer = speech.chunked(speech.wav(4), speech.pcm(60), kind="audio/wav", gate=gate)
        with start(house, customer, "seconds") as connection:
            read_all_but_the_last(connection, speech.wav(4))
        wait_until(lambda: provider.last.gone_at, 5, "the end of the upstream call")
    record = customer.wait_for_record()
    assert (record["status"], units_of(customer)["second"]) == (499, 4)
    assert usd(record["cost"]) == owed((4, "0.0005"))


def test_a_client_that_leaves_pays_all_characters(house, customer, provider):
    with Gate(provider) as gate:
        provider.answer = speech.chunked(speech.mp3(1), speech.mp3(1), gate=gate)
        with start(house, customer) as connection:
            connection.read_head()
        wait_until(lambda: provider.last.gone_at, 5, "the end of the upstream call")
    assert usd(customer.wait_for_record()["cost"]) == owed((len(TEXT), "0.000015"))


def test_before_the_first_byte_it_runs_on(house, customer, provider):
    with Gate(provider) as gate:
        provider.answer = answers.behind(gate, speech.whole(speech.wav(4), "audio/wav"))
        with house.logging("client gone"), start(house, customer, "seconds"):
            provider.wait_for_requests(1)
        gate.set()
    record = customer.wait_for_record()
    assert (record["status"], units_of(customer)["second"]) == (499, 4)


def test_on_cancel_read_reads_it_to_its_end(house, customer, provider):
    with Gate(provider) as gate:
        provider.answer = speech.chunked(speech.wav(1), speech.pcm(5), kind="audio/wav", gate=gate)
        with house.logging("client gone"), start(house, customer, "read") as connection:
            connection.read_head()
        gate.set()
    assert units_of(customer)["second"] == 6


# ---- who cuts ----


def test_a_revoked_key_ends_the_sound(house, customer, provider):
    with Gate(provider) as gate:
        provider.answer = speech.chunked(speech.wav(1), speech.pcm(60), kind="audio/wav", gate=gate)
        with start(house, customer, "seconds") as connection:
            read_all_but_the_last(connection, speech.wav(1))
            customer.delete_key()
            with pytest.raises(Closed):
                connection.read_chunk()
    record = customer.wait_for_record()
    assert (record["error_code"], usd(record["cost"])) == ("key_disabled", owed((1, "0.0005")))


@pytest.mark.quick
@pytest.mark.parametrize("sized", [True, False])
def test_a_cut_answer_ends_badly(house, customer, provider, sized):
    length = 100_000 if sized else None
    provider.answer = speech.chunked(speech.wav(1), kind="audio/wav", ending="cut", length=length)
    client = customer.openai(max_retries=0)
    with (
        client.audio.speech.with_streaming_response.create(
            model="seconds", input=TEXT, voice="alloy", response_format="wav"
        ) as streamed,
        pytest.raises(Exception, match="peer closed"),
    ):
        for _ in streamed.iter_bytes():
            pass
    record = customer.wait_for_record()
    assert record["error_code"] == "provider_unavailable"
    assert usd(record["cost"]) == owed((1, "0.0005"))


def test_a_cut_stream_of_events_says_so(customer, provider):
    provider.answer = speech.events(*speech.deltas(speech.mp3(1)), ending="cut")
    reply = ask(customer, "tokens", stream_format="sse")
    last = reply.content.split(b"\n\n")[-2]
    assert last.startswith(b"event: error\n")
    error = json.loads(last.split(b"data: ")[1])["error"]
    assert error["code"] == "provider_unavailable"
    assert "charged" in error["message"]
    assert customer.wait_for_record()["usage_source"] == "partial"


def test_a_retry_gets_the_same_sound(customer, provider):
    provider.reset()
    provider.answer = speech.chunked(speech.mp3(1), speech.mp3(2))
    headers = {"Idempotency-Key": "one"}
    body = {"model": "tts", **NAMED}
    first = customer.post(body, "/audio/speech", headers=headers)
    customer.wait_for_no_hold()
    again = customer.post(body, "/audio/speech", headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["content-type"] == "audio/mpeg"
    assert len(provider.requests) == 1


def test_a_retry_of_half_an_answer_gets_an_error(house, customer, provider):
    provider.reset()
    provider.answer = speech.chunked(speech.mp3(1), ending="cut")
    headers = {"Idempotency-Key": "two"}
    body = {"model": "tts", **NAMED}
    with pytest.raises(Exception, match="peer closed"):
        customer.post(body, "/audio/speech", headers=headers)
    customer.wait_for_no_hold()
    error = check_error(customer.post(body, "/audio/speech", headers=headers), 502, retry=False)
    assert "charged" in error["message"]
    assert len(provider.requests) == 1


def test_too_large_for_a_retry(customer, provider):
    provider.answer = speech.chunked(*[speech.pcm(20)] * 10, kind="audio/pcm")
    headers = {"Idempotency-Key": "three"}
    body = {"model": "tts", **NAMED}
    assert customer.post(body, "/audio/speech", headers=headers).status_code == 200
    customer.wait_for_no_hold()
    reply = customer.post(body, "/audio/speech", headers=headers)
    check_error(reply, 409, "idempotency_answer_not_kept")


# ---- before the first byte ----


@pytest.mark.quick
def test_the_next_candidate_speaks(customer, provider):
    provider.reset()
    provider.then(answers.error(500, "no", None, "server_error"), speech.whole(speech.mp3(1)))
    assert ask(customer).content == speech.mp3(1)
    assert customer.wait_for_record()["attempts"] == 2


FAILURES = {
    "an error with a status": answers.error(500, "no", None, "server_error"),
    "an error without one": answers.reply(200, b'{"error":{"message":"no","type":"server_error"}}'),
    "JSON that is no sound": answers.reply(200, b'{"ok":true}'),
    "a page": answers.html(200),
    "a text": speech.whole(b"Internal error", "text/plain"),
    "nothing": speech.whole(b""),
    "events that nobody asked for": speech.events(speech.done(1, 1)),
    "a cut before the first byte": answers.close_before_head(),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_free_and_told_in_json(customer, provider, name):
    provider.answer = FAILURES[name]
    check_error(ask(customer), 502)
    customer.wait_for_no_hold()
    assert customer.balance == 10


def test_sound_where_events_were_asked_for(customer, provider):
    provider.answer = speech.whole(speech.mp3(1))
    check_error(ask(customer, stream_format="sse"), 502)
    customer.wait_for_no_hold()
    assert customer.balance == 10


def test_a_client_s_error_passes(customer, provider):
    provider.answer = answers.error(400, "Unknown voice", None, "invalid_request_error")
    error = check_error(ask(customer, voice="nobody"), 400)
    assert error["message"] == "Unknown voice"


def test_sound_without_a_type(customer, provider):
    provider.answer = speech.chunked(speech.mp3(1), kind="")
    reply = ask(customer)
    assert (reply.status_code, reply.content) == (200, speech.mp3(1))
    assert reply.headers["content-type"] == "application/octet-stream"


WRONG = {
    "no input": ({"input": None}, "input"),
    "an empty one": ({"input": ""}, "input"),
    "a list": ({"input": ["x"]}, "input"),
    "a voice of one's own": ({"voice": {"id": "voice_1"}}, "voice"),
    "another form": ({"stream_format": "flac"}, "stream_format"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(customer, provider, name):
    provider.reset()
    members, param = WRONG[name]
    check_error(ask(customer, **members), 400, param=param, retry=False)
    assert provider.requests == []


def test_the_list_says_what_it_costs(customer):
    models = {model["id"]: model for model in customer.get("/models").json()["data"]}
    assert models["tts"]["architecture"]["output_modalities"] == ["audio"]
    assert models["tts"]["supported_endpoints"] == ["/v1/audio/speech"]
    assert usd(models["tts"]["pricing"]["character"]) == Decimal("0.000018")
