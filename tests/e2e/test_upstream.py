"""Providers that misbehave: a defined answer, a right charge and a closed hold for each."""

import gzip
import threading
import time

import answers
import openai
import pytest
import sse
from answers import DONE, JSON_TYPE, SSE_TYPE, Chat, Usage, head, http_chunk
from customer import QUESTION
from errors import check_error
from gateway import UPSTREAM_KEY, Gateway
from prices import Price, charge, usd
from wait import wait_until

TINY = Price("0.15", "0.60")
PARTS = [answers.content_event(f"part {index} ") for index in range(5)]


def impatient(policies) -> None:
    """A provider that is waited for only shortly, and models of it and of two providers."""
    times = {"first_byte_timeout_ms": 400, "idle_timeout_ms": 400, "connect_timeout_ms": 400}
    policies.provider("impatient", **times)
    policies.provider("second", base_url="http://127.0.0.1:1/v1")  # nobody listens there
    policies.model("quick", TINY, providers=("impatient",))
    policies.model("dead", TINY, providers=("second",))
    policies.model("both", TINY, providers=("second", "openai"))
    policies.model("twice", TINY, providers=("openai", "impatient"))
    policies.write("examples", "return {}\n")


@pytest.fixture(scope="module")
def module_gateway(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("upstream"), shared_provider)
    impatient(gateway.policies)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def customer(module_gateway, provider):
    yield module_gateway.customer()
    module_gateway.check_clean()
    module_gateway.check_holds()


def unchanged(customer) -> None:
    """The hold is closed and nothing was charged; the record says why."""
    customer.wait_for_no_hold()
    assert customer.balance == 10
    for record in customer.records():
        assert usd(record["cost"]) == 0
        assert record["usage_source"] == "none"


# ---- before the first byte: a real status, no charge ----


def refusal(status: int, message: str, code: str | None = None, kind: str = "x", **headers):
    return answers.error(status, message, code, kind, headers)


CHUNKED_JSON = {**JSON_TYPE, "Transfer-Encoding": "chunked"}
SIZED_JSON = {**JSON_TYPE, "Content-Length": "400"}
QUOTA = "insufficient_quota"
BAD_REQUEST = refusal(400, "Invalid 'messages[0].content'.", "invalid_value")
SERVER_ERROR = refusal(500, "The server had an error", None, "server_error")
# What is answered when asked for a whole answer, and for a stream where it differs.
FAILURES = {
    "reset before the head": [answers.reset_before_head()],
    "closed before the head": [answers.close_before_head()],
    "reset after the head": [answers.reset_after_head(False), answers.reset_after_head(True)],
    "cut after the head": [answers.raw(head(200, SIZED_JSON)), answers.raw(head(200, SSE_TYPE))],
    "garbled head": [answers.raw(b"SSH-2.0-OpenSSH\r\n\r\n")],
    "huge head": [answers.raw(head(200, {"A": "x" * 500_000}))],
    "500": [SERVER_ERROR],
    "503": [refusal(503, "Overloaded", None, "server_error")],
    "429": [refusal(429, "Rate limit of org-abc", "rate_limit_exceeded", "requests")],
    "401": [refusal(401, f"Incorrect API key provided: {UPSTREAM_KEY}.", "invalid_api_key")],
    "402": [refusal(402, "Insufficient Balance", None, "unknown_error")],
    "403": [refusal(403, f"Project of {UPSTREAM_KEY} does not have access")],
    "insufficient_quota": [refusal(429, "You exceeded your current quota", QUOTA, QUOTA)],
    "HTML 200": [answers.html(200)],
    "HTML 502": [answers.html(502)],
    "HTML 404": [answers.html(404)],
    "redirect": [answers.reply(302, b"", {"Location": "http://127.0.0.1:1/"})],
    "not JSON": [answers.reply(200, b'{"choices": [}'), answers.stream([b"data: {nonsense\n\n"])],
    "empty body": [answers.reply(200, b""), answers.stream([])],
    "truncated chunk": [
        answers.truncated_body(),
        answers.raw(head(200, SSE_TYPE), b"200\r\ndata: {"),
    ],
    "bad chunk size": [
        answers.raw(head(200, CHUNKED_JSON), b"nonsense\r\n"),
        answers.raw(head(200, SSE_TYPE), b"nonsense\r\n"),
    ],
    "error event first": [SERVER_ERROR, answers.stream([answers.error_event()])],
    "400": [BAD_REQUEST],
}
ANSWERED = {
    "503": (503, "provider_overloaded"),
    "429": (429, "rate_limit_exceeded"),
    "HTML 404": (503, "provider_unavailable"),
    "401": (503, "provider_unavailable"),
    "402": (503, "provider_unavailable"),
    "403": (503, "provider_unavailable"),
    "insufficient_quota": (503, "provider_unavailable"),
    "400": (400, "invalid_value"),
}  # and (502, "provider_unavailable") for all others


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", FAILURES)
def test_failure_before_the_first_byte(customer, provider, name, streamed):
    provider.answer = FAILURES[name][-1 if streamed else 0]
    response = customer.ask(stream=streamed)
    status, code = ANSWERED.get(name, (502, "provider_unavailable"))
    error = check_error(response, status, code)
    assert "org-abc" not in response.text
    assert "html" not in response.text
    assert "127.0.0.1" not in error["message"]
    unchanged(customer)


def test_refused(customer, provider):
    with provider.refusing():
        check_error(customer.ask(), 502, "provider_unavailable")
    unchanged(customer)
    assert customer.ask().status_code == 200, "and it works again at once"


def test_nobody_listens(customer):
    check_error(customer.ask("dead", stream=True), 502, "provider_unavailable")
    unchanged(customer)


@pytest.mark.parametrize("streamed", [False, True])
def test_silence(customer, provider, streamed):
    provider.answer = answers.silence()
    check_error(customer.ask("quick", stream=streamed), 504, "timeout")
    unchanged(customer)
    wait_until(lambda: all(r.gone_at for r in provider.requests), 5, "the end of all calls")


def test_silence_after_the_head(customer, provider):
    provider.answer = answers.raw(head(200, SSE_TYPE), ending="hang")
    check_error(customer.ask("quick", stream=True), 504, "timeout")
    unchanged(customer)


def test_comments_are_no_answer(customer, provider):
    """A provider that only keeps the line warm has not begun: a failure keeps its real status."""
    warm = [b": OPENROUTER PROCESSING\n\n"] * 3
    provider.answer = answers.stream([*warm, answers.error_event()])
    check_error(customer.ask(stream=True), 502, "provider_unavailable")
    unchanged(customer)


def test_retry_after_is_passed_on(customer, provider):
    busy = answers.error(429, "Slow down", "rate_limit_exceeded", "requests", {"Retry-After": "7"})
    provider.answer = busy
    response = customer.ask()
    assert response.headers["retry-after"] == "7"
    assert response.headers["retry-after-ms"] == "7000"
    assert response.headers["x-should-retry"] == "true"


LIMITS = {
    "X-RateLimit-Limit-Requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "2m59.56s",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "0",
    "X-Ratelimit-Reset-Tokens": " 6.2s ",
}


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({}, "7"),  # what is spent
        ({"x-ratelimit-remaining-requests": "0"}, "180"),  # both: the longer one
        ({"x-ratelimit-remaining-tokens": "5"}, "7"),  # none: the shorter one
        ({"Retry-After": "2"}, "2"),
        ({"X-Ratelimit-Reset-Tokens": "soon", "x-ratelimit-reset-requests": "-1"}, "1"),
    ],
)
def test_retry_after_by_a_reset(customer, provider, changes, waits):
    """A refusal without Retry-After says by other fields when the limit is free again."""
    headers = LIMITS | changes
    provider.answer = answers.error(429, "Slow", "rate_limit_exceeded", "tokens", headers)
    response = customer.ask()
    assert response.status_code == 429
    assert response.headers.get("retry-after") == waits
    assert response.headers["x-should-retry"] == ("false" if waits == "180" else "true")


@pytest.mark.parametrize("name", ["401", "402", "insufficient_quota"])
def test_our_own_account_upstream_is_alarming(customer, provider, module_gateway, name):
    provider.answer = FAILURES[name][0]
    response = customer.ask()
    assert response.status_code == 503
    request = response.headers["x-request-id"]
    alarm = wait_until(
        lambda: module_gateway.logged("", level="error", request_id=request), 5, "an alarm"
    )
    assert "openai" in str(alarm)
    assert UPSTREAM_KEY not in str(alarm)


# ---- another candidate ----


@pytest.mark.parametrize("streamed", [False, True])
def test_falls_over_from_a_dead_provider(customer, provider, streamed):
    provider.answer = answers.chat(usage=Usage(10, 5))
    response = customer.ask("both", stream=streamed)
    assert response.status_code == 200
    assert len(provider.requests) == 1
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    assert record["attempts"] == 2
    assert record["provider"] == "openai"
    assert 10 - customer.balance == charge(TINY, Usage(10, 5))


FALL_OVER = sorted(FAILURES.keys() - {"400"})


@pytest.mark.parametrize("name", FALL_OVER)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_falls_over(customer, provider, name, streamed):
    provider.close_connections()  # on an old connection it could be a close meanwhile: asked again
    provider.then(FAILURES[name][-1 if streamed else 0])
    response = customer.ask("twice", stream=streamed)
    assert response.status_code == 200, response.text
    text = sse.text(response.content) if streamed else response.json()["choices"][0]["message"]
    assert "Hello there" in str(text)
    assert len(provider.requests) == 2
    assert provider.requests[0].body == provider.requests[1].body
    record = customer.wait_for_record()
    assert record["attempts"] == 2
    assert record["provider"] == "impatient"


def test_the_customers_mistake_is_not_tried_elsewhere(customer, provider):
    provider.answer = BAD_REQUEST
    check_error(customer.ask("twice"), 400, "invalid_value")
    assert len(provider.requests) == 1


def test_never_falls_over_after_the_first_byte(customer, provider):
    provider.then(answers.stream(PARTS, ending="cut"))
    response = customer.ask("twice", stream=True)
    assert sse.text(response.content) == "part 0 part 1 part 2 part 3 part 4 "
    assert sse.chunks(response.content)[-1]["error"]
    assert len(provider.requests) == 1


# ---- in mid-stream: an error event, then [DONE]; what was generated is paid ----

HUGE_LINE = b"data: " + b"x" * 10_000_000 + b"\n\n"
MIDDLE = {
    "cut": answers.stream(PARTS, ending="cut"),
    "reset": answers.stream(PARTS, ending="reset"),
    "error event": answers.stream([*PARTS, answers.error_event()]),
    "error event, then DONE": answers.stream([*PARTS, answers.error_event(), DONE]),
    "truncated event": answers.stream([*PARTS, b'data: {"id":"1","choi']),
    "truncated chunk": answers.raw(
        head(200, SSE_TYPE) + b"".join(map(http_chunk, PARTS)), b"200\r\ndata: {", gap_s=0.05
    ),
    "bad chunk size": answers.raw(
        head(200, SSE_TYPE) + b"".join(map(http_chunk, PARTS)), b"zzz\r\n", gap_s=0.05
    ),
    "not JSON": answers.stream([*PARTS, b"data: <html>\n\n"], ending="hang"),
    "no finish, no DONE": answers.stream(PARTS),
    "a line of 10 MB": answers.stream([*PARTS, HUGE_LINE], ending="hang"),
    "error named by an event": answers.stream(
        [*PARTS, b'event: error\ndata: {"error":{"message":"x","type":"server_error"}}\n\n']
    ),
}


@pytest.mark.parametrize("name", MIDDLE)
def test_failure_in_mid_stream(customer, provider, name):
    provider.answer = MIDDLE[name]
    response = customer.ask(stream=True, max_tokens=500)
    assert response.status_code == 200
    assert sse.is_done(response.content), "never cut silently"
    assert sse.text(response.content) == "part 0 part 1 part 2 part 3 part 4 "
    last = sse.chunks(response.content)[-1]
    assert last.keys() == {"error"}, "some clients see no error beside other members"
    assert last["error"].keys() == {"message", "type", "param", "code"}
    assert UPSTREAM_KEY not in response.text

    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    assert record["usage_source"] == "partial"
    assert record["error_code"]
    usage = Usage(record["input_tokens"], record["output_tokens"])
    assert 5 <= usage.completion <= 40
    assert 10 - customer.balance == charge("gpt-4o-mini", usage)


def test_silence_in_mid_stream(customer, provider):
    provider.answer = answers.stream(PARTS, ending="hang")
    response = customer.ask("quick", stream=True, max_tokens=500)
    last = sse.chunks(response.content)[-1]
    assert last["error"]["code"] == "timeout"
    assert sse.is_done(response.content)
    assert customer.wait_for_record()["usage_source"] == "partial"
    wait_until(lambda: provider.last.gone_at, 5, "the end of the upstream call")


def test_sdk_sees_a_failure_in_mid_stream(customer, provider):
    provider.answer = MIDDLE["cut"]
    stream = customer.openai().chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}], stream=True
    )
    with pytest.raises(openai.APIError):
        list(stream)


# ---- odd, but an answer ----


def test_missing_done(customer, provider):
    """The answer had ended, [DONE] alone is missing: whole, and charged as reported."""
    provider.answer = answers.chat(done=False, usage=Usage(11, 7), usage_in_chunks="always")
    response = customer.ask(stream=True, max_tokens=100)
    assert sse.text(response.content) == Chat().text
    assert sse.is_done(response.content)
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge("gpt-4o-mini", Usage(11, 7))
    assert customer.wait_for_record()["usage_source"] == "reported"


@pytest.mark.parametrize("cut", [1, 2], ids=["no empty line", "not even the end of the line"])
@pytest.mark.parametrize("last", ["answer", "comment", "done"])
def test_end_without_an_empty_line(customer, provider, last, cut):
    """What comes last is an event like the others, and ours behind it another."""
    events = Chat(usage=None, done=last == "done").events({"model": "gpt-4o-mini"})
    if last == "comment":
        events.append(b": goodbye\n\n")
    sent = b"".join(events)
    provider.answer = answers.stream([sent[:-cut]])
    got = customer.ask(stream=True, max_tokens=100).content
    assert got == sent.removesuffix(b": goodbye\n\n") + (b"" if last == "done" else DONE)


def test_usage_twice(customer, provider):
    """The last one counts, and it is charged once."""
    provider.answer = answers.chat(usage=Usage(11, 7), usage_in_chunks="twice")
    response = customer.ask(stream=True, max_tokens=100)
    assert b"prompt_tokens" not in response.content
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge("gpt-4o-mini", Usage(11, 7))


def test_usage_that_nobody_asked_for_twice(customer, provider):
    provider.answer = answers.chat(usage=Usage(11, 7), usage_in_chunks="twice")
    options = {"stream_options": {"include_usage": True}}
    response = customer.ask(stream=True, max_tokens=100, **options)
    reported = [chunk["usage"] for chunk in sse.chunks(response.content) if chunk.get("usage")]
    assert usd(reported[-1]["cost"]) == charge("gpt-4o-mini", Usage(11, 7))


def test_bytes_after_done(customer, provider):
    provider.answer = answers.stream([*Chat().events({"stream": True}), b"data: {more}\n\n"])
    response = customer.ask(stream=True)
    assert response.content.count(DONE) == 1
    assert response.content.endswith(DONE)
    assert "more" not in response.text


def test_connection_left_open_after_done(customer, provider):
    """[DONE] is the end, even if the provider does not close its body."""
    provider.answer = answers.stream_of(Chat(), ending="hang")
    began = time.monotonic()
    response = customer.ask(stream=True)
    assert sse.is_done(response.content)
    assert time.monotonic() - began < 10
    customer.wait_for_no_hold()


def test_10_mb_line_first(customer, provider):
    provider.answer = answers.stream([HUGE_LINE], ending="hang")
    check_error(customer.ask(stream=True), 502, "provider_unavailable")
    unchanged(customer)


def test_answer_that_never_ends(customer, provider, module_gateway):
    """A whole answer larger than the bound is refused, not gathered."""
    fields = {**JSON_TYPE, "Transfer-Encoding": "chunked"}
    block = http_chunk(b" " * 1_000_000)

    async def answer(connection, request):
        await connection.send(head(200, fields))
        for _ in range(100):
            await connection.send(block)
        connection.close()

    provider.answer = answer
    check_error(customer.ask(), 502, "provider_unavailable")
    assert provider.last.sent_bytes < 60_000_000
    unchanged(customer)


@pytest.mark.parametrize("streamed", [False, True])
def test_gzip_that_nobody_asked_for(customer, provider, streamed):
    provider.answer = answers.gzipped_stream() if streamed else answers.gzipped()
    response = customer.ask(stream=streamed, max_tokens=100)
    assert "gzip" not in provider.last.headers.get("accept-encoding", "")
    assert response.status_code == 200
    assert response.headers.get("content-encoding") is None
    text = sse.text(response.content) if streamed else response.text
    assert "Hello there" in text
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge("gpt-4o-mini", Usage())


def test_gzip_bomb(customer, provider, module_gateway):
    bomb = gzip.compress(b" " * 500_000_000, 9)
    provider.answer = answers.reply(200, bomb, {"Content-Encoding": "gzip"})
    before = module_gateway.rss_bytes()
    check_error(customer.ask(), 502, "provider_unavailable")
    assert module_gateway.rss_bytes() - before < 150_000_000
    unchanged(customer)


def test_informational_answers(customer, provider):
    """103 Early Hints and friends are not the answer."""
    body = Chat().body("gpt-4o-mini")
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    fields = {**JSON_TYPE, "Content-Length": str(len(body))}
    provider.answer = answers.raw(hints, head(200, fields) + body, ending="keep")
    assert customer.ask().status_code == 200


def test_keep_alive_and_close(customer, provider):
    """Connections are reused; one that the provider closed meanwhile hurts nobody."""
    for _ in range(4):
        assert customer.ask().status_code == 200
    assert len({request.connection for request in provider.requests}) <= 2  # one a worker
    provider.close_connections()
    for _ in range(4):
        assert customer.ask().status_code == 200
    provider.answer = answers.reply(200, Chat().body("gpt-4o-mini"), close=True)
    for _ in range(4):
        assert customer.ask().status_code == 200


def test_keepalive_comments(make_gateway, provider):
    """An idle stream is kept alive by comments, which SDKs do not show."""
    gateway = make_gateway(keepalive_comment_ms=100)
    customer = gateway.customer()
    gate = threading.Event()
    provider.answer = answers.stream_of(Chat(), gates={3: gate})
    with customer.gateway.http.stream(
        "POST",
        "/api/v1/chat/completions",
        headers=customer.authorization,
        json={"model": "gpt-4o-mini", "stream": True, "messages": list(QUESTION)},
    ) as response:
        text = ""
        for line in response.iter_lines():
            text += line + "\n"
            if text.count(": keep-alive") == 3:
                gate.set()
    assert text.count(": keep-alive") >= 3
    assert text.rstrip().endswith("data: [DONE]")


def test_nothing_upstream_ever_shows(customer, provider, module_gateway):
    """Neither key nor address of the provider, in no header."""
    for answer in (answers.chat(), FAILURES["401"][0], FAILURES["HTML 502"][0]):
        provider.answer = answer
        response = customer.ask()
        shown = str(dict(response.headers)) + response.text
        assert UPSTREAM_KEY not in shown
        assert f":{provider.port}" not in shown
    assert UPSTREAM_KEY not in module_gateway.stderr()
