"""Each charge equals, to the nano-dollar, what prices.py computes from the provider's usage."""

import itertools
import threading
from decimal import Decimal
from fractions import Fraction

import answers
import pytest
import sse
from answers import Chat, Usage
from customer import question_of
from prices import PRICES, SELL_PRICES, Price, charge, usd
from questions import estimate

MODELS = tuple(PRICES)


def charged(customer, ask) -> Decimal:
    """What the ask took out of the wallet; held amounts are given back by then."""
    before = customer.balance
    response = ask()
    assert response.status_code == 200, response.text
    customer.wait_for_no_hold()
    return before - customer.balance


@pytest.mark.quick
@pytest.mark.parametrize("model", MODELS)
def test_sell_prices(gateway, model):
    """A million tokens each way, against the table of the issue as it stands there."""
    customer = gateway.customer()
    wanted = sum(map(Decimal, SELL_PRICES[model]))
    usage = Usage(1_000_000, 1_000_000)
    assert charge(model, usage) == wanted
    pricing = customer.get(f"/models/{model}").json()["pricing"]
    shown = [Decimal(pricing[name]) * 1_000_000 for name in ("prompt", "completion")]
    assert shown == list(map(Decimal, SELL_PRICES[model]))
    assert all(isinstance(price, str) for price in pricing.values())


USAGES = [
    Usage(1, 0), Usage(8, 1), Usage(1, 1), Usage(7, 3), Usage(19, 10), Usage(1000, 500),
    Usage(1000, 0, cached=1000), Usage(1000, 10, cached=1), Usage(1001, 77, cached=512),
    Usage(123_456, 4000, cached=123_000), Usage(2048, 333, cached=1024, reasoning=320),
]  # fmt: skip


@pytest.mark.parametrize(("model", "streamed"), list(itertools.product(MODELS, [False, True])))
def test_charge(customer, provider, model, streamed):
    """More tokens than the request has bytes are charged, too: the hold grows with the wallet. (No
    more than the model's context: test_overrun.py.)"""
    context = customer.get(f"/models/{model}").json()["context_length"]
    for usage in USAGES:
        if usage.prompt > context:
            continue
        pieces = ("Hello", " there") if usage.completion else ()  # no tokens for text are no count
        provider.answer = answers.chat(usage=usage, pieces=pieces)
        seen = []

        def ask(seen=seen):
            options = {"stream": True} if streamed else {}
            seen.append(customer.ask(model, max_tokens=4000, **options))
            return seen[0]

        wanted = charge(model, usage)
        assert charged(customer, ask) == wanted, usage
        record = customer.wait_for_record()
        assert usd(record["cost"]) == wanted
        assert record["usage_source"] == "reported"
        tokens = (record["input_tokens"], record["cached_input_tokens"], record["output_tokens"])
        assert tokens == (usage.prompt - usage.cached, usage.cached, usage.completion)
        assert record["reasoning_tokens"] == usage.reasoning
        if not streamed:
            assert usd(seen[0].headers["x-llm-cost"]) == wanted
            assert usd(seen[0].json()["usage"]["cost"]) == wanted


@pytest.mark.parametrize(
    "price",
    [
        Price("0.0375", "0.15", "0.009375"),
        Price("0.000001", "0.000001"),
        Price("0.333333", "0.777777", "0.111111"),
        Price("123.456789", "999.999999", "0"),
    ],
)
def test_rounded_up_once(make_gateway, provider, price):
    """Not for each kind of token, nor before the margin."""
    gateway = make_gateway(prepare=lambda policies: policies.model("odd", price))
    customer = gateway.customer(credit="100")
    for usage in (Usage(1, 1), Usage(3, 7, cached=2), Usage(999, 1, cached=998), Usage(8, 1)):
        provider.answer = answers.chat(usage=usage)
        fields = {"messages": question_of(usage.prompt), "max_tokens": 100}
        got = charged(customer, lambda fields=fields: customer.ask("odd", **fields))
        assert got == charge(price, usage), usage


@pytest.mark.parametrize("margin", ["0%", "0.0001%", "33.3333%", "250%", "10000%"])
def test_margins(make_gateway, provider, margin):
    def prepare(policies):
        policies.replace("margins", 'default = "20%"', f'default = "{margin}"')
        policies.write("examples", "return {}\n")

    customer = make_gateway(prepare=prepare).customer()
    usage = Usage(1001, 77, cached=512)
    provider.answer = answers.chat(usage=usage)
    wanted = charge("gpt-4o-mini", usage, str(Decimal(margin.rstrip("%")) / 100))
    messages = question_of(usage.prompt)
    assert charged(customer, lambda: customer.ask(messages=messages, max_tokens=100)) == wanted
    response = customer.get("/models/gpt-4o-mini").json()
    exact = Fraction(PRICES["gpt-4o-mini"].input) / 10**6 * (1 + Fraction(margin[:-1]) / 100)
    assert Fraction(response["pricing"]["prompt"]) == exact


RULE = """return {
    default = "20%",
    rule = function(request)
        if request.stream then
            return "50%"
        elseif request.model == "gpt-4o" then
            return "12.5 %"
        elseif request.input_tokens > 100 then
            return "1%"
        end
        return nil -- the tables decide
    end,
    models = { ["gpt-4"] = "7%" },
    groups = { partner = "5%" },
}
"""


def test_margin_function(make_gateway, provider):
    """The rule comes first, then the tables, then the default."""

    def prepare(policies):
        policies.write("margins", RULE)
        policies.write("examples", "return {}\n")

    customer = make_gateway(prepare=prepare).customer()
    usage = Usage(51, 77, cached=12)
    provider.answer = answers.chat(usage=usage)
    long_prompt = [{"role": "user", "content": "word " * 2000}]
    cases = [
        ({"model": "gpt-4o-mini", "stream": True}, "0.50"),
        ({"model": "gpt-4o"}, "0.125"),
        ({"model": "gpt-4o-mini", "messages": long_prompt}, "0.01"),
        ({"model": "gpt-4"}, "0.07"),
        ({"model": "gpt-4o-mini"}, "0.20"),
    ]
    for fields, margin in cases:
        got = charged(customer, lambda fields=fields: customer.ask(max_tokens=100, **fields))
        assert got == charge(fields["model"], usage, margin), fields


def test_tables_changed_half_way(make_gateway, provider):
    """A request keeps the prices that it began with; the next has the new ones."""
    old, new = Price("1", "2", "0.5"), Price("100", "200", "50")
    gateway = make_gateway(prepare=lambda policies: policies.model("m", old))
    customer = gateway.customer()
    gate = threading.Event()
    usage = Usage(1001, 77, cached=512)
    provider.answer = answers.stream_of(Chat(usage=usage), gates={2: gate})
    before = customer.balance
    client = customer.openai()
    messages = question_of(usage.prompt)
    stream = client.chat.completions.create(
        model="m", messages=messages, stream=True, max_tokens=100
    )
    next(iter(stream))
    gateway.policies.model("m", new)
    gateway.reload()
    gate.set()
    assert list(stream)
    customer.wait_for_no_hold()
    assert before - customer.balance == charge(old, usage)
    provider.answer = answers.chat(usage=usage)
    fields = {"messages": messages, "max_tokens": 100}
    assert charged(customer, lambda: customer.ask("m", **fields)) == charge(new, usage)
    revisions = {record.get("policy_revision") for record in customer.records()}
    assert revisions == {None} or len(revisions) == 2


@pytest.mark.parametrize("streamed", [False, True])
def test_missing_usage_is_estimated(customer, provider, streamed):
    """The charge is that of the tokens in the record, the record says so, and it is no fantasy."""
    text = "The quick brown fox jumps over the lazy dog. " * 40
    pieces = tuple(word + " " for word in text.split(" "))
    provider.answer = answers.chat(pieces=pieces, usage=None)
    options = {"stream": True} if streamed else {}
    prompt = [{"role": "user", "content": text}]
    got = charged(customer, lambda: customer.ask(messages=prompt, max_tokens=2000, **options))
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    assert record["cached_input_tokens"] == 0
    usage = Usage(record["input_tokens"], record["output_tokens"])
    assert got == usd(record["cost"]) == charge("gpt-4o-mini", usage)
    for tokens in (usage.prompt, usage.completion):  # really about 400
        assert 200 <= tokens <= 1000


def test_events_alike_are_counted_one_by_one(customer, provider):
    """What differs only in its text is not read like the first: but counted to the byte."""
    pieces = ("one", '\n"\\', "\u20ac\U0001f600", "", " word" * 40, "\x7f") * 7
    provider.answer = answers.chat(pieces=pieces, usage=None)
    response = customer.ask(stream=True, max_tokens=2000)
    assert sse.text(response.content) == "".join(pieces)
    assert customer.wait_for_record()["output_tokens"] == estimate(pieces)


def test_usage_in_every_chunk(customer, provider):
    """Servers that count up in each chunk: the last count is the one."""
    events = [
        answers.content_event(f"{index} ").replace(
            b'"choices"',
            b'"usage":{"prompt_tokens":50,"completion_tokens":%d},"choices"' % index,
        )
        for index in range(1, 6)
    ]
    provider.answer = answers.stream([*events, answers.DONE])
    got = charged(customer, lambda: customer.ask(stream=True, max_tokens=100))
    assert got == charge("gpt-4o-mini", Usage(50, 5))


def test_cost_above_the_hold_is_the_houses(make_gateway, provider):
    """More tokens than asked for, and than the customer has: never below zero."""
    gateway = make_gateway(prepare=lambda policies: policies.model("m", Price("1000", "1000")))
    customer = gateway.customer(credit="1.5")
    provider.answer = answers.chat(usage=Usage(50, 1_000_000))
    response = customer.ask("m", max_tokens=10)
    assert response.status_code == 200
    customer.wait_for_no_hold()
    assert 0 <= customer.balance < Decimal("1.5")
    paid = Decimal("1.5") - customer.balance
    assert usd(customer.wait_for_record()["cost"]) == paid
    assert usd(response.json()["usage"]["cost"]) == paid


@pytest.mark.parametrize(
    "usage",
    [
        b'{"prompt_tokens":-5,"completion_tokens":10}',
        b'{"prompt_tokens":5,"completion_tokens":-10}',
        b'{"prompt_tokens":"5","completion_tokens":10}',
        b'{"prompt_tokens":1e300,"completion_tokens":10}',
        b'{"prompt_tokens":99999999999999999999,"completion_tokens":10}',
        b'{"prompt_tokens":5.5,"completion_tokens":10}',
        b'{"prompt_tokens":5,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":6}}',
        b'{"prompt_tokens":5,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":-1}}',
        b'{"prompt_tokens":5,"completion_tokens":10,"prompt_tokens_details":[]}',
        b'{"prompt_tokens":null,"completion_tokens":null}',
        b"[]",
        b'"many"',
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_nonsense_usage(customer, provider, usage, streamed):
    """A provider that counts nonsense neither gives money away nor takes it."""
    if streamed:
        last = b'data: {"id":"1","choices":[],"usage":%s}\n\n' % usage
        provider.answer = answers.stream([answers.content_event("Hi"), last, answers.DONE])
    else:
        provider.answer = answers.reply(
            200, b'{"choices":[{"index":0,"message":{"content":"Hi"}}],"usage":%s}' % usage
        )
    got = charged(customer, lambda: customer.ask(max_tokens=100, stream=streamed))
    assert Decimal(0) <= got < Decimal("0.01")
    record = customer.wait_for_record()
    assert usd(record["cost"]) == got
    assert record["input_tokens"] >= 0
    assert record["output_tokens"] >= 0


# ---- the records of it ----


def test_generation(customer, provider):
    """GET generation?id= has the exchange at once."""
    usage = Usage(1001, 77, cached=512, reasoning=7)
    provider.answer = answers.chat(usage=usage)
    response = customer.ask(messages=question_of(usage.prompt), max_tokens=100)
    made = customer.get("/generation", params={"id": response.headers["x-request-id"]})
    assert made.status_code == 200
    data = made.json()["data"]
    assert data["id"] == response.headers["x-request-id"]
    assert data["model"] == "gpt-4o-mini"
    assert usd(data["total_cost"] if "total_cost" in data else data["cost"]) == charge(
        "gpt-4o-mini", usage
    )
    assert data["finish_reason"] == "stop"
    assert "margin" not in made.text
    assert "buy" not in made.text


def test_credits(gateway, provider):
    customer = gateway.customer(credit="100.5")
    provider.answer = answers.chat(usage=Usage(1_000_000, 0))
    customer.ask(max_tokens=10, messages=[{"role": "user", "content": "x " * 1000}])
    customer.wait_for_no_hold()
    data = customer.get("/credits").json()["data"]
    assert data["total_credits"] == 100.5
    spent = usd(data["total_usage"])
    assert Decimal("100.5") - spent == customer.balance
    assert spent > 0


def test_usage_and_summary(customer, provider):
    usages = [Usage(100, 10), Usage(200, 20, cached=100), Usage(300, 30, reasoning=5)]
    for usage, model in zip(usages, ("gpt-4o", "gpt-4o-mini", "gpt-4o"), strict=True):
        provider.answer = answers.chat(usage=usage)
        customer.ask(model, max_tokens=100)
    customer.wait_for_no_hold()
    page = customer.call("GET", "/usage", 200, params={"limit": 2})
    assert [record["output_tokens"] for record in page["data"]] == [30, 20], "newest first"
    rest = customer.call("GET", "/usage", 200, params={"limit": 2, "cursor": page["next_cursor"]})
    assert [record["output_tokens"] for record in rest["data"]] == [10]
    assert rest["next_cursor"] is None

    only = customer.call("GET", "/usage", 200, params={"model": "gpt-4o"})["data"]
    assert [record["output_tokens"] for record in only] == [30, 10]
    none = customer.call("GET", "/usage", 200, params={"to": "2001-01-01T00:00:00Z"})
    assert none["data"] == []

    summary = customer.call("GET", "/usage/summary", 200, params={"by": "model"})
    by_model = {group["model"]: group for group in summary["data"]}
    wanted = charge("gpt-4o", usages[0]) + charge("gpt-4o", usages[2])
    assert by_model["gpt-4o"]["requests"] == 2
    assert usd(by_model["gpt-4o"]["cost"]) == wanted
    total = wanted + charge("gpt-4o-mini", usages[1])
    assert usd(summary["totals"]["cost"]) == total
    assert Decimal(10) - customer.balance == total
    keys = customer.call("GET", "/keys", 200)["data"]
    assert usd(keys[0]["spent"]) == total
    assert keys[0]["last_used_at"]
