"""The request header x-llm-max-cost: what it does not pay is not begun, what it pays is made short
enough, and no charge exceeds it, whatever a provider counts."""

import json
import sqlite3
from decimal import Decimal

import answers
import pytest
import sse
from answers import Chat, Usage, content_event
from customer import QUESTION
from gateway import Gateway
from idempotent import HEADER, is_replay
from openai import BadRequestError
from policies import Lua
from prices import Price, charge, usd
from tables import await_tables

MAX_COST = "x-llm-max-cost"
PRICE = Price("100", "1000")  # a dollar is 833 tokens of output, with margin
LONGEST = 16384
SOUND = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("max-cost"), shared_provider, {})
    policies = gateway.policies
    policies.provider("second")
    policies.model("dear", PRICE)
    policies.model("free", Price("0", "0"))
    policies.model("thinker", PRICE, capabilities=["reasoning"])
    policies.model("searches", Price("1", "1"), web_search="0.01", web_search_max=5,
                   allow=["web_search"])  # fmt: skip
    policies.model("fee", Price("0", "0"), request="0.05")
    policies.model("sound", Price("1", "1"), audio_output="1000")
    policies.model("tiered", PRICE, when=Lua('{ { service_tier = "priority", factor = "2" } }'))
    second = {"provider": "second", "input": "100", "output": "1000"}
    policies.model("two", Price("10", "100"), price_by="candidate",
                   candidates=[{"provider": "openai"}, second])  # fmt: skip
    policies.provider("states", cost={"path": "usage.cost"})
    policies.model("by-cost", Price("1", "1"), providers=("states",), price_by="cost")
    policies.write("examples", "return {}\n")
    policies.write("limits", LIMITS)
    yield from gateway.served()


LIMITS = """return {
    { scope = "key", models = { "gpt-4" }, output_tokens_max = 100 },
}
"""


@pytest.fixture
def customer(house):
    return house.customer(credit="100")


def ask(customer, most: str, model="dear", **fields):
    body = {"model": model, "messages": list(QUESTION)} | fields
    return customer.post(body, headers={MAX_COST: most})


def overrun(gateway, record_id: str) -> Decimal:
    await_tables(gateway.database)
    with sqlite3.connect(gateway.database) as db:
        query = "SELECT overrun_nusd FROM usage WHERE exchange_id = ?"
        (nusd,) = db.execute(query, (record_id,)).fetchone()
    return Decimal(nusd) / 10**9


def asked_for(provider) -> int | None:
    """The longest answer that the provider was asked for."""
    return provider.last.json.get("max_tokens")


# ---- the header ----

WRONG = {
    "a sign of a currency": "$0.05",
    "a currency": "0.05 USD",
    "negative": "-0.05",
    "positive": "+0.05",
    "an exponent": "5e-2",
    "a comma": "0,05",
    "no digit before the point": ".05",
    "no digit after it": "5.",
    "ten decimals": "0.0500000001",
    "more than there is": "1000000001",
    "nothing": "",
    "a word": "none",
    "hexadecimal": "0x1",
    "two numbers": "0.05, 0.06",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_header_is_named(house, customer, provider, name):
    provider.reset()
    response = ask(customer, WRONG[name])
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["param"]) == ("invalid_value", MAX_COST)
    assert response.headers["x-should-retry"] == "false"
    assert not provider.requests


def test_it_stands_there_once(house, customer, provider):
    body = json.dumps({"model": "dear", "messages": list(QUESTION)}).encode()
    lines = [b"POST /v1/chat/completions HTTP/1.1", b"Host: x", b"Content-Type: application/json",
             b"Authorization: Bearer " + customer.key.encode(), b"Content-Length: %d" % len(body),
             b"x-llm-max-cost: 1", b"X-LLM-Max-Cost: 2"]  # fmt: skip
    with house.connect() as connection:
        connection.send(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        reply = connection.read_reply()
    assert reply.status == 400
    assert MAX_COST.encode() in reply.body


def test_other_sites_may_send_it(house):
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST",
               "Access-Control-Request-Headers": f"authorization,{MAX_COST}"}  # fmt: skip
    reply = house.http.options(house.origin + "/v1/chat/completions", headers=headers)
    assert MAX_COST in reply.headers["access-control-allow-headers"].split(",")


# ---- refused before anything is held or sent ----


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_it_cannot_pay_is_not_begun(house, customer, provider, streamed):
    provider.reset()
    response = ask(customer, "0.001", stream=streamed)
    assert response.status_code == 400
    assert response.headers["x-should-retry"] == "false"
    error = response.json()["error"]
    assert (error["code"], error["param"]) == ("max_cost_exceeded", MAX_COST)
    assert error["type"] == "invalid_request_error"
    told = error["metadata"]
    assert (told["max_cost"], told["affordable_max_tokens"]) == ("0.001", 0)
    assert told["required"] in error["message"]
    assert not provider.requests
    assert usd(customer.wallet()["held"]) == 0
    assert customer.balance == 100
    # What it says it needs is enough, and a nano-dollar less is not.
    less = usd(told["required"]) - Decimal("0.000000001")
    assert ask(customer, str(less), stream=streamed).status_code == 400
    assert ask(customer, told["required"], stream=streamed).status_code == 200
    assert asked_for(provider) == 1


@pytest.mark.parametrize(
    ("model", "enough", "short"),
    [("fee", "0.06", "0.059"), ("searches", "0.062", "0.06"), ("free", "0", None)],
)
def test_what_stands_beside_tokens_counts(house, customer, provider, model, enough, short):
    """A fee for each call, searches at their most; and what is free costs nothing."""
    fields = {"web_search_options": {}} if model == "searches" else {}
    assert ask(customer, enough, model, **fields).status_code == 200
    if short:
        assert ask(customer, short, model, **fields).status_code == 400


def test_the_dearest_candidate_counts(house, customer, provider):
    """Whichever answers: the second one is ten times as dear."""
    response = ask(customer, "0.002", "two")
    required = usd(response.json()["error"]["metadata"]["required"])
    assert required > charge(PRICE, Usage(8, 1))
    busy = answers.error(503, "busy", None, "server_error")
    provider.then(busy, answers.chat(usage=Usage(10**6, 10**6)))
    assert ask(customer, "0.5", "two").status_code == 200
    assert customer.wait_for_record()["cost"] == "0.500000000"


# ---- made short enough ----


@pytest.mark.parametrize("stated", [{}, {"max_tokens": 5000}, {"max_completion_tokens": 5000}],
                         ids=str)  # fmt: skip
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_the_provider_is_asked_for_what_it_pays(house, customer, provider, streamed, stated):
    """An honest provider ends where it was told to, and the answer says why."""

    async def honest(connection, request):
        count = request.json["max_tokens"]
        chat = Chat(pieces=("x",) * count, usage=Usage(10, count), finish_reason="length")
        events = chat.events(request.json)
        whole = answers.reply(200, chat.body("dear"))
        await (answers.stream(events) if streamed else whole)(connection, request)

    provider.answer = honest
    response = ask(customer, "0.06", stream=streamed, **stated)
    assert response.status_code == 200
    tokens = asked_for(provider)
    assert 1 <= tokens < 50
    if "max_completion_tokens" in stated:
        assert provider.last.json["max_completion_tokens"] == tokens
    answer = (
        next(c for c in sse.chunks(response.content) if c["choices"][0]["finish_reason"])
        if streamed
        else response.json()
    )
    assert answer["choices"][0]["finish_reason"] == "length"
    told = answer["metadata"]
    assert (told["code"], told["scope"], told["max_cost"]) == ("max_cost", "request", "0.06")
    assert told["max_tokens"] == tokens
    assert "0.06" in told["message"]
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(PRICE, Usage(10, tokens)) <= Decimal("0.06")
    assert overrun(house, record["id"]) == 0


def test_a_short_answer_is_not_touched(house, customer, provider):
    provider.answer = answers.chat(usage=Usage(10, 5))
    assert ask(customer, "1", max_tokens=20).status_code == 200
    assert provider.last.json["max_tokens"] == 20
    response = ask(customer, "100")
    assert "max_tokens" not in provider.last.json
    assert "metadata" not in response.json()


def test_each_choice_gets_its_part(house, customer, provider):
    provider.answer = answers.chat()
    assert ask(customer, "0.2").status_code == 200
    alone = asked_for(provider)
    assert ask(customer, "0.2", n=4).status_code == 200
    assert alone // 5 <= asked_for(provider) <= alone // 4


# ---- whatever a provider counts ----

LIES = {
    "a long answer": Usage(10, 10**6),
    "a long prompt": Usage(10**6, 10),
    "both": Usage(10**9, 10**9),
    "reasoning": Usage(10, 10**5, reasoning=10**5),
}


@pytest.mark.parametrize("name", LIES)
@pytest.mark.parametrize("model", ["dear", "thinker", "sound", "tiered"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_no_charge_is_above_it(house, customer, provider, streamed, model, name):
    usage = LIES[name].as_json() | {"service_tier": "priority"}
    usage["completion_tokens_details"]["audio_tokens"] = LIES[name].completion
    provider.answer = answers.counted_as("hello " * 20, usage, service_tier="priority")
    fields = SOUND if model == "sound" else {}
    response = ask(customer, "0.15", model, stream=streamed, **fields)
    assert response.status_code == 200
    record = customer.wait_for_record()
    assert record["cost"] == "0.150000000"
    assert overrun(house, record["id"]) > 0, "the house pays the rest"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_no_cost_that_a_provider_states_is_above_it(house, customer, provider, streamed):
    usage = Usage(10, 20).as_json() | {"cost": 0.0099}
    provider.answer = answers.counted_as("hello " * 20, usage)
    fields = {"stream": streamed} | (
        {"stream_options": {"include_usage": True}} if streamed else {}
    )
    assert customer.ask("by-cost", **fields).status_code == 200
    assert customer.wait_for_record()["cost"] == "0.011880000", "it is believed, with margin"
    assert ask(customer, "0.005", "by-cost", **fields).status_code == 200
    assert customer.wait_for_record(2)["cost"] == "0.005000000"


def endless(connection, request):
    return answers.stream([content_event("x" * 400, "dear")] * 400)(connection, request)


@pytest.mark.parametrize("most", ["0.5", "1.5", "6"])
def test_a_stream_ends_at_the_bound(house, customer, provider, most):
    """The provider keeps no limit. By our estimate, which is less exact than a count, twice the
    text is too much (stream_budget.c)."""
    provider.answer = endless
    response = ask(customer, most, stream=True, stream_options={"include_usage": True})
    assert sse.is_done(response.content)
    chunks = sse.chunks(response.content)
    ends = [c for c in chunks if c["choices"] and c["choices"][0]["finish_reason"]]
    assert [end["choices"][0]["finish_reason"] for end in ends] == ["length"]
    assert ends[0]["metadata"]["code"] == "max_cost"
    record = customer.wait_for_record()
    assert usd(record["cost"]) == Decimal(most)
    assert usd(chunks[-1]["usage"]["cost"]) == usd(record["cost"])
    assert record["error_code"] == "max_cost"
    assert overrun(house, record["id"]) <= Decimal(most)


def test_a_stream_that_turns_out_dearer_ends_earlier(house, customer, provider):
    """The first chunk says that it is served in a tier of twice the price."""
    chunk = json.loads(content_event("x" * 400, "tiered")[6:]) | {"service_tier": "priority"}
    event = b"data: " + json.dumps(chunk).encode() + b"\n\n"
    provider.answer = answers.stream([event] * 400)
    response = ask(customer, "6", "tiered", stream=True)
    ends = [c for c in sse.chunks(response.content) if c["choices"][0]["finish_reason"]]
    assert ends[0]["metadata"]["code"] == "max_cost"
    record = customer.wait_for_record()
    assert usd(record["cost"]) <= 6
    assert record["output_tokens"] <= 2500


# ---- the least of all bounds wins ----


def test_with_a_small_wallet(house, provider):
    provider.answer = endless
    for credit, most, code in [("2", "4", "insufficient_credits"), ("4", "2", "max_cost")]:
        customer = house.customer(credit)
        response = ask(customer, most, stream=True)
        ends = [c for c in sse.chunks(response.content) if c["choices"][0]["finish_reason"]]
        assert ends[0]["metadata"]["code"] == code
        assert 10 * (Decimal(credit) - customer.balance) <= 20


def test_with_the_budget_of_a_key(house, provider):
    provider.answer = endless
    for budget, most, code in [("2", "4", "key_budget_exceeded"), ("4", "2", "max_cost")]:
        customer = house.customer("100", budget=budget)
        response = ask(customer, most, stream=True)
        ends = [c for c in sse.chunks(response.content) if c["choices"][0]["finish_reason"]]
        assert ends[0]["metadata"]["code"] == code


def test_it_saves_a_call_that_the_wallet_could_not_hold(house, provider):
    """Five dollars do not hold 16,384 tokens, but two are enough for a shorter answer."""
    provider.answer = answers.chat()
    customer = house.customer("5")
    assert customer.ask("dear", max_tokens=LONGEST).status_code == 402
    assert ask(customer, "2", max_tokens=LONGEST).status_code == 200


def test_with_the_operators_limit(house, customer, provider):
    provider.answer = answers.chat()
    assert ask(customer, "1", "gpt-4").status_code == 200
    assert asked_for(provider) == 100
    assert ask(customer, "0.005", "gpt-4").status_code == 200
    assert asked_for(provider) < 100


# ---- retries ----


def test_a_retry_gets_the_first_answer(house, customer, provider):
    """The same bound, however it is written; another one is another request."""
    body = {"model": "dear", "messages": list(QUESTION)}
    headers = {HEADER: "once"}
    first = customer.post(body, headers=headers | {MAX_COST: "0.5"})
    again = customer.post(body, headers=headers | {MAX_COST: "0.50"})
    assert is_replay(again)
    assert again.content == first.content
    for other in ({MAX_COST: "0.6"}, {}):
        response = customer.post(body, headers=headers | other)
        assert response.json()["error"]["code"] == "idempotency_key_reused"
    assert len(customer.records()) == 1


def test_a_refused_request_leaves_its_key_free(house, customer, provider):
    body = {"model": "dear", "messages": list(QUESTION)}
    assert customer.post(body, headers={HEADER: "x", MAX_COST: "0"}).status_code == 400
    assert customer.post(body, headers={HEADER: "x", MAX_COST: "1"}).status_code == 200


# ---- as clients send it ----


def test_demo_keeps_it(house, customer):
    response = ask(customer, "0.000006", "demo", max_tokens=20)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["metadata"]["code"] == "max_cost"
    assert answer["usage"]["completion_tokens"] == answer["metadata"]["max_tokens"] < 20
    assert usd(answer["usage"]["cost"]) <= Decimal("0.000006")


def test_python_sdk(house, customer, provider):
    provider.answer = endless
    sdk = customer.openai(max_retries=3)
    messages = list(QUESTION)
    stream = sdk.chat.completions.create(
        model="dear", messages=messages, stream=True, extra_headers={MAX_COST: "0.5"}
    )
    last = [chunk for chunk in stream if chunk.choices][-1]
    assert last.choices[0].finish_reason == "length"
    assert last.metadata["code"] == "max_cost"
    provider.reset()
    with pytest.raises(BadRequestError) as refused:
        sdk.chat.completions.create(model="dear", messages=messages, extra_headers={MAX_COST: "0"})
    assert refused.value.code == "max_cost_exceeded"
    assert not provider.requests, "no retry helps, and the SDK makes none"
