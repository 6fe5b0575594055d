"""What a call is metered by: the provider's counts, each judged by what came; where there is none,
an estimate of the whole request and of all that came, and never more than it can have been."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import answers
import pytest
import sse
from answers import DONE, Usage, content_event
from fake_provider import Gate
from prices import Price, charge
from rawhttp import chat_bytes
from test_admin_api import make_admin
from wait import wait_until

PRICE = Price("2.50", "10.00")
CONTEXT, MAX_OUTPUT, IMAGE = 200_000, 4000, 1445
LONG = "The quick brown fox jumps over the lazy dog. " * 9000  # 400 KB, some 90,000 tokens
PNG = "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAA" * 12_500  # 300 KB
HI = [{"role": "user", "content": "Hi"}]


def parts(*list_of_parts) -> dict:
    return {"messages": [{"role": "user", "content": list(list_of_parts)}]}


IMAGE_PART = {"type": "image_url", "image_url": {"url": PNG}}
BODIES = {
    "message": ({"messages": [{"role": "user", "content": LONG}]}, 90_000),
    "tool's description": (
        {
            "messages": HI,
            "tools": [{"type": "function", "function": {"name": "f", "description": LONG}}],
        },
        90_000,
    ),
    "names in a schema": (
        {
            "messages": HI,
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "name": "s",
                    "schema": {"properties": {f"a property named {n}": {} for n in range(10_000)}},
                },
            },
        },
        75_000,
    ),
    "functions": ({"messages": HI, "functions": [{"name": "f", "description": LONG}]}, 90_000),
    "documents": ({"messages": HI, "documents": [{"text": LONG}]}, 90_000),
    "two images": (parts(IMAGE_PART, IMAGE_PART), 2 * IMAGE),
    "image of Anthropic's": (
        parts({"type": "image", "source": {"type": "base64", "data": PNG[22:]}}),
        IMAGE,
    ),
    "a file": (parts({"type": "file", "file": {"filename": "file-1"}}), CONTEXT),
    "a film": (parts({"type": "video_url", "video_url": {"url": PNG}}), CONTEXT),
    "nothing special": ({"messages": HI, "metadata": {"a": "b" * 500}, "user": "u" * 500}, 2),
}


@pytest.fixture(scope="module")
def module_gateway(tmp_path_factory, shared_provider):
    from gateway import Gateway

    gateway = Gateway(tmp_path_factory.mktemp("metering"), shared_provider, {})
    members = {
        "context": CONTEXT,
        "max_output": MAX_OUTPUT,
        "image_tokens_max": IMAGE,
        "capabilities": ["vision", "audio", "files", "tools"],
    }
    gateway.policies.model("m", PRICE, **members)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def house(module_gateway, provider):
    yield module_gateway
    module_gateway.check_holds()


# ---- what is asked ----


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("leaves", [True, False])
def test_input_is_estimated_of_the_whole_body(house, provider, name, leaves):
    """A client that closes before the usage has come pays about what the provider bills."""
    fields, tokens = BODIES[name]
    customer = house.customer(credit="100")
    body = json.dumps({"model": "m", "stream": True, "max_tokens": 100, **fields}).encode()
    if leaves:
        with Gate(provider) as gate:
            events = [content_event("Hello", "m"), DONE]
            provider.answer = answers.stream(events, gates={1: gate})
            with house.connect() as connection:
                connection.send(chat_bytes(customer.key, body))
                connection.read_head()
                connection.read_chunk()
            wait_until(lambda: provider.last.gone_at, 10, "the end of the upstream call")
    else:
        provider.answer = answers.chat(usage=None)
        assert customer.post(body).status_code == 200
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    assert record["usage_source"] == ("partial" if leaves else "estimated")
    assert 0.75 * tokens <= record["input_tokens"] <= max(1.3 * tokens, 50), tokens
    usage = Usage(record["input_tokens"], record["output_tokens"])
    assert 100 - customer.balance == charge(PRICE, usage)


def test_sound_is_estimated_by_its_length(house, provider):
    """A minute of speech has some hundred tokens, and a million bytes of base64."""
    customer = house.customer(credit="100")
    sound = {"format": "wav", "data": "UklGRiQAAABXQVZF" * 62_500}
    provider.answer = answers.chat(usage=None)
    customer.post({"model": "m", **parts({"type": "input_audio", "input_audio": sound})})
    assert 100 <= customer.wait_for_record()["input_tokens"] <= 5000


# ---- what comes ----


def delta_event(**delta) -> bytes:
    chunk = {"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


BASE64 = "iVBORw0KGgoAAAANSUhEUgAA" * 4000  # 96 KB
STOP = b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
PICTURES = {
    "OpenRouter": {"images": [{"type": "image_url", "image_url": {"url": PNG}}]},
    "Gemini": {"multi_mod_content": [{"inlineData": {"mimeType": "image/png", "data": BASE64}}]},
    "part": {"content": [{"type": "image", "image": BASE64}]},
    "Markdown": {"content": f"![image]({PNG})"},
    "b64_json": {"b64_json": BASE64},
    "raw": {"content": BASE64},
    "escaped": {"image": BASE64.replace("A", "/")},
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("streamed", [False, True])
def test_pictures_that_come_are_no_text(house, provider, name, streamed):
    """Without usage: as many tokens as one picture of the model has at most. With it: its count."""
    customer = house.customer()
    delta = PICTURES[name]
    message = {"index": 0, "message": {"role": "assistant"} | delta, "finish_reason": "stop"}
    for usage in (None, Usage(10, 1290)):
        counts = {"usage": usage.as_json()} if usage else {}
        if streamed:
            last = b"data: " + json.dumps({"id": "1", "choices": [], **counts}).encode() + b"\n\n"
            events = [delta_event(**delta), STOP, last, DONE]
            provider.answer = answers.stream(events)
        else:
            body = json.dumps({"id": "1", "choices": [message], **counts})
            if name == "escaped":
                body = body.replace("/", "\\/")
            provider.answer = answers.reply(200, body.encode())
        before = len(customer.records())
        response = customer.ask("m", stream=streamed)
        assert response.status_code == 200
        if streamed:
            assert sse.is_done(response.content)
        record = customer.wait_for_record(before + 1)
        wanted = 1290 if usage else IMAGE
        assert wanted <= record["output_tokens"] <= wanted + 30
        assert record["usage_source"] == ("reported" if usage else "estimated")


def test_sound_that_comes_is_no_text(house, provider):
    customer = house.customer(credit="0.05")
    pieces = [delta_event(audio={"id": "audio_1", "data": "A" * 40_000}) for _ in range(10)]
    words = [delta_event(audio={"id": "audio_1", "transcript": " word"}) for _ in range(10)]
    provider.answer = answers.stream([*pieces, *words, STOP, DONE])
    response = customer.ask("m", stream=True)
    assert sse.is_done(response.content)
    assert response.content.count(b"A" * 40_000) == 10
    assert 10 < customer.wait_for_record()["output_tokens"] < 1500


def test_text_that_looks_like_data_is_text(house, provider):
    """What a model says has no spaces in every language: it is measured all the same."""
    customer = house.customer()
    provider.answer = answers.chat(pieces=("abcd" * 1000,), usage=None)
    customer.ask("m")
    assert customer.wait_for_record()["output_tokens"] == 1000
    customer.ask("m", stream=True)
    assert customer.wait_for_record(2)["output_tokens"] == 1000


# ---- counts that cannot be true ----


def usage_of(prompt, completion, **more) -> dict:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    return {name: count for name, count in counts.items() if count is not None} | more


TEXT = "hello world " * 200  # some 600 tokens by the estimate
JUDGED = {
    # usage -> input, output, source; None: estimated
    "true": (usage_of(1000, 600), 1000, 600, "reported"),
    "zeros": (usage_of(0, 0), None, None, "estimated"),
    "no output": (usage_of(1000, 0), 1000, None, "corrected"),
    "no input": (usage_of(0, 600), None, 600, "corrected"),
    "half": (usage_of(1000, None), 1000, None, "corrected"),
    "other half": (usage_of(None, 600), None, 600, "corrected"),
    "far too little": (usage_of(1000, 3), 1000, None, "corrected"),
    "negative": (usage_of(-1, 600), None, 600, "corrected"),
    "text": (usage_of("1000", 600), None, 600, "corrected"),
    "cached": (usage_of(1000, 600, prompt_tokens_details={"cached_tokens": 9000}), 1000, 600,
               "corrected"),
    "DeepSeek": (usage_of(1000, 600, prompt_cache_hit_tokens=400), 600, 600, "reported"),
    "Anthropic": ({"input_tokens": 1000, "output_tokens": 600}, 1000, 600, "reported"),
    "beside": (usage_of(1000, 600, total_tokens=1900,
                        completion_tokens_details={"reasoning_tokens": 300}), 1000, 900,
               "reported"),
    "nothing": ({}, None, None, "estimated"),
}  # fmt: skip


@pytest.mark.parametrize("name", JUDGED)
@pytest.mark.parametrize("streamed", [False, True])
def test_counts_are_judged_one_by_one(house, provider, name, streamed):
    usage, prompt, completion, source = JUDGED[name]
    customer = house.customer()
    if streamed:
        last = b"data: " + json.dumps({"id": "1", "choices": [], "usage": usage}).encode() + b"\n\n"
        provider.answer = answers.stream([content_event(TEXT, "m"), STOP, last, DONE])
    else:
        choice = {"index": 0, "message": {"role": "assistant", "content": TEXT}}
        body = {"choices": [choice | {"finish_reason": "stop"}], "usage": usage}
        provider.answer = answers.reply(200, json.dumps(body).encode())
    assert customer.ask("m", messages=HI, stream=streamed).status_code == 200
    record = customer.wait_for_record()
    assert record["usage_source"] == source
    if prompt is None:
        assert 1 <= record["input_tokens"] <= 10
    else:
        assert record["input_tokens"] == prompt
    assert record["output_tokens"] == (completion or 600)
    customer.wait_for_no_hold()
    cached = record["cached_input_tokens"]
    billed = Usage(record["input_tokens"] + cached, record["output_tokens"], cached=cached)
    assert 10 - customer.balance == charge(PRICE, billed)


def test_a_count_before_the_text_is_not_its_count(house, provider):
    customer = house.customer()
    first = content_event("a", "m").replace(
        b'"choices"', b'"usage":%s,"choices"' % json.dumps(usage_of(1000, 1)).encode()
    )
    provider.answer = answers.stream([first, content_event(TEXT, "m"), STOP, DONE])
    customer.ask("m", stream=True)
    record = customer.wait_for_record()
    assert (record["input_tokens"], record["usage_source"]) == (1000, "corrected")
    assert 600 <= record["output_tokens"] <= 602


def test_zeros_take_no_count_back(house, provider):
    customer = house.customer()
    counted = STOP.replace(b'"choices"', b'"usage":%s,"choices"' % json.dumps(
        usage_of(1000, 600)).encode())  # fmt: skip
    zeros = b'data: {"id":"1","choices":[],"usage":%s}\n\n' % json.dumps(usage_of(0, 0)).encode()
    provider.answer = answers.stream([content_event(TEXT, "m"), counted, zeros, DONE])
    customer.ask("m", stream=True)
    record = customer.wait_for_record()
    assert (record["input_tokens"], record["output_tokens"]) == (1000, 600)
    assert record["usage_source"] == "reported"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("counted", "wanted"), [(600, 1800), (1800, 1800), (1500, 1500)])
def test_several_choices_counted_as_one(house, provider, streamed, counted, wanted):
    """llama.cpp counts one of three."""
    customer = house.customer()
    provider.answer = answers.chat(pieces=(TEXT,), usage=Usage(10, counted))
    customer.ask("m", stream=streamed, n=3, max_tokens=1000)
    record = customer.wait_for_record()
    assert record["output_tokens"] == wanted
    assert record["usage_source"] == ("reported" if counted == wanted else "corrected")


PLACES = {
    "Groq": {"x_groq": {"id": "r", "usage": usage_of(100, 50)}},
    "Gemini": {"usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 20,
                                 "thoughtsTokenCount": 30, "totalTokenCount": 150}},
    "Moonshot": {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop",
                              "usage": usage_of(100, 50)}]},
    "llama.cpp": {"timings": {"prompt_n": 40, "cache_n": 60, "predicted_n": 50}},
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_usage_in_other_places(house, provider, name):
    customer = house.customer()
    last = {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    event = b"data: " + json.dumps(last | PLACES[name]).encode() + b"\n\n"
    provider.answer = answers.stream([content_event("hello", "m"), event, DONE])
    customer.ask("m", stream=True)
    record = customer.wait_for_record()
    assert record["input_tokens"] + record["cached_input_tokens"] == 100
    assert (record["output_tokens"], record["usage_source"]) == (50, "reported")


TIMINGS = {
    # Each within the bound of a count, and their sum above it: nobody's prompt.
    "above every bound": ({"prompt_n": 10**12, "cache_n": 10**12, "predicted_n": 3}, None),
    # Above what the model allows: the provider bills it, and the house pays it.
    "above the context": ({"prompt_n": 10**9, "cache_n": 10**9, "predicted_n": 3}, 2 * 10**9),
}


@pytest.mark.parametrize("name", TIMINGS)
def test_timings_above_a_bound(house, provider, name):
    """The books have what the record says, and no more is charged than the model allows."""
    timings, counted = TIMINGS[name]
    customer = house.customer()
    before = customer.balance
    last = {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    event = b"data: " + json.dumps(last | {"timings": timings}).encode() + b"\n\n"
    provider.answer = answers.stream([content_event("a b c", "m"), event, DONE])
    customer.ask("m", stream=True)
    record = customer.wait_for_record()
    prompt = record["input_tokens"] + record["cached_input_tokens"]
    assert prompt == counted if counted else prompt < 100
    assert record["usage_source"] == ("reported" if counted else "corrected")
    assert 0 < before - customer.balance < 1


def test_an_estimate_is_never_above_the_limit(house, provider):
    customer = house.customer()
    provider.answer = answers.chat(pieces=("word " * 8000,), usage=None)
    customer.ask("m")
    assert customer.wait_for_record()["output_tokens"] == MAX_OUTPUT
    customer.ask("m", max_tokens=7)
    assert customer.wait_for_record(2)["output_tokens"] == 7
    customer.wait_for_no_hold()
    assert customer.balance > Decimal("9.9")


# ---- a client that leaves between the finish reason and the counts ----


@pytest.mark.parametrize("counts", [True, False])
def test_a_stream_is_read_on_for_its_counts(house, provider, counts):
    """And not for ever: what does not come is estimated."""
    customer = house.customer()
    last = (
        b'data: {"id":"1","choices":[],"usage":%s}\n\n' % json.dumps(usage_of(1000, 500)).encode()
    )
    with Gate(provider) as gate:
        events = [content_event("hello", "m"), STOP, *([last] if counts else []), DONE]
        wait = {2: gate} if counts else {2: Gate(provider)}
        provider.answer = answers.stream(events, gates=wait)
        with house.connect() as connection:
            body = json.dumps({"model": "m", "stream": True, "messages": HI}).encode()
            connection.send(chat_bytes(customer.key, body))
            asked = connection.read_head().headers["x-request-id"]
            data = b""
            while b'"stop"' not in data:
                data += connection.read_chunk()
        if counts:
            house.logs("client gone", request_id=asked)
            gate.set()
        record = customer.wait_for_record()
        wait[2].set()
    assert record["usage_source"] == ("reported" if counts else "partial")
    assert record["error_code"] == "client_gone"
    if counts:
        assert (record["input_tokens"], record["output_tokens"]) == (1000, 500)
        assert provider.last.gone_at is None


def test_a_provider_whose_counts_need_correcting(make_gateway, provider):
    gateway = make_gateway()
    admin, customer = make_admin(gateway), gateway.customer()
    text = ("word " * 400,)
    for usage in (None, Usage(10, 0), Usage(10, 5), Usage(10, 10**8), Usage(10, 500)):
        provider.answer = answers.chat(pieces=text, usage=usage)
        assert customer.ask().status_code == 200
    (row,) = (
        row for row in admin.call("GET", "/admin/providers", 200)["data"] if row["name"] == "openai"
    )
    assert row["usage"] == {"reported": 1, "corrected": 2, "missing": 1, "excessive": 1}


# ---- large events ----


def picture_events(size: int) -> list[bytes]:
    last = b'data: {"id":"1","choices":[],"usage":%s}\n\n' % json.dumps(usage_of(10, 1290)).encode()
    return [delta_event(images=[{"image_url": {"url": "A" * size}}]), STOP, last, DONE]


@pytest.mark.parametrize("size", [5_000_000, 33_000_000])
def test_a_picture_of_many_megabytes(house, provider, size):
    """Arrives whole; beyond the bound the stream fails."""
    customer = house.customer()
    provider.answer = answers.stream(picture_events(size))
    response = customer.ask("m", stream=True)
    if size > 32 * 1024 * 1024:
        assert response.status_code == 502
        assert "A" * 1000 not in response.text
        return
    assert sse.is_done(response.content)
    assert response.content.count(b"A" * size) == 1
    assert customer.wait_for_record()["output_tokens"] == 1290


@pytest.mark.once
def test_many_large_pictures_at_once(make_gateway, provider):
    """All arrive, and few of them are in memory at the same time: a worker has room for four."""
    gateway = make_gateway(workers=1)
    customer = gateway.customer()
    size, count = 16_000_000, 12
    provider.answer = answers.stream(picture_events(size))
    most = []

    def call(_) -> int:
        response = customer.ask(stream=True)
        most.append(gateway.rss_bytes())
        return len(response.content)

    with ThreadPoolExecutor(count) as pool:
        sizes = list(pool.map(call, range(count)))
    assert all(got > size for got in sizes)
    assert max(most) < 20 * size, "all that have come, in three copies each, are more"
    customer.wait_for_record(count)
    customer.wait_for_no_hold()
