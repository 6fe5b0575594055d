"""APIs that operators map: the examples of docs/POLICIES.md, run as they stand there."""

import json
import re

import answers
import pytest
from answers import Usage
from errors import check_error
from gateway import ROOT, UPSTREAM_KEY, Gateway
from prices import Price, charge, usd
from sse import chunks
from wait import wait_until

PRICE = Price("1", "4", "0.10")


def examples() -> list[str]:
    """The entries of the section's code blocks."""
    section = (ROOT / "docs/POLICIES.md").read_text().split('<a id="map"></a>')[1]
    blocks = re.findall(r"```lua\n-- providers.lua\nreturn \{\n(.*?)\n\}\n```",
                        section.split("\n## ")[0], re.DOTALL)  # fmt: skip
    return [block.split("\n    openai = {")[0] for block in blocks]


BROKEN = {
    "loops": "answer = function() while true do end end",
    "grows": 'answer = function() local t = "x" while true do t = t .. t end end',
    "errs": "answer = function(answer) return answer.says end",
    "picks-wrongly": 'answer = function(answer, api) api.pick(99999, "a") end',
    "puts-wrongly": "request = function(asked, api) api.put(99999) end, answer = function() end",
    "puts-less": "request = function(asked, api) api.put(-99999.5) end, answer = function() end",
    "keeps-old": """answer = function(answer, api, memory)
        api.text(memory.old)
        local says = api.pick(answer, "says")
        memory.old = says + 1000
        api.text(memory.old)
    end""",
    "asks-nothing": "request = function() error('no request today') end, answer = function() end",
}


OTHER = {
    "calls": """answer = function(answer, api, memory)
        memory.events = (memory.events or 0) + 1
        local tool, thought = api.pick(answer, "tool", "thought")
        api.reasoning(thought)
        if tool then
            local name, with = api.pick(tool, "name", "with")
            api.call(nil, api.string(name), with)
        end
        api.usage { input = 7, output = memory.events, reasoning = 1 }
        api.reason("tool_calls")
    end""",
}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    origin = shared_provider.url.removesuffix("/v1")
    env = {"INHOUSE_URL": origin + "/in", "WRAPPED_URL": origin + "/w/v1",
           "INHOUSE_KEY": UPSTREAM_KEY, "WRAPPED_KEY": UPSTREAM_KEY}  # fmt: skip
    gateway = Gateway(tmp_path_factory.mktemp("mapped"), shared_provider, {}, env)
    policies = gateway.policies
    entries = "\n".join(examples())
    for name, member in (BROKEN | OTHER).items():
        entries += f'\n    ["{name}"] = {{ dialect = "openai-chat", base_url = "{origin}",'
        entries += f" api_key = false, ask_context = false, map = {{ {member} }} }},"
    policies.write("providers", policies.read("providers").replace(
        "return {\n", "return {\n" + entries + "\n", 1))  # fmt: skip
    for name in ("inhouse", "wrapped", *BROKEN, *OTHER):
        policies.model(name, PRICE, candidates=[{"provider": name, "model": "theirs"}])
    policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house, provider):
    return house.customer()


def charged(customer, spent) -> None:
    customer.wait_for_no_hold()
    assert 10 - customer.balance == spent


def sse(*documents: dict) -> list[bytes]:
    return [b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents]


def text_of(content: bytes) -> str:
    found = chunks(content)
    return "".join(c["delta"].get("content") or "" for e in found for c in e.get("choices", []))


WHOLE = {"says": 'Hello "there"!', "over": "end", "spent": {"taken": 12, "given": 5}}
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi\n\u00e9"}]


def test_in_house(customer, provider):
    provider.answer = answers.reply(200, json.dumps(WHOLE).encode())
    body = {"model": "inhouse", "messages": MESSAGES, "max_tokens": 50, "temperature": 0.5}
    answer = customer.post(body)
    asked = provider.last
    assert asked.path == "/in/generate"
    assert asked.headers["x-team-key"] == UPSTREAM_KEY
    assert asked.json == {
        "engine": "theirs", "stream": False, "longest": 50, "heat": 0.5,
        "turns": [{"who": "system", "says": "Be brief."}, {"who": "user", "says": "Hi\n\u00e9"}],
    }  # fmt: skip
    choice = answer.json()["choices"][0]
    assert choice["message"]["content"] == 'Hello "there"!'
    assert choice["finish_reason"] == "stop"
    assert answer.json()["model"] == "inhouse"
    assert usd(answer.json()["usage"]["cost"]) == charge(PRICE, Usage(12, 5))
    charged(customer, charge(PRICE, Usage(12, 5)))


def test_in_house_stream(customer, provider):
    """The connection stays open behind the last event."""
    events = sse({"says": "Hel"}, {"says": "lo"}, {"over": "full", "spent": WHOLE["spent"]})
    provider.answer = answers.stream(events, ending="hang")
    answer = customer.ask("inhouse", stream=True, stream_options={"include_usage": True})
    assert text_of(answer.content) == "Hello"
    found = chunks(answer.content)
    assert [c["finish_reason"] for e in found for c in e["choices"]][-1] == "length"
    assert usd(found[-1]["usage"]["cost"]) == charge(PRICE, Usage(12, 5))
    assert answer.content.endswith(answers.DONE)
    charged(customer, charge(PRICE, Usage(12, 5)))


@pytest.mark.parametrize("streamed", [False, True])
def test_in_house_for_clients_of_anthropic(customer, provider, streamed):
    """What is mapped is translated like any other."""
    events = sse({"says": "Hel"}, {"says": "lo"}, {"over": "end", "spent": WHOLE["spent"]})
    provider.answer = (
        answers.stream(events) if streamed else answers.reply(200, json.dumps(WHOLE).encode())
    )
    body = {"model": "inhouse", "max_tokens": 50, "stream": streamed, "messages": MESSAGES[1:]}
    answer = customer.post(body, "/messages")
    assert answer.status_code == 200
    if streamed:
        assert b'"text":"Hel"' in answer.content
        assert b"message_stop" in answer.content
    else:
        assert answer.json()["content"][0]["text"] == WHOLE["says"]
    charged(customer, charge(PRICE, Usage(12, 5)))


def test_what_the_functions_do_not_carry(customer, provider):
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    check_error(customer.ask("inhouse", tools=tools), 400, "invalid_value", param="tools")
    check_error(customer.ask("inhouse", top_p=0.5), 400, "invalid_value", param="top_p")
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    body = {"model": "inhouse", "messages": [{"role": "user", "content": [picture]}]}
    assert customer.post(body).status_code == 400
    provider.answer = answers.reply(200, json.dumps(WHOLE).encode())
    assert customer.ask("inhouse", user="u1", seed=3).status_code == 200
    assert len(provider.requests) == 1


def wrapped(key: str, said: str, reason: str | None, **counted: int) -> dict:
    choices = [{"index": 0, key: {"content": said}, "finish_reason": reason}]
    metering = [{"what": what, "tokens": tokens} for what, tokens in counted.items()]
    return {"result": {"choices": choices}, "metering": metering}


COUNTED = {"fresh": 12, "cached": 30, "answer": 5}


def test_wrapped(customer, provider):
    provider.answer = answers.reply(
        200, json.dumps(wrapped("message", "Hello", "stop", **COUNTED)).encode()
    )
    body = b'{"model":"wrapped","messages":[{"role":"user","content":"Hi"}],"new":[],"big":1e400}'
    answer = customer.post(body)
    assert provider.last.path == "/w/v1/chat/completions"
    assert provider.last.body == body.replace(b'"wrapped"', b'"theirs"')
    assert answer.json()["choices"][0]["message"]["content"] == "Hello"
    charged(customer, charge(PRICE, Usage(42, 5, cached=30)))


def test_wrapped_stream(customer, provider):
    events = sse(wrapped("delta", "Hel", None, fresh=12), wrapped("delta", "lo", "stop", **COUNTED))
    provider.answer = answers.stream(events)  # and no [DONE]
    answer = customer.ask("wrapped", stream=True)
    assert text_of(answer.content) == "Hello"
    assert answer.content.endswith(answers.DONE)
    charged(customer, charge(PRICE, Usage(42, 5, cached=30)))


def test_a_plain_answer_to_a_stream(customer, provider):
    provider.answer = answers.reply(200, json.dumps(WHOLE).encode())
    answer = customer.ask("inhouse", stream=True)
    assert text_of(answer.content) == WHOLE["says"]
    assert answer.content.endswith(answers.DONE)
    charged(customer, charge(PRICE, Usage(12, 5)))


def test_a_stream_that_breaks_off(customer, provider):
    """It has told no reason: no false end, and what came is paid."""
    provider.answer = answers.stream(sse({"says": "Hello"}))
    answer = customer.ask("inhouse", stream=True)
    assert text_of(answer.content) == "Hello"
    assert chunks(answer.content)[-1].keys() == {"error"}
    customer.wait_for_no_hold()
    assert customer.wait_for_record()["usage_source"] == "partial"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("with_", [{"place": "Paris"}, '{"place":"Paris"}'])
def test_calls_of_tools(customer, provider, streamed, with_):
    """And what a function keeps from one event of a stream for the next."""
    call = {"tool": {"name": "weather", "with": with_}, "thought": "Hm."}
    provider.answer = (
        answers.stream(sse({}, call)) if streamed else answers.reply(200, json.dumps(call).encode())
    )
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
    asked = {"model": "calls", "messages": MESSAGES, "tools": tools, "stream": streamed}
    answer = customer.post(asked)
    assert provider.last.json["tools"] == tools
    if streamed:
        choices = [c for e in chunks(answer.content) for c in e["choices"]]
        called = [c for choice in choices for c in choice["delta"].get("tool_calls", [])]
        arguments = "".join(c["function"].get("arguments", "") for c in called)
        name = called[0]["function"]["name"]
        reason = choices[-1]["finish_reason"]
    else:
        choice = answer.json()["choices"][0]
        assert choice["message"]["reasoning_content"] == "Hm."
        called = choice["message"]["tool_calls"][0]["function"]
        name, arguments, reason = called["name"], called["arguments"], choice["finish_reason"]
    assert (name, json.loads(arguments), reason) == ("weather", {"place": "Paris"}, "tool_calls")
    charged(customer, charge(PRICE, Usage(7, 2 if streamed else 1)))


def test_an_error(customer, provider):
    provider.answer = answers.error(400, "Too hot.", None, "invalid")
    assert "Too hot" in check_error(customer.ask("inhouse"), 400)["message"]
    charged(customer, 0)


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("streamed", [False, True])
def test_broken_functions(house, customer, provider, name, streamed):
    """They fail their own call, at bounded time and memory; it costs nothing."""
    before = house.rss_bytes()
    provider.answer = (
        answers.stream(sse(WHOLE, WHOLE)) if streamed
        else answers.reply(200, json.dumps(WHOLE).encode())
    )  # fmt: skip
    check_error(customer.ask(name, stream=streamed), 502, "provider_unavailable")
    if name == "errs":
        wait_until(lambda: "providers.lua:" in house.stderr(), 5, "the line in the log")
    assert house.rss_bytes() - before < 128 * 1024 * 1024
    charged(customer, 0)
    assert customer.ask("demo").status_code == 200
