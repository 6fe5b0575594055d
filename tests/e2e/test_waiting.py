"""Time: a stream that flows is not cut, one that is silent begins with comments, and what is said
of it is what happened. Retry-After is read in every form, and handed on where it will help."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import answers
import pytest
import speech_answers as speech
import sse
from answers import Chat, Usage, reply, silence, stream
from customer import QUESTION
from errors import check_error
from fake_provider import Gate
from gateway import Gateway
from prices import Price, charge, usd
from rawhttp import chat_bytes
from wait import wait_until

PRICE = Price("0.15", "0.60")
PIECE = answers.content_event("x ")
COMMENT = b": keep-alive\n"
STREAMED_BODY = b'{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Hi"}]}'


@pytest.fixture(scope="module")
def module_gateway(shared_provider, tmp_path_factory):
    settings = {"first_event_wait_ms": 300, "keepalive_comment_ms": 100}
    gateway = Gateway(tmp_path_factory.mktemp("waiting"), shared_provider, settings)
    policies = gateway.policies
    policies.provider("brisk", total_timeout_ms=600)
    policies.provider("bounded", stream_timeout_ms=1000)
    policies.provider("hasty", first_byte_timeout_ms=700, idle_timeout_ms=700)
    for name in ("brisk", "bounded", "hasty"):
        policies.model(name, PRICE, providers=(name,))
    policies.model("both", PRICE, providers=("hasty", "openai"))
    policies.model("drawn", image="0.05", image_max=1, max_output=None, endpoints=["images"])
    policies.model("spoken", second="0.001", second_max=60, max_output=None, providers=("hasty",),
                   endpoints=["speech"])  # fmt: skip
    policies.write("examples", "return {}\n")
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def customer(module_gateway, provider):
    customer = module_gateway.customer()
    yield customer
    customer.wait_for_no_hold()
    module_gateway.check_clean()
    module_gateway.check_holds()


def ask(customer, model, **fields):
    return customer.ask(model, stream=True, stream_options={"include_usage": True}, **fields)


# ---- limits ----


def test_a_stream_that_flows_is_not_cut(customer, provider):
    events = [PIECE] * 12 + Chat(pieces=()).events({"model": "x"})[1:]
    provider.answer = stream(events, gap_s=0.1)
    content = ask(customer, "brisk").content
    assert sse.text(content) == "x " * 12
    assert "error" not in sse.chunks(content)[-1]


def test_a_plain_answer_has_its_limit(customer, provider):
    provider.answer = silence()
    error = check_error(customer.ask("brisk"), 504, "timeout")
    assert "longer than 600 ms" in error["message"]


def test_the_loose_limit_of_a_stream(customer, provider):
    provider.answer = stream([PIECE] * 1000, gap_s=0.05)
    content = ask(customer, "bounded").content
    error = sse.chunks(content)[-1]["error"]
    assert error["code"] == "timeout"
    assert "longer than 1 s" in error["message"]
    assert "not complete" in error["message"]
    assert "was charged" in error["message"]


def test_silence_is_called_silence(customer, provider):
    provider.answer = stream([PIECE], ending="hang")
    error = sse.chunks(ask(customer, "hasty").content)[-1]["error"]
    assert "sent nothing for 700 ms" in error["message"]
    provider.answer = silence()
    error = check_error(customer.ask("hasty"), 504, "timeout")
    assert "did not begin to answer within 700 ms" in error["message"]


# ---- a stream that begins before its answer ----


def test_another_one_answers_after_the_comments(customer, provider):
    provider.then(silence())
    provider.answer = answers.chat(pieces=("from the other",), usage=Usage(10, 5))
    response = ask(customer, "both")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.content.startswith(COMMENT)
    assert sse.text(response.content) == "from the other"
    assert response.content.endswith(answers.DONE)
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(PRICE, Usage(10, 5))
    assert customer.wait_for_record()["attempts"] == 2


def test_comments_go_on_until_something_is_said(module_gateway, customer, provider):
    """At once, not with what follows; a role is no end of the silence."""
    gates = {1: Gate(provider)}
    provider.answer = answers.stream_of(Chat(), gates=gates)
    with gates[1], module_gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED_BODY))
        assert connection.read_head().status == 200
        for _ in range(3):
            assert connection.read_chunk() == COMMENT
        gates[1].set()
        got = b""
        while chunk := connection.read_chunk():
            got += chunk
    assert sse.text(got) == Chat().text
    assert got.endswith(answers.DONE)


def check_free_error(customer, content, code):
    """An event of its own, which no client takes for a whole answer; nothing was charged."""
    rest = content.replace(COMMENT, b"")
    (chunk,) = sse.chunks(rest)
    assert chunk.keys() == {"error"}
    assert chunk["error"].keys() >= {"message", "type", "param", "code"}
    assert chunk["error"]["code"] == code
    assert rest.endswith(answers.DONE)
    customer.wait_for_no_hold()
    assert customer.balance == 10
    record = customer.wait_for_record()
    assert record["error_code"] == code
    assert record["usage_source"] == "none"


@pytest.mark.parametrize("name", ["silence", "a role"])
def test_with_nobody_else_it_ends_with_an_error(customer, provider, name):
    role = stream(Chat().events({"model": "x"})[:1], ending="hang")
    provider.answer = {"silence": silence(), "a role": role}[name]
    response = ask(customer, "hasty")
    assert response.status_code == 200
    check_free_error(customer, response.content, "timeout")


def test_a_refusal_after_comments_is_an_error_event(module_gateway, customer, provider):
    gate = Gate(provider)
    provider.answer = answers.behind(gate, answers.error(400, "too hot", "too_hot", "x"))
    with gate, module_gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED_BODY))
        assert connection.read_head().status == 200
        assert connection.read_chunk() == COMMENT
        gate.set()
        got = b""
        while chunk := connection.read_chunk():
            got += chunk
    check_free_error(customer, got, "too_hot")


def test_a_client_may_leave_among_the_comments(module_gateway, customer, provider):
    provider.answer = silence()
    with module_gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED_BODY))
        connection.read_head()
        assert connection.read_chunk() == COMMENT
    wait_until(lambda: provider.last.gone_at, 5, "the end of the upstream call")
    customer.wait_for_no_hold()


def test_a_key_may_be_deleted_among_the_comments(module_gateway, customer, provider):
    """The client is told, and pays what the provider was asked for."""
    provider.answer = silence()
    with module_gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED_BODY))
        assert connection.read_head().status == 200
        assert connection.read_chunk() == COMMENT
        customer.delete_key()
        got = b""
        while chunk := connection.read_chunk():
            got += chunk
    rest = got.replace(COMMENT, b"")
    (error,) = sse.chunks(rest)
    assert error["error"]["code"] == "key_disabled"
    assert rest.endswith(answers.DONE)
    wait_until(lambda: provider.last.gone_at, 5, "the end of the upstream call")
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    assert (record["error_code"], record["output_tokens"]) == ("key_disabled", 0)
    assert 10 - customer.balance == usd(record["cost"]) > 0


def test_a_call_may_fail_without_its_client(module_gateway, customer, provider):
    """It began with comments and runs on for its retry: when it has failed, its key is free."""
    provider.then(silence())
    body = json.dumps({"model": "hasty", "stream": True, "messages": list(QUESTION)}).encode()
    headers = {"Idempotency-Key": "left"}
    with module_gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, body, headers))
        assert connection.read_head().status == 200
        assert connection.read_chunk() == COMMENT

    def again():
        response = customer.post(body, headers=headers)
        return None if response.status_code == 409 else response

    response = wait_until(again, 10, "the end of the first call")
    assert sse.text(response.content) == Chat().text
    assert len(provider.requests) == 2


def test_a_retry_of_one_that_began_early(customer, provider):
    """The copy that is kept is of the answer."""
    provider.then(silence())
    headers = {"Idempotency-Key": "early"}
    body = {"model": "both", "stream": True, "messages": list(QUESTION)}
    first = customer.post(body, headers=headers)
    again = customer.post(body, headers=headers)
    assert first.content.replace(COMMENT, b"") == again.content
    assert len(provider.requests) == 2


# ---- Retry-After ----


def refused(value: str):
    body = b'{"error":{"message":"slow down","code":"rate_limit_exceeded"}}'
    return reply(429, body, {"Retry-After": value})


FORMS = {
    "IMF": "%a, %d %b %Y %H:%M:%S GMT",
    "RFC 850": "%A, %d-%b-%y %H:%M:%S GMT",
    "asctime": "%a %b %d %H:%M:%S %Y",
}


def date_in(seconds: int, form: str = "IMF") -> str:
    return time.strftime(FORMS[form], time.gmtime(time.time() + seconds))


@pytest.mark.parametrize("form", FORMS)
def test_a_date(customer, provider, form):
    provider.answer = refused(date_in(40, form))
    response = customer.ask()
    assert response.status_code == 429
    assert 20 <= int(response.headers["retry-after"]) <= 40
    assert response.headers["x-should-retry"] == "true"


@pytest.mark.parametrize("value", ["86400", "99999999999", 86400, "61"])
def test_a_wait_that_no_client_should_sleep(customer, provider, value):
    provider.answer = refused(value if isinstance(value, str) else date_in(value))
    response = customer.ask()
    assert response.status_code == 429
    assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("value", ["soon", "-5", "0", -100, "", "Mon, 32 Jan 2026"])
def test_nothing_to_wait_for(customer, provider, value):
    provider.answer = refused(value if isinstance(value, str) else date_in(value))
    response = customer.ask()
    assert response.headers["retry-after"] == "1"
    assert response.headers["x-should-retry"] == "true"


# ---- sound and pictures ----


def draw(customer):
    body = {"model": "drawn", "prompt": "A cat", "stream": True}
    return customer.post(body, "/images/generations")


def test_who_waits_for_a_picture_is_kept_awake(customer, provider):
    picture = speech.event("image_generation.completed", b64_json="AAAA")
    with Gate(provider) as gate, ThreadPoolExecutor(1) as pool:
        provider.answer = answers.behind(gate, speech.events(picture))
        asked = pool.submit(draw, customer)
        provider.wait_for_requests(1)
        time.sleep(0.6)  # two comments
        gate.set()
        content = asked.result(10).content
    assert content.startswith(COMMENT * 2)
    (event,) = content.replace(COMMENT, b"").split(b"\n\n")[:-1]
    assert json.loads(event.split(b"data: ")[1])["usage"]["cost"] == 0.06


def test_a_picture_that_fails_late_says_so(customer, provider):
    failed = answers.error(500, "no", None, "server_error")
    with Gate(provider) as gate, ThreadPoolExecutor(1) as pool:
        provider.answer = answers.behind(gate, failed)
        asked = pool.submit(draw, customer)
        provider.wait_for_requests(1)
        time.sleep(0.5)
        gate.set()
        content = asked.result(10).content
    event = content.replace(COMMENT, b"")
    assert event.startswith(b"event: error\n")
    assert json.loads(event.split(b"data: ")[1])["error"]["code"] == "provider_unavailable"


def test_nothing_is_added_to_sound(customer, provider):
    """It waits for longer than comments do; and a provider that stops is not waited for."""
    with Gate(provider) as gate:
        provider.answer = speech.chunked(speech.wav(1), speech.wav(1), kind="audio/wav", gate=gate)
        client = customer.openai(max_retries=0)
        with client.audio.speech.with_streaming_response.create(
            model="spoken", input="Hi", voice="alloy"
        ) as streamed:
            got = b""
            with pytest.raises(Exception, match="peer closed"):
                for piece in streamed.iter_bytes():
                    got += piece
    assert got == speech.wav(1)[:-1]
    record = customer.wait_for_record()
    assert (record["error_code"], usd(record["cost"])) == ("timeout", usd("0.0012"))
