"""Completions and embeddings by the frameworks that people write programs with: what they show is
what the provider said, and what was charged is what it counted."""

import base64
import json
import os
import struct
import subprocess
from pathlib import Path

import answers
import pytest
from answers import Usage
from completion_answers import text
from gateway import ROOT, Gateway
from prices import Price, charge, usd

HERE = Path(__file__).parent
BUILT = Path(os.environ.get("CLIENTS") or ROOT / "build/clients")
FRAMEWORKS = {
    "langchain": BUILT / "venv/bin/python",
    "litellm": ROOT / "build/litellm/venv/bin/python",
    "llamaindex": ROOT / "build/litellm/venv/bin/python",
}
EVERY = [
    name if name == "langchain" else pytest.param(name, marks=pytest.mark.long)
    for name in FRAMEWORKS
]
PRICE = Price("1", "2")
VECTORS = [[0.5, -1.25], [1.0, 0.0]]


@pytest.fixture(scope="module")
def lists(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("lists"), shared_provider, {})
    policies = gateway.policies
    policies.provider("texts", dialect=["completions"])
    policies.model("texts", PRICE, endpoints=["completions"], context=8000, max_output=500,
                   providers=("texts",))  # fmt: skip
    policies.model("vectors", PRICE, endpoints=["embeddings"], max_output=None, context=8192)
    policies.write("examples", "return {}\n")
    yield from gateway.served()


def run(name: str, customer) -> dict:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "OPENAI_BASE_URL": customer.gateway.origin + "/v1",
        "OPENAI_API_KEY": customer.key,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    result = subprocess.run(
        [FRAMEWORKS[name], HERE / f"{name}_lists.py"],
        env=env, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-4000:]
    return json.loads(result.stdout.splitlines()[-1])


def vectors(connection, request):
    """In the encoding that was asked for, as OpenAI does."""
    packed = request.json.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index,
         "embedding": base64.b64encode(struct.pack("<2f", *vector)).decode() if packed else vector}
        for index, vector in enumerate(VECTORS)
    ]  # fmt: skip
    usage = {"prompt_tokens": 9, "total_tokens": 9}
    body = {"object": "list", "data": data, "model": "vectors", "usage": usage}
    return answers.reply(200, json.dumps(body).encode())(connection, request)


@pytest.mark.parametrize("name", EVERY)
def test_completions_and_embeddings(lists, shared_provider, name):
    customer = lists.customer()
    shared_provider.script("texts", text(usage=Usage(5, 7)))
    shared_provider.script("vectors", vectors)
    said = run(name, customer)
    assert said["vectors"] == VECTORS
    assert said["whole"] == "".join(said["stream"]) == " brown fox"
    if name != "llamaindex":
        assert said["several"] == [" brown fox"] * 2
    records = customer.all_records()
    assert len(records) == len(said)
    for record in records:
        usage = Usage(5, 7) if record["model"] == "texts" else Usage(9, 0)
        assert usd(record["cost"]) == charge(PRICE, usage)
