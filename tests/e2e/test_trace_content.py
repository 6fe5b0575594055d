"""What was said in a call, in its span: only where the operator wants it, in the form of
OpenTelemetry's conventions, and of a bounded length."""

import json
from types import SimpleNamespace

import answers
import completion_answers
import dialect_answers
import dialects
import pytest
import spoken
from answers import error
from gateway import Gateway
from otlp_server import TAKEN, OtlpServer
from prices import Price
from test_admin_api import id_of, make_admin

PRICE = Price("1", "2")
CONTENT = {"gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages",
           "gen_ai.tool.definitions", "llm_gateway.content_truncated"}  # fmt: skip
KEY = "provider-key-of-the-house-7342"
NAMES = list(dialects.WRITE)
PATHS = {"openai-chat": "/chat/completions", "openai-responses": "/responses",
         "anthropic": "/messages"}  # fmt: skip
PROVIDERS = {"openai-chat": "openai", "openai-responses": "openai-responses"}


def sell(policies) -> None:
    """A model for each dialect, of a provider that speaks only that."""
    for name in NAMES:
        dialect = PROVIDERS.get(name, name)
        policies.provider(f"{name}-house", dialect=dialect, api_key=KEY)
        policies.model(
            name,
            PRICE,
            candidates=[{"provider": f"{name}-house", "model": f"inner-{name}"}],
            capabilities=["tools", "reasoning", "vision", "files", "json_schema"],
            image_tokens_max=1000,
            allow=("tools.*",),
        )
    policies.provider("words", dialect=["completions"], api_key=KEY)
    policies.model("words", PRICE, endpoints=["completions"],
                   candidates=[{"provider": "words", "model": "inner-words"}])  # fmt: skip
    policies.write("examples", "return {}\n")


@pytest.fixture(scope="module")
def collector():
    server = OtlpServer()
    yield server
    server.stop()
    assert not server.faults, server.faults


def settings_of(collector, **settings) -> dict:
    return {"trace_url": collector.url, "workers": 1, "trace_content": "yes"} | settings


def serve(folder, provider, settings: dict):
    gateway = Gateway(folder, provider, settings)
    sell(gateway.policies)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def house(shared_provider, collector, tmp_path_factory):
    yield from serve(tmp_path_factory.mktemp("told"), shared_provider, settings_of(collector))


@pytest.fixture
def customer(house):
    return house.customer()


def gemini_path(model: str, streamed: bool) -> str:
    method = "streamGenerateContent?alt=sse" if streamed else "generateContent"
    return f"/v1beta/models/{model}:{method}"


def post(customer, dialect: str, model: str, body: dict, streamed: bool):
    if dialect == "gemini":
        key = {"x-goog-api-key": customer.key}
        path = gemini_path(model, streamed)
        return customer.gateway.http.post(path, json=body, headers=key)
    return customer.post(body | {"model": model, "stream": streamed}, PATHS[dialect])


def answer_in(dialect: str, answer=dialect_answers.ANSWER):
    """Whole or in events, as asked."""
    whole = answers.reply(200, json.dumps(dialect_answers.BODY[dialect](answer)).encode())
    events = []
    for name, data in dialect_answers.EVENTS[dialect](answer):
        head = f"event: {name}\n" if name else ""
        events.append(f"{head}data: {json.dumps(data)}\n\n".encode())
    if dialect == "openai-chat":
        events.append(answers.DONE)

    async def reply(connection, request) -> None:
        streamed = "streamGenerateContent" in request.path or request.json.get("stream")
        await (answers.stream(events) if streamed else whole)(connection, request)

    return reply


def told(collector, response) -> SimpleNamespace:
    """What the last attempt of a call tells; empty lists: nothing."""
    assert response.status_code == 200, response.text
    _, attempts = collector.call(response.headers["x-request-id"])
    span = attempts[-1]
    found = span.attributes
    assert all(not CONTENT & set(other.attributes) for other in attempts[:-1])
    return SimpleNamespace(
        span=span,
        system=spoken.read_system(found.get("gen_ai.system_instructions", "[]")),
        asked=spoken.read(found.get("gen_ai.input.messages", "[]")),
        answered=spoken.read(found.get("gen_ai.output.messages", "[]")),
        tools=spoken.read_tools(found.get("gen_ai.tool.definitions", "[]")),
        truncated=found.get("llm_gateway.content_truncated", False),
    )


# ---- what is told ----


def expected_question(dialect: str) -> list[tuple]:
    """The talk of dialects.py, with media by their size alone."""
    found = []
    for _, parts in dialects.TALK["messages"]:
        for part in parts:
            if part[0] == "image":
                found.append(("blob", "image", len(part[2]) // 4 * 3))
            elif part[0] == "file":
                found.append(("blob", "document", len(part[1]) // 4 * 3))
            elif part[0] == "result":
                found.append(("result", part[1],
                              {"output": part[3]} if dialect == "gemini" else part[3]))  # fmt: skip
            else:
                found.append(part)
    return found


def assert_talk(said, dialect: str) -> None:
    """The conversations of dialects.py and dialect_answers.py."""
    system = [part["content"] for part in said.system]
    if dialect == "openai-chat":  # it stands in the conversation
        assert said.asked[0]["role"] == "system"
        system = [said.asked.pop(0)["parts"][0]["content"]]
    assert system == [dialects.TALK["system"]]
    expected = sorted(map(repr, expected_question(dialect)))
    assert sorted(map(repr, spoken.facts(said.asked))) == expected
    assert said.asked[0]["role"] == "user"
    assert {message["role"] for message in said.asked} <= {"user", "assistant", "tool"}
    assert spoken.facts(said.answered) == dialect_answers.ANSWER["parts"]
    assert [message["role"] for message in said.answered] == ["assistant"]
    tools = {tool["name"]: (tool["description"], tool["parameters"]) for tool in said.tools}
    assert tools == dialects.TALK["tools"]
    assert not said.truncated


@pytest.mark.parametrize("dialect", NAMES)
def test_the_same_is_told_in_each_dialect(customer, collector, provider, dialect):
    """Whoever answers, at once or in a stream."""
    body = dialects.WRITE[dialect](dialects.TALK)
    responses = {}
    for maker in NAMES:
        provider.answer = answer_in(maker)
        for streamed in (False, True):
            responses[maker, streamed] = post(customer, dialect, maker, body, streamed)
    for response in responses.values():
        assert_talk(told(collector, response), dialect)


@pytest.mark.parametrize("streamed", [False, True])
def test_completions(customer, collector, provider, streamed):
    provider.answer = completion_answers.text()
    body = {"model": "words", "prompt": ["The quick", 'The "slow"'], "stream": streamed}
    said = told(collector, customer.post(body, "/completions"))
    assert spoken.facts(said.asked) == [("text", "The quick"), ("text", 'The "slow"')]
    assert [message["role"] for message in said.asked] == ["user", "user"]
    assert [spoken.facts([message]) for message in said.answered] == [[("text", " brown fox")]] * 2


@pytest.mark.parametrize("streamed", [False, True])
def test_each_choice_is_a_message(customer, collector, provider, streamed):
    provider.answer = answers.chat(pieces=("Aye", " \ud83d\ude00", "!"))
    response = customer.ask("openai-chat", n=3, stream=streamed)
    said = told(collector, response)
    assert [spoken.facts([message]) for message in said.answered] == [
        [("text", "Aye \U0001f600!")]
    ] * 3


def test_a_stream_that_breaks_off_tells_what_came(customer, collector, provider):
    events = [answers.content_event("Hel"), answers.content_event("lo")]
    provider.answer = answers.stream(events, ending="reset")
    said = told(collector, customer.ask("openai-chat", stream=True))
    assert spoken.facts(said.answered) == [("text", "Hello")]


def test_the_last_attempt_tells(make_gateway, collector, provider):
    """Of the others only that they were."""

    def prepare(policies):
        sell(policies)
        candidates = [{"provider": "openai-chat-house", "model": name} for name in ("a", "b")]
        policies.model("both", PRICE, candidates=candidates)

    customer = make_gateway(prepare=prepare, **settings_of(collector)).customer()
    provider.script("a", error(500, "out of tea", None, "server_error"))
    said = told(collector, customer.ask("both"))
    assert said.span["gen_ai.request.model"] == "b"
    assert spoken.facts(said.asked) == [("text", "Hello!")]
    assert said.answered


# ---- parts of OpenAI's and Anthropic's that have no like elsewhere ----


def test_tools_of_providers_tell_no_secret(customer, collector, provider):
    provider.answer = answer_in("openai-responses")
    tools = [
        {"type": "function", "name": "f", "parameters": {"type": "object"}},
        {"type": "mcp", "server_label": "desk", "server_url": "https://desk.example.com",
         "authorization": "token-of-the-desk", "headers": {"x-token": "header-of-the-desk"}},
    ]  # fmt: skip
    response = customer.post(
        {"model": "openai-responses", "input": "Hi", "tools": tools}, "/responses"
    )
    said = told(collector, response)
    assert {tool["name"]: tool["type"] for tool in said.tools} == {"f": "function", "desk": "mcp"}
    assert "of-the-desk" not in json.dumps(said.span.attributes)


def test_addresses_and_files_are_named(customer, collector, provider):
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]
    said = told(
        collector, customer.ask("openai-chat", messages=[{"role": "user", "content": parts}])
    )
    assert said.asked[0]["parts"][1] == {
        "type": "uri", "modality": "image", "uri": "https://example.com/a.png"}  # fmt: skip


def test_parts_that_lie_deep_are_left_out(customer, collector, provider):
    """Each level would be read once more: a client could take the worker's time."""
    provider.answer = answer_in("anthropic")
    content = [{"type": "text", "text": "the deepest"}]
    for _ in range(6):
        source = {"type": "content", "content": content}
        content = [{"type": "text", "text": "level"}, {"type": "document", "source": source}]
    body = {"max_tokens": 9, "messages": [{"role": "user", "content": content}]}
    said = told(collector, post(customer, "anthropic", "anthropic", body, False))
    assert said.truncated
    assert spoken.facts(said.asked) == [("text", "level")] * 4


# ---- keys ----


@pytest.mark.parametrize("streamed", [False, True])
def test_no_key_is_told(house, collector, provider, streamed):
    customer = house.customer()
    spelled = f"My key is {customer.key}, yours {KEY}."
    provider.answer = answers.chat(pieces=(spelled[:15], spelled[15:40], spelled[40:]))
    response = customer.ask(
        "openai-chat", messages=[{"role": "user", "content": spelled}], stream=streamed
    )
    said = told(collector, response)
    ((_, asked),) = spoken.facts(said.asked)
    ((_, answered),) = spoken.facts(said.answered)
    assert asked == answered
    assert asked.startswith("My key is llm_sk_***")
    assert asked.endswith(f", yours {'*' * len(KEY)}.")
    for _, body in collector.bodies:
        assert customer.key.encode() not in body
        assert KEY.encode() not in body


# ---- who wants it ----


@pytest.mark.parametrize("streamed", [False, True])
def test_by_default_nothing_is_told(make_gateway, collector, provider, streamed):
    gateway = make_gateway(prepare=sell, trace_url=collector.url, workers=1)
    said = told(collector, gateway.customer().ask("openai-chat", stream=streamed))
    assert not CONTENT & set(said.span.attributes)
    assert b"Hello" not in collector.bodies[-1][1]


def test_only_of_the_groups_that_are_named(make_gateway, collector, provider):
    def prepare(policies):
        sell(policies)
        policies.write("margins", 'return { default = "20%", groups = { staff = "0%" } }')

    settings = settings_of(collector, trace_content_groups="beta, staff")
    gateway = make_gateway(prepare=prepare, **settings)
    others, staff = gateway.customer(), gateway.customer()
    admin = make_admin(gateway)
    admin.call("PATCH", f"/admin/users/{id_of(staff)}", 200, json={"group": "staff"})
    assert told(collector, staff.ask("openai-chat")).asked
    assert not CONTENT & set(told(collector, others.ask("openai-chat")).span.attributes)


def test_vectors_have_no_such_attributes(make_gateway, collector, provider):
    """The conventions have none for them."""

    def prepare(policies):
        policies.provider("vectors", dialect=["embeddings"])
        policies.model("vectors", Price("1", "0"), max_output=None, context=8192,
                       endpoints=["embeddings"],
                       candidates=[{"provider": "vectors", "model": "vectors-1"}])  # fmt: skip
        policies.write("examples", "return {}\n")

    customer = make_gateway(prepare=prepare, **settings_of(collector)).customer()
    vectors = {"object": "list", "model": "vectors-1", "usage": {"prompt_tokens": 5,
               "total_tokens": 5}, "data": [{"object": "embedding", "index": 0,
               "embedding": [0.5]}]}  # fmt: skip
    provider.answer = answers.reply(200, json.dumps(vectors).encode())
    response = customer.post({"model": "vectors", "input": "Hello"}, "/embeddings")
    assert not CONTENT & set(told(collector, response).span.attributes)


# ---- how much ----

LIMIT = 4096


@pytest.fixture(scope="module")
def brief_house(shared_provider, collector, tmp_path_factory):
    settings = settings_of(collector, trace_content_max=LIMIT)
    yield from serve(tmp_path_factory.mktemp("brief"), shared_provider, settings)


@pytest.fixture
def brief(brief_house):
    return brief_house.customer()


def assert_bounded(said) -> None:
    for name in CONTENT & set(said.span.attributes):
        value = said.span[name]
        assert value is True or len(value.encode()) <= LIMIT, name


UNITS = ["a", "\u00e9", "\U0001f600", "\n", "\\", '"', "\x01", "\u2028"]


@pytest.mark.parametrize("ascii", [False, True])
def test_a_long_text_is_cut_between_characters(brief, collector, provider, ascii):
    responses = {}
    for unit in UNITS:
        long = unit * 6000
        body = {"model": "openai-chat", "messages": [{"role": "user", "content": long}]}
        provider.answer = answers.chat(pieces=(long,))
        responses[unit] = brief.post(json.dumps(body, ensure_ascii=ascii).encode())
    for unit, response in responses.items():
        said = told(collector, response)
        assert said.truncated
        assert_bounded(said)
        for name in ("gen_ai.input.messages", "gen_ai.output.messages"):
            (message,) = spoken.read(said.span[name])
            (part,) = message["parts"]
            assert part["truncated"] is True
            assert part["content"] == unit * len(part["content"])
            assert len(said.span[name].encode()) > LIMIT * 3 / 4


def test_the_last_messages_stay(brief, collector, provider):
    messages = [
        {"role": role, "content": f"{number} " + "x" * 300}
        for number in range(100)
        for role in ("user", "assistant")
    ] + [{"role": "user", "content": "And now?"}]
    said = told(collector, brief.ask("openai-chat", messages=messages))
    assert said.truncated
    assert_bounded(said)
    found = [text for _, text in spoken.facts(said.asked)]
    assert found == [message["content"] for message in messages[-len(found) :]]
    assert len(found) > 5
    assert not any("truncated" in part for one in said.asked for part in one["parts"])


@pytest.mark.parametrize("streamed", [False, True])
def test_long_arguments_are_left_out(brief, collector, provider, streamed):
    answer = {"parts": [("call", "call_1", "find", {"q": "x" * 9000})],
              "usage": (100, 40, 30, 12)}  # fmt: skip
    provider.answer = answer_in("anthropic", answer)
    said = told(collector, brief.ask("anthropic", stream=streamed))
    assert_bounded(said)
    assert said.truncated
    (part,) = said.answered[0]["parts"]
    assert (part["name"], part["truncated"]) == ("find", True)


def test_many_tools(brief, collector, provider):
    tools = [
        {"type": "function", "function": {"name": f"tool_{number}", "description": "y" * 90}}
        for number in range(100)
    ]
    said = told(collector, brief.ask("openai-chat", tools=tools))
    assert_bounded(said)
    assert said.truncated
    assert len(said.tools) > 5


def test_a_key_is_not_told_where_the_text_is_cut(brief, collector, provider):
    """Wherever in the key the limit lies."""
    befores = range(3600, 4000, len(KEY) - 3)
    texts = ["x" * before + KEY + "y" * 300 for before in befores]
    asked = [
        brief.ask("openai-chat", messages=[{"role": "user", "content": text}]) for text in texts
    ]
    found = [spoken.facts(told(collector, response).asked)[0][1] for response in asked]
    assert any(text.endswith("x") for text in found), "the limit lies before the key"
    assert any("y" in text for text in found), "the limit lies behind the key"
    for text in found:
        assert KEY[:4] not in text


def test_what_waits_for_the_collector_is_bounded(make_gateway, provider):
    """Above 64 MB spans come without what was said, and say so."""
    collector = OtlpServer()
    collector.answer = lambda _: (503, {}, b"")
    settings = settings_of(collector, trace_content_max=131072)
    customer = make_gateway(prepare=sell, **settings).customer(credit="1000")
    long = "x" * 140_000
    provider.answer = answers.chat(pieces=(long,))
    body = {"model": "openai-chat", "messages": [{"role": "user", "content": long}]}
    calls = 64 * 1024 * 1024 // (2 * 130_000) + 20
    responses = [customer.post(body) for _ in range(calls)]
    assert {response.status_code for response in responses} == {200}
    collector.answer = lambda _: TAKEN
    spans = [collector.call(response.headers["x-request-id"], 60)[1][0] for response in responses]
    collector.stop()
    assert not collector.faults, collector.faults
    told = ["gen_ai.input.messages" in span.attributes for span in spans]
    assert told[0]
    assert not told[-1]
    assert told == sorted(told, reverse=True)
    assert all(span["llm_gateway.content_truncated"] for span in spans)
