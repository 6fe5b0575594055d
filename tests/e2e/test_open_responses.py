"""What the acceptance tests of openresponses.org ask of a server, over a provider of each dialect:
every response and every event is one of the specification's types (openresponses-types). Those
tests themselves are in no package registry; their cases are these (openresponses.org/compliance,
2026-12-01), but for seven over WebSockets, which the gateway answers with 426."""

import json

import answers
import anthropic_answers
import gemini_answers
import pytest
import responses_answers
from gateway import Gateway
from openresponses_types import types as open_types
from prices import Price
from pydantic import TypeAdapter

PROVIDERS = ["openai", "anthropic", "gemini"]
PIXEL = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5Er"
         "kJggg==")  # fmt: skip
PDF = "JVBERi0xLjEKJSVFT0YK"
FUNCTION = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather for a location",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string", "description": "e.g. San Francisco, CA"}},
        "required": ["location"],
    },
}
CALLS = {"name": "get_weather", "input": {"location": "San Francisco, CA"}}
EVENTS: dict[str, type] = {
    TypeAdapter(kind.model_fields["type"].annotation).json_schema().get("const")
    or TypeAdapter(kind.model_fields["type"].annotation).json_schema()["enum"][0]: kind
    for name, kind in vars(open_types).items()
    if name.endswith("StreamingEvent")
}


def says(role: str, content) -> dict:
    return {"type": "message", "role": role, "content": content}


ASKED = {
    "a text": {"input": "Say hello in exactly 3 words."},
    "a message": {"input": [says("user", "Say hello in exactly 3 words.")]},
    "a system prompt": {"input": [says("system", "You are a pirate."), says("user", "Hello.")]},
    "a picture": {
        "input": [
            says(
                "user",
                [
                    {"type": "input_text", "text": "What do you see?"},
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"},
                ],
            )
        ]
    },
    "a file": {
        "input": [
            says(
                "user",
                [
                    {"type": "input_text", "text": "What is its title?"},
                    {
                        "type": "input_file",
                        "filename": "fixture.pdf",
                        "file_data": f"data:application/pdf;base64,{PDF}",
                    },
                ],
            )
        ]
    },
    "several turns": {
        "input": [
            says("user", "My name is Alice."),
            says("assistant", "Hello Alice! Nice to meet you."),
            says("user", "What is my name?"),
        ]
    },
    "phases of earlier answers": {
        "input": [
            says("user", "What is two and two?"),
            says("assistant", "I add them.") | {"phase": "commentary"},
            says("assistant", "Four.") | {"phase": "final_answer"},
            says("user", "Are you sure?"),
        ]
    },
    "a tool": {"input": [says("user", "How is the weather?")], "tools": [FUNCTION]},
    "a schema": {
        "input": "Name a city.",
        "text": {
            "format": {
                "type": "json_schema",
                "name": "city",
                "schema": {"type": "object", "properties": {"name": {"type": "string"}}},
            },
            "verbosity": "low",
        },
    },
    "settings": {
        "input": "Name a city.",
        "instructions": "Be brief.",
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 64,
        "reasoning": {"effort": "low"},
        "metadata": {"a": "b"},
        "prompt_cache_key": "k",
        "parallel_tool_calls": False,
    },
    "a tool that must be called": {
        "input": "Use the tool.",
        "tools": [FUNCTION],
        "tool_choice": {"type": "function", "name": "get_weather"},
    },
}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("open"), shared_provider, {})
    for dialect in [*PROVIDERS, "openai-responses"]:
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        gateway.policies.model(
            f"m-{dialect}",
            Price("1", "2"),
            providers=(f"of-{dialect}",),
            capabilities=["vision", "files"],
            image_tokens_max=1000,
        )
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def answer_of(dialect: str, tool: dict | None = None):
    text = () if tool else ("Ahoy", " there.")
    if dialect == "anthropic":
        return anthropic_answers.message(pieces=text, tool=tool)
    if dialect == "gemini":
        return gemini_answers.content(pieces=text, tool=tool)
    if dialect == "openai-responses":
        return responses_answers.response(pieces=text, tool=tool)
    calls = ()
    if tool:
        function = {"name": tool["name"], "arguments": json.dumps(tool["input"])}
        calls = ({"id": "call_1", "type": "function", "function": function},)
    return answers.chat(pieces=text, tool_calls=calls)


def events_of(reply) -> list[dict]:
    """Each has its type as its name, and a number of its own."""
    blocks = [block for block in reply.text.split("\n\n") if not block.startswith(":")]
    found = []
    for block in filter(None, blocks):
        name, data = block.split("\n", 1)
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        EVENTS[event["type"]].model_validate(event)
        found.append(event)
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    return found


def check_call_is_streamed(events: list[dict]) -> None:
    said = [(event["type"], event.get("item", {}).get("type")) for event in events]
    call, arguments = "function_call", "response.function_call_arguments"
    wanted = [("response.output_item.added", call), (f"{arguments}.delta", None),
              (f"{arguments}.done", None), ("response.output_item.done", call)]  # fmt: skip
    assert [said.index(one) for one in wanted] == sorted(said.index(one) for one in wanted)


def response_of(customer, dialect: str, asked: dict, streamed: bool) -> dict:
    """By an answer, or by the last event of a stream."""
    body = {"model": f"m-{dialect}", "stream": streamed, **asked}
    reply = customer.post(body, "/responses")
    assert reply.status_code == 200, reply.text
    events = events_of(reply) if streamed else []
    response = events[-1]["response"] if streamed else reply.json()
    open_types.ResponseResource.model_validate(response)
    assert response["status"] == "completed"
    assert response["output"]
    return response | {"events": events}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("dialect", PROVIDERS)
def test_a_response(customer, provider, dialect, name, streamed):
    tool = CALLS if "tool" in name else None
    provider.answer = answer_of(dialect, tool)
    response = response_of(customer, dialect, ASKED[name], streamed)
    if streamed and tool:
        check_call_is_streamed(response["events"])
    last = response["output"][-1]["type"]  # Gemini signs a call: its thought comes before it
    assert last == ("function_call" if tool else "message")


@pytest.mark.parametrize("dialect", PROVIDERS)
def test_a_function_and_back(customer, provider, dialect):
    asked = ASKED["a tool that must be called"]
    provider.answer = answer_of(dialect, CALLS)
    output = response_of(customer, dialect, asked, False)["output"]
    call = output[-1]
    assert json.loads(call["arguments"]) == CALLS["input"]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "18 °C"}
    provider.answer = answer_of(dialect)
    conversation = {"input": [says("user", "How is it?"), *output, result], "tools": [FUNCTION]}
    response = response_of(customer, dialect, conversation, False)
    said = response["output"][-1]["content"]
    assert "".join(part["text"] for part in said) == "Ahoy there."
    assert "18 °C" in json.dumps(provider.last.json, ensure_ascii=False)


@pytest.mark.parametrize("dialect", PROVIDERS)
def test_a_compaction(customer, provider, dialect):
    provider.answer = answer_of(dialect)
    asked = {"input": ASKED["several turns"]["input"], "prompt_cache_key": "k"}
    reply = customer.post({"model": f"m-{dialect}", **asked}, "/responses/compact")
    assert reply.status_code == 200, reply.text
    open_types.CompactResource.model_validate(reply.json())
    reply = customer.post(asked, "/responses/compact")
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == "model"


def test_a_phase_passes(customer, provider):
    """Both ways, where the provider knows it."""
    said = responses_answers.Response()
    item = {**said.items[0], "phase": "final_answer"}
    whole = said.whole({"model": "m"}, "completed", [item])
    provider.answer = answers.reply(200, json.dumps(whole).encode())
    asked = ASKED["phases of earlier answers"]
    reply = customer.post({"model": "m-openai-responses", **asked}, "/responses")
    assert reply.json()["output"][0]["phase"] == "final_answer"
    assert [one.get("phase") for one in provider.last.json["input"]] == [
        None, "commentary", "final_answer", None,
    ]  # fmt: skip
