"""The AI SDK with its defaults over a provider that keeps responses: it names by its id what the
model has said before."""

import json
import os
import subprocess

import pytest
from gateway import Gateway
from prices import Price
from responses_answers import response
from test_clients import BUILT, HERE

STORED = {"store": True}
FIRST = response(name="1", more=STORED, pieces=("It is mild.",))
SECOND = response(name="2", more=STORED, pieces=("It rains.",))


async def answer(connection, request) -> None:
    asked = len(request.json["input"])
    await (FIRST if asked == 1 else SECOND)(connection, request)


@pytest.fixture
def house(shared_provider, tmp_path):
    gateway = Gateway(tmp_path, shared_provider, {})
    gateway.policies.provider("keeps", dialect="openai-responses", keeps_responses=True)
    gateway.policies.model("gpt-4.1-kept", Price("1", "2"), providers=("keeps",))
    gateway.policies.write("examples", "return {}\n")
    shared_provider.script("gpt-4.1-kept", answer)
    yield from gateway.served()


def test_the_ai_sdk_refers_to_what_is_kept(house, shared_provider):
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"),
           "CLIENTS_NODE": str(BUILT / "node"), "GATEWAY_ORIGIN": house.origin,
           "GATEWAY_KEY": house.customer().key}  # fmt: skip
    result = subprocess.run(["node", HERE / "kept_node.mjs"], env=env, capture_output=True,
                            text=True, timeout=120)  # fmt: skip
    assert result.returncode == 0, result.stderr[-4000:]
    assert json.loads(result.stdout) == ["It is mild.", "It rains."]
    assert shared_provider.requests[-1].json["input"][1] == {
        "type": "item_reference",
        "id": "msg_1",
    }
