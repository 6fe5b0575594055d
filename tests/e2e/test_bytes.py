"""Bytes pass through: what the provider gets is what the client sent, and what the client gets is
what the provider sent, but for the few differences that docs/API.md names."""

import json
import re
import threading

import answers
import pytest
from answers import JSON_TYPE, SSE_TYPE, Chat, Usage, head, http_chunk
from questions import estimate
from rawhttp import chat_bytes

MESSAGES = b'"messages":[{"role":"user","content":"Hi"}]'
ODD_BODIES = {
    "plain": b'{"model":"gpt-4o-mini",' + MESSAGES + b"}",
    "order": b"{" + MESSAGES + b',"temperature":1,"model":"gpt-4o-mini"}',
    "spaces": b' {\n\t"model" : "gpt-4o-mini" ,\r\n  ' + MESSAGES + b"  } \n",
    "empty arrays": b'{"model":"gpt-4o-mini",'
    + MESSAGES
    + b',"tools":[],"stop":[],"x":{},"y":[[]]}',
    "nulls": b'{"model":"gpt-4o-mini",' + MESSAGES + b',"stop":null,"seed":null,"x":[null,null]}',
    "19 digits": b'{"model":"gpt-4o-mini",' + MESSAGES + b',"seed":9223372036854775807}',
    "20 digits": b'{"model":"gpt-4o-mini",' + MESSAGES + b',"x":18446744073709551616}',
    "small": b'{"model":"gpt-4o-mini",' + MESSAGES + b',"temperature":1e-7,"x":1E+2,"y":-0.0}',
    "0.3": b'{"model":"gpt-4o-mini",' + MESSAGES + b',"x":0.30000000000000004,"y":1.0,"z":1e400}',
    "escapes": b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":'
    b'"\\u0041\\/\\"\\\\\\\\n\\\\u0041\\b\\f\\ud83d\\ude00 \\u0000 \xf0\x9f\x98\x80 \xc3\xbc"}]}',
    "lone surrogate": b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"\\ud83d"}]}',
    "escaped names": b'{"\\u006dodel":"gpt-4o-\\u006dini",' + MESSAGES + b"}",
    "stream false": b'{"stream":false,"model":"gpt-4o-mini",' + MESSAGES + b',"n":1}',
    "duplicates inside": b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"a","x":1,'
    b'"x":2}]}',
    "unknown": b'{"model":"gpt-4o-mini",' + MESSAGES + b',"route":{"order":["b","a"]},"x":"[]"}',
}
INCLUDE_USAGE = re.compile(rb'\s*"stream_options"\s*:\s*\{\s*"include_usage"\s*:\s*true\s*\}\s*')


def insertions(before: bytes, after: bytes) -> set[bytes]:
    """What was inserted, when the only difference is one insertion; often it can be read in more
    than one way: `"a",` into `{"b"}` as `"a",` behind the brace or as `a","` behind the quote."""
    size = len(after) - len(before)
    found = {
        after[at : at + size]
        for at in range(len(before) + 1)
        if after[:at] == before[:at] and after[at + size :] == before[at:]
    }
    assert found, "not one insertion"
    return found


def without_cost(body: bytes) -> bytes:
    """Takes the one `"cost": ...` out again, with the comma that came with it."""
    pattern = re.compile(rb'(,\s*)?"cost"\s*:\s*[-+.0-9eE]+(\s*,)?')
    found = pattern.findall(body)
    assert len(found) == 1, body
    return pattern.sub(lambda m: b"," if m[1] and m[2] else b"", body)


def squeezed(body: bytes) -> bytes:
    """Without white space between tokens, for an insertion that brings some."""
    return re.sub(rb"\s+", b"", body)


def same_but_for_cost(got: bytes, sent: bytes) -> None:
    rest = without_cost(got)
    if rest != sent:
        # The cost may have come with white space of its own: nothing else may differ.
        assert squeezed(rest) == squeezed(sent)
        assert len(rest) - len(sent) < 16


# ---- to the provider ----


@pytest.mark.quick
@pytest.mark.parametrize("name", ODD_BODIES)
def test_request_is_byte_identical(customer, provider, name):
    body = ODD_BODIES[name]
    response = customer.post(body)
    assert response.status_code == 200, response.text
    assert provider.last.body == body
    assert provider.last.path == "/v1/chat/completions"


@pytest.mark.parametrize("name", sorted(ODD_BODIES.keys() - {"stream false"}))
def test_streamed_request_gets_only_the_wish_for_usage(customer, provider, name):
    at = ODD_BODIES[name].index(b"{") + 1
    body = ODD_BODIES[name][:at] + b'"stream":true,' + ODD_BODIES[name][at:]
    response = customer.post(body)
    assert response.status_code == 200, response.text
    additions = {addition.strip(b" ,") for addition in insertions(body, provider.last.body)}
    assert any(map(INCLUDE_USAGE.fullmatch, additions)), additions


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (b'{"include_usage":true}', b'{"include_usage":true}'),
        (b'{"include_usage":true,"x":[]}', b'{"include_usage":true,"x":[]}'),
        (b'{"include_usage":false}', b'{"include_usage":true}'),
        (b'{"x":1e-7,"include_usage":false}', b'{"x":1e-7,"include_usage":true}'),
    ],
)
def test_stream_options_of_the_client(customer, provider, options, wanted):
    start = b'{"model":"gpt-4o-mini","stream":true,"stream_options":'
    end = b"," + MESSAGES + b"}"
    assert customer.post(start + options + end).status_code == 200
    assert provider.last.body == start + wanted + end


@pytest.mark.parametrize("options", [b"{}", b"null", b'{"x":1}', b'{"include_usage":null}'])
def test_stream_options_without_usage(customer, provider, options):
    start = b'{"model":"gpt-4o-mini","stream":true,"stream_options":'
    end = b"," + MESSAGES + b"}"
    assert customer.post(start + options + end).status_code == 200
    sent = provider.last.body
    assert sent.startswith(start)
    assert sent.endswith(end)
    wanted = (json.loads(options) or {}) | {"include_usage": True}
    assert json.loads(sent)["stream_options"] == wanted


def test_1_mb_prompt(customer, provider):
    text = '\\"\\n\\u00e4 \u4f60\u597d \U0001f600 '.encode() * 50000
    assert len(text) > 1_000_000
    body = b'{"model":"gpt-4o-mini","max_tokens":5,"messages":[{"role":"user","content":"%s"}]}'
    provider.answer = answers.chat(usage=Usage(100, 5))
    assert customer.post(body % text).status_code == 200
    assert provider.last.body == body % text


@pytest.mark.parametrize("piece", [1, 7, 100])
def test_request_in_small_packets(gateway, customer, provider, piece):
    body = ODD_BODIES["escapes"]
    data = chat_bytes(customer.key, body)
    with gateway.connect() as connection:
        for at in range(0, len(data), piece):
            connection.send(data[at : at + piece])
        assert connection.read_reply().status == 200
    assert provider.last.body == body


@pytest.mark.parametrize("size", [9_000, 50_000, 700_000])
@pytest.mark.parametrize("piece", [3_333, 1_000_000])
def test_large_request_and_what_follows(gateway, customer, provider, size, piece):
    """A body that comes in several goes ends where it ends: behind it begins the next request."""

    def body_of(lines: int) -> bytes:
        text = b"".join(b"line %d \\n" % number for number in range(lines))
        return b'{"model":"gpt-4o-mini","max_tokens":5,' + MESSAGES.replace(b"Hi", text) + b"}"

    bodies = [body_of(size // 10), ODD_BODIES["plain"], body_of(2_000)]
    data = b"".join(chat_bytes(customer.key, each) for each in bodies)
    with gateway.connect() as connection:
        for at in range(0, len(data), piece):
            connection.send(data[at : at + piece])
        for _ in bodies:
            assert connection.read_reply().status == 200
    assert [request.body for request in provider.requests] == bodies


def test_chunked_request(gateway, customer, provider):
    body = ODD_BODIES["empty arrays"]
    data = (
        b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer %s\r\n\r\n"
        % customer.key.encode()
    )
    for at in range(0, len(body), 11):
        data += http_chunk(body[at : at + 11])
    with gateway.connect() as connection:
        connection.send(data + b"0\r\n\r\n")
        assert connection.read_reply().status == 200
    assert provider.last.body == body
    assert int(provider.last.headers["content-length"]) == len(body)


def test_model_with_another_name_upstream(make_gateway, provider):
    """What policy changes is all that changes: here the model's name."""

    def prepare(policies):
        candidate = {"provider": "openai", "model": "gpt-4o-mini-2024-07-18"}
        policies.model("cheap", candidates=[candidate], input="1", output="2")

    customer = make_gateway(prepare=prepare).customer()
    body = ODD_BODIES["small"].replace(b"gpt-4o-mini", b"cheap")
    assert customer.post(body).status_code == 200
    assert provider.last.body == ODD_BODIES["small"].replace(
        b"gpt-4o-mini", b"gpt-4o-mini-2024-07-18"
    )


# ---- to the client ----

ANSWER = Chat(usage=Usage(50, 20, cached=10), logprobs=True).body("gpt-4o-mini-2024-07-18")
ODD_ANSWERS = {
    "as OpenAI": ANSWER,
    "compact": json.dumps(json.loads(ANSWER), separators=(",", ":")).encode(),
    "odd values": ANSWER.replace(
        b'"service_tier"',
        b'"x":[],"y":{},"n":null,"i":9223372036854775807,"f":1e-7,"s":"\\/\\u0041\\\\u0041",'
        b'"service_tier"',
    ),
    "usage first": b'{"usage":{"prompt_tokens":50,"completion_tokens":20},"choices":[TEXT]}',
    "usage twice inside": b'{"choices":[{"message":{"content":"x"},"usage":{"prompt_tokens":9}}],'
    b'"usage":{"prompt_tokens":50,"completion_tokens":20}}',
    "bare usage": b'{"choices":[TEXT],"usage":{"completion_tokens":20,"prompt_tokens":50}}\r\n',
}
ODD_ANSWERS = {
    name: body.replace(b"TEXT", b'{"message":{"content":"x"}}')
    for name, body in ODD_ANSWERS.items()
}


@pytest.mark.parametrize("name", ODD_ANSWERS)
def test_answer_is_byte_identical_but_for_the_cost(customer, provider, name):
    provider.answer = answers.reply(200, ODD_ANSWERS[name])
    response = customer.ask()
    assert response.status_code == 200
    same_but_for_cost(response.content, ODD_ANSWERS[name])
    assert int(response.headers["content-length"]) == len(response.content)


@pytest.mark.parametrize("piece", [1, 5, 1000])
def test_answer_in_small_packets(customer, provider, piece):
    fields = {**JSON_TYPE, "Content-Length": str(len(ANSWER))}
    data = head(200, fields) + ANSWER
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    provider.answer = answers.raw(*pieces, gap_s=0.0005, ending="keep")
    same_but_for_cost(customer.ask().content, ANSWER)


NEWLINES = {"lf": b"\n", "crlf": b"\r\n"}
ODD_EVENTS = [
    b'data: {"id":"1","choices":[{"index":0,"delta":{"role":"assistant"}}],"x":[]}\n\n',
    b": a comment of the provider\n\n",
    b'data:{"id":"1","choices":[{"index":0,"delta":{"content":"\\u0041 \xc3\xa4 \\/ \\\\n"}}]}\n\n',
    b'event: chunk\nid: 7\ndata: {"choices":[{"index":0,"delta":{"content":"b"}}],"f":1e-7}\n\n',
    b'data: {"choices":[{"index":0,"finish_reason":"stop","delta":{}}],'
    b'"i":9223372036854775807}\n\n',
]
# Some clients know no event with a name or an id, and none without data: what they get of it.
GOT_EVENTS = [ODD_EVENTS[0], ODD_EVENTS[2], b"data" + ODD_EVENTS[3].partition(b"data")[2],
              ODD_EVENTS[4]]  # fmt: skip
USAGE_EVENT = (
    b'data: {"id":"1","choices":[],"usage":{"prompt_tokens":50,"completion_tokens":20,"x":{}}}\n\n'
)


def without_keepalive(body: bytes) -> bytes:
    return body.replace(b": keep-alive\n", b"")


@pytest.mark.parametrize("newline", NEWLINES)
def test_stream_is_byte_identical(customer, provider, newline):
    end = NEWLINES[newline]
    events = [event.replace(b"\n", end) for event in [*ODD_EVENTS, USAGE_EVENT, answers.DONE]]
    provider.answer = answers.stream(events)
    got = without_keepalive(customer.ask(stream=True).content)
    wanted = [event.replace(b"\n", end) for event in [*GOT_EVENTS, answers.DONE]]
    wanted[2] = GOT_EVENTS[2]  # written anew
    assert got == b"".join(wanted)


def test_stream_with_usage_is_byte_identical_but_for_the_cost(customer, provider):
    events = [*ODD_EVENTS, USAGE_EVENT, answers.DONE]
    provider.answer = answers.stream(events)
    got = customer.ask(stream=True, stream_options={"include_usage": True}).content
    same_but_for_cost(without_keepalive(got), b"".join([*GOT_EVENTS, *events[5:]]))


def test_stream_as_openai_sends_it(customer, provider):
    """Asked for usage, OpenAI writes "usage":null into each chunk: the client did not ask."""
    got = without_keepalive(customer.ask(stream=True).content)
    events = Chat(null_usage=False, usage=None).events({"model": "gpt-4o-mini", "stream": True})
    assert got == b"".join(events)


# As it is sent, and what is left of it for a client who has not asked for usage.
PADDED = {
    "as OpenAI": (
        b'{"choices":[{"index":0,"delta":{"content":TEXT}}],"usage":null,"obfuscation":PAD}',
        b'{"choices":[{"index":0,"delta":{"content":TEXT}}],"obfuscation":PAD}',
    ),
    "padding first": (
        b'{"obfuscation":PAD,"usage":null,"choices":[{"delta":{"content":TEXT}}]}',
        b'{"obfuscation":PAD,"choices":[{"delta":{"content":TEXT}}]}',
    ),
    "usage last": (
        b'{"choices":[{"delta":{"content":TEXT}}],"obfuscation":PAD , "usage" : null }',
        b'{"choices":[{"delta":{"content":TEXT}}],"obfuscation":PAD }',
    ),
}


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("form", PADDED)
def test_padded_stream(customer, provider, form, asked):
    """Two strings differ from event to event: the text is counted, to the byte, the other not."""
    pieces = ("one", '\n"\\', "\u20ac\U0001f600", "", " word" * 40, '","usage":null,"') * 9
    paddings = [json.dumps("u\u00e9\\" * (n * 7 % 5)).encode() for n in range(len(pieces))]

    def events(template):
        for piece, padding in zip(pieces, paddings, strict=True):
            text = json.dumps(piece).encode()
            yield b"data: " + template.replace(b"TEXT", text).replace(b"PAD", padding) + b"\n\n"

    whole, without_usage = PADDED[form]
    provider.answer = answers.stream([*events(whole), answers.DONE])
    options = {"stream_options": {"include_usage": True}} if asked else {}
    got = without_keepalive(customer.ask(stream=True, max_tokens=2000, **options).content)
    if asked:  # and the provider has not told it: an estimate of ours stands before the end
        got = b"".join(
            re.split(rb'data: {"object":"chat.completion.chunk","choices":\[\],.*\n\n', got)
        )
    assert got == b"".join([*events(whole if asked else without_usage), answers.DONE])
    assert customer.wait_for_record()["output_tokens"] == estimate(pieces)


def test_usage_in_the_last_content_chunk(customer, provider):
    """Some providers put the usage into the chunk with the finish reason; that chunk must stay."""
    last = (
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":'
        b'{"prompt_tokens":50,"completion_tokens":20}}\n\n'
    )
    provider.answer = answers.stream([*ODD_EVENTS[:4], last, answers.DONE])
    got = customer.ask(stream=True).content
    assert b'"finish_reason":"stop"' in got
    assert got.endswith(answers.DONE)
    assert customer.wait_for_record()["usage_source"] == "reported"


SPLIT = answers.sse_whole([*ODD_EVENTS, USAGE_EVENT, answers.DONE], chunk_bytes=150)


@pytest.mark.parametrize("part", range(8))
def test_every_split_into_packets(customer, provider, part):
    """Two packets, cut at every place of the reply: nothing is lost, doubled or mispriced."""
    wanted = b"".join(GOT_EVENTS) + answers.DONE
    for at in range(1 + part, len(SPLIT), 8):
        provider.answer = answers.raw(SPLIT[:at], SPLIT[at:], gap_s=0.001, ending="keep")
        response = customer.ask(stream=True)
        assert without_keepalive(response.content) == wanted, f"split at {at}"
    count = len(range(1 + part, len(SPLIT), 8))
    customer.wait_for_no_hold()
    records = customer.call("GET", "/usage", 200, params={"limit": count})["data"]
    assert len(records) == count
    costs = {(record["output_tokens"], record["usage_source"]) for record in records}
    assert costs == {(20, "reported")}


def test_one_byte_at_a_time(customer, provider):
    pieces = [SPLIT[at : at + 1] for at in range(len(SPLIT))]
    provider.answer = answers.raw(*pieces, gap_s=0.0005, ending="keep")
    got = without_keepalive(customer.ask(stream=True).content)
    assert got == b"".join(GOT_EVENTS) + answers.DONE


def test_stream_reaches_the_client_as_it_comes(gateway, customer, provider):
    """From the first that says something on, no event waits for the next one."""
    events = [GOT_EVENTS[0] + GOT_EVENTS[1], *GOT_EVENTS[2:]]
    gates = {index: threading.Event() for index in range(1, 4)}
    provider.answer = answers.stream([*events, answers.DONE], gates=gates)
    body = b'{"model":"gpt-4o-mini","stream":true,' + MESSAGES + b"}"
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, body))
        reply = connection.read_head()
        assert reply.headers["content-type"].startswith("text/event-stream")
        got = connection.read_chunk()
        for index in range(1, 4):
            assert got == b"".join(events[:index])
            gates[index].set()
            got += connection.read_chunk()


@pytest.mark.parametrize("size", [100_000, 3_000_000])
def test_large_answer(customer, provider, size):
    provider.answer = answers.chat(pieces=("y" * size,), usage=Usage(10, 100))
    assert customer.ask().json()["choices"][0]["message"]["content"] == "y" * size


def test_stream_closed_instead_of_chunked(customer, provider):
    """HTTP/1.1 without a length: the end of the connection is the end of the body."""
    body = b"".join([*ODD_EVENTS, USAGE_EVENT, answers.DONE])
    fields = {"Content-Type": SSE_TYPE["Content-Type"], "Connection": "close"}
    provider.answer = answers.raw(head(200, fields), body)
    got = without_keepalive(customer.ask(stream=True).content)
    assert got == b"".join(GOT_EVENTS) + answers.DONE
