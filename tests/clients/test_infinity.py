"""sentence-transformers behind the gateway, in a server that speaks OpenAI's embeddings and
Cohere's rerank (Infinity): the official client reads its vectors, its own counts are charged."""

import os
import re
from pathlib import Path

import pytest
from gateway import ROOT, Gateway
from policy_prices import exact_of, rounded_up
from prices import usd
from real_server import running

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]
PYTHON = ROOT / "build/infinity/venv/bin/python"
WIDTH, BASE64_BYTES = 32, 172
SOLD = {"embeds": "embeddings", "ranks": "rerank"}


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("infinity")
    log = folder / "infinity.log"
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "HF_HUB_OFFLINE": "1",
           "DO_NOT_TRACK": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0"}  # fmt: skip
    command = [PYTHON, Path(__file__).with_name("serve_infinity.py"), folder]

    def find_origin(_) -> str | None:
        found = re.search(r"running on (http://127\.0\.0\.1:\d+)", log.read_text())
        return found and found[1]

    with running(command, log, find_origin, env=env) as origin:
        yield origin


@pytest.fixture(scope="module")
def house(origin, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("house"), None, {})
    gateway.policies.write("examples", "return {}\n")
    gateway.policies.provider("infinity", base_url=origin + "/v1", api_key=False,
                              dialect=list(SOLD.values()))  # fmt: skip
    for name, endpoint in SOLD.items():
        gateway.policies.model(name, endpoints=[endpoint], providers=("infinity",), context=512,
                               input="1.37", max_output=None)  # fmt: skip
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def check_charge(house, customer, model: str, tokens: int) -> None:
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    assert record["usage_source"] == "reported"
    charge = rounded_up(exact_of(house.policies, model, {"input": tokens}))
    assert 10 - customer.balance == usd(record["cost"]) == charge > 0


@pytest.mark.parametrize("encoding", [None, "float", "base64"])
def test_embeddings(house, customer, encoding):
    more = {"encoding_format": encoding} if encoding else {}
    found = customer.openai().embeddings.create(model="embeds", input=["ab c", "d"], **more)
    size = BASE64_BYTES if encoding == "base64" else WIDTH
    assert [len(entry.embedding) for entry in found.data] == [size] * 2
    assert found.usage.prompt_tokens == 4, "a letter is a token"
    check_charge(house, customer, "embeds", 4)


def test_a_ranking(house, customer):
    body = {"model": "ranks", "query": "a", "documents": ["a b", "c", "d"], "top_n": 2,
            "return_documents": True}  # fmt: skip
    reply = customer.post(body, "/rerank")
    assert reply.status_code == 200, reply.text
    found = reply.json()
    scores = [one["relevance_score"] for one in found["results"]]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)
    check_charge(house, customer, "ranks", found["usage"]["total_tokens"])


def test_what_it_refuses_is_free(customer):
    """Its own words for it, as FastAPI has them, have no form of an error that we know."""
    reply = customer.post({"model": "embeds", "input": "a", "dimensions": "x"}, "/embeddings")
    assert 400 <= reply.status_code < 500, reply.text
    assert reply.json()["error"]["message"]
    customer.wait_for_no_hold()
    assert customer.balance == 10
