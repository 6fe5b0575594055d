"""A stream without max_tokens is held in chunks that grow with the answer, and ends when the money
does: with finish_reason "length" and a reason, never by a cut, never below zero."""

import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal

import answers
import pytest
import sse
from answers import DONE, Chat, Usage, content_event
from customer import QUESTION
from idempotent import HEADER, ask, check_same, is_replay
from policies import Policies
from prices import Price, charge, usd
from rawhttp import chat_bytes
from tables import await_tables
from wait import wait_until

PRICE = Price("100", "1000")  # a dollar is 833 tokens of output, with margin
CHUNK = 1024  # tokens: HOLD_CHUNK_TOKENS of core/exchange/stream_budget.h
CHUNK_USD = charge(PRICE, Usage(0, CHUNK))  # 1.23 USD
LONGEST = 16384  # tokens of an answer
PIECE = content_event("x" * 400, "dear")  # a hundred tokens, as we estimate


def dear(policies: Policies) -> None:
    policies.model("dear", PRICE)
    policies.model("thinker", PRICE, capabilities=["reasoning"])


@pytest.fixture
def house(make_gateway):
    return make_gateway(prepare=dear)


def endless_pieces(count: int = 400, gate: threading.Event | None = None):
    """A provider that knows no limit: `count` pieces, then a proper end. After the first it waits
    for the gate."""
    usage = Usage(10, 100 * count)
    end = Chat(pieces=(), usage=usage, finish_reason="stop")

    async def answer(connection, request) -> None:
        events = [PIECE] * count + end.events(request.json)[1:]
        gates = {1: gate} if gate else None
        await answers.stream(events, gates=gates)(connection, request)

    return answer


def pieces_up_to_the_limit(gate: threading.Event):
    """A provider that keeps to what it is asked for, and to its own longest answer."""

    async def answer(connection, request) -> None:
        count = min(request.json.get("max_tokens", LONGEST), LONGEST) // 100
        end = Chat(pieces=(), usage=Usage(10, 100 * count), finish_reason="length")
        events = [PIECE] * count + end.events(request.json)[1:]
        await answers.stream(events, gates={1: gate})(connection, request)

    return answer


def ask_stream(customer, model="dear", **fields):
    """The open response of a streamed call."""
    headers = customer.authorization
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    path = "/api/v1/chat/completions"
    return customer.gateway.http.stream("POST", path, headers=headers, json=body | fields)


def finish_of(body: bytes) -> dict:
    """The chunk that says why the answer ended."""
    chunks = sse.chunks(body)
    found = [chunk for chunk in chunks if any(c["finish_reason"] for c in chunk["choices"])]
    assert len(found) == 1, chunks[-3:]
    return found[0]


def held(customer) -> Decimal:
    return usd(customer.wallet()["held"])


def overrun(gateway) -> Decimal:
    """What the house paid, in USD."""
    await_tables(gateway.database)
    with sqlite3.connect(gateway.database) as db:
        (nusd,) = db.execute("SELECT coalesce(sum(overrun_nusd), 0) FROM usage").fetchone()
    return Decimal(nusd) / 10**9


# ---- the hold grows with the answer ----


@pytest.mark.quick
def test_hold_is_a_chunk_that_grows(house, provider):
    customer = house.customer(credit="100")
    gates = {1: threading.Event(), 41: threading.Event()}
    events = [PIECE] * 41 + Chat(pieces=(), usage=Usage(10, 4100)).events(
        {"stream_options": {"include_usage": True}}
    )
    provider.answer = answers.stream(events, gates=gates, gap_s=0.003)  # piece by piece
    with ask_stream(customer) as response:
        lines = response.iter_lines()
        assert next(lines).startswith("data:")
        first = held(customer)
        assert CHUNK_USD <= first < 2 * CHUNK_USD, "not the 20 USD of the longest answer"
        gates[1].set()
        wait_until(lambda: held(customer) >= charge(PRICE, Usage(0, 4100)), 10, "a larger hold")
        assert held(customer) < charge(PRICE, Usage(200, 4100 + CHUNK))
        gates[41].set()
        assert list(lines)[-2] == "data: [DONE]"
    customer.wait_for_no_hold()
    assert 100 - customer.balance == charge(PRICE, Usage(10, 4100)), "the provider's count"


def test_small_balance_runs_several_at_once(house, provider):
    """Twenty dollars are one longest answer, or many short ones at once."""
    customer = house.customer(credit="20")
    gate = threading.Event()
    provider.answer = answers.stream_of(Chat(usage=Usage(20, 10)), gates={2: gate})
    with ExitStack() as open_streams:
        streams = [open_streams.enter_context(ask_stream(customer)) for _ in range(10)]
        assert [stream.status_code for stream in streams] == [200] * 10
        assert 10 * CHUNK_USD <= held(customer) <= 20
        gate.set()
        assert all(sse.is_done(stream.read()) for stream in streams)
    customer.wait_for_no_hold()
    assert 20 - customer.balance == 10 * charge(PRICE, Usage(20, 10))


@pytest.mark.parametrize("how", ["plain", "reasoning"])
def test_others_are_held_whole(house, provider, how):
    """An answer that comes at once, tokens that no stream shows."""
    customer = house.customer(credit="100")
    gate = threading.Event()
    gated = answers.stream_of(Chat(), gates={0: gate})

    async def answer(connection, request) -> None:
        if request.json.get("stream"):
            await gated(connection, request)
        else:
            await connection.until(gate)
            await answers.chat()(connection, request)

    provider.answer = answer
    fields = {"plain": {"stream": False}, "reasoning": {}}[how]
    model = "thinker" if how == "reasoning" else "dear"
    done = []

    def call():
        with ask_stream(customer, model, **fields) as response:
            done.append((response.status_code, response.read()))

    thread = threading.Thread(target=call)
    thread.start()
    wait_until(lambda: held(customer) >= charge(PRICE, Usage(0, LONGEST)), 10, "the whole hold")
    gate.set()
    thread.join()
    assert done[0][0] == 200
    customer.wait_for_no_hold()


# ---- the money ends ----


def check_end(body: bytes, code: str = "insufficient_credits") -> dict:
    """A stream that ended for want of money, told so that program and person know."""
    assert sse.is_done(body)
    last = finish_of(body)
    assert [choice["finish_reason"] for choice in last["choices"]] == ["length"]
    assert last["object"] == "chat.completion.chunk"
    metadata = last["metadata"]
    assert metadata["code"] == code
    assert metadata["message"]
    if code == "insufficient_credits":
        assert metadata["topup_url"].startswith("http")
        assert metadata["scope"] == "account"
    else:
        assert metadata["scope"] == "key"
    assert b'"error"' not in body
    return last


def read_two(customer, provider, answer=endless_pieces, **fields) -> list[bytes]:
    """Two streams that began when there was enough for either, read at once."""
    gate = threading.Event()
    provider.answer = answer(gate=gate)
    with ask_stream(customer, **fields) as one, ask_stream(customer, **fields) as other:
        assert (one.status_code, other.status_code) == (200, 200)
        gate.set()
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda stream: stream.read(), (one, other)))


@pytest.mark.quick
@pytest.mark.parametrize("asked", [False, True])
def test_two_streams_share_what_there_is(house, provider, asked):
    """Each alone could have its longest answer; together they use up the balance and both end."""
    customer = house.customer(credit="22")
    fields = {"stream_options": {"include_usage": True}} if asked else {}
    bodies = read_two(customer, provider, pieces_up_to_the_limit, **fields)
    ended = [body for body in bodies if finish_of(body).get("metadata")]
    assert ended, "the longest answers are 39 USD"
    for body in ended:
        last = check_end(body)
        assert last["id"] == "chatcmpl-123"
        assert last["model"] == "dear"
    assert 0 <= customer.balance < 1, "used up, but for what the prompts were held at"
    records = customer.records()
    assert sum(usd(record["cost"]) for record in records) == 22 - customer.balance
    short = [r for r in records if r["error_code"] == "insufficient_credits"]
    assert len(short) == len(ended)
    for record in short:
        assert record["finish_reason"] == "length"
        assert record["usage_source"] == "partial"
        assert record["status"] == 200
    for body in ended:
        tokens = len(sse.text(body)) // 4
        costs = [charge(PRICE, Usage(1, tokens)), charge(PRICE, Usage(2, tokens))]
        paid = [usd(record["cost"]) for record in short]
        assert set(paid) & set(costs), f"what was given is paid: {tokens} tokens"
        usages = [chunk["usage"] for chunk in sse.chunks(body) if chunk.get("usage")]
        if not asked:
            assert usages == []
            continue
        (usage,) = usages
        assert usage["completion_tokens"] == tokens
        assert usage["total_tokens"] == usage["prompt_tokens"] + tokens
        assert usd(usage["cost"]) in [usd(record["cost"]) for record in short]


def test_text_of_many_tokens(house, provider):
    """Digits have a token each, and come one by one: what streams of one balance have been given
    when it ends is no more than what it pays for."""
    customer = house.customer(credit="21")
    gate = threading.Event()
    usage = Usage(10, 16000)
    events = [content_event("1", "dear")] * usage.completion
    provider.answer = answers.stream([*events, DONE], gates={1: gate})
    with ExitStack() as open_streams:
        streams = [open_streams.enter_context(ask_stream(customer)) for _ in range(4)]
        gate.set()
        with ThreadPoolExecutor(4) as pool:
            bodies = list(pool.map(lambda stream: stream.read(), streams))
    customer.wait_for_no_hold()
    tokens = sum(len(sse.text(body)) for body in bodies)
    assert charge(PRICE, Usage(0, tokens)) <= 21
    assert 0 <= customer.balance < 1
    for record in customer.records():
        assert record["output_tokens"] in {len(sse.text(body)) for body in bodies}


def test_provider_that_counts_as_it_goes(house, provider):
    """Each chunk says how many tokens there have been; they are more than their text looks like."""
    customer = house.customer(credit="21")
    gate = threading.Event()
    events = [
        PIECE.replace(b'"choices"', b'"usage":%s,"choices"' % json.dumps(
            Usage(10, 400 * number).as_json()).encode())
        for number in range(1, 41)
    ]  # fmt: skip
    provider.answer = answers.stream([*events, DONE], gates={1: gate})
    with ExitStack() as open_streams:
        streams = [open_streams.enter_context(ask_stream(customer)) for _ in range(4)]
        gate.set()
        with ThreadPoolExecutor(4) as pool:
            bodies = list(pool.map(lambda stream: stream.read(), streams))
    customer.wait_for_no_hold()
    tokens = sum(len(sse.text(body)) for body in bodies)
    last_events = Usage(0, 4 * 400)  # what an event adds is known when it has gone through
    assert charge(PRICE, Usage(0, tokens)) <= 21 + charge(PRICE, last_events)
    assert {record["usage_source"] for record in customer.records()} == {"reported"}


def test_house_pays_nothing(house, provider):
    """What is given is what was held, by a provider that keeps to what it is asked for."""
    customer = house.customer(credit="21")
    read_two(customer, provider, pieces_up_to_the_limit)
    customer.wait_for_no_hold()
    assert overrun(house) == 0
    assert len(customer.records()) == 2


def test_key_budget_ends_a_stream(house, provider):
    customer = house.customer(credit="100")
    customer.create_key(budget="21")
    bodies = read_two(customer, provider)
    customer.wait_for_no_hold()
    assert 79 <= customer.balance < 80
    ended = [body for body in bodies if finish_of(body).get("metadata")]
    assert ended
    for body in ended:
        check_end(body, "key_budget_exceeded")


def test_a_charge_in_time_lets_it_go_on(house, provider):
    """The balance is looked at again with each chunk."""
    customer = house.customer(credit="21")
    gates = {1: threading.Event(), 50: threading.Event()}
    events = [PIECE] * 200 + Chat(pieces=(), usage=None).events({})
    provider.answer = answers.stream(events, gates=gates)
    with ask_stream(customer) as one:
        lines = one.iter_lines()
        next(lines)
        with ask_stream(customer, "thinker", max_tokens=12000) as other:
            gates[1].set()
            wait_until(lambda: held(customer) > Decimal("20.9"), 10, "all of it to be held")
            customer.charge("50")
            gates[50].set()
            other.read()
        text = [line for line in lines if line.startswith("data: {")]
    assert len(text) == 200 + 1, "all of it, and the end"
    assert "metadata" not in json.loads(text[-1][6:])
    customer.wait_for_no_hold()


def test_provider_that_does_not_listen(house, provider):
    """It was asked for no more than the money and goes on: it is ended, and the customer pays no
    more than he had."""
    customer = house.customer(credit="5")
    provider.answer = endless_pieces()
    with ask_stream(customer) as stream:
        body = stream.read()
    cap = provider.last.json["max_tokens"]
    assert check_end(body)["metadata"]["max_tokens"] == cap
    assert cap <= len(sse.text(body)) // 4 <= 2 * cap
    customer.wait_for_no_hold()
    assert 0 <= customer.balance < Decimal("0.05")


def test_many_choices_all_end(house, provider):
    customer = house.customer(credit="5")
    first, second = (
        answers.Chat(pieces=("x" * 400,), usage=None).events({"n": 2, "model": "dear"})[i]
        for i in (2, 3)
    )
    over = Chat(pieces=(), usage=None).events({"n": 2, "model": "dear"})[-2]
    assert b'"index":1' in over
    assert b'"stop"' in over
    provider.answer = answers.stream([first, second, over] + [first] * 200 + [DONE])
    with ask_stream(customer, n=2) as stream:
        body = stream.read()
    assert sse.is_done(body)
    last = [chunk for chunk in sse.chunks(body) if chunk.get("metadata")]
    assert [choice["index"] for choice in last[0]["choices"]] == [0], "1 had ended by itself"
    assert len(last) == 1
    customer.wait_for_no_hold()


def test_python_sdk_understands(house, provider):
    customer = house.customer(credit="5")
    provider.answer = endless_pieces()
    messages = [{"role": "user", "content": "Hi"}]
    options = {"include_usage": True}
    chunks = list(
        customer.openai().chat.completions.create(
            model="dear", messages=messages, stream=True, stream_options=options
        )
    )
    (end,) = [c for c in chunks if c.choices and c.choices[0].finish_reason]
    assert end.choices[0].finish_reason == "length"
    assert end.metadata["code"] == "insufficient_credits"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens > 0
    customer.wait_for_no_hold()


# ---- an answer that the provider ended where we had asked it to ----


@pytest.mark.parametrize("streamed", [False, True])
def test_capped_answer_says_why(house, provider, streamed):
    customer = house.customer(credit="5")
    provider.answer = answers.chat(finish_reason="length", usage=Usage(10, 100))
    response = customer.ask("dear", stream=streamed)
    cap = provider.last.json["max_tokens"]
    last = finish_of(response.content) if streamed else response.json()
    metadata = last.pop("metadata")
    assert metadata["code"] == "insufficient_credits"
    assert metadata["max_tokens"] == cap
    assert last["choices"][0]["finish_reason"] == "length"
    customer.wait_for_no_hold()
    assert 5 - customer.balance == charge(PRICE, Usage(10, 100))


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("why", ["stop", "own limit", "enough"])
def test_no_reason_without_cause(house, provider, streamed, why):
    """The money had no part in it."""
    customer = house.customer(credit="100" if why == "enough" else "5")
    reason = "stop" if why == "stop" else "length"
    provider.answer = answers.chat(finish_reason=reason, usage=Usage(10, 100))
    limit = {"max_tokens": 100} if why == "own limit" else {}
    response = customer.ask("dear", stream=streamed, **limit)
    assert response.status_code == 200
    assert b"metadata" not in response.content


def test_reason_in_an_event_of_several_lines(house, provider):
    """Is taken as one line, and says the same."""
    customer = house.customer(credit="5")
    event = Chat(pieces=(), usage=None, finish_reason="length").events({"model": "dear"})[-2]
    split = event.replace(b',"choices"', b',\ndata: "choices"')
    provider.answer = answers.stream([PIECE, split, DONE])
    with ask_stream(customer) as stream:
        body = stream.read()
    assert finish_of(body)["metadata"]["code"] == "insufficient_credits"
    customer.wait_for_no_hold()


def test_402_names_what_is_affordable(house, provider):
    """Also for a stream whose prompt alone is too dear."""
    customer = house.customer(credit="0.001")
    with ask_stream(customer) as response:
        response.read()
    assert response.status_code == 402
    metadata = response.json()["error"]["metadata"]
    assert metadata["affordable_max_tokens"] == 0
    assert usd(metadata["available"]) == Decimal("0.001")
    assert not provider.requests


# ---- with an Idempotency-Key ----


@pytest.mark.parametrize("usage_asked", [False, True])
def test_what_money_has_ended_is_answered_again(house, provider, usage_asked):
    """The chunks that are ours, too; though there is money again by then."""
    customer = house.customer(credit="5")
    provider.answer = endless_pieces()
    fields = {"stream": True, "stream_options": {"include_usage": usage_asked}}
    first = ask(customer, "money", model="dear", **fields)
    assert finish_of(first.content)["metadata"]["code"] == "insufficient_credits"
    customer.wait_for_no_hold()
    customer.charge("100")
    check_same(first, ask(customer, "money", model="dear", **fields))
    assert len(provider.requests) == 1


def test_money_ends_it_without_its_client_as_well(house, provider):
    customer = house.customer(credit="5")
    gate = threading.Event()
    provider.answer = endless_pieces(gate=gate)
    body = json.dumps({"model": "dear", "stream": True, "messages": list(QUESTION)}).encode()
    with house.connect() as connection:
        connection.send(chat_bytes(customer.key, body, {HEADER: "money"}))
        connection.read_head()
        connection.read_chunk()
    wait_until(lambda: house.logged("runs on for its retry"), 10, "the client's leaving")
    gate.set()

    def retry():
        response = customer.post(body, headers={HEADER: "money"})
        return None if response.status_code == 409 else response

    again = wait_until(retry, 20, "the answer")
    assert is_replay(again)
    assert finish_of(again.content)["metadata"]["code"] == "insufficient_credits"
    assert 0 <= customer.balance < Decimal("0.2")
    assert len(provider.requests) == 1
