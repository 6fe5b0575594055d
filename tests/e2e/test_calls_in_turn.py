"""Calls of tools whose arguments come by turns, or around a text: a provider may do so, for each
piece says whose it is. What a client reads are the same calls."""

import itertools
import json

import answers
import anthropic
import dialect_answers
import pytest
from gateway import Gateway
from prices import Price
from translating import ask

CLIENTS = {
    "openai-chat": {"messages": [], "stream": True, "stream_options": {"include_usage": True}},
    "openai-responses": {"input": "x"},
    "anthropic": {"max_tokens": 9, "messages": []},
    "gemini": {"contents": []},
}
ARGUMENTS = {"a": '{"x": "1\\n}"}', "b": '{"y": [2]}', "c": "{}"}
USE = dialect_answers.ANSWER["usage"]
NAMES = {"a": "find", "b": "halt", "c": "wait"}
KEYS = list(ARGUMENTS)


def pieces(name):
    text = ARGUMENTS[name]
    return [(name, text[:4]), (name, text[4:])] if len(text) > 4 else [(name, text)]


def by_turns():
    starts = [(name, None) for name in KEYS]
    columns = itertools.zip_longest(*(pieces(name) for name in KEYS))
    return starts + [piece for column in columns for piece in column if piece]


ORDERS = {
    "by turns": by_turns(),
    "one inside the other": [("a", None), pieces("a")[0], ("b", None), *pieces("b"),
                             pieces("a")[1], ("c", None), *pieces("c")],
    "a text inside": [("a", None), pieces("a")[0], ("", "said"), pieces("a")[1],
                      ("b", None), *pieces("b"), ("c", None), *pieces("c")],
    "a thought inside": [("a", None), pieces("a")[0], ("?", "thought"), pieces("a")[1],
                         ("b", None), *pieces("b"), ("c", None), *pieces("c")],
    "started together": [("a", None), ("b", None), ("c", None), *pieces("a"), *pieces("b"),
                         *pieces("c")],
    "one after the other": [entry for name in KEYS for entry in [(name, None), *pieces(name)]],
}  # fmt: skip


# ---- providers ----


def chat_events(order):
    for name, piece in order:
        if name not in NAMES:
            delta = {"content" if name == "" else "reasoning_content": piece}
        else:
            call = {"index": KEYS.index(name), "function": {"arguments": piece}}
            if piece is None:
                function = {"name": NAMES[name], "arguments": ""}
                call |= {"id": name, "type": "function", "function": function}
            delta = {"tool_calls": [call]}
        yield "", {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield "", {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    yield "", {"choices": [], "usage": dialect_answers.chat_usage(USE)}


def anthropic_events(order):
    others = itertools.count(len(KEYS))
    kinds = {"": ("text", "text"), "?": ("thinking", "thinking")}
    yield {"type": "message_start", "message": {"usage": {"input_tokens": 1}}}
    for name, piece in order:
        if name in NAMES:
            place = KEYS.index(name)
            block = {"type": "tool_use", "id": name, "name": NAMES[name], "input": {}}
            delta = {"type": "input_json_delta", "partial_json": piece}
        else:
            place = next(others)
            kind, member = kinds[name]
            block = {"type": kind, member: ""}
            delta = {"type": f"{kind}_delta", member: piece}
        if piece is None or name not in NAMES:
            yield {"type": "content_block_start", "index": place, "content_block": block}
        if piece is not None:
            yield {"type": "content_block_delta", "index": place, "delta": delta}
        if piece is not None and piece.endswith("}"):
            yield {"type": "content_block_stop", "index": place}
    usage = dialect_answers.anthropic_usage(USE)
    yield {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": usage}


def responses_events(order):
    kinds = {"": "response.output_text.delta", "?": "response.reasoning_summary_text.delta"}
    for name, piece in order:
        if name not in NAMES:
            yield {"type": kinds[name], "output_index": 9, "delta": piece}
            continue
        place = {"output_index": KEYS.index(name)}
        item = {"type": "function_call", "call_id": name, "name": NAMES[name], "arguments": ""}
        if piece is None:
            yield {"type": "response.output_item.added", "item": item} | place
            continue
        yield {"type": "response.function_call_arguments.delta", "delta": piece} | place
        if piece.endswith("}"):
            whole = item | {"arguments": ARGUMENTS[name]}
            yield {"type": "response.output_item.done", "item": whole} | place
    response = dialect_answers.responses_body({"parts": [], "usage": USE})
    yield {"type": "response.completed", "response": response}


PROVIDERS = {
    "openai-chat": chat_events,
    "anthropic": lambda order: ((event["type"], event) for event in anthropic_events(order)),
    "openai-responses": lambda order: ((event["type"], event) for event in responses_events(order)),
}
PAIRS = [(client, provider) for client in CLIENTS for provider in PROVIDERS if client != provider]


def answered(client, provider, order, request=None):
    events = [[name, json.dumps(data)] for name, data in PROVIDERS[provider](order)]
    request = request or CLIENTS[client]
    result = ask(client, provider, request, events=events, streamed=True)
    assert "why" not in result
    return dialect_answers.READ_STREAM[client](dialect_answers.split_events(result["answer"]))


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_calls_are_whole(client, provider, name):
    order = ORDERS[name]
    answer = answered(client, provider, order)
    calls = [tuple(part) for part in answer["parts"] if part[0] == "call"]
    assert calls == [("call", key, NAMES[key], json.loads(ARGUMENTS[key])) for key in KEYS]
    said = [tuple(part) for part in answer["parts"] if part[0] != "call"]
    kinds = {"": "text", "?": "reasoning"}
    assert said == [(kinds[key], piece) for key, piece in order if key not in NAMES]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_call_that_is_whole_holds_nothing_up(provider):
    """Calls that come one after the other go on as they come."""
    client = "openai-chat" if provider == "anthropic" else "anthropic"
    order = ORDERS["one after the other"]
    events = [[name, json.dumps(data)] for name, data in PROVIDERS[provider](order)]
    broken = ["", "{"]  # so the writer does not end the stream
    for count in range(1, len(events)):
        cut = [*events[:count], broken]
        answer = ask(client, provider, CLIENTS[client], events=cut, streamed=True)["answer"]
        sent = json.dumps(events[:count])
        for name in NAMES:
            assert (json.dumps(NAMES[name]) in answer) == (json.dumps(NAMES[name])[1:-1] in sent)


CUSTOM = {
    "openai-chat": {"tools": [{"type": "custom", "custom": {"name": "find"}}]},
    "openai-responses": {"tools": [{"type": "custom", "name": "find"}]},
}


@pytest.mark.parametrize("client", CUSTOM)
def test_tools_of_any_text_too(client):
    order = [("a", None), ("a", '{"input": "o'), ("b", None), *pieces("b"), ("a", 'ne"}')]
    events = [[name, json.dumps(data)] for name, data in PROVIDERS["anthropic"](order)]
    result = ask(client, "anthropic", CLIENTS[client] | CUSTOM[client], events=events,
                 streamed=True)  # fmt: skip
    assert "why" not in result
    assert '"input":"one"' in result["answer"]


def test_what_waits_is_bounded():
    order = [("a", None), ("a", "{"), *[("", "x" * 100_000)] * 11, ("a", "}")]
    events = [[name, json.dumps(data)] for name, data in PROVIDERS["openai-chat"](order)]
    result = ask("anthropic", "openai-chat", CLIENTS["anthropic"], events=events, streamed=True)
    assert "too much" in result["why"]


# ---- money ----


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("in-turn"), shared_provider, {})
    for dialect in ("openai", "anthropic", "openai-responses"):
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        gateway.policies.model(dialect, Price("3", "15", "0.30"), providers=(f"of-{dialect}",))
    gateway.policies.write("examples", "return {}\n")
    gateway.start()
    yield gateway
    gateway.check_clean()
    gateway.stop()


def played(provider, order):
    events = [
        (f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n"
        for name, data in PROVIDERS[provider](order)
    ]
    if provider == "openai-chat":
        events.append("data: [DONE]\n\n")
    return answers.stream([event.encode() for event in events])


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("provider_dialect", PROVIDERS)
def test_what_waited_is_charged_once(house, provider, provider_dialect, name):
    """The provider's counts have it: it is not text that came behind them."""
    customer = house.customer()
    provider.answer = played(provider_dialect, ORDERS[name])
    if provider_dialect == "anthropic":
        chunks = customer.openai().chat.completions.create(
            model="anthropic",
            messages=[{"role": "user", "content": "x"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        used = [chunk.usage.completion_tokens for chunk in chunks if chunk.usage]
    else:
        client = anthropic.Anthropic(base_url=house.origin, api_key=customer.key, max_retries=0)
        model = provider_dialect.removesuffix("-chat")
        hello = [{"role": "user", "content": "x"}]
        with client.messages.stream(model=model, max_tokens=100, messages=hello) as stream:
            used = [stream.get_final_message().usage.output_tokens]
    assert used == [USE[2]]
    assert customer.wait_for_record()["output_tokens"] == USE[2]


def test_choices_that_call_by_turns():
    """Of two answers each has its own calls, and ends by itself."""

    def chunk(index, delta, reason=None):
        choice = {"index": index, "delta": delta, "finish_reason": reason}
        return ["", json.dumps({"choices": [choice]})]

    def call(place, piece, key=None):
        function = {"arguments": piece} | ({"name": "find"} if key else {})
        called = {"index": place, "function": function} | ({"id": key} if key else {})
        return {"tool_calls": [called]}

    events = [
        chunk(0, call(0, '{"a": ', "k0")),
        chunk(1, call(0, '{"b": ', "k1")),
        chunk(0, call(0, "1}")),
        chunk(1, {"content": "said"}),
        chunk(0, {}, "tool_calls"),
        chunk(1, call(0, "2}")),
        chunk(1, {}, "tool_calls"),
    ]
    result = ask("gemini", "openai-chat", CLIENTS["gemini"], events=events, streamed=True)
    assert "why" not in result
    found = {0: [], 1: []}
    for _, data in dialect_answers.split_events(result["answer"]):
        for candidate in json.loads(data)["candidates"]:
            found[candidate["index"]] += candidate["content"]["parts"]
    calls = {
        index: [part["functionCall"]["args"] for part in parts if "functionCall" in part]
        for index, parts in found.items()
    }
    assert calls == {0: [{"a": 1}], 1: [{"b": 2}]}
    assert "said" in [part.get("text") for part in found[1]]
