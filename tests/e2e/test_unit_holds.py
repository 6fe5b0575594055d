"""Holds of what is priced by unit: whatever an answer is made of, the customer has held its price,
and streams at once do not spend the same money."""

import json
import sqlite3
import threading
from contextlib import ExitStack
from decimal import Decimal

import answers
import pytest
from answers import DONE, Usage, content_event
from gateway import Gateway
from prices import Price
from tables import await_tables
from test_units import answer

STOP = b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
SOUND = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}
PICTURE = {"type": "image_url", "image_url": {"url": "https://x.example/y.png"}}
FILE = {"type": "file", "file": {"file_data": "data:audio/wav;base64,AAAA"}}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("unit-holds"), shared_provider, {})
    policies = gateway.policies
    plain = Price("1", "1")
    policies.model("sound", plain, audio_output="1000")
    policies.model("thinks", plain, reasoning="1000")
    policies.model("writes", Price("1", "100"), cache_write="1000")
    policies.model("draws", plain, image_output="1000")
    policies.model("files", plain, audio_input="40", capabilities=["files"])
    policies.model("looks", plain, cache_write="10", image_input="1", capabilities=["vision"],
                   image_tokens_max=50000)  # fmt: skip
    policies.model("searches", plain, web_search="0.01", web_search_max=5, allow=["web_search"])
    policies.write("examples", "return {}\n")
    yield from gateway.served()


def overrun(gateway, customer) -> Decimal:
    """What the house has paid for the customer's calls."""
    customer.wait_for_no_hold()
    await_tables(gateway.database)
    with sqlite3.connect(gateway.database) as db:
        (nusd,) = db.execute(
            "SELECT coalesce(sum(overrun_nusd), 0) FROM usage u JOIN users o USING (account_id)"
            " WHERE o.email = ?", (customer.email,)).fetchone()  # fmt: skip
    return Decimal(nusd) / 10**9


# ---- one call ----

USED = {
    "pictures, drawn unasked": (
        "draws",
        {"prompt_tokens": 10, "completion_tokens": 1500,
         "completion_tokens_details": {"image_tokens": 1400}},
        {},
    ),
    "a file that is sound": (
        "files",
        {"prompt_tokens": 100000, "completion_tokens": 500,
         "prompt_tokens_details": {"audio_tokens": 99000}},
        {"messages": [{"role": "user", "content": [FILE]}]},
    ),
    "pictures that a cache writes": (
        "looks",
        {"prompt_tokens": 50010, "completion_tokens": 500,
         "prompt_tokens_details": {"image_tokens": 50000, "cache_write_tokens": 50010}},
        {"messages": [{"role": "user", "content": [PICTURE]}]},
    ),
    "searches": (
        "searches",
        Usage(10, 500).as_json() | {"server_tool_use": {"web_search_requests": 5}},
        {"web_search_options": {}},
    ),
    "reasoning": (
        "thinks",
        {"prompt_tokens": 10, "completion_tokens": 500,
         "completion_tokens_details": {"reasoning_tokens": 500}},
        {},
    ),
    "sound": (
        "sound",
        {"prompt_tokens": 10, "completion_tokens": 500,
         "completion_tokens_details": {"audio_tokens": 500}},
        SOUND,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", USED)
@pytest.mark.parametrize("credit", ["0.01", "0.05", "0.3", "1"])
def test_what_may_be_used_is_held(house, provider, name, credit):
    """With money for it the call is served; without, it is refused. The house pays nothing."""
    model, usage, fields = USED[name]
    customer = house.customer(credit)
    provider.answer = answer(usage)
    assert customer.ask(model, max_tokens=2000, **fields).status_code in (200, 402)
    assert overrun(house, customer) == 0


def test_with_enough_money_it_is_served(house, provider):
    for model, usage, fields in USED.values():
        customer = house.customer("100")
        provider.answer = answer(usage)
        assert customer.ask(model, max_tokens=2000, **fields).status_code == 200
        assert overrun(house, customer) == 0


def test_a_wrong_count_of_searches_is_the_operators(house, provider):
    """More than the model's entry allows, though none was asked for: as with tokens, an alarm."""
    customer = house.customer("100")
    provider.answer = answer(
        Usage(10, 500).as_json() | {"server_tool_use": {"web_search_requests": 10**9}}
    )
    response = customer.ask("searches", max_tokens=600)
    assert response.status_code == 200
    assert overrun(house, customer) > 10**6
    assert customer.balance > 99
    asked = response.headers["x-request-id"]
    assert house.logs("a provider counts more than model and request allow", request_id=asked)


# ---- streams at once ----


def pieces_of(name: str) -> tuple[str, list[bytes], dict, dict]:
    """Model, events of a long answer, its usage, and what else is asked."""
    text = [content_event("x" * 400, "m")] * 40  # a hundred tokens each, by our estimate
    counts = {"prompt_tokens": 10, "completion_tokens": 4000}
    if name == "reasoning":
        details = {"completion_tokens_details": {"reasoning_tokens": 4000}}
        return "thinks", text, counts | details, {}
    if name == "sound":
        data = {"choices": [{"index": 0, "delta": {"audio": {"data": "A" * 40_000}}}]}
        event = b"data: " + json.dumps(data).encode() + b"\n\n"
        details = {"completion_tokens_details": {"audio_tokens": 4000}}
        return "sound", [event] * 40, counts | details, SOUND
    details = {"prompt_tokens_details": {"cache_write_tokens": 10600}}
    messages = [{"role": "user", "content": "word " * 8000}]
    usage = counts | {"prompt_tokens": 10600, "completion_tokens": 16000} | details
    return "writes", text * 4, usage, {"messages": messages}


@pytest.mark.parametrize(
    ("name", "credit"), [("reasoning", "6"), ("sound", "10"), ("writes", "52")]
)
def test_streams_at_once_do_not_spend_the_same_money(house, provider, name, credit):
    """The budget of each grows by the prices of its hold, not by the plain ones."""
    model, events, usage, fields = pieces_of(name)
    customer = house.customer(credit)
    gate = threading.Event()
    last = b"data: " + json.dumps({"id": "1", "choices": [], "usage": usage}).encode() + b"\n\n"
    provider.answer = answers.stream([*events, STOP, last, DONE], gates={1: gate}, gap_s=0.001)
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    with ExitStack() as opened:
        streams = []
        for _ in range(6):
            response = opened.enter_context(
                house.http.stream("POST", "/api/v1/chat/completions", json=body | fields,
                                  headers=customer.authorization))  # fmt: skip
            if response.status_code == 200:
                streams.append(response)
        assert len(streams) > 1
        gate.set()
        for response in streams:
            response.read()
    # Behind its last money a stream has what comes at once: two events of a hundred tokens.
    behind = len(streams) * 2 * 100 * Decimal("0.0012")
    assert overrun(house, customer) < Decimal(credit) / 20 + behind
