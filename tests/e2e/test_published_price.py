"""The published price is the price: whichever candidate of a model answers, the customer pays what
/v1/models says, and our own account pays what that candidate asks."""

from decimal import Decimal

import answers
import pytest
from answers import Usage
from prices import Price, charge, usd
from rawhttp import chat_bytes
from wait import wait_until

CHEAP, DEAR = Price("1", "2", "0.5"), Price("1.1", "2.4", "0.55")
USAGE = Usage(1000, 500, cached=200)
BROKEN = answers.error(500, "no", None, "server_error")


def candidate(provider: str, price: Price | None = None, **members) -> dict:
    prices = {} if price is None else {"input": price.input, "output": price.output}
    if price is not None and price.cached is not None:
        prices["cached_input"] = price.cached
    return {"provider": provider, **prices, **members}


def sell(policies, *candidates: dict, price: Price = CHEAP, **members) -> None:
    policies.provider("second")
    policies.model("two", price, candidates=list(candidates), **members)


def cost_of(gateway, admin, record: dict) -> dict:
    return admin.call("GET", f"/admin/usage/{record['id']}", 200)


@pytest.fixture
def operator(make_gateway):
    """A gateway whose model has two candidates of different prices, and its administrator."""

    def make(*candidates, **members):
        gateway = make_gateway(prepare=lambda policies: sell(policies, *candidates, **members))
        admin = gateway.customer()
        password = gateway.value_of("user", "create", "boss@example.com", "--admin")
        admin.email, admin.password = "boss@example.com", password
        admin.sign_in()
        return gateway, admin

    return make


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_dearer_fallback_costs_what_is_published(operator, provider, streamed):
    gateway, admin = operator(candidate("openai"), candidate("second", DEAR))
    customer = gateway.customer()
    provider.then(BROKEN)
    provider.answer = answers.chat(usage=USAGE, usage_in_chunks="always")
    assert customer.ask("two", stream=streamed).status_code == 200
    record = customer.wait_for_record()
    assert (record["provider"], record["attempts"]) == ("second", 2)
    published = charge(CHEAP, USAGE)
    assert usd(record["cost"]) == 10 - customer.balance == published
    model = customer.get("/models/two").json()
    assert Decimal(model["pricing"]["prompt"]) == Decimal("0.0000012")
    detail = cost_of(gateway, admin, record)
    assert usd(detail["provider_cost"]) == charge(DEAR, USAGE, "0")
    assert [line["price"] for line in detail["charge"]["lines"]] == ["1.2", "0.6", "2.4"]
    assert [line["price"] for line in detail["cost_lines"]] == ["1.1", "0.55", "2.4"]
    assert usd(detail["profit"]) == published - charge(DEAR, USAGE, "0")
    explained = gateway.command("ledger", "explain", record["id"])
    assert explained.returncode == 0, explained.stdout
    assert "published price" in explained.stdout
    gateway.verify_ledger()


def test_a_cheaper_fallback_costs_the_same(operator, provider):
    gateway, _ = operator(candidate("openai"), candidate("second", Price("0.1", "0.2")))
    customer = gateway.customer()
    provider.then(BROKEN)
    provider.answer = answers.chat(usage=USAGE)
    assert customer.ask("two").status_code == 200
    assert 10 - customer.balance == charge(CHEAP, USAGE)


def test_price_by_candidate(operator, provider):
    gateway, _ = operator(candidate("openai"), candidate("second", DEAR), price_by="candidate")
    customer = gateway.customer()
    provider.then(BROKEN)
    provider.answer = answers.chat(usage=USAGE)
    assert customer.ask("two").status_code == 200
    assert 10 - customer.balance == charge(DEAR, USAGE)


def test_a_stream_is_held_and_extended_by_the_published_price(operator, provider):
    """The money ends where the published price says, not where the candidate's does."""
    dear = Price("1", "20")
    gateway, _ = operator(
        candidate("openai"), candidate("second", dear, allow_loss=True), context=100000
    )
    customer = gateway.customer(credit="0.01")
    provider.then(BROKEN)
    provider.answer = answers.stream_of(answers.Chat(pieces=("word",) * 3000, usage=None))
    body = b'{"model":"two","stream":true,"messages":[{"role":"user","content":"Hi"}]}'
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, body))
        reply = connection.read_reply()
    assert b'"finish_reason":"stop"' in reply.body
    record = customer.wait_for_record()
    assert record["output_tokens"] == 3000
    usage = Usage(record["input_tokens"], record["output_tokens"])
    assert Decimal("0.01") - customer.balance == charge(CHEAP, usage)


def test_an_unwanted_loss_is_refused(make_gateway):
    gateway = make_gateway(start=False)
    loss = Price("1", "2.41", "0.5")
    sell(gateway.policies, candidate("openai"), candidate("second", loss))
    refused = gateway.command("check")
    assert refused.returncode == 1
    assert "candidates[2]" in refused.stderr
    assert "allow_loss = true" in refused.stderr
    sell(gateway.policies, candidate("openai"), candidate("second", loss, allow_loss=True))
    allowed = gateway.command("check")
    assert allowed.returncode == 0, allowed.stderr
    assert "sold at a loss through second" in allowed.stdout
    sell(gateway.policies, candidate("openai"), candidate("second", loss), price_by="candidate")
    assert gateway.command("check").returncode == 0


def test_the_smallest_margin_of_any_group_counts(make_gateway):
    gateway = make_gateway(start=False)
    sell(gateway.policies, candidate("openai"), candidate("second", Price("1.1", "2.2", "0.5")))
    assert gateway.command("check").returncode == 0
    gateway.policies.replace("margins", "groups = {}", 'groups = { friends = "5%" }')
    refused = gateway.command("check")
    assert refused.returncode == 1
    assert "margin of 5%" in refused.stderr


def test_check_shows_what_each_candidate_leaves(make_gateway):
    gateway = make_gateway(start=False)
    sell(gateway.policies, candidate("openai"), candidate("second", Price("1", "2.2", "0.5")))
    lines = gateway.command("check").stdout.splitlines()
    rows = [line.split() for line in lines if line.startswith("two ")]
    assert [row[5] for row in rows] == ["20%", "9.0909%"]
    assert rows[0][6:] == rows[1][6:] == ["1.2", "0.6", "2.4"]


def test_old_and_single_charges_are_the_same(gateway, customer, provider):
    provider.answer = answers.chat(usage=USAGE)
    assert customer.ask().status_code == 200
    wait_until(lambda: customer.records(), 5, "the record")
    assert 10 - customer.balance == charge("gpt-4o-mini", USAGE)
