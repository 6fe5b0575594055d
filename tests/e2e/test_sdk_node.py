"""The official openai package for Node, unmodified; the cases are in node/chat.mjs."""

import json
import os
import subprocess
import threading
from pathlib import Path

import answers
import completion_answers
import pytest
from answers import Usage
from gateway import ROOT
from prices import Price, charge, usd
from wait import wait_until

# The gateway does nothing here that test_sdk_python.py does not ask of it, too: once is enough.
pytestmark = pytest.mark.once

FOLDER = Path(os.environ.get("E2E_NODE") or ROOT / "build/node")
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'},
}


@pytest.fixture
def run():
    """run(case, customer): what the script says."""

    def run(case: str, customer, *more: str) -> dict:
        env = {
            "PATH": os.environ["PATH"],
            "E2E_NODE": str(FOLDER),
            "E2E_KEY": customer.key,
            "E2E_BASE_URL": customer.gateway.api,
        }
        script = Path(__file__).parent / "node/chat.mjs"
        result = subprocess.run(
            ["node", script, case, *more], env=env, capture_output=True, text=True, timeout=240
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return run


@pytest.mark.quick
def test_chat(run, customer, provider):
    provider.answer = answers.chat(pieces=("Hi!",), usage=Usage(77, 33))
    said = run("whole", customer)
    assert said["text"] == "Hi!"
    assert usd(said["usage"]["cost"]) == charge("gpt-4o-mini", Usage(77, 33))
    assert said["id"] == customer.wait_for_record()["id"]


def test_an_estimate_and_its_bound(run, customer, provider):
    """What the bound refuses is not sent again, though the SDK may try three times."""
    said = run("quoted", customer)
    assert 0 < said["cost"] <= said["told"]
    assert (said["refused"]["code"], said["sent"]) == ("max_cost_exceeded", 1)


@pytest.mark.quick
def test_chat_streamed(run, customer, provider):
    said = run("streamed", customer)
    assert said["text"] == answers.Chat().text
    assert said["finish"] == "stop"
    assert said["usage"] == []


def test_stream_options(run, customer, provider):
    provider.answer = answers.chat(usage=Usage(100, 20, cached=64))
    (usage,) = run("usage", customer)["usage"]
    assert usd(usage["cost"]) == charge("gpt-4o-mini", Usage(100, 20, cached=64))


def test_tools(run, customer, provider):
    provider.answer = answers.chat(tool_calls=(CALL,))
    assert run("tools", customer) == {"whole": '{"city":"Oslo"}', "streamed": '{"city":"Oslo"}'}
    assert provider.last.json["tools"][0]["function"]["parameters"]["required"] == []


def test_choices_and_logprobs(run, customer, provider):
    provider.answer = answers.chat(logprobs=True)
    assert run("choices", customer) == [[0, -1e-7], [1, -1e-7]]


def test_json_schema(run, customer, provider):
    provider.answer = answers.chat(pieces=('{"a":[]}',))
    assert run("schema", customer) == {"a": []}
    assert provider.last.json["response_format"]["json_schema"]["schema"]["required"] == []


def test_image(run, customer, provider):
    said = run("image", customer)
    url = provider.last.json["messages"][0]["content"][0]["image_url"]["url"]
    assert len(url) == said["bytes"]


def test_models(run, customer):
    said = run("models", customer)
    assert "gpt-4-turbo" in said["ids"]
    assert said["one"]["id"] == "gpt-4o-mini"
    assert said["one"]["object"] == "model"


def test_refused(run, customer):
    said = run("refused", customer)
    assert said["400"]["class"] == "BadRequestError"
    assert said["400"]["param"] == "messages"
    assert said["401"]["class"] == "AuthenticationError"
    assert said["401"]["code"] == "invalid_api_key"
    assert said["404"]["class"] == "NotFoundError"
    assert said["404"]["code"] == "model_not_found"


def test_402_is_not_tried_again(run, gateway):
    said = run("create", gateway.customer(credit=None))
    assert said["status"] == 402
    assert said["code"] == "insufficient_credits"
    assert said["sent"] == 1


def test_403(run, gateway):
    said = run("once", gateway.customer(models=["gpt-4o"]))
    assert said["class"] == "PermissionDeniedError"
    assert said["code"] == "model_not_allowed"


def test_5xx(run, customer, provider):
    provider.answer = answers.error(500, "The server had an error", None, "server_error")
    said = run("once", customer)
    assert said["class"] == "InternalServerError"
    assert said["status"] == 502
    assert said["code"] == "provider_unavailable"


def test_failure_in_mid_stream(run, customer, provider):
    events = [answers.content_event("one "), answers.content_event("two"), answers.error_event()]
    provider.answer = answers.stream(events)
    said = run("cut", customer)
    assert said["text"] == "one two"
    assert said["class"] == "APIError"


def test_timeout(run, customer, provider):
    """The answer is waited for without the client, and paid."""
    gate = threading.Event()
    provider.answer = answers.behind(gate, answers.chat())
    before = customer.balance
    assert run("timeout", customer)["class"] == "APIConnectionTimeoutError"
    gate.set()
    customer.wait_for_no_hold()
    assert customer.balance < before


def test_idempotency_key(run, customer, provider):
    """Its own retry after a failure before the first byte, and the same request once more."""
    provider.then(answers.error(500, "The server had an error", None, "server_error"))
    said = run("idempotent", customer, "order 1")
    assert said["ids"] == [customer.wait_for_record(2)["id"]] * 2
    assert said["refused"]["code"] == "idempotency_key_reused"
    assert len(provider.requests) == 2
    customer.wait_for_no_hold()
    assert 10 - customer.balance == usd(said["cost"]) == charge("gpt-4o-mini", Usage())


def test_aborted_stream(run, customer, provider):
    provider.answer = answers.endless(piece_bytes=10, gap_s=0.02)
    assert run("aborted", customer) == {"chunks": 3}
    assert customer.wait_for_record()["usage_source"] == "partial"
    wait_until(lambda: provider.last.gone_at, 5, "the end of the upstream call")


def test_200_at_once(run, customer, provider):
    def own_answer(connection, request):
        name = request.json["messages"][0]["content"]
        return answers.chat(pieces=(name,), usage=Usage(10, 5))(connection, request)

    provider.answer = own_answer
    before = customer.balance
    assert run("many", customer) == {"right": 200}
    customer.wait_for_no_hold()
    assert before - customer.balance == 200 * charge("gpt-4o-mini", Usage(10, 5))


# ---- completions ----

PRICE = Price("1", "2")


def sell_texts(policies) -> None:
    policies.provider("small", dialect=["completions"])
    policies.model("texts", PRICE, providers=("small",), endpoints=["completions"])


def test_completions(run, make_gateway, provider):
    customer = make_gateway(prepare=sell_texts).customer()
    provider.answer = completion_answers.text(usage=Usage(5, 7))
    said = run("completions", customer)
    assert said["whole"] == said["stream"] == [" brown fox"] * 2
    assert usd(said["cost"]) == usd(said["usage"]["cost"]) == charge(PRICE, Usage(5, 7))
