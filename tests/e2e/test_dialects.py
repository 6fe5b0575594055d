"""Every client, with its official package, against every provider's dialect: text, a tool call, the
counts and the cost, plain and streamed."""

import json
from dataclasses import dataclass, field
from decimal import Decimal

import answers
import anthropic
import anthropic_answers
import gemini_answers
import pytest
import responses_answers
from answers import Usage
from gateway import Gateway
from google import genai
from google.genai import types
from prices import Price, charge, usd

PRICE = Price("3", "15", "0.30")
TEXT = ("Grüße", " an", " 🎉")
TOOL = {"name": "get_weather", "input": {"city": "Zürich", "days": 3}}
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
PROVIDERS = ["openai", "openai-responses", "anthropic", "gemini"]
CLIENTS = ["chat", "responses", "messages", "generate"]
QUESTION = "What is the weather?"


@dataclass
class Said:
    """What a client has understood."""

    text: str = ""
    call: tuple[str, dict] | None = None
    cost: Decimal | None = None
    finish: str = ""
    extra: dict = field(default_factory=dict)


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("dialects"), shared_provider, {})
    for dialect in PROVIDERS:
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        gateway.policies.model(f"m-{dialect}", PRICE, providers=(f"of-{dialect}",),
                               max_output=4096)  # fmt: skip
        gateway.policies.model(f"reasons-{dialect}", PRICE, providers=(f"of-{dialect}",),
                               max_output=4096, capabilities=["reasoning"])  # fmt: skip
    gateway.policies.write("examples", "return {}\n")
    gateway.start()
    yield gateway
    gateway.check_clean()
    gateway.check_holds()
    gateway.stop()


@pytest.fixture
def customer(house):
    return house.customer()


# ---- what a provider says ----


COUNTS = Usage(40, 12)


def answer_of(dialect: str, text=TEXT, tool=None, usage=COUNTS):
    if dialect == "anthropic":
        return anthropic_answers.message(pieces=text, tool=tool, input_tokens=usage.prompt,
                                         output_tokens=usage.completion)  # fmt: skip
    if dialect == "gemini":
        return gemini_answers.content(pieces=text, tool=tool, input_tokens=usage.prompt,
                                      output_tokens=usage.completion)  # fmt: skip
    if dialect == "openai-responses":
        return responses_answers.response(pieces=text, tool=tool, input_tokens=usage.prompt,
                                          output_tokens=usage.completion)  # fmt: skip
    calls = ()
    if tool:
        arguments = json.dumps(tool["input"])
        calls = ({"id": "call_1", "type": "function",
                  "function": {"name": tool["name"], "arguments": arguments}},)  # fmt: skip
    return answers.chat(pieces=text, tool_calls=calls, usage=usage)


def question_of(dialect: str, body: dict) -> str:
    """The text of the user's first message, as the provider got it."""
    if dialect == "gemini":
        return body["contents"][0]["parts"][0]["text"]
    if dialect == "openai-responses":
        found = body["input"]
        content = found if isinstance(found, str) else found[0]["content"]
        return content if isinstance(content, str) else content[0]["text"]
    content = body["messages"][0]["content"]
    return content if isinstance(content, str) else content[0]["text"]


def tool_of(dialect: str, body: dict) -> tuple[str, dict]:
    tool = body["tools"][0]
    if dialect == "gemini":
        made = tool["functionDeclarations"][0]
        names = ("parametersJsonSchema", "parameters_json_schema", "parameters")
        return made["name"], next(made[name] for name in names if name in made)
    if dialect == "anthropic":
        return tool["name"], tool["input_schema"]
    if dialect == "openai-responses":
        return tool["name"], tool["parameters"]
    return tool["function"]["name"], tool["function"]["parameters"]


# ---- what a client understands ----


def by_chat(customer, model: str, streamed: bool, tools: bool) -> Said:
    client = customer.openai()
    function = {"name": "get_weather", "parameters": PARAMETERS}
    how = {"tools": [{"type": "function", "function": function}]} if tools else {}
    messages = [{"role": "user", "content": QUESTION}]
    if not streamed:
        answer = client.chat.completions.create(model=model, messages=messages, **how)
        choice = answer.choices[0]
        calls = choice.message.tool_calls
        call = calls and (calls[0].function.name, json.loads(calls[0].function.arguments))
        return Said(choice.message.content or "", call or None, usd(answer.usage.cost),
                    choice.finish_reason)  # fmt: skip
    said, name, arguments = Said(), None, ""
    options = {"include_usage": True}
    for chunk in client.chat.completions.create(
        model=model, messages=messages, stream=True, stream_options=options, **how
    ):
        if chunk.usage:
            said.cost = usd(chunk.usage.cost)
        for choice in chunk.choices:
            said.text += choice.delta.content or ""
            said.finish = choice.finish_reason or said.finish
            for part in choice.delta.tool_calls or []:
                name = part.function.name or name
                arguments += part.function.arguments or ""
    said.call = (name, json.loads(arguments)) if name else None
    return said


def by_responses(customer, model: str, streamed: bool, tools: bool) -> Said:
    client = customer.openai()
    tool = {"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": False}
    asked = {"model": model, "input": QUESTION, "tools": [tool] if tools else []}
    if streamed:
        with client.responses.stream(**asked) as stream:
            events = list(stream)
        ends = ("response.completed", "response.incomplete", "response.failed")
        answer = next(event.response for event in events if event.type in ends)
        if answer.error:
            raise RuntimeError(answer.error.message)
        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert "".join(deltas) == answer.output_text
        numbers = [event.sequence_number for event in events]
        assert numbers == sorted(set(numbers))
    else:
        answer = client.responses.create(**asked)
    calls = [item for item in answer.output if item.type == "function_call"]
    reason = answer.incomplete_details and answer.incomplete_details.reason
    return Said(answer.output_text,
                (calls[0].name, json.loads(calls[0].arguments)) if calls else None,
                usd(answer.usage.cost), reason or answer.status)  # fmt: skip


def by_messages(customer, model: str, streamed: bool, tools: bool) -> Said:
    client = anthropic.Anthropic(
        base_url=customer.gateway.origin, api_key=customer.key, max_retries=0
    )
    how = {"tools": [{"name": "get_weather", "input_schema": PARAMETERS}]} if tools else {}
    messages = [{"role": "user", "content": QUESTION}]
    asked = {"model": model, "max_tokens": 1000, "messages": messages, **how}
    cost = None
    if streamed:
        with client.messages.stream(**asked) as stream:
            for event in stream:
                if event.type == "message_delta":
                    cost = usd(event.usage.cost)
            answer = stream.get_final_message()
    else:
        answer = client.messages.create(**asked)
        cost = usd(answer.usage.cost)
    text = "".join(block.text for block in answer.content if block.type == "text")
    calls = [(block.name, block.input) for block in answer.content if block.type == "tool_use"]
    return Said(text, calls[0] if calls else None, cost, answer.stop_reason)


def by_generate(customer, model: str, streamed: bool, tools: bool) -> Said:
    client = genai.Client(
        api_key=customer.key, http_options=types.HttpOptions(base_url=customer.gateway.origin)
    )
    config = None
    if tools:
        made = types.FunctionDeclaration(name="get_weather", parameters_json_schema=PARAMETERS)
        config = types.GenerateContentConfig(
            tools=[types.Tool(function_declarations=[made])],
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
    asked = {"model": model, "contents": QUESTION, "config": config}
    if streamed:
        chunks = list(client.models.generate_content_stream(**asked))
    else:
        chunks = [client.models.generate_content(**asked)]
    said = Said()
    for chunk in chunks:
        for candidate in chunk.candidates or []:
            for part in (candidate.content and candidate.content.parts) or []:
                said.text += part.text if part.text and not part.thought else ""
                if part.function_call:
                    said.call = (part.function_call.name, part.function_call.args)
            said.finish = str(candidate.finish_reason or said.finish)
    return said


ASK = {"chat": by_chat, "responses": by_responses, "messages": by_messages, "generate": by_generate}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("dialect", PROVIDERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_text(customer, provider, client, dialect, streamed):
    provider.answer = answer_of(dialect)
    said = ASK[client](customer, f"m-{dialect}", streamed, False)
    assert said.text == "".join(TEXT)
    assert said.call is None
    price = charge(PRICE, Usage(40, 12))
    assert said.cost in (price, None)
    record = customer.wait_for_record()
    assert usd(record["cost"]) == price
    assert (record["input_tokens"], record["output_tokens"]) == (40, 12)
    assert record["finish_reason"] == "stop"
    assert question_of(dialect, provider.last.json) == QUESTION
    if dialect == "anthropic" and client != "messages":
        assert provider.last.headers["anthropic-version"] == "2026-10-21"
    assert customer.balance == 10 - price


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("dialect", PROVIDERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_tool_call(customer, provider, client, dialect, streamed):
    provider.answer = answer_of(dialect, text=("I look.",), tool=TOOL)
    if dialect == "openai":
        provider.answer = answer_of(dialect, tool=TOOL)
    said = ASK[client](customer, f"m-{dialect}", streamed, True)
    assert said.call == (TOOL["name"], TOOL["input"])
    assert tool_of(dialect, provider.last.json) == ("get_weather", PARAMETERS)
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(PRICE, Usage(40, 12))


ODD = (
    "He", "said", ' "', "text", '" ', "assistant", "\\", "\n", "delta", "0", "12", "ü", "🎉🎉",
    "a" * 300, "role", '{"x":', "1}", "message", " ", "/", "\t", "output_text", "index",
)  # fmt: skip


@pytest.mark.parametrize("dialect", PROVIDERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_every_piece_arrives(customer, provider, client, dialect):
    """Pieces that are like others go past the translation; none is lost, doubled or changed."""
    pieces = ODD * 3 + tuple(f"{number} " for number in range(300)) + tuple(reversed(ODD))
    provider.answer = answer_of(dialect, text=pieces, usage=Usage(40, 400))
    said = ASK[client](customer, f"m-{dialect}", True, False)
    assert said.text == "".join(pieces)
    assert usd(customer.wait_for_record()["cost"]) == charge(PRICE, Usage(40, 400))


def test_large_thoughts_between_small_texts(customer, provider):
    """What is learned of an event that is too large for a template is used for no other event."""

    def chunk(text: str, **more) -> bytes:
        part = {"text": text, **more}
        candidate = {"content": {"role": "model", "parts": [part]}, "index": 0}
        return f"data: {json.dumps({'candidates': [candidate]})}\r\n\r\n".encode()

    small = [chunk(f"word{number} ") for number in range(3)]
    large = [chunk(letter * 2000, thought=True) for letter in "ab"]
    end = gemini_answers.Content(pieces=("end",), input_tokens=40, output_tokens=1200).events()
    provider.answer = answers.stream([*small, *large, *small, *end])
    said = by_chat(customer, "m-gemini", True, False)
    assert said.text == "word0 word1 word2 " * 2 + "end"


@pytest.mark.parametrize("dialect", PROVIDERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_money_that_ends(house, provider, client, dialect):
    """Every dialect has a word for an answer that ends by length; no stream is cut silently."""
    poor = house.customer(credit="0.02")
    pieces = tuple(f" word{number:04}" for number in range(3000))
    provider.answer = answer_of(dialect, text=pieces, usage=Usage(40, 6000))
    said = ASK[client](poor, f"m-{dialect}", True, False)
    assert said.text.startswith(" word0000 word0001")
    assert said.finish in ("length", "max_tokens", "max_output_tokens", "FinishReason.MAX_TOKENS")
    record = poor.wait_for_record()
    assert record["finish_reason"] == "length"
    assert said.cost in (usd(record["cost"]), None)


@pytest.mark.parametrize("dialect", PROVIDERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_stream_that_is_cut(customer, provider, client, dialect):
    """A failure in the middle reaches the client as an error of its own dialect."""
    whole = {
        "openai": lambda: answers.Chat().events({"stream": True})[:4],
        "openai-responses": lambda: responses_answers.Response().events({"model": "m"})[:6],
        "anthropic": lambda: anthropic_answers.Message().events({"model": "m"})[:5],
        "gemini": lambda: gemini_answers.Content().events()[:2],
    }[dialect]()
    provider.answer = answers.stream(whole, ending="cut")
    with pytest.raises(Exception, match=r"[Nn]ot complete|broke off"):
        ASK[client](customer, f"m-{dialect}", True, False)
    assert usd(customer.wait_for_record()["cost"]) > 0


@pytest.mark.parametrize("dialect", PROVIDERS[:3])
def test_a_schema_of_google_is_never_more_than_a_schema(customer, provider, dialect):
    """Its words are written anew, and whatever stands in them stays inside."""
    counts = {"minItems": "1,2", "maxItems": "3", "minLength": "03"}
    schema = {"type": 'OBJ"\n', "nullable": True, **counts}
    tool = {"functionDeclarations": [{"name": "get_weather", "parameters": schema}]}
    body = {"contents": [{"parts": [{"text": QUESTION}]}], "tools": [tool]}
    provider.answer = answer_of(dialect)
    path = f"/models/m-{dialect}:generateContent"
    assert customer.post(body, path).status_code == 200
    wanted = {"type": ['obj"\n', "null"], **counts, "maxItems": 3}
    assert tool_of(dialect, provider.last.json) == ("get_weather", wanted)


ASKS_TO_REASON = {
    "openai": ("/chat/completions", {"messages": [{"role": "user", "content": "a"}],
                                     "reasoning_effort": "high"}),
    "openai-responses": ("/responses", {"input": "a", "reasoning": {"effort": "high"}}),
    "anthropic": ("/messages", {"messages": [{"role": "user", "content": "a"}], "max_tokens": 99,
                                "thinking": {"type": "adaptive"},
                                "output_config": {"effort": "high"}}),
}  # fmt: skip
EFFORT = {"openai": "reasoning_effort", "openai-responses": "reasoning",
          "anthropic": "thinking"}  # fmt: skip


@pytest.mark.parametrize("client", ASKS_TO_REASON)
@pytest.mark.parametrize("dialect", EFFORT)
def test_only_a_model_that_reasons_is_told_how_much(customer, provider, dialect, client):
    """Claude Code says it to every model; a provider refuses it for one that never reasons. What
    passes is as it came."""
    provider.answer = answer_of(dialect)
    path, body = ASKS_TO_REASON[client]
    for model, told in (("m", client == dialect), ("reasons", True)):
        reply = customer.post({"model": f"{model}-{dialect}", **body}, path)
        assert reply.status_code == 200, reply.text
        assert (EFFORT[dialect] in provider.last.json) == told
