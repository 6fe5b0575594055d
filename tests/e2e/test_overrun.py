"""No customer pays for more than the model and the request allow, whatever a provider counts or
sends: what is above that is the house's, and the operator is told."""

import json
import sqlite3
from decimal import Decimal

import answers
import pytest
import sse
from answers import DONE, Chat, Usage, content_event
from prices import Price, charge, usd
from tables import await_tables

PRICE = Price("1", "2", "0.5")
CONTEXT, MAX_OUTPUT = 8000, 2000
NAMES = ("max_tokens", "max_completion_tokens")
TIGHT = 4  # of a limit: what comes until a stream is ended is less than so many times as much


@pytest.fixture(scope="module")
def module_gateway(tmp_path_factory, shared_provider):
    from gateway import Gateway

    gateway = Gateway(tmp_path_factory.mktemp("overrun"), shared_provider, {})
    gateway.policies.provider("old", max_tokens_field="max_tokens")
    gateway.policies.provider("new", max_tokens_field="max_completion_tokens")
    gateway.policies.provider("both", max_tokens_field="both")
    members = {"context": CONTEXT, "max_output": MAX_OUTPUT}
    for name in ("old", "new", "both", "openai"):
        gateway.policies.model(f"m-{name}", PRICE, providers=(name,), **members)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def house(module_gateway, provider):
    yield module_gateway
    module_gateway.check_holds()


def row_of(gateway, response) -> dict:
    """The whole record, as the operator has it."""
    await_tables(gateway.database)
    with sqlite3.connect(gateway.database) as db:
        db.row_factory = sqlite3.Row
        query = "SELECT * FROM usage WHERE exchange_id = ?"
        return dict(db.execute(query, (response.headers["x-request-id"],)).fetchone())


CLAIMS = [
    # what the provider counts, n, what of it is paid
    (Usage(10**9, 5), 1, Usage(CONTEXT, 5)),
    (Usage(10, 10**9), 1, Usage(10, 5)),
    (Usage(10, 6), 1, Usage(10, 5)),
    (Usage(10, 10**9, reasoning=10**8), 1, Usage(10, 5)),
    (Usage(10**9, 5, cached=10**9), 1, Usage(CONTEXT, 5, cached=CONTEXT)),
    (Usage(10**9, 5, cached=100), 1, Usage(CONTEXT, 5, cached=100)),
    (Usage(10, 15), 3, Usage(10, 15)),
    (Usage(10, 16), 3, Usage(10, 15)),
]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("claim", "n", "paid"), CLAIMS)
def test_a_claim_is_paid_as_far_as_it_can_be_true(house, provider, streamed, claim, n, paid):
    customer = house.customer(credit="100")
    provider.answer = answers.chat(pieces=("Hi",), usage=claim)
    response = customer.ask("m-old", stream=streamed, max_tokens=5, n=n)
    assert response.status_code == 200
    customer.wait_for_no_hold()
    wanted = charge(PRICE, paid)
    assert 100 - customer.balance == wanted
    row = row_of(house, response)
    assert row["charge_nusd"] == wanted * 10**9
    assert row["overrun_nusd"] == (charge(PRICE, claim) - wanted) * 10**9
    assert row["cost_nusd"] == charge(PRICE, claim, margin="0") * 10**9
    asked = response.headers["x-request-id"]
    house.log_is_caught_up()
    assert len(house.logged("counts more than", request_id=asked)) == (claim != paid)
    explained = house.command("ledger", "explain", asked)
    assert explained.returncode == 0, explained.stdout


@pytest.mark.parametrize("streamed", [False, True])
def test_without_a_limit_the_model_is_one(house, provider, streamed):
    """Of the price, not of the answer: what was not asked to be short is not cut."""
    customer = house.customer(credit="100")
    text = "x" * 20 * MAX_OUTPUT
    provider.answer = answers.chat(pieces=(text, text), usage=Usage(10, 10**7))
    response = customer.ask("m-old", stream=streamed)
    assert response.text.count("x") >= len(text) * 2
    customer.wait_for_no_hold()
    assert 100 - customer.balance == charge(PRICE, Usage(10, MAX_OUTPUT))


def test_a_miscount_does_not_lock_out(make_gateway, provider):
    """Limits by tokens count what can be true."""
    limit = 'return { { scope = "key", tokens_per_minute = 200000 } }\n'
    gateway = make_gateway(prepare=lambda policies: policies.write("limits", limit))
    customer = gateway.customer()
    provider.answer = answers.chat(pieces=("Hi",), usage=Usage(10, 10**9))
    assert customer.ask(max_tokens=5).status_code == 200
    assert customer.ask(max_tokens=5).status_code == 200


@pytest.mark.parametrize("period", ["minute", "day", "month"])
@pytest.mark.parametrize("scope", ["key", "user", "group", "all"])
def test_a_miscount_uses_up_no_quota(make_gateway, provider, scope, period):
    """What can be true counts, once: in memory, in the tables after a kill, and as it is shown."""

    def prepare(policies) -> None:
        policies.model("m", PRICE, context=CONTEXT, max_output=MAX_OUTPUT)
        rule = f'{{ scope = "{scope}", tokens_per_{period} = 20000 }}'
        policies.write("limits", f"return {{ {rule} }}\n")

    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer(credit="100")

    def left(usage: Usage) -> int:
        """What a call finds when it begins, with the 10 + 5 tokens that it holds."""
        provider.answer = answers.chat(pieces=("Hi",), usage=usage)
        response = customer.ask("m", max_tokens=5)
        assert response.status_code == 200, response.text
        customer.wait_for_no_hold()
        return int(response.headers["x-ratelimit-remaining-tokens"])

    def shown() -> int:
        (quota,) = customer.get("/key").json()["data"]["quotas"]
        assert quota["held"] == 0
        return quota["left"]

    before = left(Usage(10, 5))
    assert before - left(Usage(10, 10**9)) == 15
    assert before - left(Usage(10**9, 5)) == 15 + 15
    assert before - left(Usage(10, 5)) == 30 + CONTEXT + 5
    if period == "minute":  # is in memory only
        return
    used = 3 * 15 + CONTEXT + 5
    if scope in ("key", "user"):
        assert shown() == 20000 - used
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    if scope in ("key", "user"):
        assert shown() == 20000 - used
    assert before - left(Usage(10, 5)) == used
    gateway.value_of("ledger", "verify")


# ---- the limit goes out under the provider's name for it ----


@pytest.mark.parametrize("asked", NAMES)
@pytest.mark.parametrize(
    ("model", "names"),
    [("m-old", NAMES[:1]), ("m-new", NAMES[1:]), ("m-both", NAMES), ("m-openai", None)],
)
def test_limit_under_the_provider_s_name(house, provider, model, names, asked):
    customer = house.customer()
    customer.ask(model, **{asked: 5})
    sent = {name: provider.last.json[name] for name in NAMES if name in provider.last.json}
    assert sent == dict.fromkeys(names or {"max_tokens", asked}, 5)


# ---- a provider that does not keep to it ----


def deaf(pieces, *, counts=False):
    """Goes on and on; `counts`: says in each chunk how much there has been."""

    async def answer(connection, request) -> None:
        events = []
        for number, piece in enumerate(pieces, 1):
            event = content_event(piece, "m-old")
            if counts:
                usage = json.dumps(Usage(10, number).as_json()).encode()
                event = event.replace(b'"choices"', b'"usage":%s,"choices"' % usage)
            events.append(event)
        end = Chat(pieces=(), usage=Usage(10, len(pieces))).events(request.json)[1:]
        await answers.stream([*events, *end])(connection, request)

    return answer


@pytest.mark.parametrize(
    ("pieces", "counts"),
    [
        ([" word"] * 2000, False),
        (["7 "] * 2000, False),
        (["a long piece of text, " * 4] * 500, False),
        ([" word"] * 2000, True),
    ],
    ids=["words", "digits", "long pieces", "counted"],
)
@pytest.mark.parametrize("limit", [5, 200])
@pytest.mark.parametrize("name", NAMES)
def test_a_stream_ends_at_the_limit(house, provider, pieces, counts, limit, name):
    customer = house.customer()
    provider.answer = deaf(pieces, counts=counts)
    options = {"include_usage": True}
    response = customer.ask("m-old", stream=True, stream_options=options, **{name: limit})
    assert sse.is_done(response.content)
    assert b'"error"' not in response.content
    got = sse.pieces(response.content)
    assert len(got) < TIGHT * limit + 16, "far fewer than came"
    assert max(len("".join(got)) / 4, len(got)) >= limit, "all that was asked for"
    (finish,) = [c for c in sse.chunks(response.content) if any(
        choice["finish_reason"] for choice in c["choices"])]  # fmt: skip
    assert finish["choices"][0]["finish_reason"] == "length"
    assert "metadata" not in finish
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    assert record["finish_reason"] == "length"
    assert record["error_code"] in (None, "")
    paid = 10 - customer.balance
    assert 0 < paid <= charge(PRICE, Usage(CONTEXT, limit))
    assert paid == charge(PRICE, Usage(record["input_tokens"], limit))
    usages = [chunk["usage"] for chunk in sse.chunks(response.content) if chunk.get("usage")]
    assert usd(usages[-1]["cost"]) == paid


@pytest.mark.parametrize("pieces", [("x" * 7,) * 100, ("\u65e5",) * 100, ("a",) * 100])
def test_what_keeps_to_the_limit_is_never_cut(house, provider, pieces):
    """Long tokens, short ones, and a server that splits them."""
    customer = house.customer()
    provider.answer = answers.chat(pieces=pieces, usage=Usage(10, 100), finish_reason="length")
    response = customer.ask("m-old", stream=True, max_tokens=100)
    assert sse.text(response.content) == "".join(pieces)
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(PRICE, Usage(10, 100))


def test_a_plain_answer_beyond_the_limit(house, provider):
    """It comes whole, and costs what was asked for."""
    customer = house.customer()
    provider.answer = answers.chat(pieces=("word " * 500,), usage=None)
    response = customer.ask("m-old", max_tokens=5)
    assert len(response.json()["choices"][0]["message"]["content"]) == 2500
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    assert 10 - customer.balance == charge(PRICE, Usage(record["input_tokens"], 5))


def test_beyond_the_limit_in_several_choices(house, provider):
    """All of them end."""
    customer = house.customer()
    first = content_event(" word", "m-old")
    second = first.replace(b'"index":0', b'"index":1').replace(b'"index": 0', b'"index": 1')
    provider.answer = answers.stream([first, second] * 500 + [DONE])
    response = customer.ask("m-old", stream=True, max_tokens=5, n=2)
    ends = [
        choice["index"]
        for chunk in sse.chunks(response.content)
        for choice in chunk["choices"]
        if choice["finish_reason"] == "length"
    ]
    assert sorted(ends) == [0, 1]
    customer.wait_for_no_hold()
    assert 10 - customer.balance <= charge(PRICE, Usage(100, 10))


def test_cost_is_never_negative(house, provider):
    """Nothing held, much claimed: the customer's last cent and no more."""
    customer = house.customer(credit="0.02")
    provider.answer = answers.chat(pieces=("Hi",), usage=Usage(10**9, 10**9))
    assert customer.ask("m-old", max_tokens=5).status_code == 200
    customer.wait_for_no_hold()
    assert Decimal("0.02") - customer.balance == charge(PRICE, Usage(CONTEXT, 5))
