"""The vendors' packages for Node and the AI SDK's providers, each asked for text, a stream and a
tool call, over a provider of every dialect."""

import json
import os
import subprocess

import answers
import anthropic_answers
import gemini_answers
import pytest
import responses_answers
from answers import Usage
from gateway import Gateway
from prices import Price
from test_clients import BUILT, HERE

CLIENTS = ["openai chat", "openai responses", "anthropic", "google-genai", "AI SDK openai",
           "AI SDK anthropic", "AI SDK google", "AI SDK open-responses"]  # fmt: skip
PROVIDERS = ["openai", "openai-responses", "anthropic", "gemini"]
WAYS = ["plain", "streamed", "tool"]
TEXT = ("It", " is", " mild.")
TOOL = {"name": "get_weather", "input": {"city": "Seoul"}}
USAGE = Usage(40, 12)
WANTED = {
    "plain": {"text": "It is mild.", "tokens": 12},
    "streamed": {"text": "It is mild.", "tokens": 12},
    "tool": {"text": "", "tool": TOOL, "tokens": 12},
}


def answer_of(dialect: str, way: str):
    tool = TOOL if way == "tool" else None
    text = () if tool else TEXT
    tokens = {"input_tokens": USAGE.prompt, "output_tokens": USAGE.completion}
    if dialect == "anthropic":
        return anthropic_answers.message(pieces=text, tool=tool, **tokens)
    if dialect == "gemini":
        return gemini_answers.content(pieces=text, tool=tool, **tokens)
    if dialect == "openai-responses":
        return responses_answers.response(pieces=text, tool=tool, **tokens)
    calls = ()
    if tool:
        function = {"name": tool["name"], "arguments": json.dumps(tool["input"])}
        calls = ({"id": "call_1", "type": "function", "function": function},)
    return answers.chat(pieces=text, tool_calls=calls, usage=USAGE)


def model_of(dialect: str, way: str) -> str:
    return f"m-{dialect}-{way}"


@pytest.fixture(scope="module")
def vendors(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("vendors"), shared_provider, {})
    for dialect in PROVIDERS:
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        for way in WAYS:
            model = model_of(dialect, way)
            gateway.policies.model(model, Price("1", "2"), providers=(f"of-{dialect}",))
            shared_provider.script(model, answer_of(dialect, way))
    gateway.policies.write("examples", "return {}\n")
    gateway.policies.write("limits", "return {}\n")
    yield from gateway.served()


@pytest.fixture(scope="module")
def said(vendors) -> dict[str, dict]:
    """By all clients, asked in one process."""
    customer = vendors.customer()
    asked = [f"{client}/{model_of(dialect, way)}/{way}" for client in CLIENTS
             for dialect in PROVIDERS for way in WAYS]  # fmt: skip
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"),
           "CLIENTS_NODE": str(BUILT / "node"), "GATEWAY_ORIGIN": vendors.origin,
           "GATEWAY_KEY": customer.key}  # fmt: skip
    result = subprocess.run(["node", HERE / "vendors_node.mjs", *asked], env=env,
                            capture_output=True, text=True, timeout=240)  # fmt: skip
    assert result.returncode == 0, result.stderr[-4000:]
    found = {}
    for line in result.stdout.splitlines():
        if line.startswith("{"):
            found |= json.loads(line)
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dialect", PROVIDERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_understands(said, client, dialect, way):
    assert said[f"{client}/{model_of(dialect, way)}/{way}"] == WANTED[way]
