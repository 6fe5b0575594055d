"""A conversation goes to and fro between a provider of the client's own dialect and one to which it
is translated: each gets the thoughts that it has signed itself, and nobody those of the other."""

import base64
import json

import answers
import pytest
from gateway import Gateway
from prices import Price
from test_dialects import answer_of

PRICE = Price("3", "15", "0.30")
NATIVE = {"chat": "openai", "responses": "openai-responses", "messages": "anthropic",
          "generate": "gemini"}  # fmt: skip
OTHER = {"chat": "gemini", "responses": "anthropic", "messages": "gemini", "generate": "anthropic"}
OWN, FOREIGN = "T1dOLQ==", "Rk9SRUlHTg=="  # signatures
SCHEMA = {"type": "object", "properties": {}}


def messages_of(model):
    said = [{"type": "thinking", "thinking": "own", "signature": OWN},
            {"type": "thinking", "thinking": "foreign", "signature": f"gw1.gemini.{FOREIGN}"},
            {"type": "thinking", "thinking": "unsigned", "signature": "gw1.none."},
            {"type": "tool_use", "id": "call_1", "name": "f", "input": {}}]  # fmt: skip
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "done"}
    return "/messages", {
        "model": model,
        "max_tokens": 4000,
        "messages": [
            {"role": "user", "content": "Go."},
            {"role": "assistant", "content": said},
            {"role": "user", "content": [result]},
        ],
        "tools": [{"name": "f", "input_schema": SCHEMA}],
    }


def responses_of(model):
    def thought(text, opaque):
        summary = [{"type": "summary_text", "text": text}]
        return {"type": "reasoning", "id": f"rs_{text}", "summary": summary,
                "encrypted_content": opaque}  # fmt: skip

    return "/responses", {
        "model": model,
        "store": False,
        "input": [
            {"role": "user", "content": "Go."},
            thought("own", OWN),
            thought("foreign", f"gw1.anthropic.{FOREIGN}"),
            thought("unsigned", "gw1.none."),
            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "done"},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}],
    }


def generate_of(model):
    marked = base64.b64encode(f"gw1.anthropic.{FOREIGN}".encode()).decode()
    calls = [{"functionCall": {"id": "call_1", "name": "f", "args": {}}, "thoughtSignature": OWN},
             {"functionCall": {"id": "call_2", "name": "f", "args": {}},
              "thoughtSignature": marked}]  # fmt: skip
    done = {"name": "f", "response": {"output": "done"}}
    results = [{"functionResponse": {"id": f"call_{n}", **done}} for n in (1, 2)]
    return f"/models/{model}:generateContent", {
        "contents": [
            {"role": "user", "parts": [{"text": "Go."}]},
            {"role": "model", "parts": calls},
            {"role": "user", "parts": results},
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": SCHEMA}]}],
    }


def chat_of(model):
    ids = ["call_1", f"call_2~gw1.gemini.{FOREIGN}"]
    calls = [{"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}}
             for name in ids]  # fmt: skip
    details = [{"type": "reasoning.encrypted", "data": OWN},
               {"type": "reasoning.encrypted", "data": "gw1.anthropic.SIG"}]  # fmt: skip
    said = {"role": "assistant", "content": None, "tool_calls": calls,
            "reasoning_details": details}  # fmt: skip
    results = [{"role": "tool", "tool_call_id": name, "content": "done"} for name in ids]
    return "/chat/completions", {
        "model": model,
        "messages": [{"role": "user", "content": "Go."}, said, *results],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
    }


TALKS = {"chat": chat_of, "responses": responses_of, "messages": messages_of,
         "generate": generate_of}  # fmt: skip


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("moved"), shared_provider, {})
    for dialect in NATIVE.values():
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
    for client in TALKS:
        both = (f"of-{NATIVE[client]}", f"of-{OTHER[client]}")
        gateway.policies.model(f"{client}-native", PRICE, providers=both)
        gateway.policies.model(f"{client}-other", PRICE, providers=both[::-1])
    gateway.policies.write("examples", "return {}\n")
    gateway.start()
    yield gateway
    gateway.check_clean()
    gateway.check_holds()
    gateway.stop()


def of_dialect(dialect: str, request) -> bool:
    paths = {"openai": "/chat/completions", "openai-responses": "/responses",
             "anthropic": "/messages", "gemini": ":generateContent"}  # fmt: skip
    return paths[dialect] in request.path


@pytest.mark.parametrize("first", ["native", "other"])
@pytest.mark.parametrize("client", list(TALKS))
def test_each_gets_its_own_thoughts(house, provider, client, first):
    """The first candidate fails, so that both are asked in one call."""
    customer = house.customer()
    order = [NATIVE[client], OTHER[client]]
    order = order if first == "native" else order[::-1]
    broken = answers.error(503, "Overloaded", None, "overloaded_error")
    provider.then(broken, answer_of(order[1]))
    path, body = TALKS[client](f"{client}-{first}")
    reply = customer.post(body, path)
    assert reply.status_code == 200, reply.text
    native, other = provider.requests if first == "native" else provider.requests[::-1]
    assert of_dialect(NATIVE[client], native)
    assert of_dialect(OTHER[client], other)
    for mark in (b"gw1", b"Z3cx"):
        assert mark not in native.body
        assert mark not in other.body
    assert OWN.encode() in native.body
    assert FOREIGN.encode() not in native.body
    assert FOREIGN.encode() in other.body
    assert OWN.encode() not in other.body


def test_the_rest_stays_as_it_was(house, provider):
    customer = house.customer()
    provider.answer = answer_of("anthropic")
    path, body = messages_of("messages-native")
    body["thinking"] = {"type": "adaptive"}
    body["tomorrow"] = [1.0, {"a": "gw1."}]
    assert customer.post(body, path).status_code == 200
    wanted = json.loads(json.dumps(body))
    del wanted["messages"][1]["content"][1:3]
    assert provider.last.json == wanted | {"model": provider.last.model}


def test_a_budget_of_thoughts_wants_them_all(house, provider):
    """A provider refuses a turn that goes on without its thoughts."""
    customer = house.customer()
    provider.answer = answer_of("anthropic")
    path, body = messages_of("messages-native")
    body["thinking"] = {"type": "enabled", "budget_tokens": 2000}
    assert customer.post(body, path).status_code == 200
    assert provider.last.json["thinking"] == {"type": "disabled"}
