"""Nothing said, nothing charged: a role, filter verdicts, counts and comments are no answer. What
fails behind them has a real status, is free, and another provider may still answer."""

import answers
import pytest
import sse
from answers import DONE, Chat, Usage, reply, stream
from customer import question_of
from errors import check_error
from gateway import Gateway
from prices import Price, charge

PRICE = Price("0.15", "0.60")
CHAT = Chat(pieces=("some",), usage=Usage(10, 5), null_usage=False, usage_in_chunks="always")
ROLE, SOME, STOP, LAST = CHAT.events({"model": "both"})[:4]
ERROR = b'data: {"error":{"message":"overloaded","code":503}}\n\n'


def delta(text: str) -> bytes:
    return b'data: {"choices":[{"index":0,"delta":{%s},"finish_reason":null}]}\n\n' % text.encode()


# Before an answer; none of them is one.
NOTHING = {
    "nothing": b"",
    "a role": ROLE,
    "two roles": ROLE + ROLE,
    "no delta": delta(""),
    "empty members": delta('"content":"","refusal":null,"tool_calls":[],"reasoning":""'),
    "labels": delta('"id":"msg_1","type":"message","name":"bot","content":"","annotations":[]'),
    "parts without text": delta('"content":[{"type":"text","text":"","id":"x"}]'),
    "details without text": delta('"reasoning_details":[{"type":"reasoning.text","text":""}]'),
    "a sound's id": delta('"audio":{"id":"a","expires_at":1}'),
    "what a gateway adds": delta('"content":"","provider_specific_fields":{"safety":"none"}'),
    "a verdict": b'data: {"choices":[],"prompt_filter_results":[{"severity":"safe"}]}\n\n',
    "a verdict of a choice": b'data: {"choices":[{"index":0,"delta":{"content":""},'
    b'"content_filter_results":{"hate":{"severity":"safe"}},"finish_reason":null}]}\n\n',
    "zeros": b'data: {"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}\n\n',
    "a count of the prompt": b'data: {"choices":[],"usage":{"prompt_tokens":9000,'
    b'"completion_tokens":0}}\n\n',
    "comments": b": hello\n\n: hello\n\n",
    "an empty finish": ROLE.replace(b'"finish_reason":null', b'"finish_reason":""'),
}
# Behind it.
FAILURES = {
    "an error": (stream, [ERROR], "clean"),
    "cut": (stream, [], "cut"),
    "reset": (stream, [], "reset"),
    "the end": (stream, [], "clean"),
    "done": (stream, [DONE], "clean"),
    "nonsense": (stream, [b"data: nonsense\n\n"], "clean"),
    "silence": (stream, [], "hang"),
}
SAID = {
    "text": delta('"content":"x"'),
    "a blank": delta('"content":" "'),
    "reasoning": delta('"reasoning_content":"hm"'),
    "a tool call": delta('"tool_calls":[{"index":0,"id":"c","function":{"name":"f"}}]'),
    "an old call": delta('"function_call":{"name":"f","arguments":""}'),
    "a refusal": delta('"refusal":"no"'),
    "sound": delta('"audio":{"id":"a","data":"AAAA"}'),
    "a picture": delta('"images":[{"type":"image_url","image_url":{"url":"data:,x"}}]'),
}


@pytest.fixture(scope="module")
def module_gateway(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("nothing"), shared_provider)
    times = {"first_byte_timeout_ms": 400, "idle_timeout_ms": 400}
    gateway.policies.provider("first", **times)
    gateway.policies.model("both", PRICE, providers=("first", "openai"))
    gateway.policies.model("solo", PRICE, providers=("first",))
    gateway.policies.write("examples", "return {}\n")
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def customer(module_gateway, provider):
    yield module_gateway.customer()
    module_gateway.check_clean()
    module_gateway.check_holds()


def failure(name: str, before: bytes):
    make, events, ending = FAILURES[name]
    return make([event for event in (before, *events) if event], ending=ending)


def ask(customer, model, **fields):
    return customer.ask(model, stream=True, stream_options={"include_usage": True}, **fields)


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("before", NOTHING)
def test_the_other_one_answers(customer, provider, before, name):
    provider.then(failure(name, NOTHING[before]))
    provider.answer = answers.chat(pieces=("from the other",), usage=Usage(10, 5))
    response = ask(customer, "both")
    assert response.status_code == 200, response.text
    assert sse.text(response.content) == "from the other"
    assert [c for c in sse.chunks(response.content) if c.get("error")] == []
    assert len(provider.requests) == 2
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(PRICE, Usage(10, 5))


@pytest.mark.parametrize("name", FAILURES)
def test_with_nobody_else_it_is_free(customer, provider, name):
    provider.answer = failure(name, NOTHING["a role"] + NOTHING["a count of the prompt"])
    response = ask(customer, "solo", messages=question_of(80_000))
    check_error(response, {"an error": 503, "silence": 504}.get(name, 502))
    customer.wait_for_no_hold()
    assert customer.balance == 10


@pytest.mark.parametrize("said", SAID)
def test_what_was_said_stays(customer, provider, said):
    """Never two answers in one."""
    provider.answer = stream([ROLE, SAID[said], ERROR])
    response = ask(customer, "both")
    assert response.status_code == 200
    assert len(provider.requests) == 1
    assert sse.chunks(response.content)[-1].keys() == {"error"}
    assert customer.wait_for_record()["usage_source"] == "partial"


def test_a_finish_is_an_answer(customer, provider):
    provider.answer = stream([ROLE, STOP, ERROR])
    content = ask(customer, "both").content
    assert sse.is_done(content)
    assert not any("error" in chunk for chunk in sse.chunks(content)), "the whole answer was there"
    assert len(provider.requests) == 1


def test_all_that_was_held_back_arrives(customer, provider):
    provider.answer = stream([NOTHING["a verdict"], ROLE, SOME, STOP, LAST, DONE])
    chunks = sse.chunks(ask(customer, "both").content)
    assert chunks[0]["prompt_filter_results"]
    assert chunks[1]["choices"][0]["delta"]["role"] == "assistant"


def test_more_than_can_be_held_back(customer, provider):
    """A provider that goes on saying nothing is left, and does not fill the memory."""
    event = delta('"content":"","x":[' + "0," * 500_000 + "0]")
    provider.then(stream([event] * 12, ending="hang"))
    provider.answer = answers.chat(pieces=("from the other",))
    assert sse.text(ask(customer, "both").content) == "from the other"


PLAIN = {
    "no choices": b'{"choices":[],"usage":{"prompt_tokens":50,"completion_tokens":0}}',
    "an empty choice": b'{"choices":[{"index":0,"message":{"role":"assistant","content":null},'
    b'"finish_reason":null}],"usage":{"prompt_tokens":50,"completion_tokens":0}}',
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_answer_that_says_nothing(customer, provider, name):
    provider.then(reply(200, PLAIN[name]))
    assert customer.ask("both").json()["choices"][0]["message"]["content"]
    provider.answer = reply(200, PLAIN[name])
    before = customer.balance
    check_error(customer.ask("solo"), 502, "provider_unavailable")
    customer.wait_for_no_hold()
    assert customer.balance == before


CUT = {
    "no finish": [ROLE, SOME],
    "an empty finish": [ROLE, SOME.replace(b'"finish_reason":null', b'"finish_reason":""')],
    "one choice of two": [ROLE, SOME, SOME.replace(b'"index":0', b'"index":1'), STOP],
    "an error as its finish": [ROLE, SOME, STOP.replace(b'"stop"', b'"error"')],
}
WHOLE = {
    "behind the finish": [ROLE, SOME, STOP],
    "behind both": [ROLE, SOME, SOME.replace(b'"index":0', b'"index":1'), STOP,
                    STOP.replace(b'"index":0', b'"index":1')],
}  # fmt: skip


@pytest.mark.parametrize("ending", ["clean", "cut", "reset", "hang"])
@pytest.mark.parametrize("name", [*CUT, *WHOLE])
def test_cut_is_never_called_whole_nor_whole_cut(customer, provider, name, ending):
    provider.answer = stream((CUT | WHOLE)[name], ending=ending)
    n = 2 if "one choice" in name or "both" in name else 1
    chunks = sse.chunks(ask(customer, "both", n=n).content)
    assert ("error" in chunks[-1]) == (name in CUT)
    told = [chunk["usage"]["cost"] for chunk in chunks if chunk.get("usage")]
    assert len(told) == 1
    assert told[0] > 0
