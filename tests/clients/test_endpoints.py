"""Real clients at every endpoint that is no conversation: they show what the provider has answered,
and each call is charged what the policy's files say."""

import base64
import json
import os
import subprocess

import pytest
import speech_answers as speech
from endpoint_calls import CALLS, PICTURE, PNG, model_of, sell
from gateway import ROOT, Gateway
from policy_prices import exact_of, rounded_up
from prices import usd
from test_clients import BUILT, HERE
from test_transcriptions import sound

FRAMEWORKS = ROOT / "build/litellm/venv/bin/python"
CLIENTS = {
    "Node": ["node", HERE / "endpoints_node.mjs"],
    "Cohere for Python": [BUILT / "venv/bin/python", HERE / "endpoints_cohere.py"],
    "frameworks": [FRAMEWORKS, HERE / "endpoints_frameworks.py"],
}
EVERY = [pytest.param(name, marks=pytest.mark.long) if name == "frameworks" else name
         for name in CLIENTS]  # fmt: skip
SAYS = {  # by the model's name, whatever the client
    "completions": " brown fox", "completions-streamed": " brown fox",
    "embeddings": [0.5, -1.25], "batchEmbedContents": [0.5, -1.25],
    "moderations": False, "decisions": 0.98,
    "rerank-by-searches": [[0, 0.9]], "rerank-by-tokens": [[0, 0.9]],
    "speech-by-characters": len(speech.mp3(1)), "speech-by-seconds": len(speech.wav(3)),
    "images": PNG, "images-streamed": PNG, "edits": PNG, "edits-streamed": PNG,
    "images-by-the-picture": 3, "variations": 2,
    "transcriptions": "Hello", "transcriptions-streamed": "Hello",
    "transcriptions-by-seconds": "Hello", "translations": "Hello",
}  # fmt: skip
USED = {model_of(name): call.used for name, call in CALLS.items()}


@pytest.fixture(scope="module")
def sold(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("endpoints"), shared_provider, {})
    gateway.policies.write("examples", "return {}\n")
    sell(gateway.policies)
    for name, call in CALLS.items():
        shared_provider.script(model_of(name), call.answer(call.used))
    yield from gateway.served()


def run(client: str, customer) -> dict:
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"),
           "CLIENTS_NODE": str(BUILT / "node"), "GATEWAY_ORIGIN": customer.gateway.origin,
           "GATEWAY_KEY": customer.key, "LITELLM_LOCAL_MODEL_COST_MAP": "True",
           "SOUND": base64.b64encode(sound(2)).decode(),
           "PICTURE": base64.b64encode(PICTURE).decode()}  # fmt: skip
    result = subprocess.run(CLIENTS[client], env=env, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr[-4000:]
    said = {}
    for line in result.stdout.splitlines():
        if line.startswith('{"'):
            said |= json.loads(line)
    return said


@pytest.mark.parametrize("client", EVERY)
def test_each_shows_what_was_answered_and_is_charged_for_it(sold, client):
    customer = sold.customer()
    said = run(client, customer)
    wrong = {name: text for name, text in said.items() if text != SAYS[name.split("/")[1]]}
    assert said
    assert wrong == {}
    customer.wait_for_no_hold()
    records = customer.all_records()
    assert sorted(record["model"] for record in records) == sorted(
        name.split("/")[1] for name in said
    )
    for record in records:
        exact = exact_of(sold.policies, record["model"], USED[record["model"]])
        assert usd(record["cost"]) == rounded_up(exact) > 0, record
